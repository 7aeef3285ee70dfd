/** Other processes of this machine: which they are, and whether one is still the same one. */
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const onLinux = process.platform === 'linux';

/**
 * When a process was born, as a text that no later process with the same number has; null if there is none, or only what
 * its parent has not yet taken note of. A bare number does not do: after a restart of a container the numbers come again.
 */
export async function birthOf(pid: number): Promise<string | null> {
  if (!onLinux) {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
    return stdout.trim() === '' ? null : stdout.trim();
  }
  const [stat, boot] = await Promise.all([text(`/proc/${pid}/stat`), text('/proc/sys/kernel/random/boot_id')]);
  // The name in parentheses may hold spaces and parentheses of its own; what follows it begins with the state, field 3.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const [state, start] = [fields[0], fields[19]];
  if (start === undefined || state === 'Z' || state === 'X') return null;
  return `${boot?.trim() ?? ''} ${start}`;
}

/** The living processes whose command line contains `name`. */
export async function processesNamed(name: string): Promise<readonly number[]> {
  if (!onLinux) {
    const { stdout } = await run('ps', ['-axo', 'pid=,command=']);
    return stdout.split('\n').filter((line) => line.includes(name)).map((line) => Number.parseInt(line, 10));
  }
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const lines = await Promise.all(pids.map((pid) => text(`/proc/${pid}/cmdline`)));
  return pids.filter((_, at) => lines[at]?.includes(name) === true).map(Number);
}

/** Within what the process numbers are unique: containers have numbers of their own. */
export async function processSpace(): Promise<string> {
  return onLinux ? readlink('/proc/self/ns/pid').catch(() => '') : '';
}

async function text(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}
