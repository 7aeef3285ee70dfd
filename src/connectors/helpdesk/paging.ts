/**
 * Cursor pages. The vendor's pages disagree: `page_size` and `after` (the ticket page, seed 001), or `page[size]` and
 * `page[after]`, also spelled `pageAfter` (the pagination page). The next page is asked for in the spelling of the desk's own link, or
 * where there is none in both. The link itself is never followed: the samples leave out part of its path, and it may name any host.
 * https://airclou.com/api/helpdesk/pagination
 */
import { DeskFailure } from '../../ports/connector.ts';

/** The form of both spellings: of each the other's parameters mean nothing to it. */
export interface Paged {
  readonly meta?: { readonly hasMore?: boolean | null; readonly afterCursor?: string | null } | null;
  readonly links?: { readonly next?: string | null } | null;
}

/** At most 100 in the one spelling, and the default of the other. */
export const PER_PAGE = 100;

const SPELLINGS: readonly string[] = ['after', 'page[after]', 'pageAfter'];

/** What a page is asked for with. `place` is what `placeAfter` gave for the page before; null for the first. */
export function pageQuery(place: string | null): string {
  if (place === null) return `page_size=${PER_PAGE}`;
  const at = place.indexOf('=');
  const spelling = place.slice(0, at);
  const cursor = encodeURIComponent(place.slice(at + 1));
  const names = spelling === '' ? ['after', 'page[after]'] : [spelling];
  return [`page_size=${PER_PAGE}`, ...names.map((name) => `${encodeURIComponent(name)}=${cursor}`)].join('&');
}

/** Where the page after this one begins; null at the end. Rejects a desk that goes on without saying where, or goes round. */
export function placeAfter({ meta, links }: Paged, place: string | null): string | null {
  if (meta?.hasMore === false) return null;
  const linked = cursorIn(links?.next ?? null);
  const cursor = meta?.afterCursor ?? linked?.cursor ?? null;
  if (cursor === null) {
    if (meta?.hasMore === true) throw new DeskFailure('surprise', 'there are more pages, but no cursor to them');
    return null;
  }
  const next = `${linked?.spelling ?? ''}=${cursor}`;
  if (place !== null && place.slice(place.indexOf('=') + 1) === cursor) throw new DeskFailure('surprise', 'the desk gave the same page cursor twice');
  return next;
}

function cursorIn(link: string | null): { readonly spelling: string; readonly cursor: string } | null {
  const query = link?.split('?')[1]?.split('#')[0];
  if (query === undefined) return null;
  const parameters = new URLSearchParams(query);
  for (const spelling of SPELLINGS) {
    const cursor = parameters.get(spelling);
    if (cursor !== null && cursor !== '') return { spelling, cursor };
  }
  return null;
}
