/** One ticket at a time: shown, made, changed, deleted, restored, watched. Source: developers.freshdesk.com "Tickets", with what clients report of real answers. */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { sameValue, wholeNumber } from '../kit/json.ts';
import type { Attachments } from './attachments.ts';
import { CUSTOM_NAMES } from './catalog.ts';
import { invalidField, missing, notAllowed, validationFailed } from './errors.ts';
import { readInput, type Input } from './form.ts';
import type { Hooks, Trigger } from './hooks.ts';
import type { Fields, Store, Ticket } from './model.ts';
import { demandKnown } from './paging.ts';
import type { People } from './people.ts';
import { readWrite, type WriteRequest } from './reading.ts';
import type { Settings } from './settings.ts';
import type { Views } from './views.ts';

export interface Tickets {
  readonly routes: readonly Route[];
  /** The ticket that the call names; refuses when there is none, or when it is archived. */
  find(call: Call): Ticket;
  /** The same, for writes: one that is deleted or spam takes none. */
  writable(call: Call): Ticket;
  /** Closed, and idle for 120 days. */
  isArchived(ticket: Ticket): boolean;
  /** Makes a ticket as a create would; throws `Refused`. */
  make(call: Call, input: Input): Ticket;
  /** Changes a ticket as an update would; throws `Refused`. */
  change(ticket: Ticket, input: Input): void;
  trash(ticket: Ticket, deleted: boolean): void;
}

const DAY = 86_400_000;
const ARCHIVED_AFTER_DAYS = 120;
const CLOSED = 5;
const OUTBOUND = 10;
const INCLUDES: readonly string[] = ['conversations', 'requester', 'company', 'stats'];
const ONE = '/api/v2/tickets/:id';

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
  readonly attachments: Attachments;
  readonly views: Views;
  readonly premises: Premises;
  readonly settings: Settings;
  readonly nextId: () => number;
}): Tickets {
  const { store, people, hooks, attachments, views, premises, settings } = parts;
  const now = (): number => premises.clock.now();

  const isArchived = (ticket: Ticket): boolean =>
    settings.archive && ticket.status === CLOSED && !ticket.deleted && ticket.updated_at <= isoSeconds(now() - ARCHIVED_AFTER_DAYS * DAY);
  const find = (call: Call): Ticket => {
    const ticket = store.tickets.get(wholeNumber(call.params['id']) ?? 0);
    if (!ticket || isArchived(ticket)) throw new Refused(missing());
    return ticket;
  };
  const writable = (call: Call): Ticket => {
    const ticket = find(call);
    if (ticket.deleted || ticket.spam) throw new Refused(notAllowed(call.method, ['GET']));
    return ticket;
  };
  const requesterOf = ({ newRequester, patch }: WriteRequest): number | undefined => (newRequester ? people.register(newRequester).id : patch.requester_id);

  function noteStatus(ticket: Ticket, from: number | null, at: string): void {
    const { stats, status } = ticket;
    stats.status_updated_at = at;
    if (status === 3) stats.pending_since = at;
    if (status === 4) stats.resolved_at = at;
    if (status === CLOSED) stats.closed_at = at;
    if (status === 2 && (from === 4 || from === CLOSED)) stats.reopened_at = at;
  }

  function make(call: Call, input: Input): Ticket {
    const problems = attachments.problems(input.files, null);
    const request = readWrite({ ...input, problems: [...input.problems, ...problems] }, null, store, settings, now());
    const { patch } = request;
    const requester = requesterOf(request) ?? people.caller(call).id;
    const at = isoSeconds(now());
    const ticket: Ticket = {
      id: parts.nextId(),
      subject: patch.subject ?? '',
      description: patch.description ?? '',
      status: patch.status ?? 2,
      priority: patch.priority ?? 1,
      type: patch.type ?? null,
      responder_id: patch.responder_id ?? null,
      group_id: patch.group_id ?? null,
      company_id: patch.company_id ?? store.people.get(requester)?.company_id ?? null,
      requester_id: requester,
      tags: patch.tags ?? [],
      custom_fields: { ...Object.fromEntries(CUSTOM_NAMES.map((name) => [name, null])), ...patch.custom_fields },
      due_by: patch.due_by ?? null,
      fr_due_by: patch.fr_due_by ?? null,
      source: patch.source ?? 2,
      cc_emails: patch.cc_emails ?? [],
      created_at: at,
      updated_at: at,
      sequence: 0,
      deleted: false,
      spam: false,
      slaDates: patch.due_by === undefined,
      slaSince: now(),
      watchers: new Set(),
      attachments: attachments.add(input.files, 'file_size'),
      conversations: [],
      stats: { ...NO_STATS },
    };
    noteStatus(ticket, null, at);
    store.touch(ticket, at);
    hooks.fire(ticket, { kind: 'created' });
    return ticket;
  }

  function create(call: Call, input = readInput(call)): Reply {
    const ticket = make(call, input);
    return { status: 201, body: views.whole(ticket), headers: { Location: `${premises.url()}/api/v2/tickets/${ticket.id}` } };
  }

  /** A mail to a customer that starts a ticket: closed from the start, and the sender's own. */
  function createOutbound(call: Call): Reply {
    const caller = people.caller(call).id;
    const input = readInput(call);
    const { email_config_id: _mailbox, ...fields } = input.fields;
    return create(call, { ...input, fields: { status: CLOSED, priority: 1, responder_id: caller, ...fields, source: OUTBOUND } });
  }

  function change(ticket: Ticket, input: Input): void {
    const problems = attachments.problems(input.files, ticket);
    const request = readWrite({ ...input, problems: [...input.problems, ...problems] }, ticket, store, settings, now());
    const requester = requesterOf(request);
    const patch: Partial<Fields> = requester === undefined ? request.patch : { ...request.patch, requester_id: requester };
    const before = { ...ticket };
    const changed = (Object.keys(patch) as (keyof Fields)[]).filter((key) => !sameValue(ticket[key], patch[key]));
    if (changed.length === 0 && input.files.length === 0) return;
    const at = isoSeconds(now());
    Object.assign(ticket, patch);
    ticket.attachments.push(...attachments.add(input.files, 'file_size'));
    if (changed.includes('status')) noteStatus(ticket, before.status, at);
    if (patch.due_by !== undefined) ticket.slaDates = false;
    // The answer still shows the old dates; the policy works them out anew a moment later.
    if (changed.includes('priority')) ticket.slaSince = now();
    store.touch(ticket, at);
    const reported = REPORTED.find(([key]) => changed.includes(key));
    const trigger: Trigger = reported ? { kind: 'change', field: reported[1], from: before[reported[0]], to: ticket[reported[0]] } : { kind: 'update' };
    hooks.fire(ticket, trigger);
  }

  function trash(ticket: Ticket, deleted: boolean): void {
    ticket.deleted = deleted;
    store.touch(ticket, isoSeconds(now()));
    if (deleted) hooks.fire(ticket, { kind: 'delete' });
  }

  function watch(call: Call, on: boolean): Reply {
    const ticket = writable(call);
    const fields = on && call.body !== undefined ? readInput(call).fields : {};
    const id = typeof fields['user_id'] === 'number' ? fields['user_id'] : people.caller(call).id;
    if (store.people.get(id)?.agent == null) throw validationFailed([invalidField('user_id')]);
    if (on) ticket.watchers.add(id);
    else ticket.watchers.delete(id);
    return { status: 204 };
  }

  const routes: readonly Route[] = [
    { method: 'POST', path: '/api/v2/tickets', reads: 'form', handle: (call) => create(call) },
    { method: 'POST', path: '/api/v2/tickets/outbound_email', reads: 'form', handle: createOutbound },
    {
      method: 'GET',
      path: ONE,
      handle: (call) => {
        demandKnown(call.query, ['include']);
        const ticket = find(call);
        return { status: 200, body: { ...views.whole(ticket), ...views.extras(ticket, views.includes(call.query, INCLUDES)) } };
      },
    },
    {
      method: 'PUT',
      path: ONE,
      reads: 'form',
      handle: (call) => {
        const ticket = writable(call);
        change(ticket, readInput(call));
        return { status: 200, body: views.whole(ticket) };
      },
    },
    {
      method: 'DELETE',
      path: ONE,
      handle: (call) => {
        trash(writable(call), true);
        return { status: 204 };
      },
    },
    {
      method: 'PUT',
      path: `${ONE}/restore`,
      handle: (call) => {
        const ticket = find(call);
        if (!ticket.deleted) return missing();
        trash(ticket, false);
        return { status: 204 };
      },
    },
    { method: 'GET', path: `${ONE}/watchers`, handle: (call) => ({ status: 200, body: { watcher_ids: [...find(call).watchers] } }) },
    { method: 'POST', path: `${ONE}/watch`, handle: (call) => watch(call, true) },
    { method: 'PUT', path: `${ONE}/unwatch`, handle: (call) => watch(call, false) },
  ];
  return { routes, find, writable, isArchived, make, change, trash };
}
