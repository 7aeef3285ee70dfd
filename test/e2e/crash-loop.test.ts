/**
 * Web and worker processes apart, killed in turn while people work on all five desks and the desks fail at a tenth of everything:
 * a small run of `npm run crash`. `E2E_CRASH_KILLS` and `E2E_CRASH_TICKETS` make it larger, `E2E_SEED` repeats a run.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chances } from '../crash/chances.ts';
import { crashLoop } from '../crash/loop.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { scale } from '../support/scale.ts';

const KILLS = scale('CRASH_KILLS', 3);
const TICKETS = scale('CRASH_TICKETS', 10);
const SEED = scale('SEED', Math.floor(Math.random() * 2 ** 31));

let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  [folder, database] = await Promise.all([mkdtemp(join(tmpdir(), 'deskmesh-crash-')), createTestDatabase()]);
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

test(`after ${KILLS} kills over ${TICKETS} tickets with comments on five failing desks, nothing is missing, extra or different`, async () => {
  const { wrong, drift, findings, settledMs, writes } = await crashLoop({ kills: KILLS, tickets: TICKETS, databaseUrl: database.url, folder, files: false, chance: chances(SEED), say: () => undefined });
  process.stderr.write(`crash loop: seed ${SEED}, ${KILLS} kills, ${TICKETS} tickets; all right ${settledMs} ms after the faults; writes ${JSON.stringify(writes)}\n`);
  expect({ wrong, findings }).toEqual({ wrong: [], findings: [] });
  expect(drift).toMatchObject({ mirrored: TICKETS * 4, missing: 0, extra: 0, differing: 0, unread: 0 });
}, 420_000);
