/** Zendesk tickets: the calls of `/api/v2/tickets`. Source: developer.zendesk.com "Tickets", "Deleted tickets", recorded answers. */
import type { Budget } from '../kit/budget.ts';
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { instant, isJson, wholeNumber } from '../kit/json.ts';
import { closedTicket, endpointLimit, invalidAttribute, missingParameter, notFound, recordInvalid, tooManyValues, updateConflict } from './errors.ts';
import type { Happening } from './events.ts';
import { createIdempotency } from './idempotency.ts';
import { BRAND_ID, CUSTOM_FIELDS, CUSTOM_STATUS, FORM_ID, STATUSES, VIA_API, type Store, type Ticket, type User } from './model.ts';
import { paged, type Order } from './paging.ts';
import type { People } from './people.ts';
import { normaliseTags, readWrite } from './reading.ts';
import type { Saves } from './saves.ts';

export interface Tickets {
  readonly routes: readonly Route[];
  show(ticket: Ticket): Json;
  /** The ticket that the call names; refuses when there is none or it is in the trash. */
  live(call: Call): Ticket;
  /** Users that `include=users` puts beside tickets. */
  people(tickets: readonly Ticket[]): Json[];
  forget(): void;
}

const rank = (words: readonly string[], word: string): number => words.indexOf(word);

export function createTickets(parts: {
  readonly store: Store;
  readonly people: People;
  readonly saves: Saves;
  readonly premises: Premises;
  readonly nextId: () => number;
  readonly updates: Budget;
  /** Updates of one ticket by one user in ten minutes; null for no limit. */
  readonly perTicket: () => number | null;
  raise(ticket: Ticket, actor: User, happenings: readonly Happening[]): void;
}): Tickets {
  const { store, people, saves, premises } = parts;
  const idempotency = createIdempotency(premises.clock);
  const address = (path: string): string => `${premises.url()}/api/v2/${path}.json`;

  const show = (ticket: Ticket): Json => {
    const custom = CUSTOM_FIELDS.map(({ id }) => ({ id, value: ticket.custom.get(id) ?? null }));
    return {
      url: address(`tickets/${ticket.id}`),
      id: ticket.id,
      external_id: ticket.external_id,
      via: VIA_API,
      created_at: ticket.created_at,
      updated_at: ticket.updated_at,
      generated_timestamp: ticket.generated,
      type: ticket.type,
      subject: ticket.subject,
      raw_subject: ticket.subject,
      description: ticket.comments[0]?.body ?? '',
      priority: ticket.priority,
      status: ticket.deletion ? 'deleted' : ticket.status,
      recipient: null,
      requester_id: ticket.requester_id,
      submitter_id: ticket.submitter_id,
      assignee_id: ticket.assignee_id,
      organization_id: null,
      group_id: ticket.group_id,
      collaborator_ids: [],
      follower_ids: [],
      email_cc_ids: [],
      forum_topic_id: null,
      problem_id: null,
      has_incidents: false,
      is_public: ticket.comments.some((comment) => comment.public),
      due_at: ticket.due_at,
      tags: ticket.tags,
      custom_fields: custom,
      satisfaction_rating: null,
      sharing_agreement_ids: [],
      custom_status_id: CUSTOM_STATUS[ticket.status],
      fields: custom,
      followup_ids: [],
      ticket_form_id: FORM_ID,
      brand_id: BRAND_ID,
      allow_channelback: false,
      allow_attachments: true,
      from_messaging_channel: false,
    };
  };

  const find = (call: Call): Ticket => {
    const id = wholeNumber(call.params['id']);
    if (id === null) throw invalidAttribute('id', 'an integer', 'api/v2/tickets/show');
    const ticket = store.tickets.get(id);
    if (!ticket) throw new Refused(notFound());
    return ticket;
  };
  const live = (call: Call): Ticket => {
    const ticket = find(call);
    if (ticket.deletion) throw new Refused(notFound());
    return ticket;
  };
  const trashed = (call: Call): Ticket => {
    const ticket = find(call);
    if (!ticket.deletion) throw new Refused(notFound());
    return ticket;
  };

  const sideLoaded = (tickets: readonly Ticket[]): Json[] => {
    const ids = new Set(tickets.flatMap((ticket) => [ticket.requester_id, ticket.submitter_id, ticket.assignee_id]));
    return [...ids].flatMap((id) => (id === null ? [] : (store.users.get(id) ?? []))).map(people.show);
  };
  const includes = (query: URLSearchParams): ReadonlySet<string> => new Set((query.get('include') ?? '').split(','));
  const shown = (ticket: Ticket, wanted: ReadonlySet<string>): Json =>
    wanted.has('comment_count') ? { ...show(ticket), comment_count: ticket.comments.length } : show(ticket);

  /** `sort` for cursor pages; `sort_by` and `sort_order` for offset pages (with a cursor they are dropped without a word). */
  function sorting(query: URLSearchParams): { rows: Ticket[]; order: Order<Ticket> } {
    const cursor = query.has('page[size]') || query.has('page[after]');
    const sort = cursor ? (query.get('sort') ?? 'id') : (query.get('sort') ?? query.get('sort_by') ?? 'id');
    const descending = sort.startsWith('-') || (!cursor && query.get('sort_order') === 'desc');
    const key = sort.replace(/^-/, '');
    const externalId = query.get('external_id');
    const source = externalId !== null ? [...(store.byExternalId.get(externalId) ?? [])] : key === 'updated_at' ? [...store.touched.values()] : [...store.tickets.values()];
    const place = (ticket: Ticket): number => (key === 'updated_at' ? ticket.sequence : key === 'status' ? rank(STATUSES, ticket.status) : 0);
    const rows = source.filter((ticket) => !ticket.deletion);
    if (key === 'status' || externalId !== null) rows.sort((a, b) => place(a) - place(b) || a.id - b.id);
    return { rows: descending ? rows.reverse() : rows, order: { place, id: ({ id }) => id, descending } };
  }

  function list({ query }: Call): Reply {
    const wanted = includes(query);
    const { rows, order } = sorting(query);
    const beside = (page: readonly Ticket[]): Json => (wanted.has('users') ? { users: sideLoaded(page) } : {});
    return { status: 200, body: paged({ key: 'tickets', rows, order, show: (ticket) => shown(ticket, wanted), beside, address: address('tickets') }, query) };
  }

  const input = (call: Call): Json => {
    const ticket = isJson(call.body) ? call.body['ticket'] : undefined;
    if (!isJson(ticket)) throw missingParameter('ticket');
    return ticket;
  };

  function create(call: Call): Reply {
    const key = call.headers['idempotency-key'];
    return idempotency.once(typeof key === 'string' ? key : null, call.raw, () => {
      const caller = people.caller(call);
      const request = readWrite(input(call), null, 'create', people, store);
      if (!request.comment) {
        throw recordInvalid('base', { description: 'Description: cannot be blank', error: 'BlankValue', ticket_field_id: 8447346600002, ticket_field_type: 'FieldDescription' });
      }
      const saved = saves.create(request, caller);
      parts.raise(saved.ticket, caller, saved.happenings);
      return {
        status: 201,
        body: { ticket: show(saved.ticket), audit: saved.audit },
        headers: { Location: address(`tickets/${saved.ticket.id}`), ...(request.warning === null ? {} : { 'X-Zendesk-API-Warn': request.warning }) },
      };
    });
  }

  /** Either key asks for a safe update; a stamp that is older than the ticket refuses it. */
  function demandFresh(ticket: Ticket, stamp: unknown): void {
    const ms = instant(stamp);
    if (ms !== null && ms < (instant(ticket.updated_at) ?? 0)) throw updateConflict();
  }

  function update(call: Call): Reply {
    const ticket = live(call);
    const caller = people.caller(call);
    const limit = parts.perTicket();
    const headers: Record<string, string> = {};
    if (limit !== null) {
      const { remaining, resetSeconds } = parts.updates.take(`${caller.id}/${ticket.id}`, limit);
      if (remaining < 0) return endpointLimit(resetSeconds);
      headers['zendesk-ratelimit-per-ticket-updates'] = `total=${limit}; remaining=${remaining}; resets=${resetSeconds}`;
    }
    const given = input(call);
    if (ticket.status === 'closed') throw closedTicket();
    demandFresh(ticket, given['updated_stamp']);
    const request = readWrite(given, ticket, 'update', people, store);
    const saved = saves.update(ticket, request, caller);
    parts.raise(ticket, caller, saved.happenings);
    if (request.warning !== null) headers['X-Zendesk-API-Warn'] = request.warning;
    return { status: 200, body: { ticket: show(ticket), audit: saved.audit }, headers };
  }

  function setDeletion(ticket: Ticket, call: Call, deleted: boolean): void {
    const caller = people.caller(call);
    const now = isoSeconds(premises.clock.now());
    ticket.deletion = deleted ? { at: now, by: caller.id } : null;
    store.touch(ticket, now);
    parts.raise(ticket, caller, [{ name: deleted ? 'soft_deleted' : 'undeleted', event: {} }]);
  }

  function deletedList({ query }: Call): Reply {
    const rows = [...store.tickets.values()].filter((ticket) => ticket.deletion);
    const showDeleted = (ticket: Ticket): object => ({
      id: ticket.id,
      subject: ticket.subject,
      description: ticket.comments[0]?.body ?? '',
      actor: { id: ticket.deletion?.by, name: store.users.get(ticket.deletion?.by ?? 0)?.name ?? '' },
      deleted_at: ticket.deletion?.at,
      previous_state: ticket.status,
    });
    const order = { place: () => 0, id: ({ id }: Ticket) => id, descending: false };
    return { status: 200, body: paged({ key: 'deleted_tickets', rows, order, show: showDeleted, address: address('deleted_tickets') }, query) };
  }

  function deleteForGood(call: Call): Reply {
    const ticket = trashed(call);
    const caller = people.caller(call);
    parts.raise(ticket, caller, [{ name: 'permanently_deleted', event: {} }]);
    store.remove(ticket);
    const id = `V3-${ticket.id}`;
    return { status: 200, body: { job_status: { id, job_type: 'Permanently Delete Tickets', url: address(`job_statuses/${id}`), total: 1, progress: null, status: 'queued', message: null, results: null } } };
  }

  function writeTags(call: Call, change: (before: readonly string[], given: readonly string[]) => readonly string[]): Json {
    const ticket = live(call);
    const caller = people.caller(call);
    const body = isJson(call.body) ? call.body : {};
    if (ticket.status === 'closed') throw closedTicket();
    demandFresh(ticket, body['updated_stamp']);
    const tags = [...new Set(change(ticket.tags, normaliseTags(body['tags'])))];
    const request = readWrite({ tags }, ticket, 'update', people, store);
    parts.raise(ticket, caller, saves.update(ticket, request, caller).happenings);
    return { tags: ticket.tags };
  }

  const one = '/api/v2/tickets/:id';
  const routes: readonly Route[] = [
    { method: 'GET', path: '/api/v2/tickets', handle: list },
    { method: 'POST', path: '/api/v2/tickets', handle: create },
    {
      method: 'GET',
      path: '/api/v2/tickets/show_many',
      handle: ({ query }) => {
        const ids = query.get('ids')?.split(',') ?? [];
        if (ids.length === 0) throw missingParameter('ids');
        if (ids.length > 100) throw tooManyValues();
        const found = ids.flatMap((id) => store.tickets.get(Number(id)) ?? []).filter((ticket) => !ticket.deletion);
        const wanted = includes(query);
        const users = wanted.has('users') ? { users: sideLoaded(found) } : {};
        return { status: 200, body: { tickets: found.map((ticket) => shown(ticket, wanted)), ...users, next_page: null, previous_page: null, count: found.length } };
      },
    },
    {
      method: 'GET',
      path: one,
      handle: (call) => {
        const ticket = live(call);
        const wanted = includes(call.query);
        return { status: 200, body: { ticket: shown(ticket, wanted), ...(wanted.has('users') ? { users: sideLoaded([ticket]) } : {}) } };
      },
    },
    { method: 'PUT', path: one, handle: update },
    {
      method: 'DELETE',
      path: one,
      handle: (call) => {
        setDeletion(live(call), call, true);
        return { status: 204 };
      },
    },
    { method: 'GET', path: `${one}/tags`, handle: (call) => ({ status: 200, body: { tags: live(call).tags } }) },
    { method: 'POST', path: `${one}/tags`, handle: (call) => ({ status: 201, body: writeTags(call, (_before, given) => given) }) },
    { method: 'PUT', path: `${one}/tags`, handle: (call) => ({ status: 200, body: writeTags(call, (before, given) => [...before, ...given]) }) },
    {
      method: 'DELETE',
      path: `${one}/tags`,
      handle: (call) => ({ status: 200, body: writeTags(call, (before, given) => before.filter((tag) => !given.includes(tag))) }),
    },
    { method: 'GET', path: '/api/v2/deleted_tickets', handle: deletedList },
    {
      method: 'PUT',
      path: '/api/v2/deleted_tickets/:id/restore',
      handle: (call) => {
        setDeletion(trashed(call), call, false);
        return { status: 200, body: {} };
      },
    },
    { method: 'DELETE', path: '/api/v2/deleted_tickets/:id', handle: deleteForGood },
  ];

  return { routes, show, live, people: sideLoaded, forget: idempotency.clear };
}
