/** pg-boss as the queue: it wakes processes; what is due is in the replicas' rows. */
import { PgBoss } from 'pg-boss';
import type { Queue, QueueWork } from '../ports/queue.ts';
import type { World } from '../ports/world.ts';
import type { Sql } from './database.ts';
import type { Wake } from './intake.ts';

const LANES = 'lanes';
const SWEEP = 'sweep';
const RETENTION = 'retention';

/** A deferred wake-up is the net under a process that dies with lanes in its hands; one queued at a time is enough. */
const LATER_SECONDS = 31;
const LATER_EVERY_MS = 10_000;
/** Workers elsewhere are woken at most this often. */
const NOW_EVERY_MS = 50;

export interface BossQueue extends Queue {
  /** A wake-up for `store`'s own transaction; null while one that will do is queued already. */
  readonly wake: Wake;
  /** Makes the queues. Idempotent. */
  prepare(): Promise<void>;
}

export function createQueue(ports: {
  readonly url: string;
  readonly backend: 'postgres' | 'cockroachdb' | 'yugabytedb' | 'citus';
  readonly world: World;
  readonly working: boolean;
}): BossQueue {
  const { world } = ports;
  const boss = new PgBoss({
    connectionString: ports.url,
    backend: ports.backend,
    max: 4,
    schema: 'pgboss',
    supervise: ports.working,
    schedule: ports.working,
    ...(ports.backend === 'postgres' ? { useListenNotify: true } : {}),
  });
  boss.on('error', (error: Error) => {
    if (!stopped) world.log.warn('queue.error', { message: error.message });
  });
  let laterAt = -Infinity;
  let nowAt = -Infinity;
  let pending = false;
  let stopped = false;

  async function send(when: 'now' | 'later', sql: Sql | null): Promise<void> {
    const options = when === 'later' ? { singletonKey: 'later', startAfter: LATER_SECONDS } : { singletonKey: 'now' };
    const db = sql === null ? {} : { db: { executeSql: async (text: string, values: unknown[] = []) => ({ rows: await sql.run<never>('', text, values) }) } };
    await boss.send(LANES, {}, { ...options, ...db });
  }

  /** What came too soon after the last wake-up gets one of its own a moment later; workers that look by themselves are the net under it. */
  function afterwards(): void {
    if (pending) return;
    pending = true;
    void world.sleep(NOW_EVERY_MS).then(async () => {
      pending = false;
      nowAt = world.now();
      if (!stopped) await send('now', null);
    }).catch((error: unknown) => world.log.warn('queue.not_woken', { message: String(error) }));
  }

  return {
    async prepare() {
      await boss.start();
      const notify = ports.backend === 'postgres' ? { notify: true } : {};
      await boss.createQueue(LANES, { policy: 'short', retryLimit: 5, deleteAfterSeconds: 60, retentionSeconds: 3_600, ...notify });
      // A sweep may well take longer than this: its job is then done again, finds it under way, and ends.
      await boss.createQueue(SWEEP, { policy: 'short', retryLimit: 5, deleteAfterSeconds: 60, expireInSeconds: 60 });
      await boss.createQueue(RETENTION, { policy: 'short', retryLimit: 2, deleteAfterSeconds: 3_600, expireInSeconds: 3_600 });
    },
    async start(work: QueueWork) {
      // Every start sweeps every account at once and queues its next turn: what an earlier process queued is out of date.
      await boss.deleteQueuedJobs(SWEEP);
      await boss.work(LANES, { batchSize: 10, pollingIntervalSeconds: 2 }, async () => work.lanes());
      await boss.work<{ account_id: number }>(SWEEP, { batchSize: 1, localConcurrency: 4, pollingIntervalSeconds: 1 }, async (jobs) => {
        for (const job of jobs) await work.sweep(job.data.account_id);
      });
      await boss.work(RETENTION, { pollingIntervalSeconds: 30 }, async () => work.retention());
      await boss.schedule(RETENTION, '17 * * * *');
    },
    async sweepSoon(accountId, inMs) {
      await boss.send(SWEEP, { account_id: accountId }, { singletonKey: String(accountId), startAfter: new Date(world.now() + inMs) });
    },
    wake(when) {
      const now = world.now();
      if (when === 'later') {
        if (now - laterAt < LATER_EVERY_MS) return null;
        laterAt = now;
      } else {
        if (now - nowAt < NOW_EVERY_MS) {
          afterwards();
          return null;
        }
        nowAt = now;
      }
      return (sql) => send(when, sql);
    },
    async ping() {
      if (stopped) throw new Error('the queue is stopped');
      await boss.getQueue(LANES);
    },
    async stop() {
      stopped = true;
      await boss.stop({ graceful: true, timeout: 5_000, close: true });
    },
  };
}
