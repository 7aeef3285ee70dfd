/** The messages of a ticket: read whole, since in which order they come is not documented, and told apart. */
import { DeskFailure } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import type { Http } from '../kit/http.ts';
import { memory } from '../kit/remember.ts';
import { PER_PAGE, readPages } from './feed.ts';
import { isPublic, type First, type Words } from './map.ts';
import { isDeleted, manyMessages, type HelpspaceMessage, type HelpspaceTicket } from './shapes.ts';

export interface Threads {
  /** The first message of a ticket, for its description; undefined where a ticket in the trash shows none any more. */
  first(ticket: HelpspaceTicket): Promise<First>;
  /** The messages that are comments. */
  rest(ticketId: string): Promise<readonly HelpspaceMessage[]>;
  /** A write is under way: what was read before does not count. */
  forget(ticketId: string): void;
}

const MOST_PAGES = 100;
/** A look is a ticket and then its messages: what the first read for the description, the second takes over. */
const HANDED_OVER_MS = 2_000;
/** What HelpSpace tells of itself among the messages, should it come unasked. */
const OTHER_TYPES: ReadonlySet<string> = new Set(['event', 'error', 'bounce', 'ai-summary']);

export function openThreads(http: Http, words: () => Words, world: World): Threads {
  const handed = memory<readonly HelpspaceMessage[] | null>({ max: 8, ttlMs: HANDED_OVER_MS, now: () => world.now() });

  /** By id, from the oldest. */
  const all = async (id: string): Promise<readonly HelpspaceMessage[]> => {
    const path = `/tickets/${encodeURIComponent(id)}/messages?per-page=${PER_PAGE}&additional-types[]=internal`;
    const told = await readPages((from) => http.get(from), path, manyMessages, MOST_PAGES);
    const said = new Map(told.filter(({ type }) => !OTHER_TYPES.has(type ?? '')).map((message) => [String(message.id), message]));
    return [...said.values()].sort(byId);
  };

  /** A private text never becomes a description, which all desks show. */
  const descriptionIn = (messages: readonly HelpspaceMessage[]): HelpspaceMessage | null => {
    const oldest = messages[0];
    return oldest !== undefined && isPublic(oldest, words()) ? oldest : null;
  };

  return {
    async first(ticket) {
      const id = String(ticket.id);
      try {
        const messages = await all(id);
        handed.set(id, messages);
        return descriptionIn(messages);
      } catch (error) {
        if (isDeleted(ticket) && error instanceof DeskFailure && error.kind === 'missing') return undefined;
        throw error;
      }
    },

    async rest(ticketId) {
      const before = handed.get(ticketId) ?? null;
      handed.set(ticketId, null);
      const messages = before ?? (await all(ticketId));
      const first = descriptionIn(messages);
      return messages.filter((message) => message !== first);
    },

    forget: (ticketId) => handed.set(ticketId, null),
  };
}

/** Ids are whole numbers that grow; beyond what a number holds they are texts. */
export function byId(a: { readonly id: number | string }, b: { readonly id: number | string }): number {
  const [left, right] = [String(a.id), String(b.id)];
  return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0);
}
