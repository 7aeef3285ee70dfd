/** The calls to one Zendesk. Support API v2: https://developer.zendesk.com/api-reference/ticketing/introduction/ */
import { KEY_PATTERN } from '../../core/key.ts';
import type { Comment, CommentDraft, Person, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { DeskFailure, type Change, type Changes, type Page, type Written, type WrittenComment } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { unwritable, without } from '../kit/hold.ts';
import type { Answer, Http } from '../kit/http.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import { memory } from '../kit/remember.ts';
import { bytes } from '../kit/text.ts';
import { isoTime } from '../kit/time.ts';
import { fromComment, fromTicket, fromUser, hold, toComment, toNewTicket, toPatch, type Who } from './map.ts';
import { openPeople } from './people.ts';
import { exported, manyComments, manyTickets, oneTicket, oneUser, updated, type Paged, type ZendeskTicket } from './shapes.ts';

/** Zendesk keeps 64 kB, with the element it wraps around, and cuts what is longer in silence; this leaves room for that. */
export const MAX_COMMENT_BYTES = 65_300;
const WRITTEN: ReadonlySet<string> = new Set([
  'subject', 'description', 'status', 'priority', 'ticket_type', 'tags', 'due_at', 'requester', 'assignee', 'public',
]);
const AT_CREATE_ONLY = ['description', 'requester', 'public'] as const;
/** The export answers `start_time`s that are at least a minute old. */
const EXPORT_AGE_S = 60;
/** The export may be asked ten times a minute, so a look through it is short. */
const FIND_PAGES = 5;
const FIND_REACH_S = 300;

export function openClient(http: Http, world: World) {
  const people = openPeople(http, world);
  /** The type each ticket was last seen with: whether it can have a due date. */
  const types = memory<{ readonly type: string | null }>({ max: 20_000, ttlMs: 600_000, now: () => world.now() });

  const read = (raw: ZendeskTicket, who: Who): Ticket => {
    types.set(String(raw.id), { type: raw.type ?? null });
    return fromTicket(raw, who);
  };
  const path = (id: string): string => `/tickets/${encodeURIComponent(id)}`;

  /** Whom the answer of a write names: the one that was sent, or somebody met before. Nobody is asked for. */
  const written = (raw: ZendeskTicket, sent: { readonly requester: Person | null; readonly assignee: Person | null }): Ticket =>
    read(raw, (id) => {
      if (sent.assignee?.user_id === id) return sent.assignee;
      const known = people.remembered(id);
      if (known !== undefined) return known;
      return sent.requester !== null && String(raw.requester_id) === id ? { ...sent.requester, user_id: id } : undefined;
    });

  const resolve = async (held: TicketFields): Promise<{ held: TicketFields; assignee: Person | null; warnings: readonly Warning[] }> => {
    const email = held.assignee?.email ?? null;
    if (email === null) return { held, assignee: null, warnings: [] };
    const agent = await people.agent(email);
    if (agent !== null) return { held, assignee: agent, warnings: [] };
    return { held: without(held, ['assignee']), assignee: null, warnings: [{ field: 'assignee', reason: `no agent here has the address ${email}` }] };
  };

  const client = {
    async getTicket(id: string): Promise<Ticket> {
      const { ticket, users } = oneTicket(await http.get(`${path(id)}?include=users`));
      people.meet(users);
      return read(ticket, people.told);
    },

    async listTickets(page: string | null): Promise<Page<Ticket>> {
      const turn = openPage(page);
      const answer = manyTickets(await http.get(`/tickets?include=users&${cursorQuery(turn.cursor)}`));
      people.meet(answer.users);
      return { items: answer.tickets.map((raw) => read(raw, people.told)), next: nextPage(turn, cursorOf(answer)) };
    },

    async listComments(ticketId: string, page: string | null): Promise<Page<Comment>> {
      const turn = openPage(page);
      const answer = manyComments(await http.get(`${path(ticketId)}/comments?include=users&sort=created_at&${cursorQuery(turn.cursor)}`));
      people.meet(answer.users);
      const items = answer.comments.map((raw) => fromComment(raw, people.told));
      // The first of all comments is the ticket's description.
      return { items: turn.cursor === null ? items.slice(1) : items, next: nextPage(turn, cursorOf(answer)) };
    },

    /** https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/ */
    async changes(cursor: string | null, since: number): Promise<Changes> {
      const answer = exported(await http.get(`/incremental/tickets/cursor?per_page=1000&${exportQuery(cursor, since, world.now())}`));
      const items = answer.tickets.map(
        (raw): Change => ({ ticketId: String(raw.id), modified_at: isoTime(raw.updated_at), is_deleted: raw.status === 'deleted' }),
      );
      const next = answer.after_cursor ?? null;
      const moved = next !== null && next !== cursor;
      if (next === null && cursor === null) throw new DeskFailure('surprise', 'the export gave no cursor to go on with');
      return { items, cursor: next ?? cursor ?? '', more: moved && answer.end_of_stream !== true };
    },

    async createTicket(fields: TicketFields, key: string): Promise<Written> {
      const weighed = hold(fields);
      const { held, assignee, warnings } = await resolve(weighed.held);
      const ticket = toNewTicket({ fields, held, assigneeId: assignee?.user_id ?? null }, key);
      refuseLong(ticket.comment);
      // The key is kept for two hours: a repetition within gives the first answer again.
      const answer = await http.send('POST', '/tickets', { json: { ticket }, headers: { 'idempotency-key': key } });
      warnAbout(answer, world);
      const shown = written(updated(answer).ticket, { requester: held.requester ?? null, assignee });
      return { id: shown.id, ticket: shown, warnings: [...weighed.warnings, ...warnings, ...unwritable(fields, WRITTEN)] };
    },

    async updateTicket(id: string, patch: TicketFields): Promise<Written> {
      const weighed = hold(patch);
      const late = AT_CREATE_ONLY.filter((field) => patch[field] != null);
      const warnings: Warning[] = [...weighed.warnings.filter(({ field }) => !AT_CREATE_ONLY.some((name) => name === field)), ...unwritable(patch, WRITTEN)];
      for (const field of late) warnings.push({ field, reason: 'Zendesk takes it only when a ticket is created' });
      if (patch.priority === null) warnings.push({ field: 'priority', reason: 'Zendesk cannot take a priority back' });
      let possible = without(weighed.held, AT_CREATE_ONLY);
      const type = types.get(id)?.type;
      if (possible.due_at !== undefined && possible.ticket_type === undefined && type !== undefined && type !== 'task') {
        possible = without(possible, ['due_at']);
        warnings.push({ field: 'due_at', reason: 'Zendesk keeps a due date only on tickets of type task' });
      }
      const { held, assignee, warnings: unknown } = await resolve(possible);
      warnings.push(...unknown);
      const ticket = toPatch({ fields: patch, held, assigneeId: assignee?.user_id ?? null });
      if (Object.keys(ticket).length === 0) return { id, ticket: null, warnings };
      const answer = await http.send('PUT', path(id), { json: { ticket } });
      warnAbout(answer, world);
      const shown = written(updated(answer).ticket, { requester: null, assignee });
      if (ticket.due_at != null && shown.due_at === undefined) {
        warnings.push({ field: 'due_at', reason: 'Zendesk keeps a due date only on tickets of type task' });
      }
      return { id, ticket: shown, warnings };
    },

    async deleteTicket(id: string): Promise<void> {
      await http.send('DELETE', path(id));
    },

    async restoreTicket(id: string): Promise<void> {
      await http.send('PUT', `/deleted_tickets/${encodeURIComponent(id)}/restore`);
    },

    async createComment(ticketId: string, draft: CommentDraft, key: string): Promise<WrittenComment> {
      const comment = toComment(draft);
      refuseLong(comment);
      const answer = await http.send('PUT', path(ticketId), { json: { ticket: { comment, metadata: { deskmesh_key: key } } } });
      const { audit } = updated(answer);
      const event = audit?.events.find(({ type }) => type === 'Comment');
      if (audit == null || event?.id === undefined) throw new DeskFailure('surprise', 'the answer does not show the new comment', { status: answer.status });
      const shown = fromComment(
        {
          ...event,
          id: event.id,
          html_body: event.html_body ?? comment.html_body,
          public: event.public ?? draft.public,
          author_id: audit.author_id ?? null,
          created_at: audit.created_at ?? null,
          metadata: { custom: { deskmesh_key: key } },
        },
        people.told,
      );
      return { comment: shown, warnings: [] };
    },

    /** Comments cannot be edited; a public one can be made private, for good. */
    async updateComment(ticketId: string, commentId: string, draft: CommentDraft): Promise<WrittenComment> {
      if (draft.public) throw new DeskFailure('refused', 'Zendesk cannot change the text of a comment');
      await http.send('PUT', `${path(ticketId)}/comments/${encodeURIComponent(commentId)}/make_private`);
      const comment = await commentById(client.listComments, ticketId, commentId);
      return { comment, warnings: [] };
    },

    /** By external id; and because that list leaves out the trash, by the export, where deleted tickets are rows like others. */
    async find(key: string, sentAt: number): Promise<Ticket | null> {
      if (!KEY_PATTERN.test(key)) throw new DeskFailure('refused', 'this is not a key of ours');
      const { tickets, users } = manyTickets(await http.get(`/tickets?include=users&external_id=${key}`));
      people.meet(users);
      const found = tickets.filter((raw) => raw.external_id === key).sort((a, b) => Number(a.id) - Number(b.id))[0];
      if (found !== undefined) return read(found, people.told);
      let query = exportQuery(null, sentAt - FIND_REACH_S * 1000, world.now());
      for (let page = 0; page < FIND_PAGES; page += 1) {
        const rows = exported(await http.get(`/incremental/tickets/cursor?per_page=1000&${query}`));
        const gone = rows.tickets.find((raw) => raw.external_id === key);
        if (gone !== undefined) return fromTicket(gone, people.remembered);
        if (rows.end_of_stream === true || rows.after_cursor == null) return null;
        query = `cursor=${encodeURIComponent(rows.after_cursor)}`;
      }
      return null;
    },

    /** Wrong credentials may still get a 200 from `users/me`, as an anonymous user; so a ticket list is asked for as well. */
    async check(): Promise<Person> {
      const { user } = oneUser(await http.get('/users/me'));
      if (user.id === null || !user.email) throw new DeskFailure('unauthorised', 'Zendesk does not know these credentials', { status: 200 });
      manyTickets(await http.get(`/tickets?${PAGE_SIZE}=1`));
      return fromUser(user);
    },
  };
  return client;
}

const PAGE_SIZE = 'page%5Bsize%5D';

function cursorQuery(cursor: string | null): string {
  return `${PAGE_SIZE}=100${cursor === null ? '' : `&page%5Bafter%5D=${encodeURIComponent(cursor)}`}`;
}

/** `links.next` is there even on the last page, and may name another host: only `has_more` and the cursor count. */
function cursorOf(answer: Paged): string | null {
  if (answer.meta?.has_more !== true) return null;
  if (answer.meta.after_cursor == null) throw new DeskFailure('surprise', 'there are more pages, but no cursor to them');
  return answer.meta.after_cursor;
}

function exportQuery(cursor: string | null, since: number, now: number): string {
  if (cursor !== null) return `cursor=${encodeURIComponent(cursor)}`;
  return `start_time=${Math.max(0, Math.min(Math.floor(since / 1000), Math.floor(now / 1000) - EXPORT_AGE_S) - EXPORT_AGE_S)}`;
}

/** Never cut in silence. */
function refuseLong(comment: unknown): void {
  const html: unknown = typeof comment === 'object' && comment !== null ? Reflect.get(comment, 'html_body') : '';
  const length = typeof html === 'string' ? bytes(html) : 0;
  if (length <= MAX_COMMENT_BYTES) return;
  throw new DeskFailure('refused', `a text of ${length} bytes is longer than the ${MAX_COMMENT_BYTES} that Zendesk keeps`, { fields: ['description'] });
}

/** Keys that Zendesk dropped in silence are told in a header. */
function warnAbout(answer: Answer, world: World): void {
  const warning = answer.headers['x-zendesk-api-warn'];
  if (warning !== undefined) world.log.warn('zendesk.dropped_keys', { warning: String(warning).slice(0, 300) });
}

async function commentById(
  list: (ticketId: string, page: string | null) => Promise<Page<Comment>>,
  ticketId: string,
  commentId: string,
): Promise<Comment> {
  try {
    let page: string | null = null;
    do {
      const { items, next }: Page<Comment> = await list(ticketId, page);
      const found = items.find(({ id }) => id === commentId);
      if (found !== undefined) return found;
      page = next;
    } while (page !== null);
  } catch (error) {
    if (!(error instanceof DeskFailure)) throw error;
    throw new DeskFailure('unsure', `done, but the look at it failed: ${error.message}`, { status: error.status });
  }
  throw new DeskFailure('missing', 'the comment is not in the ticket');
}
