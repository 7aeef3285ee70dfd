/** The store on PostgreSQL, put together. */
import type { Vault } from '../ports/connector.ts';
import type { MeshRehearsal, ParkedStore, Survey } from '../ports/repair.ts';
import type { AccountStore, Store } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import type { AccountBooks, EventFeed, GivenStore, OnceStore, Records, TokenStore } from '../ports/api.ts';
import type { DeliveryBooks, DeliveryStore, SubscriptionStore } from '../ports/subscriptions.ts';
import { createAccountBooks } from './account-books.ts';
import { createAccounts } from './accounts.ts';
import { createAddress, type AddressStore } from './address.ts';
import { createDeliveries } from './deliveries.ts';
import { createDeliveryBooks } from './delivery-books.ts';
import { createAutomations } from './automations.ts';
import { createBackfills } from './backfills.ts';
import type { Database } from './database.ts';
import { createFeed } from './feed.ts';
import { createGiven } from './given.ts';
import { createIntake, type Handover, type Wake } from './intake.ts';
import { createLanes } from './lanes.ts';
import { createOnce } from './once.ts';
import { createParked } from './parked.ts';
import { createRecords } from './records.ts';
import { createRetention } from './retention.ts';
import type { SecretBox } from './secret-box.ts';
import { createSnapshots } from './snapshots.ts';
import { createSubscriptions } from './subscriptions.ts';
import { createSurvey } from './survey.ts';
import { createTokens } from './tokens.ts';
import { createVault } from './vault.ts';

export interface PostgresStore extends Store {
  readonly accounts: AccountStore & MeshRehearsal;
  readonly vault: Vault;
  readonly books: AccountBooks;
  readonly tokens: TokenStore;
  readonly once: OnceStore;
  readonly feed: EventFeed;
  readonly given: GivenStore;
  readonly records: Records;
  readonly survey: Survey;
  readonly parked: ParkedStore;
  readonly subscriptions: SubscriptionStore;
  readonly deliveries: DeliveryStore;
  readonly deliveryBooks: DeliveryBooks;
  readonly address: AddressStore;
  /** Seals what must come back as it was given out. */
  readonly box: SecretBox;
  /** Lanes of new tickets go straight to this worker from now on. */
  handOverTo(handover: Handover | null): void;
  /** Leases of a process that is gone for certain are lifted: at the start of the only process there can be. */
  liftLeases(): Promise<void>;
}

export function createStore(ports: {
  readonly database: Database;
  readonly box: SecretBox;
  readonly world: World;
  readonly wake: Wake;
  readonly leaseMs: number;
}): PostgresStore {
  const { database, world } = ports;
  const snapshots = createSnapshots();
  const deliveries = createDeliveries({ database, box: ports.box, world });
  let handover: Handover | null = null;
  return {
    intake: createIntake({ database, world, snapshots, handover: () => handover, wake: ports.wake, leaseMs: ports.leaseMs }),
    lanes: createLanes({ database, world, snapshots }),
    accounts: createAccounts(database, ports.box),
    vault: createVault(database, ports.box),
    books: createAccountBooks(database, ports.box),
    tokens: createTokens(database),
    once: createOnce(database, ports.box, world),
    feed: createFeed(database),
    given: createGiven(database),
    records: createRecords({ database, world, wake: ports.wake }),
    box: ports.box,
    survey: createSurvey(database),
    parked: createParked({ database, wake: ports.wake }),
    subscriptions: createSubscriptions({ database, box: ports.box, world }),
    deliveries,
    deliveryBooks: createDeliveryBooks({ database, world }),
    automations: createAutomations(database),
    backfills: createBackfills({ database, world }),
    address: createAddress(database),
    retention: createRetention(database),
    async ping() {
      await database.run('ping', 'select 1', []);
    },
    handOverTo(next) {
      handover = next;
    },
    async liftLeases() {
      await database.run('leases_lift', `update replicas set lease = null, due_at = now() where lease is not null`, []);
      await deliveries.liftLeases();
      await database.run('leases_lift_runs', `update automation_runs set lease = null, due_at = now() where lease is not null`, []);
      await database.run('backfill_leases_lift', `update backfills set lease = null, leased_until = null where lease is not null`, []);
    },
  };
}

/** Proves that SECRET_KEY is the one that this database's credentials were sealed with; the first start sets it. */
export async function checkSecretKey(database: Database, box: SecretBox): Promise<void> {
  const [row] = await database.run<{ key_fingerprint: string | null }>('fingerprint', `select key_fingerprint from configuration`, []);
  if (row?.key_fingerprint != null) {
    box.expect(row.key_fingerprint);
    return;
  }
  await database.run('fingerprint_set', `update configuration set key_fingerprint = $1 where key_fingerprint is null`, [box.fingerprint()]);
}
