/**
 * `deskmesh backfill`: has history brought along when a mirror is switched on, and shows how far that has come. The work is done by the
 * serving processes, so that this one may end at any time; what is doubtful is listed here, and decided.
 */
import type { Environment } from '../config.ts';
import { ALONE, joinedTrait, type TicketPlace } from '../core/pairing.ts';
import type { MirrorEdge } from '../core/rules.ts';
import { AppError } from '../errors.ts';
import type { Backfill, BackfillDraft, Doubt } from '../ports/backfill.ts';
import { ticketNamed } from '../engine/naming.ts';
import { beside, type Beside } from './beside.ts';
import { estimateOf, type Estimate } from './backfill-estimate.ts';
import { createProgress, duration, type Progress } from './progress.ts';
import { counted, isoOf } from './words.ts';

export interface BackfillOptions {
  readonly since?: string;
  readonly perMinute?: number;
  readonly estimate: boolean;
  readonly doubtful: boolean;
  readonly pair: readonly string[];
  readonly alone: readonly string[];
  readonly json: boolean;
}

/** Exit codes: all is brought; it is not, or nobody works; tickets wait for a person. */
const BROUGHT = 0;
const UNFINISHED = 1;
const DOUBTFUL = 2;

const LOOK_MS = 1_000;
/** With nobody at it for so long, nobody works. */
const IDLE_MS = 15_000;
/** A list that has not been read for so long is given up here; those who serve go on trying. */
const STUCK_MS = 20_000;
/** Without a terminal, a line every so often. */
const LINE_MS = 10_000;

type Print = (line: string) => void;

/** Gives the exit code. */
export async function backfillCommand(mirror: string, options: BackfillOptions, env: Environment, print: Print): Promise<number> {
  const since = options.since === undefined ? null : momentOf(options.since, Date.now());
  return beside(env, async (parts) => {
    const { edges } = await parts.store.accounts.load();
    const own = edges.filter((edge) => edge.mirror === mirror);
    if (own.length === 0) throw new AppError('not_found', `There is no mirror ${mirror}: known are ${[...new Set(edges.map((edge) => edge.mirror))].join(', ') || 'none'}.`);
    if (options.pair.length > 0 || options.alone.length > 0) return decide(mirror, own, options, parts, print);
    if (options.doubtful) return tellDoubts(mirror, options.json, parts, print);
    const backfill = await begun(mirror, own, since, options, parts);
    return watch(backfill, own, options.json, parts, print);
  });
}

/** A date, or a date with a time and its zone, that is past (epoch milliseconds). */
export function momentOf(text: string, now: number): number {
  const wrong = (message: string): AppError => new AppError('bad_request', 'This cannot be done.', { faults: [{ path: '--since', message }] });
  const parts = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/.exec(text);
  const time = parts === null ? Number.NaN : Date.parse(text);
  // There are days that no month has: they would count as days of the next.
  const day = parts?.[1] === undefined ? Number.NaN : Date.parse(parts[1]);
  if (Number.isNaN(time) || Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== parts?.[1]) throw wrong(`${JSON.stringify(text.slice(0, 40))} is no date: write it like 2026-01-01, or with a time like 2026-01-01T08:00:00Z.`);
  if (time > now) throw wrong(`${text} is yet to come: name a day from which on tickets were created.`);
  return time;
}

function draftOf(mirror: string, own: readonly MirrorEdge[], since: number, options: BackfillOptions): BackfillDraft {
  const sources = [...new Set(own.map(({ from }) => from))];
  const pairs = own.some(({ terms }) => terms.pair != null);
  // Without counterparts to be found, nothing has to be known of tickets that go nowhere.
  const accounts = pairs ? [...new Set(own.flatMap(({ from, to }) => [from, to]))] : sources;
  return { mirror, since, accounts, sources, pairs, per_minute: options.perMinute ?? null, estimate: options.estimate };
}

/** Begins, or goes on with what was begun. */
async function begun(mirror: string, own: readonly MirrorEdge[], since: number | null, options: BackfillOptions, { store, world }: Beside): Promise<Backfill> {
  const known = await store.backfills.get(mirror);
  const from = since ?? (known === null || known.state === 'done' ? null : known.since);
  if (from === null) {
    throw new AppError('bad_request', 'This cannot be done.', { faults: [{ path: '--since', message: `Say from which day on tickets are brought, for instance: deskmesh backfill ${mirror} --since 2026-01-01` }] });
  }
  return store.backfills.begin(draftOf(mirror, own, from, options), world.now());
}

/** Shows it until it has come to its end, or nobody works on it. */
async function watch(first: Backfill, own: readonly MirrorEdge[], json: boolean, parts: Beside, print: Print): Promise<number> {
  const { store, world, roster } = parts;
  const progress = createProgress(world);
  const nameOf = (id: number): string => roster.byId(id)?.name ?? `account ${id}`;
  let estimated = first.state !== 'listing';
  let seenAt = world.now();
  let troubledAt: number | null = null;
  let lineAt = -Infinity;
  try {
    for (;;) {
      const backfill = await store.backfills.get(first.mirror);
      if (backfill === null) throw new AppError('conflict', `The backfill of ${first.mirror} was begun anew or removed meanwhile.`);
      const tally = await tallyOf(backfill, parts);
      if (!estimated && backfill.state !== 'listing') {
        progress.end();
        estimated = true;
        tellEstimate(estimateOf(backfill, tally.wanted, own), nameOf, json, print);
      }
      const now = world.now();
      if (backfill.state === 'done' || backfill.state === 'listed') {
        progress.end();
        return tellEnd(backfill, tally, json, print);
      }
      if (backfill.leased) seenAt = now;
      else if (now - seenAt >= IDLE_MS) {
        progress.end();
        print(json ? JSON.stringify({ backfill: summaryOf(backfill, tally), rest: 'idle' }) : 'Nobody is working: start deskmesh serve, which does the rest by itself.');
        return UNFINISHED;
      }
      const problem = backfill.lists.find((one) => one.problem !== null);
      const trouble = problem === undefined ? null : `${nameOf(problem.account_id)} cannot be listed: ${problem.problem}`;
      troubledAt = trouble === null ? null : (troubledAt ?? now);
      // Once may be chance, and is tried again by itself.
      if (trouble !== null && (roster.wait(problem?.account_id ?? 0) === null || now - (troubledAt ?? now) >= STUCK_MS)) {
        progress.end();
        print(json ? JSON.stringify({ backfill: summaryOf(backfill, tally), rest: 'stuck', because: trouble }) : `${trouble}. It goes on by itself once that works again.`);
        return UNFINISHED;
      }
      show(backfill, tally, trouble, progress);
      if (json && now - lineAt >= LINE_MS) {
        lineAt = now;
        print(JSON.stringify({ backfill: summaryOf(backfill, tally), ...(trouble !== null && { because: trouble }) }));
      }
      await world.sleep(LOOK_MS);
      await roster.refresh();
    }
  } finally {
    progress.end();
  }
}

interface Tally {
  readonly seen: number;
  /** By account, tickets that are to be brought, or were. */
  readonly wanted: ReadonlyMap<number, number>;
  readonly left: number;
  readonly underway: number;
  readonly brought: number;
  readonly linked: number;
  readonly gone: number;
  readonly doubtful: number;
  readonly pairs: number;
}

async function tallyOf(backfill: Backfill, { store }: Beside): Promise<Tally> {
  const counts = await store.backfills.counts(backfill.mirror);
  const sum = (of: (count: (typeof counts)[number]) => number): number => counts.reduce((total, count) => total + of(count), 0);
  return {
    seen: sum(({ seen }) => seen),
    wanted: new Map(counts.map(({ account_id: id, waiting, underway, brought, gone, doubtful }) => [id, waiting + underway + brought + gone + doubtful])),
    left: sum(({ waiting }) => waiting),
    underway: sum(({ underway }) => underway),
    brought: sum(({ brought }) => brought),
    linked: sum(({ linked }) => linked),
    gone: sum(({ gone }) => gone),
    doubtful: sum(({ doubtful }) => doubtful),
    pairs: await store.backfills.pairs(backfill.mirror),
  };
}

function show({ state }: Backfill, tally: Tally, trouble: string | null, progress: Progress): void {
  if (trouble !== null) progress.show(tally.seen, null, trouble);
  else if (state === 'listing') progress.show(tally.seen, null, 'tickets listed');
  else {
    const done = tally.brought + tally.gone + tally.doubtful;
    progress.show(done, done + tally.left + tally.underway, 'tickets brought');
  }
}

function summaryOf({ mirror, since, state }: Backfill, tally: Tally): object {
  const { wanted: _, ...counts } = tally;
  return { mirror, since: isoOf(since), state, ...counts };
}

function tellEstimate(estimate: Estimate, nameOf: (id: number) => string, json: boolean, print: Print): void {
  const { tickets, calls, ms } = estimate;
  if (json) {
    print(JSON.stringify({ estimate: { tickets, calls: calls.map(({ account_id: id, calls: count, budget }) => ({ account: nameOf(id), calls: count, per_minute: budget })), seconds: ms === null ? null : Math.ceil(ms / 1_000) } }));
    return;
  }
  const each = calls.map(({ account_id: id, calls: count }) => `${count} on ${nameOf(id)}`).join(', ');
  print(`${counted(tickets, 'ticket')} to bring: at least ${each} calls, and one more for every comment${ms === null ? '' : `; about ${duration(ms)} at what the desks allow`}`);
}

function tellEnd(backfill: Backfill, tally: Tally, json: boolean, print: Print): number {
  if (json) print(JSON.stringify({ backfill: summaryOf(backfill, tally), rest: backfill.state === 'done' ? 'done' : 'listed' }));
  else if (backfill.state === 'listed') print(`Nothing is brought yet: the same without --estimate goes on.`);
  else {
    const parts = [
      `${counted(tally.brought, 'ticket')} brought`,
      ...(tally.pairs > 0 ? [`${counted(tally.pairs, 'pair')} of them on both sides before`] : []),
      ...(tally.linked > 0 ? [`${tally.linked} mirrored before`] : []),
      ...(tally.gone > 0 ? [`${tally.gone} gone meanwhile`] : []),
      ...(tally.doubtful > 0 ? [`${tally.doubtful} doubtful: deskmesh backfill ${backfill.mirror} --doubtful lists them`] : []),
    ];
    print(parts.join(', '));
  }
  if (tally.doubtful > 0) return DOUBTFUL;
  return BROUGHT;
}

async function tellDoubts(mirror: string, json: boolean, { store, roster }: Beside, print: Print): Promise<number> {
  const doubts = await store.backfills.doubtful(mirror);
  const shown = ({ account_id: id, ticket_id: ticket }: TicketPlace): string => `${roster.byId(id)?.name ?? `account ${id}`}:${ticket}`;
  for (const doubt of doubts) {
    if (json) print(JSON.stringify({ doubtful: { ticket: shown(doubt), because: doubt.because, candidates: doubt.candidates.map(shown) } }));
    else print(doubtText(doubt, shown));
  }
  if (!json) {
    print(doubts.length === 0 ? 'nothing is doubtful' : `${counted(doubts.length, 'ticket')} doubtful: --pair ${shown(doubts[0] as Doubt)}=… makes two of them one, --alone ${shown(doubts[0] as Doubt)} keeps one by itself`);
  }
  return BROUGHT;
}

function doubtText(doubt: Doubt, shown: (place: TicketPlace) => string): string {
  return `${shown(doubt)}: ${doubt.because}${doubt.candidates.length === 0 ? '' : ` (${doubt.candidates.map(shown).join(', ')})`}`;
}

/** A person's decisions, all of them or none. */
async function decide(mirror: string, own: readonly MirrorEdge[], { pair, alone, json }: BackfillOptions, { store, roster }: Beside, print: Print): Promise<number> {
  const members = new Set(own.flatMap(({ from, to }) => [from, to]));
  const bad = (path: string, message: string): AppError => new AppError('bad_request', 'This cannot be done.', { faults: [{ path, message }] });
  const placeOf = (name: string, path: string): TicketPlace => {
    const named = ticketNamed(name);
    if (named === null) throw bad(path, `${JSON.stringify(name.slice(0, 80))} names no ticket: write account:ticket-id.`);
    const account = roster.byName(named.account);
    if (account === null || !members.has(account.id)) throw bad(path, `The mirror ${mirror} connects no account ${named.account}.`);
    return { account_id: account.id, ticket_id: named.id };
  };
  const decisions = [
    ...alone.map((name) => ({ place: placeOf(name, '--alone'), trait: ALONE })),
    ...pair.flatMap((text) => {
      const [one = '', other, ...more] = text.split('=');
      if (other === undefined || more.length > 0) throw bad('--pair', `${JSON.stringify(text.slice(0, 80))} names no two tickets: write account:ticket-id=account:ticket-id.`);
      const [a, b] = [placeOf(one, '--pair'), placeOf(other, '--pair')];
      if (a.account_id === b.account_id) throw bad('--pair', `${text} are tickets of one account, and an account has one ticket of a kind.`);
      return [a, b].map((place) => ({ place, trait: joinedTrait(a, b) }));
    }),
  ];
  const unseen = await store.backfills.decide(mirror, decisions);
  if (unseen.length > 0) {
    const names = unseen.map(({ account_id: id, ticket_id: ticket }) => `${roster.byId(id)?.name}:${ticket}`).join(', ');
    throw new AppError('not_found', `The backfill of ${mirror} has not seen ${names}: nothing was decided.`);
  }
  const done = { paired: pair, alone };
  if (json) print(JSON.stringify({ decided: done }));
  else print(`${counted(pair.length + alone.length, 'decision')} noted: those who serve go on with these tickets`);
  return BROUGHT;
}
