/**
 * A full comparison: every ticket of the accounts is read live, in lists and then one by one where something looks wrong, and held
 * against its link. What is on its way while the comparison runs is looked at again until it has arrived, so that live work is no drift.
 */
import { compare, isExplained } from '../core/drift.ts';
import type { Finding } from '../core/finding.ts';
import { missingAccounts } from '../core/foresee.ts';
import type { Look } from '../core/look.ts';
import type { Ticket } from '../core/model.ts';
import type { Link, Replica } from '../core/state.ts';
import { AppError } from '../errors.ts';
import type { Records } from '../ports/api.ts';
import type { Page } from '../ports/connector.ts';
import type { Standing, Survey } from '../ports/repair.ts';
import type { AccountStore, LaneStore } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import { isUnread, type Gentle, type Unread } from './gentle.ts';
import { allComments, look } from './look.ts';
import { isMoving } from './quiet.ts';
import type { Roster } from './roster.ts';
import { createStrangers, type StrangerPlace } from './drift-strangers.ts';

/** A finding, and where. */
export interface Drifted extends Finding {
  readonly account: string;
  readonly ticket_id: string | null;
  /** Null for a ticket that belongs to no link. */
  readonly link_id: string | null;
}

export interface DriftReport {
  /** Copies on other accounts than where their ticket began that are as they should be: the ids of these replicas. */
  readonly alike: ReadonlySet<string>;
  readonly findings: readonly Drifted[];
  /** What is missing by the calendar only: tickets older than their account's connection or their mirror. Backfill brings those without a link, the next change of a link the others. */
  readonly older: number;
  /** Replicas that differ by a rule, or because their desk leaves no choice. */
  readonly left: ReadonlySet<string>;
  /** What could not be read, so that nothing is said of it. */
  readonly unread: readonly { readonly account: string; readonly ticket_id: string | null; readonly why: string }[];
  /** Links and strangers with findings, for a repair. */
  readonly links: readonly string[];
  readonly strangers: readonly StrangerPlace[];
}

export interface DriftPorts {
  readonly survey: Survey;
  readonly accounts: Pick<AccountStore, 'load' | 'sweep'>;
  readonly lanes: Pick<LaneStore, 'isFollowed'>;
  readonly records: Pick<Records, 'operations'>;
  readonly roster: Roster;
  readonly gentle: Gentle;
  readonly world: World;
  /** How many tickets were compared, of about so many. */
  readonly progress: (done: number, all: number | null, what: string) => void;
}

export interface Drift {
  /** Compares all, or what one mirror connects. Throws `not_found` if there is no such mirror. */
  compare(mirror: string | null): Promise<DriftReport>;
  /** The same after a repair: these links and the earlier strangers are compared again, the rest is as it was. */
  again(scope: readonly number[], before: DriftReport, links: readonly string[]): Promise<DriftReport>;
  scope(mirror: string | null): Promise<readonly number[]>;
}

const PAGE = 200;
/** Links that are looked at again at the same time. */
const AT_ONCE = 16;
/** What is still on its way after so long is told as it stands. */
const SETTLE_MS = 30_000;
const BETWEEN_ROUNDS_MS = 1_000;
/** What a person has just done is not drift: its webhook is given so long to arrive. */
const ARRIVAL_MS = 2_000;
/** Writes of one replica that are asked why a field differs. */
const WRITES = 200;

/** What is gathered on the way. */
interface Tally {
  readonly accounts: ReadonlySet<number>;
  /** Replicas that are as they should be. */
  readonly alike: Set<string>;
  readonly left: Set<string>;
  readonly suspects: Set<string>;
  readonly strangers: Map<string, StrangerPlace>;
  readonly unread: { account: string; ticket_id: string | null; why: string }[];
  older: number;
}

export function createDrift(ports: DriftPorts): Drift {
  const { survey, accounts, roster, gentle, world } = ports;
  const strangers = createStrangers(ports);
  const nameOf = (id: number): string => roster.byId(id)?.name ?? `account ${id}`;

  const fresh = (ids: readonly number[]): Tally => ({
    accounts: new Set(ids), alike: new Set(), left: new Set(), suspects: new Set(), strangers: new Map(), unread: [], older: 0,
  });

  async function scope(mirror: string | null): Promise<readonly number[]> {
    const { edges } = await accounts.load();
    const own = mirror === null ? edges : edges.filter((edge) => edge.mirror === mirror);
    if (mirror !== null && own.length === 0) throw new AppError('not_found', `There is no mirror ${mirror}: known are ${[...new Set(edges.map((edge) => edge.mirror))].join(', ') || 'none'}.`);
    return [...new Set(own.flatMap(({ from, to }) => [from, to]))];
  }

  /** One account's whole list, held against what is stored; then what is stored and was not in the list. */
  async function readAccount(accountId: number, tally: Tally, done: (count: number) => void): Promise<void> {
    const seen = new Set<string>();
    for (let page: string | null = null; ; ) {
      const from: string | null = page;
      const began = world.now();
      const read: Page<Ticket> | Unread = await gentle.read(accountId, (desk) => desk.listTickets(from));
      if (isUnread(read)) {
        tally.unread.push({ account: nameOf(accountId), ticket_id: null, why: read.unread });
        return;
      }
      for (const { id } of read.items) seen.add(id);
      await judgePage(accountId, read.items, began, tally);
      done(read.items.length);
      if (read.next === null || read.next === from) break;
      page = read.next;
    }
    for (let after: string | null = null; ; ) {
      const page = await survey.replicasOfAccount(accountId, after, PAGE);
      for (const { replica } of page) if (replica.state === 'present' && !seen.has(replica.ticket_id ?? '')) tally.suspects.add(replica.link_id ?? '');
      after = page.at(-1)?.replica.ticket_id ?? null;
      if (page.length < PAGE) break;
    }
    for (let after: string | null = null; ; ) {
      const page = await survey.withoutTicket(accountId, after, PAGE);
      for (const { replica } of page) tally.suspects.add(replica.link_id ?? '');
      after = page.at(-1)?.replica.id ?? null;
      if (page.length < PAGE) break;
    }
  }

  async function judgePage(accountId: number, tickets: readonly Ticket[], began: number, tally: Tally): Promise<void> {
    const standing = new Map((await survey.replicasOfTickets(accountId, tickets.map(({ id }) => id))).map((one) => [one.replica.ticket_id, one.replica]));
    const linkIds = [...new Set([...standing.values()].flatMap(({ link_id: id }) => (id === null ? [] : [id])))];
    const links = new Map((await survey.links(linkIds)).map((link) => [link.id, link]));
    await Promise.all(
      tickets.map(async (ticket) => {
        const replica = standing.get(ticket.id);
        const link = links.get(replica?.link_id ?? '');
        if (replica === undefined || link === undefined) {
          const glance = await strangers.glance(ticket, accountId);
          if (glance === 'older') tally.older += 1;
          if (glance === 'suspect') tally.strangers.set(`${accountId} ${ticket.id}`, { account_id: accountId, ticket_id: ticket.id });
          return;
        }
        if (!tally.accounts.has(link.origin)) return;
        const comments = await readComments(accountId, ticket.id);
        if (isUnread(comments)) tally.unread.push({ account: nameOf(accountId), ticket_id: ticket.id, why: comments.unread });
        else judge(link, replica, { began, ticket, comments }, tally);
      }),
    );
  }

  async function readComments(accountId: number, ticketId: string): Promise<Look['comments'] | Unread> {
    return gentle.read(accountId, async (desk) => (desk.can.comments.list ? allComments(desk, ticketId) : null));
  }

  /** The first impression of one replica: alike, or to be looked at again. */
  function judge(link: Link, replica: Replica, seen: Look, tally: Tally): readonly Finding[] {
    const member = roster.member(replica.account_id);
    if (member === null) return [];
    const { findings, left, wanted } = compare(link, replica, seen, member.sight);
    tally.left.delete(replica.id);
    if (left.length > 0) tally.left.add(replica.id);
    tally.alike.delete(replica.id);
    if (findings.length > 0) tally.suspects.add(link.id);
    else if (wanted && replica.account_id !== link.origin) tally.alike.add(replica.id);
    return findings;
  }

  /** Links that rules of today would carry further than they are. */
  async function countOlder(tally: Tally): Promise<void> {
    for (let after: string | null = null; ; ) {
      const page = await survey.linksAfter(after, PAGE);
      for (const link of page) {
        if (tally.accounts.has(link.origin)) tally.older += missingAccounts(link, roster.rules()).filter((id) => tally.accounts.has(id)).length;
      }
      after = page.at(-1)?.id ?? null;
      if (page.length < PAGE) return;
    }
  }

  /** Looks at suspects one by one until what was on its way has arrived; what is left are findings. */
  async function settle(tally: Tally, told: (left: number) => void): Promise<DriftReport> {
    const drifted = new Map<string, readonly Drifted[]>();
    const deadline = world.now() + SETTLE_MS;
    let left = [...tally.suspects];
    if (left.length > 0 || tally.strangers.size > 0) await world.sleep(ARRIVAL_MS);
    for (;;) {
      const moving: string[] = [];
      await inTurn(left, AT_ONCE, async (linkId) => {
        const result = await closely(linkId, tally);
        drifted.set(linkId, result.findings);
        if (result.moving) moving.push(linkId);
      });
      told(moving.length);
      left = moving;
      if (left.length === 0 || world.now() >= deadline) break;
      await world.sleep(BETWEEN_ROUNDS_MS);
      await roster.refresh();
    }
    const { findings, places } = await strangers.judge([...tally.strangers.values()], deadline);
    return {
      alike: tally.alike,
      findings: [...[...drifted.values()].flat(), ...findings],
      older: tally.older,
      left: tally.left,
      unread: tally.unread,
      links: [...drifted].flatMap(([linkId, found]) => (found.length === 0 ? [] : [linkId])),
      strangers: places,
    };
  }

  /** One link with all its tickets, each looked at whole. `moving`: something of it changed meanwhile, or is about to. */
  async function closely(linkId: string, tally: Tally): Promise<{ readonly findings: readonly Drifted[]; readonly moving: boolean }> {
    const before = await survey.replicasOfLinks([linkId]);
    const looks = new Map<string, Look>();
    let blind = false;
    await Promise.all(
      before.filter(({ replica }) => tally.accounts.has(replica.account_id)).map(async ({ replica }) => {
        const { ticket_id: ticketId, account_id: accountId } = replica;
        const seen = ticketId === null ? { began: world.now(), ticket: null, comments: null } : await gentle.read(accountId, (desk) => look(desk, ticketId, true, world));
        if (!isUnread(seen)) looks.set(replica.id, seen);
        else {
          blind = true;
          if (!tally.unread.some((one) => one.account === nameOf(accountId) && one.ticket_id === ticketId)) tally.unread.push({ account: nameOf(accountId), ticket_id: ticketId, why: seen.unread });
        }
      }),
    );
    const [link] = await survey.links([linkId]);
    const after = await survey.replicasOfLinks([linkId]);
    if (link === undefined) return { findings: [], moving: false };
    const moving = signs(before) !== signs(after) || after.some((one) => isMoving(one, world.now()));
    const findings: Drifted[] = [];
    for (const { replica } of after) {
      const seen = looks.get(replica.id);
      if (seen === undefined) continue;
      const explained = await unexplained(link, replica, judge(link, replica, seen, tally));
      if (explained.length === 0 && !blind && replica.account_id !== link.origin && link.life.alive && seen.ticket !== null && !seen.ticket.is_deleted) tally.alike.add(replica.id);
      findings.push(...explained.map((finding) => ({ ...finding, account: nameOf(replica.account_id), ticket_id: replica.ticket_id, link_id: link.id })));
    }
    return { findings, moving: moving && findings.length > 0 };
  }

  /** Without the differences that the writes themselves told of. */
  async function unexplained(link: Link, replica: Replica, findings: readonly Finding[]): Promise<readonly Finding[]> {
    if (!findings.some(({ differences }) => differences.some(({ settled }) => settled))) return findings;
    const writes = (await ports.records.operations({ link_id: link.id, outcome: 'done' }, { before: null, limit: WRITES }))
      .filter(({ replica_id: id }) => id === replica.id)
      .map(({ wrote, warnings }) => ({ fields: Object.keys(wrote.fields ?? {}), warned: warnings.map(({ field }) => field) }));
    return findings.flatMap((finding) => {
      if (finding.kind !== 'differing') return [finding];
      const differences = finding.differences.filter((difference) => !isExplained(difference, writes));
      return differences.length === 0 ? [] : [{ ...finding, differences }];
    });
  }

  return {
    scope,
    async compare(mirror) {
      const ids = await scope(mirror);
      const tally = fresh(ids);
      const all = await survey.countTickets(ids);
      let done = 0;
      const count = (more: number): void => {
        done += more;
        ports.progress(done, Math.max(all, done), 'tickets compared');
      };
      await Promise.all(ids.map((id) => readAccount(id, tally, count)));
      await countOlder(tally);
      return settle(tally, (left) => ports.progress(tally.suspects.size - left, tally.suspects.size, 'tickets looked at again'));
    },
    async again(ids, before, links) {
      const { alike, left: leftAlone, older, unread } = before;
      const tally: Tally = { ...fresh(ids), alike: new Set(alike), left: new Set(leftAlone), unread: [...unread], older };
      for (const id of links) tally.suspects.add(id);
      for (const place of before.strangers) tally.strangers.set(`${place.account_id} ${place.ticket_id}`, place);
      return settle(tally, (left) => ports.progress(links.length - left, links.length, 'tickets looked at again'));
    },
  };
}

/** What changes whenever a lane does anything. */
function signs(standing: readonly Standing[]): string {
  return standing.map(({ replica, signalled, read, wanted }) => [replica.id, replica.ticket_id, replica.version, replica.modified, signalled, read, wanted, replica.intent?.key].join(' ')).join();
}

/** Each item once, so many at a time. */
async function inTurn<T>(items: readonly T[], width: number, task: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await task(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work));
}
