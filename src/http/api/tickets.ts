/** Tickets, live from an account's desk. */
import { keyOf } from '../../core/key.ts';
import { TICKET_ORDERS, type Capabilities, type TicketFilter, type TicketOrder } from '../../core/capabilities.ts';
import type { Person, Priority, Status, Ticket, TicketFieldName, TicketFields, Warning } from '../../core/model.ts';
import { createTicketOnce } from '../../engine/writes.ts';
import type { GivenStore } from '../../ports/api.ts';
import { DeskFailure, type Desk, type TicketQuery, type Written } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { AppError } from '../../errors.ts';
import { cannot, type Desks } from './desks.ts';
import { rawIdOf } from './ids.ts';
import { listFrom, PAGE_PARAMETERS, pageBody, type Sealer } from './listing.ts';
import { rawAsked, RAW_HEADER } from './raw-data.ts';
import type { Call, Parameter, Reply, Route } from './route.ts';
import { ignoredIn, shownTicket, TICKET_FIELDS, writtenFields, type Href, type TicketBody } from './tickets-view.ts';

export interface TicketRoutes {
  readonly desks: Desks;
  readonly given: GivenStore;
  readonly sealer: Sealer;
  readonly href: Href;
  readonly world: World;
}

const LIST = '/v1/accounts/{account_id}/helpdesk/tickets';
const ONE = `${LIST}/{ticket_id}`;
/** The samples of the vendor's page leave this part out in places. */
const short = (path: string): string => path.replace('/helpdesk', '');

const FILTERS: Readonly<Record<TicketFilter | 'order_by', Parameter>> = {
  status: { about: 'Only tickets that stand so.', schema: { type: 'string', enum: ['open', 'pending', 'resolved', 'closed'] } },
  priority: { about: 'Only tickets of this priority.', schema: { type: 'string', enum: ['low', 'normal', 'high', 'urgent'] } },
  assignee: { about: 'Only tickets of this person: the desk’s id of them, or their e-mail address.', schema: { type: 'string', minLength: 1, maxLength: 254 } },
  modified_after: { about: 'Only tickets that were changed after this time.', schema: { type: 'string', format: 'date-time' } },
  order_by: { about: 'How the list is sorted; `-` is the latest first.', schema: { type: 'string', enum: TICKET_ORDERS } },
};

interface ListQuery {
  readonly page?: string;
  readonly page_size: number;
  readonly status?: Status;
  readonly priority?: Priority;
  readonly assignee?: string;
  readonly modified_after?: string;
  readonly order_by?: TicketOrder;
}

export function ticketRoutes({ desks, given, sealer, href, world }: TicketRoutes): readonly Route[] {
  const complete = createCompletion();

  function show(call: Call, desk: Desk, ticket: Ticket, warnings?: readonly Warning[]): object {
    const raw = rawAsked(call) ? { raw: desk.raw?.(ticket) ?? null } : {};
    return shownTicket(ticket, { account_id: call.member.account.id, href, ...raw, ...(warnings === undefined ? {} : { warnings }) });
  }

  async function list(call: Call): Promise<Reply> {
    // Judged by the route's declaration.
    const { page, page_size: size, ...narrowed } = call.query as unknown as ListQuery;
    const query = queryOf(call, narrowed);
    const context = `page:${call.member.account.id}:tickets:${JSON.stringify(query)}`;
    return desks.call(call, 'ticket', async (desk) => {
      const read = (at: string | null) => desk.listTickets(at, query);
      const pages = desk.can.lists?.pages ?? 'steady';
      const remembering = pages === 'steady' ? null : { store: given, pages, world };
      const { items, next } = await listFrom({ sealer, context, page, size, read, remembering, hidden: (ticket) => ticket.is_deleted });
      return { status: 200, body: pageBody('helpdesk', page, items.map((ticket) => show(call, desk, ticket)), next) };
    });
  }

  async function retrieve(call: Call): Promise<Reply> {
    const id = ticketId(call);
    const [desk, ticket] = await desks.call(call, 'ticket', async (desk) => [desk, await alive(desk, id)] as const);
    return { status: 200, body: show(call, desk, ticket) };
  }

  async function create(call: Call): Promise<Reply> {
    const body = call.body as TicketBody;
    const { desk } = call.member;
    const asked = writtenFields(body, { nulls: false });
    if (asked.public === false && !canWrite(desk.can, 'public', 'create')) throw cannot(call.member, 'tickets.fields.public.write', 'hold private tickets');
    const written = await desks.call(call, 'ticket', () => createTicketOnce({ desk, once: call.once, world }, withDefaults(asked, desk.can)), {
      key: call.header('idempotency-key'),
    });
    const { ticket, warnings } = await complete(desk, written);
    const all = together([...ignoredIn(body, TICKET_FIELDS), ...written.warnings, ...unheld(asked, desk.can, 'create', ticket), ...warnings]);
    return { status: 201, body: show(call, desk, ticket, all) };
  }

  async function update(call: Call): Promise<Reply> {
    const id = ticketId(call);
    const body = call.body as TicketBody;
    const { desk } = call.member;
    const { patch, warnings: empties } = patchOf(body);
    const { ticket, warnings } = await desks.call(call, 'ticket', async () => {
      if (Object.keys(patch).length === 0) return { ticket: await alive(desk, id), warnings: [] };
      const written = await desk.updateTicket(id, patch, keyOf('api', call.once.id));
      const completed = await complete(desk, written);
      return { ticket: completed.ticket, warnings: [...written.warnings, ...completed.warnings] };
    });
    const all = together([...ignoredIn(body, TICKET_FIELDS), ...empties, ...warnings, ...unheld(patch, desk.can, 'update', ticket)]);
    return { status: 200, body: show(call, desk, ticket, all) };
  }

  async function remove(call: Call): Promise<Reply> {
    const id = ticketId(call);
    await desks.call(call, 'ticket', (desk) => desk.deleteTicket(id, keyOf('api', call.once.id)));
    return { status: 204 };
  }

  const shared = { tag: 'Tickets', scope: 'any', desk: true, headers: RAW_HEADER } as const;
  return [
    {
      ...shared, method: 'GET', path: LIST, also: [short(LIST)], operation: 'listTickets', summary: 'List tickets',
      about: 'Every ticket of the account but those in the trash, each once, whatever is created or changed while it is listed. Filters and orders that the desk does not offer are refused with `not_implemented`: see its capabilities.',
      query: { ...PAGE_PARAMETERS, ...FILTERS },
      answers: { 200: { about: 'One page.', schema: 'ticket-list' } }, errors: ['not_implemented'], handle: list,
    },
    {
      ...shared, method: 'POST', path: LIST, also: [short(LIST)], operation: 'createTicket', summary: 'Create a ticket', body: { json: 'ticket-create' },
      answers: { 201: { about: 'The ticket, as its desk shows it.', schema: 'ticket' } }, errors: ['request_failed', 'not_implemented'], handle: create,
    },
    {
      ...shared, method: 'GET', path: ONE, also: [short(ONE)], operation: 'retrieveTicket', summary: 'Retrieve a ticket',
      answers: { 200: { about: 'The ticket.', schema: 'ticket' } }, errors: ['invalid_resource_type'], handle: retrieve,
    },
    {
      ...shared, method: 'PATCH', path: ONE, also: [short(ONE)], operation: 'updateTicket', summary: 'Update a ticket', body: { json: 'ticket-update' },
      answers: { 200: { about: 'The ticket, as its desk shows it.', schema: 'ticket' } }, errors: ['request_failed', 'invalid_resource_type'], handle: update,
    },
    {
      ...shared, headers: {}, method: 'DELETE', path: ONE, also: [short(ONE)], operation: 'deleteTicket', summary: 'Delete a ticket',
      about: 'To the trash, where the desk has one.',
      answers: { 204: { about: 'It is deleted.', schema: null } }, errors: ['request_failed', 'invalid_resource_type'], handle: remove,
    },
  ];
}

export function ticketId(call: Pick<Call, 'params'>): string {
  return rawIdOf('ticket', call.params['ticket_id'] ?? '');
}

async function alive(desk: Desk, id: string): Promise<Ticket> {
  const ticket = await desk.getTicket(id);
  if (ticket.is_deleted) throw new AppError('not_found', 'This ticket is in the trash of its desk.');
  return ticket;
}

function queryOf({ member }: Call, { order_by: order, assignee, ...filters }: Omit<ListQuery, 'page' | 'page_size'>): TicketQuery {
  const { filters: known = [], orders = [] } = member.desk.can.lists ?? {};
  const asked = { ...filters, ...(assignee === undefined ? {} : { assignee }) };
  for (const name of Object.keys(asked) as TicketFilter[]) {
    if (!known.includes(name)) throw cannot(member, `tickets.list.filters.${name}`, `list tickets by ${name}`);
  }
  if (order !== undefined && !orders.includes(order)) throw cannot(member, `tickets.list.order_by.${order}`, `list tickets in the order ${order}`);
  const { modified_after: after, ...rest } = filters;
  return {
    ...rest,
    ...(after === undefined ? {} : { modified_after: new Date(after).toISOString() }),
    ...(assignee === undefined ? {} : { assignee: assignee.includes('@') ? { user_id: null, email: assignee, name: null } : { user_id: assignee, email: null, name: null } }),
    ...(order === undefined ? {} : { order_by: order }),
  };
}

function canWrite(can: Capabilities, field: TicketFieldName, when: 'create' | 'update'): boolean {
  const writable = can.fields[field] ?? 'never';
  return writable === 'always' || writable === when;
}

/** What the vendor's page says that a ticket begins with, as far as this desk can hold it. Desks make tickets public by themselves. */
function withDefaults(asked: TicketFields, can: Capabilities): TicketFields {
  const { public: shown, ...fields } = asked;
  return {
    ...(canWrite(can, 'status', 'create') && { status: 'open' as const }),
    ...(canWrite(can, 'priority', 'create') && { priority: 'normal' as const }),
    ...fields,
    ...(shown === false && { public: false }),
  };
}

const NEVER_EMPTY: readonly TicketFieldName[] = ['subject', 'description', 'status', 'public'];

function patchOf(body: TicketBody): { readonly patch: TicketFields; readonly warnings: readonly Warning[] } {
  const all = writtenFields(body, { nulls: true });
  const empties = NEVER_EMPTY.filter((name) => all[name] === null);
  const patch = Object.fromEntries(Object.entries(all).filter(([name]) => !empties.some((empty) => empty === name)));
  return { patch, warnings: empties.map((field) => ({ field, reason: 'it cannot be empty' })) };
}

/** What the desk cannot hold at this time, where there was something to hold and `written` does not show it all the same. */
function unheld(asked: TicketFields, can: Capabilities, when: 'create' | 'update', written: Ticket): readonly Warning[] {
  const names = Object.keys(asked) as TicketFieldName[];
  return names
    .filter((name) => !canWrite(can, name, when) && asked[name] !== null && !(Array.isArray(asked[name]) && asked[name].length === 0))
    .filter((name) => !isShown(asked[name], written[name]))
    .filter((name) => !(name === 'public' && asked.public === true && when === 'create'))
    .map((field) => ({ field, reason: can.fields[field] === 'create' ? 'this desk takes it only when a ticket is created' : 'this desk cannot hold it' }));
}

/** A desk may take somebody by its own id where it cannot be told of them by e-mail. */
function isShown(asked: unknown, shown: unknown): boolean {
  if (isPerson(asked) && isPerson(shown)) return asked.user_id === null ? asked.email?.toLowerCase() === shown.email?.toLowerCase() : asked.user_id === shown.user_id;
  return asked === shown;
}

function isPerson(value: unknown): value is Person {
  return typeof value === 'object' && value !== null && 'user_id' in value;
}

/** One for each field, the first: it is the connector's own. */
export function together(warnings: readonly Warning[]): readonly Warning[] {
  return [...new Map([...warnings].reverse().map((warning) => [warning.field, warning])).values()].reverse();
}

type Completed = { readonly ticket: Ticket; readonly warnings: readonly Warning[] };

/**
 * The whole ticket after a write. Desks' answers leave things out, and then it is read; unless reading told no more for the
 * same gaps before.
 */
function createCompletion(): (desk: Desk, written: Written) => Promise<Completed> {
  const hopeless = new WeakMap<Desk, Set<string>>();
  const gapsIn = (desk: Desk, ticket: Ticket): string => desk.can.reads.filter((name) => ticket[name] === undefined).join(' ');

  return async (desk, { id, ticket }) => {
    const gaps = ticket === null ? null : gapsIn(desk, ticket);
    if (ticket !== null && gaps !== null && (gaps === '' || hopeless.get(desk)?.has(gaps) === true)) return { ticket, warnings: [] };
    try {
      const read = await desk.getTicket(id);
      if (gaps !== null && gapsIn(desk, read) === gaps) hopeless.set(desk, new Set([...(hopeless.get(desk) ?? []), gaps]));
      return { ticket: read, warnings: [] };
    } catch (error) {
      if (!(error instanceof DeskFailure)) throw error;
      const bare: Ticket = ticket ?? { id, key: null, is_deleted: false, created_at: null, modified_at: null };
      return { ticket: bare, warnings: [{ field: 'ticket', reason: `it was written, but could not be read afterwards: ${error.message}` }] };
    }
  };
}
