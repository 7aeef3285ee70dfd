/**
 * The composition root: the only place that builds things. Reads as a list, from the database up to the HTTP server.
 * Tests call it with overrides.
 */
import { setMaxListeners } from 'node:events';
import { reachedAt, type Config, type Secrets } from './config.ts';
import { connectors as registry } from './connectors/index.ts';
import type { Automation } from './core/automation.ts';
import { limitsOf } from './core/guards.ts';
import type { MeshSubscription } from './contracts/mesh.ts';
import { compileWhere } from './contracts/where.ts';
import { createValidator } from './contracts/validator.ts';
import { createAutomate } from './engine/automate.ts';
import { createAudience } from './engine/audience.ts';
import { createDeliverer } from './engine/deliver.ts';
import { createHooks, type HookState } from './engine/hooks.ts';
import { followAccounts } from './engine/follow.ts';
import { createOperator } from './engine/operator.ts';
import { createReceiver } from './engine/receive.ts';
import { createRoster, type Roster } from './engine/roster.ts';
import { createEngine } from './engine/service.ts';
import { applySubscriptions } from './engine/subscribing.ts';
import { LEASE_MS } from './engine/worker.ts';
import { createHttp } from './http/app.ts';
import { hashOf, hintOf, newToken } from './http/api/callers.ts';
import { createApi } from './http/api/index.ts';
import { createRequestLog } from './http/request-log.ts';
import { listen } from './http/server.ts';
import { openNetwork } from './net/public-address.ts';
import type { Connector } from './ports/connector.ts';
import type { AccountDraft, Mirror, Store } from './ports/store.ts';
import type { MadeSubscription } from './ports/subscriptions.ts';
import type { World } from './ports/world.ts';
import { connectDatabase, type Database } from './store/database.ts';
import { connectToRunning, startEmbedded } from './store/embedded.ts';
import { checkSecretKey, createStore, type PostgresStore } from './store/index.ts';
import { migrate } from './store/migrate.ts';
import { createQueue, type BossQueue } from './store/queue.ts';
import { createSecretBox } from './store/secret-box.ts';
import { keptSecretKey } from './store/secret-key.ts';
import { createSpool } from './store/spool.ts';
import { formats } from './subscribers/index.ts';
import { createSend } from './subscribers/send.ts';
import { explainUnusable } from './store/unusable.ts';

/** Attempts at deliveries that are under way at the same time. */
const DELIVERIES_AT_ONCE = 256;

export interface AppOptions {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly world: World;
  readonly connectors?: Readonly<Record<string, Connector>>;
}

/** The accounts, mirrors and automations to be, checked already. */
export interface Desired {
  readonly accounts: readonly AccountDraft[];
  readonly mirrors: readonly Mirror[];
  readonly automations?: readonly Automation[];
  readonly subscriptions?: readonly MeshSubscription[];
}

export interface App {
  /** Where it listens, without a trailing slash; null for a process without a web role. */
  readonly url: string | null;
  readonly store: Store;
  readonly roster: Roster;
  readonly database: Database;
  /** The API token that was made just now, because there was none: it is shown once. */
  readonly apiToken: string | null;
  /** Makes accounts and mirrors as desired and sees to their hooks. Idempotent. */
  apply(desired: Desired): Promise<readonly HookState[]>;
  /** Makes the subscriptions of mesh.yaml as desired. Idempotent. Gives those that were made, with the secrets that are shown this once. */
  subscribe(wanted: readonly MeshSubscription[]): Promise<readonly MadeSubscription[]>;
  /** Takes no more, finishes what is under way, and lets go of everything, in the reverse order of the start. */
  stop(): Promise<void>;
}

/** So long desks may answer what they were asked before a stop: with that and the rest it ends before supervisors lose their patience. */
const STOP_GRACE_MS = 7_000;

/** Starts everything that the role asks for. What was begun is undone if a later part fails. */
export async function startApp({ config, secrets, world: outside, connectors = registry }: AppOptions): Promise<App> {
  const requests = createRequestLog(outside.log);
  const ending = new AbortController();
  // Every desk listens, and there may be many.
  setMaxListeners(0, ending.signal);
  const world: World = { ...outside, log: requests.log, ending: ending.signal };
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) {
      await step().catch((error: unknown) => world.log.error('stop.failed', { error }));
    }
  };
  try {
    const web = config.role !== 'worker';
    const working = config.role !== 'web';

    const opened = await openStore({ config, secrets, world, queue: true, working: working || config.embedded });
    undo.push(() => opened.close());
    const { database, store, queue } = opened;
    const roster = createRoster({ accounts: store.accounts, vault: store.vault, connectors, compileWhere, limits: limitsOf(config.guards), world });
    await roster.refresh(true);

    let url: string | null = null;
    let apiToken: string | null = null;
    const publicUrl = (): string => reachedAt(config, url);
    const hooks = createHooks({ roster, accounts: store.accounts, world, publicUrl: async () => reachedAt(config, url ?? (await store.address.read())) });
    const network = openNetwork(config.allowPrivateSubscribers);
    const files = createSpool();
    undo.push(() => files.close());
    const audience = createAudience({ subscriptions: store.subscriptions, automated: () => roster.automations().length > 0, world });
    const automate = createAutomate({
      automations: store.automations, roster, compileWhere, world, nudgeLanes: () => engine.worker.nudge(), nudgeDeliveries: () => deliverer.nudge(),
    });
    const deliverer = createDeliverer({ deliveries: store.deliveries, automate, formats, send: createSend(network), compileWhere, world, width: DELIVERIES_AT_ONCE });
    const engine = createEngine({
      store,
      queue,
      roster,
      hooks,
      files,
      world,
      settings: {
        lanes: config.workerLanes,
        sweepMs: config.sweepSeconds * 1_000,
        retainReceiptsMs: config.retainReceiptsDays * 86_400_000,
        retainOperationsMs: config.retainOperationsDays * 86_400_000,
        retainDeliveriesMs: config.retainDeliveriesDays * 86_400_000,
      },
      telling: { audience, deliverer, automate },
    });
    if (web) {
      const validators = Object.fromEntries(Object.values(connectors).map(({ about }) => [about.service, createValidator(about.webhooks)]));
      const receiver = createReceiver({ accounts: roster, connectors, intake: store.intake, world, validators, refresh: () => roster.refresh() });
      if (secrets.apiToken === null) apiToken = await firstToken(store, world);
      if (config.embedded) await store.once.liftLeases();
      const api = createApi({
        store,
        roster,
        hooks,
        operator: createOperator({ store, roster, connectors, world }),
        connectors,
        files,
        sealer: store.box,
        judging: { formats, allows: network.allows, compileWhere, isAccount: (id) => roster.byId(id) !== null },
        async deliver() {
          await audience.refresh();
          if (working) deliverer.nudge();
        },
        world,
        within: requests.within,
        publicUrl,
        settings: {
          usualRate: config.apiRequestsPerMinute,
          appId: config.appId,
          tokenHash: secrets.apiToken === null ? null : hashOf(secrets.apiToken.reveal()),
        },
      });
      const app = createHttp({ receiver, world, health: () => healthOf(store, queue, roster), routes: api.middleware });
      const listening = await listen({ app, host: config.host, port: config.port, world });
      undo.push(() => listening.close());
      url = listening.url;
      await store.address.write(publicUrl());
    }
    if (working) {
      if (config.embedded) await store.liftLeases();
      store.handOverTo(engine.worker);
      await engine.start();
      undo.push(async () => {
        // What is cut is not lost: its step is on record, and is looked for before anything is sent again.
        const patience = setTimeout(() => ending.abort(), STOP_GRACE_MS);
        await engine.stop().finally(() => clearTimeout(patience));
      });
    } else {
      undo.push(followAccounts(roster, world));
    }
    return {
      url,
      store,
      roster,
      database,
      apiToken,
      async apply(desired) {
        await store.accounts.apply(desired.accounts, desired.mirrors, limitsOf(config.guards), desired.automations);
        await roster.refresh(true);
        const states: HookState[] = [];
        for (const account of roster.all()) {
          const state = await hooks.ensure(account.id);
          if (state !== null) states.push(state);
        }
        return states;
      },
      async subscribe(wanted) {
        const made = await applySubscriptions({ subscriptions: store.subscriptions, roster }, wanted);
        await audience.refresh();
        return made;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The state, opened and migrated. */
export interface OpenStore {
  readonly database: Database;
  readonly store: PostgresStore;
  readonly queue: BossQueue;
  /** The names of the migrations that were applied just now. */
  readonly migrated: readonly string[];
  close(): Promise<void>;
}

/**
 * The database (the bundled one is started, or joined if another process runs it), migrated, and the store and the queue on it.
 * `queue: false` is for a process that leaves no work behind.
 */
export async function openStore(parts: {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly world: World;
  readonly queue: boolean;
  /** This process works: it needs the bundled database to itself, and the queue's upkeep. */
  readonly working?: boolean;
}): Promise<OpenStore> {
  const { config, secrets, world, working = false } = parts;
  const undo: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    let url = secrets.databaseUrl?.reveal() ?? (working ? null : await connectToRunning({ dataDir: config.dataDir }));
    if (url === null) {
      const embedded = await startEmbedded({ dataDir: config.dataDir, log: world.log });
      undo.push(() => embedded.stop());
      url = embedded.url;
    }
    const database = connectDatabase(url, world.log, { plain: config.backend === 'cockroachdb' });
    undo.push(() => database.close());
    const { applied: migrated } = await migrate(database.pool);
    const box = createSecretBox(secrets.secretKey?.reveal() ?? (await keptSecretKey(config.dataDir)));
    await checkSecretKey(database, box);
    const queue = createQueue({ url, backend: config.backend, world, working });
    if (parts.queue) {
      await queue.prepare();
      undo.push(() => queue.stop());
    }
    const store = createStore({ database, box, world, wake: parts.queue ? queue.wake : () => null, leaseMs: LEASE_MS });
    return { database, store, queue, migrated, close };
  } catch (error) {
    await close();
    throw secrets.databaseUrl === null ? error : explainUnusable(error, secrets.databaseUrl.reveal());
  }
}

/** Makes a token that reaches everything, unless there is one; null then. */
async function firstToken(store: PostgresStore, world: World): Promise<string | null> {
  const token = newToken();
  const made = await store.tokens.putFirst({
    id: world.id(),
    name: 'made on the first start',
    hash: hashOf(token),
    hint: hintOf(token),
    account_id: null,
    read_only: false,
    requests_per_minute: null,
  });
  return made === null ? null : token;
}

async function healthOf(store: Store, queue: BossQueue, roster: Roster): ReturnType<Parameters<typeof createHttp>[0]['health']> {
  const part = async (check: () => Promise<void>, message: string): Promise<{ ok: boolean; message?: string }> => {
    try {
      await check();
      return { ok: true };
    } catch {
      return { ok: false, message };
    }
  };
  return {
    database: await part(() => store.ping(), 'the database cannot be reached'),
    queue: await part(() => queue.ping(), 'the queue does not work'),
    accounts: roster.all().map(({ name, state, stopped_because: because, deletions_held: deletions, rules_held: rules }) => ({
      name,
      state,
      ...(because === null ? {} : { reason: because }),
      ...(deletions !== undefined && { deletions_held: deletions }), ...(rules !== undefined && { rules_held: rules }),
    })),
  };
}
