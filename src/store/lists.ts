/**
 * Rows as a statement takes them: one text for a list, a line for each row, in it the cells one after the other. The database takes that
 * apart in half the time that the same rows cost it as JSON or as an array for each column, and nothing in it has to be escaped: what
 * separates is a control character, or, where a text holds that, something that none holds.
 */
import { randomUUID } from 'node:crypto';
import { storableText } from '../core/storable.ts';
import { toJson } from './rows.ts';

export type ColumnType = 'uuid' | 'int' | 'bigint' | 'float8' | 'boolean' | 'text' | 'json' | 'jsonb';

/** The columns of a list, at least two. */
export type Columns = Readonly<Record<string, ColumnType>>;

/** A row by its columns' names; what is absent is null. */
export type ListRow = object;

/** How a statement reads a list: `from ${list('t')}`; with a second name, each row has its place under it, from 1. */
export type List = (alias: string, place?: string) => string;

type Each<Lists extends readonly Columns[], What> = { readonly [Place in keyof Lists]: What };

export interface ListStatement<Lists extends readonly Columns[]> {
  readonly text: string;
  /** Its parameters: the rows of each list, and whatever else it takes. */
  values(rows: Each<Lists, readonly ListRow[]>, more?: readonly unknown[]): readonly unknown[];
}

/** What separates rows, what separates cells, and what a cell is that is null: the first three parameters. */
const USUAL = ['\n', '\x1f', ''] as const;

/** A statement over lists with these columns. `write` is given how each is read, and the number of the first parameter that is no list's. */
export function statementOver<const Lists extends readonly Columns[]>(lists: Lists, write: (lists: Each<Lists, List>, next: number) => string): ListStatement<Lists> {
  const first = USUAL.length + 1;
  const columns = lists.map((list) => Object.entries(list));
  return {
    text: write(columns.map((list, i) => reading(list, first + i)) as unknown as Each<Lists, List>, first + lists.length),
    values(rows, more = []) {
      const all = columns.map((list, i) => (rows[i] ?? []).map((row) => list.map(([name, type]) => cellOf(type, (row as Readonly<Record<string, unknown>>)[name]))));
      const marks = marksFor(all, columns);
      const [line, cell, none] = marks;
      const texts = all.map((list) => list.map((row) => (none === '' ? row : row.map((one) => one ?? none)).join(cell)).join(line));
      return [...marks, ...texts, ...more];
    },
  };
}

/** `offset 0` keeps the database from taking a row apart once for each time that one of its columns is named. */
function reading(columns: readonly (readonly [string, ColumnType])[], parameter: number): List {
  const cells = columns.map(([name, type], i) => `c[${i + 1}]${type === 'text' ? '' : `::${type}`} as ${name}`);
  return (alias, place) => `(
    select ${cells.join(', ')}${place === undefined ? '' : `, n as ${place}`}
    from (select string_to_array(line, $2::text, $3::text) as c, n from unnest(string_to_array($${parameter}::text, $1::text)) with ordinality as l (line, n) offset 0) as lines
    offset 0
  ) as ${alias}`;
}

type Cell = string | null;

function cellOf(type: ColumnType, value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (type === 'json' || type === 'jsonb') return toJson(value);
  return type === 'text' ? storableText(String(value)) : String(value);
}

/** Only a text can hold what separates: JSON has no control characters, and the rest has digits and letters. */
function marksFor(lists: readonly (readonly (readonly Cell[])[])[], columns: readonly (readonly (readonly [string, ColumnType])[])[]): readonly [string, string, string] {
  const holds = (is: (text: string) => boolean): boolean =>
    lists.some((list, i) => columns[i]?.some(([, type], place) => type === 'text' && list.some((row) => row[place] != null && is(row[place]))));
  const [line, cell, none] = USUAL;
  const rare = holds((text) => text.includes(line) || text.includes(cell));
  return [rare ? randomUUID() : line, rare ? randomUUID() : cell, holds((text) => text === none) ? randomUUID() : none];
}
