/** Requests with an Idempotency-Key: who has one in hand, what it was about to write, and its answer, sealed. */
import type { Intent } from '../core/state.ts';
import type { KeptAnswer, OnceStore } from '../ports/api.ts';
import type { World } from '../ports/world.ts';
import type { Database } from './database.ts';
import { toJson } from './rows.ts';
import type { SecretBox } from './secret-box.ts';

/** A key that is older counts as never used. */
const KEPT = `interval '24 hours'`;

const BEGIN = `
insert into once as o (id, caller, key, digest, lease, leased_until) values ($1, $2, $3, $4, $5, now() + $6 * interval '1 millisecond')
on conflict (caller, key) do update set
  id = case when o.created_at < now() - ${KEPT} then excluded.id else o.id end,
  digest = excluded.digest,
  intent = case when o.created_at < now() - ${KEPT} then null else o.intent end,
  answer = null, lease = excluded.lease, leased_until = excluded.leased_until,
  created_at = case when o.created_at < now() - ${KEPT} then now() else o.created_at end
where o.created_at < now() - ${KEPT}
  or (o.digest = excluded.digest and o.answer is null and (o.lease is null or o.leased_until < now()))
returning id, intent`;

interface StandingRow {
  readonly id: string;
  readonly digest: string;
  readonly answer: string | null;
  readonly leased_until: Date | null;
}

export function createOnce(database: Database, box: SecretBox, world: Pick<World, 'id'>): OnceStore {
  const context = (id: string): string => `once:${id}:answer`;
  return {
    async begin({ caller, key, digest }, leaseMs) {
      const lease = world.id();
      const [ours] = await database.run<{ id: string; intent: Intent | null }>('once_begin', BEGIN, [world.id(), caller, key, digest, lease, leaseMs]);
      if (ours !== undefined) return { kind: 'ours', lease, ...ours };
      const [row] = await database.run<StandingRow>('once_standing', `select id, digest, answer, leased_until from once where caller = $1 and key = $2`, [caller, key]);
      // Gone between two statements: whoever had it let go.
      if (row === undefined) return { kind: 'running', until: 0 };
      if (row.digest !== digest) return { kind: 'other' };
      if (row.answer !== null) return { kind: 'done', answer: JSON.parse(box.open(row.answer, context(row.id))) as KeptAnswer };
      return { kind: 'running', until: row.leased_until?.getTime() ?? 0 };
    },
    async intend(id, lease, intent) {
      const rows = await database.run('once_intend', `update once set intent = $3 where id = $1 and lease = $2 returning id`, [
        id,
        lease,
        intent === null ? null : toJson(intent),
      ]);
      return rows.length > 0;
    },
    async renew(id, lease, leaseMs) {
      await database.run('once_renew', `update once set leased_until = now() + $3 * interval '1 millisecond' where id = $1 and lease = $2`, [id, lease, leaseMs]);
    },
    async finish(id, lease, answer) {
      await database.run('once_finish', `update once set answer = $3, intent = null, lease = null where id = $1 and lease = $2`, [
        id,
        lease,
        box.seal(JSON.stringify(answer), context(id)),
      ]);
    },
    async release(id, lease) {
      await database.run('once_release', `update once set lease = null where id = $1 and lease = $2`, [id, lease]);
    },
    async liftLeases() {
      await database.run('once_lift', `update once set lease = null where lease is not null`, []);
    },
  };
}
