/** Zendesk tickets: list, show, create, update, delete. Source: developer.zendesk.com "Tickets", recorded answers. */
import type { Budget } from '../kit/budget.ts';
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { instant, isJson, wholeNumber } from '../kit/json.ts';
import { DESCRIPTION_FIELD_ID } from './account.ts';
import { closedTicket, endpointLimit, invalidAttribute, missingParameter, notFound, recordInvalid, tooManyValues, updateConflict } from './errors.ts';
import type { Happening } from './events.ts';
import { createIdempotency } from './idempotency.ts';
import type { Jobs } from './jobs.ts';
import { STATUSES, type Ticket, type User } from './model.ts';
import { paged, wantsCursor, type Order } from './paging.ts';
import type { People } from './people.ts';
import { readWrite, type Reading } from './reading.ts';
import type { Saves } from './saves.ts';
import { wantedOf, type Show } from './show.ts';
import type { Store } from './store.ts';
import type { Trash } from './trash.ts';

/** What the ticket calls have in common. */
export interface Desk {
  readonly store: Store;
  readonly people: People;
  readonly reading: Reading;
  readonly saves: Saves;
  readonly show: Show;
  readonly jobs: Jobs;
  readonly trash: Trash;
  readonly premises: Premises;
  readonly nextId: () => number;
  raise(ticket: Ticket, actor: User, happenings: readonly Happening[]): void;
}

export interface Tickets {
  readonly routes: readonly Route[];
  /** A create of one ticket's fields, told to everybody. */
  create(input: Json, caller: User, action: string): { readonly ticket: Ticket; readonly body: Json; readonly warning: string | null };
  /** An update of one, refused where the ticket is closed or newer than the stamp. */
  update(ticket: Ticket, input: Json, caller: User, action: string): { readonly body: Json; readonly warning: string | null };
  forget(): void;
}

/** The ticket that the call names, or that is named; refuses when there is none or it is in the trash. */
export function liveTicket(store: Store, id: string | number | undefined, where = 'show'): Ticket {
  const number = typeof id === 'number' ? id : wholeNumber(id);
  if (number === null) throw invalidAttribute('id', 'an integer', `api/v2/tickets/${where}`);
  const ticket = store.tickets.get(number);
  if (!ticket || ticket.deletion) throw new Refused(notFound());
  return ticket;
}

/** Either key asks for a safe update; a stamp that is older than the ticket refuses it. */
export function demandFresh(ticket: Ticket, stamp: unknown): void {
  const ms = instant(stamp);
  if (ms !== null && ms < (instant(ticket.updated_at) ?? 0)) throw updateConflict();
}

const rank = (words: readonly string[], word: string): number => words.indexOf(word);

export function createTickets(
  desk: Desk,
  limits: { readonly updates: Budget; /** Updates of one ticket by one user in ten minutes; null for no limit. */ readonly perTicket: () => number | null },
): Tickets {
  const { store, people, reading, saves, show, premises } = desk;
  const idempotency = createIdempotency(premises.clock);
  const address = (path: string): string => `${premises.url()}/api/v2/${path}.json`;

  /** `sort` for cursor pages; `sort_by` and `sort_order` for offset pages (with a cursor they are dropped without a word). */
  function sorting(query: URLSearchParams, within: (ticket: Ticket) => boolean): { rows: Ticket[]; order: Order<Ticket> } {
    const cursor = wantsCursor(query);
    const sort = cursor ? (query.get('sort') ?? 'id') : (query.get('sort') ?? query.get('sort_by') ?? 'id');
    const descending = sort.startsWith('-') || (!cursor && query.get('sort_order') === 'desc');
    const key = sort.replace(/^-/, '');
    const externalId = query.get('external_id');
    const source = externalId !== null ? [...(store.byExternalId.get(externalId) ?? [])] : key === 'updated_at' ? [...store.touched.values()] : [...store.tickets.values()];
    const place = (ticket: Ticket): number => (key === 'updated_at' ? ticket.sequence : key === 'status' ? rank(STATUSES, ticket.status) : 0);
    const rows = source.filter((ticket) => !ticket.deletion && !ticket.archived && within(ticket));
    if (key === 'status' || externalId !== null) rows.sort((a, b) => place(a) - place(b) || a.id - b.id);
    return { rows: descending ? rows.reverse() : rows, order: { place, id: ({ id }) => id, descending } };
  }

  function list({ query }: Call, path: string, within: (ticket: Ticket) => boolean): Reply {
    const wanted = wantedOf(query);
    const { rows, order } = sorting(query, within);
    const beside = (page: readonly Ticket[]): Json => show.beside(page, wanted);
    return { status: 200, body: paged({ key: 'tickets', rows, order, show: (ticket) => show.ticket(ticket, wanted), beside, address: address(path) }, query) };
  }

  const input = (call: Call): Json => {
    const ticket = isJson(call.body) ? call.body['ticket'] : undefined;
    if (!isJson(ticket)) throw missingParameter('ticket');
    return ticket;
  };

  function create(given: Json, caller: User, action: string): ReturnType<Tickets['create']> {
    const request = readWrite(given, null, action, reading);
    if (!request.comment) {
      throw recordInvalid('base', { description: 'Description: cannot be blank', error: 'BlankValue', ticket_field_id: DESCRIPTION_FIELD_ID, ticket_field_type: 'FieldDescription' });
    }
    const { ticket, audit, happenings } = saves.create(request, caller);
    desk.raise(ticket, caller, happenings);
    return { ticket, body: { ticket: show.ticket(ticket), audit: show.audit(audit, ticket) }, warning: request.warning };
  }

  const warned = (warning: string | null): Readonly<Record<string, string>> => (warning === null ? {} : { 'X-Zendesk-API-Warn': warning });

  function createOne(call: Call): Reply {
    const key = call.headers['idempotency-key'];
    return idempotency.once(typeof key === 'string' ? key : null, call.raw, () => {
      const caller = people.caller(call);
      const given = input(call);
      if (call.query.get('async') === 'true') {
        const { body } = desk.jobs.run('Create Ticket', [given], (row) => ({ id: create(row, caller, 'create').ticket.id, success: true }));
        return { status: 202, body };
      }
      const { ticket, body, warning } = create(given, caller, 'create');
      return { status: 201, body, headers: { Location: address(`tickets/${ticket.id}`), ...warned(warning) } };
    });
  }

  function update(ticket: Ticket, given: Json, caller: User, action: string): ReturnType<Tickets['update']> {
    if (ticket.status === 'closed') throw closedTicket();
    demandFresh(ticket, given['updated_stamp']);
    const request = readWrite(given, ticket, action, reading);
    const { audit, happenings } = saves.update(ticket, request, caller);
    desk.raise(ticket, caller, happenings);
    return { body: { ticket: show.ticket(ticket), audit: show.audit(audit, ticket) }, warning: request.warning };
  }

  function updateOne(call: Call): Reply {
    const ticket = liveTicket(store, call.params['id'], 'update');
    const caller = people.caller(call);
    const limit = limits.perTicket();
    const headers: Record<string, string> = {};
    if (limit !== null) {
      const { remaining, resetSeconds } = limits.updates.take(`${caller.id}/${ticket.id}`, limit);
      headers['zendesk-ratelimit-per-ticket-updates'] = `total=${limit}; remaining=${Math.max(0, remaining)}; resets=${resetSeconds}`;
      if (remaining < 0) {
        const refusal = endpointLimit(resetSeconds);
        return { ...refusal, headers: { ...refusal.headers, ...headers } };
      }
    }
    const { body, warning } = update(ticket, input(call), caller, 'update');
    return { status: 200, body, headers: { ...headers, ...warned(warning) } };
  }

  function showOne(call: Call): Reply {
    const ticket = liveTicket(store, call.params['id']);
    const wanted = wantedOf(call.query);
    return { status: 200, body: { ticket: show.ticket(ticket, wanted), ...show.beside([ticket], wanted) } };
  }

  function showMany({ query }: Call): Reply {
    const ids = query.get('ids')?.split(',') ?? [];
    if (ids.length === 0) throw missingParameter('ids');
    if (ids.length > 100) throw tooManyValues();
    const found = ids.flatMap((id) => store.tickets.get(Number(id)) ?? []).filter((ticket) => !ticket.deletion);
    const wanted = wantedOf(query);
    return {
      status: 200,
      body: { tickets: found.map((ticket) => show.ticket(ticket, wanted)), ...show.beside(found, wanted), next_page: null, previous_page: null, count: found.length },
    };
  }

  const one = '/api/v2/tickets/:id';
  const ofUser = (path: string, fits: (ticket: Ticket, id: number) => boolean): Route => ({
    method: 'GET',
    path: `/api/v2/users/:id/tickets/${path}`,
    handle: (call) => list(call, `users/${call.params['id'] ?? ''}/tickets/${path}`, (ticket) => fits(ticket, wholeNumber(call.params['id']) ?? 0)),
  });
  const routes: readonly Route[] = [
    { method: 'GET', path: '/api/v2/tickets', handle: (call) => list(call, 'tickets', () => true) },
    {
      method: 'GET',
      path: '/api/v2/tickets/count',
      handle: () => {
        const value = [...store.tickets.values()].filter(({ deletion, archived }) => !deletion && !archived).length;
        return { status: 200, body: { count: { value, refreshed_at: new Date(premises.clock.now()).toISOString() } } };
      },
    },
    { method: 'POST', path: '/api/v2/tickets', handle: createOne },
    { method: 'GET', path: '/api/v2/tickets/show_many', handle: showMany },
    { method: 'GET', path: one, handle: showOne },
    { method: 'PUT', path: one, handle: updateOne },
    {
      method: 'DELETE',
      path: one,
      handle: (call) => {
        desk.trash.put(liveTicket(store, call.params['id'], 'destroy'), people.caller(call), true);
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: `${one}/incidents`,
      handle: (call) => list(call, `tickets/${call.params['id'] ?? ''}/incidents`, ({ problem_id: problem }) => problem === wholeNumber(call.params['id'])),
    },
    { method: 'GET', path: '/api/v2/problems', handle: (call) => list(call, 'problems', ({ type }) => type === 'problem') },
    ofUser('requested', ({ requester_id: requester }, id) => requester === id),
    ofUser('assigned', ({ assignee_id: assignee }, id) => assignee === id),
    ofUser('ccd', ({ email_cc_ids: copied }, id) => copied.includes(id)),
    ofUser('followed', ({ follower_ids: followers }, id) => followers.includes(id)),
    {
      method: 'GET',
      path: '/api/v2/organizations/:id/tickets',
      handle: (call) => list(call, `organizations/${call.params['id'] ?? ''}/tickets`, ({ organization_id: organization }) => organization === wholeNumber(call.params['id'])),
    },
  ];

  return { routes, create, update, forget: idempotency.clear };
}
