/**
 * What a URL target says. Pure. The message is its author's: a form with one field of any name, XML or JSON, and inside a field
 * words, XML or JSON again. All that is needed of it is the ticket's number; it is a bell, no more.
 */
import { hash } from 'node:crypto';
import { AppError } from '../../errors.ts';
import type { EventType } from '../../core/model.ts';
import type { BodyParser, Inbound, Reading } from '../../ports/connector.ts';
import { parseXml, XmlFault, type XmlLimits } from '../kit/xml.ts';
import { fromXml, type Wire } from './wire.ts';

const LIMITS: XmlLimits = { depth: 16, nodes: 5_000 };
const MOST_FIELDS = 100;
/** So long a message is looked into. */
const LONGEST_MESSAGE = 100_000;

/** `{root name: content}`. */
const parseXmlBody: BodyParser = (text) => {
  try {
    const root = parseXml(text.trim(), LIMITS);
    return { [root.name.replaceAll('-', '_')]: fromXml(root) };
  } catch (error) {
    if (error instanceof XmlFault) throw new AppError('bad_request', `The body is not XML as it is taken here: ${error.message}.`, { cause: error });
    throw error;
  }
};

/** The first value of each name. */
const parseForm: BodyParser = (text) => {
  let parts = 1;
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) {
    parts += 1;
    if (parts > MOST_FIELDS) throw new AppError('bad_request', `The form has more than ${MOST_FIELDS} fields: send fewer.`);
  }
  return Object.fromEntries([...new URLSearchParams(text)].reverse());
};

/** JSON that a placeholder's text has broken still names its ticket. */
const parseBrokenJson: BodyParser = (text) => {
  const id = brokenId(text);
  if (id === null) throw new AppError('bad_request', 'The body is not JSON, and nothing in it says "ticket_id".');
  return { ticket_id: id };
};

function brokenId(text: string): string | null {
  return /"ticket_id"\s*:\s*"?#?([1-9]\d{0,19})(?=["\s,}])/.exec(text.slice(0, LONGEST_MESSAGE))?.[1] ?? null;
}

export const FORMATS: Readonly<Record<string, BodyParser>> = {
  'application/xml': parseXmlBody,
  'text/xml': parseXmlBody,
  'application/x-www-form-urlencoded': parseForm,
  'application/json': parseBrokenJson,
};

const EVENTS: Readonly<Record<string, EventType>> = {
  created: 'ticket.created',
  updated: 'ticket.updated',
  changed: 'ticket.updated',
  assigned: 'ticket.assignment.changed',
  commented: 'comment.created',
  deleted: 'ticket.deleted',
};

interface Said {
  readonly id: string;
  readonly event: EventType | null;
}

export function read(inbound: Inbound, body: unknown): Reading {
  const said = saidBy(asWire(body));
  if (said === null) return { kind: 'unreadable', why: 'the message names no ticket: it needs a ticket_id, a ticket with an id, or the number as its first word' };
  return {
    kind: 'ticket',
    ticketId: said.id,
    // Deliveries have no id: equal bodies are taken for the same occurrence, or for one that a look covers as well.
    dedupe: hash('sha256', inbound.rawBody, 'hex'),
    ...(said.event !== null && { event: said.event }),
    ...(said.event === 'ticket.deleted' && { deleted: true }),
  };
}

/** What the body's own fields say, or the message that one of them holds. */
function saidBy(body: Wire): Said | null {
  const direct = saidIn(body);
  if (direct !== null || !isRecord(body)) return direct;
  for (const held of Object.values(body)) {
    const said = typeof held === 'string' ? saidInMessage(held.trim().slice(0, LONGEST_MESSAGE)) : null;
    if (said !== null) return said;
  }
  return null;
}

/** `{ticket_id}`, `{ticket: 303}`, `{ticket: {id}}`, or one of these inside a single root. */
function saidIn(value: Wire): Said | null {
  if (!isRecord(value)) return null;
  const fields = plainNames(value);
  const names = Object.keys(fields);
  const [root] = names.length === 1 && names[0] !== 'ticket' ? Object.values(fields) : [];
  if (root !== undefined && isRecord(root)) return saidIn(root);
  const ticket = fields['ticket'] ?? null;
  const inner = isRecord(ticket) ? plainNames(ticket) : {};
  const id = [fields['ticket_id'], fields['ticketid'], fields['nice_id'], ticket, inner['nice_id'], inner['id'], inner['ticket_id']].map((held) => idIn(held ?? null)).find((held) => held !== null);
  if (id === undefined) return null;
  return { id: id ?? '', event: eventOf(fields['event'] ?? inner['event'] ?? fields['type'] ?? null) };
}

/** XML, JSON, or words that begin with the number: `303 created 2010-06-03T22:15Z`. */
function saidInMessage(words: string): Said | null {
  if (words.startsWith('<')) {
    try {
      return saidIn(asWire(parseXmlBody(words)));
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  }
  if (words.startsWith('{')) return saidIn(asWire(json(words) ?? { ticket_id: brokenId(words) }));
  const [, id = '', event = ''] = /^#?([1-9]\d{0,19})(?:\s+([a-z]+))?(?=\s|$)/i.exec(words) ?? [];
  return id === '' ? null : { id, event: eventOf(event) };
}

function plainNames(value: { readonly [name: string]: Wire }): Readonly<Record<string, Wire>> {
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name.toLowerCase().replaceAll('-', '_'), held]));
}

function isRecord(value: Wire): value is { readonly [name: string]: Wire } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function idIn(value: Wire): string | null {
  return typeof value === 'string' ? (/^#?([1-9]\d{0,19})$/.exec(value.trim())?.[1] ?? null) : null;
}

function eventOf(value: Wire): EventType | null {
  const word = typeof value === 'string' ? value.toLowerCase().replace(/^.*[._ ]/, '') : '';
  return Object.hasOwn(EVENTS, word) ? (EVENTS[word] ?? null) : null;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** As `wire.ts` has it, but only what is there: a hook's body was not shaped by the desk. */
function asWire(value: unknown, depth = 0): Wire {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object' || value === null || depth > LIMITS.depth) return null;
  if (Array.isArray(value)) return value.map((item) => asWire(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, asWire(held, depth + 1)]));
}
