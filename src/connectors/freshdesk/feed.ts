/**
 * The ticket list as a feed: by time of change, oldest first.
 *
 * Pages by number shift while tickets change, and end at page 300. So after every full page the feed starts anew from the
 * newest time it has seen, less a second, and page numbers are turned only while one second fills whole pages.
 * https://developers.freshdesk.com/api/#list_all_tickets
 */
import { DeskFailure } from '../../ports/connector.ts';
import type { Answer, Http } from '../kit/http.ts';
import { maybe, object } from '../kit/shape.ts';
import { isoTime } from '../kit/time.ts';
import { manyTickets, type FreshdeskTicket } from './shapes.ts';

export interface Place {
  /** Desk's time, in whole seconds. */
  readonly since: string;
  readonly page: number;
  /** Rows since then, as `id@time`, that were given already; the newest ones, where they are very many. */
  readonly seen: readonly string[];
}

const PER_PAGE = 100;
/** Without it the list reaches back thirty days. */
const EVER = '2005-01-01T00:00:00Z';
/** The list has no more. */
export const LAST_PAGE = 300;
const HIDDEN_PAGES = 3;
const MOST_SEEN = 200;

export function startAt(ms: number): Place {
  return { since: seconds(Math.max(0, ms)), page: 1, seen: [] };
}

export async function readOn(http: Http, place: Place, include: string): Promise<{ readonly rows: readonly FreshdeskTicket[]; readonly next: Place | null }> {
  const answer = await http.get(
    `/tickets?updated_since=${place.since}&order_by=updated_at&order_type=asc&per_page=${PER_PAGE}&page=${place.page}${include}`,
  );
  const all = manyTickets(answer);
  const before = new Set(place.seen);
  const rows = all.filter((row) => !before.has(sign(row)));
  const last = all.at(-1);
  if (last === undefined || !(hasNext(answer) || all.length >= PER_PAGE)) return { rows, next: null };
  const newest = Date.parse(isoTime(last.updated_at) ?? '');
  if (Number.isNaN(newest)) throw new DeskFailure('surprise', 'a ticket in the list has no time of change');
  const given = [...place.seen, ...rows.map(sign)];
  const since = seconds(newest - 1000);
  if (since > place.since) {
    return { rows, next: { since, page: 1, seen: given.filter((row) => timeIn(row) >= since).slice(-MOST_SEEN) } };
  }
  if (place.page >= LAST_PAGE) throw new DeskFailure('surprise', 'more tickets changed within one second than the list can show');
  return { rows, next: { since: place.since, page: place.page + 1, seen: given.slice(-MOST_SEEN) } };
}

/** A page by time of creation, the oldest first: nothing that is changed or created moves what is on it. */
export async function readCreated(http: Http, page: number, include: string): Promise<{ readonly rows: readonly FreshdeskTicket[]; readonly more: boolean }> {
  const answer = await http.get(`/tickets?updated_since=${EVER}&order_by=created_at&order_type=asc&per_page=${PER_PAGE}&page=${page}${include}`);
  const rows = manyTickets(answer);
  return { rows, more: rows.length > 0 && (hasNext(answer) || rows.length >= PER_PAGE) };
}

/** The page that a token of such a list names; null for any other token. */
export function createdPage(token: unknown): number | null {
  const page: unknown = typeof token === 'object' && token !== null ? Reflect.get(token, 'created') : null;
  return typeof page === 'number' && Number.isInteger(page) && page >= 1 && page <= LAST_PAGE ? page : null;
}

/** What is in the trash or marked as spam, newest change first, as far back as `since` but no further than a few pages. */
export async function hiddenSince(http: Http, filter: 'deleted' | 'spam', since: string): Promise<readonly FreshdeskTicket[]> {
  const found: FreshdeskTicket[] = [];
  for (let page = 1; page <= HIDDEN_PAGES; page += 1) {
    const answer = await http.get(`/tickets?filter=${filter}&order_by=updated_at&order_type=desc&per_page=${PER_PAGE}&page=${page}`);
    const rows = manyTickets(answer);
    const young = rows.filter((row) => (isoTime(row.updated_at) ?? '') >= since);
    found.push(...young);
    if (young.length < rows.length || !(hasNext(answer) || rows.length >= PER_PAGE)) break;
  }
  return found;
}

/** The `link` header, absent on the last page, has a blank inside: `< https://…>;rel="next"`. Only its presence counts. */
export function hasNext(answer: Pick<Answer, 'headers'>): boolean {
  const { link } = answer.headers;
  return typeof link === 'string' && /<\s*[^>]+>\s*;\s*rel\s*=\s*"?next"?/i.test(link);
}

const asPlace = maybe<Place>(
  object(
    {
      since: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' },
      page: { type: 'integer', minimum: 1, maximum: LAST_PAGE },
      seen: { type: 'array', items: { type: 'string' } },
    },
    ['since', 'page', 'seen'],
  ),
);

export function placeOf(value: unknown): Place | null {
  return asPlace(value);
}

function sign(row: FreshdeskTicket): string {
  return `${row.id}@${isoTime(row.updated_at) ?? ''}`;
}

function timeIn(sign: string): string {
  return sign.slice(sign.indexOf('@') + 1);
}

function seconds(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
