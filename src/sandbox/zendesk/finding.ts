/** The search calls: by offset with a ceiling, the export by a cursor that lives an hour, and the count. Source: developer.zendesk.com "Search", recorded answers. */
import { Refused, type Call, type Json, type Reply, type Route } from '../kit/desk.ts';
import { wholeNumber } from '../kit/json.ts';
import { errorList, missingParameter } from './errors.ts';
import type { Ticket, User } from './model.ts';
import { byOffset } from './paging.ts';
import { searchTickets, searchesUsers } from './search.ts';
import type { Desk } from './tickets.ts';

/** Search answers at most this many rows, whatever the page. */
const SEARCH_LIMIT = 1_000;
const EXPORT_CURSOR_MS = 3_600_000;

/** `searchLag` is how far search is behind the tickets, in milliseconds. */
export function createFinding(desk: Desk, searchLag: () => number): readonly Route[] {
  const { store, people, show, premises } = desk;
  const address = (path: string): string => `${premises.url()}/api/v2/${path}.json`;

  /** Tickets and users as the index knows them by now. */
  function found(query: URLSearchParams): { tickets: readonly Ticket[]; users: readonly User[] } {
    const text = query.get('query');
    if (text === null) throw missingParameter('query');
    const lag = searchLag();
    const now = premises.clock.now() / 1000;
    const visible = [...store.tickets.values()].filter(({ deletion, generated }) => !deletion && (lag === 0 || generated <= now - lag / 1000));
    return { tickets: searchTickets(visible, text, store), users: searchesUsers(text, store) };
  }
  const ticketRow = (ticket: Ticket): Json => ({ ...show.ticket(ticket), result_type: 'ticket' });
  const userRow = (user: User): Json => ({ ...people.show(user), result_type: 'user' });

  function search({ query }: Call): Reply {
    const { tickets, users } = found(query);
    const size = Math.min(wholeNumber(query.get('per_page')) ?? 100, 100);
    const page = Math.max(1, wholeNumber(query.get('page')) ?? 1);
    if (page * size > SEARCH_LIMIT) {
      const description = 'Invalid search: Requested response size was greater than Search Response Limits';
      throw new Refused({ status: 422, body: { error: 'invalid', description } });
    }
    const key = query.get('sort_by') === 'updated_at' ? 'sequence' : 'id';
    const descending = (query.get('sort_order') ?? 'desc') !== 'asc';
    const sorted = tickets.toSorted((a, b) => (a[key] - b[key]) * (descending ? -1 : 1));
    const rows: readonly Json[] = [...sorted.map(ticketRow), ...users.map(userRow)];
    return { status: 200, body: { ...byOffset({ key: 'results', rows, show: (row) => row, address: address('search') }, query), facets: null } };
  }

  function exported({ query }: Call): Reply {
    const type = query.get('filter[type]');
    if (type !== 'ticket' && type !== 'user') throw missingParameter('filter[type]');
    const { tickets } = found(query);
    const text = query.get('query') ?? '';
    const rows = type === 'ticket' ? tickets.map((row) => ({ id: row.id, show: () => ticketRow(row) })) : searchesUsers(`type:user ${text}`, store).map((row) => ({ id: row.id, show: () => userRow(row) }));
    const size = Math.min(wholeNumber(query.get('page[size]')) ?? 100, 1_000);
    const now = premises.clock.now();
    const given = query.get('page[after]');
    const [last, born] = given === null ? [0, now] : readCursor(given);
    if (born + EXPORT_CURSOR_MS < now) throw errorList(400, 'InvalidCursor', 'Invalid cursor', 'The cursor has expired');
    const due = rows.filter(({ id }) => id > last).sort((a, b) => a.id - b.id);
    const page = due.slice(0, size);
    const more = page.length < due.length;
    const cursor = Buffer.from(`${page.at(-1)?.id ?? last}|${born}`).toString('base64');
    const next = new URLSearchParams(query);
    next.set('page[after]', cursor);
    return {
      status: 200,
      body: {
        results: page.map((row) => row.show()),
        facets: null,
        meta: { has_more: more, after_cursor: more ? cursor : null, before_cursor: null },
        links: { prev: null, next: more ? `${address('search/export')}?${next.toString()}` : null },
      },
    };
  }

  function readCursor(text: string): readonly [last: number, born: number] {
    const parts = /^(\d{1,16})\|(\d{1,16})$/.exec(Buffer.from(text, 'base64').toString('utf8'));
    if (!parts) throw errorList(400, 'InvalidCursor', 'Invalid cursor', 'The cursor is not valid');
    return [Number(parts[1]), Number(parts[2])];
  }

  return [
    { method: 'GET', path: '/api/v2/search', handle: search },
    { method: 'GET', path: '/api/v2/search/export', handle: exported },
    {
      method: 'GET',
      path: '/api/v2/search/count',
      handle: ({ query }) => {
        const { tickets, users } = found(query);
        return { status: 200, body: { count: tickets.length + users.length } };
      },
    },
  ];
}
