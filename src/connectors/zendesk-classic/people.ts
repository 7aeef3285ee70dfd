/** Who is who on one classic Zendesk, remembered: groups bring their agents along, others are asked for one by one. */
import type { Person } from '../../core/model.ts';
import type { World } from '../../ports/world.ts';
import { ifAllowed, notDone } from '../kit/failure.ts';
import type { Http } from '../kit/http.ts';
import { memory } from '../kit/remember.ts';
import type { Who } from './map.ts';
import { manyUsers, oneUser, type ClassicGroup, type ClassicUser } from './shapes.ts';
import { many, one } from './wire.ts';

export interface People {
  /** Everybody whom a list of groups brought along is known from now on; that they are in a group makes them agents. */
  meet(groups: readonly ClassicGroup[]): void;
  /** Asks for those who are not remembered, a few at a time. */
  learn(ids: readonly string[]): Promise<void>;
  readonly known: Who;
  /** The user with this address, agents only if asked for; null if there is none. At most one call, before a write. */
  byEmail(email: string, agents: boolean): Promise<Person | null>;
  /** The user with this number. At most one call, before a write. */
  byId(id: string): Promise<Person | null>;
}

const KNOWN_MS = 900_000;
const UNKNOWN_MS = 120_000;
const AT_ONCE = 4;

interface Known {
  readonly person: Person | null;
  readonly agent: boolean;
}

export function openPeople(http: Http, world: World): People {
  const now = (): number => world.now();
  const byId = memory<Known>({ max: 20_000, ttlMs: KNOWN_MS, now });
  const byEmail = memory<Known>({ max: 10_000, ttlMs: KNOWN_MS, now });
  const ttl = ({ person }: Known): number => (person === null ? UNKNOWN_MS : KNOWN_MS);

  const note = (user: ClassicUser, agent: boolean): Known => {
    const known = { person: personOf(user), agent };
    byId.set(user.id, known);
    const email = known.person.email?.toLowerCase();
    if (email !== undefined) byEmail.set(email, known);
    return known;
  };

  /** https://www.zendesk.com/support/api/users (2011): `GET /users/#{id}.xml` */
  const ask = async (id: string, read: Http['get'] | Http['look']): Promise<Known> => {
    const answer = await ifAllowed(read(`/users/${encodeURIComponent(id)}.xml`));
    if (answer === null) return { person: null, agent: false };
    const user = oneUser(one(answer, 'user'));
    return note(user, isAgent(user));
  };

  return {
    meet(groups) {
      for (const group of groups) for (const user of group.users ?? []) if (user.is_active !== 'false') note(user, true);
    },
    async learn(ids) {
      const open = ids.filter((id) => byId.get(id) === undefined);
      for (let at = 0; at < open.length; at += AT_ONCE) {
        await Promise.all(open.slice(at, at + AT_ONCE).map((id) => byId.recall(id, () => ask(id, http.get), ttl)));
      }
    },
    known: (id) => byId.get(id)?.person ?? { user_id: id, email: null, name: null },
    async byEmail(email, agents) {
      const wanted = email.toLowerCase();
      const search = async (): Promise<Known> => {
        const answer = await ifAllowed(http.look(`/users.xml?query=${encodeURIComponent(wanted)}`));
        const rows = answer === null ? [] : manyUsers(many(answer, 'users')).rows;
        const found = rows.find((user) => user.email?.trim().toLowerCase() === wanted && user.is_active !== 'false');
        return found === undefined ? { person: null, agent: false } : note(found, isAgent(found));
      };
      const { person, agent } = await notDone(() => byEmail.recall(wanted, search, ttl));
      return agents && !agent ? null : person;
    },
    async byId(id) {
      return (await notDone(() => byId.recall(id, () => ask(id, http.look), ttl))).person;
    },
  };
}

/** 0 is an end user, 2 an administrator, 4 an agent; a page shows 15, so the number is taken for a sum of rights. */
function isAgent({ roles, role }: ClassicUser): boolean {
  const told = roles ?? role;
  return told != null && /^\d+$/.test(told) && told !== '0';
}

function personOf({ id, email, name }: ClassicUser): Person {
  return { user_id: id, email: email?.trim() || null, name: name?.trim() || null };
}
