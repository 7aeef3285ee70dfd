/** Replies and notes. REST API v2: https://developers.freshdesk.com/api/#conversations */
import type { Comment, CommentDraft, Warning } from '../../core/model.ts';
import { DeskFailure, type FileSource, type Page, type WrittenComment } from '../../ports/connector.ts';
import { notDone } from '../kit/failure.ts';
import type { Answer } from '../kit/http.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import { memory } from '../kit/remember.ts';
import { bytes } from '../kit/text.ts';
import type { Connection } from './connection.ts';
import { sendCorrected, type Attempt } from './correct.ts';
import { hasNext } from './feed.ts';
import { isFull, leftBehind, sendingOf } from './files.ts';
import { manyConversations, oneConversation, type FreshdeskConversation } from './shapes.ts';
import { fromConversation, isAutomatic, leftLine, leftLineIn, mergedInto, SURVEY, toBody, toStructured, wordsOf } from './texts.ts';
import type { Tickets } from './tickets.ts';

export interface Comments {
  /** Oldest first. */
  list(ticketId: string, page: string | null): Promise<Page<Comment>>;
  create(ticketId: string, draft: CommentDraft, key: string, files: readonly FileSource[]): Promise<WrittenComment>;
  update(ticketId: string, commentId: string, draft: CommentDraft): Promise<WrittenComment>;
  delete(commentId: string): Promise<void>;
  /** One comment as it is now, but for its author; null if the ticket does not have it. */
  find(ticketId: string, commentId: string): Promise<Comment | null>;
}

/** What is known of a comment that an edit must keep. */
interface Known {
  readonly key: string | null;
  readonly public: boolean;
  /** The line below its words about files that could not be attached. */
  readonly left: string;
}

/** Half of what the desk would give: mails are long, and an answer has its bounds. */
const PER_PAGE = 50;
const MOST_PAGES = 100;
const REMEMBERED_MS = 3_600_000;
/** So that an edit still ends within the longest time of a call. */
const LOOK_BEFORE_EDIT_MS = 5_000;
/** Chats and mobile tickets, whose first message is their description once more. */
const CHATS: ReadonlySet<number> = new Set([7, 8, 13, 15]);
const NO_FILES = 'this chat takes words alone';
const RULE = { user_id: null, email: null, name: 'Freshdesk automation' };

export function openComments(connection: Connection, tickets: Tickets, note: (ticketId: string, comment: Comment) => void): Comments {
  const { http, people, settings, path, now, raws } = connection;
  const comments = memory<Known>({ max: 20_000, ttlMs: REMEMBERED_MS, now });
  /** Whether a ticket's answers to the customer are structured; learnt from the first that was taken. */
  const chats = memory<boolean>({ max: 5_000, ttlMs: REMEMBERED_MS, now });

  const met = (raw: FreshdeskConversation, ticketId: string): Comment => {
    const comment = fromConversation(raw, null);
    comments.set(comment.id, { key: comment.key, public: comment.public, left: leftLineIn(raw) });
    note(ticketId, comment);
    return comment;
  };

  /** What a write was answered with. Nothing more is asked: the write is done, whoever else does not answer now. */
  const wrote = (raw: FreshdeskConversation, ticketId: string): Comment => {
    const author = raw.user_id == null ? null : (people.remembered(raw.user_id) ?? { user_id: String(raw.user_id), email: null, name: null });
    return raws.keep({ ...met(raw, ticketId), author }, raw);
  };

  const shown = async (raw: FreshdeskConversation, ticketId: string): Promise<Comment> => {
    const unsigned = met(raw, ticketId);
    if (isAutomatic(raw)) return raws.keep({ ...unsigned, author: RULE }, raw);
    // Who wrote our own is no question worth a call.
    const author = unsigned.key === null ? await people.author(raw) : raw.user_id == null ? null : { user_id: String(raw.user_id), email: null, name: null };
    return raws.keep({ ...unsigned, author }, raw);
  };

  async function rows(ticketId: string, page: number): Promise<Answer> {
    const query = `?per_page=${PER_PAGE}&page=${page}`;
    try {
      return await http.get(`${path(ticketId)}/conversations${query}`);
    } catch (error) {
      if (!(error instanceof DeskFailure) || error.kind !== 'missing') throw error;
      // What the archive has is read there; if it has it not either, the ticket is gone.
      return http.get(`/tickets/archived/${encodeURIComponent(ticketId)}/conversations${query}`).catch((other: unknown) => {
        throw other instanceof DeskFailure && (other.status === 403 || other.kind === 'missing') ? error : other;
      });
    }
  }

  const wanted = (raw: FreshdeskConversation): boolean => (settings.survey_answers || raw.source !== SURVEY) && (settings.automatic_comments || !isAutomatic(raw));

  /** A chat's first message, if it says what the description says. */
  async function repeated(ticketId: string, first: FreshdeskConversation | undefined): Promise<FreshdeskConversation | null> {
    if (first?.incoming !== true) return null;
    let seen = connection.seen(ticketId);
    if (seen === undefined) {
      await tickets.get(ticketId);
      seen = connection.seen(ticketId);
    }
    if (seen?.source == null || !CHATS.has(seen.source)) return null;
    const words = wordsOf(fromConversation(first, null).content);
    return words !== '' && words === wordsOf(seen.description) ? first : null;
  }

  async function list(ticketId: string, page: string | null): Promise<Page<Comment>> {
    const turn = openPage(page);
    const number = turn.cursor === null ? 1 : Number(turn.cursor);
    const answer = await rows(ticketId, number);
    const all = manyConversations(answer);
    const twice = number === 1 ? await repeated(ticketId, all[0]) : null;
    const items = await Promise.all(all.filter((raw) => raw !== twice && wanted(raw)).map((raw) => shown(raw, ticketId)));
    for (const comment of items) {
      const raw = all.find(({ id }) => String(id) === comment.id);
      const merged = raw === undefined ? null : mergedInto(raw, comment, settings.merge_note);
      if (merged !== null && merged !== ticketId) connection.merges.set(ticketId, merged);
    }
    return { items, next: nextPage(turn, hasNext(answer) ? String(number + 1) : null) };
  }

  async function find(ticketId: string, commentId: string): Promise<Comment | null> {
    for (let page = 1; page <= MOST_PAGES; page += 1) {
      const answer = await rows(ticketId, page);
      const found = manyConversations(answer).find(({ id }) => String(id) === commentId);
      if (found !== undefined) return met(found, ticketId);
      if (!hasNext(answer)) return null;
    }
    return null;
  }

  /** A note, seen by the customer or not; a reply, which is mailed, only where the account says so. */
  async function create(ticketId: string, draft: CommentDraft, key: string, files: readonly FileSource[]): Promise<WrittenComment> {
    const reply = draft.public && settings.public_comments === 'reply';
    const text = toBody(draft, key);
    refuseLong(text, settings.max_comment_bytes);
    const pace = connection.pace(files.length > 0);
    const privacy = reply ? {} : { private: !draft.public };
    let structured = draft.public && chats.get(ticketId) === true;
    let otherForm = draft.public;
    let sent = files;
    let left: readonly string[] = [];
    const attemptOf = (): Attempt['body'] => {
      const body = toBody(draft, key, leftLine(left));
      return { ...(structured ? { structured_body: toStructured(body) } : { body }), ...privacy };
    };
    const leave = (reasons: readonly Warning[]): readonly Warning[] => {
      left = [...left, ...sent.map(({ filename }) => filename)];
      sent = [];
      return reasons;
    };
    // A form has no way to say structured words.
    const first = structured && files.length > 0 ? leave(files.map(({ filename }) => ({ field: 'attachments', reason: `${filename}: ${NO_FILES}` }))) : [];
    const { answer, attempt } = await tickets.unlessArchived(
      ticketId,
      sendCorrected(
        { body: attemptOf(), warnings: first },
        async (body) => http.send('POST', `${path(ticketId)}/${reply ? 'reply' : 'notes'}`, await sendingOf(body, sent)),
        ({ warnings }, blames) => {
          if (isFull(blames) && sent.length > 0) {
            const behind = leave(leftBehind(sent, blames));
            return { body: attemptOf(), warnings: [...warnings, ...behind] };
          }
          // Chats and mobile tickets refuse HTML, and all others refuse structure; only the desk knows which is which.
          if (!otherForm || blames.length === 0 || !blames.every(({ key: field }) => field === 'body' || field === 'structured_body')) return null;
          otherForm = false;
          structured = !structured;
          const behind = structured ? leave(sent.map(({ filename }) => ({ field: 'attachments', reason: `${filename}: ${NO_FILES}` }))) : [];
          return { body: attemptOf(), warnings: [...warnings, ...behind] };
        },
        pace.inTime,
      ),
    );
    if (draft.public && (structured || chats.get(ticketId) === true)) chats.set(ticketId, structured);
    const raw = oneConversation(answer);
    if (!draft.public && raw.private === false) return takeBack(raw);
    return { comment: wrote({ ...raw, body: raw.body ?? text, private: raw.private ?? !draft.public }, ticketId), warnings: attempt.warnings };
  }

  /** A note that the desk shows to the customer though it was to be private: it is taken away at once, and that is said aloud. */
  async function takeBack({ id }: FreshdeskConversation): Promise<never> {
    await remove(String(id)).catch(() => undefined);
    throw new DeskFailure('refused', 'Freshdesk made a private note public, so it was deleted at once: see to it that this account can hold private notes');
  }

  /** The text of a note. Its visibility cannot change, so a text that must not be public is never written into a public note. */
  async function update(ticketId: string, commentId: string, draft: CommentDraft): Promise<WrittenComment> {
    const began = now();
    const known = comments.get(commentId) ?? (await notDone(() => lookUp(ticketId, commentId), { ofTarget: true }));
    if (known === null) throw new DeskFailure('missing', 'the ticket has no such comment');
    if (now() - began > LOOK_BEFORE_EDIT_MS) throw new DeskFailure('unavailable', 'not sent: looking at the comment took too long');
    if (known.public && !draft.public) throw new DeskFailure('refused', 'Freshdesk cannot make a public comment private');
    const body = toBody(draft, known.key, known.left);
    refuseLong(body, settings.max_comment_bytes);
    const raw = oneConversation(await http.send('PUT', `/conversations/${encodeURIComponent(commentId)}`, { json: { body } }).catch(notEditable));
    return { comment: wrote({ ...raw, body: raw.body ?? body, private: raw.private ?? !known.public }, ticketId), warnings: [] };
  }

  async function lookUp(ticketId: string, commentId: string): Promise<Known | null> {
    return (await find(ticketId, commentId)) === null ? null : (comments.get(commentId) ?? null);
  }

  async function remove(commentId: string): Promise<void> {
    await http.send('DELETE', `/conversations/${encodeURIComponent(commentId)}`);
  }

  return { list, create, update, delete: remove, find };
}

/** A reply cannot be changed, and neither can a note of a ticket in the trash: 405 tells both, and neither means that the comment is gone. */
function notEditable(error: unknown): never {
  if (!(error instanceof DeskFailure) || error.status !== 405) throw error;
  throw new DeskFailure('refused', 'Freshdesk changes notes only, not replies, and none of a ticket in the trash', { status: 405 });
}

/** Never cut in silence. */
function refuseLong(body: string, max: number): void {
  const length = bytes(body);
  if (length > max) throw new DeskFailure('refused', `a comment of ${length} bytes is longer than the ${max} that are allowed here`);
}
