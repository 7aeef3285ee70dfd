/** A fresh database for a test file: one server per run, one migrated template, a copy of it for each. */
import { mkdtemp, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Log } from '../../src/ports/world.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';

const TEMPLATE = 'deskmesh_template';
/** How the files, which run in processes of their own, learn where the server is, or why there is none. */
const URL_VARIABLE = 'DESKMESH_TEST_SERVER';
const FAULT_VARIABLE = 'DESKMESH_TEST_SERVER_FAULT';

export interface TestDatabase {
  readonly url: string;
  /** Cuts whoever is still connected. */
  drop(): Promise<void>;
}

export const silentLog: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** For jest's global set-up. A failure is told to those files that ask for a database: the others need none. */
export async function startTestServer(): Promise<{ stop(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'deskmesh-test-'));
  const remove = (): Promise<void> => rm(dataDir, { recursive: true, force: true });
  try {
    const server = await startEmbedded({ dataDir, log: silentLog, durable: false });
    process.env[URL_VARIABLE] = server.url;
    await makeTemplate(server.url).catch(noteFault);
    return { stop: () => server.stop().then(remove) };
  } catch (error) {
    noteFault(error);
    return { stop: remove };
  }
}

/** A copy of the migrated template, empty of rows. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  // Copying files is faster than copying through the log when nothing is forced to disk.
  await onServer((client) => client.query(`create database ${name} template ${TEMPLATE} strategy file_copy`));
  return { url: databaseUrl(serverUrl(), name), drop: () => onServer((client) => client.query(`drop database if exists ${name} with (force)`)) };
}

function noteFault(error: unknown): void {
  process.env[FAULT_VARIABLE] = error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function serverUrl(): string {
  const fault = process.env[FAULT_VARIABLE];
  if (fault !== undefined) throw new Error(`There is no test database, because its start failed: ${fault}`);
  const url = process.env[URL_VARIABLE];
  if (url === undefined) throw new Error('There is no test database: jest runs without globalSetup test/support/global-setup.');
  return url;
}

async function onServer(task: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  await task(client).finally(() => client.end());
}

async function makeTemplate(url: string): Promise<void> {
  await onServer((client) => client.query(`create database ${TEMPLATE}`));
  const pool = new pg.Pool({ connectionString: databaseUrl(url, TEMPLATE), max: 1 });
  await migrate(pool).finally(() => pool.end());
}

function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
