/** Freshdesk tickets. Source: developers.freshdesk.com "Tickets", with what clients report of the real answers. */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { htmlToText } from '../kit/html.ts';
import { instant, isJson, sameValue, wholeNumber } from '../kit/json.ts';
import { invalidField, missing, nobody, notA, notAllowed, notOneOf, validationFailed } from './errors.ts';
import type { Hooks, Trigger } from './hooks.ts';
import { CUSTOM_FIELDS, type Conversation, type Fields, type Person, type Store, type Ticket } from './model.ts';
import { pageOf } from './paging.ts';
import type { People } from './people.ts';
import { readWrite, type WriteRequest } from './reading.ts';
import { searchTickets } from './search.ts';

export interface Tickets {
  readonly routes: readonly Route[];
  show(ticket: Ticket): Json;
  /** The ticket that the call names; refuses when there is none. */
  find(call: Call): Ticket;
  /** The same, for writes: a deleted ticket takes none. */
  writable(call: Call): Ticket;
}

const DAY = 86_400_000;
/** Without `updated_since` the list reaches back this far. */
const WINDOW_DAYS = 30;
const MAX_PAGES = 300;
const SEARCH_SIZE = 30;
const SEARCH_PAGES = 10;

const LIST_PARAMETERS: ReadonlySet<string> = new Set([
  'page', 'per_page', 'filter', 'requester_id', 'email', 'unique_external_id', 'company_id', 'updated_since', 'order_by', 'order_type', 'include',
]);
const FILTERS: readonly string[] = ['new_and_my_open', 'watching', 'spam', 'deleted'];
const ORDERS: readonly string[] = ['created_at', 'due_by', 'updated_at', 'status'];
const LIST_INCLUDES: readonly string[] = ['stats', 'requester', 'description', 'company'];
const SHOW_INCLUDES: readonly string[] = ['conversations', 'requester', 'company', 'stats'];

const NO_STATS: Ticket['stats'] = {
  agent_responded_at: null, requester_responded_at: null, first_responded_at: null, status_updated_at: null, reopened_at: null, resolved_at: null,
  closed_at: null, pending_since: null,
};

/** What an update rule looks at first; it reports only the first change that it meets. */
const REPORTED: readonly (readonly [keyof Fields, string])[] = [
  ['status', 'status'], ['priority', 'priority'], ['type', 'ticket_type'], ['responder_id', 'responder_id'], ['group_id', 'group_id'],
];

export function createTickets(parts: {
  readonly store: Store;
  readonly people: People;
  readonly hooks: Hooks;
  readonly premises: Premises;
  readonly nextId: () => number;
  /** How far search is behind the tickets. */
  readonly searchLag: () => number;
  showConversation(ticket: Ticket, conversation: Conversation): Json;
}): Tickets {
  const { store, people, hooks, premises } = parts;
  const address = '/api/v2/tickets';

  const row = (ticket: Ticket): Json => ({
    cc_emails: ticket.cc_emails,
    fwd_emails: [],
    reply_cc_emails: ticket.cc_emails,
    ticket_cc_emails: ticket.cc_emails,
    ticket_bcc_emails: [],
    fr_escalated: false,
    spam: false,
    email_config_id: null,
    group_id: ticket.group_id,
    priority: ticket.priority,
    requester_id: ticket.requester_id,
    responder_id: ticket.responder_id,
    source: ticket.source,
    company_id: null,
    status: ticket.status,
    subject: ticket.subject,
    association_type: null,
    support_email: null,
    to_emails: null,
    product_id: null,
    id: ticket.id,
    type: ticket.type,
    due_by: ticket.due_by,
    fr_due_by: ticket.fr_due_by,
    is_escalated: false,
    custom_fields: ticket.custom_fields,
    created_at: ticket.created_at,
    updated_at: ticket.updated_at,
    associated_tickets_count: null,
    tags: ticket.tags,
    nr_due_by: null,
    nr_escalated: false,
    // Only in the trash is the key there at all.
    ...(ticket.deleted ? { deleted: true } : {}),
  });
  const texts = (ticket: Ticket): Json => ({ description: ticket.description, description_text: htmlToText(ticket.description) });
  const whole = (ticket: Ticket): Json => ({
    ...row(ticket), ...texts(ticket), structured_description: null, associated_tickets_list: null, attachments: [], form_id: null,
  });
  const contactOf = ({ id, name, email, mobile, phone }: Person): Json => ({ id, name, email, mobile, phone });

  const extras = (ticket: Ticket, wanted: ReadonlySet<string>): Json => {
    const requester = store.people.get(ticket.requester_id);
    return {
      ...(wanted.has('description') ? texts(ticket) : {}),
      ...(wanted.has('requester') && requester ? { requester: contactOf(requester) } : {}),
      ...(wanted.has('company') ? { company: {} } : {}),
      ...(wanted.has('stats') ? { stats: ticket.stats } : {}),
      // The oldest ten, and no word that there are more.
      ...(wanted.has('conversations') ? { conversations: ticket.conversations.slice(0, 10).map((item) => parts.showConversation(ticket, item)) } : {}),
    };
  };
  const includes = (query: URLSearchParams, known: readonly string[]): ReadonlySet<string> => {
    const wanted = (query.get('include') ?? '').split(',').map((word) => word.trim()).filter((word) => word !== '');
    if (wanted.some((word) => !known.includes(word))) throw validationFailed([notOneOf('include', known)]);
    return new Set(wanted);
  };

  const find = (call: Call): Ticket => {
    const ticket = store.tickets.get(wholeNumber(call.params['id']) ?? 0);
    if (!ticket) throw new Refused(missing());
    return ticket;
  };
  const writable = (call: Call): Ticket => {
    const ticket = find(call);
    if (ticket.deleted) throw new Refused(notAllowed(call.method, ['GET']));
    return ticket;
  };

  function requesterFilter(query: URLSearchParams): ((ticket: Ticket) => boolean) | null {
    const email = query.get('email');
    const id = query.get('requester_id');
    if (email === null && id === null) return null;
    const person = email === null ? store.people.get(wholeNumber(id) ?? 0) : store.byEmail.get(email.toLowerCase());
    if (!person) throw validationFailed([nobody(email === null ? 'requester_id' : 'email')]);
    return ({ requester_id: requester }) => requester === person.id;
  }

  function list(call: Call): Reply {
    const { query } = call;
    const unknown = [...query.keys()].filter((key) => !LIST_PARAMETERS.has(key));
    if (unknown.length > 0) throw validationFailed(unknown.map(invalidField));
    const filter = query.get('filter');
    if (filter !== null && !FILTERS.includes(filter)) throw validationFailed([notOneOf('filter', FILTERS)]);
    const orderBy = query.get('order_by') ?? 'created_at';
    if (!ORDERS.includes(orderBy)) throw validationFailed([notOneOf('order_by', ORDERS)]);
    const orderType = query.get('order_type') ?? 'desc';
    if (orderType !== 'asc' && orderType !== 'desc') throw validationFailed([notOneOf('order_type', ['asc', 'desc'])]);
    const wanted = includes(query, LIST_INCLUDES);
    const since = query.get('updated_since');
    const sinceMs = since === null ? null : instant(since);
    if (since !== null && sinceMs === null) {
      throw validationFailed([{ field: 'updated_since', message: "It should be in the 'combined date and time ISO8601' format", code: 'invalid_value' }]);
    }
    const ofRequester = requesterFilter(query);
    const me = people.caller(call).id;
    const floor = isoSeconds(sinceMs ?? premises.clock.now() - WINDOW_DAYS * DAY);

    // Both maps are in the order of time already, and texts of one form compare as times.
    const source = orderBy === 'updated_at' ? store.touched : store.tickets;
    const rows = [...source.values()].filter(
      (ticket) =>
        ticket.deleted === (filter === 'deleted') &&
        filter !== 'spam' &&
        filter !== 'watching' &&
        (filter !== 'new_and_my_open' || (ticket.status === 2 && (ticket.responder_id === null || ticket.responder_id === me))) &&
        (sinceMs === null ? ticket.created_at : ticket.updated_at) >= floor &&
        (ofRequester === null || ofRequester(ticket)),
    );
    if (orderBy === 'status') rows.sort((a, b) => a.status - b.status || a.id - b.id);
    if (orderBy === 'due_by') rows.sort((a, b) => (a.due_by ?? '').localeCompare(b.due_by ?? '') || a.id - b.id);
    if (orderType === 'desc') rows.reverse();
    return pageOf(rows, (ticket) => ({ ...row(ticket), ...extras(ticket, wanted) }), call, premises.url() + address, MAX_PAGES);
  }

  const requesterOf = ({ newRequester, patch }: WriteRequest): number | undefined => (newRequester ? people.register(newRequester).id : patch.requester_id);

  function noteStatus(ticket: Ticket, from: number | null, at: string): void {
    const { stats, status } = ticket;
    stats.status_updated_at = at;
    if (status === 3) stats.pending_since = at;
    if (status === 4) stats.resolved_at = at;
    if (status === 5) stats.closed_at = at;
    if (status === 2 && (from === 4 || from === 5)) stats.reopened_at = at;
  }

  function create(call: Call): Reply {
    const now = premises.clock.now();
    const at = isoSeconds(now);
    const caller = people.caller(call);
    const request = readWrite(call.body, null, store, now);
    const { patch } = request;
    const ticket: Ticket = {
      id: parts.nextId(),
      subject: patch.subject ?? '',
      description: patch.description ?? '',
      status: patch.status ?? 2,
      priority: patch.priority ?? 1,
      type: patch.type ?? null,
      responder_id: patch.responder_id ?? null,
      group_id: patch.group_id ?? null,
      requester_id: requesterOf(request) ?? caller.id,
      tags: patch.tags ?? [],
      custom_fields: { ...Object.fromEntries(CUSTOM_FIELDS.map(({ name }) => [name, null])), ...patch.custom_fields },
      due_by: patch.due_by ?? null,
      fr_due_by: patch.fr_due_by ?? null,
      source: patch.source ?? 2,
      cc_emails: patch.cc_emails ?? [],
      created_at: at,
      updated_at: at,
      sequence: 0,
      deleted: false,
      conversations: [],
      stats: { ...NO_STATS },
    };
    noteStatus(ticket, null, at);
    store.touch(ticket, at);
    hooks.fire(ticket, { kind: 'created' });
    return { status: 201, body: whole(ticket), headers: { Location: `${premises.url()}${address}/${ticket.id}` } };
  }

  function update(call: Call): Reply {
    const ticket = writable(call);
    const now = premises.clock.now();
    const request = readWrite(call.body, ticket, store, now);
    const requester = requesterOf(request);
    const patch: Partial<Fields> = requester === undefined ? request.patch : { ...request.patch, requester_id: requester };
    const before = { ...ticket };
    const changed = (Object.keys(patch) as (keyof Fields)[]).filter((key) => !sameValue(ticket[key], patch[key]));
    if (changed.length > 0) {
      const at = isoSeconds(now);
      Object.assign(ticket, patch);
      if (changed.includes('status')) noteStatus(ticket, before.status, at);
      store.touch(ticket, at);
      const reported = REPORTED.find(([key]) => changed.includes(key));
      const trigger: Trigger = reported
        ? { kind: 'change', field: reported[1], from: before[reported[0]], to: ticket[reported[0]] }
        : { kind: 'update' };
      hooks.fire(ticket, trigger);
    }
    return { status: 200, body: whole(ticket) };
  }

  function setDeleted(ticket: Ticket, deleted: boolean): Reply {
    ticket.deleted = deleted;
    store.touch(ticket, isoSeconds(premises.clock.now()));
    if (deleted) hooks.fire(ticket, { kind: 'delete' });
    return { status: 204 };
  }

  function search({ query }: Call): Reply {
    const text = query.get('query') ?? '';
    const quoted = /^"([^]*)"$/.exec(text);
    if (!quoted || text.length > 512) throw validationFailed([{ ...notA('query', 'String in double quotes of at most 512 characters'), code: 'invalid_value' }]);
    const page = wholeNumber(query.get('page') ?? '1') ?? 0;
    if (page < 1 || page > SEARCH_PAGES) throw validationFailed([{ field: 'page', message: `It should be a Positive Integer less than or equal to ${SEARCH_PAGES}`, code: 'invalid_value' }]);
    const horizon = isoSeconds(premises.clock.now() - parts.searchLag());
    const visible = [...store.tickets.values()].filter((ticket) => !ticket.deleted && (parts.searchLag() === 0 || ticket.updated_at <= horizon));
    const found = searchTickets(visible, quoted[1] ?? '').toReversed();
    const results = found.slice((page - 1) * SEARCH_SIZE, page * SEARCH_SIZE).map((ticket) => ({ ...row(ticket), ...texts(ticket) }));
    return { status: 200, body: { total: found.length, results } };
  }

  const one = `${address}/:id`;
  const routes: readonly Route[] = [
    { method: 'GET', path: address, handle: list },
    { method: 'POST', path: address, handle: create },
    {
      method: 'GET',
      path: one,
      handle: (call) => {
        const ticket = find(call);
        return { status: 200, body: { ...whole(ticket), ...extras(ticket, includes(call.query, SHOW_INCLUDES)) } };
      },
    },
    { method: 'PUT', path: one, handle: update },
    { method: 'DELETE', path: one, handle: (call) => setDeleted(writable(call), true) },
    {
      method: 'PUT',
      path: `${one}/restore`,
      handle: (call) => {
        const ticket = find(call);
        return ticket.deleted ? setDeleted(ticket, false) : missing();
      },
    },
    { method: 'GET', path: '/api/v2/search/tickets', handle: search },
  ];
  return { routes, show: whole, find, writable };
}

/** A body that must be an object, for the calls that take one. */
export const demandObject = (call: Call): Json => {
  if (!isJson(call.body)) throw validationFailed([notA('request', 'JSON object')]);
  return call.body;
};
