/** What a Pigeonhole webhook says. Pure: the body has been verified and fits `webhooks.schema.json`. */
import type { EventType } from '../../../src/core/model.ts';
import type { Inbound, Reading } from '../../../src/ports/connector.ts';

const EVENTS: Readonly<Record<string, EventType>> = { created: 'ticket.created', changed: 'ticket.updated', noted: 'comment.created', deleted: 'ticket.deleted' };

export function read(_inbound: Inbound, body: unknown): Reading {
  const { case: id, event, at } = body as { readonly case: number | string; readonly event: string; readonly at: string };
  const known = Object.hasOwn(EVENTS, event) ? EVENTS[event] : undefined;
  return {
    kind: 'ticket',
    ticketId: String(id),
    dedupe: `${id} ${event} ${at}`.slice(0, 200),
    ...(known !== undefined && { event: known }),
    ...(known === 'ticket.deleted' && { deleted: true }),
  };
}
