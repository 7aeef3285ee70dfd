/**
 * Creates that a caller asked for, exactly once. The call is kept as an intent before it is sent; when the same request comes
 * again after an outcome that nobody knows, the desk is looked at before anything is sent again, and not before it can show it.
 */
import { digest } from '../core/compare.ts';
import { keyOf } from '../core/key.ts';
import type { Comment, CommentDraft, TicketFields } from '../core/model.ts';
import { lookAllowedAt, mayResend, sentAgain } from '../core/landing.ts';
import type { Intent } from '../core/state.ts';
import { intended, NO_STEP_PARTS } from '../core/step.ts';
import type { Once } from '../ports/api.ts';
import { DeskFailure, type Desk, type FileSource, type Written, type WrittenComment } from '../ports/connector.ts';
import type { World } from '../ports/world.ts';

/** Nobody knows yet whether the write was done; from `knownAt` on (epoch milliseconds) the same request finds out. */
export class Unsure extends Error {
  readonly failure: DeskFailure;
  readonly knownAt: number;

  constructor(failure: DeskFailure, knownAt: number) {
    super(failure.message);
    this.name = 'Unsure';
    this.failure = failure;
    this.knownAt = knownAt;
  }
}

interface Creating<T> {
  readonly desk: Desk;
  readonly once: Once;
  readonly world: World;
  readonly kind: 'ticket.create' | 'comment.create';
  /** That go along: such a call takes longer. */
  readonly files: readonly FileSource[];
  send(key: string): Promise<T>;
  /** What was written with `key` at or after `sentAt` (epoch milliseconds); null if the desk shows nothing of it. */
  find(key: string, sentAt: number): Promise<T | null>;
}

/** Rejects with `Unsure`, or with the desk's `DeskFailure` if the ticket was certainly not created. */
export function createTicketOnce(
  parts: { readonly desk: Desk; readonly once: Once; readonly world: World },
  fields: TicketFields,
): Promise<Written> {
  const { desk } = parts;
  return createOnce({
    ...parts,
    kind: 'ticket.create',
    files: [],
    send: (key) => desk.createTicket(fields, key),
    async find(key, sentAt) {
      const ticket = await desk.find(key, { sentAt });
      return ticket === null ? null : { id: ticket.id, ticket, warnings: [] };
    },
  });
}

/** The same for a comment. Where the desk shows no keys it is known by its words, and by being younger than the call. */
export function createCommentOnce(
  parts: { readonly desk: Desk; readonly once: Once; readonly world: World },
  ticketId: string,
  draft: CommentDraft,
  files: readonly FileSource[],
): Promise<WrittenComment> {
  const { desk } = parts;
  return createOnce({
    ...parts,
    kind: 'comment.create',
    files,
    send: (key) => desk.createComment(ticketId, draft, key, files),
    async find(key, sentAt) {
      const shown = desk.forecastComment(draft);
      const words = digest(shown.content);
      const isIt = (comment: Comment): boolean =>
        desk.can.comments.keyVisible
          ? comment.key === key
          : comment.public === shown.public && digest(comment.content) === words && Date.parse(comment.created_at ?? '') >= sentAt - MOST_SKEW_MS;
      const comment = await findComment(desk, ticketId, isIt);
      return comment === null ? null : { comment, warnings: [] };
    },
  });
}

/** No desk's clock is assumed to be further from ours. */
const MOST_SKEW_MS = 10 * 60_000;
/** No desk shows more comments on one ticket than fit on so many pages. */
const MOST_PAGES = 500;

/** The first comment of the ticket that is the one; null if none is. */
export async function findComment(desk: Desk, ticketId: string, isIt: (comment: Comment) => boolean): Promise<Comment | null> {
  let page: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const { items, next }: Awaited<ReturnType<Desk['listComments']>> = await desk.listComments(ticketId, page);
    const found = items.find(isIt);
    if (found !== undefined) return found;
    if (next === null || next === page) return null;
    page = next;
  }
  throw new DeskFailure('surprise', `the comments of this ticket do not end after ${MOST_PAGES} pages`);
}

async function createOnce<T>({ desk, once, world, kind, files, send, find }: Creating<T>): Promise<T> {
  const { can } = desk;
  const before = once.intent;
  let intent: Intent;
  if (before === null) {
    intent = intended({ ...NO_STEP_PARTS, kind, key: keyOf('api', once.id), files: files.map(({ open: _, blob: __, sha256: ___, ...file }) => file) }, world.now());
  } else {
    if (!mayResend(before, can, world.now())) {
      const allowed = lookAllowedAt(before, can);
      if (world.now() < allowed) throw new Unsure(new DeskFailure('unsure', 'what was sent before may still take effect'), allowed);
      const found = await find(before.key, before.first_sent);
      if (found !== null) return found;
    }
    intent = sentAgain(before, can, world.now());
  }
  await once.intend(intent);
  try {
    return await send(intent.key);
  } catch (error) {
    if (!(error instanceof DeskFailure)) throw error;
    const unsure = error.kind === 'unsure' || error.kind === 'surprise';
    // A repetition that the desk's own memory of keys was trusted with says nothing of the try before it.
    const open = before !== null && mayResend(before, can, intent.sent) ? before : null;
    if (!unsure && open === null) {
      await once.intend(null);
      throw error;
    }
    const left = unsure ? { ...intent, answered: error.status === null ? null : world.now() } : refusedAgain(open ?? intent, error);
    await once.intend(left);
    throw new Unsure(error, mayResend(left, can, world.now()) ? world.now() : lookAllowedAt(left, can));
  }
}

/** A desk that refuses to hear of it again may have done it the first time: from here on only a look tells. */
function refusedAgain(intent: Intent, failure: DeskFailure): Intent {
  return failure.kind === 'refused' ? { ...intent, refused: failure.message } : intent;
}
