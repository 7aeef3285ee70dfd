/**
 * Zendesk pages in two ways: by cursor when `page[size]` (or a cursor) is given, by offset otherwise.
 * Sources: developer.zendesk.com "Pagination", and recorded answers.
 */
import type { Json } from '../kit/desk.ts';
import { wholeNumber } from '../kit/json.ts';
import { errorList, invalidAttribute } from './errors.ts';

/** One order that a list can have: a row's place in it, as numbers that grow. */
export interface Order<Row> {
  readonly place: (row: Row) => number;
  readonly id: (row: Row) => number;
  readonly descending: boolean;
}

export interface Listing<Row> {
  readonly key: string;
  /** In the order of `order`. */
  readonly rows: readonly Row[];
  readonly order: Order<Row>;
  readonly show: (row: Row) => object;
  /** Extra top-level keys made from the rows of the page. */
  readonly beside?: (rows: readonly Row[]) => Json;
  /** Absolute address of the list, without query. */
  readonly address: string;
}

const MAX_SIZE = 100;
const MAX_DEPTH = 10_000;

export const wantsCursor = (query: URLSearchParams): boolean =>
  query.has('page[size]') || query.has('page[after]') || query.has('page[before]');

const encodeCursor = (place: number, id: number): string => Buffer.from(JSON.stringify({ o: place, v: id })).toString('base64');

function decodeCursor(text: string): { place: number; id: number } {
  try {
    const { o, v } = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as { o?: unknown; v?: unknown };
    if (typeof o === 'number' && typeof v === 'number') return { place: o, id: v };
  } catch {
    // Falls through to the refusal.
  }
  throw errorList(400, 'InvalidPaginationParameter', 'Invalid pagination parameter', 'page[after] is not valid');
}

function link(address: string, query: URLSearchParams, changes: Readonly<Record<string, string>>): string {
  const next = new URLSearchParams(query);
  for (const name of ['page', 'page[after]', 'page[before]']) next.delete(name);
  for (const [name, value] of Object.entries(changes)) next.set(name, value);
  return `${address}?${next.toString()}`;
}

function size(query: URLSearchParams, name: string, where: string): number {
  const given = query.get(name);
  if (given === null) return MAX_SIZE;
  const number = wholeNumber(given);
  if (number === null || number === 0) throw invalidAttribute(name, 'an integer', where);
  return Math.min(number, MAX_SIZE);
}

/**
 * `links.next` is set even on the last page that holds rows, and null on the empty page after it: some clients ignore
 * `has_more` and follow the link until it is null.
 */
function byCursor<Row>(list: Listing<Row>, query: URLSearchParams): Json {
  const { rows, order } = list;
  const limit = size(query, 'page[size]', list.key);
  const after = query.get('page[after]');
  const before = query.get('page[before]');
  const beyond = (row: Row, cursor: { place: number; id: number }): boolean => {
    const apart = order.place(row) - cursor.place || order.id(row) - cursor.id;
    return order.descending ? apart < 0 : apart > 0;
  };
  const short = (row: Row, cursor: { place: number; id: number }): boolean =>
    !beyond(row, cursor) && (order.place(row) !== cursor.place || order.id(row) !== cursor.id);
  let start = 0;
  let end = limit;
  if (after !== null) {
    const cursor = decodeCursor(after);
    start = rows.findIndex((row) => beyond(row, cursor));
    if (start === -1) start = rows.length;
    end = start + limit;
  } else if (before !== null) {
    const cursor = decodeCursor(before);
    end = rows.findIndex((row) => !short(row, cursor));
    if (end === -1) end = rows.length;
    start = Math.max(0, end - limit);
  }
  const page = rows.slice(start, end);
  const [first, last] = [page[0], page.at(-1)];
  const afterCursor = last === undefined ? null : encodeCursor(order.place(last), order.id(last));
  const beforeCursor = first === undefined ? null : encodeCursor(order.place(first), order.id(first));
  return {
    [list.key]: page.map(list.show),
    ...list.beside?.(page),
    meta: { has_more: before === null ? start + page.length < rows.length : start > 0, after_cursor: afterCursor, before_cursor: beforeCursor },
    links: {
      prev: beforeCursor === null ? null : link(list.address, query, { 'page[before]': beforeCursor }),
      next: afterCursor === null ? null : link(list.address, query, { 'page[after]': afterCursor }),
    },
  };
}

export function byOffset<Row>(list: Omit<Listing<Row>, 'order'>, query: URLSearchParams): Json {
  const limit = size(query, 'per_page', list.key);
  const page = Math.max(1, wholeNumber(query.get('page')) ?? 1);
  if (page * limit > MAX_DEPTH) {
    throw errorList(400, 'InvalidPaginationDepth', 'Pagination depth exceeded', 'The pagination depth is limited to 10000 records');
  }
  const rows = list.rows.slice((page - 1) * limit, page * limit);
  const at = (number: number): string => link(list.address, query, { page: String(number) });
  return {
    [list.key]: rows.map(list.show),
    ...list.beside?.(rows),
    next_page: page * limit < list.rows.length ? at(page + 1) : null,
    previous_page: page > 1 ? at(page - 1) : null,
    count: list.rows.length,
  };
}

export const paged = <Row>(list: Listing<Row>, query: URLSearchParams): Json =>
  wantsCursor(query) ? byCursor(list, query) : byOffset(list, query);
