/** The two lists of tickets: what there is, and what changed since. */
import { DeskFailure, type Change, type Changes, type TicketQuery } from '../../ports/connector.ts';
import { parseJson } from '../kit/http.ts';
import { isoTime } from '../kit/time.ts';
import type { HelpdeskTicket } from './shapes.ts';
import { agentOf, type Words } from './words.ts';

const PAGES_A_CALL = 20;
/** More than any list holds: a pass that is longer goes round. */
const PAGES_A_PASS = 10_000;

/** Times in epoch milliseconds by the desk's clock. */
interface Cursor {
  /** The newest change of the last complete pass. */
  readonly newest: number;
  /** Where this pass ends. */
  readonly floor: number;
  /** The newest change of this pass, and where it stands. */
  readonly top: number;
  readonly after: string | null;
  /** How many pages of this pass are read. */
  readonly pages: number;
}

/**
 * What a list of tickets is narrowed to and sorted by. `open` is not asked for: it is `open` and `new` here, and the vendor's filter takes one
 * status. Null where nobody can be meant.
 */
export function listQuery({ status, priority, assignee, order_by: order = 'created_at' }: TicketQuery, words: Words): string | null {
  const agent = assignee === undefined ? undefined : agentOf(assignee, words);
  if (assignee !== undefined && agent === undefined) return null;
  return [
    `sort_by=created_at&sort_order=${order === '-created_at' ? 'desc' : 'asc'}`,
    ...(status === undefined || status === 'open' ? [] : [`status=${status}`]),
    ...(priority === undefined ? [] : [`priority=${priority}`]),
    ...(agent?.user_id == null ? [] : [`assignee_id=${encodeURIComponent(agent.user_id)}`]),
  ].join('&');
}

export interface Rows {
  readonly rows: readonly HelpdeskTicket[];
  readonly after: string | null;
}

/** By the list by time of change, newest first (`page` gives it), down to where the last pass began: there is no "updated after". */
export async function changesSince(
  page: (after: string | null) => Promise<Rows>,
  cursor: string | null,
  since: number,
  overlapSeconds: number,
): Promise<Changes> {
  const state = openCursor(cursor, since, overlapSeconds);
  const items: Change[] = [];
  let { top, after } = state;
  for (let pages = 1; pages <= PAGES_A_CALL; pages += 1) {
    const read: Rows = await page(after);
    if (state.pages + pages > PAGES_A_PASS) throw new DeskFailure('surprise', `the list of changes does not end after ${PAGES_A_PASS} pages`);
    let behind = false;
    for (const row of read.rows) {
      const modified = isoTime(row.updatedAt);
      const time = modified === null ? Number.NaN : Date.parse(modified);
      if (time < state.floor) {
        behind = true;
        break;
      }
      if (time > top) top = time;
      items.push({ ticketId: String(row.id), modified_at: modified, is_deleted: false });
    }
    after = read.after;
    if (behind || after === null) return { items, cursor: JSON.stringify({ newest: top }), more: false };
  }
  return { items, cursor: JSON.stringify({ newest: state.newest, floor: state.floor, top, after, pages: state.pages + PAGES_A_CALL }), more: true };
}

function openCursor(cursor: string | null, since: number, overlapSeconds: number): Cursor {
  const state = cursor === null ? undefined : parseJson(cursor);
  const property = (name: string): unknown => (typeof state === 'object' && state !== null ? Reflect.get(state, name) : undefined);
  const number = (name: string, otherwise: number): number => {
    const value = property(name);
    return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
  };
  const after = property('after');
  const newest = number('newest', since);
  return {
    newest,
    floor: number('floor', newest - overlapSeconds * 1000),
    top: number('top', newest),
    after: typeof after === 'string' ? after : null,
    pages: number('pages', 0),
  };
}
