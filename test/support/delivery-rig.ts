/** The real delivery engine on a database of its own, with real endpoints; days pass by moving what is stored. */
import { compileWhere } from '../../src/contracts/where.ts';
import { USUAL_SUBSCRIPTION } from '../../src/core/subscription.ts';
import type { MeshEvent } from '../../src/core/mesh-event.ts';
import { createDeliverer, type Deliverer } from '../../src/engine/deliver.ts';
import { openNetwork, type Network } from '../../src/net/public-address.ts';
import type { Subscription, SubscriptionDraft } from '../../src/ports/subscriptions.ts';
import type { World } from '../../src/ports/world.ts';
import { connectDatabase, type Database } from '../../src/store/database.ts';
import { createStore, type PostgresStore } from '../../src/store/index.ts';
import { tell } from '../../src/store/outbox.ts';
import { createSecretBox } from '../../src/store/secret-box.ts';
import { formats } from '../../src/subscribers/index.ts';
import { createSend } from '../../src/subscribers/send.ts';
import { createWorld } from '../../src/world.ts';
import { createTestDatabase, silentLog } from './database.ts';

export interface DeliveryRig {
  readonly database: Database;
  readonly store: PostgresStore;
  readonly world: World;
  readonly deliverer: Deliverer;
  subscribe(draft: Partial<SubscriptionDraft> & { readonly url: string }): Promise<Subscription & { readonly secret: string }>;
  /** Commits events, as the engine does, and tells the deliverer. */
  tell(events: readonly MeshEvent[]): Promise<void>;
  /** So much time passes for everything that is stored. */
  pass(ms: number): Promise<void>;
  /** How many deliveries of a subscription stand so. */
  count(subscriptionId: string, state: string): Promise<number>;
  close(): Promise<void>;
}

export async function startDeliveries(options: { readonly network?: Network; readonly width?: number } = {}): Promise<DeliveryRig> {
  const fresh = await createTestDatabase();
  const database = connectDatabase(fresh.url, silentLog);
  const world = createWorld({ level: 'silent' });
  const store = createStore({ database, box: createSecretBox('a key that only tests are sealed with'), world, wake: () => null, leaseMs: 30_000 });
  const network = options.network ?? openNetwork(['127.0.0.0/8']);
  const deliverer = createDeliverer({ deliveries: store.deliveries, formats, send: createSend(network), compileWhere, world, width: options.width ?? 256 });
  deliverer.start();
  return {
    database,
    store,
    world,
    deliverer,
    async subscribe(draft) {
      const made = await store.subscriptions.make(world.id(), { ...USUAL_SUBSCRIPTION, events: ['*'], secret: null, token: null, ...draft });
      if ('taken' in made) throw new Error('the name is taken');
      return { ...made.subscription, secret: made.secret ?? draft.secret ?? '' };
    },
    async tell(events) {
      for (let at = 0; at < events.length; at += 500) await database.transaction((sql) => tell(sql, events.slice(at, at + 500)));
      deliverer.nudge();
    },
    async pass(ms) {
      const by = `$1 * interval '1 millisecond'`;
      // What is being written just now lives in the present.
      await database.run('pass_deliveries', `
        with quiet as (select id from deliveries where lease is null for update skip locked)
        update deliveries d set due_at = due_at - ${by}, created_at = created_at - ${by}, settled_at = settled_at - ${by} from quiet where d.id = quiet.id`, [ms]);
      await database.run('pass_subscriptions', `update subscriptions set failing_since = failing_since - ${by}, paused_until = paused_until - ${by}, rate_at = rate_at - ${by}`, [ms]);
      deliverer.nudge();
    },
    async count(subscriptionId, state) {
      const [row] = await database.run<{ n: number }>('count', `select count(*)::int as n from deliveries where subscription_id = $1 and state = $2`, [subscriptionId, state]);
      return row?.n ?? 0;
    },
    async close() {
      await deliverer.stop();
      await database.close();
      await fresh.drop();
    },
  };
}

/** An event of ticket `n`; `serial` tells the events of one ticket apart. */
export function eventOf(world: Pick<World, 'id'>, n: number, serial: number, more: Partial<MeshEvent> = {}): MeshEvent {
  const link = `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
  return {
    id: world.id(), type: 'ticket.updated', time: new Date(Date.UTC(2026, 0, 31)).toISOString(), account: { id: 3, name: 'support', service: 'zendesk' }, link, cause: 'person', private: false,
    ticket: { id: `ticket_${n}`, raw_id: String(n), url: null, subject: `${n}/${serial}`, status: 'open' },
    ...more,
  };
}
