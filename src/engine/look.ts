/** Looks at a ticket on its desk. */
import { timeOf } from '../core/compare.ts';
import type { Look } from '../core/look.ts';
import type { Comment } from '../core/model.ts';
import { DeskFailure, type Desk } from '../ports/connector.ts';
import type { Lane } from '../ports/store.ts';
import type { World } from '../ports/world.ts';

/** No desk shows more comments on one ticket than fit on so many pages. */
const MOST_PAGES = 500;

/** The ticket, and its comments if asked for and the desk has any. Rejects with `DeskFailure`, but not with `missing`. */
export async function look(desk: Desk, ticketId: string, withComments: boolean, world: World): Promise<Look> {
  const began = world.now();
  try {
    const ticket = await desk.getTicket(ticketId);
    if (!withComments || ticket.is_deleted || !desk.can.comments.list) return { began, ticket, comments: null };
    return { began, ticket, comments: await allComments(desk, ticketId) };
  } catch (error) {
    if (error instanceof DeskFailure && error.kind === 'missing') return { began, ticket: null, comments: null };
    throw error;
  }
}

/** All comments of a ticket, oldest first, over as many pages as there are. */
export async function allComments(desk: Desk, ticketId: string): Promise<readonly Comment[]> {
  const all = new Map<string, Comment>();
  let page: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const { items, next } = await desk.listComments(ticketId, page);
    for (const comment of items) all.set(comment.id, comment);
    if (next === null || next === page) return [...all.values()];
    page = next;
  }
  throw new DeskFailure('surprise', `the comments of this ticket do not end after ${MOST_PAGES} pages`);
}

/**
 * The look that the latest signal brought along, if it may stand for one: nothing came after it, it is strictly newer than
 * what was last seen, no write is open, and there are no comments to see. That a ticket is alive again only the desk itself
 * tells: a snapshot of a deleted one was taken before, and came late.
 */
export function lookOf(lane: Pick<Lane, 'snapshot' | 'replica' | 'signalled_at'>, desk: Desk): Look | null {
  const { snapshot, replica } = lane;
  if (snapshot === null || replica.state === 'deleted' || replica.intent !== null || desk.can.comments.list) return null;
  if (timeOf(snapshot.modified_at, 0) <= replica.modified) return null;
  return { began: lane.signalled_at, ticket: snapshot, comments: null };
}
