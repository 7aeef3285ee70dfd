/**
 * The calls of an end user, who sees only their own requests: seed 002, "Tickets for end users". A request is a subject, a
 * description and public comments; status, people and tags are not told, and nothing but a comment can be added later.
 */
import { KEY_PATTERN } from '../../core/key.ts';
import type { Attachment, Comment, CommentDraft, Person, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { DeskFailure, type Changes, type Download, type FileSource, type Page, type Written, type WrittenComment } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { unwritable, without } from '../kit/hold.ts';
import { parseJson, type Http } from '../kit/http.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import { openRaws } from '../kit/raws.ts';
import { numberIn, requireDone, sendXml } from './answers.ts';
import { changesIn, openSearch } from './changes.ts';
import { foundOrGone, refuseLong } from './client.ts';
import { fromComments } from './comments.ts';
import { upload } from './files.ts';
import { firstText, forecastComment, fromTicket, hold, toComment, type Who, type Words } from './map.ts';
import type { Settings } from './settings.ts';
import { manyTickets, oneTicket, type ClassicTicket } from './shapes.ts';
import { LOST_CHARACTERS, losesWords, plainOf, readMarked, writtenText } from './text.ts';
import { listingOf, listOn, openView } from './view.ts';
import { many, one } from './wire.ts';

const WRITTEN: ReadonlySet<string> = new Set(['subject', 'description', 'public', 'due_at']);
const OTHERS = ['status', 'priority', 'ticket_type', 'tags', 'assignee', 'requester', 'group', 'custom_properties'] as const;
const WORDS: Words = { mark: 'text', custom: null, group: () => null };
/** End users are told nobody's address. */
const NOBODY: Who = (id) => ({ user_id: id, email: null, name: null });

/** What of `fields` a new request holds. */
export function holdRequest(fields: TicketFields): { readonly held: TicketFields; readonly warnings: readonly Warning[] } {
  const { held, warnings } = hold(without(fields, OTHERS), WORDS);
  const left = OTHERS.filter((field) => fields[field] !== undefined && fields[field] !== null);
  return { held, warnings: [...warnings, ...left.map((field) => ({ field, reason: 'an end user cannot say it' }))] };
}

export function openRequests(http: Http, settings: Settings, world: World) {
  const view = openView(http, ['/requests.xml?', '/requests.xml?filter=solved&'], false);
  const search = openSearch(view, keysOn, world);
  const overlapMs = settings.changes_overlap_seconds * 1000;
  const path = (id: string): string => `/requests/${encodeURIComponent(id)}.xml`;
  const requestOf = async (id: string): Promise<ClassicTicket> => oneTicket(one(await http.get(path(id)), 'ticket'));
  const raws = openRaws();
  const read = (raw: ClassicTicket): Ticket => raws.keep(fromTicket(raw, NOBODY, WORDS), raw);

  function keysOn({ description }: ClassicTicket): readonly string[] {
    if (description === undefined) throw new DeskFailure('surprise', 'the list of requests does not tell their descriptions');
    const { key } = readMarked(description ?? '');
    return key === null ? [] : [key];
  }

  const client = {
    getTicket: async (id: string): Promise<Ticket> => read(await requestOf(id)),

    async listTickets(page: string | null): Promise<Page<Ticket>> {
      const turn = openPage(page);
      const { rows, next } = await listOn(view, turn.cursor === null ? null : listingOf(parseJson(turn.cursor)), overlapMs);
      return { items: rows.map(read), next: nextPage(turn, next === null ? null : JSON.stringify(next)) };
    },

    async listComments(id: string): Promise<Page<Comment>> {
      const raw = await requestOf(id);
      return { items: fromComments(raw, NOBODY).map((comment, at) => raws.keep(comment, raw.comments?.[at + 1])), next: null };
    },

    raw: (of: Ticket | Comment): unknown => raws.of(of),

    changes: (cursor: string | null, from: number): Promise<Changes> => changesIn(view, cursor, from, overlapMs, world),

    async createTicket(fields: TicketFields, key: string, files: readonly FileSource[] = []): Promise<Written> {
      if (fields.public === false) throw new DeskFailure('refused', 'what an end user writes is public', { fields: ['public'] });
      const { held, warnings } = holdRequest(fields);
      const text = firstText(fields, held, key);
      refuseLong(text, settings.max_comment_bytes);
      const uploaded = await upload(http, files, settings.max_file_bytes, world);
      const content = [
        ...(held.subject == null ? [] : [{ name: 'subject', content: held.subject }]),
        { name: 'description', content: text },
        ...(uploaded.token === null ? [] : [{ name: 'uploads', content: uploaded.token }]),
      ];
      const id = numberIn(await sendXml(http, 'POST', '/requests.xml', { name: 'ticket', content }));
      return { id, ticket: null, warnings: [...warnings, ...uploaded.warnings, ...unwritable(without(fields, OTHERS), WRITTEN)] };
    },

    /** There is nothing that an end user can change. */
    async updateTicket(id: string, patch: TicketFields): Promise<Written> {
      const warnings = Object.keys(patch).map((field) => ({ field, reason: 'an end user cannot change it' }));
      return { id, ticket: null, warnings };
    },

    async deleteTicket(id: string): Promise<void> {
      requireDone(await http.send('DELETE', path(id)));
    },

    async createComment(id: string, draft: CommentDraft, key: string, files: readonly FileSource[] = []): Promise<WrittenComment> {
      if (!draft.public) throw new DeskFailure('refused', 'an end user cannot write what the customer does not see');
      const text = writtenText(plainOf(draft.content), key);
      refuseLong(text, settings.max_comment_bytes);
      const { token, warnings } = await upload(http, files, settings.max_file_bytes, world);
      requireDone(await sendXml(http, 'PUT', path(id), toComment(text, null, token)));
      const told = [...warnings, ...(losesWords(draft.content) ? [{ field: 'content', reason: LOST_CHARACTERS }] : [])];
      const comment = { id: key, ...forecastComment(draft), author: null, attachments: [], created_at: null, modified_at: null, key };
      return { comment: token === null ? comment : await shown(id, key), warnings: told };
    },

    download: (attachment: Pick<Attachment, 'id' | 'url'>): Promise<Download> => http.download(attachment.url, { credentials: true }),

    async find(key: string, sentAt: number): Promise<Ticket | null> {
      if (!KEY_PATTERN.test(key)) throw new DeskFailure('refused', 'this is not a key of ours');
      const id = await search(key, sentAt);
      return id === null ? null : foundOrGone(id, key, () => client.getTicket(id));
    },

    async check(email: string): Promise<Person> {
      manyTickets(many(await http.get('/requests.xml?page=1'), 'tickets'));
      return { user_id: null, email, name: null };
    },
  };

  /** The comment with its files, which only a look can tell. */
  async function shown(id: string, key: string): Promise<Comment> {
    const found = await client.listComments(id).catch((error: unknown) => {
      if (!(error instanceof DeskFailure)) throw error;
      throw new DeskFailure('unsure', `done, but the look at it failed: ${error.message}`, { status: error.status });
    });
    const comment = found.items.find((one) => one.id === key);
    if (comment === undefined) throw new DeskFailure('unsure', 'the desk said that it is done, but does not show the comment');
    return comment;
  }

  return client;
}
