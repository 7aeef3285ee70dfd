/** Starts that cannot succeed: each says what is wrong and what would be right, ends with 1, and leaves nothing behind. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { descendants, deskmesh, finished, untilGone, type Running } from '../support/running.ts';

const KEY = 'a key of forty characters that tests use';
const OTHER_KEY = 'another key of at least thirty-two bytes';

let folder: string;
let database: TestDatabase;
const started: Running[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'deskmesh-e2e-'));
  database = await createTestDatabase();
});
afterAll(async () => {
  await Promise.all(started.map((one) => one.stop('SIGKILL')));
  await database.drop();
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

function start(args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const running = deskmesh(args, { PORT: '0', DATA_DIR: join(folder, 'unused'), ...env });
  started.push(running);
  return running;
}

/** The whole of what a start said that failed as it should. */
async function complaint(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const end = await finished(start(args, env));
  expect(end.code).toBe(1);
  expect(end.stdout).toBe('');
  expect(end.stderr).toMatch(/^deskmesh: /);
  expect(end.stderr).not.toMatch(/^\s+at |node:internal|\.ts:\d+|fault of its own/m);
  return end.stderr;
}

const withDatabase = (): Record<string, string> => ({ DATABASE_URL: database.url, SECRET_KEY: KEY });

describe('settings', () => {
  test('that are wrong are told all at once', async () => {
    const said = await complaint(['serve', '--role', 'web'], { PORT: '70000', SWEEP_SECONDS: 'often', LOG_LEVEL: 'loud' });
    expect(said).toMatch(/4 settings are wrong/);
    expect(said).toMatch(/PORT: must be a whole number from 0 to 65535/);
    expect(said).toMatch(/SWEEP_SECONDS: must be a whole number/);
    expect(said).toMatch(/LOG_LEVEL: must be one of debug, info/);
    expect(said).toMatch(/--role: cannot be web with the bundled database.*set DATABASE_URL/);
  });

  test('without a SECRET_KEY beside DATABASE_URL say how to make one', async () => {
    expect(await complaint(['serve'], { DATABASE_URL: database.url })).toMatch(/SECRET_KEY: is required with DATABASE_URL.*openssl rand -base64 32/);
  });

  test('with a database that does not answer, or is not there, say so', async () => {
    const url = new URL(database.url);
    url.pathname = '/absent';
    const [said, absent] = await Promise.all([
      complaint(['serve'], { DATABASE_URL: 'postgres://nobody:hidden@127.0.0.1:1/none', SECRET_KEY: KEY }),
      complaint(['serve'], { DATABASE_URL: url.href, SECRET_KEY: KEY }),
    ]);
    expect(said).toMatch(/The database none at 127.0.0.1:1 cannot be reached \(ECONNREFUSED\): start it, or correct DATABASE_URL/);
    expect(said).not.toContain('hidden');
    expect(absent).toMatch(/The database absent at .* does not exist: create it/);
  });
});

describe('mesh.yaml', () => {
  const mesh = async (text: string): Promise<string> => {
    const path = join(folder, `mesh-${started.length}.yaml`);
    await writeFile(path, text);
    return path;
  };

  test('with many faults is told all of them, each with its line, and nothing is started', async () => {
    const path = await mesh(
      ['accounts:', '  - name: one', '    service: zendisk', '    url: not an address', '    credentials: { email: a@b.example, token: "${MISSING}" }', 'mirrors:', '  - name: m', '    accounts: [one, two]', ''].join('\n'),
    );
    const dataDir = join(folder, 'never');
    const said = await complaint(['serve', '--config', path], { DATA_DIR: dataDir });
    expect(said).toMatch(/accounts\[0\]\.service: .*zendesk.*\(line 3\)/);
    expect(said).toMatch(/accounts\[0\]\.url: .*\(line 4\)/);
    expect(said).toMatch(/accounts\[0\]\.credentials\.token: The variable MISSING is not set.*\(line 5\)/);
    expect(said).toMatch(/mirrors\[0\]\.accounts\[1\]: There is no account of this name.*\(line 8\)/);
    expect(await readdir(folder)).not.toContain('never');
  });

  test('that is no YAML, or is not there, is named', async () => {
    const [broken, absent, unnamed] = await Promise.all([
      complaint(['serve', '--config', await mesh('accounts: [')], {}),
      complaint(['apply', '--config', join(folder, 'none.yaml')], {}),
      complaint(['apply'], {}),
    ]);
    expect(broken).toMatch(/mesh-\d+\.yaml has a fault/);
    expect(absent).toMatch(/none\.yaml does not exist.*--config/);
    expect(unnamed).toMatch(/--config: name mesh.yaml here, or in the variable DESKMESH_CONFIG/);
  });
});

describe('on a database of its own', () => {
  test('a port in use is named with the cure', async () => {
    const holder = await new Promise<Server>((resolve) => {
      const server = createServer();
      server.listen(0, '127.0.0.1', () => resolve(server));
    });
    const { port } = holder.address() as AddressInfo;
    const said = await complaint(['serve'], { ...withDatabase(), PORT: String(port) });
    expect(said).toMatch(new RegExp(`Port ${port} on 127.0.0.1 is in use: stop the program that has it, or set PORT`));
    await new Promise((resolve) => holder.close(resolve));
  });

  test('another SECRET_KEY than the first is refused', async () => {
    const right = await finished(start(['migrate', '--json'], withDatabase()));
    expect(right).toMatchObject({ code: 0, stderr: '' });
    const said = await complaint(['serve'], { ...withDatabase(), SECRET_KEY: OTHER_KEY });
    expect(said).toMatch(/SECRET_KEY is not the one that this database was set up with.*Start with the old key/);
    expect(said).not.toContain(OTHER_KEY);
  });
});

test('a data folder in use by one Deskmesh is refused to a second, which does the first no harm; the first stops cleanly and can start again', async () => {
  const env = { DATA_DIR: join(folder, 'data') };
  const first = start(['serve', '--json'], env);
  const url = await first.ready();
  const said = await complaint(['serve'], env);
  expect(said).toMatch(new RegExp(`is in use by another Deskmesh, process ${first.pid}\\. Stop that one first, or give this one a folder of its own with DATA_DIR`));
  expect((await fetch(`${url}/readyz`)).status).toBe(200);

  const children = await descendants(first.pid);
  expect(children.length).toBeGreaterThan(0);
  expect(await first.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  await untilGone(children);
  expect(first.stderr()).toBe('');
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();

  const again = start(['serve', '--json'], env);
  await again.ready();
  expect(await again.stop('SIGINT')).toEqual({ code: 0, signal: null });
});
