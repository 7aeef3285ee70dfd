/**
 * What an automation rule's webhook says. Pure. The body is a bell, no more: labels in place of numbers, only the first of
 * several changes, no id of the comment or of the delivery, nobody named.
 * https://support.freshdesk.com/support/solutions/articles/132589
 */
import { createHash } from 'node:crypto';
import type { EventType } from '../../core/model.ts';
import type { Inbound, Reading } from '../../ports/connector.ts';
import { maybe, NULLABLE_ID, object, TEXT } from '../kit/shape.ts';

interface Content {
  readonly ticket_id?: number | string | null;
  readonly triggered_event?: string | null;
  readonly event?: string | null;
}

const content = object({ ticket_id: NULLABLE_ID, triggered_event: TEXT, event: TEXT });
const asWrapped = maybe<{ readonly freshdesk_webhook: Content }>(object({ freshdesk_webhook: content }, ['freshdesk_webhook']));
const asFlat = maybe<Content>(content);

export function read(inbound: Inbound, body: unknown): Reading {
  const said = asWrapped(body)?.freshdesk_webhook ?? asFlat(body);
  // The id may carry a prefix of the account's own: its last digits are the number.
  const ticketId = /([1-9]\d{0,19})$/.exec(String(said?.ticket_id ?? '').trim())?.[1];
  if (said === null || ticketId === undefined) return { kind: 'unreadable', why: 'the body names no ticket: it needs a ticket_id' };
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

/** Forms seen: `{ticket_action:created}`, `{status:{from:4,to:6}}`, `{note_type:private}`, `{reply_sent:…}` (?). A hint only. */
function eventOf(text: string): EventType | null {
  const compact = text.toLowerCase().replace(/[\s"']/g, '');
  if (compact === '') return null;
  if (compact.includes('ticket_action:create')) return 'ticket.created';
  if (compact.includes('ticket_action:delete')) return 'ticket.deleted';
  if (/note_type:|reply|comment/.test(compact)) return 'comment.created';
  if (/responder|agent/.test(compact)) return 'ticket.assignment.changed';
  return 'ticket.updated';
}
