/**
 * Cursor pages. The vendor's pages disagree about the names: `page_size` and `after` of the ticket page (25, at most 100),
 * `page[size]` and `page[after]` of the pagination page (100, at most 200) with their aliases. The desk knows both, or by its switch
 * one of them, and then passes over the other's parameters. `links.next` is a path without `/helpdesk`, as the vendor's samples
 * print it: it cannot be followed as it stands.
 */
import type { Json } from '../kit/desk.ts';
import { wholeNumber } from '../kit/json.ts';
import { badRequest } from './errors.ts';

export interface Order<Row> {
  /** A row's place in the order, as text or number. */
  readonly place: (row: Row) => string | number;
  readonly id: (row: Row) => string;
  readonly descending: boolean;
}

export type PagingForm = 'both' | 'tickets' | 'pagination';

const first = (query: URLSearchParams, names: readonly string[]): string | null => {
  for (const name of names) {
    const value = query.get(name);
    if (value !== null) return value;
  }
  return null;
};

const sizeOf = (query: URLSearchParams, form: PagingForm): number => {
  const modern = form === 'tickets' ? null : first(query, ['page[size]', 'pageSize']);
  const plain = form === 'pagination' ? null : query.get('page_size');
  const [given, fallback, max] = modern === null && form !== 'pagination' ? [plain, 25, 100] : [modern, 100, 200];
  if (given === null) return fallback;
  const size = wholeNumber(given);
  if (size === null || size < 1) throw badRequest('The page size must be a positive integer');
  return Math.min(size, max);
};

/** In the order of creation the cursor is the last row's id; in other orders its place comes first. */
const encode = <Row>(row: Row, order: Order<Row>): string => {
  const place = order.place(row);
  return Buffer.from(place === order.id(row) ? order.id(row) : `${JSON.stringify(place)}|${order.id(row)}`).toString('base64url');
};

function decode(cursor: string): { place: string | number; id: string } {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const bar = text.lastIndexOf('|');
  if (bar === -1) return { place: text, id: text };
  try {
    const place: unknown = JSON.parse(text.slice(0, bar));
    if (typeof place === 'string' || typeof place === 'number') return { place, id: text.slice(bar + 1) };
  } catch {
    // Falls through to the refusal.
  }
  throw badRequest('The cursor is not valid');
}

const CURSORS: Readonly<Record<PagingForm, readonly string[]>> = {
  both: ['after', 'page[after]', 'pageAfter'],
  tickets: ['after'],
  pagination: ['page[after]', 'pageAfter'],
};

/** `rows` are in the order of `order`. `path` is that of the list, as the vendor prints it. */
export function pageOf<Row>(
  key: string,
  rows: readonly Row[],
  show: (row: Row) => object,
  order: Order<Row>,
  query: URLSearchParams,
  path: string,
  form: PagingForm,
): Json {
  const size = sizeOf(query, form);
  const after = first(query, CURSORS[form]);
  let start = 0;
  if (after !== null) {
    const cursor = decode(after);
    const beyond = (row: Row): boolean => {
      const place = order.place(row);
      const apart = place < cursor.place ? -1 : place > cursor.place ? 1 : order.id(row) < cursor.id ? -1 : order.id(row) > cursor.id ? 1 : 0;
      return order.descending ? apart < 0 : apart > 0;
    };
    start = rows.findIndex(beyond);
    if (start === -1) start = rows.length;
  }
  const page = rows.slice(start, start + size);
  const hasMore = start + page.length < rows.length;
  const last = page.at(-1);
  const afterCursor = hasMore && last !== undefined ? encode(last, order) : null;
  let next: string | null = null;
  if (afterCursor !== null) {
    const parameters = new URLSearchParams(query);
    for (const name of CURSORS.both) parameters.delete(name);
    parameters.set(form === 'pagination' ? 'page[after]' : 'after', afterCursor);
    next = `${path}?${parameters.toString()}`;
  }
  const shown = { [key]: page.map(show) };
  if (form === 'tickets') return { ...shown, meta: { pageSize: size, hasMore }, links: { next } };
  if (form === 'pagination') return { ...shown, meta: { hasMore, afterCursor }, links: { next, prev: null } };
  return { ...shown, meta: { pageSize: size, hasMore, afterCursor }, links: { next } };
}
