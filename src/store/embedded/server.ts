/** One run of the bundled PostgreSQL: started, watched, stopped; and what an earlier run left over. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../ports/world.ts';
import { AppError } from '../../errors.ts';
import { answers, inUse, SOCKET_FILE } from './owner.ts';
import { processesNamed } from './processes.ts';
import { SERVER_ENVIRONMENT, type Home } from './home.ts';

export interface Server {
  readonly pid: number;
  /** Resolves when the server ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends it and waits for that. */
  stop(): Promise<void>;
}

/** For a small machine and many short transactions. What is written is on disk before it is acknowledged. */
const SETTINGS = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '50',
  shared_buffers: '128MB',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  autovacuum_naptime: '15s',
  max_parallel_workers_per_gather: '0',
  random_page_cost: '1.1',
  jit: 'off',
  io_method: 'sync',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  // The server's own life only. A statement's errors go to its client; in a log they could show what tickets say.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
  log_autovacuum_min_duration: '-1',
  log_line_prefix: '',
} as const;

/** For tests: what is written outlives every process, but not a loss of power; and many processes share one server. */
const UNSAFE_SETTINGS = { fsync: 'off', full_page_writes: 'off', max_connections: '400' } as const;

const LAST_WORDS_MS = 500;
const FAST_STOP_MS = 30_000;
const QUICK_STOP_MS = 10_000;
const LEFTOVER_LOOK_MS = 50;

/** Starts the server and resolves once it takes connections. A rejection says what the server said. */
export async function launch(home: Home, socketFolder: string, durable: boolean, log: Log): Promise<Server> {
  const settings = { ...SETTINGS, ...(durable ? {} : UNSAFE_SETTINGS), unix_socket_directories: socketFolder, cluster_name: clusterName(home.folder) };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // A session of its own, so that Ctrl-C reaches us first, and we it once we have finished.
  const child = spawn(home.postgres, ['-D', home.pgdata, ...options], {
    ...home.runAs,
    cwd: home.folder,
    env: SERVER_ENVIRONMENT,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close').catch(() => undefined);
  // Children that outlive a killed server may hold its standard error for a while; its last words are not waited for that long.
  const ended = once(child, 'exit').then(
    () => Promise.race([closed, delay(LAST_WORDS_MS, undefined, { ref: false })]),
    () => undefined,
  );
  const { pid } = child;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    throw didNotStart(home, error.message);
  }
  const watchdog = watch(pid, home, log);
  const lines: string[] = [];
  let stopping = false;
  const ready = new Promise<boolean>((resolve) => {
    createInterface(child.stderr).on('line', (line) => {
      // Connections that are not quite closed yet are ended by a stop, which the server calls fatal.
      log[/^(FATAL|PANIC):/.test(line) && !stopping ? 'warn' : 'debug']('database.said', { line });
      if (lines.push(line) > 50) lines.shift();
      if (line.includes('ready to accept connections')) resolve(true);
    });
    void ended.then(() => resolve(false));
  });
  const server: Server = {
    pid,
    ended: ended.then(() => watchdog.release()),
    async stop() {
      stopping = true;
      child.kill('SIGINT');
      if (!(await endsWithin(child, ended, FAST_STOP_MS))) {
        log.warn('database.slow-stop', { waited_ms: FAST_STOP_MS });
        child.kill('SIGQUIT');
        if (!(await endsWithin(child, ended, QUICK_STOP_MS))) child.kill('SIGKILL');
      }
      await server.ended;
    },
  };
  if (await ready) return server;
  await server.ended;
  throw didNotStart(home, lines.filter((line) => !line.startsWith('LOG:')).join(' ') || lines.join(' ') || `exit code ${child.exitCode}`);
}

function didNotStart(home: Home, said: string): AppError {
  return new AppError('configuration', `The bundled PostgreSQL did not start on ${home.folder}. It said: ${said}`);
}

async function endsWithin(child: ChildProcess, ended: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  await Promise.race([ended, delay(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
  return child.exitCode !== null || child.signalCode !== null;
}

/**
 * A shell that waits for the end of its input. However we end, kill -9 included, the system closes that pipe, and the shell
 * stops the server; a word in the pipe sends it home before.
 */
function watch(pid: number, home: Home, log: Log): { release(): Promise<void> } {
  const shell = spawn('/bin/sh', ['-c', 'read -r word || kill -INT "$1"', 'deskmesh-watchdog', String(pid)], {
    ...home.runAs,
    cwd: '/',
    env: SERVER_ENVIRONMENT,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = new Promise<void>((resolve) => {
    shell.once('close', () => resolve());
    shell.once('error', (error) => {
      log.warn('database.unwatched', { error });
      resolve();
    });
  });
  shell.stdin.on('error', () => undefined);
  return {
    release() {
      shell.stdin.end('done\n');
      return gone;
    },
  };
}

/** Part of every command line of this server and its children, by which they are told from any other process. */
function clusterName(folder: string): string {
  return `deskmesh-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
}

/**
 * Ends the server that an earlier owner of this folder left running, and clears what it left behind. The caller has the
 * claim on the folder, so that owner is dead.
 */
export async function endLeftover(home: Home, dataDir: string, log: Log): Promise<void> {
  const lockFile = join(home.folder, 'postmaster.pid');
  const main = Number((await readFile(lockFile, 'utf8').catch(() => '')).split('\n', 1)[0]);
  if (main === 0) return;
  const name = clusterName(home.folder);
  for (let waited = 0; ; waited += LEFTOVER_LOOK_MS) {
    const left = await processesNamed(name);
    if (left.length === 0) break;
    if (waited === 0) {
      log.warn('database.leftover', { processes: left });
      if (left.includes(main)) signal(main, 'SIGINT');
    } else if (waited === FAST_STOP_MS) for (const pid of left) signal(pid, 'SIGQUIT');
    else if (waited > FAST_STOP_MS + QUICK_STOP_MS) throw inUse(dataDir, main);
    await delay(LEFTOVER_LOOK_MS);
  }
  const socket = join(home.folder, SOCKET_FILE);
  if (await answers(socket)) throw inUse(dataDir, null);
  // The number in them may by now be that of another process, or of a dead one that nobody took note of; PostgreSQL would
  // take either for a running server.
  for (const path of [lockFile, `${socket}.lock`]) await rm(path, { force: true });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
