import { expect, test } from '@jest/globals';
import { createEngine } from '../../src/engine/service.ts';
import { createRoster } from '../../src/engine/roster.ts';
import type { Account } from '../../src/ports/connector.ts';
import type { Queue, QueueWork } from '../../src/ports/queue.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { createWorld } from '../../src/world.ts';
import { until } from '../support/until.ts';

/** An engine without accounts of its own desks, on a queue whose every call is written down. */
async function rig(sweepSoon: (call: number) => Promise<void>) {
  const world = { ...createWorld({ level: 'silent' }), sleep: (_ms: number, signal?: AbortSignal) => (signal?.aborted ? Promise.resolve() : new Promise<void>((done) => setImmediate(done))) };
  const store = createMemoryStore(world);
  const events: string[] = [];
  let calls = 0;
  let work: QueueWork | undefined;
  const queue: Queue = {
    start: (given) => {
      work = given;
      return Promise.resolve();
    },
    async sweepSoon() {
      calls += 1;
      await sweepSoon(calls);
      events.push('queued');
    },
    ping: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
  const known: Account = { id: 7, name: 'seven', service: 'toy', url: 'https://toy.example', credentials: {}, settings: {}, hook_token: '', inbound_secrets: [], state: 'running', stopped_because: null };
  const roster = { ...createRoster({ accounts: store.accounts, connectors: {}, world }), byId: (id: number) => (id === known.id ? known : null) };
  const hooks = { ensure: () => Promise.resolve(null), retry: () => Promise.resolve(void events.push('swept')) };
  const settings = { lanes: 4, sweepMs: 1_000, retainReceiptsMs: 1, retainOperationsMs: 1 };
  const engine = createEngine({ store, queue, roster, hooks, files: { keep: () => Promise.resolve(null) }, world, settings });
  await engine.start();
  return { events, engine, sweep: (id = 7): Promise<void> => work?.sweep(id) ?? Promise.resolve() };
}

test('queues the next sweep before it begins one, so that a crash in between takes only this one', async () => {
  const { events, engine, sweep } = await rig(() => Promise.resolve());
  await sweep();
  expect(events).toEqual(['queued', 'swept']);
  await engine.stop();
});

test('does not sweep an account again that was removed', async () => {
  const { events, engine, sweep } = await rig(() => Promise.resolve());
  await sweep(8);
  expect(events).toEqual([]);
  await engine.stop();
});

test('goes on sweeping after a database that was away when the next turn was to be queued', async () => {
  const { events, engine, sweep } = await rig((call) => (call < 4 ? Promise.reject(new Error('away')) : Promise.resolve()));
  await sweep();
  expect(events).toEqual(['queued', 'swept']);
  await engine.stop();
});

test('stops although the database never takes the next turn', async () => {
  let tries = 0;
  const { events, engine, sweep } = await rig(() => {
    tries += 1;
    return Promise.reject(new Error('away'));
  });
  const sweeping = sweep();
  await until(() => tries > 2, { what: 'several tries' });
  await engine.stop();
  await sweeping;
  expect(events).toEqual([]);
});
