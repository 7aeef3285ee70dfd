/** Processes of the bench: each prints JSON lines on standard output, and is stopped with what it needed at most. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

type Line = Readonly<Record<string, unknown>>;

export interface Running {
  readonly child: ChildProcess;
  readonly lines: readonly Line[];
  /** Resolves with the peak of its memory, in MiB; 0 where the system does not tell. */
  stop(): Promise<number>;
}

export interface Start {
  readonly env?: Readonly<Record<string, string>>;
  /** Whether with these lines it is ready; without it, one that says `ready`. */
  readonly ready?: (lines: readonly Line[]) => boolean;
  /** A file for its log instead of our own standard error. */
  readonly log?: string;
}

const saysReady = (lines: readonly Line[]): boolean => lines.at(-1)?.['ready'] !== undefined;

export async function start(args: readonly string[], { env = {}, ready = saysReady, log }: Start = {}): Promise<Running> {
  const sink = log === undefined ? null : openSync(log, 'w');
  const child = spawn(process.execPath, [...args], { env: { ...process.env, LOG_LEVEL: 'warn', ...env }, stdio: ['ignore', 'pipe', sink ?? 'inherit'] });
  // The child has its own by now.
  if (sink !== null) closeSync(sink);
  const lines: Line[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}${log === undefined ? '' : `: ${readFileSync(log, 'utf8').slice(-2_000)}`}`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      lines.push(JSON.parse(line) as Line);
      if (ready(lines)) resolve();
    });
  });
  return {
    child,
    lines,
    async stop() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      await gone;
      return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
    },
  };
}

/** The address of a `serve` that is ready. */
export function urlOf({ lines }: Running): string {
  const ready = lines.find((line) => line['ready'] !== undefined)?.['ready'] as { readonly url?: string } | undefined;
  if (ready?.url === undefined) throw new Error('it did not say where it listens');
  return ready.url;
}

/** The hook URL of the account of this name. */
export function hookOf({ lines }: Running, name: string): string {
  const account = lines.map((line) => line['account'] as { readonly name: string; readonly hook_url: string } | undefined).find((one) => one?.name === name);
  if (account === undefined) throw new Error(`there is no account ${name}`);
  return account.hook_url;
}
