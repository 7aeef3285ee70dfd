/**
 * Pages of tickets, fifteen each, by number: `rules/{view}.xml` for agents, `requests.xml` (open ones, then solved ones) for end
 * users. Tickets move while pages are turned. Every shift that could hide one shows in the count, which then has fallen: the
 * pages before are read again as far as it fell.
 */
import { hash } from 'node:crypto';
import { DeskFailure } from '../../ports/connector.ts';
import type { Answer, Http } from '../kit/http.ts';
import { maybe, object } from '../kit/shape.ts';
import { isoTime } from '../kit/time.ts';
import { modifiedAt } from './map.ts';
import { packed, unpacked } from './met.ts';
import { manyTickets, numberOf, type ClassicTicket } from './shapes.ts';
import { many } from './wire.ts';

export const PAGE_SIZE = 15;
/** How often one walk may go back; a count that goes up and down would else keep it for ever. */
const MOST_BACK = 8;

/** Where a walk through all pages stands. Plain data, for page tokens and cursors. */
export interface Place {
  readonly list: number;
  readonly page: number;
  /** Of the page before: its list's count, and which tickets it held. */
  readonly count: number | null;
  readonly before: string;
  readonly back: number;
}

export const START: Place = { list: 0, page: 1, count: null, before: '', back: 0 };

export interface Turned {
  readonly rows: readonly ClassicTicket[];
  /** As the list tells it. */
  readonly count: number | null;
  /** Null at the end of the last list. */
  readonly next: Place | null;
  /** The desk's clock, in epoch milliseconds, if it tells it. */
  readonly now: number | null;
}

export interface View {
  /** Whether the lists are ordered by update, newest first. */
  readonly ordered: boolean;
  turn(place: Place): Promise<Turned>;
}

/** `paths` gives each list's address up to its page number. */
export function openView(http: Http, paths: readonly string[], ordered: boolean): View {
  return {
    ordered,
    async turn(place) {
      const path = paths[place.list];
      if (path === undefined) throw notOurs();
      const answer = await http.get(`${path}page=${place.page}`);
      const { rows, count: told } = manyTickets(many(answer, 'tickets'));
      const count = told !== null && /^\d{1,9}$/.test(told) ? Number(told) : null;
      const ids = hash('sha256', rows.map(numberOf).join(' '), 'base64url').slice(0, 16);
      if (rows.length > 0 && ids === place.before && (count === null || count === place.count)) {
        throw new DeskFailure('surprise', 'the desk gave the same page of tickets twice', { status: answer.status });
      }
      return { rows, count, now: clockOf(answer), next: after(place, rows.length, count, ids, paths.length) };
    },
  };
}

function after(place: Place, length: number, count: number | null, before: string, lists: number): Place | null {
  const fallen = count !== null && place.count !== null ? place.count - count : 0;
  if (fallen > 0 && place.page > 1 && place.back < MOST_BACK) {
    return { ...place, page: Math.max(1, place.page - Math.ceil(fallen / PAGE_SIZE)), count, before: '', back: place.back + 1 };
  }
  // A page that is not full is the last, unless the count knows of more.
  const more = length >= PAGE_SIZE || (length > 0 && count !== null && (place.page - 1) * PAGE_SIZE + length < count);
  if (more) return { ...place, page: place.page + 1, count, before };
  return place.list + 1 < lists ? { ...START, list: place.list + 1 } : null;
}

/** `Date` is the desk's, and so are the times of its tickets. */
function clockOf({ headers }: Answer): number | null {
  const time = Date.parse(headers.date ?? '');
  return Number.isNaN(time) ? null : time;
}

/** Whether rows go from the newest change to the oldest. What tells no time breaks no order. */
export function inOrder(rows: readonly ClassicTicket[]): boolean {
  const times = rows.flatMap((row) => isoTime(modifiedAt(row)) ?? []).map((time) => Date.parse(time));
  return times.every((time, at) => at === 0 || time <= (times[at - 1] ?? time));
}

/** Whether a page reached behind `floor` (epoch milliseconds), so that an ordered list has nothing newer further on. */
export function reaches(rows: readonly ClassicTicket[], floor: number): boolean {
  return rows.some((row) => {
    const time = modifiedAt(row);
    return time !== null && Date.parse(time) < floor;
  });
}

/** At or after `floor`, or without a time to tell. */
export function since(row: ClassicTicket, floor: number): boolean {
  const time = modifiedAt(row);
  return time === null || Date.parse(time) >= floor;
}

const whole = { type: 'integer', minimum: 0 };
export const PLACE_SHAPE = object(
  { list: whole, page: { type: 'integer', minimum: 1 }, count: { type: ['integer', 'null'] }, before: { type: 'string' }, back: whole },
  ['list', 'page', 'count', 'before', 'back'],
);

interface Listing {
  readonly place: Place;
  /** The desk's time when the first walk began. */
  readonly began: number | null;
  /** The walks that are over. */
  readonly walks: number;
  /** What this walk came by, packed; where that became too much to carry along, what it came by since. */
  readonly met: string;
  /** Nothing has disturbed this walk so far. */
  readonly calm: boolean;
}

const asListing = maybe<Listing>(
  object({ place: PLACE_SHAPE, began: { type: ['number', 'null'] }, walks: whole, met: { type: 'string' }, calm: { type: 'boolean' } }, [
    'place', 'began', 'walks', 'met', 'calm',
  ]),
);

/** What a page token of ours holds. */
export function listingOf(cursor: unknown): Listing {
  const found = asListing(cursor);
  if (found === null) throw notOurs();
  return found;
}

function notOurs(): DeskFailure {
  return new DeskFailure('refused', 'this is not a page token of ours');
}

/** A list that is never quiet is given as it was found by so many walks. */
const MOST_WALKS = 5;

/**
 * The next page of a whole listing. A ticket that is changed meanwhile may move from pages to come to pages gone by: then
 * something comes twice, or the count changes, and all is walked through once more (where the view is ordered by update, as far as
 * something changed). So none is passed over, and some are given again.
 */
export async function listOn(view: View, at: Listing | null, overlapMs: number): Promise<{ readonly rows: readonly ClassicTicket[]; readonly next: Listing | null }> {
  const { place, walks } = at ?? { place: START, walks: 0 };
  const met = unpacked(at?.met ?? '');
  if (met === null) throw notOurs();
  const { rows, count, next, now } = await view.turn(place);
  const began = at === null ? now : at.began;
  const numbers = rows.map(numberOf);
  const calm = (at?.calm ?? true) && !numbers.some((number) => met.has(number)) && (place.page === 1 || count === place.count);
  const early = walks > 0 && view.ordered && inOrder(rows) && reaches(rows, (began ?? 0) - overlapMs);
  if (next !== null && !early) {
    for (const number of numbers) met.add(number);
    // A shift by one is seen from the page before; only a ticket that leaps from far behind to far ahead is not, once all was too much.
    return { rows, next: { place: next, began, walks, met: packed(met) ?? packed(new Set(numbers)) ?? '', calm } };
  }
  const again = !calm && walks + 1 < MOST_WALKS;
  return { rows, next: again ? { place: START, began, walks: walks + 1, met: '', calm: true } : null };
}
