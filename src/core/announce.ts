/** What happened on a desk, in unified words: what a look brought into a link, as it is told to those who follow its account. Pure. */
import { newerFields } from './changes.ts';
import { isCustom } from './lens.ts';
import type { EventType } from './model.ts';
import type { Link, LinkComment, Replica } from './state.ts';

export interface Announcement {
  readonly type: EventType;
  readonly ticket_id: string;
  readonly comment_id: string | null;
  /** The attributes that changed, as far as known. */
  readonly changed: readonly string[];
}

/** A ticket or comment that is seen for the first time so long after it was made is not told as new. */
const NEW_MS = 10 * 60_000;

export interface Occasion {
  readonly before: Link;
  readonly after: Link;
  /** As it is after the look. */
  readonly replica: Replica;
  /** When a ticket that begins a link was created there (epoch milliseconds by the desk's clock); null if that is not known. */
  readonly born: number | null;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** In the order in which they are best read: the ticket, then its comments. Nothing for what mirrors changed by themselves. */
export function announce(occasion: Occasion): readonly Announcement[] {
  const { before, after, replica } = occasion;
  const ticketId = replica.ticket_id;
  if (before === after || ticketId === null) return [];
  const of = (type: EventType, changed: readonly string[] = [], commentId: string | null = null): Announcement => ({ type, ticket_id: ticketId, comment_id: commentId, changed });
  if (!after.life.alive && (before.life.alive || after.life.clock !== before.life.clock)) return [of('ticket.deleted')];
  return [...ofTicket(occasion, of), ...ofComments(occasion, of)];
}

type Of = (type: EventType, changed?: readonly string[], commentId?: string | null) => Announcement;

function ofTicket({ before, after, born, now }: Occasion, of: Of): readonly Announcement[] {
  if (before.version === 0) return [of(born === null || now - born < NEW_MS ? 'ticket.created' : 'ticket.updated')];
  // It is there again, which is all that the words of events have for that.
  if (!before.life.alive && after.life.alive) return [of('ticket.created')];
  const names = [...new Set(newerFields(before, after).map((field) => (isCustom(field) ? 'custom_properties' : field)))];
  const others = names.filter((name) => name !== 'assignee');
  return [
    ...(others.length > 0 ? [of('ticket.updated', others)] : []),
    ...(names.length > others.length ? [of('ticket.assignment.changed', ['assignee'])] : []),
  ];
}

function ofComments({ before, after, replica, now }: Occasion, of: Of): readonly Announcement[] {
  if (before.comments === after.comments) return [];
  return Object.values(after.comments).flatMap((comment) => {
    const known = before.comments[comment.uid];
    const id = replica.copies[comment.uid]?.comment_id ?? null;
    if (known === comment || id === null) return [];
    const type = typeOf(known, comment, now);
    return type === null ? [] : [of(type, type === 'comment.updated' ? changedIn(known, comment) : [], id)];
  });
}

function typeOf(known: LinkComment | undefined, comment: LinkComment, now: number): EventType | null {
  if (comment.deleted) return known?.deleted === false ? 'comment.deleted' : null;
  if (known === undefined) return now - comment.created < NEW_MS ? 'comment.created' : null;
  return changedIn(known, comment).length > 0 ? 'comment.updated' : null;
}

function changedIn(known: LinkComment | undefined, { content, public: open }: LinkComment): readonly string[] {
  return [...(known?.content === content ? [] : ['content']), ...(known?.public === open ? [] : ['public'])];
}
