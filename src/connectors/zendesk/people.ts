/** Who is who on one Zendesk, remembered: users that answers brought along, and those looked up by e-mail address or id. */
import type { Person } from '../../core/model.ts';
import type { World } from '../../ports/world.ts';
import { ifAllowed, notDone } from '../kit/failure.ts';
import type { Http } from '../kit/http.ts';
import { memory } from '../kit/remember.ts';
import { fromUser, type Who } from './map.ts';
import { manyUsers, oneUser, type ZendeskUser } from './shapes.ts';

export interface People {
  /** Everybody whom an answer brought along is known from now on. */
  meet(users: readonly ZendeskUser[] | null | undefined): void;
  /** For an answer that brought its users along: whoever is not among them cannot be known. */
  readonly told: Who;
  /** For an answer without users: only who is remembered. */
  readonly remembered: Who;
  /** Gets to know those of these ids whom nobody told of yet: at most one call. */
  ask(ids: readonly string[]): Promise<void>;
  /** The user with this e-mail address or, lacking that, this id; null if there is none. At most one call, remembered either way. */
  user(person: Person): Promise<Person | null>;
  /** The same for somebody who can be assigned tickets. */
  agent(person: Person): Promise<Person | null>;
}

const KNOWN_MS = 900_000;
const UNKNOWN_MS = 120_000;
/** As many as `show_many` takes. */
const MOST_ASKED = 100;

interface Found {
  readonly user: Person | null;
  readonly agent: boolean;
}

export function openPeople(http: Http, world: World): People {
  const now = (): number => world.now();
  const users = memory<Person>({ max: 20_000, ttlMs: KNOWN_MS, now });
  const looked = memory<Found>({ max: 10_000, ttlMs: KNOWN_MS, now });
  const remembered: Who = (id) => users.get(id);

  const meet: People['meet'] = (all) => {
    for (const user of all ?? []) if (user.id !== null) users.set(String(user.id), fromUser(user));
  };

  /** https://developer.zendesk.com/api-reference/ticketing/users/users/#search-users */
  async function byEmail(wanted: string): Promise<Found> {
    const answer = await ifAllowed(http.look(`/users/search?query=${encodeURIComponent(`email:${wanted}`)}`));
    if (answer === null) return { user: null, agent: false };
    const same = manyUsers(answer).users.filter((user) => user.id !== null && user.email?.toLowerCase() === wanted && user.active !== false);
    const best = same.find(isAgent) ?? same[0];
    return found(best);
  }

  async function byId(id: string): Promise<Found> {
    const answer = await ifAllowed(http.look(`/users/${encodeURIComponent(id)}`));
    const user = answer === null ? undefined : oneUser(answer).user;
    return found(user?.id == null || user.active === false ? undefined : user);
  }

  function found(user: ZendeskUser | undefined): Found {
    if (user === undefined) return { user: null, agent: false };
    meet([user]);
    return { user: fromUser(user), agent: isAgent(user) };
  }

  async function lookUp({ email, user_id: id }: Person): Promise<Found> {
    const wanted = email?.trim().toLowerCase() || null;
    if (wanted === null && (id === null || !/^[1-9]\d{0,19}$/.test(id))) return { user: null, agent: false };
    const key = wanted === null ? `id ${id}` : `mail ${wanted}`;
    const ask = (): Promise<Found> => (wanted === null ? byId(id ?? '') : byEmail(wanted));
    return notDone(() => looked.recall(key, ask, ({ user }) => (user === null ? UNKNOWN_MS : KNOWN_MS)));
  }

  return {
    remembered,
    told: (id) => users.get(id) ?? { user_id: id, email: null, name: null },
    meet,
    async ask(ids) {
      const unknown = [...new Set(ids)].filter((id) => users.get(id) === undefined).slice(0, MOST_ASKED);
      if (unknown.length === 0) return;
      const answer = await ifAllowed(http.get(`/users/show_many?ids=${unknown.map(encodeURIComponent).join(',')}`));
      if (answer !== null) meet(manyUsers(answer).users);
    },
    user: async (person) => (await lookUp(person)).user,
    agent: async (person) => {
      const { user, agent } = await lookUp(person);
      return agent ? user : null;
    },
  };
}

/** Light agents (1) and contributors (3) are agents who cannot be assigned tickets. */
function isAgent(user: ZendeskUser): boolean {
  return (user.role === 'agent' || user.role === 'admin') && user.role_type !== 1 && user.role_type !== 3 && user.suspended !== true && user.active !== false;
}
