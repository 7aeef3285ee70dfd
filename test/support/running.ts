/** Deskmesh as its users run it: the command line in a process of its own, its JSON lines read, its end awaited. */
import { execFile, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from './until.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** What every process begins with. Compiling the sources once and not in each of them is half of a start. */
const BASE = { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'warn', NODE_COMPILE_CACHE: join(tmpdir(), `deskmesh-compiled-${process.getuid?.() ?? 0}`) };

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One line of `serve --json` for an account. */
export interface AccountLine {
  readonly name: string;
  readonly id: number;
  readonly service: string;
  readonly hook_url: string;
  readonly hook: 'registered' | 'manual';
  readonly problem?: string;
}

export interface Running {
  readonly pid: number;
  /** Everything that it printed so far on standard output, line by line, and on standard error. */
  readonly lines: readonly string[];
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
  /** Resolves with the address from the `ready` line; rejects if the process ends before. */
  ready(): Promise<string | null>;
  accounts(): readonly AccountLine[];
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** The environment is what is given here and nothing of the test's own but the way to the programs. */
export function deskmesh(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...BASE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('the process could not be started');
  const lines: string[] = [];
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  let readyLine: (url: string | null) => void = () => undefined;
  const ready = new Promise<string | null>((resolve) => {
    readyLine = resolve;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    const said = jsonOf(line);
    if (said?.['ready'] !== undefined) readyLine((said['ready'] as { url: string | null }).url);
  });
  const early = ended.then(({ code, signal }) => {
    throw new Error(`${args[0]} ended with ${code ?? signal} before it was ready: ${stderr}`);
  });
  early.catch(() => undefined);
  return {
    pid,
    lines,
    stderr: () => stderr,
    ended,
    ready: () => Promise.race([ready, early]),
    accounts: () => lines.flatMap((line) => (jsonOf(line)?.['account'] as AccountLine | undefined) ?? []),
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

/** A command that comes to its end by itself. */
export async function finished(running: Running): Promise<Ended & { readonly stdout: string; readonly stderr: string }> {
  const end = await running.ended;
  return { ...end, stdout: running.lines.join('\n'), stderr: running.stderr() };
}

function jsonOf(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

async function processes(): Promise<readonly Process[]> {
  const { stdout } = await run('ps', ['-A', '-ww', '-o', 'pid=,ppid=,stat=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return state === undefined || state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), command: command ?? '' }];
  });
}

/** The living children of a process, their children and so on: with the bundled database, its server and all that belongs to it. */
export async function descendants(pid: number): Promise<readonly Process[]> {
  const all = await processes();
  const of = (parent: number): Process[] => all.filter((one) => one.parent === parent).flatMap((one) => [one, ...of(one.pid)]);
  return of(pid);
}

/** Resolves once none of these processes lives. */
export async function untilGone(gone: readonly Process[], withinMs = 60_000): Promise<void> {
  let left: readonly Process[] = gone;
  await until(
    async () => {
      const all = await processes();
      left = gone.filter(({ pid, command }) => all.some((one) => one.pid === pid && one.command === command));
      return left.length === 0;
    },
    { withinMs, everyMs: 50, what: () => `these processes are left: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}` },
  );
}
