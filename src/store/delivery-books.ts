/** Deliveries as people see them, and as they have them done again. */
import type { MeshEvent } from '../core/mesh-event.ts';
import type { AttemptRecord, DeliveryBooks, WholeDelivery } from '../ports/subscriptions.ts';
import type { World } from '../ports/world.ts';
import type { Database } from './database.ts';
import { DELIVERY_COLUMNS, deliveryOf, unblock, type DeliveryRow, type LaneKey } from './delivery-rows.ts';
import { toJson } from './rows.ts';

const FILTERS = `
  and ($3::uuid is null or d.subscription_id = $3) and ($4::text is null or d.state = $4) and ($5::text is null or d.event_type = $5)
  and ($6::uuid is null or d.event_id = $6)
  and ($7::float8 is null or d.created_at >= to_timestamp($7::float8 / 1000)) and ($8::float8 is null or d.created_at < to_timestamp($8::float8 / 1000))`;
const LIST = `
select ${DELIVERY_COLUMNS} from deliveries d where d.id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') ${FILTERS} order by d.id desc limit $2`;

const ONE = `
select ${DELIVERY_COLUMNS}, o.doc as event from deliveries d left join outbox o on o.id = d.event_id where d.id = $1`;
const RECORD = `select at, ms, status, failure, headers, body from attempts where delivery_id = $1 order by attempts.id`;

/** What waits stays as it is: it goes out anyway. */
const REOPENED = `
  set state = 'waiting', tries = 0, retry = true, settled_at = null,
    due_at = case when d.lane is null then now() end
  where d.state <> 'waiting' and exists (select 1 from outbox o where o.id = d.event_id)`;
const REPLAY = `update deliveries d ${REOPENED} and d.id = $1 returning d.subscription_id, d.lane`;
const REPLAY_ALL = `
with chosen as (
  select id from deliveries where subscription_id = $1 and state <> 'waiting' and ($4::boolean is false or state = 'dead')
    and created_at >= to_timestamp($2::float8 / 1000) and created_at < to_timestamp($3::float8 / 1000)
    and exists (select 1 from outbox o where o.id = event_id)
  order by id limit $5
)
update deliveries d ${REOPENED} and d.id in (select id from chosen) returning d.subscription_id, d.lane`;
/** How many are replayed in one statement. */
const STEP = 2_000;

const TEST_EVENT = `insert into outbox (id, type, account_id, doc, dispatched) values ($1, $2, $3, $4, true)`;
const TEST = `
insert into deliveries (id, subscription_id, event_id, event_type, seq, test, due_at)
select $1, s.id, o.id, o.type, o.seq, true, now() from subscriptions s, outbox o where s.id = $2 and o.id = $3 returning id`;

const SAMPLES = `
select doc from outbox
where type = any($1::text[]) and ($2::int is null or account_id = $2) and ($3::boolean or not (doc ->> 'private')::boolean) and doc ->> 'test' is null
order by outbox.seq desc limit $4`;

interface AttemptRow extends Omit<AttemptRecord, 'at'> {
  readonly at: Date;
}

export function createDeliveryBooks({ database, world }: { readonly database: Database; readonly world: Pick<World, 'id'> }): DeliveryBooks {
  async function byId(id: string): Promise<WholeDelivery | null> {
    const [row] = await database.run<DeliveryRow & { readonly event: MeshEvent | null }>('delivery', ONE, [id]);
    if (row === undefined) return null;
    const record = await database.run<AttemptRow>('attempts', RECORD, [id]);
    return { ...deliveryOf(row), event: row.event, record: record.map((attempt) => ({ ...attempt, at: attempt.at.getTime() })) };
  }

  return {
    byId,
    async list({ subscription_id, state, event_type, event_id, since, until }, { before, limit }) {
      const filters = [subscription_id, state, event_type, event_id, since, until].map((value) => value ?? null);
      return (await database.run<DeliveryRow>('deliveries_list', LIST, [before, limit, ...filters])).map(deliveryOf);
    },
    async replay(id) {
      const lanes = await database.run<LaneKey>('delivery_replay', REPLAY, [id]);
      await unblock(database, lanes);
      return lanes.length > 0;
    },
    async replayAll(subscriptionId, { since, until, failed }) {
      for (let total = 0; ; ) {
        const lanes = await database.run<LaneKey>('deliveries_replay', REPLAY_ALL, [subscriptionId, since, until, failed, STEP]);
        await unblock(database, lanes);
        total += lanes.length;
        if (lanes.length < STEP) return total;
      }
    },
    async test(subscriptionId, event) {
      const id = world.id();
      await database.transaction(async (sql) => {
        await sql.run('test_event', TEST_EVENT, [event.id, event.type, event.account?.id ?? null, toJson(event)]);
        await sql.run('test_delivery', TEST, [id, subscriptionId, event.id]);
      });
      return byId(id);
    },
    async samples({ types, account_id: account = null as number | null, private: shut }, limit) {
      return (await database.run<{ doc: MeshEvent }>('samples', SAMPLES, [types, account, shut, limit])).map(({ doc }) => doc);
    },
  };
}
