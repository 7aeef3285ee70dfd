/** Who is who on one Zendesk, remembered: users that answers brought along, and agents looked up by e-mail. */
import type { Person } from '../../core/model.ts';
import type { World } from '../../ports/world.ts';
import { ifAllowed, notDone } from '../kit/failure.ts';
import type { Http } from '../kit/http.ts';
import { memory } from '../kit/remember.ts';
import { fromUser, type Who } from './map.ts';
import { foundUsers, type ZendeskUser } from './shapes.ts';

export interface People {
  /** Everybody whom an answer brought along is known from now on. */
  meet(users: readonly ZendeskUser[] | null | undefined): void;
  /** For an answer that brought its users along: whoever is not among them cannot be known. */
  readonly told: Who;
  /** For an answer without users: only who is remembered. */
  readonly remembered: Who;
  /** The agent with this e-mail address; null if there is none. At most one call, remembered either way. */
  agent(email: string): Promise<Person | null>;
}

const KNOWN_MS = 900_000;
const UNKNOWN_MS = 120_000;

export function openPeople(http: Http, world: World): People {
  const now = (): number => world.now();
  const users = memory<Person>({ max: 20_000, ttlMs: KNOWN_MS, now });
  const agents = memory<{ readonly agent: Person | null }>({ max: 5_000, ttlMs: KNOWN_MS, now });
  const remembered: Who = (id) => users.get(id);
  return {
    remembered,
    told: (id) => users.get(id) ?? { user_id: id, email: null, name: null },
    meet(all) {
      for (const user of all ?? []) if (user.id !== null) users.set(String(user.id), fromUser(user));
    },
    async agent(email) {
      const wanted = email.toLowerCase();
      const ask = async (): Promise<{ readonly agent: Person | null }> => {
        // https://developer.zendesk.com/api-reference/ticketing/users/users/#search-users
        const answer = await ifAllowed(http.look(`/users/search?query=${encodeURIComponent(`email:${wanted}`)}`));
        if (answer === null) return { agent: null };
        const found = foundUsers(answer).users.find(
          (user) =>
            user.email?.toLowerCase() === wanted && (user.role === 'agent' || user.role === 'admin') && user.suspended !== true && user.active !== false,
        );
        return { agent: found === undefined ? null : fromUser(found) };
      };
      const { agent } = await notDone(() => agents.recall(wanted, ask, (known) => (known.agent === null ? UNKNOWN_MS : KNOWN_MS)));
      return agent;
    },
  };
}
