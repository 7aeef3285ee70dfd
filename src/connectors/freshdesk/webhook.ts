/**
 * What an automation rule's webhook says. Pure. The body is a bell, no more: labels in place of numbers, only the first of
 * several changes, no id of the comment or of the delivery, nobody named. Advanced content is a text that a person wrote,
 * into which Freshdesk puts values as they are: quotes in a value break its JSON, and misspelt placeholders stay.
 * https://support.freshdesk.com/support/solutions/articles/132589
 */
import { createHash } from 'node:crypto';
import type { EventType } from '../../core/model.ts';
import type { BodyParser, Inbound, Reading } from '../../ports/connector.ts';
import { maybe, NULLABLE_ID, object, TEXT } from '../kit/shape.ts';

interface Content {
  readonly ticket_id?: number | string | null;
  readonly triggered_event?: string | null;
  readonly event?: string | null;
  /** Why a body that was not what it should be named no ticket. */
  readonly unreadable?: string | null;
}

const content = object({ ticket_id: NULLABLE_ID, triggered_event: TEXT, event: TEXT, unreadable: TEXT });
const asWrapped = maybe<{ readonly freshdesk_webhook: Content }>(object({ freshdesk_webhook: content }, ['freshdesk_webhook']));
const asFlat = maybe<Content>(content);

export function read(inbound: Inbound, body: unknown): Reading {
  const said = asWrapped(body)?.freshdesk_webhook ?? asFlat(body);
  const id = String(said?.ticket_id ?? '').trim();
  // The id may carry a prefix of the account's own: its last digits are the number.
  const ticketId = /([1-9]\d{0,19})$/.exec(id)?.[1];
  if (said === null || ticketId === undefined) return { kind: 'unreadable', why: said?.unreadable ?? unreadable(id) };
  const event = eventOf(said.triggered_event ?? said.event ?? '');
  return {
    kind: 'ticket',
    ticketId,
    // Deliveries have no id: equal bodies are taken for the same occurrence, or for one that a look covers as well.
    dedupe: createHash('sha256').update(inbound.rawBody).digest('hex'),
    ...(event !== null && { event }),
    ...(event === 'ticket.deleted' && { deleted: true }),
  };
}

function unreadable(id: string): string {
  return id.includes('{{')
    ? `the placeholder of ticket_id came unfilled (${id.slice(0, 60)}): Freshdesk does not know it by this name; the rule's content must say {{ticket.id}}`
    : 'the body names no ticket: it needs a ticket_id';
}

/** Forms seen: `{ticket_action:created}`, `{status:{from:4,to:6}}`, `{note_type:private}`, `{reply_sent:…}` (?). A hint only. */
function eventOf(text: string): EventType | null {
  const compact = text.toLowerCase().replace(/[\s"']/g, '');
  if (compact === '' || compact.includes('{{')) return null;
  if (compact.includes('ticket_action:create')) return 'ticket.created';
  if (compact.includes('ticket_action:delete')) return 'ticket.deleted';
  if (/note_type:|reply|comment/.test(compact)) return 'comment.created';
  if (/responder|agent/.test(compact)) return 'ticket.assignment.changed';
  return 'ticket.updated';
}

/** The first value that stands after a name in a text that was to be JSON: in quotes, or bare. */
const NAMED = /"(ticket_id|triggered_event|event)"\s*:\s*(?:"([^"]{0,200})"|(\d{1,20})\b)/g;

/** Finds the bell in JSON that somebody's quotes or line breaks have broken: the first of each name, since what follows may be a customer's words. */
export const brokenJson: BodyParser = (text) => {
  const found = new Map<string, string>();
  for (const [, name = '', quoted, bare = ''] of text.matchAll(NAMED)) if (!found.has(name)) found.set(name, quoted ?? bare);
  return bell(found, 'The body is not valid JSON, and no ticket_id stands out in it: put ticket_id first in the rule’s content, and no texts of the ticket.');
};

/** A rule that encodes its content as a form: `freshdesk_webhook[ticket_id]=11`, or `ticket_id=11`. */
export const urlEncoded: BodyParser = (text) => {
  const form = new URLSearchParams(text);
  const found = ['ticket_id', 'triggered_event', 'event'].flatMap((name) => {
    const value = form.get(`freshdesk_webhook[${name}]`) ?? form.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return bell(new Map(found), 'The form has no ticket_id.');
};

/** Without a ticket it is kept all the same, for a person: the desk would repeat it in vain and mail its administrators. */
function bell(found: ReadonlyMap<string, string>, otherwise: string): Content {
  return found.has('ticket_id') ? Object.fromEntries(found) : { ticket_id: null, unreadable: otherwise };
}
