/** Who is who on one Freshdesk, remembered. Agents and contacts are separate collections with ids of one kind; addresses are unique over both. */
import type { Person } from '../../core/model.ts';
import type { World } from '../../ports/world.ts';
import { ifAllowed, notDone } from '../kit/failure.ts';
import type { Http } from '../kit/http.ts';
import { memory } from '../kit/remember.ts';
import { fromAgent, fromPerson, mailbox } from './map.ts';
import { foundCompanies, manyAgents, manyContacts, oneAgent, oneContact, type FreshdeskConversation, type FreshdeskPerson } from './shapes.ts';

type Id = number | string;

/** Looks before a write are brief, are made once, and fail so that nothing counts as sent. */
export interface People {
  meet(person: FreshdeskPerson | null | undefined): void;
  /** Who is remembered, without asking. */
  remembered(id: Id): Person | undefined;
  /** Who was met with this e-mail address a short while ago. */
  rememberedBy(email: string): Person | undefined;
  /** The agent with this id; without name and address if we may not know (only administrators may list agents). */
  agent(id: Id): Promise<Person>;
  contact(id: Id): Promise<Person>;
  /** Before a write: the agent with this e-mail address; null if there is none, or none that we may know. */
  agentByEmail(email: string): Promise<Person | null>;
  /** Before a write: whether there is an agent with this id; null where we may not know. */
  isAgent(id: Id): Promise<boolean | null>;
  /** Before a write: the contact, or else the agent, with this e-mail address. */
  anybodyBy(email: string): Promise<Person | null>;
  /** Before a write: the number of the company with this name. */
  company(name: string): Promise<string | null>;
  /** After a write: who this is, contact or agent; null where that cannot be told now. */
  whoIs(id: Id): Promise<Person | null>;
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
  const agentsBy = memory<Found>({ max: 5_000, ttlMs: KNOWN_MS, now });
  const contactsBy = memory<Found>({ max: 20_000, ttlMs: KNOWN_MS, now });
  const companies = memory<{ readonly id: string | null }>({ max: 5_000, ttlMs: KNOWN_MS, now });
  const isKnown = ({ person }: Found): number => (person === null ? UNKNOWN_MS : KNOWN_MS);

  const remember = (person: Person): Found => {
    if (person.user_id !== null) byId.set(person.user_id, { person });
    if (person.email !== null) contactsBy.set(person.email.toLowerCase(), { person });
    return { person };
  };
  const ask = (kind: 'agents' | 'contacts', id: Id): Promise<Found> =>
    byId.recall(
      String(id),
      async () => {
        const answer = await ifAllowed(http.get(`/${kind}/${encodeURIComponent(String(id))}`));
        if (answer === null) return { person: null };
        return { person: kind === 'agents' ? fromAgent(oneAgent(answer)) : fromPerson(oneContact(answer)) };
      },
      isKnown,
    );
  const stranger = (id: Id): Person => ({ user_id: String(id), email: null, name: null });
  const agentByEmail = async (email: string): Promise<Person | null> => {
    const wanted = email.toLowerCase();
    const look = async (): Promise<Found> => {
      const answer = await ifAllowed(http.look(`/agents?email=${encodeURIComponent(wanted)}`));
      const found = answer === null ? undefined : manyAgents(answer).find(({ contact }) => contact.email?.toLowerCase() === wanted);
      return { person: found === undefined ? null : fromAgent(found) };
    };
    const { person } = await notDone(() => agentsBy.recall(wanted, look, isKnown));
    if (person?.user_id != null) byId.set(person.user_id, { person });
    return person;
  };

  return {
    meet(person) {
      if (person != null) remember(fromPerson(person));
    },
    remembered: (id) => byId.get(String(id))?.person ?? undefined,
    rememberedBy: (email) => contactsBy.get(email.toLowerCase())?.person ?? undefined,
    async agent(id) {
      return (await ask('agents', id)).person ?? stranger(id);
    },
    async contact(id) {
      return (await ask('contacts', id)).person ?? stranger(id);
    },
    agentByEmail,
    async isAgent(id) {
      if (byId.get(String(id))?.person != null) return true;
      const answer = await notDone(async () => {
        try {
          return await http.look(`/agents/${encodeURIComponent(String(id))}`);
        } catch (error) {
          const status: unknown = Reflect.get(Object(error), 'status');
          if (status === 403 || status === 404) return status === 403 ? null : undefined;
          throw error;
        }
      });
      if (answer == null) return answer === null ? null : false;
      remember(fromAgent(oneAgent(answer)));
      return true;
    },
    async anybodyBy(email) {
      const wanted = email.toLowerCase();
      const look = async (): Promise<Found> => {
        const answer = await ifAllowed(http.look(`/contacts?email=${encodeURIComponent(wanted)}`));
        const found = answer === null ? undefined : manyContacts(answer)[0];
        return { person: found === undefined ? null : fromPerson(found) };
      };
      const { person } = await notDone(() => contactsBy.recall(wanted, look, isKnown));
      return person ?? agentByEmail(email);
    },
    async company(name) {
      const wanted = name.trim().toLowerCase();
      const look = async (): Promise<{ readonly id: string | null }> => {
        const answer = await ifAllowed(http.look(`/companies/autocomplete?name=${encodeURIComponent(name.trim())}`));
        const found = answer === null ? undefined : foundCompanies(answer).companies.find((company) => company.name.toLowerCase() === wanted);
        return { id: found === undefined ? null : String(found.id) };
      };
      return (await notDone(() => companies.recall(wanted, look, ({ id }) => (id === null ? UNKNOWN_MS : KNOWN_MS)))).id;
    },
    async whoIs(id) {
      const known = byId.get(String(id));
      if (known !== undefined) return known.person;
      // Whatever goes wrong, it is not tried again with every ticket.
      byId.set(String(id), { person: null }, UNKNOWN_MS);
      try {
        const contact = await ifAllowed(http.look(`/contacts/${encodeURIComponent(String(id))}`));
        const answer = contact ?? (await ifAllowed(http.look(`/agents/${encodeURIComponent(String(id))}`)));
        return answer === null ? null : remember(contact === null ? fromAgent(oneAgent(answer)) : fromPerson(oneContact(answer))).person;
      } catch {
        // The write is done; that nobody answers now is no reason to doubt it.
        return null;
      }
    },
    async author({ user_id: id, from_email: from, incoming }) {
      const sender = typeof from === 'string' && from.length <= 1_000 ? mailbox(from) : null;
      // Some rows have the writer's number where others have the address.
      const who = id ?? (typeof from === 'number' ? from : null);
      if (who === null) return sender;
      const first = incoming === true ? 'contacts' : 'agents';
      const found = (await ask(first, who)).person;
      if (found !== null) return found;
      // The customer's mail may be all that is known of them; our own mailbox says nothing of an agent.
      return { ...stranger(who), ...(incoming === true && sender !== null && { email: sender.email, name: sender.name }) };
    },
  };
}
