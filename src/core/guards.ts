/**
 * Guards: what stops by itself, and asks a person, before it does harm that nobody meant. Pure.
 *
 * - A write budget for each ticket: another program that keeps the same desks alike would undo what we do for ever.
 * - Mass change: a flood of deletions, or a change of the rules that touches many tickets at once, stops the deletions of an
 *   account until a person releases them. Everything else of the account goes on.
 * - A list of comments that is suddenly empty is believed only when it still is some time later.
 */
import type { Capabilities } from './capabilities.ts';
import { CLOCKS_APART_MS } from './landing.ts';
import type { Look } from './look.ts';
import { tightens } from './step.ts';
import { rulesOf, type MirrorEdge, type Terms } from './rules.ts';
import type { Copy, Held, Intent, Link, Replica, Spent } from './state.ts';

/** Where the guards step in. */
export interface Limits {
  /** Writes that one ticket may have at once; it earns one more each hour. */
  readonly writes: number;
  /** Deletions seen on one account within the window: more than the count, and more than this share of its tickets, are a flood. */
  readonly deletions: { readonly count: number; readonly share: number; readonly windowMs: number };
  /** Tickets whose rules change at once: more than the count, and more than this share of an account's tickets. */
  readonly rules: { readonly count: number; readonly share: number };
}

export const USUAL_LIMITS: Limits = {
  writes: 100,
  deletions: { count: 20, share: 0.05, windowMs: 60 * 60_000 },
  rules: { count: 50, share: 0.25 },
};

/** The limits as settings give them: shares in per cent, the window in minutes. */
export function limitsOf(settings: {
  readonly writes: number;
  readonly deletions: number;
  readonly deletionsPercent: number;
  readonly deletionsMinutes: number;
  readonly rulesPercent: number;
}): Limits {
  const { writes, deletions, deletionsPercent, deletionsMinutes, rulesPercent } = settings;
  return {
    writes,
    deletions: { count: deletions, share: deletionsPercent / 100, windowMs: deletionsMinutes * 60_000 },
    rules: { ...USUAL_LIMITS.rules, share: rulesPercent / 100 },
  };
}

const EARNED_MS = 60 * 60_000;
/** Older comments are history that a mirror brings along: they are written once, and nobody can answer them with a fight. */
const RECENT_MS = 60 * 60_000;

/** The name under which a ticket that used up its budget is held. */
export const BUDGET = 'writes';
/** The name under which a deletion waits for the account to be released. */
export const DELETION = 'deletion';

function drained(spent: Spent, now: number): number {
  return Math.max(0, spent.level - Math.max(0, now - spent.at) / EARNED_MS);
}

/** What a write that was done, or may have been, takes from the ticket's budget. */
export function spend(spent: Spent, intent: Pick<Intent, 'kind' | 'uid'>, link: Link, replica: Pick<Replica, 'generation'>, now: number): Spent {
  return counts(intent, link, replica, now) ? { level: drained(spent, now) + 1, at: now } : spent;
}

function counts({ kind, uid }: Pick<Intent, 'kind' | 'uid'>, link: Link, { generation }: Pick<Replica, 'generation'>, now: number): boolean {
  if (kind === 'ticket.create') return generation > 1;
  if (kind !== 'comment.create') return true;
  const comment = uid === null ? undefined : link.comments[uid];
  return comment === undefined || now - comment.created < RECENT_MS;
}

/** Whether this ticket may not be written any more until a person says so. */
export function isSpent(spent: Spent, limits: Limits, now: number): boolean {
  return drained(spent, now) >= limits.writes;
}

/** The ticket's budget is used up: held whatever changes, until it is released, and then with a full budget. */
export function heldByBudget(replica: Replica, limits: Limits, now: number): Replica {
  const reason = `written ${limits.writes} times within hours: another program seems to undo what is written here. Release it once that is settled.`;
  const held: Held = { clock: Number.MAX_SAFE_INTEGER, count: 2, reason, at: now };
  return { ...replica, spent: { level: 0, at: now }, held: { ...replica.held, [BUDGET]: held } };
}

/** How many of the account's deletions are too many, `tickets` being all that it has. */
export function isFlood(recent: number, tickets: number, { deletions }: Limits): boolean {
  return recent > deletions.count && recent > deletions.share * tickets;
}

/**
 * How many deletions a look tells of: the ticket itself, or comments that it does not show any more. Cheap, since every look is
 * asked. A comment that this desk may not list yet is none: on a busy account these alone would be a flood.
 */
export function deletionsTold(replica: Replica, look: Look, { comments: { listLagMs } }: Pick<Capabilities, 'comments'>): number {
  if (look.ticket === null || look.ticket.is_deleted) {
    return replica.state === 'present' && replica.link_id !== null && !replica.meeting && replica.intent?.kind !== 'ticket.delete' ? 1 : 0;
  }
  return isDoubtful(replica, look) ? 0 : missing(replica, look).filter((copy) => wasDeleted(copy, replica, look.began, listLagMs)).length;
}

/** The copies on record that a look does not show. */
function missing(replica: Replica, { comments }: Look): readonly Copy[] {
  if (comments === null) return [];
  const known = Object.values(replica.copies).filter((copy) => copy.comment_id !== null && !copy.deleted);
  if (known.length === 0) return [];
  const seen = new Set(comments.map(({ id }) => id));
  return known.filter(({ comment_id: id }) => !seen.has(id ?? ''));
}

/** Whether a copy that is missing from a list was deleted by a person: the list began late enough to have shown it, and we are not deleting it. */
export function wasDeleted(copy: Copy, { intent }: Pick<Replica, 'intent'>, began: number, listLagMs: number): boolean {
  if (began <= copy.since + listLagMs + (copy.since === 0 ? 0 : CLOCKS_APART_MS)) return false;
  return intent?.kind !== 'comment.delete' || intent.uid !== copy.uid;
}

/** So many comments do not vanish from one ticket at once, as a rule. */
const MANY = 3;
/** An empty list is believed when a look that began this much later sees it again. */
export const DOUBT_MS = 2 * 60_000;

/** Whether a look shows no comment at all where several were known, and for the first time: a list that failed looks the same. */
export function isDoubtful(replica: Replica, look: Look): boolean {
  if (look.comments?.length !== 0 || missing(replica, look).length < MANY) return false;
  return replica.doubt === 0 || look.began < replica.doubt + DOUBT_MS;
}

/** The ticket is gone, and that is not believed yet. */
export function heldDeletion(replica: Replica, because: string, now: number): Replica {
  if (replica.held[DELETION] !== undefined) return replica;
  const held: Held = { clock: Number.MAX_SAFE_INTEGER, count: 2, reason: `gone on its desk, which waits for a person: ${because}`, at: now };
  return { ...replica, held: { ...replica.held, [DELETION]: held } };
}

/** Whether this write deletes something for good, as opposed to what makes way for a private copy. */
export function deletes(link: Link, step: Pick<Intent, 'kind' | 'uid' | 'draft'>): boolean {
  return step.kind === 'ticket.delete' || (step.kind === 'comment.delete' && !tightens(link, step));
}

/** Links that are on the same accounts. */
export interface LinkGroup {
  readonly accounts: readonly number[];
  readonly links: number;
}

/** The accounts whose deletions wait after a change of the rules, each with the reason. `where` is not asked: whom it may touch counts. */
export function touchedByRules(before: readonly MirrorEdge[], after: readonly MirrorEdge[], groups: readonly LinkGroup[], { rules }: Limits): ReadonlyMap<number, string> {
  const was = rulesOf(unconditional(before));
  const will = rulesOf(unconditional(after));
  const changed = new Set(changedWheres(before, after));
  const counts = new Map<number, { touched: number; all: number }>();
  for (const { accounts, links } of groups) {
    const touched = accounts.some((from) =>
      accounts.some((to) => from !== to && (changed.has(`${from} ${to}`) || canonical(was.terms(from, to)) !== canonical(will.terms(from, to)))),
    );
    for (const account of accounts) {
      const known = counts.get(account) ?? { touched: 0, all: 0 };
      counts.set(account, { touched: known.touched + (touched ? links : 0), all: known.all + links });
    }
  }
  const held = [...counts].filter(([, { touched, all }]) => touched > rules.count && touched > rules.share * all);
  return new Map(held.map(([account, { touched, all }]) => [account, `the rules changed for ${touched} of its ${all} tickets`]));
}

function unconditional(edges: readonly MirrorEdge[]): MirrorEdge[] {
  return edges.map((edge) => ({ ...edge, terms: { ...edge.terms, where: null, pair: null } }));
}

/** The pairs of accounts between which other tickets travel now. */
function changedWheres(before: readonly MirrorEdge[], after: readonly MirrorEdge[]): string[] {
  const told = (edges: readonly MirrorEdge[]): Map<string, string> => {
    const wheres = new Map<string, string>();
    for (const { from, to, terms } of edges) {
      const at = `${from} ${to}`;
      wheres.set(at, `${wheres.get(at) ?? ''}${whereOf(terms)};`);
    }
    return wheres;
  };
  const [was, will] = [told(before), told(after)];
  return [...new Set([...was.keys(), ...will.keys()])].filter((at) => was.get(at) !== will.get(at));
}

function whereOf({ where, unmatched }: Terms): string {
  return where === null ? '' : canonical([where, unmatched]);
}

/** The same text for the same data: a database gives an object's names back in an order of its own. */
function canonical(data: unknown): string {
  return JSON.stringify(data, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  );
}
