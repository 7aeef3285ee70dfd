/** What a turn writes, as rows. */
import { isParked } from '../core/parked.ts';
import type { Replica } from '../core/state.ts';
import type { Turn } from '../ports/store.ts';
import { outboxRow } from './outbox.ts';
import { docOf } from './doc.ts';
import { keyColumn } from './rows.ts';

/** A lane that was still ours, and whether it was given back and is due again. */
export interface UpdatedRow {
  readonly id: string;
  readonly due: boolean | null;
}

/** What is null in a row is left out of its JSON: the database reads each name that stands there. */
const kept = <T>(value: T | null): T | undefined => value ?? undefined;

/** A replica's row after the turn; `stolen` names the replicas that took over a stranger's signal. */
export function replicaRow(turn: Turn, stolen: ReadonlyMap<string, string | null> | null): Record<string, unknown> {
  const { replica, before, release } = turn;
  return {
    ...rowOf(replica),
    id: before.id,
    lease: turn.lease,
    ticket_id: kept(replica.ticket_id),
    moves_ticket: replica.ticket_id !== before.ticket_id,
    looked: replica.looked,
    modified: replica.modified,
    version: replica.version,
    read: kept(turn.read),
    more: stolen?.has(before.id) === true ? 1 : 0,
    receipt: kept(stolen?.get(before.id) ?? null),
    wanted: turn.link?.after.version ?? 0,
    release: release !== 'keep',
    in_ms: release === 'keep' ? undefined : kept(release.inMs),
  };
}

function rowOf(replica: Replica): Record<string, unknown> {
  return {
    link_id: kept(replica.link_id),
    account_id: replica.account_id,
    key: kept(keyColumn(replica)),
    state: replica.state,
    doc: docOf(replica),
    open: replica.intent !== null,
    parked: isParked(replica),
  };
}

/** The replicas that the turn adds to its link; `stolen` tells the receipts of those that take a stranger's place. */
export function spawnedRows(turn: Turn, stolen: ReadonlyMap<string, string | null> | null = null): Record<string, unknown>[] {
  return turn.spawn.map(({ replica, lease }) => ({ ...spawnedRow(replica, turn.link?.after.version ?? 0, lease), receipt: kept(stolen?.get(replica.id) ?? null) }));
}

/** Those of them whose tickets are there already. */
export function thereAlready({ spawn }: Turn): readonly Replica[] {
  return spawn.filter(({ replica }) => replica.ticket_id !== null).map(({ replica }) => replica);
}

/** A new replica that shall show this version of its link. */
export function spawnedRow(replica: Replica, wanted: number, lease: string | null): Record<string, unknown> {
  return { ...rowOf(replica), id: replica.id, ticket_id: kept(replica.ticket_id), wanted, lease: kept(lease) };
}

export interface SettledReceipts {
  readonly account_id: number;
  readonly ticket_id: string;
  /** Null: all of them. */
  readonly upto: string | null;
  readonly reason: string;
}

export function settledReceipts(turn: Turn): readonly SettledReceipts[] {
  const { before, replica, settles } = turn;
  const of = { account_id: replica.account_id };
  const ticket = before.ticket_id ?? replica.ticket_id;
  const looked = settles === null || ticket === null ? [] : [{ ...of, ticket_id: ticket, upto: settles.receipt, reason: settles.reason }];
  // Nobody looks at a ticket that was given up for a new one, so what was heard of it is settled here.
  const gone = before.ticket_id !== null && replica.ticket_id !== before.ticket_id;
  return gone ? [...looked, { ...of, ticket_id: before.ticket_id, upto: null, reason: 'the ticket was given up for a new one' }] : looked;
}

export function sameCopies(before: Replica, after: Replica): boolean {
  if (before.copies === after.copies) return true;
  const uids = Object.keys(after.copies);
  return uids.length === Object.keys(before.copies).length && uids.every((uid) => before.copies[uid] === after.copies[uid]);
}

/** What a turn tells those who follow its account. */
export function eventRows({ before, replica, link, events = [] }: Turn): Record<string, unknown>[] {
  return events.map((event) => ({
    by: before.id, account_id: replica.account_id, link_id: link?.after.id ?? replica.link_id, ...event, changed: event.changed.length === 0 ? null : event.changed,
  }));
}

/** The same in full, for subscribers. */
export function outboxRows({ before, tellings = [] }: Turn): Record<string, unknown>[] {
  return tellings.map((event) => outboxRow(event, before.id));
}
