/** Commands beside a running system, run to their end, their JSON lines read. */
import { finished } from './running.ts';
import type { Trio } from './trio.ts';

export type Line = Record<string, unknown>;

export interface Said {
  readonly code: number | null;
  readonly lines: readonly Line[];
  readonly stderr: string;
}

/** The command with `--json`. */
export async function jsonLines(trio: Trio, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
  const { code, stdout, stderr } = await finished(trio.command([...args, '--json'], env));
  return { code, stderr, lines: stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Line) };
}

/** The command as a person runs it. It must go well and complain of nothing. */
export async function prose(trio: Trio, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, stdout, stderr } = await finished(trio.command(args, env));
  if (code !== 0 || stderr !== '') throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}
