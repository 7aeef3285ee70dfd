/** `kill -9` in the middle of deliveries, with the real process: none is lost, and none that was recorded as taken is repeated. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { USUAL_SUBSCRIPTION } from '../../src/core/subscription.ts';
import { connectDatabase, type Database } from '../../src/store/database.ts';
import { createStore, type PostgresStore } from '../../src/store/index.ts';
import { tell } from '../../src/store/outbox.ts';
import { createSecretBox } from '../../src/store/secret-box.ts';
import { createWorld } from '../../src/world.ts';
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts';
import { eventOf } from '../support/delivery-rig.ts';
import { startEndpoint, type Endpoint } from '../support/endpoint.ts';
import { deskmesh, type Running } from '../support/running.ts';
import { scale } from '../support/scale.ts';
import { until } from '../support/until.ts';

const DELIVERIES = scale('DELIVERIES', 1_000);
const KILLS = scale('DELIVERY_KILLS', 3);
/** Calls that one endpoint may have to answer at the same time. */
const MOST_EACH = 16;
const SECRET_KEY = 'a key that only tests are sealed with';

const world = createWorld({ level: 'silent' });
let fresh: TestDatabase;
let database: Database;
let store: PostgresStore;
let endpoint: Endpoint;
let serve: Running;

beforeAll(async () => {
  fresh = await createTestDatabase();
  database = connectDatabase(fresh.url, silentLog);
  store = createStore({ database, box: createSecretBox(SECRET_KEY), world, wake: () => null, leaseMs: 30_000 });
  endpoint = await startEndpoint();
});
afterAll(async () => {
  await serve?.stop('SIGKILL');
  await database?.close();
  await fresh?.drop();
  await endpoint?.close();
});

async function start(): Promise<void> {
  serve = deskmesh(['serve', '--json', '--role', 'worker'], { DATABASE_URL: fresh.url, SECRET_KEY, ALLOW_PRIVATE_SUBSCRIBERS: '127.0.0.0/8', LOG_LEVEL: 'error' });
  await serve.ready();
}

const idsOf = async (state: string): Promise<ReadonlySet<string>> =>
  new Set((await database.run<{ id: string }>(`ids_${state}`, `select id from deliveries where state = $1`, [state])).map(({ id }) => id));

test(`a process that is killed ${KILLS} times during ${DELIVERIES} deliveries loses none, and repeats none that was recorded as taken`, async () => {
  const made = await store.subscriptions.make(world.id(), { ...USUAL_SUBSCRIPTION, url: endpoint.url, events: ['*'], secret: null, token: null });
  expect(made).not.toHaveProperty('taken');
  endpoint.answer({ status: 200 });
  await start();
  await database.transaction((sql) => tell(sql, Array.from({ length: DELIVERIES }, (_, n) => eventOf(world, n % 100, n))));

  const repeatable: number[] = [];
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const due = (DELIVERIES / (KILLS + 1)) * kill;
    await until(() => endpoint.heard.length >= due, { what: () => `${endpoint.heard.length} of ${due} heard` });
    await serve.stop('SIGKILL');
    const recorded = await idsOf('delivered');
    const heardBefore = endpoint.heard.length;
    expect(recorded.size).toBeLessThan(DELIVERIES);
    repeatable.push(new Set(endpoint.heard.map(({ headers }) => String(headers['webhook-id']))).size - recorded.size);
    // A lease outlives its process by a minute, which passes now.
    await database.run('minute', `update deliveries set due_at = due_at - interval '1 minute' where lease is not null`, []);
    await start();
    await until(async () => endpoint.heard.length > heardBefore, { what: 'work going on' });
    const again = endpoint.heard.slice(heardBefore).filter(({ headers }) => recorded.has(String(headers['webhook-id'])));
    expect(again).toEqual([]);
  }
  await until(async () => (await idsOf('delivered')).size === DELIVERIES, { withinMs: 120_000, what: 'everything delivered' });
  const counts = new Map<string, number>();
  for (const { headers } of endpoint.heard) counts.set(String(headers['webhook-id']), (counts.get(String(headers['webhook-id'])) ?? 0) + 1);
  expect(counts.size).toBe(DELIVERIES);
  const repeated = [...counts.values()].reduce((sum, times) => sum + times - 1, 0);
  expect(repeated).toBeLessThanOrEqual(KILLS * MOST_EACH);
  process.stderr.write(`kill -9: ${DELIVERIES} deliveries, ${KILLS} kills; answered and not recorded at each: ${repeatable.join(', ')}; repeated in all: ${repeated}\n`);

  // Told to stop, it records what is on its way and repeats nothing.
  const quiet = endpoint.heard.length;
  await database.transaction((sql) => tell(sql, Array.from({ length: 200 }, (_, n) => eventOf(world, n % 100, n))));
  await until(() => endpoint.heard.length > quiet + 20, { what: 'more deliveries' });
  expect(await serve.stop('SIGTERM')).toMatchObject({ code: 0 });
  const after = endpoint.heard.slice(quiet).map(({ headers }) => String(headers['webhook-id']));
  expect(new Set(after).size).toBe(after.length);
  const recorded = await idsOf('delivered');
  expect(after.filter((id) => !recorded.has(id))).toEqual([]);
}, 300_000);
