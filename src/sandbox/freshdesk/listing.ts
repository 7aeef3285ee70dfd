/** `GET /tickets` and `GET /search/tickets`: their windows, filters, orders and pages. Source: developers.freshdesk.com "List All Tickets", "Filter Tickets". */
import { isoSeconds } from '../kit/clock.ts';
import type { Call, Premises, Reply, Route } from '../kit/desk.ts';
import { instant, wholeNumber } from '../kit/json.ts';
import { badDate, nobody, notOneOf, validationFailed } from './errors.ts';
import type { Store, Ticket } from './model.ts';
import { demandKnown, pageOf } from './paging.ts';
import type { People } from './people.ts';
import { searchPage, ticketField } from './search.ts';
import type { Settings } from './settings.ts';
import { settleSla } from './sla.ts';
import type { Tickets } from './tickets.ts';
import type { Views } from './views.ts';

const DAY = 86_400_000;
/** Without `updated_since` the list reaches back this far. */
const WINDOW_DAYS = 30;
const MAX_PAGES = 300;
const FILTERS: readonly string[] = ['new_and_my_open', 'watching', 'spam', 'deleted'];
const ORDERS: readonly string[] = ['created_at', 'due_by', 'updated_at', 'status'];
const INCLUDES: readonly string[] = ['stats', 'requester', 'description', 'company'];
const PARAMETERS: readonly string[] = ['page', 'per_page', 'filter', 'requester_id', 'email', 'unique_external_id', 'company_id', 'updated_since', 'order_by', 'order_type', 'include'];

export function createListing(parts: {
  readonly store: Store;
  readonly people: People;
  readonly tickets: Tickets;
  readonly views: Views;
  readonly premises: Premises;
  readonly settings: Settings;
}): readonly Route[] {
  const { store, people, tickets, views, premises, settings } = parts;

  function ofRequester(query: URLSearchParams): ((ticket: Ticket) => boolean) | null {
    const [id, email, external] = ['requester_id', 'email', 'unique_external_id'].map((key) => query.get(key));
    if (id == null && email == null && external == null) return null;
    const person =
      email != null
        ? store.byEmail.get(email.toLowerCase())
        : id != null
          ? store.people.get(wholeNumber(id) ?? 0)
          : [...store.people.values()].find(({ unique_external_id: known }) => known === external);
    if (!person) throw validationFailed([nobody(email != null ? 'email' : id != null ? 'requester_id' : 'unique_external_id')]);
    return ({ requester_id: requester }) => requester === person.id;
  }

  function ofCompany(query: URLSearchParams): ((ticket: Ticket) => boolean) | null {
    const given = query.get('company_id');
    if (given === null) return null;
    const id = wholeNumber(given) ?? 0;
    if (!store.companies.has(id)) throw validationFailed([nobody('company_id', 'company')]);
    return ({ company_id: company }) => company === id;
  }

  function list(call: Call): Reply {
    const { query } = call;
    demandKnown(query, PARAMETERS);
    const filter = query.get('filter');
    if (filter !== null && !FILTERS.includes(filter)) throw validationFailed([notOneOf('filter', FILTERS)]);
    const orderBy = query.get('order_by') ?? 'created_at';
    if (!ORDERS.includes(orderBy)) throw validationFailed([notOneOf('order_by', ORDERS)]);
    const orderType = query.get('order_type') ?? 'desc';
    if (orderType !== 'asc' && orderType !== 'desc') throw validationFailed([notOneOf('order_type', ['asc', 'desc'])]);
    const wanted = views.includes(query, INCLUDES);
    const since = query.get('updated_since');
    const sinceMs = since === null ? null : instant(since);
    if (since !== null && sinceMs === null) throw validationFailed([badDate('updated_since')]);
    const [requester, company] = [ofRequester(query), ofCompany(query)];
    const me = people.caller(call).id;
    const now = premises.clock.now();
    const floor = isoSeconds(sinceMs ?? now - WINDOW_DAYS * DAY);

    const passes: Readonly<Record<string, (ticket: Ticket) => boolean>> = {
      new_and_my_open: ({ status, responder_id: responder }) => status === 2 && (responder === null || responder === me),
      watching: ({ watchers }) => watchers.has(me),
      spam: () => true,
      deleted: () => true,
    };
    // Both maps are in the order of time already, and texts of one form compare as times.
    const source = orderBy === 'updated_at' ? store.touched : store.tickets;
    const rows = [...source.values()].filter(
      (ticket) =>
        ticket.deleted === (filter === 'deleted') &&
        (ticket.spam === (filter === 'spam') || filter === 'deleted') &&
        (filter === null || passes[filter]?.(ticket) === true) &&
        (sinceMs === null ? ticket.created_at : ticket.updated_at) >= floor &&
        (requester === null || requester(ticket)) &&
        (company === null || company(ticket)) &&
        !tickets.isArchived(ticket),
    );
    if (orderBy === 'status') rows.sort((a, b) => a.status - b.status || a.id - b.id);
    if (orderBy === 'due_by') {
      for (const ticket of rows) settleSla(ticket, now, settings.sla_fill_ms);
      rows.sort((a, b) => (a.due_by ?? '').localeCompare(b.due_by ?? '') || a.id - b.id);
    }
    if (orderType === 'desc') rows.reverse();
    return pageOf(rows, (ticket) => ({ ...views.row(ticket), ...views.extras(ticket, wanted) }), call, `${premises.url()}/api/v2/tickets`, MAX_PAGES);
  }

  /** The index is behind by the switch; trash, spam and archive are not in it. */
  function search(call: Call): Reply {
    const horizon = isoSeconds(premises.clock.now() - settings.search_lag_ms);
    const visible = [...store.tickets.values()].filter(
      (ticket) => !ticket.deleted && !ticket.spam && !tickets.isArchived(ticket) && (settings.search_lag_ms === 0 || ticket.updated_at <= horizon),
    );
    return searchPage(call, visible, ticketField, (ticket) => ({ ...views.row(ticket), ...views.texts(ticket) }));
  }

  return [
    { method: 'GET', path: '/api/v2/tickets', handle: list },
    { method: 'GET', path: '/api/v2/search/tickets', handle: search },
  ];
}
