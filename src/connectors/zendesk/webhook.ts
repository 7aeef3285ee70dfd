/**
 * What a Zendesk webhook says: an event with a body of Zendesk's own, or what an administrator wrote into a trigger, of which
 * nothing but the ticket's id is believed. Pure. https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/
 */
import { createHash } from 'node:crypto';
import { EVENT_TYPES, type EventType } from '../../core/model.ts';
import type { BodyParser, Inbound, Reading } from '../../ports/connector.ts';
import { maybe, NULLABLE_ID, object, TEXT } from '../kit/shape.ts';

interface Event {
  readonly type: string;
  readonly id?: string;
  readonly subject?: string | null;
  readonly detail?: { readonly id?: string | number | null } | null;
  readonly event?: unknown;
}

interface Triggered {
  readonly ticket_id: string | number;
  readonly happened?: string | null;
}

const asEvent = maybe<Event>(
  object({ type: { type: 'string' }, id: { type: 'string' }, subject: TEXT, detail: { type: ['object', 'null'], properties: { id: NULLABLE_ID } } }, ['type']),
);
const sequenced = maybe<{ readonly meta: { readonly sequence: { readonly id: string } } }>(
  object({ meta: object({ sequence: object({ id: { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' } }, ['id']) }, ['sequence']) }, ['meta']),
);
const asTriggered = maybe<Triggered>(object({ ticket_id: { type: ['string', 'integer'] }, happened: TEXT }, ['ticket_id']));

/** Every ticket event, without its prefix, and what it says in unified words. */
export const EVENTS: Readonly<Record<string, EventType>> = {
  created: 'ticket.created',
  agent_assignment_changed: 'ticket.assignment.changed',
  comment_added: 'comment.created',
  comment_made_private: 'comment.updated',
  comment_redacted: 'comment.updated',
  attachment_linked_to_comment: 'comment.updated',
  attachment_redacted_from_comment: 'comment.updated',
  brand_changed: 'ticket.updated',
  custom_field_changed: 'ticket.updated',
  custom_status_changed: 'ticket.updated',
  description_changed: 'ticket.updated',
  email_ccs_changed: 'ticket.updated',
  external_id_changed: 'ticket.updated',
  followers_changed: 'ticket.updated',
  form_changed: 'ticket.updated',
  group_assignment_changed: 'ticket.updated',
  merged: 'ticket.updated',
  ola_policy_changed: 'ticket.updated',
  organization_changed: 'ticket.updated',
  priority_changed: 'ticket.updated',
  problem_link_changed: 'ticket.updated',
  requester_changed: 'ticket.updated',
  schedule_changed: 'ticket.updated',
  sla_policy_changed: 'ticket.updated',
  status_changed: 'ticket.updated',
  subject_changed: 'ticket.updated',
  submitter_changed: 'ticket.updated',
  tags_changed: 'ticket.updated',
  task_due_at_changed: 'ticket.updated',
  type_changed: 'ticket.updated',
  undeleted: 'ticket.updated',
  soft_deleted: 'ticket.deleted',
  permanently_deleted: 'ticket.deleted',
  marked_as_spam: 'ticket.deleted',
};

/** Events of features that an account may not have; a mirror can do without them. */
export const LESS_COMMON_EVENTS: readonly string[] = [
  'attachment_linked_to_comment', 'attachment_redacted_from_comment', 'brand_changed', 'custom_status_changed', 'form_changed', 'ola_policy_changed',
  'problem_link_changed', 'schedule_changed', 'sla_policy_changed', 'submitter_changed',
];

/** The first number that stands after this name in a text that was to be JSON. */
const NAMED = /"ticket_id"\s*:\s*"?\s*(\d{1,20})\b/;

/**
 * What a trigger renders is plain text: a quote in a subject breaks the JSON around it. Of such a body the ticket's id is still
 * to be had, best where it stands first; without one it is kept as unreadable.
 */
const mended: BodyParser = (text) => ({ ticket_id: NAMED.exec(text)?.[1] ?? '' });
const fromForm: BodyParser = (text) => {
  const form = new URLSearchParams(text);
  return { ticket_id: form.get('ticket_id') ?? '', happened: form.get('happened') };
};

export const formats: Readonly<Record<string, BodyParser>> = { 'application/json': mended, 'application/x-www-form-urlencoded': fromForm };

const TICKET_EVENT = /^zen:event-type:(?:messaging_)?ticket\.([a-z_]+)$/;
const ID = /^[1-9]\d{0,19}$/;
const MOST_DEDUPE = 200;

export function read(inbound: Inbound, body: unknown): Reading {
  const event = asEvent(body);
  if (event !== null) return readEvent(event, inbound.rawBody);
  const triggered = asTriggered(body);
  return triggered === null ? { kind: 'unreadable', why: 'this is neither an event of Zendesk nor the body that a trigger should send' } : readTriggered(triggered, inbound);
}

function readEvent(event: Event, rawBody: Buffer): Reading {
  const dedupe = event.id !== undefined && event.id !== '' && event.id.length <= MOST_DEDUPE ? event.id : fingerprint(rawBody);
  const name = TICKET_EVENT.exec(event.type)?.[1];
  if (name === undefined) return { kind: 'ignored', why: `${event.type.slice(0, 100)} is not about a ticket`, dedupe };
  const ticketId = idOf(event);
  if (ticketId === null) return { kind: 'unreadable', why: `the event ${event.type} names no ticket` };
  const known = Object.hasOwn(EVENTS, name) ? EVENTS[name] : name === 'message_added' ? 'comment.created' : 'ticket.updated';
  // One action, one sequence, one event for each thing that it changed.
  const save = sequenced(event.event)?.meta.sequence.id;
  return {
    kind: 'ticket',
    ticketId,
    dedupe,
    ...(save !== undefined && { save }),
    ...(known !== undefined && { event: known }),
    ...(known === 'ticket.deleted' && { deleted: true }),
  };
}

/** In events ids are strings, and "none" may be null, "0" or "". */
function idOf(event: Event): string | null {
  const id = /^zen:ticket:(\d+)$/.exec(event.subject ?? '')?.[1] ?? String(event.detail?.id ?? '');
  return ID.test(id) ? id : null;
}

/** Two saves of one ticket have the same body: the call itself tells them apart, or else the time at which it was signed. */
function readTriggered({ ticket_id, happened }: Triggered, { headers, rawBody }: Inbound): Reading {
  const ticketId = String(ticket_id).trim();
  if (!ID.test(ticketId)) return { kind: 'unreadable', why: 'the trigger names no ticket: its ticket_id is no number' };
  const known = EVENT_TYPES.find((type) => type === happened);
  const invocation = headers['x-zendesk-webhook-invocation-id'] ?? '';
  const signed = headers['x-zendesk-webhook-signature-timestamp'] ?? '';
  const dedupe = /^[\w-]{1,100}$/.test(invocation) ? `trigger:${invocation}` : `trigger:${fingerprint(Buffer.concat([rawBody, Buffer.from(signed)]))}`;
  return { kind: 'ticket', ticketId, dedupe, ...(known !== undefined && known !== 'ticket.deleted' && { event: known }) };
}

function fingerprint(rawBody: Buffer): string {
  return createHash('sha256').update(rawBody).digest('hex');
}
