/** The calls to one Helpdesk workspace. Tickets by API key (seed 001), messages by a user's session. */
import { KEY_PATTERN } from '../../core/key.ts';
import type { Comment, CommentDraft, Person, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { DeskFailure, type Change, type Changes, type Page, type Written, type WrittenComment } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { notDone } from '../kit/failure.ts';
import { unwritable, without } from '../kit/hold.ts';
import { parseJson, type Answer, type Http } from '../kit/http.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import { memory } from '../kit/remember.ts';
import { bytes } from '../kit/text.ts';
import { isoTime } from '../kit/time.ts';
import { fromMessage, fromTicket, hold, toMessage, toNewTicket, toPatch } from './map.ts';
import type { Settings } from './settings.ts';
import {
  manyMessages, manyTickets, oneMessage, oneTicket, perhapsTicket, unwrapMessage, unwrapMessages, unwrapTicket,
  type HelpdeskTicket, type Paged,
} from './shapes.ts';

const WRITTEN: ReadonlySet<string> = new Set([
  'subject', 'description', 'status', 'priority', 'ticket_type', 'tags', 'due_at', 'requester', 'assignee', 'public',
]);
const PER_PAGE = 100;
const PAGES_A_CALL = 20;
const FIND_PAGES = 50;
const FIND_REACH_MS = 300_000;
const REMEMBERED_MS = 3_600_000;

/** The headers of the messages calls, which take a user's session in place of the key; null without one. */
export type Session = Readonly<Record<string, string>> | null;

export function openClient(http: Http, settings: Settings, session: Session, workspace: string, world: World) {
  const marks = memory<readonly string[]>({ max: 20_000, ttlMs: REMEMBERED_MS, now: () => world.now() });
  const path = (id: string): string => `/v1/tickets/${encodeURIComponent(id)}`;

  const read = (raw: HelpdeskTicket): Ticket => {
    marks.set(String(raw.id), (raw.tags ?? []).filter((tag) => KEY_PATTERN.test(tag)));
    return fromTicket(raw, settings);
  };
  const listed = async (order: string, after: string | null): Promise<{ readonly rows: readonly HelpdeskTicket[]; readonly after: string | null }> => {
    const from = after === null ? '' : `&after=${encodeURIComponent(after)}`;
    const answer = manyTickets(await http.get(`/v1/tickets?page_size=${PER_PAGE}&${order}${from}`));
    return { rows: answer.tickets, after: cursorOf(answer, after) };
  };

  return {
    async getTicket(id: string): Promise<Ticket> {
      return read(unwrapTicket(oneTicket(await http.get(path(id)))));
    },

    async listTickets(page: string | null): Promise<Page<Ticket>> {
      const turn = openPage(page);
      const { rows, after } = await listed('sort_by=created_at&sort_order=asc', turn.cursor);
      return { items: rows.map(read), next: nextPage(turn, after) };
    },

    /** All messages: none of them is the description, which is a custom field or nothing. */
    async listComments(ticketId: string, page: string | null): Promise<Page<Comment>> {
      const headers = needSession(session);
      const turn = openPage(page);
      const number = turn.cursor === null ? 1 : Number(turn.cursor);
      const query = `ticket_id=${encodeURIComponent(ticketId)}&page=${number}&limit=${PER_PAGE}&sort_order=asc`;
      const rows = unwrapMessages(manyMessages(await messages(ticketId, query, headers)));
      return { items: rows.map((raw) => fromMessage(raw, settings)), next: nextPage(turn, rows.length < PER_PAGE ? null : String(number + 1)) };
    },

    /** There is no "updated after": the newest changes come first, and are read down to where the last pass began. */
    async changes(cursor: string | null, since: number): Promise<Changes> {
      const state = openCursor(cursor, since, settings.changes_overlap_seconds);
      const items: Change[] = [];
      let { top, after } = state;
      for (let pages = 0; pages < PAGES_A_CALL; pages += 1) {
        const page: { readonly rows: readonly HelpdeskTicket[]; readonly after: string | null } = await listed('sort_by=updated_at&sort_order=desc', after);
        let behind = false;
        for (const row of page.rows) {
          const modified = isoTime(row.updatedAt);
          const time = modified === null ? Number.NaN : Date.parse(modified);
          if (time < state.floor) {
            behind = true;
            break;
          }
          if (time > top) top = time;
          items.push({ ticketId: String(row.id), modified_at: modified, is_deleted: false });
        }
        after = page.after;
        if (behind || after === null) return { items, cursor: JSON.stringify({ newest: top }), more: false };
      }
      return { items, cursor: JSON.stringify({ newest: state.newest, floor: state.floor, top, after }), more: true };
    },

    async createTicket(fields: TicketFields, key: string): Promise<Written> {
      const { held, warnings } = hold(fields, settings);
      const json = { ticket: toNewTicket(held, settings, key) };
      const ticket = read(unwrapTicket(oneTicket(await http.send('POST', '/v1/tickets', { json }))));
      return { id: ticket.id, ticket, warnings: [...warnings, ...unwritable(fields, WRITTEN)] };
    },

    async updateTicket(id: string, patch: TicketFields): Promise<Written> {
      const weighed = hold(patch, settings);
      const warnings: Warning[] = [...weighed.warnings, ...unwritable(patch, WRITTEN)];
      if (patch.requester != null) warnings.push({ field: 'requester', reason: 'this connector sets it only when a ticket is created' });
      for (const field of ['priority', 'ticket_type'] as const) {
        if (patch[field] === null) warnings.push({ field, reason: 'every ticket here has one' });
      }
      const held = without(weighed.held, ['requester']);
      const ours = held.tags === undefined ? [] : await marksOn(id);
      const ticket = toPatch(held, settings, ours);
      if (Object.keys(ticket).length === 0) return { id, ticket: null, warnings };
      const shown = perhapsTicket((await http.send('PUT', path(id), { json: { ticket } })).body);
      return { id, ticket: shown === null ? null : read(unwrapTicket(shown)), warnings };
    },

    async deleteTicket(id: string): Promise<void> {
      await http.send('DELETE', path(id));
    },

    async createComment(ticketId: string, draft: CommentDraft, key: string): Promise<WrittenComment> {
      const headers = needSession(session);
      const json = toMessage(ticketId, draft, key);
      const length = bytes(String(json.content));
      if (length > settings.max_comment_bytes) {
        throw new DeskFailure('refused', `a message of ${length} bytes is longer than the ${settings.max_comment_bytes} that are allowed here`);
      }
      const raw = unwrapMessage(oneMessage(await http.send('POST', '/messages', { json, headers })));
      return { comment: fromMessage({ ...json, ...raw }, settings), warnings: [] };
    },

    /** By our tag, newest first. There is no trash to look into. */
    async find(key: string, sentAt: number): Promise<Ticket | null> {
      if (!KEY_PATTERN.test(key)) throw new DeskFailure('refused', 'this is not a key of ours');
      let after: string | null = null;
      // A copy that somebody made of our ticket has our mark too, and is younger: the oldest is it.
      let oldest: HelpdeskTicket | null = null;
      for (let pages = 0; pages < FIND_PAGES; pages += 1) {
        const page: { readonly rows: readonly HelpdeskTicket[]; readonly after: string | null } = await listed('sort_by=created_at&sort_order=desc', after);
        oldest = page.rows.findLast((row) => row.tags?.includes(key) === true) ?? oldest;
        const last = Date.parse(isoTime(page.rows.at(-1)?.createdAt) ?? '');
        if (page.after === null || last < sentAt - FIND_REACH_MS) return oldest === null ? null : read(oldest);
        after = page.after;
      }
      throw new DeskFailure('unavailable', `the ticket is not among the newest ${FIND_PAGES * PER_PAGE}, and the list goes on`);
    },

    /** The API knows no "me": a list proves key and workspace. */
    async check(): Promise<Person> {
      manyTickets(await http.get('/v1/tickets?page_size=1'));
      return { user_id: null, email: null, name: `API key of workspace ${workspace}` };
    },
  };

  /** Messages are another API than tickets: a 404 of theirs is the ticket's only if the ticket says so itself. */
  async function messages(ticketId: string, query: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    try {
      return await http.get(`/messages?${query}`, headers);
    } catch (error) {
      if (!(error instanceof DeskFailure) || error.kind !== 'missing') throw error;
      await http.get(path(ticketId));
      throw new DeskFailure('surprise', `the ticket is there, its messages are not: ${error.message}`, { status: error.status, code: error.code });
    }
  }

  /** The tags are replaced as a whole, so our mark is written back; it has mostly been seen a moment ago. */
  async function marksOn(id: string): Promise<readonly string[]> {
    const known = marks.get(id);
    if (known !== undefined) return known;
    await notDone(async () => read(unwrapTicket(oneTicket(await http.look(path(id))))), { ofTarget: true });
    return marks.get(id) ?? [];
  }
}

function needSession(session: Session): Readonly<Record<string, string>> {
  if (session === null) throw new DeskFailure('refused', 'Helpdesk shows messages to users only: this account has no session_token');
  return session;
}

/**
 * The cursor of the next page. `links.next` is never followed: the vendor's samples leave out part of its path, and it may
 * name any host; only the cursor is taken from it.
 */
export function cursorOf({ meta, links }: Paged, before: string | null): string | null {
  if (meta?.hasMore === false) return null;
  const cursor = meta?.afterCursor ?? cursorInLink(links?.next ?? null);
  if (cursor === null && meta?.hasMore === true) throw new DeskFailure('surprise', 'there are more pages, but no cursor to them');
  if (cursor !== null && cursor === before) throw new DeskFailure('surprise', 'the desk gave the same page cursor twice');
  return cursor;
}

function cursorInLink(next: string | null): string | null {
  const query = next?.split('?')[1];
  if (query === undefined) return null;
  const parameters = new URLSearchParams(query);
  return parameters.get('after') ?? parameters.get('page[after]');
}

/** Times in epoch milliseconds by the desk's clock. */
interface Cursor {
  /** The newest change of the last complete pass. */
  readonly newest: number;
  /** Where this pass ends. */
  readonly floor: number;
  /** The newest change of this pass, and where it stands. */
  readonly top: number;
  readonly after: string | null;
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
  };
}
