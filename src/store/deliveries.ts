/** Deliveries at work: made of events, taken, settled. Statements over arrays; times are the database's. */
import { DISABLE_AFTER_MS } from '../core/delivery.ts';
import type { MeshEvent } from '../core/mesh-event.ts';
import type { Claimed, DeliverySlot, DeliveryStore, OpenSubscription, Settled, Standing } from '../ports/subscriptions.ts';
import type { World } from '../ports/world.ts';
import { createBatch } from './batch.ts';
import { isAway, type Database, type Sql } from './database.ts';
import { enqueueRuns } from './automations.ts';
import { unblock, type LaneKey, type TellingRow } from './delivery-rows.ts';
import { outboxRow, OUTBOX } from './outbox.ts';
import { toJson } from './rows.ts';
import type { SecretBox } from './secret-box.ts';
import { openAll } from './subscriptions.ts';

const NEXT = `select seq::text as seq, doc from outbox where not dispatched order by outbox.seq limit $1`;
const DISPATCHED = `update outbox set dispatched = true where seq = any($1::bigint[])`;

/** In the order of the events; of a lane only the first is due, and none while an earlier one waits. */
const MAKE = `
with fresh as (
  select t.*, row_number() over (partition by t.subscription_id, t.lane order by t.seq) as place
  from jsonb_to_recordset($1::jsonb) as t (id uuid, subscription_id uuid, event_id uuid, event_type text, seq bigint, lane text)
)
insert into deliveries (id, subscription_id, event_id, event_type, seq, lane, due_at)
select id, subscription_id, event_id, event_type, seq, lane, case when lane is null or (place = 1 and not exists (
  select 1 from deliveries e where e.subscription_id = fresh.subscription_id and e.lane = fresh.lane and e.state = 'waiting')) then now() end
from fresh where exists (select 1 from subscriptions s where s.id = fresh.subscription_id)
on conflict (subscription_id, event_id) do nothing`;

const STANDING = `
select s.id, s.failing_since is not null as failing, not s.enabled or coalesce(s.paused_until > now(), false) as tests_only, f.due as fresh, r.due as retries,
  (select version::text from dispatch) as version
from subscriptions s
cross join lateral (select exists (select 1 from deliveries d where d.subscription_id = s.id and not d.retry and d.due_at <= now()) as due) f
cross join lateral (select exists (select 1 from deliveries d where d.subscription_id = s.id and d.retry and d.due_at <= now()) as due) r
where f.due or r.due`;

const CLAIM = `
with due as (
  select c.id from unnest($1::uuid[], $2::int[], $3::boolean[]) as s (subscription_id, free, tests_only)
  cross join lateral (
    select d.id from deliveries d
    where d.subscription_id = s.subscription_id and d.retry = $4 and d.due_at <= now() and (d.test or not s.tests_only)
    order by d.due_at, d.seq limit s.free for update skip locked
  ) c
), taken as (
  update deliveries d set lease = gen_random_uuid(), due_at = now() + $5 * interval '1 millisecond'
  from due where d.id = due.id
  returning d.id, d.subscription_id, d.event_id, d.lease, d.lane, d.tries, d.seq, d.test
)
select t.id, t.subscription_id, t.lease, t.lane, t.tries, t.test, o.doc as event, h.thread
from taken t join outbox o on o.id = t.event_id
left join threads h on h.subscription_id = t.subscription_id and h.link_id::text = o.doc ->> 'link'
order by t.seq`;

/** An endpoint's rate: so many may go now, of a bucket that holds a second's worth. They count as gone until they are handed back. */
const RESERVE = `
with open as (
  select s.id, 60000.0 / s.rate_per_minute as every, greatest(1, s.rate_per_minute / 60) as most, greatest(coalesce(s.rate_at, now()), now()) as at, t.free
  from subscriptions s join unnest($1::uuid[], $2::int[]) as t (id, free) on s.id = t.id
  where s.rate_per_minute is not null for update of s
), taken as (
  select id, every, at, least(free, greatest(0, floor(most - extract(epoch from at - now()) * 1000 / every)))::int as n from open
)
update subscriptions s set rate_at = taken.at + taken.n * taken.every * interval '1 millisecond' from taken where s.id = taken.id
returning s.id, taken.n`;

const UNRESERVE = `
update subscriptions s set rate_at = s.rate_at - t.n * (60000.0 / s.rate_per_minute) * interval '1 millisecond'
from unnest($1::uuid[], $2::int[]) as t (id, n) where s.id = t.id and s.rate_per_minute is not null`;

/** An answer that it was taken counts even if the lease ran out meanwhile; every attempt is kept. */
const SETTLE = `
with told as (
  select * from jsonb_to_recordset($1::jsonb) as t (id uuid, lease uuid, subscription_id uuid, well boolean, state text, reason text, in_ms float8, at float8, ms int, status int, failure text, headers jsonb, body text)
), settled as (
  update deliveries d set state = t.state, reason = t.reason, attempts = d.attempts + 1, tries = d.tries + 1, retry = true, lease = null,
    due_at = case when t.state = 'waiting' then now() + t.in_ms * interval '1 millisecond' end,
    settled_at = case when t.state = 'waiting' then null else now() end
  from told t where d.id = t.id and (d.lease = t.lease or (t.state = 'delivered' and d.state = 'waiting'))
), well as (
  update subscriptions s set failing_since = null where s.failing_since is not null and s.id in (select t.subscription_id from told t where t.well)
)
insert into attempts (delivery_id, at, ms, status, failure, headers, body)
select t.id, to_timestamp(t.at / 1000), t.ms, t.status, t.failure, t.headers, t.body from told t where exists (select 1 from deliveries d where d.id = t.id)`;

const THREADS = `
insert into threads (subscription_id, link_id, thread) select * from unnest($1::uuid[], $2::uuid[], $3::text[])
on conflict (subscription_id, link_id) do nothing`;

const FAILING = `update subscriptions set failing_since = now() where id = any($1::uuid[]) and failing_since is null`;
const PAUSE = `
update subscriptions s set paused_until = greatest(s.paused_until, now() + t.ms * interval '1 millisecond')
from unnest($1::uuid[], $2::float8[]) as t (id, ms) where s.id = t.id`;
const DISABLE = `
update subscriptions set enabled = false, disabled_by = t.by, disabled_because = t.because, disabled_at = now()
from unnest($1::uuid[], $2::text[], $3::text[]) as t (id, by, because)
where subscriptions.id = t.id and enabled and (t.by = 'gone' or failing_since <= now() - $4 * interval '1 millisecond')
returning subscriptions.id, name, t.because`;

/** What is gone wants nothing that waits either. */
const GONE = `update deliveries set state = 'dead', reason = 'its endpoint is gone (410)', due_at = null, lease = null, settled_at = now() where subscription_id = any($1::uuid[]) and state = 'waiting'`;

const GIVE_BACK = `
update deliveries d set due_at = now(), lease = null from unnest($1::uuid[], $2::uuid[]) as t (id, lease) where d.id = t.id and d.lease = t.lease`;

const BLOCKED = `
select distinct d.subscription_id, d.lane from deliveries d
where d.state = 'waiting' and d.due_at is null and d.lane is not null and not exists (
  select 1 from deliveries e where e.subscription_id = d.subscription_id and e.lane = d.lane and e.state = 'waiting' and e.due_at is not null)
limit 1000`;

/** Attempts that are kept in one commit at most. */
const MOST_SETTLED = 100;

export function createDeliveries(ports: { readonly database: Database; readonly box: SecretBox; readonly world: Pick<World, 'id' | 'now'> }): DeliveryStore {
  const { database, world } = ports;
  let known: { readonly version: string; readonly subscriptions: readonly OpenSubscription[] } | null = null;

  async function loaded(sql: Sql, version: string): Promise<readonly OpenSubscription[]> {
    if (known?.version !== version) known = { version, subscriptions: await openAll(sql, ports.box, world.now()) };
    return known.subscriptions;
  }

  async function reserved(slots: readonly DeliverySlot[]): Promise<ReadonlyMap<string, number>> {
    const limited = new Set(known?.subscriptions.filter((one) => one.rate_per_minute !== null).map(({ id }) => id));
    const asking = slots.filter((slot) => limited.has(slot.subscription_id));
    if (asking.length === 0) return new Map();
    const rows = await database.run<{ id: string; n: number }>('deliveries_reserve', RESERVE, [asking.map((slot) => slot.subscription_id), asking.map(({ free }) => free)]);
    return new Map(rows.map(({ id, n }) => [id, n]));
  }

  async function unreserve(reserve: ReadonlyMap<string, number>, claimed: readonly Claimed[]): Promise<void> {
    const left = [...reserve].map(([id, n]) => ({ id, n: n - claimed.filter((one) => one.subscription_id === id).length })).filter(({ n }) => n > 0);
    if (left.length > 0) await database.run('deliveries_unreserve', UNRESERVE, [left.map(({ id }) => id), left.map(({ n }) => n)]);
  }

  const batch = createBatch<Settled, void>({
    most: MOST_SETTLED,
    hopeless: isAway,
    async flush(settled) {
      // Mostly one statement, which needs no transaction around it.
      const plain = settled.every(({ thread, endpoint, pause_ms: pause }) => thread === null && (endpoint === null || endpoint === 'well') && pause === null);
      await unblock(database, plain ? await settleIn(database, settled) : await database.transaction((sql) => settleIn(sql, settled)));
      return settled.map(() => undefined);
    },
  });

  async function settleIn(sql: Sql, settled: readonly Settled[]): Promise<readonly LaneKey[]> {
    const rows = settled.map(({ claimed, state, reason, in_ms, attempt, endpoint }) => ({ id: claimed.id, lease: claimed.lease, subscription_id: claimed.subscription_id, well: endpoint === 'well', state, reason, in_ms, ...attempt }));
    await sql.run('deliveries_settle', SETTLE, [toJson(rows)]);
    const threads = settled.filter(({ thread, claimed }) => thread !== null && claimed.event.link !== null);
    if (threads.length > 0) await sql.run('threads', THREADS, [threads.map(({ claimed }) => claimed.subscription_id), threads.map(({ claimed }) => claimed.event.link), threads.map(({ thread }) => thread)]);
    await noteHealth(sql, settled);
    return settled.filter(({ state }) => state !== 'waiting').map(({ claimed }) => claimed);
  }

  async function noteHealth(sql: Sql, settled: readonly Settled[]): Promise<void> {
    const ids = (of: Settled['endpoint']): string[] => [...new Set(settled.filter(({ endpoint }) => endpoint === of).map(({ claimed }) => claimed.subscription_id))];
    const well = ids('well');
    const failing = ids('failing').filter((id) => !well.includes(id));
    const gone = ids('gone');
    if (failing.length > 0) await sql.run('subscriptions_failing', FAILING, [failing]);
    const pauses = settled.filter(({ pause_ms: ms }) => ms !== null);
    if (pauses.length > 0) {
      const longest = new Map<string, number>();
      for (const { claimed, pause_ms: ms } of pauses) longest.set(claimed.subscription_id, Math.max(longest.get(claimed.subscription_id) ?? 0, ms ?? 0));
      await sql.run('subscriptions_pause', PAUSE, [[...longest.keys()], [...longest.values()]]);
    }
    if (failing.length + gone.length > 0) await disable(sql, failing, gone);
  }

  async function disable(sql: Sql, failing: readonly string[], gone: readonly string[]): Promise<void> {
    const days = Math.round(DISABLE_AFTER_MS / 86_400_000);
    const all = [...gone.map((id) => [id, 'gone', 'its endpoint said that it is gone (410)']), ...failing.map((id) => [id, 'failures', `every attempt failed for ${days} days`])];
    const disabled = await sql.run<{ id: string; name: string | null; because: string }>('subscriptions_disable', DISABLE, [
      all.map(([id]) => id), all.map(([, by]) => by), all.map(([, , because]) => because), DISABLE_AFTER_MS,
    ]);
    if (disabled.length === 0) return;
    await sql.run('dispatch_bump', `update dispatch set version = version + 1`, []);
    const ended = disabled.filter(({ id }) => gone.includes(id)).map(({ id }) => id);
    if (ended.length > 0) await sql.run('deliveries_gone', GONE, [ended]);
    const events = disabled.map(({ id, name, because }): MeshEvent => ({
      id: world.id(), type: 'subscription.disabled', time: new Date(world.now()).toISOString(), account: null, link: null, cause: 'mirror', private: false, ticket: null,
      reason: because, subscription: { id, name },
    }));
    await sql.run('outbox', OUTBOX.text, OUTBOX.values([events.map((event) => outboxRow(event))]));
  }

  return {
    async dispatch(most, plan) {
      const waiting = await database.run('outbox_any', `select 1 from outbox where not dispatched limit 1`, []);
      if (waiting.length === 0) return 0;
      const made = await database.transaction(async (sql) => {
        const [row] = await sql.run<{ version: string }>('dispatch_hold', `select version::text as version from dispatch for update`, []);
        const subscriptions = await loaded(sql, row?.version ?? '');
        const events = await sql.run<TellingRow>('outbox_next', NEXT, [most]);
        const planned = events.map(({ seq, doc }) => ({ seq, doc, ...plan(doc, subscriptions) }));
        const drafts = planned.flatMap(({ seq, doc, deliveries }) => deliveries.map((draft) => ({ ...draft, event_id: doc.id, event_type: doc.type, seq })));
        if (drafts.length > 0) await sql.run('deliveries_make', MAKE, [toJson(drafts)]);
        await enqueueRuns(sql, planned.flatMap(({ runs }) => runs));
        if (events.length > 0) await sql.run('outbox_dispatched', DISPATCHED, [events.map(({ seq }) => seq)]);
        return { events: events.length, drafts };
      });
      await unblock(database, made.drafts);
      return made.events;
    },
    async standing() {
      const rows = await database.run<Standing & { readonly version: string }>('deliveries_standing', STANDING, []);
      return { standing: rows, subscriptions: rows[0] === undefined ? [] : await loaded(database, rows[0].version) };
    },
    async claim(slots, retries, leaseMs) {
      const reserve = await reserved(slots);
      const asked = slots.map((slot) => ({ ...slot, free: reserve.get(slot.subscription_id) ?? slot.free })).filter(({ free }) => free > 0);
      if (asked.length === 0) return [];
      const claimed = await database.run<Claimed>('deliveries_claim', CLAIM, [
        asked.map((slot) => slot.subscription_id), asked.map(({ free }) => free), asked.map((slot) => slot.tests_only), retries, leaseMs,
      ]);
      await unreserve(reserve, claimed);
      return claimed;
    },
    settle: (settled) => batch.add(settled),
    async giveBack(claimed) {
      if (claimed.length > 0) await database.run('deliveries_give_back', GIVE_BACK, [claimed.map(({ id }) => id), claimed.map(({ lease }) => lease)]);
    },
    async mend() {
      return unblock(database, await database.run<LaneKey>('deliveries_blocked', BLOCKED, []));
    },
    async liftLeases() {
      await database.run('deliveries_lift', `update deliveries set lease = null, due_at = now() where lease is not null`, []);
    },
  };
}
