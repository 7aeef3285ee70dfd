/** Receipts, committed in groups together with the signals to their tickets' lanes. */
import { strangerReplica } from '../core/state.ts';
import type { Accepted, Intake, NewReceipt } from '../ports/intake.ts';
import type { Lane } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import { createBatch } from './batch.ts';
import { isAway, type Database, type Sql } from './database.ts';
import { docOf } from './doc.ts';
import { statementOver, type Columns } from './lists.ts';
import { byPlace, toJson } from './rows.ts';
import type { Snapshots } from './snapshots.ts';

/** Lanes of tickets never seen before go straight to the worker of this process, if it has room for them. */
export interface Handover {
  room(accountId: number): boolean;
  open(lanes: readonly Lane[]): void;
  /** Resolves when the worker can take more, or after `ms` milliseconds. */
  relief(ms: number): Promise<void>;
  /** Known tickets are due: look for them. */
  nudge(): void;
}

/** A wake-up to be left in a transaction; null while none is needed. */
export type Wake = (when: 'now' | 'later') => ((sql: Sql) => Promise<void>) | null;

export interface IntakePorts {
  readonly database: Database;
  readonly world: World;
  readonly snapshots: Snapshots;
  /** Null in a process without a worker. */
  readonly handover: () => Handover | null;
  readonly wake: Wake;
  readonly leaseMs: number;
}

/** How long a group of webhooks waits for a worker that is behind, before it is stored all the same. */
const LONGEST_PAUSE_MS = 40;
/** Receipts of one group at most. */
const MOST = 250;

const RECEIPT_COLUMNS: Columns = {
  account_id: 'int', dedupe: 'text', headers: 'json', state: 'text', reason: 'text', ticket_id: 'text', event: 'text', signal: 'int', first: 'int', length: 'int',
};
const SIGNAL_COLUMNS: Columns = { id: 'uuid', account_id: 'int', ticket_id: 'text', count: 'int', lease: 'uuid' };

/**
 * Receipts and the signals that come of them, in one statement. Their bodies come one after the other as they are: in a list they would be
 * written out in digits. Each receipt names the signal that it leads to by its place, and the
 * newest of them goes on record there; one that was here before leaves that as it is, and so does one that is older than what is on
 * record: of two processes the one that began first may be through last.
 */
const ACCEPT = statementOver([RECEIPT_COLUMNS, SIGNAL_COLUMNS], ([receipts, signals], bodies) => `
with input as (
  select i.*, substring($${bodies}::bytea from first for length) as raw_body from ${receipts('i', 'n')}
), stored as (
  insert into receipts (account_id, dedupe, headers, raw_body, state, reason, ticket_id, event)
  select account_id, dedupe, headers, raw_body, state, reason, ticket_id, event from input order by n
  on conflict (account_id, dedupe) do nothing
  returning id, account_id, dedupe
), kept as (
  select i.n, i.signal, s.id from input i join stored s on s.account_id = i.account_id and s.dedupe = i.dedupe
), newest as (
  select signal, max(id) as id from kept group by signal
), signalled as (
  insert into replicas (id, account_id, ticket_id, state, doc, signalled, signalled_at, receipt, due_at, lease)
  select t.id, t.account_id, t.ticket_id, 'unknown', $${bodies + 1}::json, t.count, now(), newest.id,
    case when t.lease is null then now() else now() + $${bodies + 2} * interval '1 millisecond' end, t.lease
  from ${signals('t', 'n')}
  left join newest on newest.signal = t.n
  on conflict (account_id, ticket_id) where ticket_id is not null do update set
    signalled = replicas.signalled + excluded.signalled,
    signalled_at = now(),
    receipt = greatest(excluded.receipt, replicas.receipt),
    due_at = case when replicas.lease is null then least(coalesce(replicas.due_at, now()), now()) else replicas.due_at end
  returning id, account_id, ticket_id, signalled, lease
)
select n::int as n, id::text as receipt, null::uuid as id, null::int as account_id, null::text as ticket_id, null::int as signalled, null::uuid as lease
from kept
union all
select null, null, id, account_id, ticket_id, signalled, lease from signalled`);

const KNOWN = `
select i.n::int as n, r.id::text as id
from unnest($1::int[], $2::text[]) with ordinality as i (account_id, dedupe, n)
join receipts r on r.account_id = i.account_id and r.dedupe = i.dedupe`;

/** What one group says about one ticket. */
interface TicketSignal {
  readonly id: string;
  readonly lease: string | null;
  /** The receipts' places in the group, from 0. */
  readonly receipts: number[];
  latest: NewReceipt;
}

interface ReceiptRow {
  readonly n: number;
  readonly receipt: string;
}

interface SignalRow {
  readonly n: null;
  readonly id: string;
  readonly account_id: number;
  readonly ticket_id: string;
  readonly signalled: number;
  readonly lease: string | null;
}

export function createIntake(ports: IntakePorts): Intake {
  const { database, world } = ports;
  const emptyDoc = toJson(docOf(strangerReplica('', 0, null)));

  async function flush(receipts: readonly NewReceipt[]): Promise<readonly Accepted[]> {
    const handover = ports.handover();
    // A worker in this process that is behind holds new webhooks up a little: what it can take at once costs less than what it
    // has to fetch again later.
    await handover?.relief(LONGEST_PAUSE_MS);
    const now = world.now();
    const signals = gather(receipts, handover);
    const write = (sql: Sql): Promise<(ReceiptRow | SignalRow)[]> => sql.run('receipts_accept', ACCEPT.text, valuesOf(receipts, signals, emptyDoc, ports.leaseMs));
    const wake = signals.length === 0 ? null : ports.wake(handover === null ? 'now' : 'later');
    const rows =
      wake === null
        ? await write(database)
        : await database.transaction(async (sql) => {
            const written = await write(sql);
            await wake(sql);
            return written;
          });
    const accepted = await answers(database, receipts, rows.filter((row): row is ReceiptRow => row.n !== null));
    hand(signals, rows.filter((row): row is SignalRow => row.n === null), accepted, handover, now);
    return accepted;
  }

  /** Committed: lanes that are ours start from memory; the others are looked for. */
  function hand(
    signals: readonly TicketSignal[],
    rows: readonly SignalRow[],
    accepted: readonly Accepted[],
    handover: Handover | null,
    now: number,
  ): void {
    if (handover === null || rows.length === 0) return;
    const byTicket = new Map(signals.map((signal) => [`${signal.latest.account_id} ${signal.latest.ticket_id}`, signal]));
    const opened: Lane[] = [];
    let others = false;
    for (const row of rows) {
      const signal = byTicket.get(`${row.account_id} ${row.ticket_id}`);
      if (signal === undefined) continue;
      if (row.id === signal.id && signal.lease !== null && row.lease === signal.lease) {
        opened.push({
          lease: row.lease,
          replica: strangerReplica(row.id, row.account_id, row.ticket_id),
          link: null,
          signalled: row.signalled,
          read: 0,
          receipt: newestOf(signal.receipts.map((i) => accepted[i]?.id)),
          signalled_at: now,
          fresh: false,
          snapshot: signal.latest.snapshot,
        });
        continue;
      }
      others = true;
      if (signal.latest.snapshot !== null) ports.snapshots.keep(row.id, row.signalled, signal.latest.snapshot);
    }
    if (opened.length > 0) handover.open(opened);
    if (others) handover.nudge();
  }

  function gather(receipts: readonly NewReceipt[], handover: Handover | null): TicketSignal[] {
    const signals = new Map<string, TicketSignal>();
    receipts.forEach((receipt, i) => {
      if (receipt.state !== 'accepted' || receipt.ticket_id === null) return;
      const at = `${receipt.account_id} ${receipt.ticket_id}`;
      const known = signals.get(at);
      if (known === undefined) {
        const lease = handover?.room(receipt.account_id) === true ? world.id() : null;
        signals.set(at, { id: world.id(), lease, receipts: [i], latest: receipt });
      } else {
        known.receipts.push(i);
        known.latest = receipt;
      }
    });
    // In one order everywhere, so that two processes seldom wait for each other's rows.
    return [...signals.values()].sort((a, b) => byPlace(a.latest, b.latest));
  }

  const batch = createBatch<NewReceipt, Accepted>({ flush, most: MOST, hopeless: isAway });
  return { accept: (receipt) => batch.add(receipt) };
}

function valuesOf(receipts: readonly NewReceipt[], signals: readonly TicketSignal[], emptyDoc: string, leaseMs: number): readonly unknown[] {
  const signalOf: (number | null)[] = receipts.map(() => null);
  signals.forEach((signal, place) => signal.receipts.forEach((i) => (signalOf[i] = place + 1)));
  const bodies = receipts.map((receipt) => receipt.raw_body);
  let end = 1;
  const rows = receipts.map((receipt, i) => {
    const { length } = receipt.raw_body;
    return { ...receipt, signal: signalOf[i], first: (end += length) - length, length };
  });
  const signalRows = signals.map(({ id, lease, latest, receipts: { length: count } }) => ({ id, lease, count, account_id: latest.account_id, ticket_id: latest.ticket_id }));
  return ACCEPT.values([rows, signalRows], [Buffer.concat(bodies), emptyDoc, leaseMs]);
}

function newestOf(ids: readonly (string | undefined)[]): string | null {
  return ids.reduce<string | null>((newest, id) => (id !== undefined && Number(id) > Number(newest ?? 0) ? id : newest), null);
}

/** Which receipts are new, and the ids of those that are not. */
async function answers(sql: Sql, receipts: readonly NewReceipt[], rows: readonly ReceiptRow[]): Promise<Accepted[]> {
  const accepted: Accepted[] = new Array<Accepted>(receipts.length);
  const claimed = new Set<string>();
  for (const { n, receipt } of [...rows].sort((a, b) => a.n - b.n)) {
    // Two equal deliveries in one group share a row: the first of them is the new one.
    accepted[n - 1] = { id: receipt, repeated: claimed.has(receipt) };
    claimed.add(receipt);
  }
  const repeated = receipts.flatMap((receipt, i) => (accepted[i] === undefined ? [{ receipt, i }] : []));
  if (repeated.length === 0) return accepted;
  const known = await sql.run<{ n: number; id: string }>('receipts_known', KNOWN, [
    repeated.map(({ receipt }) => receipt.account_id),
    repeated.map(({ receipt }) => receipt.dedupe),
  ]);
  for (const { n, id } of known) {
    const place = repeated[n - 1];
    if (place !== undefined) accepted[place.i] = { id, repeated: true };
  }
  return accepted;
}
