/** Who calls, and how people are shown: contacts and agents are two collections at this vendor, though an address is unique over both. */
import { isoSeconds, type Clock } from '../kit/clock.ts';
import { Refused, type Call, type Json } from '../kit/desk.ts';
import { accessDenied } from './errors.ts';
import type { Person, Store } from './model.ts';
import type { NewContact } from './requester.ts';

export interface People {
  caller(call: Call): Person;
  /** Some calls are for administrators only. */
  demandAdmin(call: Call): void;
  register(contact: NewContact): Person;
  showContact(person: Person): Json;
  showAgent(person: Person): Json;
}

/** New contacts belong to the company whose domain their address has. */
const companyOf = (store: Store, email: string | null): number | null => {
  const domain = email?.split('@')[1]?.toLowerCase();
  return [...store.companies.values()].find(({ domains }) => domain !== undefined && domains.includes(domain))?.id ?? null;
};

export function createPeople(store: Store, clock: Clock, nextId: () => number): People {
  const caller = (call: Call): Person => {
    const person = store.byEmail.get(call.who.toLowerCase());
    if (!person) throw new Refused(accessDenied());
    return person;
  };
  return {
    caller,
    demandAdmin(call) {
      if (caller(call).agent?.admin !== true) throw new Refused(accessDenied());
    },
    register({ name, email, phone, externalId }) {
      const now = isoSeconds(clock.now());
      const person: Person = {
        id: nextId(), name, email, other_emails: [], phone, mobile: null, unique_external_id: externalId, company_id: companyOf(store, email), state: 'unverified',
        created_at: now, updated_at: now, agent: null,
      };
      store.keep(person);
      return person;
    },
    showContact: (person) => ({
      active: person.state === 'verified',
      address: null,
      company_id: person.company_id,
      view_all_tickets: false,
      description: null,
      email: person.email,
      id: person.id,
      job_title: null,
      language: 'en',
      mobile: person.mobile,
      name: person.name,
      phone: person.phone,
      time_zone: 'UTC',
      twitter_id: null,
      custom_fields: {},
      tags: [],
      other_emails: person.other_emails,
      facebook_id: null,
      created_at: person.created_at,
      updated_at: person.updated_at,
      other_companies: [],
      unique_external_id: person.unique_external_id,
      avatar: null,
      ...(person.state === 'deleted' && { deleted: true }),
    }),
    showAgent: (person) => ({
      available: true,
      occasional: false,
      id: person.id,
      ticket_scope: person.agent?.ticket_scope ?? 1,
      created_at: person.created_at,
      updated_at: person.updated_at,
      last_active_at: null,
      available_since: null,
      type: 'support_agent',
      signature: null,
      group_ids: [...store.groups.values()].filter(({ agent_ids: members }) => members.includes(person.id)).map(({ id }) => id),
      role_ids: [],
      skill_ids: [],
      focus_mode: true,
      contact: {
        active: true, email: person.email, job_title: null, language: 'en', last_login_at: null, mobile: person.mobile, name: person.name, phone: person.phone,
        time_zone: 'UTC', created_at: person.created_at, updated_at: person.updated_at,
      },
    }),
  };
}
