/** Helpdesk's tickets, as the vendor's ticket page has them (kept verbatim in the seeds of this project). */
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { EMAIL, isTextList } from '../kit/json.ts';
import { invalid, notFound, unwrap, type Problem } from './errors.ts';
import type { Fields } from './fields.ts';
import type { Hooks } from './hooks.ts';
import { PRIORITIES, STATUSES, TYPES, USERS, type Store, type Ticket } from './model.ts';
import { pageOf, type Order } from './paging.ts';
import type { Settings } from './settings.ts';

type Writable = Pick<Ticket, 'subject' | 'status' | 'priority' | 'type' | 'assigneeId' | 'requesterEmail' | 'requesterName' | 'tags' | 'customFields'>;

/** `before` is null for a create. Unknown keys are passed over. */
function readWrite(input: Json, before: Ticket | null, fields: Fields): Partial<Writable> {
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
  if (input['customFields'] !== undefined || before === null) patch.customFields = fields.values(input['customFields'], before?.customFields ?? null, problems);

  if (problems.length > 0) throw invalid(problems);
  return patch;
}

export const showTicket = (ticket: Ticket): Json => ({ ...ticket });

export function createTickets(parts: {
  readonly store: Store;
  readonly hooks: Hooks;
  readonly fields: Fields;
  readonly premises: Premises;
  readonly settings: Settings;
  readonly name: (prefix: string) => string;
}): readonly Route[] {
  const { store, hooks, fields, premises, settings } = parts;
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
    return { status: 200, body: pageOf('tickets', rows, showTicket, order, query, '/api/v1/tickets', settings.paging) };
  }

  function create(call: Call): Reply {
    const patch = readWrite(unwrap(call.body, 'ticket'), null, fields);
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
    const patch = readWrite(unwrap(call.body, 'ticket'), ticket, fields);
    const reassigned = patch.assigneeId !== undefined && patch.assigneeId !== ticket.assigneeId;
    const resolved = patch.status === 'resolved' && ticket.status !== 'resolved';
    Object.assign(ticket, patch);
    store.touch(ticket, nowText());
    const shown = showTicket(ticket);
    hooks.fire(['ticket.updated', ...(reassigned ? ['ticket.assignment.changed'] : []), ...(resolved ? ['ticket.resolved'] : [])], shown);
    if (settings.update_answer === 'empty') return { status: 200 };
    return { status: 200, body: settings.update_answer === 'bare' ? shown : { ticket: shown } };
  }

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
  ];
}
