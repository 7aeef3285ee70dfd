/** Writing to one Zendesk: fields and comment of one write in one call. https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/ */
import { DeskFailure, type CommentAlong, type FileSource, type Written, type WrittenComment } from '../../ports/connector.ts';
import type { Attachment, Comment, CommentDraft, Person, Ticket, TicketFields, Warning } from '../../core/model.ts';
import type { World } from '../../ports/world.ts';
import { notDone } from '../kit/failure.ts';
import { wireId, without } from '../kit/hold.ts';
import type { Answer, Http } from '../kit/http.ts';
import type { Raws } from '../kit/raws.ts';
import { copiesOf, type Copied } from './copied.ts';
import { notTaken, type Files, type Upload } from './files.ts';
import type { Firsts } from './first.ts';
import type { Learner } from './lore.ts';
import { firstWords, fromComment, fromTicket, hold, toPatch, type Resolved, type Who } from './map.ts';
import type { People } from './people.ts';
import { ticketPath, type Reads } from './reads.ts';
import type { Seen } from './seen.ts';
import { oneTicket, updated, type ZendeskAudit, type ZendeskComment, type ZendeskTicket } from './shapes.ts';
import { htmlOf, readText, wasCut, type Wording } from './texts.ts';
import { shortfalls } from './shortfalls.ts';

const AT_CREATE_ONLY = ['description', 'public', 'submitter'] as const;
/** Zendesk wants a content type on every write, with or without a body. */
const BARE = { headers: { 'content-type': 'application/json' } } as const;
const NOT_A_TASK: Warning = { field: 'due_at', reason: 'Zendesk keeps a due date only on tickets of type task' };

export interface Writes {
  createTicket(fields: TicketFields, key: string, files?: readonly FileSource[], follows?: string): Promise<Written>;
  updateTicket(id: string, patch: TicketFields, along?: CommentAlong): Promise<Written>;
  createComment(ticketId: string, draft: CommentDraft, key: string, files?: readonly FileSource[]): Promise<WrittenComment>;
  updateComment(ticketId: string, commentId: string, draft: CommentDraft): Promise<WrittenComment>;
  deleteTicket(id: string): Promise<void>;
  restoreTicket(id: string): Promise<void>;
}

/** What can be written of a patch, with everybody in it looked up. */
interface Ready {
  readonly held: TicketFields;
  readonly resolved: Resolved;
  readonly assignee: Person | null;
  readonly copied: Copied;
  readonly warnings: readonly Warning[];
}

export function openWrites(parts: {
  readonly http: Http;
  readonly world: World;
  readonly people: People;
  readonly lore: Learner;
  readonly firsts: Firsts;
  readonly seen: Seen;
  readonly files: Files;
  readonly reads: Reads;
  readonly raws: Raws;
  readonly base: string;
  readonly wording: Wording;
}): Writes {
  const { http, world, people, lore, firsts, seen, files: store, reads, raws, base, wording } = parts;

  /** Looks up all that the fields name; whatever goes wrong with that, nothing was sent. `before` is the ticket that is changed. */
  async function ready(fields: TicketFields, before: string | null): Promise<Ready> {
    await lore.resolve({ group: fields.group ?? null, company: fields.company ?? null });
    const weighed = hold(fields, { lore, who: people.remembered });
    const warnings: Warning[] = [...weighed.warnings];
    let { held } = weighed;
    let assignee: Person | null = null;
    if (held.assignee != null) {
      assignee = await people.agent(held.assignee);
      if (assignee === null) {
        warnings.push({ field: 'assignee', reason: `nobody who can be assigned tickets here is ${nameOf(held.assignee)}` });
        held = without(held, ['assignee']);
      }
    }
    let requesterId: string | null = null;
    if (held.requester != null && held.requester.email === null) {
      requesterId = (await people.user(held.requester))?.user_id ?? null;
      if (requesterId === null) {
        warnings.push({ field: 'requester', reason: `nobody here is ${nameOf(held.requester)}` });
        held = without(held, ['requester']);
      }
    }
    const copied = await copiesOf(held, people, async () => (before === null ? null : presentOf(before)));
    warnings.push(...copied.warnings);
    return { held, resolved: { assigneeId: assignee?.user_id ?? null, requesterId }, assignee, copied, warnings };
  }

  const presentOf = (id: string): Promise<ZendeskTicket> =>
    notDone(async () => {
      const { ticket, users } = oneTicket(await http.look(`${ticketPath(id)}?include=users`));
      people.meet(users);
      seen.note(ticket);
      return ticket;
    }, { ofTarget: true });

  /** Whom the answer of a write names: the one that was sent, or somebody met before. Nobody is asked for. */
  function shownBy(raw: ZendeskTicket, sent: Pick<Ready, 'held' | 'assignee'>): Ticket {
    const requester = sent.held.requester ?? null;
    const who: Who = (id) => {
      if (sent.assignee?.user_id === id) return sent.assignee;
      const known = people.remembered(id);
      if (known !== undefined) return known;
      return requester !== null && String(raw.requester_id) === id ? { ...requester, user_id: id } : undefined;
    };
    seen.note(raw);
    const first = firsts.of(raw);
    return raws.keep(fromTicket(raw, { who, lore, ...(first !== undefined && { first }) }), raw);
  }

  /** The comment part of a write, with its files uploaded. */
  async function composed(content: string, open: boolean, key: string, files: readonly FileSource[]): Promise<{ readonly body: Record<string, unknown>; readonly uploads: readonly Upload[] }> {
    // The length is known before anything is uploaded.
    htmlOf(content, new Map(), wording);
    const uploads = await store.upload(key, files);
    const moved = new Map(uploads.flatMap(({ from, attachment }) => (attachment === null ? [] : [[from, attachment.url] as const])));
    const tokens = uploads.map(({ token }) => token);
    return { body: { html_body: htmlOf(content, moved, wording), public: open, ...(tokens.length > 0 && { uploads: tokens }) }, uploads };
  }

  /** The new comment as the answer shows it; from the audits where the answer has none. */
  async function commentIn(answer: Answer, ticketId: string, key: string, sent: { readonly html: string; readonly open: boolean; readonly uploads: readonly Upload[] }): Promise<Comment> {
    const { audit } = updated(answer);
    const event = audit?.events.find(({ type }) => type === 'Comment');
    const id = event?.id ?? (await lookedFor(() => reads.commentByKey(ticketId, key)));
    if (id === null) throw new DeskFailure('surprise', 'the answer does not show the new comment', { status: answer.status });
    const raw: ZendeskComment = {
      id,
      html_body: event?.html_body ?? sent.html,
      public: event?.public ?? sent.open,
      author_id: event?.author_id ?? audit?.author_id ?? null,
      created_at: audit?.created_at ?? null,
      attachments: event?.attachments ?? [],
    };
    return fromComment(raw, { who: people.told, base, key, files: filesOf(sent.uploads) });
  }

  function told(answer: Answer, sent: Record<string, unknown>, ticket: ZendeskTicket): readonly Warning[] {
    const header = answer.headers['x-zendesk-api-warn'];
    if (header !== undefined) world.log.warn('zendesk.dropped_keys', { warning: String(header).slice(0, 300) });
    return shortfalls(header === undefined ? '' : String(header), sent, ticket, lore);
  }

  /** A write that names uploads may be answered 404 because of them: then the ticket is still there, and they are made anew. */
  async function sent(method: 'POST' | 'PUT', path: string, sending: Parameters<Http['send']>[2], named: { readonly key: string; readonly uploads: readonly Upload[]; readonly ticket: string | null }): Promise<Answer> {
    try {
      const answer = await http.send(method, path, sending);
      if (named.uploads.length > 0) store.forget(named.key);
      return answer;
    } catch (error) {
      if (!(error instanceof DeskFailure)) throw error;
      if (named.ticket !== null && error.status === 409) seen.forget(named.ticket);
      if (named.uploads.length > 0 && (error.kind === 'refused' || error.kind === 'missing')) store.forget(named.key);
      if (error.kind !== 'missing') throw error;
      if (named.ticket === null) throw new DeskFailure(named.uploads.length > 0 ? 'unavailable' : 'refused', error.message, { status: error.status, code: error.code });
      if (named.uploads.length === 0) throw error;
      await presentOf(named.ticket);
      throw new DeskFailure('unavailable', `not done: ${error.message}; the ticket is there, so an upload was not found`, { status: error.status, code: error.code });
    }
  }

  const writes: Writes = {
    async createTicket(fields, key, files = [], follows) {
      const sending = await ready(fields, null);
      const { held, resolved, copied } = sending;
      const open = fields.public ?? true;
      const words = firstWords(fields, held);
      const { body: comment, uploads } = await composed(words, open, key, files);
      const ticket: Record<string, unknown> = {
        ...toPatch(held, resolved, lore),
        ...copied.wire,
        ...(held.submitter != null && follows === undefined && { submitter_id: wireId(held.submitter) }),
        external_id: key,
        comment,
        // A private first comment is a comment like others; only what is a description bears our mark.
        ...(open && { metadata: { deskmesh_key: key } }),
        // What follows a ticket would inherit its tags.
        ...(follows !== undefined && { via_followup_source_id: wireId(follows), tags: held.tags ?? [] }),
      };
      // The key is kept for two hours: a repetition within gives the first answer again.
      const headers = { 'idempotency-key': key };
      const answer = await sent('POST', '/tickets', { json: { ticket }, headers }, { key, uploads, ticket: null }).catch((error: unknown) => anotherBody(error, key));
      if ('id' in answer) return { id: answer.id, ticket: answer, warnings: sending.warnings };
      const { ticket: raw, audit } = updated(answer);
      const event = audit?.events.find(({ type }) => type === 'Comment');
      if (event !== undefined) meetFirst(raw, event, uploads);
      const shown = shownBy(raw, sending);
      const warnings = [...sending.warnings, ...told(answer, ticket, raw), ...(event?.html_body == null ? [] : cutWarning(String(comment.html_body), event.html_body, 'description'))];
      return { id: shown.id, ticket: shown, warnings: [...warnings, ...(shown.attachments === undefined ? [] : notTaken(uploads, shown.attachments))] };
    },

    async updateTicket(id, patch, along) {
      const late: Warning[] = AT_CREATE_ONLY.filter((field) => patch[field] != null).map((field) => ({ field, reason: 'Zendesk takes it only when a ticket is created' }));
      let possible = without(patch, AT_CREATE_ONLY);
      if (possible.due_at !== undefined && possible.ticket_type === undefined && (seen.type(id) ?? 'task') !== 'task') {
        if (possible.due_at !== null) late.push(NOT_A_TASK);
        possible = without(possible, ['due_at']);
      }
      const sending = await ready(possible, id);
      const ticket: Record<string, unknown> = { ...toPatch(sending.held, sending.resolved, lore), ...sending.copied.wire };
      const warnings: Warning[] = [...sending.warnings, ...late];
      if (Object.keys(ticket).length === 0 && along === undefined) return { id, ticket: null, warnings };
      const stamp = replacesLists(ticket) ? seen.stamp(id) : null;
      // Whole lists are replaced: not if somebody changed the ticket after it was read for this.
      if (stamp !== null) Object.assign(ticket, { safe_update: true, updated_stamp: stamp });
      const said = along === undefined ? null : await composed(along.draft.content, along.draft.public, along.key, along.files);
      if (along !== undefined && said !== null) Object.assign(ticket, { comment: said.body, metadata: { deskmesh_key: along.key } });
      const answer = await sent('PUT', ticketPath(id), { json: { ticket } }, { key: along?.key ?? '', uploads: said?.uploads ?? [], ticket: id });
      const raw = updated(answer).ticket;
      const shown = shownBy(raw, sending);
      warnings.push(...told(answer, ticket, raw));
      if (ticket.due_at != null && shown.due_at === undefined) warnings.push(NOT_A_TASK);
      if (along === undefined || said === null) return { id, ticket: shown, warnings };
      const comment = await commentIn(answer, id, along.key, { html: String(said.body.html_body), open: along.draft.public, uploads: said.uploads });
      warnings.push(...cutWarning(String(said.body.html_body), comment.content, 'content'), ...notTaken(said.uploads, comment.attachments));
      return { id, ticket: shown, warnings, comment };
    },

    async createComment(ticketId, draft, key, files = []) {
      const { comment, warnings } = await writes.updateTicket(ticketId, {}, { draft, key, files });
      if (comment == null) throw new DeskFailure('surprise', 'the answer does not show the new comment');
      return { comment, warnings };
    },

    /** Comments cannot be edited; a public one can be made private, for good. */
    async updateComment(ticketId, commentId, draft) {
      if (draft.public) throw new DeskFailure('refused', 'Zendesk cannot change the text of a comment');
      await http.send('PUT', `${ticketPath(ticketId)}/comments/${encodeURIComponent(commentId)}/make_private`, BARE);
      const comment = await lookedFor(() => commentById(reads, ticketId, commentId));
      if (comment === null) throw new DeskFailure('missing', 'the comment is not in the ticket');
      return { comment, warnings: [] };
    },

    async deleteTicket(id) {
      await http.send('DELETE', ticketPath(id), BARE);
    },

    async restoreTicket(id) {
      await http.send('PUT', `/deleted_tickets/${encodeURIComponent(id)}/restore`, BARE);
    },
  };
  return writes;

  /** A key that was used before with another body: its ticket is there, or soon will be. */
  async function anotherBody(error: unknown, key: string): Promise<Ticket> {
    if (!(error instanceof DeskFailure) || error.code !== 'IdempotentRequestError') throw error;
    const found = await reads.find(key, world.now()).catch(() => null);
    if (found === null) throw error;
    return found;
  }

  function meetFirst(raw: ZendeskTicket, event: ZendeskAudit['events'][number], uploads: readonly Upload[]): void {
    firsts.set(String(raw.id), raw.description, { public: event.public === true, ...readText(event, base, filesOf(uploads)) });
  }
}

/** Whether an update gives a list as a whole, and so takes away what was added to it meanwhile. */
function replacesLists({ tags, custom_fields: custom }: Readonly<Record<string, unknown>>): boolean {
  return tags !== undefined || (Array.isArray(custom) && custom.some((one: unknown) => Array.isArray(Reflect.get(Object(one), 'value'))));
}

/** An answer leaves out the files that the text shows as images; the upload's own answer told of them. */
function filesOf(uploads: readonly Upload[]): readonly Attachment[] {
  return uploads.flatMap(({ attachment }) => attachment ?? []);
}

function cutWarning(sent: string, shown: string, field: string): readonly Warning[] {
  return sent.length > 16_384 && wasCut(sent, shown) ? [{ field, reason: 'Zendesk kept only the beginning of the text' }] : [];
}

function nameOf({ email, user_id: id }: Person): string {
  return email === null ? `user ${id ?? ''}` : email;
}

/** The write was done: whatever goes wrong after it leaves it unsure. */
async function lookedFor<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof DeskFailure)) throw error;
    throw new DeskFailure('unsure', `done, but the look at it failed: ${error.message}`, { status: error.status });
  }
}

async function commentById(reads: Reads, ticketId: string, commentId: string): Promise<Comment | null> {
  for (let page: string | null = null; ; ) {
    const { items, next }: Awaited<ReturnType<Reads['listComments']>> = await reads.listComments(ticketId, page);
    const found = items.find(({ id }) => id === commentId);
    if (found !== undefined || next === null) return found ?? null;
    page = next;
  }
}
