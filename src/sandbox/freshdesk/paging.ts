/** Freshdesk's pages: `page` and `per_page`, and a `link` header to the next one. Source: developers.freshdesk.com "Pagination". */
import type { Call, Reply } from '../kit/desk.ts';
import { wholeNumber } from '../kit/json.ts';
import { invalidField, validationFailed } from './errors.ts';

const MAX_SIZE = 100;

function positive(query: URLSearchParams, name: string, fallback: number, max: number): number {
  const given = query.get(name);
  if (given === null) return fallback;
  const value = wholeNumber(given);
  if (value === null || value < 1 || value > max) {
    const bound = Number.isFinite(max) ? ` less than or equal to ${max}` : '';
    throw validationFailed([{ field: name, message: `It should be a Positive Integer${bound}`, code: 'invalid_value' }]);
  }
  return value;
}

/** Parameters that are not known are errors, on lists and on single records alike. */
export function demandKnown(query: URLSearchParams, known: readonly string[]): void {
  const unknown = [...query.keys()].filter((key) => !known.includes(key));
  if (unknown.length > 0) throw validationFailed(unknown.map(invalidField));
}

export function pageOf<Row>(rows: readonly Row[], show: (row: Row) => object, { query }: Call, address: string, maxPages = Infinity): Reply {
  const page = positive(query, 'page', 1, maxPages);
  const size = positive(query, 'per_page', 30, MAX_SIZE);
  const next = new URLSearchParams(query);
  next.set('page', String(page + 1));
  return {
    status: 200,
    body: rows.slice((page - 1) * size, page * size).map(show),
    // The blank after "<" and the missing one before "rel" are the vendor's.
    ...(page * size < rows.length ? { headers: { link: `< ${address}?${next.toString()}>;rel="next"` } } : {}),
  };
}
