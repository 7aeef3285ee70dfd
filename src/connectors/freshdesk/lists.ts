/** Many tickets: listed, changed lately, and looked for by our mark. REST API v2: https://developers.freshdesk.com/api/#list_all_tickets */
import { KEY_PATTERN } from '../../core/key.ts';
import type { TicketQuery } from '../../core/capabilities.ts';
import type { Ticket } from '../../core/model.ts';
import { DeskFailure, type Change, type Changes, type Page } from '../../ports/connector.ts';
import { parseJson, type Http } from '../kit/http.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import { isoTime } from '../kit/time.ts';
import type { Connection } from './connection.ts';
import { createdPage, hiddenSince, LAST_PAGE, placeOf, readCreated, readOn, startAt, type Place } from './feed.ts';
import { searched, type FreshdeskTicket } from './shapes.ts';
import type { Tickets } from './tickets.ts';

const PAGES_A_CALL = 20;
const FIND_REACH_MS = 300_000;
const BEGINNING = Date.UTC(2005, 0, 1);
const INCLUDED = '&include=description,requester';

export interface Lists {
  /**
   * Without the trash and spam, which the list leaves out. By time of creation, which holds still, as far as the list goes; by
   * time of change where that is asked for, and behind the last page that the list has: there some come again.
   */
  tickets(page: string | null, query?: TicketQuery): Promise<Page<Ticket>>;
  changes(cursor: string | null, since: number): Promise<Changes>;
  /** By our tag: in the list, then among the hidden ones. The search index lags by minutes, so it only stands in where the list is too long. */
  find(key: string, sentAt: number): Promise<Ticket | null>;
}

export function openLists(connection: Connection, tickets: Tickets): Lists {
  const { http, people, settings } = connection;
  /** What the list itself cannot be narrowed by; its own filters know neither status nor agent. */
  async function filterOf({ status, priority, assignee, modified_after: after }: TicketQuery): Promise<(ticket: Ticket) => boolean> {
    const agent = assignee === undefined ? null : assignee.email === null ? assignee : await people.agentByEmail(assignee.email);
    return (ticket) =>
      (status === undefined || ticket.status === status) &&
      (priority === undefined || ticket.priority === priority) &&
      (assignee === undefined || (agent?.user_id != null && ticket.assignee?.user_id === agent.user_id)) &&
      (after === undefined || ticket.modified_at === null || Date.parse(ticket.modified_at) > Date.parse(after));
  }

  return {
    async tickets(page, query = {}) {
      const turn = openPage(page);
      const token = turn.cursor === null ? undefined : parseJson(turn.cursor);
      const after = query.modified_after === undefined ? BEGINNING : Date.parse(query.modified_after);
      const byChange = query.modified_after !== undefined || query.order_by === 'modified_at';
      const created = turn.cursor === null ? (byChange ? null : 1) : createdPage(token);
      const place = turn.cursor === null ? startAt(after) : placeOf(token);
      if ((place === null && created === null) || Number.isNaN(after)) throw new DeskFailure('refused', 'this is not a page token of ours');
      const fits = await filterOf(query);
      const read = async (rows: readonly FreshdeskTicket[], next: object | null): Promise<Page<Ticket>> => {
        const items = (await Promise.all(rows.map((row) => tickets.read(row)))).filter(fits);
        return { items, next: nextPage(turn, next === null ? null : JSON.stringify(next)) };
      };
      if (created !== null) {
        const { rows, more } = await readCreated(http, created, INCLUDED);
        return read(rows, !more ? null : created < LAST_PAGE ? { created: created + 1 } : startAt(BEGINNING));
      }
      const { rows, next } = await readOn(http, place ?? startAt(after), INCLUDED);
      return read(rows, next);
    },

    async changes(cursor, since) {
      const state = openCursor(cursor, since, settings.changes_overlap_seconds);
      const items: Change[] = [];
      let newest = state.newest;
      const take = (row: FreshdeskTicket, hidden: boolean): void => {
        const modified = isoTime(row.updated_at);
        if (modified !== null && modified > newest) newest = modified;
        items.push({ ticketId: String(row.id), modified_at: modified, is_deleted: hidden });
      };
      let place: Place | null = state.place;
      for (let pages = 0; place !== null && pages < PAGES_A_CALL; pages += 1) {
        const { rows, next }: { rows: readonly FreshdeskTicket[]; next: Place | null } = await readOn(http, place, '');
        for (const row of rows) take(row, row.deleted === true || row.spam === true);
        place = next;
      }
      if (place !== null) return { items, cursor: JSON.stringify({ newest, floor: state.floor, place }), more: true };
      for (const row of await hidden(http, state.floor)) take(row, true);
      return { items, cursor: JSON.stringify({ newest }), more: false };
    },

    async find(key, sentAt) {
      if (!KEY_PATTERN.test(key)) throw new DeskFailure('refused', 'this is not a key of ours');
      const ours = (row: FreshdeskTicket): boolean => row.tags?.includes(key) === true;
      const start = startAt(sentAt - FIND_REACH_MS);
      let place: Place | null = start;
      for (let pages = 0; place !== null && pages < PAGES_A_CALL; pages += 1) {
        const { rows, next }: { rows: readonly FreshdeskTicket[]; next: Place | null } = await readOn(http, place, '');
        const found = oldest(rows.filter(ours));
        if (found !== undefined) return tickets.get(String(found.id));
        place = next;
      }
      const gone = oldest((await hidden(http, start.since)).filter(ours));
      if (gone !== undefined) return tickets.get(String(gone.id));
      if (place === null) return null;
      const { results } = searched(await http.get(`/search/tickets?query=${encodeURIComponent(`"tag:'${key}'"`)}`));
      const found = oldest(results.filter(ours));
      return found === undefined ? null : tickets.get(String(found.id));
    },
  };
}

/** The trash and what is marked as spam: both are hidden from every other list. */
async function hidden(http: Http, since: string): Promise<readonly FreshdeskTicket[]> {
  const deleted = await hiddenSince(http, 'deleted', since);
  const known = new Set(deleted.map(({ id }) => String(id)));
  return [...deleted, ...(await hiddenSince(http, 'spam', since)).filter(({ id }) => !known.has(String(id)))];
}

/** A copy that somebody made of our ticket has our mark too, and a higher number. */
function oldest(rows: readonly FreshdeskTicket[]): FreshdeskTicket | undefined {
  return rows.toSorted((a, b) => String(a.id).length - String(b.id).length || (String(a.id) < String(b.id) ? -1 : 1))[0];
}

interface Cursor {
  /** The newest time of change seen, by the desk's clock. */
  readonly newest: string;
  /** Where this pass began. */
  readonly floor: string;
  readonly place: Place;
}

/** Every pass begins behind the newest change of the last, so that what a lagging list showed late is not missed. */
function openCursor(cursor: string | null, since: number, overlapSeconds: number): Cursor {
  const state = cursor === null ? undefined : parseJson(cursor);
  const property = (name: string): unknown => (typeof state === 'object' && state !== null ? Reflect.get(state, name) : undefined);
  const newest = isoTime(property('newest'));
  const begin = startAt((newest === null ? since : Date.parse(newest)) - overlapSeconds * 1000);
  const place = placeOf(property('place'));
  const floor = isoTime(property('floor'));
  return { newest: newest ?? startAt(since).since, floor: place === null ? begin.since : (floor ?? begin.since), place: place ?? begin };
}
