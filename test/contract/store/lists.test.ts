/** Lists as parameters: what a statement reads of them is what was given, whatever the texts hold. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { storableText } from '../../../src/core/storable.ts';
import { connectDatabase, type Database } from '../../../src/store/database.ts';
import { statementOver, type Columns, type ListStatement } from '../../../src/store/lists.ts';
import { createTestDatabase, silentLog, type TestDatabase } from '../../support/database.ts';

let fresh: TestDatabase;
let database: Database;

beforeAll(async () => {
  fresh = await createTestDatabase();
  database = connectDatabase(fresh.url, silentLog);
});
afterAll(async () => {
  await database.close();
  await fresh.drop();
});

const THINGS: Columns = { number: 'int', big: 'bigint', part: 'float8', yes: 'boolean', id: 'uuid', words: 'text', more: 'text', doc: 'json', kept: 'jsonb' };
const PAIRS: Columns = { words: 'text', number: 'int' };

/** Two lists, and a parameter of the statement's own behind them. */
const both = statementOver([THINGS, PAIRS], ([things, pairs], next) => `
select 'thing' as list, n::int, number, big::text, part, yes, id::text, words, more, doc, kept, $${next}::text as own from ${things('t', 'n')}
union all
select 'pair', n::int, number, null, null, null, null, words, null, null, null, $${next}::text from ${pairs('p', 'n')}
order by 1 desc, 2`);

/** Everything that separates or stands for null, and what no database takes. */
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\n', '\x1f', '\r\n', 'a\nb', 'a\x1fb', '\0', 'x\0y', '\ud800', 'null', '\\N', '{}', '"', '\\', 'é\u{1f600}'));
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> => fc.option(fc.option(value, { nil: undefined }), { nil: null });
const document = orNull(fc.jsonValue({ depthSize: 'small' }).filter((value) => value !== null && !JSON.stringify(value).includes('\\u') && !JSON.stringify(value).includes('-0')));
const thing = fc.record({
  number: orNull(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })), big: orNull(fc.maxSafeInteger().map((value) => value + 0)), part: orNull(fc.integer({ min: -1e9, max: 1e9 }).map((value) => value / 8 + 0)),
  yes: orNull(fc.boolean()), id: orNull(fc.uuid()), words: orNull(text), more: orNull(text), doc: document, kept: document,
});
const pair = fc.record({ words: orNull(text), number: orNull(fc.integer({ min: 0, max: 9 })) });

const stored = (value: string | null | undefined): string | null => (value == null ? null : storableText(value));

test('every cell of every row comes as it was given, in its place, and null is told from empty', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(thing, { maxLength: 6 }), fc.array(pair, { maxLength: 4 }), async (things, pairs) => {
      const rows = await database.run<Record<string, unknown>>('lists_both', both.text, both.values([things, pairs], ['own']));
      expect(rows).toEqual([
        ...things.map(({ number, big, part, yes, id, words, more, doc, kept }, i) => ({
          list: 'thing', n: i + 1, number: number ?? null, big: big == null ? null : String(big), part: part ?? null, yes: yes ?? null, id: id ?? null,
          words: stored(words), more: stored(more), doc: doc ?? null, kept: kept ?? null, own: 'own',
        })),
        ...pairs.map(({ words, number }, i) => ({
          list: 'pair', n: i + 1, number: number ?? null, big: null, part: null, yes: null, id: null, words: stored(words), more: null, doc: null, kept: null, own: 'own',
        })),
      ]);
    }),
    { numRuns: 300, seed: 20260101 },
  );
});

const marks = (statement: ListStatement<readonly [Columns]>, words: readonly (string | null)[]): readonly unknown[] =>
  statement.values([words.map((one, number) => ({ words: one, number }))]).slice(0, 3);

test('the usual separators serve until a text holds one', () => {
  const statement = statementOver([PAIRS], ([pairs]) => `select * from ${pairs('p')}`);
  const usual = marks(statement, ['a', null]);
  expect(usual).toEqual(['\n', '\x1f', '']);
  for (const odd of ['a\nb', 'a\x1fb']) {
    const [line, cell, none] = marks(statement, ['a', odd]);
    expect([line, cell]).not.toContain('\n');
    expect([line, cell]).not.toContain('\x1f');
    expect(line).not.toBe(cell);
    expect(none).toBe('');
  }
  expect(marks(statement, ['', null])[2]).not.toBe('');
});
