/** Events as subscribers are told of them: with the ticket, what changed, and the comment. Pure. */
import type { Announcement } from './announce.ts';
import { apiId } from './api-id.ts';
import { isSaidAgain, newerFields } from './changes.ts';
import { isCustom } from './lens.ts';
import type { MeshEvent } from './mesh-event.ts';
import { kindOf, type EventType, type LinkField, type Person, type TicketFields } from './model.ts';
import { parkedSteps } from './parked.ts';
import type { Intent, Link, Normal, Replica } from './state.ts';

/** An event before it has an id and a time. */
export type Telling = Omit<MeshEvent, 'id' | 'time'>;

/** Where it happened. */
export interface Scene {
  readonly account: { readonly id: number; readonly name: string; readonly service: string };
  /** The page for people of a ticket there; null where the desk has none that is known. */
  readonly page: (ticketId: string) => string | null;
}

export interface Turning {
  readonly before: Link;
  readonly after: Link;
  readonly replica: Replica;
  /** The replica as it was before. */
  readonly was: Replica;
}

/** What people did: each announcement in full. */
export function tell(announcements: readonly Announcement[], turning: Turning, scene: Scene): readonly Telling[] {
  return announcements.map(({ type, comment_id: commentId }) => {
    const told = telling(type, 'person', turning, scene);
    return commentId === null ? { ...told, ...changesOf(type, turning) } : withComment(told, commentId, turning);
  });
}

/** What was written on a replica. */
export function tellWrite(intent: Intent, { after: link, replica, was }: Omit<Turning, 'before'>, scene: Scene): readonly Telling[] {
  const turning: Turning = { before: link, after: link, replica, was };
  const of = (type: EventType): Telling => telling(type, 'mirror', turning, scene);
  const commentId = intent.uid === null ? null : (replica.copies[intent.uid]?.comment_id ?? was.copies[intent.uid]?.comment_id ?? intent.comment_id);
  const comment = (type: EventType): readonly Telling[] => (commentId === null ? [] : [withComment(of(type), commentId, turning, intent.uid)]);
  switch (intent.kind) {
    case 'ticket.create':
    case 'ticket.restore':
      return [of('ticket.created')];
    case 'ticket.delete':
      return [of('ticket.deleted')];
    case 'ticket.update': {
      const changes = writtenChanges(intent.fields ?? {}, was);
      const { assignee, ...others } = changes;
      return [
        ...(Object.keys(others).length > 0 ? [{ ...of('ticket.updated'), changes: others }] : []),
        ...(assignee === undefined ? [] : [{ ...of('ticket.assignment.changed'), changes: { assignee } }]),
        ...comment('comment.created'),
      ];
    }
    case 'comment.create':
      return comment('comment.created');
    case 'comment.update':
      return comment('comment.updated');
    case 'comment.delete':
      return comment('comment.deleted');
  }
}

/** Steps that wait for a person since this turn. */
export function tellParked(before: Replica, after: Replica, link: Link | null, scene: Scene): readonly Telling[] {
  if (after.held === before.held) return [];
  const known = new Set(parkedSteps(before).map(({ name }) => name));
  return parkedSteps(after)
    .filter(({ name }) => !known.has(name))
    .map(({ name, kind, reason }) => ({
      type: 'operation.parked', account: scene.account, link: after.link_id, cause: 'mirror', private: name.startsWith('private:'), ticket: link === null ? null : ticketOf(link, after, scene), reason, step: kind,
    }));
}

function telling(type: EventType, cause: MeshEvent['cause'], { after, replica }: Turning, scene: Scene): Telling {
  return { type, account: scene.account, link: after.id, cause, private: false, ticket: ticketOf(after, replica, scene) };
}

function ticketOf(link: Link, { ticket_id: rawId }: Replica, scene: Scene): MeshEvent['ticket'] {
  if (rawId === null) return null;
  const fields = Object.entries(link.fields).flatMap(([name, state]) => (state === undefined || isCustom(name as LinkField) ? [] : [[name, state.value ?? null] as const]));
  const custom = Object.entries(link.fields).flatMap(([name, state]) => (state === undefined || !isCustom(name as LinkField) ? [] : [{ id: name.slice('custom:'.length), value: state.value ?? null }]));
  return { id: apiId('ticket', rawId), raw_id: rawId, url: scene.page(rawId), ...(Object.fromEntries(fields) as TicketFields), ...(custom.length === 0 ? {} : { custom_properties: custom }) };
}

/** What of the link is newer than before, with the assignment apart. */
function changesOf(type: EventType, { before, after, was }: Turning): Pick<Telling, 'changes'> {
  if (before.version === 0 || (type !== 'ticket.updated' && type !== 'ticket.assignment.changed')) return {};
  const changed = newerFields(before, after).filter((field) => (field === 'assignee') === (type === 'ticket.assignment.changed'));
  return { changes: Object.fromEntries(changed.map((field) => [field, { from: saidBefore(field, { before, after, was }), to: after.fields[field]?.value ?? null }])) };
}

/** What this desk showed before, where others had said already what it says now. Texts are kept too shortly to be told. */
function saidBefore(field: LinkField, { before, after, was }: Omit<Turning, 'replica'>): unknown {
  const known = was.base[field];
  return kindOf(field) !== 'text' && known !== undefined && isSaidAgain(field, before, after) ? seen(field, known) : (before.fields[field]?.value ?? null);
}

/** `uid` where it is known; else the comment that the replica has under this id. */
function withComment(told: Telling, commentId: string, { before, after, replica }: Turning, uid: string | null = null): Telling {
  const key = uid ?? Object.values(replica.copies).find((copy) => copy.comment_id === commentId)?.uid ?? '';
  const comment = after.comments[key] ?? before.comments[key];
  if (comment === undefined) return told;
  const { content, author, public: open } = comment;
  const was = before.comments[key];
  const changes = told.type !== 'comment.updated' || was === undefined || was === comment ? null : {
    ...(was.content === content ? {} : { content: { from: was.content, to: content } }),
    ...(was.public === open ? {} : { public: { from: was.public, to: open } }),
  };
  return { ...told, private: !open, comment: { id: apiId('comment', commentId), raw_id: commentId, content, author, public: open }, ...(changes === null ? {} : { changes }) };
}

/** What a write carried, against what was last seen there: that is kept as it is compared, so a person is their e-mail. */
function writtenChanges(fields: TicketFields, was: Replica): Record<string, { readonly from: unknown; readonly to: unknown }> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, { from: seen(name, was.base[name as LinkField]), to: value }]),
  );
}

function seen(name: string, value: Normal | undefined): unknown {
  if (name !== 'assignee' && name !== 'requester') return value ?? null;
  return typeof value === 'string' && value !== '' ? ({ user_id: null, email: value, name: null } satisfies Person) : null;
}
