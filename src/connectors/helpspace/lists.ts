/**
 * The list of tickets as somebody reads it: every one that was there, once, whatever moves meanwhile. In which order it comes is not
 * documented; should it be by change, what changes while it is read goes to its front, so the front is looked at again in the end.
 */
import type { Ticket } from '../../core/model.ts';
import { DeskFailure, type Page, type TicketQuery } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { notDone } from '../kit/failure.ts';
import { parseJson, type Answer, type Http } from '../kit/http.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import { memory } from '../kit/remember.ts';
import { maybe, object } from '../kit/shape.ts';
import { isoTime } from '../kit/time.ts';
import type { Directory } from './directory.ts';
import { PER_PAGE, turn, type Place } from './feed.ts';
import { wordsOf, type Words } from './map.ts';
import { manyTickets, type HelpspaceTicket } from './shapes.ts';

interface Reading extends Place {
  /** Which reading of the list this is: what it has given is remembered under it. */
  readonly list: string;
  /** When the first page was read, by the desk's clock in epoch milliseconds; null if it does not say. */
  readonly since: number | null;
  /** All pages were read: now those at the front that have changed since. */
  readonly front: boolean;
  /** The ids that were given last, should the memory be gone. */
  readonly given: readonly string[];
}

const MOST_GIVEN = 100;
const MOST_LISTS = 16;
const REMEMBERED_MS = 3_600_000;

const asReading = maybe<Reading>(
  object(
    {
      page: { type: 'integer', minimum: 1 },
      total: { type: ['integer', 'null'], minimum: 0 },
      list: { type: 'string', maxLength: 100 },
      since: { type: ['number', 'null'] },
      front: { type: 'boolean' },
      given: { type: 'array', items: { type: 'string' }, maxItems: MOST_GIVEN },
    },
    ['page', 'total', 'list', 'since', 'front', 'given'],
  ),
);

export interface ListParts {
  readonly http: Http;
  readonly world: World;
  readonly directory: Directory;
  words(): Words;
  read(raw: HelpspaceTicket): Ticket;
}

export function openLists({ http, world, directory, words, read }: ListParts): (page: string | null, query?: TicketQuery) => Promise<Page<Ticket>> {
  const memories = memory<Set<string>>({ max: MOST_LISTS, ttlMs: REMEMBERED_MS, now: () => world.now() });
  let lists = 0;

  const begin = (): Reading => {
    const list = `${world.id()}-${(lists += 1)}`;
    memories.set(list, new Set());
    return { page: 1, total: null, list, since: null, front: false, given: [] };
  };

  return async (page, query = {}) => {
    const at = openPage(page);
    const narrowed = await narrow(query);
    if (narrowed === null) return { items: [], next: null };
    const reading = at.cursor === null ? begin() : asReading(parseJson(at.cursor));
    if (reading === null) throw new DeskFailure('refused', 'this is not a page token of ours');
    let answered: Answer | null = null;
    const get = async (path: string): Promise<Answer> => (answered = await http.get(path));
    const { rows, next } = await turn(get, narrowed.path, manyTickets, reading);
    const given = memories.get(reading.list) ?? new Set(reading.given);
    const shown = reading.front ? rows.filter((row) => changedSince(row, reading.since)) : rows;
    const fresh = shown.filter(({ id }) => !given.has(String(id)));
    for (const { id } of fresh) given.add(String(id));
    const on = { ...reading, since: reading.since ?? dateOf(answered), given: [...reading.given, ...fresh.map(({ id }) => String(id))].slice(-MOST_GIVEN) };
    const cursor = following(on, next, shown.length > 0);
    return {
      items: fresh.map(read).filter((ticket) => !ticket.is_deleted && narrowed.fits(ticket)),
      next: nextPage(at, cursor === null ? null : JSON.stringify(cursor)),
    };
  };

  /** The list's path, and what is left to be looked at; null where nobody can be meant. */
  async function narrow({ status, assignee }: TicketQuery): Promise<{ readonly path: string; fits(ticket: Ticket): boolean } | null> {
    const known = status === undefined ? [] : wordsOf(status, words());
    // Whether several words are alternatives is not documented, and what nobody knows reads as open: one known word is asked for, others are picked out.
    const [word] = status === 'open' || known.length !== 1 ? [] : known;
    let id: string | undefined;
    if (assignee !== undefined) {
      await notDone(() => directory.prepare({ assignee }));
      const { agents } = directory.known();
      id = assignee.user_id ?? agents?.find(({ email }) => email?.toLowerCase() === assignee.email?.trim().toLowerCase())?.user_id ?? undefined;
      if (id === undefined) return null;
    }
    const path = [`/tickets?per-page=${PER_PAGE}`, ...(word === undefined ? [] : [`status[]=${encodeURIComponent(word)}`]), ...(id === undefined ? [] : [`assignees[]=${encodeURIComponent(id)}`])].join('&');
    return { path, fits: (ticket) => (status === undefined || ticket.status === status) && (id === undefined || ticket.assignee?.user_id === id) };
  }
}

/** The next page; after the last one the front, unless one page was all. */
function following(reading: Reading, next: Place | null, more: boolean): Reading | null {
  if (next !== null && (!reading.front || more)) return { ...reading, ...next };
  if (reading.front || reading.page === 1 || reading.since === null) return null;
  return { ...reading, page: 1, total: null, front: true };
}

/** The desk's times are whole seconds, so what changed in that very second counts. */
function changedSince({ updated_at: at }: HelpspaceTicket, since: number | null): boolean {
  const time = Date.parse(isoTime(at) ?? '');
  return since === null || !(time < since - 1_000);
}

function dateOf(answer: Answer | null): number | null {
  const time = Date.parse(answer?.headers.date ?? '');
  return Number.isNaN(time) ? null : time;
}
