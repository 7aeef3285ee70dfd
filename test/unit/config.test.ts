import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { localUrl, meshEnvironment, readConfig, secret, settingsTable, type Environment, type Overrides } from '../../src/config.ts';
import { AppError } from '../../src/errors.ts';
import { VARIABLES } from '../../src/variables.ts';

const KEY = 'k'.repeat(32);

function faultsOf(env: Environment, overrides?: Overrides): Readonly<Record<string, string>> {
  try {
    readConfig(env, overrides);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.code).toBe('configuration');
    return Object.fromEntries(error.faults.map(({ path, message }) => [path, message]));
  }
  return {};
}

describe('settings', () => {
  test('need no variable at all', () => {
    expect(readConfig({})).toEqual({
      config: {
        role: 'all',
        port: 8080,
        host: '127.0.0.1',
        publicUrl: null,
        embedded: true,
        backend: 'postgres',
        dataDir: resolve('./data'),
        meshPath: null,
        sweepSeconds: 300,
        workerLanes: 160,
        retainReceiptsDays: 30,
        retainOperationsDays: 90,
        retainDeliveriesDays: 30,
        apiRequestsPerMinute: 30_000,
        appId: 'deskmesh',
        allowPrivateSubscribers: [],
        logLevel: 'info',
        guards: { writes: 100, deletions: 20, deletionsPercent: 5, deletionsMinutes: 60, rulesPercent: 25 },
      },
      secrets: { databaseUrl: null, secretKey: null, apiToken: null },
      warnings: [],
    });
  });

  test('are read from the environment, an empty variable counting as absent', () => {
    const { config, secrets } = readConfig({
      PORT: '0',
      HOST: '',
      PUBLIC_URL: 'https://mesh.example/in/',
      DATABASE_URL: 'postgres://u:p@db.example/mesh',
      DATABASE_BACKEND: 'cockroachdb',
      SECRET_KEY: KEY,
      DESKMESH_CONFIG: 'mesh.yaml',
      ALLOW_PRIVATE_SUBSCRIBERS: '10.0.0.0/8, fd00::/8',
    });
    expect(config).toMatchObject({
      port: 0,
      host: '127.0.0.1',
      publicUrl: 'https://mesh.example/in',
      embedded: false,
      backend: 'cockroachdb',
      meshPath: resolve('mesh.yaml'),
      allowPrivateSubscribers: ['10.0.0.0/8', 'fd00::/8'],
    });
    expect(secrets.databaseUrl?.reveal()).toBe('postgres://u:p@db.example/mesh');
    expect(secrets.secretKey?.reveal()).toBe(KEY);
  });

  test('of the command line come before those of the environment', () => {
    const { config } = readConfig({ PORT: '1', DATABASE_URL: 'postgres://db/mesh', SECRET_KEY: KEY }, { PORT: '2', role: 'worker' });
    expect(config).toMatchObject({ port: 2, role: 'worker' });
  });

  test('have no public address before a free port is taken', () => {
    expect(readConfig({ PORT: '0' }).config.publicUrl).toBeNull();
    expect(localUrl('::1', 9)).toBe('http://[::1]:9');
    expect(localUrl('0.0.0.0', 9)).toBe('http://localhost:9');
  });

  test('are frozen', () => {
    const settings = readConfig({});
    expect([settings, settings.config, settings.secrets, settings.config.allowPrivateSubscribers].every(Object.isFrozen)).toBe(true);
  });
});

describe('faults of the settings', () => {
  test('are all told at once', () => {
    const faults = faultsOf(
      {
        PORT: '80a',
        HOST: 'http://x',
        PUBLIC_URL: 'mesh.example',
        DATABASE_URL: 'mysql://root:geheim@db/x',
        DATABASE_BACKEND: 'oracle',
        API_TOKEN: 'with space',
        SWEEP_SECONDS: '0',
        WORKER_LANES: '1.5',
        RETAIN_RECEIPTS_DAYS: '-1',
        RETAIN_OPERATIONS_DAYS: 'x',
        ALLOW_PRIVATE_SUBSCRIBERS: '10.0.0.0/8,10.0.0.0/33,x',
        LOG_LEVEL: 'loud',
      },
      { role: 'boss' },
    );
    expect(faults).toEqual({
      PORT: 'must be a whole number from 0 to 65535',
      HOST: 'must be a host name or an IP address, without scheme or port, e.g. 0.0.0.0',
      PUBLIC_URL: 'must be an http:// or https:// address without credentials, query or fragment',
      DATABASE_URL: 'must be a PostgreSQL address: postgres://user:password@host:5432/database',
      DATABASE_BACKEND: 'must be one of postgres, citus, yugabytedb, cockroachdb',
      SECRET_KEY: expect.stringContaining('is required with DATABASE_URL'),
      API_TOKEN: 'must be visible ASCII characters without spaces: it travels in a header',
      SWEEP_SECONDS: 'must be a whole number from 1 to 86400',
      WORKER_LANES: 'must be a whole number from 1 to 1000',
      RETAIN_RECEIPTS_DAYS: 'must be a whole number from 1 to 3650',
      RETAIN_OPERATIONS_DAYS: 'must be a whole number from 1 to 3650',
      ALLOW_PRIVATE_SUBSCRIBERS: expect.stringContaining('not a network: 10.0.0.0/33, x'),
      LOG_LEVEL: 'must be one of debug, info, warn, error, silent',
      '--role': 'must be one of all, web, worker',
    });
    expect(JSON.stringify(faults)).not.toContain('geheim');
  });

  test.each([
    ['a role that the bundled database cannot serve', {}, { role: 'web' }, '--role', /cannot be web with the bundled database: .*set DATABASE_URL/],
    ['a backend without its address', { DATABASE_BACKEND: 'citus' }, {}, 'DATABASE_BACKEND', /there is none/],
    ['a database that would lose what was accepted', { DATABASE_BACKEND: 'pglite', DATABASE_URL: 'postgres://x/y', SECRET_KEY: KEY }, {}, 'DATABASE_BACKEND', /without fsync/],
    ['a short key', { SECRET_KEY: 'k'.repeat(31) }, {}, 'SECRET_KEY', /at least 32 characters; make one with: openssl/],
  ])('tell %s with the reason and the cure', (_, env: Environment, overrides, name, message) => {
    const faults = faultsOf(env, overrides);
    expect(Object.keys(faults)).toEqual([name]);
    expect(faults[name]).toMatch(message);
  });
});

test('Risky combinations are warned about in a sentence each', () => {
  const { warnings } = readConfig({ HOST: '0.0.0.0', API_TOKEN: 'short' });
  expect(warnings).toEqual([expect.stringMatching(/^PUBLIC_URL is not set/), expect.stringMatching(/^API_TOKEN has fewer/)]);
  expect(readConfig({ PUBLIC_URL: 'http://mesh.example' }).warnings).toEqual([expect.stringMatching(/^PUBLIC_URL is http/)]);
  expect(readConfig({ PUBLIC_URL: 'http://127.0.0.1:8080' }).warnings).toEqual([]);
});

test('A secret shows itself to nobody who does not ask for it by name', () => {
  const hidden = { token: secret('geheim') };
  for (const shown of [String(hidden.token), `${hidden.token}`, JSON.stringify(hidden), inspect(hidden, { depth: 9, showHidden: true }), Object.values(hidden.token).join()])
    expect(shown).not.toContain('geheim');
  expect(hidden.token.reveal()).toBe('geheim');
});

test('mesh.yaml can name every variable but our own secrets', () => {
  expect(meshEnvironment({ ZENDESK_TOKEN: 'a', SECRET_KEY: 'b', DATABASE_URL: 'c', API_TOKEN: 'd', PORT: '1' })).toEqual({ ZENDESK_TOKEN: 'a', PORT: '1' });
});

test('The table of settings has a row for every variable', () => {
  const rows = settingsTable().split('\n').slice(2);
  expect(rows.map((row) => /^\| `(\w+)` \| .+ \| .+ \|$/.exec(row)?.[1])).toEqual(Object.keys(VARIABLES));
  expect(rows[0]).toBe('| `PORT` | `8080` | Port of the HTTP server; 0 takes a free one. |');
});
