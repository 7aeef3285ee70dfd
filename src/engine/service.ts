/** The engine at work in one process: the worker, the sweeps and the retention, driven by the queue, and the backfills. */
import type { FileStore } from '../ports/files.ts';
import type { Queue } from '../ports/queue.ts';
import type { Store } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import type { Automate } from './automate.ts';
import type { AudienceWatch } from './audience.ts';
import type { Deliverer } from './deliver.ts';
import { createBackfiller } from './backfill.ts';
import { createGentle } from './gentle.ts';
import type { Hooks } from './hooks.ts';
import type { Roster } from './roster.ts';
import { createSweep } from './sweep.ts';
import { createWorker, type Worker } from './worker.ts';

export interface EngineSettings {
  readonly lanes: number;
  readonly sweepMs: number;
  readonly retainReceiptsMs: number;
  readonly retainOperationsMs: number;
  readonly retainDeliveriesMs?: number;
}

export interface Engine {
  readonly worker: Worker;
  /** Begins to work: takes lanes, and sweeps every account at once and then in turn, those that are connected later too. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** How soon a newly connected account is noticed. */
const WELCOME_MS = 1_000;
/** How long a database that did not take the next sweep is left alone. */
const QUEUE_AGAIN_MS = 1_000;
/** Tickets that each sweep of an account looks at in rotation. */
const ROTATION = 25;

export function createEngine(ports: {
  readonly store: Store;
  readonly queue: Queue;
  readonly roster: Roster;
  readonly hooks: Hooks;
  readonly files: FileStore;
  readonly world: World;
  readonly settings: EngineSettings;
  /** Without it nobody is told of events, and no automation runs. */
  readonly telling?: { readonly audience: AudienceWatch; readonly deliverer: Deliverer; readonly automate: Automate };
}): Engine {
  const { store, queue, roster, world, settings } = ports;
  const { telling } = ports;
  const worker = createWorker({
    lanes: store.lanes, backfills: store.backfills, accounts: store.accounts, roster, files: ports.files, world, width: settings.lanes,
    ...(telling !== undefined && { audience: telling.audience.now, told: telling.deliverer.nudge }),
  });
  const sweep = createSweep({
    lanes: store.lanes,
    accounts: store.accounts,
    roster,
    world,
    nudge: worker.nudge,
    rotation: ROTATION,
    rotationRestMs: settings.sweepMs,
  });
  const backfiller = createBackfiller({
    backfills: store.backfills,
    lanes: store.lanes,
    roster,
    gentle: createGentle({ roster, world, width: 1 }),
    world,
    nudge: worker.nudge,
  });
  const underway = new Set<number>();
  const welcomed = new Set<number>();
  const stopping = new AbortController();

  /** The next turn is queued before this one begins: a process that dies in a sweep does not take the later ones with it. */
  async function turn(accountId: number): Promise<void> {
    // One that was removed is not swept again.
    if (roster.byId(accountId) === null) return;
    await queueNext(accountId);
    if (underway.has(accountId) || stopping.signal.aborted) return;
    underway.add(accountId);
    try {
      await ports.hooks.retry(accountId);
      await sweep(accountId);
    } finally {
      underway.delete(accountId);
    }
  }

  /** Tries until the database takes it, since an account that is not queued would never be swept again. */
  async function queueNext(accountId: number): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        return await queue.sweepSoon(accountId, settings.sweepMs);
      } catch (error) {
        world.log.warn('sweep.not_queued', { account: roster.byId(accountId)?.name ?? accountId, message: error instanceof Error ? error.message : String(error) });
        await world.sleep(QUEUE_AGAIN_MS, stopping.signal);
      }
    }
  }

  /** The first sweep of every account that this process has not seen before; the queue sees to the later ones. */
  async function welcome(): Promise<void> {
    while (!stopping.signal.aborted) {
      for (const { account } of roster.members()) {
        if (welcomed.has(account.id)) continue;
        welcomed.add(account.id);
        void turn(account.id).catch((error: unknown) => world.log.error('sweep.broken', { account: account.name, error }));
      }
      await telling?.audience.refresh();
      await world.sleep(WELCOME_MS, stopping.signal);
    }
  }

  return {
    worker,
    async start() {
      await telling?.audience.refresh();
      telling?.deliverer.start();
      telling?.automate.start();
      worker.start();
      await queue.start({
        async lanes() {
          worker.nudge();
        },
        sweep: turn,
        async retention() {
          const now = world.now();
          const removed = await store.retention.purge(
            now - settings.retainReceiptsMs,
            now - settings.retainOperationsMs,
            now - (settings.retainDeliveriesMs ?? settings.retainOperationsMs),
          );
          world.log.info('retention', { removed });
        },
      });
      void welcome();
      void backfiller.run(stopping.signal);
    },
    async stop() {
      stopping.abort();
      await worker.stop();
      await telling?.automate.stop();
      await telling?.deliverer.stop();
    },
  };
}
