/**
 * What a Helpdesk webhook says. Pure. The vendor documents the five events, not the body: where things are is a setting,
 * with fall-backs, and a body that carries only an id is a bell like any other.
 */
import { createHash } from 'node:crypto';
import type { EventType } from '../../core/model.ts';
import type { Inbound, Reading } from '../../ports/connector.ts';
import { fromTicket } from './map.ts';
import { settingsOf, type Settings } from './settings.ts';
import { carriedTicket, type HelpdeskTicket } from './shapes.ts';

/** Events of which one save sends several; a deletion need not move the time of change. */
const OF_A_SAVE: ReadonlySet<string> = new Set(['ticket.updated', 'ticket.resolved', 'ticket.assignment.changed']);
/** Two saves have different times where these are finer than a second. */
const FINE_TIME = /^[\x21-\x7e]{1,40}\.\d{3,9}(?:Z|[+-]\d\d:?\d\d)$/;

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
    return { kind: 'ignored', why: `${type.slice(0, 100)} is not about a ticket`, dedupe: dedupeOf(inbound, body, settings.envelope, null, type) };
  }
  if (ticketId === null || ticketId === '') return { kind: 'unreadable', why: `there is no ticket at ${settings.envelope.ticketPath} nor where else one might be` };
  const event = type !== null && Object.hasOwn(EVENTS, type) ? EVENTS[type] : undefined;
  const save = type !== null && OF_A_SAVE.has(type) ? (ticket?.updatedAt ?? '') : '';
  return {
    kind: 'ticket',
    ticketId,
    dedupe: dedupeOf(inbound, body, settings.envelope, ticket ?? { id: ticketId }, type),
    ...(FINE_TIME.test(save) && { save }),
    ...(event !== undefined && { event }),
    ...(event === 'ticket.deleted' && { deleted: true }),
    // A webhook does not bring the first message, so where that is the description it shows less than a look.
    ...(ticket !== null && event !== 'ticket.deleted' && !settings.description_message && isWhole(ticket) && { snapshot: fromTicket(ticket, settings) }),
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
  for (const place of [path === '$' ? 'id' : `${path}.id`, path, 'data.ticket.id', 'ticket.id', 'data.ticketId', 'data.ticket_id', 'ticketId', 'ticket_id']) {
    const id = textAt(body, place);
    if (id !== null) return id;
  }
  return null;
}

/** Enough of a ticket to stand for a look at it. */
function isWhole(ticket: HelpdeskTicket): boolean {
  return typeof ticket.subject === 'string' && typeof ticket.status === 'string' && typeof ticket.updatedAt === 'string';
}

/** The delivery's own id, else the event's, else what happened to which ticket when; the very bytes where nothing tells. */
function dedupeOf(inbound: Inbound, body: unknown, { idPath, timePath }: Settings['envelope'], ticket: HelpdeskTicket | null, type: string | null): string {
  const named = textAt(body, idPath);
  // In a body without an envelope the id is the ticket's, and equal for all that ever happens to it.
  const own = inbound.headers['webhook-id'] ?? (ticket !== null && named === String(ticket.id) ? null : named);
  const time = ticket?.updatedAt ?? textAt(body, timePath);
  const given = own != null && own !== '' ? own : ticket === null || time === null ? null : `${ticket.id} ${time} ${type ?? ''}`;
  if (given !== null && /^[\x20-\x7e]{1,200}$/.test(given)) return given;
  return createHash('sha256').update(given ?? inbound.rawBody).digest('hex');
}

function textAt(body: unknown, path: string): string | null {
  const value = at(body, path);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

/** The value at a dotted path, through own properties only; `$` is the whole body. */
function at(body: unknown, path: string): unknown {
  let value = body;
  if (path === '$') return value;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}
