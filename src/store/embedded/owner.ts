/** Who owns a data folder: one process at a time, found again by any other, and nobody once it died. */
import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import { birthOf, processSpace } from './processes.ts';

/** What the owner's file says. */
export interface Owner {
  readonly pid: number;
  readonly born: string | null;
  readonly space: string;
  readonly token: string;
  /** The running database's address; null until it runs. */
  readonly url: string | null;
}

export interface Claim {
  /** Tells other processes where the database is. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

/** How long an owner in another container may take to start; within it, it counts as alive although it cannot be seen. */
const UNSEEN_START_MS = 60_000;

/** How long whoever finds another one removing a dead owner's file waits, and after how long that one is taken for dead itself. */
const LOOK_AGAIN_MS = 10;
const LONGEST_MARK_MS = 5_000;

/** As PostgreSQL names it in its socket folder. */
export const SOCKET_FILE = '.s.PGSQL.5432';

const ownerFile = (dataDir: string): string => join(dataDir, 'postgres.owner');

/**
 * Takes the folder, or throws `configuration` if a living process has it. A complete file is linked into place, which
 * only one can do; a dead owner's file is removed first, by one at a time. PostgreSQL's own lock on its data
 * stands behind this one: it makes damage impossible, this one makes the message clear and a take-over possible.
 */
export async function claim(dataDir: string): Promise<Claim> {
  const path = ownerFile(dataDir);
  const token = randomBytes(12).toString('hex');
  const draft = `${path}.${token}`;
  const me: Owner = { pid: process.pid, born: await birthOf(process.pid), space: await processSpace(), token, url: null };
  const write = (owner: Owner): Promise<void> => writeFile(draft, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
  await write(me).catch((error: unknown) => {
    throw new AppError('configuration', `DATA_DIR ${dataDir} cannot be written to; run as the user that it belongs to, or name another folder.`, {
      cause: error,
    });
  });
  try {
    while (!(await linked(draft, path))) {
      const other = await readOwner(dataDir);
      if (other === null) continue;
      if (await isAlive(dataDir, other)) throw inUse(dataDir, other.pid);
      await setAside(dataDir, other);
    }
  } finally {
    await rm(draft, { force: true });
  }
  const mine = async (): Promise<boolean> => (await readOwner(dataDir))?.token === token;
  if (!(await mine())) throw inUse(dataDir, (await readOwner(dataDir))?.pid ?? null);
  return {
    async announce(url) {
      await write({ ...me, url });
      await rename(draft, path);
    },
    async release() {
      if (await mine()) await rm(path, { force: true });
    },
  };
}

/** The living owner of a folder; null if nobody has it. */
export async function livingOwner(dataDir: string): Promise<Owner | null> {
  const owner = await readOwner(dataDir);
  return owner !== null && (await isAlive(dataDir, owner)) ? owner : null;
}

export function inUse(dataDir: string, pid: number | null): AppError {
  const who = pid === null ? 'another process' : `another Deskmesh, process ${pid}`;
  return new AppError(
    'configuration',
    `The data folder ${dataDir} is in use by ${who}. Stop that one first, or give this one a folder of its own with DATA_DIR.`,
    { faults: [{ path: 'DATA_DIR', message: `must be a folder that no other Deskmesh uses; ${dataDir} is in use by ${who}` }] },
  );
}

/** Whether something listens on a Unix socket. */
export function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const done = (yes: boolean) => (): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', done(true)).once('error', done(false));
  });
}

async function isAlive(dataDir: string, owner: Owner): Promise<boolean> {
  if (owner.space === (await processSpace())) return owner.born === (await birthOf(owner.pid));
  // An owner in another container cannot be seen by its number, but its socket can, since the folder is shared.
  const folder = owner.url === null ? null : new URL(owner.url).searchParams.get('host');
  if (folder !== null) return answers(join(folder, SOCKET_FILE));
  const file = await stat(ownerFile(dataDir)).catch(() => null);
  return file !== null && Date.now() - file.mtimeMs < UNSEEN_START_MS;
}

async function readOwner(dataDir: string): Promise<Owner | null> {
  const path = ownerFile(dataDir);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new AppError('configuration', `The file ${path} cannot be read; run as the user that it belongs to. If no Deskmesh runs there, remove it.`, {
      cause: error,
    });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a dead owner's file. Whoever makes the mark of that owner may do so, if the file is still theirs by then: as long as it lies
 * there nobody else's can, so none but a dead one's is ever removed. A mark that is left over from a process that died here is cleared.
 */
async function setAside(dataDir: string, dead: Owner): Promise<void> {
  const mark = `${ownerFile(dataDir)}.${dead.token}`;
  try {
    await writeFile(mark, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await delay(LOOK_AGAIN_MS);
    const made = await stat(mark).catch(() => null);
    if (made !== null && Date.now() - made.mtimeMs > LONGEST_MARK_MS) await rm(mark, { force: true });
    return;
  }
  try {
    if ((await readOwner(dataDir))?.token === dead.token) await rm(ownerFile(dataDir), { force: true });
  } finally {
    await rm(mark, { force: true });
  }
}
