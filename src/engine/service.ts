/** The engine at work in one process: the worker, the sweeps and the retention, driven by the queue. */
import type { Queue } from '../ports/queue.ts';
import type { Store } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import type { Hooks } from './hooks.ts';
import type { Roster } from './roster.ts';
import { createSweep } from './sweep.ts';
import { createWorker, type Worker } from './worker.ts';

export interface EngineSettings {
  readonly lanes: number;
  readonly sweepMs: number;
  readonly retainReceiptsMs: number;
  readonly retainOperationsMs: number;
}

export interface Engine {
  readonly worker: Worker;
  /** Begins to work: takes lanes, and sweeps every account at once and then in turn. */
  start(): Promise<void>;
  /** Has an account that was just connected swept from now on. */
  welcome(accountId: number): Promise<void>;
  stop(): Promise<void>;
}

/** Tickets that each sweep of an account looks at in rotation. */
const ROTATION = 25;

export function createEngine(ports: {
  readonly store: Store;
  readonly queue: Queue;
  readonly roster: Roster;
  readonly hooks: Hooks;
  readonly world: World;
  readonly settings: EngineSettings;
}): Engine {
  const { store, queue, roster, world, settings } = ports;
  const worker = createWorker({ lanes: store.lanes, roster, world, width: settings.lanes });
  const sweep = createSweep({
    lanes: store.lanes,
    accounts: store.accounts,
    roster,
    world,
    nudge: worker.nudge,
    rotation: ROTATION,
    rotationRestMs: settings.sweepMs,
  });
  const underway = new Set<number>();

  async function turn(accountId: number): Promise<void> {
    if (underway.has(accountId)) return;
    underway.add(accountId);
    try {
      await ports.hooks.retry(accountId);
      await sweep(accountId);
    } finally {
      underway.delete(accountId);
    }
    await queue.sweepSoon(accountId, settings.sweepMs);
  }

  async function welcome(accountId: number): Promise<void> {
    await turn(accountId).catch((error: unknown) => world.log.warn('sweep.not_queued', { message: String(error) }));
  }

  return {
    worker,
    welcome,
    async start() {
      worker.start();
      await queue.start({
        async lanes() {
          worker.nudge();
        },
        sweep: turn,
        async retention() {
          const now = world.now();
          const removed = await store.retention.purge(now - settings.retainReceiptsMs, now - settings.retainOperationsMs);
          world.log.info('retention', { removed });
        },
      });
      for (const { account } of roster.members()) void welcome(account.id);
    },
    async stop() {
      await worker.stop();
    },
  };
}
