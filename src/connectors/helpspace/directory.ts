/**
 * What one HelpSpace has besides tickets: tags, agents, teams, and its channels as far as tickets show them. Learnt now and then,
 * and asked for again where a write names something that is not known. https://documentation.helpspace.com/api-tags
 */
import type { Person, TicketFields } from '../../core/model.ts';
import { DeskFailure } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { ifAllowed, notDone } from '../kit/failure.ts';
import type { Answer, Http } from '../kit/http.ts';
import { memory } from '../kit/remember.ts';
import { readPages } from './feed.ts';
import { fromPerson } from './map.ts';
import type { Settings } from './settings.ts';
import { manyPeople, manyTags, manyTickets, oneCustomer, type HelpspaceTicket, type Id, type Listed } from './shapes.ts';

/** What is known to exist; null where nobody has told yet, or may. */
export interface Known {
  /** A tag's own spelling by its lower-case name; null for one that is not for tickets. */
  readonly tags: ReadonlyMap<string, string | null> | null;
  readonly agents: readonly Person[] | null;
  readonly teams: readonly { readonly id: string; readonly name: string }[] | null;
}

export interface Directory {
  known(): Known;
  learn(): Promise<void>;
  /** What a write of `fields` has to know: asked for if it is not known, or if it is not found and the answer is old. */
  prepare(fields: TicketFields): Promise<void>;
  /** Makes those of these tags that do not exist, and gives those that could not be made. */
  makeTags(names: readonly string[]): Promise<readonly string[]>;
  /** The channel of new tickets. */
  channel(): Promise<Id>;
  /** A customer by HelpSpace's own id; null if there is none. */
  customer(id: string): Promise<Person | null>;
}

/** A desk without a channel to learn is asked again this often. */
const NO_CHANNEL_MS = 60_000;
const AGAIN_AFTER_MS = 120_000;
const MOST_LIST_PAGES = 40;
const MOST_NEW_TAGS = 20;
/** As one page names them, the other, and for everything. */
const FOR_TICKETS: readonly string[] = ['ticket', 'tickets', 'all'];

type Get = (path: string) => Promise<Answer>;

export function openDirectory(http: Http, settings: Settings, world: World): Directory {
  let tags: Known['tags'] = null;
  let agents: Known['agents'] = null;
  let teams: Known['teams'] = null;
  let channel: Id | null = null;
  const asked = { tags: 0, agents: 0, teams: 0 };
  const customers = memory<{ readonly person: Person | null }>({ max: 5_000, ttlMs: AGAIN_AFTER_MS, now: () => world.now() });

  const everything = async <T>(get: Get, path: string, read: (answer: Answer) => Listed<T>): Promise<readonly T[] | null> => {
    return ifAllowed(readPages(get, path, read, MOST_LIST_PAGES));
  };

  const loaders: Readonly<Record<keyof Known, (get: Get) => Promise<void>>> = {
    async tags(get) {
      const found = await everything(get, '/tags?per-page=50', manyTags);
      if (found === null) return;
      const next = new Map<string, string | null>();
      for (const { name, type } of found) {
        const lower = name.trim().toLowerCase();
        const usable = type == null || FOR_TICKETS.includes(type);
        if (usable || !next.has(lower)) next.set(lower, usable ? name.trim() : null);
      }
      tags = next;
    },
    async agents(get) {
      const found = await everything(get, '/agents?per-page=50', manyPeople);
      if (found !== null) agents = found.map(fromPerson);
    },
    async teams(get) {
      const found = await everything(get, '/teams?per-page=50', manyPeople);
      if (found !== null) teams = found.map(({ id, name }) => ({ id: String(id), name: name?.trim() ?? '' }));
    },
  };

  const load = async (what: keyof Known, get: Get): Promise<void> => {
    await loaders[what](get);
    asked[what] = world.now();
  };

  /** Whether every name that the fields use is found; true for what they do not use. */
  const found: Readonly<Record<keyof Known, (fields: TicketFields) => boolean>> = {
    tags: (fields) => (fields.tags ?? []).every((tag) => tags !== null && tags.has(tag.trim().toLowerCase())),
    agents: ({ assignee }) =>
      assignee == null || (agents ?? []).some(({ email, user_id: id }) => (assignee.email ? email?.toLowerCase() === assignee.email.trim().toLowerCase() : id === assignee.user_id)),
    teams: ({ group }) => group == null || (teams ?? []).some(({ id, name }) => id === group.trim() || name.toLowerCase() === group.trim().toLowerCase()),
  };

  const learnChannel = async (get: Get): Promise<void> => {
    const { data } = manyTickets(await get('/tickets?per-page=50'));
    channel = commonest(data) ?? channel;
  };

  return {
    known: () => ({ tags, agents, teams }),

    async learn() {
      const get: Get = (path) => http.get(path);
      for (const what of ['tags', 'agents', 'teams'] as const) await load(what, get);
      if (settings.channel_id === undefined) await learnChannel(get);
    },

    async prepare(fields) {
      const due = (['tags', 'agents', 'teams'] as const).filter((what) => !found[what](fields) && world.now() - asked[what] >= AGAIN_AFTER_MS);
      await Promise.all(due.map((what) => notDone(() => load(what, (path) => http.look(path)))));
    },

    async makeTags(names) {
      const missing = names.filter((name) => tags?.has(name.toLowerCase()) !== true);
      const now = missing.slice(0, MOST_NEW_TAGS);
      const made = await Promise.all(now.map((name) => notDone(() => makeTag(name))));
      return [...now.filter((_name, i) => made[i] === false), ...missing.slice(MOST_NEW_TAGS)];
    },

    async channel() {
      if (settings.channel_id !== undefined) return settings.channel_id;
      if (channel === null) await notDone(() => learnChannel((path) => http.look(path)));
      if (channel !== null) return channel;
      // The first ticket that somebody makes there ends it, so it is no refusal for good; and it is no reason to leave the account alone.
      throw new DeskFailure('throttled', 'there is no ticket yet to learn a channel from: set channel_id in this account’s settings', {
        code: 'no_channel', retryAt: world.now() + NO_CHANNEL_MS, reach: 'call',
      });
    },

    async customer(id) {
      const ask = async (): Promise<{ readonly person: Person | null }> => {
        const answer = await ifAllowed(http.look(`/customers/${encodeURIComponent(id)}`));
        return { person: answer === null ? null : fromPerson(oneCustomer(answer).data) };
      };
      return (await notDone(() => customers.recall(id, ask))).person;
    },
  };

  /** False if HelpSpace does not want it: there may be one for something else. */
  async function makeTag(name: string): Promise<boolean> {
    try {
      await http.send('POST', '/tags', { json: { name, type: 'all' } });
    } catch (error) {
      if (error instanceof DeskFailure && error.kind === 'refused') return false;
      throw error;
    }
    tags = new Map(tags ?? []).set(name.toLowerCase(), name);
    return true;
  }
}

function commonest(tickets: readonly HelpspaceTicket[]): Id | null {
  const counts = new Map<Id, number>();
  for (const { channel } of tickets) if (channel != null) counts.set(channel.id, (counts.get(channel.id) ?? 0) + 1);
  let best: Id | null = null;
  for (const [id, count] of counts) if (best === null || count > (counts.get(best) ?? 0)) best = id;
  return best;
}
