/**
 * What a HelpSpace webhook says. Pure. That the resource is under `data` is seen in a receiver; where the event is named is not
 * known, so the resource itself is looked at as well. It is a bell: the ticket is read anew.
 */
import { createHash } from 'node:crypto';
import type { EventType } from '../../core/model.ts';
import type { Inbound, Reading } from '../../ports/connector.ts';
import { settingsOf } from './settings.ts';

const EVENTS: Readonly<Record<string, EventType>> = {
  'ticket.created': 'ticket.created',
  'ticket.assigned': 'ticket.assignment.changed',
  'ticket.deleted': 'ticket.deleted',
  'ticket.status_updated': 'ticket.updated',
  'ticket.channel_updated': 'ticket.updated',
  'ticket.tags_updated': 'ticket.updated',
  'ticket.customer_message_created': 'comment.created',
  'ticket.agent_message_created': 'comment.created',
  'ticket.note_created': 'comment.created',
};
const EVENT_HEADERS = ['x-helpspace-event', 'x-webhook-event', 'x-event'] as const;
const EVENT_PLACES = ['event', 'type', 'trigger', 'name'] as const;
/** What only a ticket has, of all that webhooks tell of. */
const OF_TICKETS = ['from_contact', 'channel', 'assignee', 'last_contact'] as const;

export function read(inbound: Inbound, body: unknown, rawSettings: Readonly<Record<string, unknown>>): Reading {
  const dedupe = createHash('sha256').update(inbound.rawBody).digest('hex');
  const name = eventIn(inbound, body, settingsOf(rawSettings).event_path);
  const data = property(body, 'data');
  if (name !== null && /^(?:customer|tag)\./.test(name)) return { kind: 'ignored', why: `${name.slice(0, 100)} is not about a ticket`, dedupe };
  const ticketId = ticketIn(data, name);
  if (ticketId === null) {
    if (name === null && isElse(data)) return { kind: 'ignored', why: 'it is about a customer or a tag', dedupe };
    return { kind: 'unreadable', why: 'there is neither a ticket under data nor the id of one' };
  }
  const event = name !== null && Object.hasOwn(EVENTS, name) ? EVENTS[name] : undefined;
  const deleted = event === 'ticket.deleted' || (event === undefined && typeof property(data, 'deleted_at') === 'string' && isTicket(data));
  return {
    kind: 'ticket',
    ticketId,
    dedupe,
    ...(event !== undefined && { event }),
    ...(deleted && { deleted: true }),
  };
}

function eventIn({ headers }: Inbound, body: unknown, path: string): string | null {
  const places = [at(body, path), ...EVENT_PLACES.map((name) => property(body, name)), ...EVENT_HEADERS.map((name) => headers[name])];
  const found = places.find((value) => typeof value === 'string' && /^(?:ticket|customer|tag)\.[a-z_]+$/.test(value));
  return typeof found === 'string' ? found : null;
}

/** A message says which ticket it belongs to; anything else in an event about tickets is one. */
function ticketIn(data: unknown, name: string | null): string | null {
  for (const place of ['ticket.id', 'ticket_id', 'ticketId']) {
    const id = idOf(at(data, place));
    if (id !== null) return id;
  }
  if (isTicket(data)) return idOf(property(data, 'id'));
  // Named as a ticket's event, and not a message: little of a ticket is one, too.
  return name !== null && property(data, 'body') === undefined ? idOf(property(data, 'id')) : null;
}

function isTicket(data: unknown): boolean {
  return property(data, 'subject') !== undefined && OF_TICKETS.some((name) => property(data, name) !== undefined) && property(data, 'body') === undefined;
}

/** A customer has an address and a tag a colour; neither has a subject or a body. */
function isElse(data: unknown): boolean {
  const has = (name: string): boolean => property(data, name) !== undefined;
  return !has('subject') && !has('body') && (has('email') || has('color') || has('slug'));
}

function idOf(value: unknown): string | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The value at a dotted path, through own properties only. */
function at(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split('.')) found = property(found, name);
  return found;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}
