/** Pages by number with `links` and `meta`, in the form of Laravel's paginator (the vendor prints both as dots). */
import type { Call, Reply } from '../kit/desk.ts';
import { wholeNumber } from '../kit/json.ts';

const DEFAULT_SIZE = 15;
const LARGEST = 50;

export function pageOf<Row>(rows: readonly Row[], show: (row: Row) => object, call: Call, url: string): Reply {
  const { query } = call;
  const size = Math.min(Math.max(wholeNumber(query.get('per-page')) ?? DEFAULT_SIZE, 1), LARGEST);
  const page = Math.max(wholeNumber(query.get('page')) ?? 1, 1);
  const lastPage = Math.max(1, Math.ceil(rows.length / size));
  const shown = rows.slice((page - 1) * size, page * size);
  const path = `${url}${call.path}`;
  const linkTo = (number: number): string => {
    const parameters = new URLSearchParams(query);
    parameters.set('page', String(number));
    return `${path}?${parameters.toString()}`;
  };
  const first = (page - 1) * size + 1;
  return {
    status: 200,
    body: {
      data: shown.map(show),
      links: { first: linkTo(1), last: linkTo(lastPage), prev: page > 1 ? linkTo(page - 1) : null, next: page < lastPage ? linkTo(page + 1) : null },
      meta: {
        current_page: page,
        from: shown.length === 0 ? null : first,
        last_page: lastPage,
        path,
        per_page: size,
        to: shown.length === 0 ? null : first + shown.length - 1,
        total: rows.length,
      },
    },
  };
}

/** The values of `name[]=`, of `name[0]=` and of `name=`, as the vendor's framework reads them. */
export function listIn(query: URLSearchParams, name: string): readonly string[] {
  const found: string[] = [];
  for (const [key, value] of query) {
    if (key === name || (key.startsWith(`${name}[`) && /^\[\d*\]$/.test(key.slice(name.length)))) found.push(value);
  }
  return found;
}
