/**
 * The ticket with a key, by the mark in its first message. Two ways to it, since neither the search's reach nor its delay is
 * documented: the filter over bodies, and the tickets that were made since, nearest first.
 */
import type { Ticket } from '../../core/model.ts';
import { DeskFailure } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import type { Http } from '../kit/http.ts';
import { isoTime } from '../kit/time.ts';
import { PER_PAGE, readPages } from './feed.ts';
import { manyTickets, type HelpspaceTicket } from './shapes.ts';
import { byId } from './thread.ts';

/** How far the desk's clock may be from ours. */
const REACH_MS = 300_000;
const DAY_MS = 86_400_000;
const MOST_LIST_PAGES = 40;
const MOST_OPENED = 200;

export interface Finding {
  readonly http: Http;
  readonly world: World;
  readonly key: string;
  readonly sentAt: number;
  /** The whole ticket, with its key. */
  open(raw: HelpspaceTicket): Promise<Ticket>;
  /** The key of a ticket that was read lately, null if it has none; undefined if that is not known. */
  known(id: string): string | null | undefined;
}

/**
 * Null only if every ticket that it could be has been opened; where these are too many, if the filter, which was seen to filter,
 * does not know it. In the trash, too, as far as lists show that.
 */
export async function findTicket({ http, world, key, sentAt, open, known }: Finding): Promise<Ticket | null> {
  const get = (path: string) => http.get(path);
  const from = day(sentAt - REACH_MS - DAY_MS);
  const until = day(Math.max(world.now(), sentAt) + 2 * DAY_MS);
  const made = `/tickets?per-page=${PER_PAGE}&created-between=${from}%2F${until}`;
  const opened = new Set<string>();
  /** The first ticket with the key, null if it is none of these, or how many could not be opened. */
  const among = async (rows: readonly HelpspaceTicket[]): Promise<Ticket | null | number> => {
    const closed = candidates(rows, sentAt).filter(({ id }) => !opened.has(String(id)) && isOpen(known(String(id)), key));
    // Of a doubled one the first.
    const now = closed.slice(0, MOST_OPENED - opened.size).sort(byId);
    for (const raw of now) {
      opened.add(String(raw.id));
      const ticket = await opening(open, raw);
      if (ticket?.key === key) return ticket;
    }
    return closed.length === now.length ? null : closed.length - now.length;
  };

  // What quotes the key has it in its text as well, so even what the filter finds is opened.
  const filtered = await readPages(get, `${made}&body[]=${key}`, manyTickets, MOST_LIST_PAGES);
  const named = await among(filtered);
  if (typeof named === 'object' && named !== null) return named;
  const all = await readPages(get, made, manyTickets, MOST_LIST_PAGES);
  const found = await among(all);
  if (typeof found !== 'number') return found;
  if (named === null && filtered.length < all.length) return null;
  throw new DeskFailure('unavailable', `${found} more tickets than can be opened may be the one that was made`);
}

/** Made at the right time, nearest first. */
function candidates(rows: readonly HelpspaceTicket[], sentAt: number): readonly HelpspaceTicket[] {
  const near = (raw: HelpspaceTicket): number => Math.abs(timeOf(raw) - sentAt);
  return rows.filter((raw) => !(timeOf(raw) < sentAt - REACH_MS)).sort((a, b) => near(a) - near(b) || 0);
}

/** Whether it may still be the one: it was not read lately, or was and is. */
function isOpen(known: string | null | undefined, key: string): boolean {
  return known === undefined || known === key;
}

/** Null if it is gone since. */
async function opening(open: Finding['open'], raw: HelpspaceTicket): Promise<Ticket | null> {
  try {
    return await open(raw);
  } catch (error) {
    if (error instanceof DeskFailure && error.kind === 'missing') return null;
    throw error;
  }
}

function timeOf(raw: HelpspaceTicket): number {
  return Date.parse(isoTime(raw.created_at) ?? '');
}

function day(ms: number): string {
  return new Date(Math.max(0, ms)).toISOString().slice(0, 10);
}
