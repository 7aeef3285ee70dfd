/** The calls to one Helpdesk workspace: tickets and their fields by API key. https://airclou.com/api/helpdesk/tickets (seed 001) */
import { KEY_PATTERN } from '../../core/key.ts';
import type { FileDraft, Person, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { DeskFailure, type Changes, type Page, type TicketQuery, type Written } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { notDone } from '../kit/failure.ts';
import { without } from '../kit/hold.ts';
import type { Http } from '../kit/http.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import { openRaws } from '../kit/raws.ts';
import { memory } from '../kit/remember.ts';
import { isoTime } from '../kit/time.ts';
import { changesSince, listQuery, type Rows } from './feed.ts';
import { readDefinitions, type Definitions } from './fields.ts';
import { fromTicket, hold, toNewTicket, toPatch } from './map.ts';
import { described } from './message-map.ts';
import { openMessages, unwrittenFiles, type Messages } from './messages.ts';
import { pageQuery, placeAfter } from './paging.ts';
import type { Settings } from './settings.ts';
import { manyTickets, oneTicket, perhapsTicket, unwrapTicket, type HelpdeskMessage, type HelpdeskTicket } from './shapes.ts';
import type { Words } from './words.ts';

const FIND_PAGES = 50;
const FIND_REACH_MS = 300_000;
const REMEMBERED_MS = 3_600_000;

export interface Connection {
  /** Speaks with the API key. */
  readonly http: Http;
  /** Speaks as a signed-in user; null where the account has no session. */
  readonly session: Http | null;
  readonly settings: Settings;
  readonly workspace: string;
  readonly home: string;
  readonly world: World;
}

export function openClient({ http, session, settings, workspace, home, world }: Connection) {
  const marks = memory<readonly string[]>({ max: 20_000, ttlMs: REMEMBERED_MS, now: () => world.now() });
  const inMessage = settings.description_message && settings.description_field === undefined && session !== null;
  let fields: Definitions | null = null;

  const words = (): Words => ({ ...settings, description_message: inMessage, fields, home });
  const path = (id: string): string => `/v1/tickets/${encodeURIComponent(id)}`;
  const bare = async (id: string): Promise<Ticket> => read(unwrapTicket(oneTicket(await http.get(path(id)))));
  const raws = openRaws();
  const messages: Messages = openMessages({ http: session, words, raws, mostBytes: settings.max_comment_bytes, proveTicket: bare });

  const read = (raw: HelpdeskTicket): Ticket => {
    marks.set(String(raw.id), (raw.tags ?? []).filter((tag) => KEY_PATTERN.test(tag)));
    return raws.keep(fromTicket(raw, words()), raw);
  };
  const whole = (ticket: Ticket, oldest: HelpdeskMessage | undefined): Ticket => raws.keep(described(ticket, oldest, words()), raws.of(ticket));
  const listed = async (order: string, place: string | null): Promise<Rows> => {
    const answer = manyTickets(await http.get(`/v1/tickets?${order}&${pageQuery(place)}`));
    return { rows: answer.tickets, after: placeAfter(answer, place) };
  };

  return {
    words,
    messages,
    raw: (of: object): unknown => raws.of(of),

    /** A list that is not as documented leaves the fields' types unknown, or as they were; it is no reason to leave the account alone. */
    async learn(): Promise<void> {
      try {
        fields = await readDefinitions(http);
      } catch (error) {
        if (!(error instanceof DeskFailure) || error.kind !== 'surprise') throw error;
        world.log.warn('helpdesk.fields_not_learnt', { message: error.message });
      }
    },

    async getTicket(id: string): Promise<Ticket> {
      const ticket = await bare(id);
      return inMessage ? whole(ticket, await messages.oldest(id)) : ticket;
    },

    /** Without descriptions where these are messages: one call more for each ticket would be needed. */
    async listTickets(page: string | null, query: TicketQuery = {}): Promise<Page<Ticket>> {
      const turn = openPage(page);
      const asked = listQuery(query, words());
      if (asked === null) return { items: [], next: null };
      const { rows, after } = await listed(asked, turn.cursor);
      const tickets = rows.map(read);
      return { items: query.status === 'open' ? tickets.filter(({ status }) => status === 'open') : tickets, next: nextPage(turn, after) };
    },

    changes: (cursor: string | null, since: number): Promise<Changes> =>
      changesSince((place) => listed('sort_by=updated_at&sort_order=desc', place), cursor, since, settings.changes_overlap_seconds),

    async createTicket(asked: TicketFields, key: string, files: readonly FileDraft[]): Promise<Written> {
      const { held, warnings } = hold(asked, words());
      const json = { ticket: toNewTicket(held, words(), key) };
      const ticket = read(unwrapTicket(oneTicket(await http.send('POST', '/v1/tickets', { json }))));
      const told = [...warnings, ...unwrittenFiles(files)];
      if (!inMessage || held.description == null) return { id: ticket.id, ticket, warnings: told };
      return describe(ticket, held.description, held.email_ccs ?? [], told);
    },

    async updateTicket(id: string, patch: TicketFields): Promise<Written> {
      const weighed = hold(patch, words());
      const fixed = inMessage ? (['requester', 'description', 'email_ccs'] as const) : (['requester'] as const);
      const held = without(weighed.held, fixed);
      const late: Warning[] = fixed.filter((field) => weighed.held[field] != null).map((field) => ({ field, reason: 'it is set only when a ticket is created' }));
      const warnings = [...weighed.warnings, ...late];
      const ours = held.tags === undefined ? [] : await marksOn(id);
      const ticket = toPatch(held, words(), ours);
      if (Object.keys(ticket).length === 0) return { id, ticket: null, warnings };
      const answer = await http.send('PUT', path(id), { json: { ticket } });
      // The vendor does not say what an update is answered with: nothing, or an object that shows the ticket or does not.
      if (answer.text.trim() !== '' && (typeof answer.body !== 'object' || answer.body === null)) {
        throw new DeskFailure('surprise', 'the answer to an update is no object', { status: answer.status });
      }
      const shown = perhapsTicket(answer.body);
      return { id, ticket: shown === null ? null : read(unwrapTicket(shown)), warnings };
    },

    async deleteTicket(id: string): Promise<void> {
      await http.send('DELETE', path(id));
    },

    /** By our tag, newest first. There is no trash to look into. */
    async find(key: string, sentAt: number): Promise<Ticket | null> {
      if (!KEY_PATTERN.test(key)) throw new DeskFailure('refused', 'this is not a key of ours');
      let place: string | null = null;
      // A copy that somebody made of our ticket has our mark too, and is younger: the oldest is it.
      let oldest: HelpdeskTicket | null = null;
      for (let pages = 0; pages < FIND_PAGES; pages += 1) {
        const page: Rows = await listed('sort_by=created_at&sort_order=desc', place);
        oldest = page.rows.findLast((row) => row.tags?.includes(key) === true) ?? oldest;
        const last = Date.parse(isoTime(page.rows.at(-1)?.createdAt) ?? '');
        if (page.after === null || last < sentAt - FIND_REACH_MS) return oldest === null ? null : read(oldest);
        place = page.after;
      }
      throw new DeskFailure('unavailable', `the ticket is not among the newest ${FIND_PAGES * 100}, and the list goes on`);
    },

    /** The API knows no "me": a list proves key and workspace, and a ticket's messages the session, which ends sooner than a key. */
    async check(): Promise<Person> {
      const { tickets } = manyTickets(await http.get('/v1/tickets?page_size=1'));
      if (session !== null) await messages.prove(String(tickets[0]?.id ?? 'tkt_none'));
      return { user_id: null, email: null, name: `API key of workspace ${workspace}` };
    },
  };

  /** The ticket is there already: what becomes of its first message is told, but changes nothing of that. */
  async function describe(ticket: Ticket, description: string, ccs: readonly Person[], warnings: readonly Warning[]): Promise<Written> {
    try {
      const first = await messages.describe(ticket.id, description, ccs);
      return { id: ticket.id, ticket: whole(ticket, first), warnings };
    } catch (error) {
      if (!(error instanceof DeskFailure)) throw error;
      const lost = ccs.length > 0 ? ['description', 'email_ccs'] : ['description'];
      const reason = `the ticket was made, and then its first message was not: ${error.message}`.slice(0, 400);
      return { id: ticket.id, ticket, warnings: [...warnings, ...lost.map((field) => ({ field, reason }))] };
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
