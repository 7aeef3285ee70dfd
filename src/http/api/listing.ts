/**
 * Pages of a list, cut from a desk's own pages. A page's token says which of the desk's pages it goes on in, and which of that
 * page's objects were given already; it is sealed, so that nobody reads anything into it and none that was changed is followed.
 */
import { hash } from 'node:crypto';
import type { Fault } from '../../errors.ts';
import type { GivenStore } from '../../ports/api.ts';
import { DeskFailure, type Page } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { invalid } from './input.ts';
import type { Parameter } from './route.ts';

export interface Sealer {
  seal(plain: string, context: string): string;
  /** Throws if it was not sealed by us, in this context. */
  open(sealed: string, context: string): string;
}

export interface Listed<T> {
  readonly items: readonly T[];
  /** What to give as `page` for the next one; null at the end. */
  readonly next: string | null;
}

/** Where a list goes on: the desk's page (null: the first), and short digests of those of its objects that were given. */
interface Place {
  readonly at: string | null;
  readonly given: readonly string[];
  /** Of a list whose pages do not hold still; null for the others. */
  readonly unsteady: Unsteady | null;
}

interface Unsteady {
  readonly listing: string;
  /** Epoch milliseconds. */
  readonly began: number;
  /** +1 with each page of ours. */
  readonly turn: number;
  /** How often the desk's list is gone through by now, and whether this time brought something that was there from the beginning. */
  readonly walk: number;
  readonly news: boolean;
}

/** For lists whose pages `repeat` or `move`: what was given is remembered, and what may have been passed over is looked for again. */
export interface Remembering {
  readonly store: GivenStore;
  readonly pages: 'repeat' | 'move';
  readonly world: Pick<World, 'id' | 'now'>;
}

export const PAGE_PARAMETERS: Readonly<Record<string, Parameter>> = {
  page_size: {
    about: 'How many objects a page should have. Advisory: a page may have fewer, and the list go on all the same.',
    schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
  },
  page: {
    about: 'The value of `next_page` of the page before. A number counts pages from 1; that is slow for high ones, since everything before is read.',
    schema: { type: 'string', maxLength: 20_000 },
  },
};

/** How many of the desk's pages one answer reads at most, once it has something to give; a page by number, so many more to get there. */
const MOST_DESK_PAGES = 20;
const MOST_SKIPPED_PAGES = 200;
/** An empty page ends the list for old clients, so many are read before one is given. */
const MOST_EMPTY_PAGES = 200;

/** A list that moves without end is gone through so often at most. */
const MOST_WALKS = 6;

export interface ListOptions<T> {
  readonly sealer: Sealer;
  /** Everything that the list is of: account, kind, filters. */
  readonly context: string;
  readonly page: string | undefined;
  readonly size: number;
  /** What is left out. */
  readonly hidden?: (item: T) => boolean;
  readonly remembering?: Remembering | null;
  read(deskPage: string | null): Promise<Page<T>>;
}

export async function listFrom<T extends { readonly id: string; readonly created_at?: string | null }>(options: ListOptions<T>): Promise<Listed<T>> {
  const { sealer, context, page, size, read, hidden = () => false, remembering = null } = options;
  const number = numbered(page);
  const first: Place = { at: null, given: [], unsteady: remembering === null ? null : newListing(remembering) };
  let place = number === null ? placeOf(sealer, context, page) : first;
  let skip = number === null ? 0 : (number - 1) * size;
  const items: T[] = [];
  const ids = new Set<string>();

  const end = async (at: Place | null): Promise<Listed<T>> => {
    const { unsteady } = at ?? place;
    if (at === null) return { items, next: null };
    if (unsteady !== null) await remembering?.store.note(unsteady.listing, unsteady.turn, items.map(({ id }) => short(id)));
    return { items, next: sealed(sealer, context, { ...at, unsteady: unsteady === null ? null : { ...unsteady, turn: unsteady.turn + 1 } }) };
  };
  const unseen = async (found: readonly T[]): Promise<readonly T[]> => {
    const { unsteady } = place;
    if (unsteady === null || unsteady.turn === 0 || remembering === null) return found;
    const before = await remembering.store.before(unsteady.listing, unsteady.turn, found.map(({ id }) => short(id)));
    return found.filter(({ id }) => !before.has(short(id)));
  };

  for (let turns = 0, skipped = 0; ; ) {
    const found = await read(place.at).catch((error: unknown) => (turns > 0 && isPassing(error) ? null : Promise.reject(error)));
    // What was found so far is not lost to a desk that takes no more calls for now: the next page tells of it, if it lasts.
    if (found === null) return end(place);
    const { items: all, next } = found;
    const here = new Set(place.given);
    const fresh = await unseen(all.filter((item) => !here.has(short(item.id)) && !hidden(item) && !ids.has(item.id)));
    const passed = Math.min(skip, fresh.length);
    skip -= passed;
    const taken = fresh.slice(passed, passed + size - items.length);
    for (const item of taken) {
      items.push(item);
      ids.add(item.id);
    }
    place = { ...place, unsteady: withNews(place.unsteady, taken) };
    if (fresh.length - passed - taken.length > 0) {
      return end({ ...place, given: [...place.given, ...fresh.slice(0, passed + taken.length).map(({ id }) => short(id))] });
    }
    if (next !== null && next === place.at) throw new DeskFailure('surprise', 'the desk gave the same page twice');
    const after = next === null ? nextWalk(place, remembering) : { ...place, at: next, given: [] };
    if (after === null) return end(null);
    place = after;
    if (items.length >= size) return end(place);
    if (skip > 0 && (skipped += 1) >= MOST_SKIPPED_PAGES) throw invalid([{ path: 'query/page', message: 'This page is too far in to be found by its number: go on by next_page.' }]);
    if (skip === 0 && (turns += 1) >= (items.length > 0 ? MOST_DESK_PAGES : MOST_EMPTY_PAGES)) return end(place);
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof DeskFailure && (error.kind === 'throttled' || error.kind === 'unavailable');
}

function newListing({ world }: Remembering): Unsteady {
  return { listing: world.id(), began: world.now(), turn: 0, walk: 1, news: false };
}

/** Whether what is taken was there when the list began: then an earlier walk had passed it over. */
function withNews(unsteady: Unsteady | null, taken: readonly { readonly created_at?: string | null }[]): Unsteady | null {
  if (unsteady === null || unsteady.walk === 1 || unsteady.news) return unsteady;
  return { ...unsteady, news: taken.some(({ created_at: created }) => !(Date.parse(created ?? '') > unsteady.began)) };
}

/** Where pages move, the end is only the end once a whole walk has brought nothing new; a list of one page is seen at once. */
function nextWalk({ at, unsteady }: Place, remembering: Remembering | null): Place | null {
  if (unsteady === null || remembering?.pages !== 'move') return null;
  const { walk, news } = unsteady;
  if ((walk === 1 && at === null) || (walk > 1 && !news) || walk >= MOST_WALKS) return null;
  return { at: null, given: [], unsteady: { ...unsteady, walk: walk + 1, news: false } };
}

/** 48 bits of an id: enough to tell the objects of one of the desk's pages apart. */
function short(id: string): string {
  return hash('sha256', id, 'base64url').slice(0, 8);
}

function sealed(sealer: Sealer, context: string, { at, given, unsteady }: Place): string {
  return sealer.seal(JSON.stringify([at, given.join(''), unsteady]), context);
}

function numbered(page: string | undefined): number | null {
  if (page === undefined) return 1;
  return /^[1-9]\d{0,6}$/.test(page) ? Number(page) : null;
}

function placeOf(sealer: Sealer, context: string, page: string | undefined): Place {
  try {
    const [at, given, unsteady] = JSON.parse(sealer.open(page ?? '', context)) as [string | null, string, Unsteady | null];
    return { at, given: given.match(/.{8}/g) ?? [], unsteady };
  } catch {
    throw invalid([WRONG_PAGE]);
  }
}

export const WRONG_PAGE: Fault = {
  path: 'query/page',
  message: 'This is no page of this list: give next_page of the page before as it was, to the same list with the same filters.',
};

/** A page as it is answered. */
export function pageBody(api: 'helpdesk' | 'core', page: string | undefined, objects: readonly object[], next: string | null): object {
  // The example of the vendor's page has a number here, its text a string: what came as a number goes back as one.
  const asked = numbered(page) ?? page;
  return { count: objects.length, page: asked, next_page: next, objects, type: 'object_list', api };
}
