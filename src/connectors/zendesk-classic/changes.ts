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

/** Somebody who asks for the ticket with a key. */
interface Wanted {
  readonly key: string;
  readonly sentAt: number;
  readonly walks: number;
  readonly resolve: (id: string | null) => void;
  readonly reject: (error: unknown) => void;
}

/** The number of the ticket with this key, which was sent at `sentAt` (epoch milliseconds) at the earliest; null if there is none. */
export type Search = (key: string, sentAt: number) => Promise<string | null>;

/**
 * One walk serves all who wait when it begins: after an outage many ask at the same time, and each walk reads the whole view. It gives
 * the oldest ticket of each key, since a person's copy of one of ours is younger. Null is said only of a walk that nothing disturbed: a
 * ticket that hid from it would be made twice. `keysOf` tells the keys on a row.
 */
export function openSearch(view: View, keysOf: (row: ClassicTicket) => readonly string[], world: World): Search {
  let waiting: Wanted[] = [];
  let walking = false;

  async function run(): Promise<void> {
    walking = true;
    while (waiting.length > 0) {
      const together = waiting;
      waiting = [];
      await walkFor(view, keysOf, Math.min(...together.map(({ sentAt }) => sentAt)), world).then(
        (walk) => together.forEach((wanted) => answer(wanted, walk)),
        (error: unknown) => together.forEach(({ reject }) => reject(error)),
      );
    }
    walking = false;
  }

  function answer(wanted: Wanted, { found, calm }: Walk): void {
    const id = found.get(wanted.key);
    if (id !== undefined || calm) wanted.resolve(id ?? null);
    else if (wanted.walks + 1 >= FIND_WALKS) wanted.reject(new DeskFailure('unavailable', 'the view changed all the time while it was searched'));
    else waiting.push({ ...wanted, walks: wanted.walks + 1 });
  }

  return (key, sentAt) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, sentAt, walks: 0, resolve, reject });
      if (!walking) void run();
    });
}

interface Walk {
  /** The oldest ticket of each key that was met. */
  readonly found: ReadonlyMap<string, string>;
  readonly calm: boolean;
}

async function walkFor(view: View, keysOf: (row: ClassicTicket) => readonly string[], sentAt: number, world: World): Promise<Walk> {
  const seen = new Set<string>();
  const found = new Map<string, string>();
  const now = world.now();
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
      for (const key of keysOf(row)) {
        const other = found.get(key);
        if (other === undefined || older(id, other)) found.set(key, id);
      }
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
