/** Contacts and agents: two collections at this vendor, though an e-mail address is unique over both. */
import { isoSeconds, type Clock } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Reply, type Route } from '../kit/desk.ts';
import { EMAIL, isJson, wholeNumber } from '../kit/json.ts';
import { accessDenied, invalidField, missing, notA, validationFailed, type Problem } from './errors.ts';
import { ADMINS, GROUP, type Person, type Store } from './model.ts';
import { pageOf } from './paging.ts';

export interface People {
  readonly routes: readonly Route[];
  caller(call: Call): Person;
  register(of: { readonly name: string; readonly email: string | null; readonly phone: string | null; readonly externalId: string | null }): Person;
  showContact(person: Person): Json;
  showAgent(person: Person): Json;
}

const CONTACT_KEYS: ReadonlySet<string> = new Set([
  'name', 'email', 'phone', 'mobile', 'twitter_id', 'unique_external_id', 'other_emails', 'company_id', 'view_all_tickets', 'other_companies',
  'address', 'custom_fields', 'description', 'job_title', 'language', 'tags', 'time_zone', 'lookup_parameter',
]);

export function createPeople(store: Store, premises: { readonly clock: Clock; url(): string }, nextId: () => number): People {
  const showContact = (person: Person): Json => ({
    active: false,
    address: null,
    company_id: null,
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
    other_emails: [],
    facebook_id: null,
    created_at: person.created_at,
    updated_at: person.updated_at,
    other_companies: [],
    unique_external_id: person.unique_external_id,
    avatar: null,
  });
  const showAgent = (person: Person): Json => ({
    available: true,
    occasional: false,
    id: person.id,
    ticket_scope: 1,
    created_at: person.created_at,
    updated_at: person.updated_at,
    last_active_at: null,
    available_since: null,
    type: 'support_agent',
    signature: null,
    group_ids: [GROUP.id],
    role_ids: [],
    skill_ids: [],
    focus_mode: true,
    contact: {
      active: true, email: person.email, job_title: null, language: 'en', last_login_at: null, mobile: null, name: person.name, phone: null,
      time_zone: 'UTC', created_at: person.created_at, updated_at: person.updated_at,
    },
  });

  const caller = (call: Call): Person => {
    const person = store.byEmail.get(call.who.toLowerCase());
    if (!person) throw new Refused(accessDenied());
    return person;
  };
  const demandAdmin = (call: Call): void => {
    if (!ADMINS.has(call.who)) throw new Refused(accessDenied());
  };
  const register: People['register'] = ({ name, email, phone, externalId }) => {
    const now = isoSeconds(premises.clock.now());
    const person: Person = { id: nextId(), name, email, phone, mobile: null, unique_external_id: externalId, agent: false, created_at: now, updated_at: now };
    store.addPerson(person);
    return person;
  };

  function list(call: Call, agents: boolean): Reply {
    const { query } = call;
    const wanted = (['email', 'phone', 'mobile', 'unique_external_id'] as const).filter((key) => query.has(key));
    const email = query.get('email');
    const one = email === null ? undefined : store.byEmail.get(email.toLowerCase());
    const source = email === null ? [...store.people.values()] : one ? [one] : [];
    const rows = source.filter(
      (person) => person.agent === agents && wanted.every((key) => person[key]?.toLowerCase() === query.get(key)?.toLowerCase()),
    );
    return pageOf(rows, agents ? showAgent : showContact, call, `${premises.url()}/api/v2/${agents ? 'agents' : 'contacts'}`);
  }

  function createContact({ body }: Call): Reply {
    const input = isJson(body) ? body : {};
    const problems: Problem[] = Object.keys(input).filter((key) => !CONTACT_KEYS.has(key)).map(invalidField);
    const { name, email, phone, mobile, unique_external_id: external } = input;
    if (typeof name !== 'string' || name.trim() === '') problems.push(notA('name', 'String', name === undefined ? 'missing_field' : 'invalid_value'));
    const ways = ['email', 'mobile', 'phone', 'twitter_id', 'unique_external_id'];
    if (ways.every((key) => input[key] === undefined || input[key] === null)) {
      problems.push({ field: 'email', message: `Please fill at least 1 of ${ways.join(', ')} fields`, code: 'missing_field' });
    }
    if (typeof email === 'string' && !EMAIL.test(email)) {
      problems.push({ field: 'email', message: "It should be in the 'valid email address' format", code: 'invalid_value' });
    }
    if (problems.length > 0) throw validationFailed(problems);
    const holder = typeof email === 'string' ? store.byEmail.get(email.toLowerCase()) : undefined;
    if (holder) {
      // Whoever holds the address: a contact, or an agent, who cannot be adopted as a contact.
      throw validationFailed([{ field: 'email', message: 'It should be a unique value', code: 'duplicate_value', additional_info: { user_id: holder.id } }], 409);
    }
    const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
    const person = register({ name: String(name), email: text(email), phone: text(phone) ?? text(mobile), externalId: text(external) });
    return { status: 201, body: showContact(person), headers: { Location: `${premises.url()}/api/v2/contacts/${person.id}` } };
  }

  const one = (call: Call, agents: boolean): Person => {
    const person = store.people.get(wholeNumber(call.params['id']) ?? 0);
    if (!person || person.agent !== agents) throw new Refused(missing());
    return person;
  };

  const routes: readonly Route[] = [
    { method: 'GET', path: '/api/v2/contacts', handle: (call) => list(call, false) },
    { method: 'POST', path: '/api/v2/contacts', handle: createContact },
    { method: 'GET', path: '/api/v2/contacts/:id', handle: (call) => ({ status: 200, body: showContact(one(call, false)) }) },
    { method: 'GET', path: '/api/v2/agents/me', handle: (call) => ({ status: 200, body: showAgent(caller(call)) }) },
    {
      method: 'GET',
      path: '/api/v2/agents',
      handle: (call) => {
        demandAdmin(call);
        return list(call, true);
      },
    },
    {
      method: 'GET',
      path: '/api/v2/agents/:id',
      handle: (call) => {
        demandAdmin(call);
        return { status: 200, body: showAgent(one(call, true)) };
      },
    },
  ];
  return { routes, caller, register, showContact, showAgent };
}
