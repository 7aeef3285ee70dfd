/** Lanes: taking what is due, and everything that makes a lane due. */
import { strangerReplica } from '../core/state.ts';
import type { Lane, LaneStore } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import type { Database } from './database.ts';
import { docOf } from './doc.ts';
import { LINK_COLUMNS, laneOf, linkOf, REPLICA_COLUMNS, REPLICA_COPIES, replicaOf, toJson, type LaneRow, type LinkRow, type ReplicaRow } from './rows.ts';
import type { Snapshots } from './snapshots.ts';
import { createTurns } from './turns.ts';

/** Due lanes of each account, oldest first, leased; a row that another process is taking is passed over. */
const CLAIM = `
with due as (
  select d.id from unnest($1::int[], $2::int[]) as s (account_id, free)
  cross join lateral (
    select r.id from replicas r where r.account_id = s.account_id and r.due_at <= now()
    order by r.due_at limit s.free for update skip locked
  ) d
  limit $4
), taken as (
  update replicas r set lease = gen_random_uuid(), due_at = now() + $3 * interval '1 millisecond'
  from due where r.id = due.id
  returning r.id, r.lease
)
select id, lease from taken`;

/**
 * What was taken, read anew: a row that was written while it was being taken comes as it is now, but what belongs to it would still
 * come as it was before, a new link as none at all.
 */
const TAKEN = `
select ${REPLICA_COLUMNS}, r.lease, r.signalled, r.read, r.receipt::text as receipt, r.signalled_at, ${REPLICA_COPIES},
  (select to_json(x) from (select ${LINK_COLUMNS} from links l where l.id = r.link_id) x) as link
from unnest($1::uuid[], $2::uuid[]) with ordinality as t (id, lease, n) join replicas r on r.id = t.id and r.lease = t.lease
order by t.n`;

/** A row that is locked is being committed by its holder just now, which renews the lease as well. */
const RENEW = `
with held as (
  select r.id from replicas r join unnest($1::uuid[], $2::uuid[]) as t (id, lease) on r.id = t.id and r.lease = t.lease
  for update of r skip locked
)
update replicas r set due_at = now() + $3 * interval '1 millisecond' from held where r.id = held.id`;

const GIVE_BACK = `
update replicas r set due_at = now(), lease = null
from unnest($1::uuid[], $2::uuid[]) as t (id, lease) where r.id = t.id and r.lease = t.lease`;

/** No desk's clock is assumed to be further from ours. */
const MOST_SKEW_MS = 10 * 60_000;

/** A change feed's row counts if it tells more than the last look can have seen; desk times may have whole seconds only. */
const SIGNAL_KNOWN = `
update replicas r set signalled = r.signalled + 1, signalled_at = now(),
  due_at = case when r.lease is null then least(coalesce(r.due_at, now()), now()) else r.due_at end
from unnest($2::text[], $3::bigint[], $4::boolean[], $5::boolean[]) as t (ticket_id, modified, deleted, force)
where r.account_id = $1 and r.ticket_id = t.ticket_id and (
  t.force
  or (t.deleted and r.state <> 'deleted')
  or (not t.deleted and (r.state = 'deleted' or t.modified > r.modified or (t.modified = r.modified and r.looked < t.modified + 1000 + ${MOST_SKEW_MS}))))
returning r.id`;

const SIGNAL_NEW = `
insert into replicas (id, account_id, ticket_id, state, doc, signalled, signalled_at, due_at)
select id, $1, ticket_id, 'unknown', $4::json, 1, now(), now() from unnest($2::uuid[], $3::text[]) as t (id, ticket_id)
on conflict (account_id, ticket_id) where ticket_id is not null do nothing
returning id`;

/** In the order of the index that there is anyway: one more would cost every write. */
const ROTATION = `
select ticket_id from replicas
where account_id = $1 and ticket_id > coalesce((select rotation from accounts where id = $1), '') and state = 'present' and looked < $2
order by ticket_id limit $3`;

/** Rows that are locked are on their way anyway; waiting for them in an order of our own could end in a deadlock. */
const HASTEN = `
with waiting as (
  select id from replicas where account_id = $1 and lease is null and due_at > now() for update skip locked
)
update replicas r set due_at = now() from waiting where r.id = waiting.id`;

const MEND = `
with behind as (
  select id from replicas where due_at is null and (signalled > read or wanted > version or open) for update skip locked
)
update replicas r set due_at = now() from behind where r.id = behind.id
returning r.id`;

export function createLanes(ports: { readonly database: Database; readonly world: World; readonly snapshots: Snapshots }): LaneStore {
  const { database, world, snapshots } = ports;
  const commit = createTurns(database);
  const emptyDoc = toJson(docOf(strangerReplica('', 0, null)));

  const withSnapshot = (lane: Lane): Lane => ({ ...lane, snapshot: snapshots.take(lane.replica.id, lane.signalled) });

  return {
    async claim(slots, most, leaseMs) {
      const taken = await database.run<{ id: string; lease: string }>('lanes_claim', CLAIM, [slots.map((slot) => slot.account_id), slots.map((slot) => slot.free), leaseMs, most]);
      if (taken.length === 0) return [];
      const rows = await database.run<LaneRow>('lanes_taken', TAKEN, [taken.map(({ id }) => id), taken.map(({ lease }) => lease)]);
      return rows.map((row) => withSnapshot(laneOf(row)));
    },
    commit,
    async link(id) {
      const [row] = await database.run<LinkRow>('link', `select ${LINK_COLUMNS} from links l where l.id = $1`, [id]);
      if (row === undefined) throw new Error(`no link ${id}`);
      return linkOf(row);
    },
    async renew(leases, leaseMs) {
      if (leases.length === 0) return;
      await database.run('lanes_renew', RENEW, [leases.map(({ replica_id }) => replica_id), leases.map(({ lease }) => lease), leaseMs]);
    },
    async giveBack(leases) {
      if (leases.length === 0) return;
      await database.run('lanes_give_back', GIVE_BACK, [leases.map(({ replica_id }) => replica_id), leases.map(({ lease }) => lease)]);
    },
    async byKey(accountId, key) {
      const [row] = await database.run<ReplicaRow>(
        'replica_by_key',
        `select ${REPLICA_COLUMNS}, ${REPLICA_COPIES} from replicas r where r.key = $2 and r.account_id = $1 and r.ticket_id is null`,
        [accountId, key],
      );
      return row === undefined ? null : replicaOf(row);
    },
    async createsOpen(accountId, time) {
      const rows = await database.run(
        'creates_open',
        `select 1 from replicas where account_id = $1 and state = 'creating' and (doc -> 'intent' ->> 'first_sent')::bigint <= $2 limit 1`,
        [accountId, time],
      );
      return rows.length > 0;
    },
    async isFollowed(accountId, ticketId) {
      const rows = await database.run('is_followed', `select 1 from followed where account_id = $1 and ticket_id = $2`, [accountId, ticketId]);
      return rows.length > 0;
    },
    async signal(accountId, signals) {
      if (signals.length === 0) return 0;
      const known = await database.run<{ id: string }>('lanes_signal', SIGNAL_KNOWN, [
        accountId,
        signals.map(({ ticketId }) => ticketId),
        signals.map(({ modified_at: at }) => (at === null ? 0 : Date.parse(at) || 0)),
        signals.map(({ is_deleted: deleted }) => deleted),
        signals.map(({ force }) => force),
      ]);
      const living = signals.filter(({ is_deleted: deleted, force }) => !deleted && !force);
      if (living.length === 0) return known.length;
      const strangers = await database.run<{ id: string }>('lanes_signal_new', SIGNAL_NEW, [
        accountId,
        living.map(() => world.id()),
        living.map(({ ticketId }) => ticketId),
        emptyDoc,
      ]);
      return known.length + strangers.length;
    },
    async leastLooked(accountId, before, limit) {
      const rows = await database.run<{ ticket_id: string }>('lanes_rotation', ROTATION, [accountId, before, limit]);
      // Short of the limit the end was reached, and the next turn begins anew.
      const place = rows.length < limit ? null : (rows.at(-1)?.ticket_id ?? null);
      await database.run('lanes_rotated', `update accounts set rotation = $2 where id = $1 and rotation is distinct from $2`, [accountId, place]);
      return rows.map((row) => row.ticket_id);
    },
    async hasten(accountId) {
      await database.run('lanes_hasten', HASTEN, [accountId]);
    },
    async mend() {
      const rows = await database.run(
        'lanes_mend',
        MEND,
        [],
      );
      return rows.length;
    },
  };
}

