/** What happened: audits of a ticket, and the incremental exports. Sources: developer.zendesk.com "Ticket audits", "Incremental exports", recorded answers. */
import { Refused, type Call, type Json, type Reply, type Route } from '../kit/desk.ts';
import { wholeNumber } from '../kit/json.ts';
import { invalidAttribute, missingParameter, notFound } from './errors.ts';
import type { Audit, Ticket } from './model.ts';
import { paged } from './paging.ts';
import { wantedOf } from './show.ts';
import { liveTicket, type Desk } from './tickets.ts';

const EXPORT_SIZE = 1_000;

/** `exportAge` is how many seconds old a start time has to be. */
export function createHistory(desk: Desk, exportAge: () => number): readonly Route[] {
  const { store, people, show, premises } = desk;
  const address = (path: string): string => `${premises.url()}/api/v2/${path}.json`;
  const encode = (sequence: number): string => Buffer.from(`${sequence}||`).toString('base64');
  const decode = (cursor: string): number => {
    const found = /^(\d{1,15})\|\|$/.exec(Buffer.from(cursor, 'base64').toString('utf8'));
    if (!found) throw new Refused({ status: 400, body: { error: 'InvalidCursor', description: 'The cursor is invalid' } });
    return Number(found[1]);
  };

  function startOf(query: URLSearchParams, path: string): number {
    const start = query.get('start_time');
    if (start === null) throw missingParameter('start_time');
    const seconds = wholeNumber(start);
    if (seconds === null) throw invalidAttribute('start_time', 'an integer', `api/v2/incremental/${path}`);
    const age = exportAge();
    if (seconds > Math.floor(premises.clock.now() / 1000) - age) {
      const description = `Too recent start_time. Use a start_time older than ${age} seconds`;
      throw new Refused({ status: 400, body: { error: 'StartTimeTooRecent', description } });
    }
    return seconds;
  }
  const sizeOf = (query: URLSearchParams): number => Math.min(Math.max(1, wholeNumber(query.get('per_page')) ?? EXPORT_SIZE), EXPORT_SIZE);

  /** By `generated_timestamp`, so it tells of every kind of change, deletions included; a cursor stays good for ever. */
  function byCursor(call: Call): Reply {
    people.admin(call);
    const { query } = call;
    const cursor = query.get('cursor');
    const excludeDeleted = query.get('exclude_deleted') === 'true';
    const size = sizeOf(query);
    const rows = [...store.touched.values()];
    let from: number;
    if (cursor !== null) {
      const last = decode(cursor);
      from = rows.findIndex(({ sequence }) => sequence > last);
    } else {
      const seconds = startOf(query, 'tickets/cursor');
      from = rows.findIndex(({ generated }) => generated >= seconds);
    }
    if (from === -1) from = rows.length;
    const page = rows.slice(from, from + size);
    const after = encode(page.at(-1)?.sequence ?? (cursor === null ? (rows[from - 1]?.sequence ?? 0) : decode(cursor)));
    const told = excludeDeleted ? page.filter((ticket) => !ticket.deletion) : page;
    const wanted = wantedOf(query);
    return {
      status: 200,
      body: {
        tickets: told.map((ticket) => show.ticket(ticket, wanted)),
        ...show.beside(told, wanted),
        after_url: `${address('incremental/tickets/cursor')}?cursor=${encodeURIComponent(after)}`,
        before_url: null,
        after_cursor: after,
        before_cursor: null,
        end_of_stream: from + page.length >= rows.length,
      },
    };
  }

  /** Pages by time: a page goes on to the end of its last second, and the next one begins with that second again. */
  function pageByTime<Row>(rows: readonly Row[], at: (row: Row) => number, start: number, size: number): { page: readonly Row[]; end: number; last: boolean } {
    const due = rows.filter((row) => at(row) >= start);
    const lastRow = due[Math.min(size, due.length) - 1];
    if (lastRow === undefined) return { page: [], end: start, last: true };
    const page = due.filter((row, index) => index < size || at(row) === at(lastRow));
    return { page, end: at(lastRow), last: page.length === due.length };
  }

  function byTime(call: Call): Reply {
    people.admin(call);
    const { query } = call;
    const start = startOf(query, 'tickets');
    const { page, end, last } = pageByTime([...store.touched.values()], ({ generated }) => generated, start, sizeOf(query));
    const wanted = wantedOf(query);
    return {
      status: 200,
      body: {
        tickets: page.map((ticket) => show.ticket(ticket, wanted)),
        ...show.beside(page, wanted),
        count: page.length,
        end_of_stream: last,
        end_time: page.length === 0 ? null : end,
        next_page: `${address('incremental/tickets')}?start_time=${end}`,
      },
    };
  }

  const secondOf = (audit: Audit): number => Math.floor(Date.parse(audit.created_at) / 1000);
  const everything = (): { audit: Audit; ticket: Ticket }[] =>
    [...store.tickets.values()].flatMap((ticket) => ticket.audits.map((audit) => ({ audit, ticket }))).sort((a, b) => a.audit.id - b.audit.id);

  function ticketEvents(call: Call): Reply {
    people.admin(call);
    const { query } = call;
    const start = startOf(query, 'ticket_events');
    const withComments = wantedOf(query).has('comment_events');
    const { page, end, last } = pageByTime(everything(), ({ audit }) => secondOf(audit), start, sizeOf(query));
    const childOf = (event: object): Json => {
      const { field_name: field, value, previous_value: previous, ...rest } = event as Json;
      return { ...rest, event_type: rest['type'], ...(typeof field === 'string' ? { [field]: value, ...(previous === undefined ? {} : { previous_value: previous }) } : {}) };
    };
    return {
      status: 200,
      body: {
        ticket_events: page.map(({ audit, ticket }) => ({
          id: audit.id,
          ticket_id: ticket.id,
          timestamp: secondOf(audit),
          created_at: audit.created_at,
          updater_id: audit.author_id,
          via: 'Web service',
          system: show.audit(audit, ticket)['metadata'],
          metadata: audit.custom,
          event_type: 'Audit',
          child_events: (show.audit(audit, ticket)['events'] as readonly Json[]).filter(({ type }) => withComments || type !== 'Comment').map(childOf),
        })),
        count: page.length,
        end_of_stream: last,
        end_time: page.length === 0 ? null : end,
        next_page: `${address('incremental/ticket_events')}?start_time=${end}`,
      },
    };
  }

  function listAudits(call: Call): Reply {
    const ticket = liveTicket(store, call.params['id']);
    const { query } = call;
    const descending = query.get('sort_order') === 'desc' || query.get('sort') === '-created_at';
    const order = { place: () => 0, id: ({ id }: Audit) => id, descending };
    const rows = descending ? ticket.audits.toReversed() : ticket.audits;
    const wanted = wantedOf(query);
    const beside = (page: readonly Audit[]): Json => (wanted.has('users') ? { users: show.users(page.map(({ author_id: author }) => author)) } : {});
    return { status: 200, body: paged({ key: 'audits', rows, order, show: (audit) => show.audit(audit, ticket), beside, address: address(`tickets/${ticket.id}/audits`) }, query) };
  }

  /** All audits of the account, newest first, by a cursor of their own. */
  function allAudits({ query }: Call): Reply {
    const size = Math.min(Math.max(1, wholeNumber(query.get('limit')) ?? EXPORT_SIZE), EXPORT_SIZE);
    const cursor = query.get('cursor');
    const before = cursor === null ? Number.MAX_SAFE_INTEGER : decode(cursor);
    const rows = everything().filter(({ audit, ticket }) => audit.id < before && !ticket.archived).toReversed();
    const page = rows.slice(0, size);
    const next = page.length < rows.length ? encode(page.at(-1)?.audit.id ?? 0) : null;
    const link = next === null ? null : `${address('ticket_audits')}?cursor=${encodeURIComponent(next)}&limit=${size}`;
    return {
      status: 200,
      body: { audits: page.map(({ audit, ticket }) => show.audit(audit, ticket)), before_url: link, after_url: null, before_cursor: next, after_cursor: null },
    };
  }

  return [
    { method: 'GET', path: '/api/v2/tickets/:id/audits', handle: listAudits },
    {
      method: 'GET',
      path: '/api/v2/tickets/:id/audits/:audit',
      handle: (call) => {
        const ticket = liveTicket(store, call.params['id']);
        const audit = ticket.audits.find(({ id }) => id === wholeNumber(call.params['audit']));
        return audit ? { status: 200, body: { audit: show.audit(audit, ticket) } } : notFound();
      },
    },
    { method: 'GET', path: '/api/v2/ticket_audits', handle: allAudits },
    { method: 'GET', path: '/api/v2/incremental/tickets/cursor', handle: byCursor },
    { method: 'GET', path: '/api/v2/incremental/tickets', handle: byTime },
    { method: 'GET', path: '/api/v2/incremental/ticket_events', handle: ticketEvents },
  ];
}
