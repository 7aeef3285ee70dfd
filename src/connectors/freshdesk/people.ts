/** Who is who on one Freshdesk, remembered. Agents and contacts are separate collections with ids of one kind. */
import type { Person } from '../../core/model.ts';
import type { World } from '../../ports/world.ts';
import { ifAllowed, notDone } from '../kit/failure.ts';
import type { Http } from '../kit/http.ts';
import { memory } from '../kit/remember.ts';
import { fromAgent, fromPerson } from './map.ts';
import { manyAgents, oneAgent, oneContact, type FreshdeskConversation, type FreshdeskPerson } from './shapes.ts';

type Id = number | string;

export interface People {
  meet(person: FreshdeskPerson | null | undefined): void;
  /** Who is remembered, without asking. */
  remembered(id: Id): Person | undefined;
  /** The agent with this id; without name and address if we may not know (only administrators may list agents). */
  agent(id: Id): Promise<Person>;
  /** The agent with this e-mail address; null if there is none, or none that we may know. */
  agentByEmail(email: string): Promise<Person | null>;
  /** Who wrote a conversation. */
  author(conversation: FreshdeskConversation): Promise<Person | null>;
}

const KNOWN_MS = 900_000;
const UNKNOWN_MS = 120_000;

interface Found {
  readonly person: Person | null;
}

export function openPeople(http: Http, world: World): People {
  const now = (): number => world.now();
  const byId = memory<Found>({ max: 20_000, ttlMs: KNOWN_MS, now });
  const byEmail = memory<Found>({ max: 5_000, ttlMs: KNOWN_MS, now });
  const ask = (kind: 'agents' | 'contacts', id: Id): Promise<Found> =>
    byId.recall(String(id), async () => {
      const answer = await ifAllowed(http.get(`/${kind}/${encodeURIComponent(String(id))}`));
      if (answer === null) return { person: null };
      return { person: kind === 'agents' ? fromAgent(oneAgent(answer)) : fromPerson(oneContact(answer)) };
    });
  const stranger = (id: Id): Person => ({ user_id: String(id), email: null, name: null });

  return {
    meet(person) {
      if (person != null) byId.set(String(person.id), { person: fromPerson(person) });
    },
    remembered: (id) => byId.get(String(id))?.person ?? undefined,
    async agent(id) {
      return (await ask('agents', id)).person ?? stranger(id);
    },
    async agentByEmail(email) {
      const wanted = email.toLowerCase();
      const look = async (): Promise<Found> => {
        const answer = await ifAllowed(http.look(`/agents?email=${encodeURIComponent(wanted)}`));
        const found = answer === null ? undefined : manyAgents(answer).find(({ contact }) => contact.email?.toLowerCase() === wanted);
        return { person: found === undefined ? null : fromAgent(found) };
      };
      const { person } = await notDone(() => byEmail.recall(wanted, look, (known) => (known.person === null ? UNKNOWN_MS : KNOWN_MS)));
      if (person?.user_id != null) byId.set(person.user_id, { person });
      return person;
    },
    async author(conversation) {
      const { user_id: id, from_email: from } = conversation;
      const address = typeof from === 'string' && from.includes('@') ? from : null;
      if (id == null) return address === null ? null : { user_id: null, email: address, name: null };
      const found = await ask(conversation.incoming === true ? 'contacts' : 'agents', id);
      return found.person ?? { ...stranger(id), email: conversation.incoming === true ? address : null };
    },
  };
}
