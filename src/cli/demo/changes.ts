/** What happened on a desk between two looks at it, and who did it. Pure. */
import type { CommentView, DeskView, TicketView } from './views.ts';

export interface Change {
  readonly desk: string;
  /** The name of whoever did it; Deskmesh under its own. */
  readonly by: string;
  readonly ticket: string;
  readonly subject: string;
  readonly what: string;
}

/** The user that Deskmesh works as on every desk of the sandbox. */
export const BOT = 'bot@example.com';

export function changesBetween(before: DeskView | undefined, after: DeskView): readonly Change[] {
  const fresh = after.writeCount - (before?.writeCount ?? 0);
  const writes = fresh > 0 ? after.writes.slice(-fresh) : [];
  const nameOf = (email: string): string => (email === BOT ? 'Deskmesh' : (after.names.get(email) ?? email));
  /** Whoever wrote on a ticket since the last look; a create does not name it. */
  const writers = (id: string): string => {
    const names = writes.filter(({ path }) => path.split(/[/.]/).includes(id)).map(({ by }) => nameOf(by));
    return [...new Set(names)].join(', ') || 'somebody';
  };
  const opener = (ticket: TicketView): string => {
    const person = writes.find(({ by, path }) => by !== BOT && /\/tickets(\.json)?$/.test(path));
    return ticket.copy || person === undefined ? 'Deskmesh' : nameOf(person.by);
  };

  const known = new Map(before?.tickets.map((ticket) => [ticket.id, ticket]));
  const changes = after.tickets.flatMap((ticket) => {
    const told = (by: string, what: string): Change => ({ desk: after.desk, by, ticket: ticket.id, subject: ticket.subject, what });
    const old = known.get(ticket.id);
    return [
      ...(old === undefined ? [told(opener(ticket), opened(ticket))] : fieldChanges(old, ticket).map((what) => told(writers(ticket.id), what))),
      ...commentChanges(old?.comments ?? [], ticket.comments).map(({ by, what }) => told(by === null ? writers(ticket.id) : nameOf(by), what)),
    ];
  });
  const gone = [...known.values()].filter(({ id }) => !after.tickets.some((ticket) => ticket.id === id));
  return [...changes, ...gone.map(({ id, subject }) => ({ desk: after.desk, by: writers(id), ticket: id, subject, what: 'deleted for good' }))];
}

function opened({ priority, tags, deleted }: TicketView): string {
  return `opened, ${[`priority ${priority}`, ...(tags.length > 0 ? [`tags ${tags.join(' ')}`] : []), ...(deleted ? ['deleted'] : [])].join(', ')}`;
}

function fieldChanges(old: TicketView, now: TicketView): readonly string[] {
  if (old.deleted !== now.deleted) return [now.deleted ? 'deleted' : 'restored'];
  const pairs: readonly (readonly [name: string, was: string, is: string])[] = [
    ['subject', old.subject, now.subject],
    ['status', old.status, now.status],
    ['priority', old.priority, now.priority],
    ['tags', old.tags.join(' ') || 'none', now.tags.join(' ') || 'none'],
    ['assignee', old.assignee ?? 'nobody', now.assignee ?? 'nobody'],
  ];
  const changed = pairs.filter(([, was, is]) => was !== is).map(([name, was, is]) => `${name} ${was} → ${is}`);
  return old.description === now.description ? changed : [...changed, 'description changed'];
}

interface CommentChange {
  /** Null where only the desk's list of writes can tell. */
  readonly by: string | null;
  readonly what: string;
}

function commentChanges(old: readonly CommentView[], now: readonly CommentView[]): readonly CommentChange[] {
  const before = new Map(old.map((comment) => [comment.id, comment]));
  const after = new Set(now.map(({ id }) => id));
  const described = ({ public: open, text }: CommentView): string => `${open ? 'public' : 'private'} comment “${text}”`;
  return [
    ...now.flatMap((comment): readonly CommentChange[] => {
      const known = before.get(comment.id);
      if (known === undefined) return [{ by: comment.by, what: described(comment) }];
      return known.text === comment.text && known.public === comment.public ? [] : [{ by: null, what: `comment is now a ${described(comment)}` }];
    }),
    ...old.filter(({ id }) => !after.has(id)).map((comment) => ({ by: null, what: `deleted: ${described(comment)}` })),
  ];
}
