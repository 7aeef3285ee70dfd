/** What waits for a person in the replicas' rows, and letting it go. */
import type { ParkedStore } from '../ports/repair.ts';
import type { Database, Sql } from './database.ts';
import type { Wake } from './intake.ts';
import { REPLICA_COLUMNS, REPLICA_COPIES, replicaOf, type ReplicaRow } from './rows.ts';

const NO_ID = '00000000-0000-0000-0000-000000000000';

const PARKED = `
select ${REPLICA_COLUMNS}, ${REPLICA_COPIES} from replicas r
where r.parked and r.id > $2::uuid and ($1::int is null or r.account_id = $1) order by r.id limit $3`;

/**
 * Whoever has a lane in hand writes the whole document, so only lanes at rest are touched, and those whose lease has run out. A row
 * that is locked is being written just now.
 */
const FREE = `
with freed as (
  select r.id, (r.doc -> 'held')::jsonb as held, t.names from replicas r
  join jsonb_to_recordset($1::jsonb) as t (replica_id uuid, names jsonb) on t.replica_id = r.id
  where r.lease is null or r.due_at <= now() for update of r skip locked
), left_over as (
  select f.id, coalesce((select jsonb_object_agg(h.key, h.value) from jsonb_each(f.held) h
    where jsonb_typeof(f.names) = 'array' and not f.names @> to_jsonb(h.key)), '{}'::jsonb) as held
  from freed f
)
update replicas r set doc = (r.doc::jsonb - 'failures' || jsonb_build_object('held', l.held))::json, lease = null, due_at = now(),
  parked = exists (select 1 from jsonb_each(l.held) h where (h.value ->> 'count')::int >= 2)
from left_over l where r.id = l.id returning r.id`;

const WAKE = `
with resting as (
  select id from replicas where id = any($1::uuid[]) and (lease is null or due_at <= now()) for update skip locked
)
update replicas r set due_at = now(), lease = null from resting where r.id = resting.id`;

export function createParked({ database, wake }: { readonly database: Database; readonly wake: Wake }): ParkedStore {
  /** Workers elsewhere are told in the same transaction. */
  const woken = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    database.transaction(async (sql) => {
      const result = await work(sql);
      await wake('now')?.(sql);
      return result;
    });

  return {
    async parked(accountId, after, limit) {
      return (await database.run<ReplicaRow>('parked', PARKED, [accountId, after ?? NO_ID, limit])).map(replicaOf);
    },
    async free(steps) {
      if (steps.length === 0) return [];
      const rows = await woken((sql) => sql.run<{ id: string }>('parked_free', FREE, [JSON.stringify(steps)]));
      return rows.map(({ id }) => id);
    },
    async wake(ids) {
      if (ids.length > 0) await woken((sql) => sql.run('lanes_wake', WAKE, [ids]));
    },
  };
}
