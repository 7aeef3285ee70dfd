import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { replicaIn, type Doc } from '../../src/store/doc.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const SCHEMA = 'migrate_test';

let database: TestDatabase;
let pool: pg.Pool;
let folder: string;

/** Migrators of a schema of their own, since the template has the ledger of the real migrations. */
function newPool(max = 2): pg.Pool {
  return new pg.Pool({ connectionString: database.url, max, options: `-c search_path=${SCHEMA}` });
}

async function files(contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, sql] of Object.entries(contents)) await writeFile(join(folder, name), sql);
}

async function rows<T>(sql: string): Promise<readonly T[]> {
  return (await pool.query(sql)).rows as T[];
}

beforeAll(async () => {
  database = await createTestDatabase();
  pool = newPool();
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'migrate-test-'));
  await pool.query(`drop schema if exists ${SCHEMA} cascade; create schema ${SCHEMA}`);
});
afterEach(() => rm(folder, { recursive: true }));

const ONE = { '0001_one.sql': 'create table one (id integer); insert into one values (1);\n' };
const TWO = { '0002_two.sql': 'create table two (id integer);\n' };

const SHIPPED = new URL('../../src/store/migrations/', import.meta.url);

test('no two of the migrations that ship have one number', async () => {
  const names = await readdir(SHIPPED);
  expect(names.map((name) => name.slice(0, 4)).sort()).toEqual(names.map((_, at) => String(at + 1).padStart(4, '0')));
});

test('what a replica held before its document became shorter is there afterwards', async () => {
  const names = (await readdir(SHIPPED)).sort();
  const ship = (some: readonly string[]): Promise<unknown> => Promise.all(some.map((name) => copyFile(new URL(name, SHIPPED), join(folder, name))));
  await ship(names.filter((name) => name < '0009'));
  await migrate(pool, folder);
  const doc = { generation: 1, base: { subject: 'Fire' }, applied: {}, life_applied: 0, surplus: [], intent: null, held: {}, bounces: {}, wrote: {}, merged_into: null, spent: { level: 0, at: 0 }, doubt: 0, failures: 2 };
  await pool.query(`insert into replicas (id, account_id, ticket_id, state, doc) values ('00000000-0000-7000-8000-000000000001', 1, 't1', 'present', $1)`, [JSON.stringify(doc)]);
  await ship(names);
  await migrate(pool, folder);
  const [row] = await rows<{ doc: Doc }>('select doc from replicas');
  expect(replicaIn(row?.doc ?? {})).toEqual({ ...doc, meeting: false, follows: null });
});

describe('migrating', () => {
  test('applies each file once and in order, and notes it', async () => {
    await files({ ...TWO, ...ONE, 'README.md': 'not a migration' });
    expect(await migrate(pool, folder)).toEqual({ applied: ['0001_one.sql', '0002_two.sql'], at: 2 });
    expect(await migrate(pool, folder)).toEqual({ applied: [], at: 2 });
    expect(await rows('select number, name, length(checksum) as length from deskmesh_migrations where number > 0 order by 1')).toEqual([
      { number: 1, name: '0001_one.sql', length: 64 },
      { number: 2, name: '0002_two.sql', length: 64 },
    ]);
    expect(await rows('select id from one')).toEqual([{ id: 1 }]);
  });

  test('goes on from where an older Deskmesh ended', async () => {
    await files(ONE);
    await migrate(pool, folder);
    await files(TWO);
    expect(await migrate(pool, folder)).toEqual({ applied: ['0002_two.sql'], at: 2 });
  });

  test('is done once by ten that begin at the same time', async () => {
    await files({ ...ONE, ...TWO, '0003_three.sql': 'insert into one values (2);' });
    const pools = Array.from({ length: 10 }, () => newPool(1));
    try {
      await Promise.all(pools.map((each) => each.query('select 1')));
      const results = await Promise.all(pools.map((each) => migrate(each, folder)));
      expect(results.flatMap(({ applied }) => applied).toSorted()).toEqual(['0001_one.sql', '0002_two.sql', '0003_three.sql']);
      expect(results.every(({ at }) => at === 3)).toBe(true);
      expect(await rows('select id from one order by id')).toEqual([{ id: 1 }, { id: 2 }]);
    } finally {
      await Promise.all(pools.map((each) => each.end()));
    }
  });

  test('keeps nothing of a file that fails, and all of those before it', async () => {
    await files({ ...ONE, '0002_bad.sql': 'create table half (id integer);\n\ncreate table nonsense (id integr);\n' });
    await expect(migrate(pool, folder)).rejects.toMatchObject({
      code: 'configuration',
      message: 'Migration 0002_bad.sql failed (line 3): type "integr" does not exist. Nothing of it was kept.',
    });
    expect(await rows('select number from deskmesh_migrations where number > 0')).toEqual([{ number: 1 }]);
    expect(await rows(`select to_regclass('${SCHEMA}.half') as half`)).toEqual([{ half: null }]);
  });

  test('takes a file whose line ends a checkout changed for the same', async () => {
    await files(ONE);
    await migrate(pool, folder);
    await files({ '0001_one.sql': ONE['0001_one.sql'].replaceAll('\n', '\r\n') });
    expect((await migrate(pool, folder)).applied).toEqual([]);
  });
});

describe('migrating refuses', () => {
  test.each([
    ['a gap', { ...ONE, '0003_three.sql': '' }, '0003_three.sql stands where 0002 must be'],
    ['a double number', { ...ONE, '0001_other.sql': '' }, '0001_other.sql stands where 0002 must be'],
    ['a name that is none', { 'one.sql': '' }, 'one.sql is no migration’s name'.replace('’', "'")],
  ])('%s among the files', async (_, contents, message) => {
    await files(contents);
    await expect(migrate(pool, folder)).rejects.toMatchObject({ code: 'configuration', message: expect.stringContaining(message) });
  });

  test('a file that was changed after it was applied', async () => {
    await files(ONE);
    await migrate(pool, folder);
    await files({ '0001_one.sql': 'create table other (id integer);' });
    await expect(migrate(pool, folder)).rejects.toThrow(/^Migration 0001_one\.sql differs .* put the change into a new file\.$/);
  });

  test('a database that is newer than the code', async () => {
    await files({ ...ONE, ...TWO });
    await migrate(pool, folder);
    await rm(join(folder, '0002_two.sql'));
    await expect(migrate(pool, folder)).rejects.toThrow(
      'The database is newer than this Deskmesh: it is at migration 0002_two.sql, and this one ends at 0001_one.sql. ' +
        'Start the newer Deskmesh, or restore the backup from before it.',
    );
  });
});
