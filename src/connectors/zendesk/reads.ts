/** Reading one Zendesk. Support API v2: https://developer.zendesk.com/api-reference/ticketing/introduction/ */
import { KEY_PATTERN } from '../../core/key.ts';
import { DeskFailure, type Change, type Changes, type Page, type TicketQuery } from '../../ports/connector.ts';
import type { Comment, Person, Ticket } from '../../core/model.ts';
import type { World } from '../../ports/world.ts';
import { ifAllowed } from '../kit/failure.ts';
import type { Http } from '../kit/http.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import type { Raws } from '../kit/raws.ts';
import { memory } from '../kit/remember.ts';
import { isoTime } from '../kit/time.ts';
import { keyIn } from '../kit/mark.ts';
import type { Firsts } from './first.ts';
import type { Lore } from './lore.ts';
import { fromComment, fromTicket, fromUser, type First } from './map.ts';
import { cursorOf, cursorQuery, PAGE_SIZE } from './pages.ts';
import type { People } from './people.ts';
import { exported, manyAudits, manyComments, manyTickets, oneTicket, oneUser, type Id, type ZendeskComment, type ZendeskTicket } from './shapes.ts';
import type { Seen } from './seen.ts';
import { readText } from './texts.ts';

/** The export answers `start_time`s that are at least a minute old. */
const EXPORT_AGE_S = 60;
/** A page of the export must stay below what one answer may have: a description alone can be 64 kB. */
const EXPORT_SIZE = 200;
/** The export may be asked ten times a minute, so a look through it is short. */
const FIND_PAGES = 5;
const FIND_REACH_S = 300;
const AUDIT_PAGES = 50;
/** What Zendesk puts on a ticket that it closed because it was merged into another. */
const MERGED_TAG = 'closed_by_merge';
const MERGED_MS = 3_600_000;
const NOT_MERGED_MS = 60_000;
const NEW_MS = 60_000;

export interface Reads {
  getTicket(id: string): Promise<Ticket>;
  listTickets(page: string | null, query?: TicketQuery): Promise<Page<Ticket>>;
  listComments(ticketId: string, page: string | null): Promise<Page<Comment>>;
  changes(cursor: string | null, since: number): Promise<Changes>;
  find(key: string, sentAt: number): Promise<Ticket | null>;
  check(): Promise<Person>;
  /** The id of the comment that was written with this key, as the ticket's audits tell; null if there is none. */
  commentByKey(ticketId: string, key: string): Promise<string | null>;
}

export const ticketPath = (id: string): string => `/tickets/${encodeURIComponent(id)}`;

export function openReads(parts: {
  readonly http: Http;
  readonly world: World;
  readonly people: People;
  readonly lore: Lore;
  readonly firsts: Firsts;
  readonly seen: Seen;
  readonly raws: Raws;
  /** The desk's address. */
  readonly base: string;
}): Reads {
  const { http, world, people, lore, firsts, seen, raws, base } = parts;
  const merged = memory<{ readonly into: string | null }>({ max: 5_000, ttlMs: MERGED_MS, now: () => world.now() });

  const asTicket = (raw: ZendeskTicket, first: First | undefined = firsts.of(raw)): Ticket => {
    seen.note(raw);
    return raws.keep(fromTicket(raw, { who: people.told, lore, ...(first !== undefined && { first }) }), raw);
  };
  const copiedIn = (raws: readonly ZendeskTicket[]): readonly string[] =>
    raws.flatMap(({ email_cc_ids: copied, follower_ids: followers }) => [...(copied ?? []), ...(followers ?? [])].map(String));

  const asFirst = (comment: ZendeskComment): First => ({ public: comment.public === true, ...readText(comment, base) });

  async function firstOf(raw: ZendeskTicket): Promise<First | undefined> {
    // Where nothing is public, neither is the first comment.
    if (raw.is_public === false || raw.status === 'deleted') return undefined;
    const known = firsts.of(raw);
    if (known !== undefined) return known;
    const id = String(raw.id);
    const answer = await http.get(`${ticketPath(id)}/comments?include_inline_images=true&sort=created_at&${cursorQuery(null, 1)}`);
    const comment = manyComments(answer).comments[0];
    if (comment === undefined) {
      // Taken for a ticket without a description now, it would stay one.
      if (isNew(raw, world.now())) throw new DeskFailure('unavailable', 'the first comment of this ticket is not listed yet');
      return undefined;
    }
    const first = asFirst(comment);
    firsts.set(id, raw.description, first);
    return first;
  }

  /** A merge leaves its trace on the last comment of the ticket that was closed by it. */
  async function mergedInto(raw: ZendeskTicket): Promise<string | null> {
    if (raw.status !== 'closed' || raw.tags?.includes(MERGED_TAG) !== true) return null;
    const id = String(raw.id);
    const ask = async (): Promise<{ readonly into: string | null }> => {
      const answer = await ifAllowed(http.get(`${ticketPath(id)}/comments?sort=-created_at&${cursorQuery(null)}`));
      const comments = answer === null ? [] : manyComments(answer).comments;
      return { into: comments.map((comment) => targetOf(comment, id)).find((target) => target !== null) ?? null };
    };
    return (await merged.recall(id, ask, ({ into }) => (into === null ? NOT_MERGED_MS : MERGED_MS))).into;
  }

  /** Null for somebody who is nobody here. */
  async function assignedPath(person: Person): Promise<string | null> {
    const known = person.user_id !== null ? person.user_id : ((await people.user(person))?.user_id ?? null);
    return known === null ? null : `/users/${encodeURIComponent(known)}/tickets/assigned`;
  }

  /** Our keys by comment, from the audits: for a desk whose comments do not show their metadata. */
  async function marks(ticketId: string): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    let cursor: string | null = null;
    for (let page = 0; page < AUDIT_PAGES; page += 1) {
      const answer = manyAudits(await http.get(`${ticketPath(ticketId)}/audits?${cursorQuery(cursor)}`));
      for (const { metadata, events } of answer.audits) {
        const key = keyIn(metadata?.custom?.deskmesh_key);
        const comment = key === null ? undefined : events.find(({ type }) => type === 'Comment')?.id;
        if (key !== null && comment !== undefined) found.set(String(comment), key);
      }
      const next = cursorOf(answer);
      if (next === null || next === cursor) return found;
      cursor = next;
    }
    return found;
  }

  /** Whether a ticket's first comment is shown as its description, and is no comment besides. What we wrote as one stays one. */
  function isDescription(comment: ZendeskComment): boolean {
    return comment.public === true || keyIn(comment.metadata?.custom?.deskmesh_key) !== null;
  }

  return {
    async getTicket(id) {
      const { ticket, users } = oneTicket(await http.get(`${ticketPath(id)}?include=users`));
      people.meet(users);
      await people.ask(copiedIn([ticket]));
      const first = await firstOf(ticket);
      const into = await mergedInto(ticket);
      return raws.keep({ ...asTicket(ticket, first), ...(into !== null && { merged_into: into }) }, ticket);
    },

    /**
     * By id, which neither moves nor comes twice; its list knows no filters, so what is not asked for is read and left out. Its
     * search does know them, but lags, and the export of changes is for administrators and ten calls a minute.
     */
    async listTickets(page, query = {}) {
      const turn = openPage(page);
      const path = query.assignee === undefined ? '/tickets' : await assignedPath(query.assignee);
      if (path === null) return { items: [], next: null };
      const sort = query.order_by === '-created_at' ? '&sort=-id' : '';
      const asked = http.get(`${path}?include=users,comment_count${sort}&${cursorQuery(turn.cursor)}`);
      const found = query.assignee === undefined ? await asked : await ifAllowed(asked);
      if (found === null) return { items: [], next: null };
      const answer = manyTickets(found);
      people.meet(answer.users);
      await people.ask(copiedIn(answer.tickets));
      const items = answer.tickets.map((raw) => asTicket(raw)).filter((ticket) => fits(ticket, query));
      return { items, next: nextPage(turn, cursorOf(answer)) };
    },

    async listComments(ticketId, page) {
      const turn = openPage(page);
      const query = `include=users&include_inline_images=true&sort=created_at&${cursorQuery(turn.cursor)}`;
      const answer = manyComments(await http.get(`${ticketPath(ticketId)}/comments?${query}`));
      people.meet(answer.users);
      const [first] = answer.comments;
      const described = turn.cursor === null && first !== undefined && isDescription(first);
      if (turn.cursor === null && first !== undefined) firsts.renew(ticketId, asFirst(first));
      const rows = described ? answer.comments.slice(1) : answer.comments;
      // A desk that shows nobody's metadata may still tell ours in the audits.
      const known = rows.length > 0 && rows.every(({ metadata }) => metadata === undefined) ? await marks(ticketId) : null;
      const items = rows.map((raw) => raws.keep(fromComment(raw, { who: people.told, base, key: known?.get(String(raw.id)) }), raw));
      return { items, next: nextPage(turn, cursorOf(answer)) };
    },

    /** https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/ */
    async changes(cursor, since) {
      const ask = async (from: string | null): Promise<ReturnType<typeof exported>> =>
        exported(await http.get(`/incremental/tickets/cursor?per_page=${EXPORT_SIZE}&${exportQuery(from, since, world.now())}`));
      const begun = cursor === null ? { from: null, answer: await ask(null) } : await goOn(cursor, ask);
      const { from, answer } = begun;
      const items = answer.tickets.map((raw): Change => ({ ticketId: String(raw.id), modified_at: changedAt(raw), is_deleted: raw.status === 'deleted' }));
      const next = answer.after_cursor ?? null;
      const moved = next !== null && next !== from;
      if (next === null && from === null) throw new DeskFailure('surprise', 'the export gave no cursor to go on with');
      return { items, cursor: next ?? from ?? '', more: moved && answer.end_of_stream !== true };
    },

    /** By external id; and because that list leaves out the trash, by the export, where deleted tickets are rows like others. */
    async find(key, sentAt) {
      if (!KEY_PATTERN.test(key)) throw new DeskFailure('refused', 'this is not a key of ours');
      const { tickets, users } = manyTickets(await http.get(`/tickets?include=users&external_id=${key}`));
      people.meet(users);
      const found = tickets.filter((raw) => raw.external_id === key).sort(byAge)[0];
      if (found !== undefined) return asTicket(found, await firstOf(found));
      let cursor: string | null = null;
      for (let page = 0; page < FIND_PAGES; page += 1) {
        const query = exportQuery(cursor, sentAt - FIND_REACH_S * 1000, world.now());
        const rows = exported(await http.get(`/incremental/tickets/cursor?per_page=${EXPORT_SIZE}&${query}`));
        const gone = rows.tickets.find((raw) => raw.external_id === key);
        if (gone !== undefined) return fromTicket(gone, { who: people.remembered, lore });
        if (rows.end_of_stream === true || rows.after_cursor == null || rows.after_cursor === cursor) return null;
        cursor = rows.after_cursor;
      }
      return null;
    },

    /** Wrong credentials may still get a 200 from `users/me`, as an anonymous user; so a ticket list is asked for as well. */
    async check() {
      const { user } = oneUser(await http.get('/users/me'));
      if (user.id === null || !user.email) throw new DeskFailure('unauthorised', 'Zendesk does not know these credentials', { status: 200 });
      manyTickets(await http.get(`/tickets?${PAGE_SIZE}=1`));
      if (user.role !== 'admin') world.log.warn('zendesk.not_an_administrator', { role: user.role ?? null, missing: 'changes cannot be swept, webhooks not registered' });
      return fromUser(user);
    },

    async commentByKey(ticketId, key) {
      for (const [id, known] of await marks(ticketId)) if (known === key) return id;
      return null;
    },
  };
}

function fits({ status, priority, modified_at: modified }: Ticket, { status: asked, priority: urgency, modified_after: after }: TicketQuery): boolean {
  return (
    (asked === undefined || asked === status) &&
    (urgency === undefined || urgency === priority) &&
    (after === undefined || modified === null || Date.parse(modified) > Date.parse(after))
  );
}

/** A cursor that the desk no longer knows begins anew: more is told, and nothing missed. */
async function goOn<A>(cursor: string, ask: (from: string | null) => Promise<A>): Promise<{ readonly from: string | null; readonly answer: A }> {
  try {
    return { from: cursor, answer: await ask(cursor) };
  } catch (error) {
    if (!(error instanceof DeskFailure) || error.kind !== 'refused') throw error;
    return { from: null, answer: await ask(null) };
  }
}

function exportQuery(cursor: string | null, since: number, now: number): string {
  if (cursor !== null) return `cursor=${encodeURIComponent(cursor)}`;
  return `start_time=${Math.max(0, Math.min(Math.floor(since / 1000), Math.floor(now / 1000) - EXPORT_AGE_S) - EXPORT_AGE_S)}`;
}

/** The export tells of changes that do not move `updated_at`. */
function changedAt({ updated_at, generated_timestamp: generated }: ZendeskTicket): string | null {
  const told = isoTime(updated_at);
  if (generated == null || !(generated > 0 && generated < 32_503_680_000)) return told;
  const iso = isoTime(new Date(Math.floor(generated) * 1000).toISOString().replace('.000Z', 'Z'));
  return told === null || (iso !== null && Date.parse(iso) > Date.parse(told)) ? iso : told;
}

/** Made so lately that its comments may not be listed yet. */
function isNew({ created_at }: ZendeskTicket, now: number): boolean {
  const made = Date.parse(isoTime(created_at) ?? '');
  return now - made < NEW_MS;
}

/** Of two ids the lower is the older; ids may be longer than numbers are exact. */
function byAge(a: ZendeskTicket, b: ZendeskTicket): number {
  const [x, y] = [String(a.id), String(b.id)];
  return x.length - y.length || (x < y ? -1 : x > y ? 1 : 0);
}

/** Where the other ticket stands in a merge is not documented (?): the one that is not this one is it. */
function targetOf({ via }: ZendeskComment, id: string): string | null {
  const source = via?.source;
  if (source?.rel !== 'merge') return null;
  const named: readonly (Id | null | undefined)[] = [source.to?.ticket_id, source.from?.ticket_id, ...(source.from?.ticket_ids ?? [])];
  return named.map(String).find((other) => /^[1-9]\d{0,19}$/.test(other) && other !== id) ?? null;
}
