/**
 * What a Helpdesk webhook says. Pure. The vendor documents the five events, not the body: where things are is a setting,
 * with fall-backs, and a body that carries only an id is a bell like any other.
 */
import { createHash } from 'node:crypto';
import type { EventType } from '../../core/model.ts';
import type { Inbound, Reading } from '../../ports/connector.ts';
import { fromTicket } from './map.ts';
import { settingsOf } from './settings.ts';
import { carriedTicket, type HelpdeskTicket } from './shapes.ts';

const EVENTS: Readonly<Record<string, EventType>> = {
  'ticket.created': 'ticket.created',
  'ticket.updated': 'ticket.updated',
  'ticket.resolved': 'ticket.updated',
  'ticket.deleted': 'ticket.deleted',
  'ticket.assignment.changed': 'ticket.assignment.changed',
};

export function read(inbound: Inbound, body: unknown, rawSettings: Readonly<Record<string, unknown>>): Reading {
  const settings = settingsOf(rawSettings);
  const type = textAt(body, settings.envelope.typePath);
  const ofTicket = type === null || type.startsWith('ticket.');
  const ticket = ticketIn(body, settings.envelope.ticketPath, ofTicket);
  const ticketId = ticket === null ? idIn(body, settings.envelope.ticketPath) : String(ticket.id);
  if (ticketId === null && !ofTicket) {
    return { kind: 'ignored', why: `${type.slice(0, 100)} is not about a ticket`, dedupe: dedupeOf(inbound, body, settings.envelope.idPath, null, type) };
  }
  if (ticketId === null || ticketId === '') return { kind: 'unreadable', why: `there is no ticket at ${settings.envelope.ticketPath} nor where else one might be` };
  const event = type !== null && Object.hasOwn(EVENTS, type) ? EVENTS[type] : undefined;
  return {
    kind: 'ticket',
    ticketId,
    dedupe: dedupeOf(inbound, body, settings.envelope.idPath, ticket ?? { id: ticketId }, type),
    ...(event !== undefined && { event }),
    ...(event === 'ticket.deleted' && { deleted: true }),
    ...(ticket !== null && event !== 'ticket.deleted' && isWhole(ticket) && { snapshot: fromTicket(ticket, settings) }),
  };
}

/** `data` itself may be the ticket, but only in an event that is about one. */
function ticketIn(body: unknown, path: string, ofTicket: boolean): HelpdeskTicket | null {
  const places = ofTicket ? [path, 'data.ticket', 'ticket', 'data'] : [path, 'data.ticket', 'ticket'];
  for (const place of places) {
    const found = carriedTicket(at(body, place));
    if (found !== null && String(found.id) !== '') return found;
  }
  return null;
}

/** Of a ticket that is not as the API shows it, the id is enough. */
function idIn(body: unknown, path: string): string | null {
  for (const place of [`${path}.id`, path, 'data.ticket.id', 'ticket.id', 'data.ticketId', 'data.ticket_id', 'ticketId', 'ticket_id']) {
    const id = textAt(body, place);
    if (id !== null) return id;
  }
  return null;
}

/** Enough of a ticket to stand for a look at it. */
function isWhole(ticket: HelpdeskTicket): boolean {
  return typeof ticket.subject === 'string' && typeof ticket.status === 'string' && typeof ticket.updatedAt === 'string';
}

function dedupeOf(inbound: Inbound, body: unknown, idPath: string, ticket: HelpdeskTicket | null, type: string | null): string {
  const own = inbound.headers['webhook-id'] ?? textAt(body, idPath);
  const given = own != null && own !== '' ? own : ticket?.updatedAt == null ? null : `${ticket.id} ${ticket.updatedAt} ${type ?? ''}`;
  if (given !== null && given.length <= 200) return given;
  return createHash('sha256').update(given ?? inbound.rawBody).digest('hex');
}

function textAt(body: unknown, path: string): string | null {
  const value = at(body, path);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

/** The value at a dotted path, through own properties only. */
function at(body: unknown, path: string): unknown {
  let value = body;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}
