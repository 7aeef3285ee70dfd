/** What a Zendesk event says. Pure. https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/ */
import { createHash } from 'node:crypto';
import type { EventType } from '../../core/model.ts';
import type { Inbound, Reading } from '../../ports/connector.ts';
import { maybe, NULLABLE_ID, object, TEXT } from '../kit/shape.ts';

interface Event {
  readonly type: string;
  readonly id?: string;
  readonly subject?: string | null;
  readonly detail?: { readonly id?: string | number | null } | null;
}

const asEvent = maybe<Event>(
  object({ type: { type: 'string' }, id: { type: 'string' }, subject: TEXT, detail: { type: ['object', 'null'], properties: { id: NULLABLE_ID } } }, ['type']),
);

/** The ticket events that matter to a mirror, without their prefix, and what they say in unified words. */
export const EVENTS: Readonly<Record<string, EventType>> = {
  created: 'ticket.created',
  agent_assignment_changed: 'ticket.assignment.changed',
  comment_added: 'comment.created',
  comment_made_private: 'comment.updated',
  comment_redacted: 'comment.updated',
  attachment_redacted_from_comment: 'comment.updated',
  description_changed: 'ticket.updated',
  merged: 'ticket.updated',
  priority_changed: 'ticket.updated',
  requester_changed: 'ticket.updated',
  status_changed: 'ticket.updated',
  custom_status_changed: 'ticket.updated',
  subject_changed: 'ticket.updated',
  tags_changed: 'ticket.updated',
  task_due_at_changed: 'ticket.updated',
  type_changed: 'ticket.updated',
  undeleted: 'ticket.updated',
  soft_deleted: 'ticket.deleted',
  permanently_deleted: 'ticket.deleted',
  marked_as_spam: 'ticket.deleted',
};

const TICKET_EVENT = /^zen:event-type:(?:messaging_)?ticket\.([a-z_]+)$/;

export function read(inbound: Inbound, body: unknown): Reading {
  const event = asEvent(body);
  if (event === null) return { kind: 'unreadable', why: 'this is not an event of Zendesk' };
  const dedupe = event.id !== undefined && event.id !== '' && event.id.length <= 200 ? event.id : fingerprint(inbound.rawBody);
  const name = TICKET_EVENT.exec(event.type)?.[1];
  if (name === undefined) return { kind: 'ignored', why: `${event.type.slice(0, 100)} is not about a ticket`, dedupe };
  const ticketId = idOf(event);
  if (ticketId === null) return { kind: 'unreadable', why: `the event ${event.type} names no ticket` };
  const known = Object.hasOwn(EVENTS, name) ? EVENTS[name] : name === 'message_added' ? 'comment.created' : 'ticket.updated';
  return {
    kind: 'ticket',
    ticketId,
    dedupe,
    ...(known !== undefined && { event: known }),
    ...(known === 'ticket.deleted' && { deleted: true }),
  };
}

/** In events ids are strings, and "none" may be null, "0" or "". */
function idOf(event: Event): string | null {
  const id = /^zen:ticket:(\d+)$/.exec(event.subject ?? '')?.[1] ?? String(event.detail?.id ?? '');
  return /^[1-9]\d{0,19}$/.test(id) ? id : null;
}

function fingerprint(rawBody: Buffer): string {
  return createHash('sha256').update(rawBody).digest('hex');
}
