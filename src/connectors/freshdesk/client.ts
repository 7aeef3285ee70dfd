/** The calls to one Freshdesk. REST API v2: https://developers.freshdesk.com/api/ */
import { KEY_PATTERN } from '../../core/key.ts';
import type { Comment, CommentDraft, Person, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { DeskFailure, type Change, type Changes, type Page, type Written, type WrittenComment } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { notDone } from '../kit/failure.ts';
import { unwritable, without } from '../kit/hold.ts';
import { parseJson, type Http } from '../kit/http.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import { memory } from '../kit/remember.ts';
import { bytes } from '../kit/text.ts';
import { isoTime } from '../kit/time.ts';
import { deletedSince, hasNext, placeOf, readOn, startAt, type Place } from './feed.ts';
import { fromAgent, fromConversation, fromTicket, hold, marksOf, toBody, toNewTicket, toPatch, type Words } from './map.ts';
import { openPeople } from './people.ts';
import { manyConversations, oneAgent, oneConversation, oneTicket, searched, type FreshdeskConversation, type FreshdeskTicket } from './shapes.ts';

export interface Settings extends Words {
  readonly find_lag_seconds: number;
  readonly list_lag_seconds: number;
  readonly changes_overlap_seconds: number;
  readonly public_comments: 'note' | 'reply';
  readonly default_requester_email?: string;
  readonly max_comment_bytes: number;
  readonly webhook_header?: string;
}

const WRITTEN: ReadonlySet<string> = new Set([
  'subject', 'description', 'status', 'priority', 'ticket_type', 'tags', 'due_at', 'requester', 'assignee', 'public',
]);
/** Answers to satisfaction surveys come as conversations. */
const SURVEY = 6;
const PAGES_A_CALL = 20;
const FIND_REACH_MS = 300_000;
const REMEMBERED_MS = 3_600_000;
/** So that an edit still ends within the longest time of a call. */
const LOOK_BEFORE_EDIT_MS = 5_000;
const BEGINNING = Date.UTC(2005, 0, 1);

/** What is known of a comment that an edit must keep. */
interface Known {
  readonly key: string | null;
  readonly public: boolean;
}

export function openClient(http: Http, settings: Settings, world: World) {
  const now = (): number => world.now();
  const people = openPeople(http, world);
  const marks = memory<readonly string[]>({ max: 20_000, ttlMs: REMEMBERED_MS, now });
  const comments = memory<Known>({ max: 20_000, ttlMs: REMEMBERED_MS, now });
  const path = (id: string): string => `/tickets/${encodeURIComponent(id)}`;

  const read = async (raw: FreshdeskTicket): Promise<Ticket> => {
    marks.set(String(raw.id), marksOf(raw));
    people.meet(raw.requester);
    return fromTicket(raw, settings, {
      requester: raw.requester_id == null ? null : (people.remembered(raw.requester_id) ?? { user_id: String(raw.requester_id), email: null, name: null }),
      assignee: raw.responder_id == null ? null : await people.agent(raw.responder_id),
    });
  };

  /** The answer of a write. Whom it names is known or left out; its due date is still the old one or none, so what was sent stands. */
  const written = (raw: FreshdeskTicket, held: TicketFields, sent: { readonly requester: Person | null; readonly assignee: Person | null }): Ticket => {
    marks.set(String(raw.id), marksOf(raw));
    const known = (id: number | string, person: Person | null): Person | undefined =>
      person?.user_id === String(id) ? person : people.remembered(id);
    const requester = raw.requester_id == null ? null : (known(raw.requester_id, null) ?? named(sent.requester, raw.requester_id));
    const assignee = raw.responder_id == null ? null : known(raw.responder_id, sent.assignee);
    const { due_at: _unsure, ...ticket } = fromTicket(raw, settings, { requester, assignee });
    return held.due_at == null ? ticket : { ...ticket, due_at: held.due_at };
  };

  const resolve = async (held: TicketFields): Promise<{ held: TicketFields; assignee: Person | null; warnings: readonly Warning[] }> => {
    const email = held.assignee?.email ?? null;
    if (email === null) return { held, assignee: null, warnings: [] };
    const agent = await people.agentByEmail(email);
    if (agent !== null) return { held, assignee: agent, warnings: [] };
    return { held: without(held, ['assignee']), assignee: null, warnings: [{ field: 'assignee', reason: `no agent here is known to have the address ${email}` }] };
  };

  const comment = async (raw: FreshdeskConversation): Promise<Comment> => {
    const unsigned = fromConversation(raw, null);
    comments.set(unsigned.id, { key: unsigned.key, public: unsigned.public });
    // Who wrote our own is no question worth a call.
    const author = unsigned.key === null ? await people.author(raw) : raw.user_id == null ? null : { user_id: String(raw.user_id), email: null, name: null };
    return { ...unsigned, author };
  };

  const client = {
    async getTicket(id: string): Promise<Ticket> {
      return read(oneTicket(await http.get(`${path(id)}?include=requester`)));
    },

    /** Without the trash and spam, which the list leaves out. */
    async listTickets(page: string | null): Promise<Page<Ticket>> {
      const turn = openPage(page);
      const place = turn.cursor === null ? startAt(BEGINNING) : placeOf(parseJson(turn.cursor));
      if (place === null) throw new DeskFailure('refused', 'this is not a page token of ours');
      const { rows, next } = await readOn(http, place, '&include=description,requester');
      return { items: await Promise.all(rows.map(read)), next: nextPage(turn, next === null ? null : JSON.stringify(next)) };
    },

    async listComments(ticketId: string, page: string | null): Promise<Page<Comment>> {
      const turn = openPage(page);
      const number = turn.cursor === null ? 1 : Number(turn.cursor);
      const answer = await http.get(`${path(ticketId)}/conversations?page=${number}`);
      const rows = manyConversations(answer).filter(({ source }) => source !== SURVEY);
      return { items: await Promise.all(rows.map(comment)), next: nextPage(turn, hasNext(answer) ? String(number + 1) : null) };
    },

    async changes(cursor: string | null, since: number): Promise<Changes> {
      const state = openCursor(cursor, since, settings.changes_overlap_seconds);
      const items: Change[] = [];
      let newest = state.newest;
      const take = (row: FreshdeskTicket, deleted: boolean): void => {
        const modified = isoTime(row.updated_at);
        if (modified !== null && modified > newest) newest = modified;
        items.push({ ticketId: String(row.id), modified_at: modified, is_deleted: deleted });
      };
      let place: Place | null = state.place;
      for (let pages = 0; place !== null && pages < PAGES_A_CALL; pages += 1) {
        const { rows, next }: { rows: readonly FreshdeskTicket[]; next: Place | null } = await readOn(http, place, '');
        for (const row of rows) take(row, row.deleted === true || row.spam === true);
        place = next;
      }
      if (place !== null) return { items, cursor: JSON.stringify({ newest, floor: state.floor, place }), more: true };
      for (const row of await deletedSince(http, state.floor)) take(row, true);
      return { items, cursor: JSON.stringify({ newest }), more: false };
    },

    async createTicket(fields: TicketFields, key: string): Promise<Written> {
      if (fields.public === false) throw new DeskFailure('refused', 'Freshdesk has no private tickets', { fields: ['public'] });
      const weighed = hold(fields, settings);
      const { held, assignee, warnings } = await resolve(weighed.held);
      const requester = held.requester ?? fallbackRequester(settings);
      const json = toNewTicket({ fields, held, assigneeId: assignee?.user_id ?? null, marks: [key] }, settings, requester);
      const raw = oneTicket(await http.send('POST', '/tickets', { json }));
      const shown = written(raw, held, { requester, assignee });
      return { id: shown.id, ticket: shown, warnings: [...weighed.warnings, ...warnings, ...unwritable(fields, WRITTEN)] };
    },

    async updateTicket(id: string, patch: TicketFields): Promise<Written> {
      const weighed = hold(patch, settings);
      const warnings: Warning[] = [...weighed.warnings, ...unwritable(patch, WRITTEN)];
      if (patch.requester != null) warnings.push({ field: 'requester', reason: 'this connector sets it only when a ticket is created' });
      if (patch.priority === null) warnings.push({ field: 'priority', reason: 'every ticket here has a priority' });
      if (patch.due_at === null) warnings.push({ field: 'due_at', reason: 'Freshdesk cannot take a due date back' });
      const { held, assignee, warnings: unknown } = await resolve(without(weighed.held, ['requester']));
      warnings.push(...unknown);
      const ours = held.tags === undefined ? [] : await marksOn(id);
      const json = toPatch({ fields: patch, held, assigneeId: assignee?.user_id ?? null, marks: ours }, settings);
      if (Object.keys(json).length === 0) return { id, ticket: null, warnings };
      const raw = oneTicket(await http.send('PUT', path(id), { json }));
      return { id, ticket: written(raw, held, { requester: null, assignee }), warnings };
    },

    async deleteTicket(id: string): Promise<void> {
      await http.send('DELETE', path(id));
    },

    async restoreTicket(id: string): Promise<void> {
      await http.send('PUT', `${path(id)}/restore`);
    },

    /** A note, seen by the customer or not; a reply, which is mailed, only where the account says so. */
    async createComment(ticketId: string, draft: CommentDraft, key: string): Promise<WrittenComment> {
      const body = toBody(draft, key);
      refuseLong(body, settings.max_comment_bytes);
      const reply = draft.public && settings.public_comments === 'reply';
      const answer = reply
        ? await http.send('POST', `${path(ticketId)}/reply`, { json: { body } })
        : await http.send('POST', `${path(ticketId)}/notes`, { json: { body, private: !draft.public } });
      const raw = oneConversation(answer);
      return { comment: await comment({ ...raw, body: raw.body ?? body, private: raw.private ?? (reply ? false : !draft.public) }), warnings: [] };
    },

    /** The text of a note. Its visibility cannot change, so a text that must not be public is never written into a public note. */
    async updateComment(ticketId: string, commentId: string, draft: CommentDraft): Promise<WrittenComment> {
      const began = now();
      const known = comments.get(commentId) ?? (await notDone(() => lookUp(ticketId, commentId), { ofTarget: true }));
      if (known === null) throw new DeskFailure('missing', 'the ticket has no such comment');
      if (now() - began > LOOK_BEFORE_EDIT_MS) throw new DeskFailure('unavailable', 'not sent: looking at the comment took too long');
      if (known.public && !draft.public) throw new DeskFailure('refused', 'Freshdesk cannot make a public comment private');
      const body = toBody(draft, known.key);
      refuseLong(body, settings.max_comment_bytes);
      const raw = oneConversation(await http.send('PUT', `/conversations/${encodeURIComponent(commentId)}`, { json: { body } }));
      return { comment: await comment({ ...raw, body: raw.body ?? body, private: raw.private ?? !known.public }), warnings: [] };
    },

    async deleteComment(commentId: string): Promise<void> {
      await http.send('DELETE', `/conversations/${encodeURIComponent(commentId)}`);
    },

    /** By our tag: in the list, then in the trash. The search index lags by minutes, so it only stands in where the list is too long. */
    async find(key: string, sentAt: number): Promise<Ticket | null> {
      if (!KEY_PATTERN.test(key)) throw new DeskFailure('refused', 'this is not a key of ours');
      const ours = (row: FreshdeskTicket): boolean => row.tags?.includes(key) === true;
      const start = startAt(sentAt - FIND_REACH_MS);
      let place: Place | null = start;
      for (let pages = 0; place !== null && pages < PAGES_A_CALL; pages += 1) {
        const { rows, next }: { rows: readonly FreshdeskTicket[]; next: Place | null } = await readOn(http, place, '');
        const found = oldest(rows.filter(ours));
        if (found !== undefined) return client.getTicket(String(found.id));
        place = next;
      }
      const gone = oldest((await deletedSince(http, start.since)).filter(ours));
      if (gone !== undefined) return client.getTicket(String(gone.id));
      if (place === null) return null;
      const { results } = searched(await http.get(`/search/tickets?query=${encodeURIComponent(`"tag:'${key}'"`)}`));
      const found = oldest(results.filter(ours));
      return found === undefined ? null : client.getTicket(String(found.id));
    },

    async check(): Promise<Person> {
      return fromAgent(oneAgent(await http.get('/agents/me')));
    },
  };

  /** The tags are replaced as a whole, so our mark is written back; it has mostly been seen a moment ago. */
  async function marksOn(id: string): Promise<readonly string[]> {
    const known = marks.get(id);
    if (known !== undefined) return known;
    const seen = marksOf(await notDone(async () => oneTicket(await http.look(path(id))), { ofTarget: true }));
    marks.set(id, seen);
    return seen;
  }

  async function lookUp(ticketId: string, commentId: string): Promise<Known | null> {
    let page: string | null = null;
    do {
      const { items, next }: Page<Comment> = await client.listComments(ticketId, page);
      const found = items.find(({ id }) => id === commentId);
      if (found !== undefined) return { key: found.key, public: found.public };
      page = next;
    } while (page !== null);
    return null;
  }

  return client;
}

/** A copy that somebody made of our ticket has our mark too, and a higher number. */
function oldest(rows: readonly FreshdeskTicket[]): FreshdeskTicket | undefined {
  return rows.toSorted((a, b) => Number(a.id) - Number(b.id))[0];
}

function named(person: Person | null, id: number | string): Person | undefined {
  return person === null ? undefined : { ...person, user_id: String(id) };
}

function fallbackRequester(settings: Settings): Person {
  const email = settings.default_requester_email;
  if (email !== undefined) return { user_id: null, email, name: null };
  throw new DeskFailure('refused', 'Freshdesk makes no ticket without a requester: set default_requester_email in this account’s settings', {
    fields: ['requester'],
  });
}

/** Never cut in silence. */
function refuseLong(body: string, max: number): void {
  const length = bytes(body);
  if (length > max) throw new DeskFailure('refused', `a comment of ${length} bytes is longer than the ${max} that are allowed here`);
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
