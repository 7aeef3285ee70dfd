/** Brings the database to the code's shape: numbered plain SQL files, forward only, each exactly once. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Pool, PoolClient } from 'pg';
import { AppError } from '../errors.ts';

export interface Migrated {
  /** The names of the files that this call applied, in order. */
  readonly applied: readonly string[];
  /** The number that the database is at now; 0 without any file. */
  readonly at: number;
}

interface Migration {
  readonly number: number;
  /** The file's name. */
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

interface Row {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

const OWN_FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));
const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

/** Row 0 is no migration: whoever holds its lock is the one that migrates. Every backend has row locks; not every one has others. */
const LEDGER = `
  create table if not exists deskmesh_migrations (
    number integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now()
  )`;
const LOCK_ROW = `insert into deskmesh_migrations (number, name, checksum) values (0, 'the row that migrators lock', '') on conflict do nothing`;
const LOCK = 'select number from deskmesh_migrations where number = 0 for update';

/** What the databases call it when transactions got in each other's way: whoever is told so tries again. */
const SERIALISATION = ['40001', '40P01'] as const;
/** Besides, what two that make the same table at the same instant are told. */
const DOUBLE_CREATION = ['23505', '42P07', '42710', 'XX000'] as const;
const MOST_COLLISIONS = 50;

/**
 * Applies what the database lacks, each file in one transaction with its row in `deskmesh_migrations`. Any number of
 * processes may call this at once. Throws `configuration` for files with a gap, for a changed or missing file that has been
 * applied, for a database that is newer than the code, and for a file that fails (of which nothing is kept).
 */
export async function migrate(pool: Pool, folder: string = OWN_FOLDER): Promise<Migrated> {
  const files = await readMigrations(folder);
  const client = await pool.connect();
  const applied: string[] = [];
  try {
    await patiently([...SERIALISATION, ...DOUBLE_CREATION], async () => {
      await client.query(LEDGER);
      await client.query(LOCK_ROW);
    });
    for (;;) {
      const done = await patiently(SERIALISATION, () => applyNext(client, files));
      if (done === null) break;
      applied.push(done.name);
    }
  } finally {
    client.release();
  }
  return { applied, at: files.at(-1)?.number ?? 0 };
}

/** Applies the first file that the database lacks; null if it lacks none. */
async function applyNext(client: PoolClient, files: readonly Migration[]): Promise<Migration | null> {
  await client.query('begin');
  try {
    await client.query(LOCK);
    const { rows } = await client.query<Row>('select number, name, checksum from deskmesh_migrations where number > 0 order by number');
    const next = nextOf(files, rows);
    if (next !== null) {
      await client.query(next.sql).catch((error: unknown) => {
        throw isOneOf(SERIALISATION, error) ? error : failed(next, error);
      });
      await client.query('insert into deskmesh_migrations (number, name, checksum) values ($1, $2, $3)', [next.number, next.name, next.checksum]);
    }
    await client.query('commit');
    return next;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** Holds the files against what the database says that it has. */
function nextOf(files: readonly Migration[], rows: readonly Row[]): Migration | null {
  for (const [at, row] of rows.entries()) {
    const file = files[at];
    if (file === undefined)
      throw new AppError(
        'configuration',
        `The database is newer than this Deskmesh: it is at migration ${rows.at(-1)?.name}, and this one ends at ` +
          `${files.at(-1)?.name ?? 'none'}. Start the newer Deskmesh, or restore the backup from before it.`,
      );
    if (file.number !== row.number)
      throw new AppError(
        'configuration',
        `The database has migration ${row.name} where this Deskmesh has ${file.name}: it belongs to something else, or a file is missing.`,
      );
    if (file.checksum !== row.checksum)
      throw new AppError(
        'configuration',
        `Migration ${file.name} differs from what this database was given as ${row.name}. An applied file never changes: restore it, ` +
          'and put the change into a new file.',
      );
  }
  return files[rows.length] ?? null;
}

async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name, at) => {
      const number = Number(FILE_NAME.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(number)) throw new AppError('configuration', `${name} is no migration's name; it must be like 0001_what_it_does.sql.`);
      const due = String(at + 1).padStart(4, '0');
      if (number !== at + 1) throw new AppError('configuration', `The migrations have a gap or a double: ${name} stands where ${due} must be.`);
      // A checkout on Windows may have other line ends.
      const sql = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n');
      return { number, name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

function failed(migration: Migration, error: unknown): AppError {
  const { message, position } = error as { readonly message: string; readonly position?: string };
  const line = position === undefined ? '' : ` (line ${migration.sql.slice(0, Number(position)).split('\n').length})`;
  return new AppError('configuration', `Migration ${migration.name} failed${line}: ${message}. Nothing of it was kept.`, { cause: error });
}

function isOneOf(codes: readonly string[], error: unknown): boolean {
  const { code } = error as { readonly code?: string };
  return code !== undefined && codes.includes(code);
}

/** Does it again at once after a collision: each round, at least one of those that collide gets through. */
async function patiently<T>(collisions: readonly string[], task: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await task();
    } catch (error) {
      if (tries >= MOST_COLLISIONS || !isOneOf(collisions, error)) throw error;
    }
  }
}
