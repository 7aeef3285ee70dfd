/**
 * Lists, page by page, and what changed. Pages go by number while items move, and there is neither an order nor a filter by time of
 * change (seed 003). So the whole list is walked through, many pages a sweep and over as many sweeps as it takes; what a walk
 * misses because it moved, the next one tells, since every walk tells what changed since the one before the last began.
 */
import { DeskFailure, type Change, type Changes } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import type { Answer, Http } from '../kit/http.ts';
import { parseJson } from '../kit/http.ts';
import { maybe, object } from '../kit/shape.ts';
import { isoTime } from '../kit/time.ts';
import type { Settings } from './settings.ts';
import { isDeleted, manyTickets, pageFacts, type HelpspaceTicket, type Listed } from './shapes.ts';

/** `per-page` may be 1 to 50. */
export const PER_PAGE = 50;

export interface Place {
  /** From 1. */
  readonly page: number;
  /** How many items the list had when the page before was read. */
  readonly total: number | null;
}

const FIRST_PLACE: Place = { page: 1, total: null };

/** The page at `place`, and where to go on: back, where items have gone and others have moved up behind us. */
export async function turn<T>(
  get: (path: string) => Promise<Answer>,
  path: string,
  read: (answer: Answer) => Listed<T>,
  place: Place,
): Promise<{ readonly rows: readonly T[]; readonly next: Place | null }> {
  const listed = read(await get(`${path}&page=${place.page}`));
  const rows = listed.data;
  const { next, current, last, total } = pageFacts(listed);
  if (current !== null && current !== place.page) throw new DeskFailure('surprise', `page ${place.page} was asked for, and page ${current} came`);
  const gone = place.total === null || total === null ? 0 : Math.max(0, place.total - total);
  if (gone > 0 && place.page > 1) return { rows, next: { page: Math.max(1, place.page - Math.ceil(gone / PER_PAGE)), total } };
  const ended = rows.length === 0 || (last !== null ? place.page >= last : next !== undefined ? next === null : rows.length < PER_PAGE);
  return { rows, next: ended ? null : { page: place.page + 1, total } };
}

/** All pages of a list that must have an end. */
export async function readPages<T>(get: (path: string) => Promise<Answer>, path: string, read: (answer: Answer) => Listed<T>, most: number): Promise<readonly T[]> {
  const all: T[] = [];
  let place: Place | null = FIRST_PLACE;
  for (let pages = 0; pages < most && place !== null; pages += 1) {
    const page: { readonly rows: readonly T[]; readonly next: Place | null } = await turn(get, path, read, place);
    all.push(...page.rows);
    place = page.next;
  }
  if (place !== null) throw new DeskFailure('surprise', `${path.split('?')[0] ?? path} does not end after ${most} pages`);
  return all;
}

/** Where a pass is. Times in epoch milliseconds by the desk's clock. */
interface Cursor {
  /** The newest change of the passes before this one. */
  readonly newest: number;
  /** The newest change seen so far. */
  readonly top: number;
  readonly stage: 'walk' | 'created' | 'contact';
  readonly page: number;
  readonly total: number | null;
  /** Pages of the walk that this pass has turned, and whether it began with the first. */
  readonly turned: number;
  readonly whole: boolean;
  /** The walk through the whole list: it tells what changed at or after `since`; the newest change when the last one and this one began. */
  readonly walk: { readonly page: number; readonly total: number | null; readonly since: number; readonly last: number; readonly began: number };
}

const COUNT = { type: 'integer', minimum: 0 };
const PAGE = { type: 'integer', minimum: 1 };
const TOTAL = { type: ['integer', 'null'], minimum: 0 };
const TIME = { type: 'number' };
const asCursor = maybe<Cursor>(
  object(
    {
      newest: TIME,
      top: TIME,
      stage: { enum: ['walk', 'created', 'contact'] },
      page: PAGE,
      total: TOTAL,
      turned: COUNT,
      whole: { type: 'boolean' },
      walk: object({ page: PAGE, total: TOTAL, since: TIME, last: TIME, began: TIME }, ['page', 'total', 'since', 'last', 'began']),
    },
    ['newest', 'top', 'stage', 'page', 'total', 'turned', 'whole', 'walk'],
  ),
);

const PAGES_A_CALL = 20;
const DAY_MS = 86_400_000;
const LIST = `/tickets?per-page=${PER_PAGE}`;

/** Tickets that changed since the cursor. A pass is over when `more` is false; it then has read its share of the whole list. */
export async function changes(http: Http, settings: Settings, world: World, cursor: string | null, since: number): Promise<Changes> {
  let state = asCursor(cursor === null ? undefined : parseJson(cursor)) ?? start(since);
  const overlap = settings.changes_overlap_seconds * 1000;
  const items: Change[] = [];
  for (let calls = 0; calls < PAGES_A_CALL; calls += 1) {
    const path = pathOf(state, overlap, world.now());
    const { rows, next } = await turn((from) => http.get(from), path, manyTickets, state);
    const floor = (state.stage === 'walk' && !settings.newest_changes_first ? state.walk.since : state.newest) - overlap;
    const { behind, top } = take(rows, floor, state.top, world.now() + DAY_MS, items);
    state = { ...state, top };
    const advanced = state.stage === 'walk' ? walked(state, next, behind, settings) : listed(state, next);
    if (advanced.over) return { items, cursor: JSON.stringify(advanced.state), more: false };
    state = advanced.state;
  }
  return { items, cursor: JSON.stringify(state), more: true };
}

function start(since: number): Cursor {
  return begin({ newest: since, top: since, walk: { page: 1, total: null, since, last: since, began: since } });
}

/** A new pass goes on where the walk stands. */
function begin({ newest, top, walk }: Pick<Cursor, 'newest' | 'top' | 'walk'>): Cursor {
  return { newest, top, stage: 'walk', page: walk.page, total: walk.total, turned: 0, whole: walk.page === 1, walk };
}

function pathOf(state: Cursor, overlap: number, now: number): string {
  if (state.stage === 'walk') return LIST;
  // Whole days in a zone that is not told, so a day more on either side.
  const from = day(state.newest - overlap - DAY_MS);
  const until = day(Math.max(state.newest, now) + 2 * DAY_MS);
  return `${LIST}&${state.stage === 'created' ? 'created-between' : 'last-contact-between'}=${from}%2F${until}`;
}

function day(ms: number): string {
  return new Date(Math.max(0, ms)).toISOString().slice(0, 10);
}

/** Tells the rows at or after `floor`. A time that is far ahead of everything moves no cursor. */
function take(rows: readonly HelpspaceTicket[], floor: number, before: number, ahead: number, items: Change[]): { readonly behind: boolean; readonly top: number } {
  let behind = false;
  let top = before;
  for (const row of rows) {
    const modified = isoTime(row.updated_at);
    const time = modified === null ? Number.NaN : Date.parse(modified);
    if (time < floor) {
      behind = true;
      continue;
    }
    if (time > top && time < ahead) top = time;
    items.push({ ticketId: String(row.id), modified_at: modified, is_deleted: isDeleted(row) });
  }
  return { behind, top };
}

interface Advanced {
  readonly state: Cursor;
  readonly over: boolean;
}

function walked(state: Cursor, next: Place | null, behind: boolean, settings: Settings): Advanced {
  const { walk, top } = state;
  const turned = state.turned + 1;
  if (settings.newest_changes_first) {
    if (next === null || behind) return over({ ...state, walk: { ...walk, page: 1, total: null } });
    return { state: { ...state, ...next, turned }, over: false };
  }
  if (next === null) {
    const fresh = { page: 1, total: null, since: walk.last, last: walk.began, began: top };
    return state.whole ? over({ ...state, walk: fresh }) : { state: quick({ ...state, walk: fresh }), over: false };
  }
  const on: Cursor = { ...state, ...next, turned, walk: { ...walk, ...next } };
  return turned >= settings.sweep_pages ? { state: quick(on), over: false } : { state: on, over: false };
}

/** The short lists of what is new, for desks that one pass cannot read through. */
function quick(state: Cursor): Cursor {
  return { ...state, ...FIRST_PLACE, stage: 'created' };
}

function listed(state: Cursor, next: Place | null): Advanced {
  if (next !== null) return { state: { ...state, ...next }, over: false };
  return state.stage === 'created' ? { state: { ...state, ...FIRST_PLACE, stage: 'contact' }, over: false } : over(state);
}

function over({ top, walk }: Cursor): Advanced {
  return { state: begin({ newest: top, top, walk }), over: true };
}
