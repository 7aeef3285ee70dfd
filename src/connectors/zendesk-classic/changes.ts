/**
 * What changed, and the search for a ticket of ours, both by walking through the pages. Nothing tells of deletions: a deleted
 * ticket is gone from every view.
 *
 * Where the view is ordered by update, a walk ends as soon as it reaches what was there before. Otherwise it goes through all
 * pages; and because a ticket may be changed, and moved out of sight, while a walk lasts, each walk tells everything since the
 * newest change that was known before the last one began.
 */
import { DeskFailure, type Change, type Changes } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { parseJson } from '../kit/http.ts';
import { maybe, object } from '../kit/shape.ts';
import { modifiedAt } from './map.ts';
import { numberOf, type ClassicTicket } from './shapes.ts';
import { inOrder, PLACE_SHAPE, reaches, since, START, type Place, type View } from './view.ts';

const PAGES_A_CALL = 20;
/** So long a walk for one ticket is believed; a longer view must be ordered by update. */
const FIND_PAGES = 400;
const FIND_WALKS = 3;
const FIND_REACH_MS = 300_000;

/** All times are the desk's, in epoch milliseconds. */
interface Cursor {
  /** What a walk tells: changes since then. */
  readonly floor: number;
  /** The newest change that is known. */
  readonly newest: number;
  /** A walk that is under way, what was newest when it began, and whether it found the order that was promised. */
  readonly walk: { readonly place: Place; readonly before: number; readonly ordered: boolean } | null;
}

const number = { type: 'number' };
const asCursor = maybe<Cursor>(
  object(
    {
      floor: number,
      newest: number,
      walk: { anyOf: [{ type: 'null' }, object({ place: PLACE_SHAPE, before: number, ordered: { type: 'boolean' } }, ['place', 'before', 'ordered'])] },
    },
    ['floor', 'newest', 'walk'],
  ),
);

export async function changesIn(view: View, cursor: string | null, from: number, overlapMs: number, world: World): Promise<Changes> {
  const known = cursor === null ? null : asCursor(parseJson(cursor));
  const state: Cursor = known ?? { floor: from, newest: from, walk: null };
  let floor = state.floor - overlapMs;
  let before = state.walk?.before ?? state.newest;
  let place = state.walk?.place ?? START;
  let ordered = state.walk?.ordered ?? view.ordered;
  let { newest } = state;
  const items: Change[] = [];
  for (let pages = 0; pages < PAGES_A_CALL; pages += 1) {
    const { rows, next, now } = await view.turn(place);
    if (known === null && pages === 0 && now !== null && now < world.now()) {
      // The start is told by our clock, and the desk's is behind.
      floor -= world.now() - now;
      before -= world.now() - now;
      newest = before;
    }
    for (const row of rows) {
      if (!since(row, floor)) continue;
      const modified = modifiedAt(row);
      if (modified !== null) newest = Math.max(newest, Date.parse(modified));
      items.push({ ticketId: numberOf(row), modified_at: modified, is_deleted: false });
    }
    if (ordered && !inOrder(rows)) {
      world.log.warn('zendesk-classic.view_not_ordered', { hint: 'the setting view_order says updated, but the view is ordered or grouped otherwise' });
      ordered = false;
    }
    if (next === null || (ordered && reaches(rows, floor))) {
      const done: Cursor = { floor: ordered ? newest : before, newest, walk: null };
      return { items, cursor: JSON.stringify(done), more: false };
    }
    place = next;
  }
  const going: Cursor = { floor: floor + overlapMs, newest, walk: { place, before, ordered } };
  return { items, cursor: JSON.stringify(going), more: true };
}

/**
 * The oldest ticket that `ours` is true of, since a person's copy of one of ours is younger. Null is said only of a walk that
 * nothing disturbed: a ticket that hid from it would be made twice.
 */
export async function findIn(view: View, ours: (row: ClassicTicket) => boolean, sentAt: number, now: number): Promise<string | null> {
  for (let walk = 0; walk < FIND_WALKS; walk += 1) {
    const { found, calm } = await walkFor(view, ours, sentAt, now);
    if (found !== null) return found;
    if (calm) return null;
  }
  throw new DeskFailure('unavailable', 'the view changed all the time while it was searched');
}

async function walkFor(
  view: View,
  ours: (row: ClassicTicket) => boolean,
  sentAt: number,
  now: number,
): Promise<{ readonly found: string | null; readonly calm: boolean }> {
  const seen = new Set<string>();
  let found: string | null = null;
  let calm = true;
  let counted: number | null = null;
  let ordered = view.ordered;
  // Our clock and the desk's may differ: what counts is how long ago it was sent.
  let floor = sentAt - FIND_REACH_MS;
  let place: Place = START;
  for (let pages = 0; pages < FIND_PAGES; pages += 1) {
    const turned = await view.turn(place);
    if (pages === 0 && turned.now !== null) floor = turned.now - (now - sentAt) - FIND_REACH_MS;
    if (place.page > 1 && turned.count !== counted) calm = false;
    counted = turned.count;
    for (const row of turned.rows) {
      const id = numberOf(row);
      if (seen.has(id)) calm = false;
      seen.add(id);
      if (ours(row) && (found === null || older(id, found))) found = id;
    }
    ordered &&= inOrder(turned.rows);
    if (turned.next === null || (ordered && reaches(turned.rows, floor))) return { found, calm };
    place = turned.next;
  }
  throw new DeskFailure('surprise', `the view is longer than ${FIND_PAGES} pages: order it by update, newest first, and set view_order to updated`);
}

function older(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length;
}
