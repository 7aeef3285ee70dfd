import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { connectToRunning, startEmbedded, type Embedded } from '../../src/store/embedded.ts';
import { silentLog } from '../support/database.ts';

const FILL = 'drop table if exists t; create table t (a integer); insert into t values (7)';
const SOURCE = new URL('../../src/store/embedded.ts', import.meta.url);

let parent: string;
/** Most tests share one folder, since making the data takes most of the time. Each leaves it without a server. */
let dataDir: string;
let open: Embedded[];
let owners: ChildProcess[];

beforeAll(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'pg-test-')));
  dataDir = join(parent, 'data');
});
afterAll(() => rm(parent, { recursive: true, force: true }));
beforeEach(() => {
  open = [];
  owners = [];
});
afterEach(async () => {
  for (const owner of owners) await kill(owner);
  for (const each of open) await each.stop();
});

const ownFolder = (): Promise<string> => mkdtemp(join(parent, 'own-'));

async function start(folder = dataDir): Promise<Embedded> {
  const server = await startEmbedded({ dataDir: folder, log: silentLog, durable: false });
  open.push(server);
  return server;
}

async function query(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client.query(sql).then(({ rows }) => rows as unknown[]).finally(() => client.end());
}

/** Another process that runs the server on `dataDir`, and its address. */
async function startElsewhere(): Promise<{ owner: ChildProcess; url: string }> {
  const log = '{ debug() {}, info() {}, warn() {}, error() {} }';
  const program = `
    import { startEmbedded } from ${JSON.stringify(SOURCE.href)};
    const { url } = await startEmbedded({ dataDir: ${JSON.stringify(dataDir)}, log: ${log}, durable: false });
    console.log(url);
    process.stdin.resume();`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  owners.push(owner);
  const ended = once(owner, 'exit').then(([code, signal]) => Promise.reject(new Error(`the other process ended before it said where its server is: ${String(code ?? signal)}`)));
  const [said] = (await Promise.race([once(owner.stdout, 'data'), ended])) as [Buffer];
  ended.catch(() => undefined);
  return { owner, url: said.toString().trim() };
}

async function kill(owner: ChildProcess): Promise<void> {
  if (owner.exitCode !== null || owner.signalCode !== null) return;
  const ended = once(owner, 'exit');
  owner.kill('SIGKILL');
  await ended;
}

const serverPid = async (folder = dataDir): Promise<number> => Number((await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8')).split('\n', 1)[0]);

/** Resolves when `task` first holds; looks again with every turn of the event loop's poll of a file. */
async function until(task: () => Promise<boolean>): Promise<void> {
  while (!(await task())) await stat(parent);
}

async function isGone(pid: number): Promise<boolean> {
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').then((text) => text.slice(text.lastIndexOf(')') + 2)[0], () => null);
  return state === null || state === 'Z';
}

describe('the bundled PostgreSQL', () => {
  test('keeps its data from one run to the next', async () => {
    const first = await start();
    await query(first.url, FILL);
    await first.stop();
    const second = await start();
    expect(await query(second.url, 'select a from t')).toEqual([{ a: 7 }]);
    expect(second.url).toBe(first.url);
  });

  test('is a server of our version, encoding and order, that forces what it writes to disk', async () => {
    const { url, stop } = await startEmbedded({ dataDir, log: silentLog });
    const [facts] = await query(
      url,
      `select current_setting('server_version') as version, current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
         current_setting('synchronous_commit') as commit, current_setting('listen_addresses') as listens, lower('ÄÉ') as lower, 'B' < 'a' as ordered`,
    ).finally(stop);
    expect(facts).toEqual({ version: expect.stringMatching(/^18\./), encoding: 'UTF8', fsync: 'on', commit: 'on', listens: '', lower: 'äé', ordered: true });
  });

  test('listens where only its user can go', async () => {
    const { url } = await start();
    const folder = new URL(url).searchParams.get('host') ?? '';
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await readdir(folder)).filter((name) => name.startsWith('.s.'))).toEqual(['.s.PGSQL.5432', '.s.PGSQL.5432.lock']);
  });

  test('has no process left, and no lock, when stop resolves; stopping twice is stopping once', async () => {
    const server = await start();
    const pid = await serverPid();
    await Promise.all([server.stop(), server.stop()]);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await readdir(dataDir)).toEqual(['postgres']);
    expect(await connectToRunning({ dataDir })).toBeNull();
  });

  test('comes up again at the same address when it was killed', async () => {
    const { url } = await start();
    await query(url, 'drop table if exists t; create table t (a integer)');
    const pid = await serverPid();
    process.kill(pid, 'SIGKILL');
    await until(() => query(url, 'insert into t values (1)').then(() => true, () => false));
    expect(await serverPid()).not.toBe(pid);
  });

  test('puts its socket elsewhere when the path of the data folder is too long for one', async () => {
    const deep = join(parent, 'x'.repeat(120));
    const { url, stop } = await start(deep);
    const folder = new URL(url).searchParams.get('host') ?? '';
    expect(folder.startsWith(deep)).toBe(false);
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await connectToRunning({ dataDir: deep })).toBe(url);
    await stop();
    await expect(stat(folder)).rejects.toThrow('ENOENT');
  });
});

describe('one data folder', () => {
  test('is refused to a second start, with its name, the process and the cure', async () => {
    const { owner, url } = await startElsewhere();
    await expect(start()).rejects.toMatchObject({
      code: 'configuration',
      message: `The data folder ${dataDir} is in use by another Deskmesh, process ${owner.pid}. Stop that one first, or give this one a folder of its own with DATA_DIR.`,
    });
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('goes to one of many that start at the same time', async () => {
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => start()));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'configuration' });
  });

  test('tells a second process where the server is', async () => {
    expect(await connectToRunning({ dataDir })).toBeNull();
    const { url } = await startElsewhere();
    expect(await connectToRunning({ dataDir })).toBe(url);
  });
});

describe('after kill -9', () => {
  test('of its parent the server ends by itself', async () => {
    const { owner } = await startElsewhere();
    const pid = await serverPid();
    await kill(owner);
    await until(() => isGone(pid));
  });

  test('of its parent the next start works at once and finds what was committed', async () => {
    const { owner, url } = await startElsewhere();
    await query(url, FILL);
    await kill(owner);
    expect(await connectToRunning({ dataDir })).toBeNull();
    const { url: again } = await start();
    expect(await query(again, 'select a from t')).toEqual([{ a: 7 }]);
  });

  test('of everything at once the next start recovers', async () => {
    const { owner, url } = await startElsewhere();
    await query(url, FILL);
    process.kill(await serverPid(), 'SIGKILL');
    await kill(owner);
    const { url: again } = await start();
    expect(await query(again, 'select a from t')).toEqual([{ a: 7 }]);
  });

  test('the next start is not misled by locks whose number is now another process’s', async () => {
    const first = await start();
    const ownerFile = join(dataDir, 'postgres.owner');
    const owner = JSON.parse(await readFile(ownerFile, 'utf8')) as Record<string, unknown>;
    await first.stop();
    await writeFile(ownerFile, JSON.stringify({ ...owner, pid: 1 }));
    await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), `1\n${dataDir}/postgres\n`);
    await writeFile(join(dataDir, 'postgres', '.s.PGSQL.5432.lock'), `1\n`);
    expect(await query((await start()).url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('a data folder that cannot serve', () => {
  test('by the version of its data says which Deskmesh can', async () => {
    const folder = await ownFolder();
    await mkdir(join(folder, 'postgres'));
    await writeFile(join(folder, 'postgres', 'PG_VERSION'), '17\n');
    const message = expect.stringMatching(/holds data of PostgreSQL 17, .* brings PostgreSQL 18/);
    await expect(start(folder)).rejects.toMatchObject({ code: 'configuration', message });
  });

  test('by what else lies there is left as it is', async () => {
    const folder = await ownFolder();
    await mkdir(join(folder, 'postgres'));
    await writeFile(join(folder, 'postgres', 'letter.txt'), 'mine');
    await expect(start(folder)).rejects.toThrow(/is not empty but holds no PostgreSQL data/);
    expect([await readdir(folder), await readdir(join(folder, 'postgres'))]).toEqual([['postgres'], ['letter.txt']]);
  });

  test('because it is a file says so', async () => {
    const file = join(await ownFolder(), 'file');
    await writeFile(file, '');
    const message = expect.stringContaining(`DATA_DIR ${file} cannot be made or entered`);
    await expect(start(file)).rejects.toMatchObject({ code: 'configuration', message });
  });
});

describe('a stop that is asked for while', () => {
  test('clients are connected cuts them', async () => {
    const server = await start();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const cut = new Promise((resolve) => void client.on('error', resolve));
    await server.stop();
    await cut;
  });

  test('the server is being started again ends it for good', async () => {
    const server = await start();
    process.kill(await serverPid(), 'SIGKILL');
    await server.stop();
    expect(await readdir(dataDir)).toEqual(['postgres']);
    await (await start()).stop();
  });
});

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;
asRoot('as root', () => {
  test('in a folder that only root can enter, the data stay in that folder and the server is not root', async () => {
    const folder = join(await ownFolder(), 'data');
    const server = await start(folder);
    await query(server.url, `${FILL}; checkpoint`);
    expect((await stat(join(folder, 'postgres', 'base'))).uid).not.toBe(0);
    await server.stop();
    expect(await query((await start(folder)).url, 'select a from t')).toEqual([{ a: 7 }]);
  });

  test('a folder that all can enter is used by its name', async () => {
    await chmod(parent, 0o755);
    const [facts] = await query((await start()).url, 'select current_setting($$data_directory$$) as folder');
    await chmod(parent, 0o700);
    expect(facts).toEqual({ folder: join(dataDir, 'postgres') });
  });
});
