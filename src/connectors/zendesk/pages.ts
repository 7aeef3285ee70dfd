/** Zendesk's cursor pages. https://developer.zendesk.com/api-reference/introduction/pagination/ */
import { DeskFailure } from '../../ports/connector.ts';
import type { Paged } from './shapes.ts';

export const PAGE_SIZE = 'page%5Bsize%5D';

export interface Paging<Row> {
  readonly items: readonly Row[];
  readonly paged: Paged;
}

export function cursorQuery(cursor: string | null, size = 100): string {
  return `${PAGE_SIZE}=${size}${cursor === null ? '' : `&page%5Bafter%5D=${encodeURIComponent(cursor)}`}`;
}

/** `links.next` is there even on the last page, and may name another host: only `has_more` and the cursor count. */
export function cursorOf(answer: Paged): string | null {
  if (answer.meta?.has_more !== true) return null;
  if (answer.meta.after_cursor == null) throw new DeskFailure('surprise', 'there are more pages, but no cursor to them');
  return answer.meta.after_cursor;
}
