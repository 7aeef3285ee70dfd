/** The calls to a ticket's messages: another API than that of tickets, for signed-in users. https://airclou.com/api/helpdesk/messages */
import type { Comment, CommentDraft, FileDraft, Person, Warning } from '../../core/model.ts';
import { DeskFailure, type Page, type WrittenComment } from '../../ports/connector.ts';
import type { Answer, Http } from '../kit/http.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import type { Raws } from '../kit/raws.ts';
import { bytes } from '../kit/text.ts';
import { fromMessage, isDescription, toFirstMessage, toMessage } from './message-map.ts';
import { manyMessages, oneMessage, unwrapMessage, unwrapMessages, type HelpdeskMessage } from './shapes.ts';
import type { Words } from './words.ts';

const PER_PAGE = 100;

export interface Messages {
  list(ticketId: string, page: string | null): Promise<Page<Comment>>;
  /** The oldest message of a ticket that is there. */
  oldest(ticketId: string): Promise<HelpdeskMessage | undefined>;
  create(ticketId: string, draft: CommentDraft, key: string, files: readonly FileDraft[]): Promise<WrittenComment>;
  describe(ticketId: string, description: string, ccs: readonly Person[]): Promise<HelpdeskMessage>;
  /** Proves the session: nobody but a user gets past the door. */
  prove(ticketId: string): Promise<void>;
}

export interface MessagesParts {
  /** Speaks as a user; null where the account has no session. */
  readonly http: Http | null;
  readonly raws: Raws;
  readonly mostBytes: number;
  words(): Words;
  /** Rejects unless the ticket is there. */
  proveTicket(id: string): Promise<unknown>;
}

export function openMessages({ http, raws, mostBytes, words, proveTicket }: MessagesParts): Messages {
  const door = (): Http => {
    if (http === null) throw new DeskFailure('refused', 'Helpdesk shows messages to users only: this account has no session_token');
    return http;
  };
  const query = (ticketId: string, page: number, limit: number): string =>
    `/messages?ticket_id=${encodeURIComponent(ticketId)}&page=${page}&limit=${limit}&sort_order=asc`;

  /** A 404 of the messages is the ticket's only if the ticket says so itself. */
  const read = async (ticketId: string, page: number, limit: number): Promise<readonly HelpdeskMessage[]> => {
    const answer = await door()
      .get(query(ticketId, page, limit))
      .catch(async (error: unknown): Promise<Answer> => {
        if (!(error instanceof DeskFailure) || error.kind !== 'missing') throw error;
        await proveTicket(ticketId);
        throw new DeskFailure('surprise', `the ticket is there, its messages are not: ${error.message}`, { status: error.status, code: error.code });
      });
    return unwrapMessages(manyMessages(answer));
  };

  return {
    async list(ticketId, page) {
      door();
      const turn = openPage(page);
      const number = turn.cursor === null ? 1 : Number(turn.cursor);
      const rows = await read(ticketId, number, PER_PAGE);
      const comments = words().description_message === true && number === 1 && isDescription(rows[0]) ? rows.slice(1) : rows;
      return { items: comments.map((raw) => raws.keep(fromMessage(raw, words()), raw)), next: nextPage(turn, rows.length < PER_PAGE ? null : String(number + 1)) };
    },

    oldest: async (ticketId) => (await read(ticketId, 1, 1))[0],

    async create(ticketId, draft, key, files) {
      const json = toMessage(ticketId, draft, key);
      const sender = door();
      const length = bytes(String(json.content));
      if (length > mostBytes) throw new DeskFailure('refused', `a message of ${length} bytes is longer than the ${mostBytes} that are allowed here`);
      const raw = unwrapMessage(oneMessage(await sender.send('POST', '/messages', { json })));
      return { comment: raws.keep(fromMessage({ ...json, ...raw }, words()), raw), warnings: unwrittenFiles(files) };
    },

    async describe(ticketId, description, ccs) {
      const json = toFirstMessage(ticketId, description, ccs);
      return { ...json, ...unwrapMessage(oneMessage(await door().send('POST', '/messages', { json }))) };
    },

    async prove(ticketId) {
      try {
        await door().get(query(ticketId, 1, 1));
      } catch (error) {
        // Whatever the desk has against the question: it was put by somebody whom it knows.
        if (!(error instanceof DeskFailure) || (error.kind !== 'missing' && error.kind !== 'refused')) throw error;
      }
    },
  };
}

/** A message takes files by token, and how a token is had is not documented. */
export function unwrittenFiles(files: readonly FileDraft[]): readonly Warning[] {
  if (files.length === 0) return [];
  return [{ field: 'attachments', reason: `left out, since the vendor does not document how files are uploaded: ${files.map(({ filename }) => filename).join(', ').slice(0, 300)}` }];
}
