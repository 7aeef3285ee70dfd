/** HelpSpace's tickets, as the vendor's ticket page has them (kept verbatim in the seeds of this project). */
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { idNumber, instant, isJson, isTextList, sameValue, wholeNumber } from '../kit/json.ts';
import { deleted, missing, problem, refuseIf, type Problems } from './errors.ts';
import { filterOf } from './filters.ts';
import { MOST_BYTES, readAttachments } from './media.ts';
import type { Messages } from './messages.ts';
import {
  AGENTS, CHANNELS, CUSTOM_FIELDS, iso, STATUSES, TEAMS, TICKET_TAG_TYPES,
  type Agent, type Channel, type Contact, type Store, type Tag, type Team, type Ticket,
} from './model.ts';
import { pageOf } from './paging.ts';
import type { People } from './people.ts';
import type { Webhook } from './webhook.ts';

export type TicketSettings = {
  /** The vendor does not say how its list is ordered. */
  list_order: 'created_desc' | 'created_asc' | 'updated_desc';
  /** Whether lists and single reads show what was deleted, until it is purged. */
  trash: 'shown' | 'hidden';
  /** The vendor's page writes `escaleted`. */
  escalated_spelling: 'escaleted' | 'escalated';
  /** Milliseconds until a new ticket is found by what its messages say. */
  search_lag_ms: number;
};

interface Patch {
  subject?: string;
  channel?: Channel;
  contact?: () => Contact;
  status?: string;
  assignee?: Agent | null;
  team?: Team | null;
  tags?: readonly Tag[];
  custom_fields?: Readonly<Record<string, unknown>>;
  created_at?: string;
}

const PURGED_AFTER_MS = 30 * 86_400_000;

export interface Tickets {
  readonly routes: readonly Route[];
  /** The ticket that a call names; refused with 404, also where it is in the trash and `alive` is asked for. */
  find(call: Call, alive: boolean): Ticket;
  show(ticket: Ticket): Json;
  forgetCustomer(customer: number): void;
}

export function createTickets(parts: {
  readonly store: Store;
  readonly people: () => People;
  readonly messages: () => Messages;
  readonly webhook: Webhook;
  readonly premises: Premises;
  readonly settings: TicketSettings;
  readonly nextId: () => number;
}): Tickets {
  const { store, webhook, premises, settings } = parts;
  const now = (): string => iso(premises.clock.now());

  const show = (ticket: Ticket): Json => ({
    id: ticket.id,
    subject: ticket.subject,
    channel: ticket.channel,
    from_contact: ticket.from_contact,
    status: ticket.status === 'escaleted' ? settings.escalated_spelling : ticket.status,
    assignee: ticket.assignee,
    team: ticket.team === null ? null : { id: ticket.team.id, name: ticket.team.name },
    creator: ticket.creator,
    tags: ticket.tags.map(({ id, name, slug, color, type }) => ({ id, name, slug, color, type })),
    // The empty map of its language comes out as a list.
    custom_fields: Object.keys(ticket.custom_fields).length === 0 ? [] : ticket.custom_fields,
    last_contact: ticket.last_contact,
    created_at: ticket.created_at,
    updated_at: ticket.updated_at,
    deleted_at: ticket.deleted_at,
  });

  /** What has been in the trash for thirty days is gone for good. */
  function purge(): void {
    const before = premises.clock.now() - PURGED_AFTER_MS;
    for (const ticket of store.tickets.values()) {
      if (ticket.deleted_at !== null && Date.parse(ticket.deleted_at) <= before) store.removeTicket(ticket);
    }
  }

  const find: Tickets['find'] = ({ params }, alive) => {
    purge();
    const ticket = store.tickets.get(wholeNumber(params['id']) ?? 0);
    const visible = ticket && (ticket.deleted_at === null || (!alive && settings.trash === 'shown'));
    if (!visible) throw new Refused(missing('Ticket', params['id'] ?? ''));
    return ticket;
  };

  function list(call: Call): Reply {
    purge();
    const shown = filterOf(call, store, premises.clock.now());
    const rows = [...store.tickets.values()].filter((ticket) => (ticket.deleted_at === null || settings.trash === 'shown') && shown(ticket));
    if (settings.list_order !== 'created_asc') rows.reverse();
    if (settings.list_order === 'updated_desc') rows.sort((a, b) => (a.updated_at < b.updated_at ? 1 : a.updated_at > b.updated_at ? -1 : 0));
    return pageOf(rows, show, call, premises.url());
  }

  function channelIn(value: unknown, before: Ticket | null, problems: Problems): Channel | undefined {
    if (value === undefined && before) return undefined;
    const input = isJson(value) ? value : {};
    const { id, email } = input;
    if (!isJson(value) || (id === undefined && (email === undefined || !before))) problem(problems, 'channel.id', 'The channel.id field is required.');
    const found = CHANNELS.find((channel) => (id === undefined ? before !== null && channel.value === email : channel.id === idNumber(id)));
    if (isJson(value) && !found && (id !== undefined || email !== undefined)) problem(problems, 'channel.id', 'The selected channel.id is invalid.');
    return found;
  }

  /** The vendor's own example sends the number 1: taken as a place in the documented order, from one. */
  function statusIn(value: unknown, problems: Problems): string | undefined {
    const word = typeof value === 'number' ? STATUSES[value - 1] : value === 'escalated' ? 'escaleted' : value;
    if (typeof word === 'string' && STATUSES.includes(word)) return word;
    problem(problems, 'status', 'The selected status is invalid.');
    return undefined;
  }

  function assigneeIn(value: unknown, problems: Problems): Agent | null | undefined {
    if (value === null) return null;
    const { id, email } = isJson(value) ? value : {};
    const found = AGENTS.find((agent) => (id === undefined ? agent.email === String(email).toLowerCase() : agent.id === idNumber(id)));
    if (!found) problem(problems, 'assignee', 'The selected assignee is invalid.');
    return found;
  }

  function teamIn(value: unknown, problems: Problems): Team | null | undefined {
    if (value === null) return null;
    // The page's table says "String", its example shows an object.
    const { id, name } = isJson(value) ? value : { id: undefined, name: value };
    const found = TEAMS.find((team) => (id === undefined ? typeof name === 'string' && team.name.toLowerCase() === name.toLowerCase() : team.id === idNumber(id)));
    if (!found) problem(problems, 'team', 'The selected team is invalid.');
    return found;
  }

  function tagsIn(value: unknown, problems: Problems): readonly Tag[] | undefined {
    if (!isTextList(value)) {
      problem(problems, 'tags', 'The tags must be an array.');
      return undefined;
    }
    const wanted = new Set(value.map((name) => name.toLowerCase()));
    // Unknown ones, and those for other things, are passed over without a word.
    return [...store.tags.values()].filter(({ name, type }) => TICKET_TAG_TYPES.includes(type) && wanted.has(name.toLowerCase()));
  }

  function customIn(value: unknown, before: Ticket | null, problems: Problems): Readonly<Record<string, unknown>> {
    const fields = { ...before?.custom_fields };
    if (!isJson(value)) {
      if (!Array.isArray(value) || value.length > 0) problem(problems, 'custom_fields', 'The custom_fields must be an array.');
      return fields;
    }
    for (const [key, given] of Object.entries(value)) {
      const field = Object.hasOwn(CUSTOM_FIELDS, key) ? CUSTOM_FIELDS[key] : undefined;
      if (!field) continue;
      const options = field.options ?? [];
      const fits =
        given === null ||
        (field.type === 'text' && typeof given === 'string') ||
        (field.type === 'number' && typeof given === 'number') ||
        (field.type === 'boolean' && typeof given === 'boolean') ||
        (field.type === 'dropdown' && typeof given === 'string' && options.includes(given)) ||
        (field.type === 'multiselect' && isTextList(given) && given.every((one) => options.includes(one)));
      if (!fits) problem(problems, `custom_fields.${key}`, `The selected custom_fields.${key} is invalid.`);
      else fields[key] = given;
    }
    return fields;
  }

  function read(input: Json, before: Ticket | null, problems: Problems): Patch {
    const patch: Patch = {};
    const { subject } = input;
    if (typeof subject === 'string' && subject.trim() !== '') patch.subject = subject;
    else if (!before || subject !== undefined) problem(problems, 'subject', 'The subject field is required.');
    const channel = channelIn(input['channel'], before, problems);
    if (channel) patch.channel = channel;
    if (!before || input['from_contact'] !== undefined) {
      const contact = parts.people().contact(input['from_contact'], 'from_contact', problems);
      if (contact) patch.contact = contact;
    }
    const status = input['status'] === undefined ? undefined : statusIn(input['status'], problems);
    if (status !== undefined) patch.status = status;
    const assignee = input['assignee'] === undefined ? undefined : assigneeIn(input['assignee'], problems);
    if (assignee !== undefined) patch.assignee = assignee;
    const team = input['team'] === undefined ? undefined : teamIn(input['team'], problems);
    if (team !== undefined) patch.team = team;
    const tags = input['tags'] === undefined ? undefined : tagsIn(input['tags'], problems);
    if (tags !== undefined) patch.tags = tags;
    if (input['custom_fields'] !== undefined && input['custom_fields'] !== null) patch.custom_fields = customIn(input['custom_fields'], before, problems);
    if (input['created_at'] !== undefined) {
      const at = instant(input['created_at']);
      if (at === null) problem(problems, 'created_at', 'The created_at is not a valid date.');
      else patch.created_at = iso(at);
    }
    return patch;
  }

  function create(call: Call): Reply {
    const input = isJson(call.body) ? call.body : {};
    const problems: Problems = new Map();
    const patch = read(input, null, problems);
    const message = isJson(input['message']) ? input['message'] : {};
    if (!isJson(input['message'])) problem(problems, 'message', 'The message field is required.');
    const { body } = message;
    if (typeof body !== 'string' || body === '') problem(problems, 'message.body', 'The message.body field is required.');
    else if (Buffer.byteLength(body) > MOST_BYTES) problem(problems, 'message.body', 'The message.body must not be greater than 5 MB.');
    const files = readAttachments(message['attachments'], 'message.attachments', ['name'], problems);
    refuseIf(problems);
    const creator = AGENTS.find(({ email }) => email === call.who);
    const { channel, contact } = patch;
    if (!creator || !channel || !contact) throw new Refused(missing('Agent', call.who));
    const at = now();
    const created = patch.created_at ?? at;
    const ticket: Ticket = {
      id: parts.nextId(),
      subject: patch.subject ?? '',
      channel,
      from_contact: contact(),
      status: patch.status ?? 'open',
      assignee: patch.assignee ?? null,
      team: patch.team ?? null,
      creator,
      tags: patch.tags ?? [],
      custom_fields: patch.custom_fields ?? {},
      last_contact: created,
      created_at: created,
      updated_at: at,
      deleted_at: null,
      messages: [],
      searchable: premises.clock.now() + settings.search_lag_ms,
    };
    store.tickets.set(ticket.id, ticket);
    parts.messages().first(ticket, String(body), files);
    if (input['skip_autoreply'] !== true) store.sent.mails += 1;
    if (input['skip_notifications'] !== true) store.sent.notices += 1;
    const shown = show(ticket);
    webhook.fire('ticket', 'created', shown);
    if (ticket.assignee !== null) webhook.fire('ticket', 'assigned', shown);
    return { status: 201, body: { data: shown } };
  }

  function update(call: Call): Reply {
    const ticket = find(call, true);
    const problems: Problems = new Map();
    const { contact, ...patch } = read(isJson(call.body) ? call.body : {}, ticket, problems);
    refuseIf(problems);
    const before = { ...ticket };
    Object.assign(ticket, patch, contact ? { from_contact: contact() } : {});
    const changed = (key: keyof Ticket): boolean => !sameValue(before[key], ticket[key]);
    const touched = (['subject', 'channel', 'from_contact', 'status', 'assignee', 'team', 'tags', 'custom_fields', 'created_at'] as const).filter(changed);
    if (touched.length > 0) ticket.updated_at = now();
    const shown = show(ticket);
    // Changes of subject, team, requester and custom fields fire nothing: so the list of triggers has it.
    if (changed('assignee')) webhook.fire('ticket', 'assigned', shown);
    if (changed('status')) webhook.fire('ticket', 'status_updated', shown);
    if (changed('channel')) webhook.fire('ticket', 'channel_updated', shown);
    if (changed('tags')) webhook.fire('ticket', 'tags_updated', shown);
    return { status: 200, body: { data: shown } };
  }

  function remove(call: Call): Reply {
    const ticket = find(call, true);
    ticket.deleted_at = now();
    ticket.updated_at = ticket.deleted_at;
    webhook.fire('ticket', 'deleted', show(ticket));
    return deleted();
  }

  return {
    find,
    show,
    forgetCustomer(customer) {
      for (const ticket of store.tickets.values()) if (ticket.from_contact.user_id === customer) store.removeTicket(ticket);
    },
    routes: [
      { method: 'GET', path: '/api/v1/tickets', handle: list },
      { method: 'POST', path: '/api/v1/tickets', handle: create },
      { method: 'GET', path: '/api/v1/tickets/:id', handle: (call) => ({ status: 200, body: { data: show(find(call, false)) } }) },
      { method: 'PATCH', path: '/api/v1/tickets/:id', handle: update },
      { method: 'DELETE', path: '/api/v1/tickets/:id', handle: remove },
    ],
  };
}
