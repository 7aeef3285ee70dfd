/** What is read about tickets apart from the tickets: comments, the incremental export, search and fields. */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { wholeNumber } from '../kit/json.ts';
import { commentEvent, type Happening } from './events.ts';
import { invalidAttribute, missingParameter, notFound } from './errors.ts';
import { CUSTOM_FIELDS, SYSTEM_FIELDS, type Comment, type Store, type Ticket, type TicketField, type User } from './model.ts';
import { byOffset, paged } from './paging.ts';
import type { People } from './people.ts';
import { searchTickets, searchesUsers } from './search.ts';
import type { Tickets } from './tickets.ts';

/** Search answers at most this many rows, whatever the page. */
const SEARCH_LIMIT = 1_000;
const EXPORT_SIZE = 1_000;

export function createReads(parts: {
  readonly store: Store;
  readonly people: People;
  readonly tickets: Tickets;
  readonly premises: Premises;
  /** The vendor wants a start time at least this many seconds old. */
  readonly exportAge: () => number;
  /** How far search is behind the tickets. */
  readonly searchLag: () => number;
  raise(ticket: Ticket, actor: User, happenings: readonly Happening[]): void;
}): readonly Route[] {
  const { store, people, tickets, premises } = parts;
  const address = (path: string): string => `${premises.url()}/api/v2/${path}.json`;

  function listComments(call: Call): Reply {
    const { query } = call;
    const ticket = tickets.live(call);
    const cursor = query.has('page[size]') || query.has('page[after]');
    const descending = cursor ? query.get('sort') === '-created_at' : query.get('sort_order') === 'desc';
    const beside = (rows: readonly Comment[]): Json => {
      if (query.get('include') !== 'users') return {};
      const authors = new Set(rows.map(({ author_id: author }) => author));
      return { users: [...authors].flatMap((id) => store.users.get(id) ?? []).map(people.show) };
    };
    const body = paged(
      {
        key: 'comments',
        rows: descending ? ticket.comments.toReversed() : ticket.comments,
        order: { place: () => 0, id: ({ id }) => id, descending },
        show: (comment) => comment,
        beside,
        address: address(`tickets/${ticket.id}/comments`),
      },
      query,
    );
    return { status: 200, body };
  }

  function makePrivate(call: Call): Reply {
    const ticket = tickets.live(call);
    const comment = ticket.comments.find(({ id }) => id === wholeNumber(call.params['comment']));
    if (!comment) return notFound();
    if (comment.public) {
      comment.public = false;
      store.touch(ticket, isoSeconds(premises.clock.now()));
      parts.raise(ticket, people.caller(call), [{ name: 'comment_made_private', event: commentEvent(comment, store) }]);
    }
    return { status: 200, body: {} };
  }

  const encode = (sequence: number): string => Buffer.from(`${sequence}||`).toString('base64');
  const decode = (cursor: string): number => {
    const found = /^(\d+)\|\|$/.exec(Buffer.from(cursor, 'base64').toString('utf8'));
    if (!found) throw new Refused({ status: 400, body: { error: 'InvalidCursor', description: 'The cursor is invalid' } });
    return Number(found[1]);
  };

  /** By `generated_timestamp`, so it tells of every kind of change, deletions included; a cursor stays good for ever. */
  function incremental({ query }: Call): Reply {
    const cursor = query.get('cursor');
    const start = query.get('start_time');
    const excludeDeleted = query.get('exclude_deleted') === 'true';
    const size = Math.min(Math.max(1, wholeNumber(query.get('per_page')) ?? EXPORT_SIZE), EXPORT_SIZE);
    const rows = [...store.touched.values()];
    let from: number;
    if (cursor !== null) {
      const last = decode(cursor);
      from = rows.findIndex(({ sequence }) => sequence > last);
    } else {
      if (start === null) throw missingParameter('start_time');
      const seconds = wholeNumber(start);
      if (seconds === null) throw invalidAttribute('start_time', 'an integer', 'api/v2/incremental/tickets/cursor');
      const age = parts.exportAge();
      if (seconds > Math.floor(premises.clock.now() / 1000) - age) {
        const description = `Too recent start_time. Use a start_time older than ${age} seconds`;
        throw new Refused({ status: 400, body: { error: 'StartTimeTooRecent', description } });
      }
      from = rows.findIndex(({ generated }) => generated >= seconds);
    }
    if (from === -1) from = rows.length;
    const page = rows.slice(from, from + size);
    const after = encode(page.at(-1)?.sequence ?? (cursor === null ? (rows[from - 1]?.sequence ?? 0) : decode(cursor)));
    const wanted = excludeDeleted ? page.filter((ticket) => !ticket.deletion) : page;
    return {
      status: 200,
      body: {
        tickets: wanted.map(tickets.show),
        ...(query.get('include')?.split(',').includes('users') ? { users: tickets.people(wanted) } : {}),
        after_url: `${address('incremental/tickets/cursor')}?cursor=${encodeURIComponent(after)}`,
        before_url: null,
        after_cursor: after,
        before_cursor: null,
        end_of_stream: from + page.length >= rows.length,
      },
    };
  }

  function search({ query }: Call): Reply {
    const text = query.get('query');
    if (text === null) throw missingParameter('query');
    const size = Math.min(wholeNumber(query.get('per_page')) ?? 100, 100);
    const page = Math.max(1, wholeNumber(query.get('page')) ?? 1);
    if (page * size > SEARCH_LIMIT) {
      const description = 'Invalid search: Requested response size was greater than Search Response Limits';
      throw new Refused({ status: 422, body: { error: 'invalid', description } });
    }
    const lag = parts.searchLag();
    const now = premises.clock.now() / 1000;
    const visible = [...store.tickets.values()].filter(({ deletion, generated }) => !deletion && (lag === 0 || generated <= now - lag / 1000));
    const descending = (query.get('sort_order') ?? 'desc') !== 'asc';
    const found = searchTickets(visible, text, store).toSorted((a, b) => (a.id - b.id) * (descending ? -1 : 1));
    const rows: readonly object[] = [
      ...found.map((ticket) => ({ ...tickets.show(ticket), result_type: 'ticket' })),
      ...searchesUsers(text, store).map((user) => ({ ...people.show(user), result_type: 'user' })),
    ];
    return { status: 200, body: { ...byOffset({ key: 'results', rows, show: (row) => row, address: address('search') }, query), facets: null } };
  }

  const showField = (field: TicketField, position: number): Json => ({
    url: address(`ticket_fields/${field.id}`),
    id: field.id,
    type: field.type,
    title: field.title,
    raw_title: field.title,
    description: '',
    raw_description: '',
    position,
    active: true,
    required: field.required,
    collapsed_for_agents: false,
    regexp_for_validation: null,
    title_in_portal: field.title,
    raw_title_in_portal: field.title,
    visible_in_portal: true,
    editable_in_portal: true,
    required_in_portal: false,
    tag: null,
    created_at: '2024-01-08T09:00:00Z',
    updated_at: '2024-01-08T09:00:00Z',
    removable: field.removable,
    agent_description: null,
    ...(field.options ? { custom_field_options: field.options.map((option) => ({ ...option, raw_name: option.name, default: false })) } : {}),
  });
  const fields = [...SYSTEM_FIELDS, ...CUSTOM_FIELDS];

  return [
    { method: 'GET', path: '/api/v2/tickets/:id/comments', handle: listComments },
    {
      method: 'GET',
      path: '/api/v2/tickets/:id/comments/count',
      handle: (call) => ({
        status: 200,
        body: { count: { value: tickets.live(call).comments.length, refreshed_at: isoSeconds(premises.clock.now()) } },
      }),
    },
    { method: 'PUT', path: '/api/v2/tickets/:id/comments/:comment/make_private', handle: makePrivate },
    { method: 'GET', path: '/api/v2/incremental/tickets/cursor', handle: incremental },
    { method: 'GET', path: '/api/v2/search', handle: search },
    {
      method: 'GET',
      path: '/api/v2/ticket_fields',
      handle: ({ query }) => ({
        status: 200,
        body: paged(
          {
            key: 'ticket_fields',
            rows: fields,
            order: { place: () => 0, id: ({ id }) => id, descending: false },
            show: (field) => showField(field, fields.indexOf(field)),
            address: address('ticket_fields'),
          },
          query,
        ),
      }),
    },
    {
      method: 'GET',
      path: '/api/v2/ticket_fields/:id',
      handle: ({ params }) => {
        const index = fields.findIndex(({ id }) => id === wholeNumber(params['id']));
        const field = fields[index];
        return field ? { status: 200, body: { ticket_field: showField(field, index) } } : notFound();
      },
    },
  ];
}
