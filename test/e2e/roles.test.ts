/** Two processes share one database: one takes the webhooks, the other does the work. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { untilAlike } from '../support/alike.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTrio, type Trio } from '../support/trio.ts';

let trio: Trio;
let database: TestDatabase;

beforeAll(async () => {
  [trio, database] = await Promise.all([startTrio(), createTestDatabase()]);
  await trio.mesh();
});
afterAll(async () => {
  await trio.close();
  await database.drop();
});

test('a web process and a worker process together mirror as one would, and both stop cleanly', async () => {
  const env = { DATABASE_URL: database.url, SECRET_KEY: 'a key of forty characters that tests use', SWEEP_SECONDS: '300', LOG_LEVEL: 'error' };
  const worker = trio.begin(env, ['--role', 'worker']);
  expect(await worker.ready()).toBeNull();
  const web = await trio.serve(env, ['--role', 'web']);
  expect(web.accounts()).toEqual(worker.accounts());

  const took: number[] = [];
  const expected: { subject: string; comments: readonly [] }[] = [];
  for (const name of ['helpdesk', 'zendesk', 'freshdesk'] as const) {
    const began = performance.now();
    expected.push({ subject: `Split ${name}`, comments: [] });
    await trio.human(name).create(`Split ${name}`);
    await untilAlike(trio, expected, 60_000);
    took.push(Math.round(performance.now() - began));
  }
  process.stderr.write(`roles, ms until all desks show it: ${took.join(', ')}\n`);
  expect(await Promise.all([web.stop(), worker.stop()])).toEqual([{ code: 0, signal: null }, { code: 0, signal: null }]);
  expect([web.stderr(), worker.stderr()]).toEqual(['', '']);
});
