/** Helpdesk's tickets and ticket fields, as the vendor's ticket page has them (kept verbatim in the seeds of this project). */
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { EMAIL, isJson, isTextList, printed } from '../kit/json.ts';
import { invalid, notFound, unwrap, type Problem } from './errors.ts';
import type { Hooks } from './hooks.ts';
import { CUSTOM_FIELDS, PRIORITIES, STATUSES, SYSTEM_FIELDS, TYPES, USERS, type CustomFieldValue, type Field, type Store, type Ticket } from './model.ts';
import { pageOf, type Order } from './paging.ts';

type Writable = Pick<Ticket, 'subject' | 'status' | 'priority' | 'type' | 'assigneeId' | 'requesterEmail' | 'requesterName' | 'tags' | 'customFields'>;

/** A value of the type that the field's definition says; null empties any. */
function fits(field: Field, value: unknown): boolean {
  if (value === null) return true;
  switch (field.type) {
    case 'number':
      return typeof value === 'number';
    case 'checkbox':
      return typeof value === 'boolean';
    case 'dropdown':
      return typeof value === 'string' && field.options.includes(value);
    default:
      return typeof value === 'string';
  }
}

function readCustom(value: unknown, before: readonly CustomFieldValue[], problems: Problem[]): readonly CustomFieldValue[] {
  if (!Array.isArray(value)) {
    problems.push({ field: 'customFields', message: 'must be a list' });
    return before;
  }
  const merged = new Map(before.map((item) => [item.id, item.value]));
  for (const item of value) {
    const id: unknown = isJson(item) ? item['id'] : undefined;
    const field = CUSTOM_FIELDS.find((known) => known.id === id);
    const given: unknown = isJson(item) ? (item['value'] ?? null) : null;
    if (!field) problems.push({ field: 'customFields', message: `has no field ${printed(id)}` });
    else if (!fits(field, given)) problems.push({ field: `customFields.${field.id}`, message: `must be a ${field.type} value` });
    else merged.set(field.id, given);
  }
  return [...merged].map(([id, given]) => ({ id, value: given }));
}

/** `before` is null for a create. Unknown keys are passed over. */
function readWrite(input: Json, before: Ticket | null): Partial<Writable> {
  const problems: Problem[] = [];
  const patch: Partial<Writable> = {};

  const { subject } = input;
  if (subject === undefined ? !before : typeof subject !== 'string' || subject.trim() === '') problems.push({ field: 'subject', message: 'is required' });
  else if (typeof subject === 'string') patch.subject = subject;

  for (const [key, known] of [['status', STATUSES], ['priority', PRIORITIES], ['type', TYPES]] as const) {
    const value = input[key];
    if (value === undefined) continue;
    if (typeof value === 'string' && known.includes(value)) patch[key] = value;
    else problems.push({ field: key, message: `must be one of ${known.join(', ')}` });
  }

  const assignee = input['assigneeId'];
  if (assignee === null) patch.assigneeId = null;
  else if (typeof assignee === 'string' && USERS.some(({ id }) => id === assignee)) patch.assigneeId = assignee;
  else if (assignee !== undefined) problems.push({ field: 'assigneeId', message: 'is not an agent' });

  const email = input['requesterEmail'];
  if (email === null || (typeof email === 'string' && EMAIL.test(email))) patch.requesterEmail = email;
  else if (email !== undefined) problems.push({ field: 'requesterEmail', message: 'must be an email address' });
  const name = input['requesterName'];
  if (name === null || typeof name === 'string') patch.requesterName = name;
  else if (name !== undefined) problems.push({ field: 'requesterName', message: 'must be text' });

  const tags = input['tags'];
  if (isTextList(tags)) patch.tags = [...new Set(tags)];
  else if (tags !== undefined) problems.push({ field: 'tags', message: 'must be a list of texts' });
  if (input['customFields'] !== undefined) patch.customFields = readCustom(input['customFields'], before?.customFields ?? [], problems);

  if (problems.length > 0) throw invalid(problems);
  return patch;
}

export const showTicket = (ticket: Ticket): Json => ({ ...ticket });

export function createTickets(parts: {
  readonly store: Store;
  readonly hooks: Hooks;
  readonly premises: Premises;
  readonly name: (prefix: string) => string;
}): readonly Route[] {
  const { store, hooks, premises } = parts;
  const base = '/helpdesk/api/v1/tickets';
  const nowText = (): string => new Date(premises.clock.now()).toISOString();

  const find = (call: Call): Ticket => {
    const ticket = store.tickets.get(call.params['id'] ?? '');
    if (!ticket) throw new Refused(notFound('Ticket'));
    return ticket;
  };

  const ORDERS: Readonly<Record<string, (ticket: Ticket) => string | number>> = {
    created_at: ({ id }) => id,
    updated_at: ({ updatedAt }) => updatedAt,
    status: ({ status }) => STATUSES.indexOf(status),
    priority: ({ priority }) => PRIORITIES.indexOf(priority),
  };

  function list({ query }: Call): Reply {
    const sortBy = query.get('sort_by') ?? 'created_at';
    const sortOrder = query.get('sort_order') ?? 'desc';
    const place = Object.hasOwn(ORDERS, sortBy) ? ORDERS[sortBy] : undefined;
    if (!place) throw invalid([{ field: 'sort_by', message: `must be one of ${Object.keys(ORDERS).join(', ')}` }]);
    if (sortOrder !== 'asc' && sortOrder !== 'desc') throw invalid([{ field: 'sort_order', message: 'must be asc or desc' }]);
    const [status, priority, assignee] = [query.get('status'), query.get('priority'), query.get('assignee_id')];
    const rows = [...(sortBy === 'updated_at' ? store.touched : store.tickets).values()].filter(
      (ticket) => (status === null || ticket.status === status) && (priority === null || ticket.priority === priority) && (assignee === null || ticket.assigneeId === assignee),
    );
    const order: Order<Ticket> = { place, id: ({ id }) => id, descending: sortOrder === 'desc' };
    if (sortBy !== 'created_at') {
      rows.sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : a.id < b.id ? -1 : 1));
    }
    if (order.descending) rows.reverse();
    return { status: 200, body: pageOf('tickets', rows, showTicket, order, query, '/api/v1/tickets') };
  }

  function create(call: Call): Reply {
    const patch = readWrite(unwrap(call.body, 'ticket'), null);
    const now = nowText();
    const ticket: Ticket = {
      id: parts.name('tkt'),
      subject: '',
      status: 'new',
      priority: 'normal',
      type: 'question',
      assigneeId: null,
      requesterEmail: null,
      requesterName: null,
      tags: [],
      customFields: [],
      createdAt: now,
      updatedAt: now,
      ...patch,
    };
    store.touch(ticket, now);
    const shown = showTicket(ticket);
    hooks.fire(['ticket.created'], shown);
    return { status: 201, body: { ticket: shown } };
  }

  /** Every update dispatches `ticket.updated`, whether or not a value differs: so the vendor's page says. */
  function update(call: Call): Reply {
    const ticket = find(call);
    const patch = readWrite(unwrap(call.body, 'ticket'), ticket);
    const reassigned = patch.assigneeId !== undefined && patch.assigneeId !== ticket.assigneeId;
    const resolved = patch.status === 'resolved' && ticket.status !== 'resolved';
    Object.assign(ticket, patch);
    store.touch(ticket, nowText());
    const shown = showTicket(ticket);
    hooks.fire(['ticket.updated', ...(reassigned ? ['ticket.assignment.changed'] : []), ...(resolved ? ['ticket.resolved'] : [])], shown);
    return { status: 200, body: { ticket: shown } };
  }

  const showField = (field: Field): Json => ({
    id: field.id,
    title: field.title,
    fieldKey: field.fieldKey,
    type: field.type,
    description: null,
    position: [...SYSTEM_FIELDS, ...CUSTOM_FIELDS].indexOf(field),
    active: true,
    requiredForAgents: field.id === 'system_subject',
    requiredForEndUsers: field.id === 'system_subject',
    visibleToEndUsers: true,
    editableByEndUsers: false,
    regexPattern: null,
    defaultValue: null,
    options: field.options.map((value) => ({ value, label: value })),
    createdAt: '2024-01-08T09:00:00.000Z',
    updatedAt: '2024-01-08T09:00:00.000Z',
  });
  const fields = [...SYSTEM_FIELDS, ...CUSTOM_FIELDS];

  return [
    { method: 'GET', path: base, handle: list },
    { method: 'POST', path: base, handle: create },
    { method: 'GET', path: `${base}/:id`, handle: (call) => ({ status: 200, body: { ticket: showTicket(find(call)) } }) },
    { method: 'PUT', path: `${base}/:id`, handle: update },
    {
      method: 'DELETE',
      path: `${base}/:id`,
      handle: (call) => {
        const ticket = find(call);
        store.remove(ticket);
        hooks.fire(['ticket.deleted'], showTicket(ticket));
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/helpdesk/api/v1/ticket_fields',
      handle: ({ query }) => {
        const at = (field: Field): number => fields.indexOf(field);
        const order: Order<Field> = { place: at, id: ({ id }) => id, descending: false };
        return { status: 200, body: pageOf('ticketFields', fields, showField, order, query, '/api/v1/ticket_fields') };
      },
    },
    {
      method: 'GET',
      path: '/helpdesk/api/v1/ticket_fields/:id',
      handle: ({ params }) => {
        const field = fields.find(({ id }) => id === params['id']);
        return field ? { status: 200, body: { ticketField: showField(field) } } : notFound('Ticket field');
      },
    },
  ];
}
