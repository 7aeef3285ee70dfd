/** The calls of an agent to one classic Zendesk: seed 002, https://www.zendesk.com/support/api/tickets (2009 to 2013). */
import { KEY_PATTERN } from '../../core/key.ts';
import type { Attachment, Comment, CommentDraft, Person, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { DeskFailure, type Changes, type CommentAlong, type Download, type FileSource, type Page, type Written, type WrittenComment } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { ifAllowed, notDone } from '../kit/failure.ts';
import { unwritable, without } from '../kit/hold.ts';
import { parseJson, type Http } from '../kit/http.ts';
import { takeTags } from '../kit/mark.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import { openRaws } from '../kit/raws.ts';
import { bytes } from '../kit/text.ts';
import type { XmlNode } from '../kit/xml.ts';
import { numberIn, requireDone, sendXml } from './answers.ts';
import { changesIn, openSearch } from './changes.ts';
import { authorsOf, fromComments } from './comments.ts';
import { fieldsOf, type Fields } from './fields.ts';
import { upload } from './files.ts';
import { firstText, forecastComment, fromTicket, hold, tagsOf, toComment, toElements, toNewTicket, type Resolved, type Words } from './map.ts';
import { openPeople } from './people.ts';
import type { Settings } from './settings.ts';
import { idOf, manyFields, manyGroups, manyTickets, oneTicket, oneUser, type ClassicGroup, type ClassicTicket } from './shapes.ts';
import { LOST_CHARACTERS, losesWords, plainOf, writtenText } from './text.ts';
import { tweetElements, tweetIn } from './tweet.ts';
import { listingOf, listOn, openView } from './view.ts';
import { many, one } from './wire.ts';

const WRITTEN: ReadonlySet<string> = new Set([
  'subject', 'description', 'status', 'priority', 'ticket_type', 'tags', 'due_at', 'requester', 'assignee', 'group', 'custom_properties', 'public',
]);

export function openClient(http: Http, settings: Settings, world: World) {
  const people = openPeople(http, world);
  const view = openView(http, [`/rules/${settings.view}.xml?`], settings.view_order === 'updated');
  const overlapMs = settings.changes_overlap_seconds * 1000;
  const raws = openRaws();
  let custom: Fields = null;
  let groups: readonly ClassicGroup[] | null = null;

  const groupIn = (all: readonly ClassicGroup[], named: string): string | undefined => {
    const wanted = named.trim().toLowerCase();
    return all.find(({ id, name, is_active: active }) => active !== 'false' && (id === wanted || name?.trim().toLowerCase() === wanted))?.id;
  };
  const words: Words = {
    mark: settings.mark_tickets,
    get custom() {
      return custom;
    },
    group: (named) => (groups !== null ? groupIn(groups, named) : idOf(named.trim())),
  };
  const path = (id: string): string => `/tickets/${encodeURIComponent(id)}.xml`;

  const read = async (raw: ClassicTicket): Promise<Ticket> => {
    await people.learn([raw.requester_id, raw.assignee_id].flatMap((id) => idOf(id) ?? []));
    return raws.keep(fromTicket(raw, people.known, words), raw);
  };
  const ticketOf = async (id: string): Promise<ClassicTicket> => oneTicket(one(await http.get(path(id)), 'ticket'));

  /** Whom a write names, as this desk knows them; who is not known is left out. */
  const resolve = async (held: TicketFields, creating: boolean): Promise<Resolved & { readonly held: TicketFields; readonly warnings: readonly Warning[] }> => {
    const warnings: Warning[] = [];
    const find = async (field: 'assignee' | 'requester', person: Person): Promise<string | null> => {
      const found = person.email !== null ? await people.byEmail(person.email, field === 'assignee') : person.user_id === null ? null : await people.byId(person.user_id);
      const who = field === 'assignee' ? 'agent' : 'user';
      if (found === null) warnings.push({ field, reason: `no ${who} here is known as ${person.email ?? person.user_id ?? ''}` });
      return found?.user_id ?? null;
    };
    const { assignee, requester } = held;
    const assigneeId = assignee == null ? null : await find('assignee', assignee);
    // A new ticket brings its requester along by name and e-mail, whether or not the desk knows them.
    const requesterId = requester == null || (creating && requester.email !== null) ? null : await find('requester', requester);
    const unknown = warnings.map(({ field }) => field);
    return { held: without(held, unknown), assigneeId, requesterId, warnings };
  };

  const textOf = (draft: CommentDraft, key: string): string => {
    const text = writtenText(plainOf(draft.content), key);
    refuseLong(text, settings.max_comment_bytes);
    return text;
  };

  /** Tags are added and taken away, so that what a person does to others meanwhile stays, and our mark is never touched. */
  const tagElements = async (id: string, wanted: readonly string[]): Promise<readonly XmlNode[]> => {
    const there = await notDone(async () => tagsOf(oneTicket(one(await http.look(path(id)), 'ticket'))), { ofTarget: true });
    const theirs = takeTags(there).tags;
    const added = wanted.filter((tag) => !theirs.includes(tag));
    const removed = theirs.filter((tag) => !wanted.includes(tag));
    return [
      ...(added.length > 0 ? [{ name: 'additional-tags', content: added.join(' ') }] : []),
      ...(removed.length > 0 ? [{ name: 'remove-tags', content: removed.join(' ') }] : []),
    ];
  };

  /** The new comment as the desk will show it; its files only a look can tell. */
  const newComment = async (id: string, draft: CommentDraft, key: string, token: string | null): Promise<Comment> => {
    if (token === null) {
      return { id: key, ...forecastComment(draft), author: null, attachments: [], created_at: null, modified_at: null, key };
    }
    try {
      const shown = fromComments(await ticketOf(id), people.known).find((comment) => comment.id === key);
      if (shown !== undefined) return shown;
    } catch (error) {
      if (!(error instanceof DeskFailure)) throw error;
      throw new DeskFailure('unsure', `done, but the look at it failed: ${error.message}`, { status: error.status });
    }
    throw new DeskFailure('unsure', 'the desk said that it is done, but does not show the comment');
  };

  const search = openSearch(view, keysOn, world);

  function keysOn(row: ClassicTicket): readonly string[] {
    const told = words.mark === 'tag' ? row.current_tags : row.external_id;
    if (told === undefined) throw new DeskFailure('surprise', `the view does not tell the ${words.mark === 'tag' ? 'tags' : 'external ids'} of its tickets`);
    return words.mark === 'tag' ? takeTags(tagsOf(row)).marks : told === null ? [] : [told];
  }

  const client = {
    words,

    /** What its owner has set up: groups with the agents in them, and custom fields. What cannot be read hinders nothing else. */
    async learn(): Promise<void> {
      const lessons = await Promise.allSettled([learnGroups(), learnFields()]);
      const failed = lessons.find((lesson) => lesson.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },

    getTicket: async (id: string): Promise<Ticket> => read(await ticketOf(id)),

    async listTickets(page: string | null): Promise<Page<Ticket>> {
      const turn = openPage(page);
      const { rows, next } = await listOn(view, turn.cursor === null ? null : listingOf(parseJson(turn.cursor)), overlapMs);
      await people.learn([...new Set(rows.flatMap((row) => [idOf(row.requester_id) ?? [], idOf(row.assignee_id) ?? []].flat()))]);
      const items: Ticket[] = [];
      for (const row of rows) items.push(await read(row));
      return { items, next: nextPage(turn, next === null ? null : JSON.stringify(next)) };
    },

    async listComments(ticketId: string): Promise<Page<Comment>> {
      const raw = await ticketOf(ticketId);
      await people.learn(authorsOf(raw));
      return { items: fromComments(raw, people.known).map((comment, at) => raws.keep(comment, raw.comments?.[at + 1])), next: null };
    },

    /** As `wire.ts` makes it of XML and JSON alike. */
    raw: (of: Ticket | Comment): unknown => raws.of(of),

    changes: (cursor: string | null, from: number): Promise<Changes> => changesIn(view, cursor, from, overlapMs, world),

    async createTicket(fields: TicketFields, key: string, files: readonly FileSource[] = []): Promise<Written> {
      if (fields.public === false) throw new DeskFailure('refused', 'a ticket of this API begins with a public text', { fields: ['public'] });
      const tweet = tweetIn(fields);
      const wanted = tweet?.fields ?? fields;
      const weighed = hold(wanted, words);
      if (tweet === null) refuseLong(firstText(wanted, weighed.held, null), settings.max_comment_bytes);
      const { held, warnings, ...resolved } = await resolve(weighed.held, true);
      const named = tweet === null ? [] : await tweetElements(http, tweet, settings.twitter_handle ?? null);
      const uploaded = await upload(http, files, settings.max_file_bytes, world);
      const ticket = toNewTicket(wanted, held, resolved, words, key, uploaded.token);
      const content = tweet === null ? ticket.content : [...named, ...(ticket.content as readonly XmlNode[]).filter(({ name }) => name !== 'description')];
      const id = numberIn(await sendXml(http, 'POST', '/tickets.xml', { ...ticket, content }));
      return { id, ticket: null, warnings: [...weighed.warnings, ...(tweet?.warnings ?? []), ...warnings, ...uploaded.warnings, ...unwritable(wanted, WRITTEN)] };
    },

    async updateTicket(id: string, patch: TicketFields, along?: CommentAlong): Promise<Written> {
      const weighed = hold(patch, words);
      const warnings: Warning[] = [...weighed.warnings.filter(({ field }) => field !== 'description'), ...unwritable(patch, WRITTEN)];
      for (const field of ['description', 'public'] as const) {
        if (patch[field] != null) warnings.push({ field, reason: 'it is settled when a ticket is created' });
      }
      const { held, warnings: unknown, ...resolved } = await resolve(without(weighed.held, ['description']), false);
      warnings.push(...unknown);
      const content = toElements(patch, held, resolved, words);
      if (resolved.requesterId !== null) content.push({ name: 'requester-id', content: resolved.requesterId });
      if (held.tags !== undefined) content.push(...(await tagElements(id, held.tags)));
      if (along === undefined) {
        if (content.length === 0) return { id, ticket: null, warnings };
        await write(id, { name: 'ticket', content });
        return { id, ticket: null, warnings };
      }
      if (!settings.comment_with_update) throw new DeskFailure('refused', 'a comment goes in a call of its own here (setting comment_with_update)');
      const { text, token, lost } = await comment(along.draft, along.key, along.files);
      await write(id, { name: 'ticket', content: [...content, toComment(text, along.draft.public, token)] });
      return { id, ticket: null, warnings: [...warnings, ...lost], comment: await newComment(id, along.draft, along.key, token) };
    },

    async deleteTicket(id: string): Promise<void> {
      requireDone(await http.send('DELETE', path(id)));
    },

    async createComment(ticketId: string, draft: CommentDraft, key: string, files: readonly FileSource[] = []): Promise<WrittenComment> {
      const { text, token, lost } = await comment(draft, key, files);
      await write(ticketId, toComment(text, draft.public, token));
      return { comment: await newComment(ticketId, draft, key, token), warnings: lost };
    },

    download: (attachment: Pick<Attachment, 'id' | 'url'>): Promise<Download> => http.download(attachment.url, { credentials: true }),

    /** By our mark, through the view: what it leaves out is not found. */
    async find(key: string, sentAt: number): Promise<Ticket | null> {
      if (!KEY_PATTERN.test(key)) throw new DeskFailure('refused', 'this is not a key of ours');
      const id = await search(key, sentAt);
      return id === null ? null : foundOrGone(id, key, () => client.getTicket(id));
    },

    /** The view proves the credentials, and that it is there; who we are is told by a later version of the API only. */
    async check(): Promise<Person> {
      manyTickets(many(await http.get(`/rules/${settings.view}.xml?page=1`), 'tickets'));
      const answer = await ifAllowed(http.get('/users/current.xml'));
      const user = answer === null ? null : oneUser(one(answer, 'user'));
      return { user_id: user?.id ?? null, email: user?.email ?? null, name: user?.name ?? user?.email ?? 'an agent of this desk' };
    },
  };

  async function learnGroups(): Promise<void> {
    const answer = await ifAllowed(http.get('/groups.xml'));
    if (answer === null) return;
    groups = manyGroups(many(answer, 'groups')).rows;
    people.meet(groups);
  }

  async function learnFields(): Promise<void> {
    const answer = await ifAllowed(http.get('/ticket_fields.xml'));
    if (answer !== null) custom = fieldsOf(manyFields(many(answer, 'ticket-fields')).rows);
  }

  async function comment(
    draft: CommentDraft,
    key: string,
    files: readonly FileSource[],
  ): Promise<{ readonly text: string; readonly token: string | null; readonly lost: readonly Warning[] }> {
    const text = textOf(draft, key);
    const { token, warnings } = await upload(http, files, settings.max_file_bytes, world);
    return { text, token, lost: [...warnings, ...(losesWords(draft.content) ? [{ field: 'content', reason: LOST_CHARACTERS }] : [])] };
  }

  async function write(id: string, root: XmlNode): Promise<void> {
    requireDone(await sendXml(http, 'PUT', path(id), root));
  }

  return client;
}

/** A ticket that was in the list a moment ago, and is gone now, was deleted by a person. */
export async function foundOrGone(id: string, key: string, look: () => Promise<Ticket>): Promise<Ticket> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof DeskFailure) || error.kind !== 'missing') throw error;
    return { id, key, is_deleted: true, created_at: null, modified_at: null };
  }
}

/** Never cut in silence. */
export function refuseLong(text: string, max: number): void {
  const length = bytes(text);
  if (length > max) throw new DeskFailure('refused', `a text of ${length} bytes is longer than the ${max} that are allowed here`, { fields: ['description'] });
}
