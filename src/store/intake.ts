/** Receipts, committed in groups together with the signals to their tickets' lanes. */
import { strangerReplica } from '../core/state.ts';
import type { Accepted, Intake, NewReceipt } from '../ports/intake.ts';
import type { Lane } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import { createBatch } from './batch.ts';
import { isAway, type Database, type Sql } from './database.ts';
import { docOf, toJson } from './rows.ts';
import type { Snapshots } from './snapshots.ts';

/** Lanes of tickets never seen before go straight to the worker of this process, if it has room for them. */
export interface Handover {
  room(accountId: number): boolean;
  open(lanes: readonly Lane[]): void;
  /** Known tickets are due: look for them. */
  nudge(): void;
}

export interface IntakePorts {
  readonly database: Database;
  readonly world: World;
  readonly snapshots: Snapshots;
  /** Null in a process without a worker. */
  readonly handover: () => Handover | null;
  /** Leaves a wake-up in the same transaction. Null when none is needed because one is queued already. */
  readonly wake: (sql: Sql, when: 'now' | 'later') => (() => Promise<void>) | null;
  readonly leaseMs: number;
}

/** Receipts of one group at most. */
const MOST = 250;

const ACCEPT = `
with input as (
  select * from unnest($1::int[], $2::text[], $3::jsonb[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[])
    with ordinality as i (account_id, dedupe, headers, raw_body, state, reason, ticket_id, event, n)
), stored as (
  insert into receipts (account_id, dedupe, headers, raw_body, state, reason, ticket_id, event)
  select account_id, dedupe, headers, raw_body, state, reason, ticket_id, event from input order by n
  on conflict (account_id, dedupe) do nothing
  returning id, account_id, dedupe
)
select i.n::int as n, s.id::text as id from input i join stored s on s.account_id = i.account_id and s.dedupe = i.dedupe`;

const KNOWN = `
select i.n::int as n, r.id::text as id
from unnest($1::int[], $2::text[]) with ordinality as i (account_id, dedupe, n)
join receipts r on r.account_id = i.account_id and r.dedupe = i.dedupe`;

const SIGNAL = `
insert into replicas (id, account_id, ticket_id, state, doc, signalled, signalled_at, receipt, due_at, lease)
select id, account_id, ticket_id, 'unknown', $6::jsonb, count, now(), receipt,
  case when lease is null then now() else now() + $8 * interval '1 millisecond' end, lease
from unnest($1::uuid[], $2::int[], $3::text[], $4::int[], $5::bigint[], $7::uuid[]) as i (id, account_id, ticket_id, count, receipt, lease)
on conflict (account_id, ticket_id) do update set
  signalled = replicas.signalled + excluded.signalled,
  signalled_at = now(),
  receipt = coalesce(excluded.receipt, replicas.receipt),
  due_at = case when replicas.lease is null then least(coalesce(replicas.due_at, now()), now()) else replicas.due_at end
returning id, account_id, ticket_id, signalled, lease`;

/** What one group says about one ticket. */
interface TicketSignal {
  readonly id: string;
  readonly lease: string | null;
  count: number;
  receipt: string | null;
  latest: NewReceipt;
}

interface SignalRow {
  readonly id: string;
  readonly account_id: number;
  readonly ticket_id: string;
  readonly signalled: number;
  readonly lease: string | null;
}

export function createIntake(ports: IntakePorts): Intake {
  const { database, world } = ports;
  const emptyDoc = docOf(strangerReplica('', 0, null));

  async function flush(receipts: readonly NewReceipt[]): Promise<readonly Accepted[]> {
    const now = world.now();
    const handover = ports.handover();
    const outcome = await database.transaction(async (sql) => {
      const accepted = await store(sql, receipts);
      const signals = gather(receipts, accepted, handover);
      if (signals.length === 0) return { accepted, signals, rows: [] };
      const rows = await signal(sql, signals, emptyDoc, ports.leaseMs);
      const wake = ports.wake(sql, rows.some((row) => handover === null || row.lease === null) && handover === null ? 'now' : 'later');
      if (wake !== null) await wake();
      return { accepted, signals, rows };
    });
    hand(outcome.signals, outcome.rows, handover, now);
    return outcome.accepted;
  }

  /** Committed: lanes that are ours start from memory; the others are looked for. */
  function hand(signals: readonly TicketSignal[], rows: readonly SignalRow[], handover: Handover | null, now: number): void {
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
          receipt: signal.receipt,
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

  function gather(receipts: readonly NewReceipt[], accepted: readonly Accepted[], handover: Handover | null): TicketSignal[] {
    const signals = new Map<string, TicketSignal>();
    receipts.forEach((receipt, i) => {
      if (receipt.state !== 'accepted' || receipt.ticket_id === null) return;
      const at = `${receipt.account_id} ${receipt.ticket_id}`;
      const fresh = accepted[i]?.repeated === false ? (accepted[i]?.id ?? null) : null;
      const known = signals.get(at);
      if (known === undefined) {
        const lease = handover?.room(receipt.account_id) === true ? world.id() : null;
        signals.set(at, { id: world.id(), lease, count: 1, receipt: fresh, latest: receipt });
      } else {
        known.count += 1;
        known.receipt = fresh ?? known.receipt;
        known.latest = receipt;
      }
    });
    return [...signals.values()];
  }

  const batch = createBatch<NewReceipt, Accepted>({ flush, most: MOST, hopeless: isAway });
  return { accept: (receipt) => batch.add(receipt) };
}

async function store(sql: Sql, receipts: readonly NewReceipt[]): Promise<Accepted[]> {
  const rows = await sql.run<{ n: number; id: string }>('receipts_accept', ACCEPT, [
    receipts.map((receipt) => receipt.account_id),
    receipts.map((receipt) => receipt.dedupe),
    receipts.map((receipt) => toJson(receipt.headers)),
    receipts.map((receipt) => receipt.raw_body),
    receipts.map((receipt) => receipt.state),
    receipts.map((receipt) => receipt.reason),
    receipts.map((receipt) => receipt.ticket_id),
    receipts.map((receipt) => receipt.event),
  ]);
  const accepted: Accepted[] = new Array<Accepted>(receipts.length);
  const claimed = new Set<string>();
  for (const { n, id } of rows.sort((a, b) => a.n - b.n)) {
    // Two equal deliveries in one group share a row: the first of them is the new one.
    accepted[n - 1] = { id, repeated: claimed.has(id) };
    claimed.add(id);
  }
  const repeated = receipts.flatMap((receipt, i) => (accepted[i] === undefined ? [{ receipt, i }] : []));
  if (repeated.length > 0) {
    const known = await sql.run<{ n: number; id: string }>('receipts_known', KNOWN, [
      repeated.map(({ receipt }) => receipt.account_id),
      repeated.map(({ receipt }) => receipt.dedupe),
    ]);
    for (const { n, id } of known) {
      const place = repeated[n - 1];
      if (place !== undefined) accepted[place.i] = { id, repeated: true };
    }
  }
  return accepted;
}

function signal(sql: Sql, signals: readonly TicketSignal[], emptyDoc: string, leaseMs: number): Promise<SignalRow[]> {
  return sql.run<SignalRow>('replicas_signal', SIGNAL, [
    signals.map(({ id }) => id),
    signals.map(({ latest }) => latest.account_id),
    signals.map(({ latest }) => latest.ticket_id),
    signals.map(({ count }) => count),
    signals.map(({ receipt }) => receipt),
    emptyDoc,
    signals.map(({ lease }) => lease),
    leaseMs,
  ]);
}
