/** The bundled PostgreSQL: a real server as a child process, its data in DATA_DIR, for as long as we run. */
import { chmod, chown, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Log } from '../ports/world.ts';
import { AppError } from '../errors.ts';
import { claim, livingOwner } from './embedded/owner.ts';
import { prepareHome, type Home } from './embedded/home.ts';
import { endLeftover, launch, type Server } from './embedded/server.ts';

export interface EmbeddedOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** False only for tests: nothing is forced to disk. */
  readonly durable?: boolean;
}

export interface Embedded {
  /** For `pg`, for psql, and for a second process. */
  readonly url: string;
  /** Waits until the server has ended. */
  stop(): Promise<void>;
}

const DATABASE = 'deskmesh';
const USER = 'deskmesh';
/** The shortest limit of a socket's path among the systems that we run on (macOS: 104 with the closing zero). */
const LONGEST_SOCKET_PATH = 103;

const REVIVAL_PAUSES_MS = [200, 1_000, 5_000, 15_000] as const;
const LONGEST_START_MS = 30_000;

/**
 * Starts the server on `dataDir`, making its data on the first start. Nobody but this user and root can connect: the server
 * listens on a socket in a folder that is theirs alone, and on no network. Should it die while we run, it is started again
 * at the same address.
 */
export async function startEmbedded({ dataDir: named, log, durable = true }: EmbeddedOptions): Promise<Embedded> {
  const dataDir = await folderAt(named);
  const undo: (() => Promise<void>)[] = [];
  const undoAll = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const owned = await claim(dataDir);
    undo.push(owned.release);
    const home = await prepareHome(dataDir, durable);
    await endLeftover(home, dataDir, log);
    const socket = await placeSocket(home);
    undo.push(socket.clear);
    const start = (): Promise<Server> => launch(home, socket.forServer, durable, log);
    undo.push(keepAlive(await start(), start, log));
    await ensureDatabase(socket.forClients);
    const url = urlOf(socket.forClients);
    await owned.announce(url);
    let stopped: Promise<void> | null = null;
    return { url, stop: () => (stopped ??= undoAll()) };
  } catch (error) {
    await undoAll();
    throw error;
  }
}

/**
 * The address of the server that another process runs on `dataDir`, for a command beside it such as `apply`; null if none
 * runs. Waits for one that is just starting.
 */
export async function connectToRunning({ dataDir }: { readonly dataDir: string }): Promise<string | null> {
  const folder = await realpath(dataDir).catch(() => null);
  if (folder === null) return null;
  for (let waited = 0; ; waited += 100) {
    const owner = await livingOwner(folder);
    if (owner === null || owner.url !== null || waited > LONGEST_START_MS) return owner?.url ?? null;
    await delay(100);
  }
}

/** Its real path, since the same folder must be recognised under every name. */
async function folderAt(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true });
    return await realpath(path);
  } catch (error) {
    const message = `DATA_DIR ${path} cannot be made or entered; name a folder that this user can write to.`;
    throw new AppError('configuration', message, { cause: error, faults: [{ path: 'DATA_DIR', message }] });
  }
}

/** Starts the server again whenever it ends without having been told to. Gives the function that tells it to, for good. */
function keepAlive(first: Server, start: () => Promise<Server>, log: Log): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let server = first;
  const revive = async (): Promise<Server> => {
    for (let tries = 0; ; tries += 1) {
      const pause = REVIVAL_PAUSES_MS[Math.min(tries, REVIVAL_PAUSES_MS.length - 1)];
      log.error('database.died', { server_pid: server.pid, start_again_in_ms: pause });
      await delay(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return server;
      try {
        return await start();
      } catch (error) {
        log.error('database.not-revived', { error });
      }
    }
  };
  const life = (async (): Promise<void> => {
    for (;;) {
      await server.ended;
      if (signal.aborted) return;
      server = await revive();
      if (signal.aborted) await server.stop();
      else log.info('database.revived', { server_pid: server.pid });
    }
  })();
  return async () => {
    stopping.abort();
    await server.stop();
    await life;
  };
}

interface SocketFolder {
  /** As the server is told it; relative to its data, which it may not be able to name. */
  readonly forServer: string;
  readonly forClients: string;
  clear(): Promise<void>;
}

/** The data folder itself, which is private to the server's user; a short folder of its own where that cannot hold a socket. */
async function placeSocket({ folder, runAs }: Home): Promise<SocketFolder> {
  if (await canHoldSocket(folder)) return { forServer: '.', forClients: folder, clear: async () => undefined };
  const short = await mkdtemp(join(tmpdir(), 'deskmesh-'));
  await chmod(short, 0o700);
  if (runAs.uid !== undefined && runAs.gid !== undefined) await chown(short, runAs.uid, runAs.gid);
  return { forServer: short, forClients: short, clear: () => rm(short, { recursive: true, force: true }) };
}

/** Its path is short enough, and its file system knows sockets; some that are shared with a virtual machine do not. */
async function canHoldSocket(folder: string): Promise<boolean> {
  const probe = join(folder, '.s.probe.00000');
  if (Buffer.byteLength(probe) > LONGEST_SOCKET_PATH) return false;
  await rm(probe, { force: true });
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(probe, () => server.close(() => resolve(true)));
  });
}

/** The host in the address itself is not used; without one, not every reader takes it for an address. */
function urlOf(socketFolder: string, database = DATABASE): string {
  return `postgresql://${USER}@localhost/${database}?host=${encodeURIComponent(socketFolder)}`;
}

async function ensureDatabase(socketFolder: string): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf(socketFolder, 'postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}
