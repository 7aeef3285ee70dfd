/** Contacts. Blocked and deleted ones are hidden from the list, keep their addresses, and refuse writes with 405. Source: developers.freshdesk.com "Contacts". */
import { isoSeconds, type Clock } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Reply, type Route } from '../kit/desk.ts';
import { EMAIL, isTextList, wholeNumber } from '../kit/json.ts';
import { badEmail, blank, invalidField, missing, nobody, notA, notAllowed, notOneOf, validationFailed, type Problem } from './errors.ts';
import { readInput } from './form.ts';
import type { Person, Store } from './model.ts';
import { demandKnown, pageOf } from './paging.ts';
import type { People } from './people.ts';
import { searchPage } from './search.ts';

const KEYS: ReadonlySet<string> = new Set([
  'name', 'email', 'phone', 'mobile', 'twitter_id', 'unique_external_id', 'other_emails', 'company_id', 'view_all_tickets', 'other_companies',
  'address', 'custom_fields', 'description', 'job_title', 'language', 'tags', 'time_zone', 'lookup_parameter',
]);
const WAYS: readonly string[] = ['email', 'mobile', 'phone', 'twitter_id', 'unique_external_id'];
const FILTERS = ['email', 'phone', 'mobile', 'unique_external_id'] as const;
const STATES: readonly string[] = ['blocked', 'deleted', 'unverified', 'verified'];
const PARAMETERS: readonly string[] = [...FILTERS, 'page', 'per_page', 'company_id', 'state', 'updated_since', 'contact_type'];

const SEARCHED: Readonly<Record<string, (person: Person) => unknown>> = {
  name: ({ name }) => name,
  email: ({ email }) => email,
  phone: ({ phone }) => phone,
  mobile: ({ mobile }) => mobile,
  company_id: ({ company_id: company }) => company,
  active: ({ state }) => state === 'verified',
  created_at: ({ created_at: at }) => at.slice(0, 10),
  updated_at: ({ updated_at: at }) => at.slice(0, 10),
};

export function contactRoutes(store: Store, people: People, clock: Clock, url: () => string): readonly Route[] {
  const contacts = (): readonly Person[] => [...store.people.values()].filter(({ agent }) => agent === null);
  const hidden = ({ state }: Person): boolean => state === 'blocked' || state === 'deleted';

  function list(call: Call): Reply {
    const { query } = call;
    demandKnown(query, PARAMETERS);
    const state = query.get('state');
    if (state !== null && !STATES.includes(state)) throw validationFailed([notOneOf('state', STATES)]);
    const company = query.get('company_id');
    const email = query.get('email');
    const one = email === null ? undefined : store.byEmail.get(email.toLowerCase());
    const rows = (email === null ? contacts() : one?.agent === null ? [one] : []).filter(
      (person) =>
        (state === null ? !hidden(person) : person.state === state) &&
        (company === null || person.company_id === wholeNumber(company)) &&
        FILTERS.every((key) => !query.has(key) || person[key]?.toLowerCase() === query.get(key)?.toLowerCase()),
    );
    return pageOf(rows, people.showContact, call, `${url()}/api/v2/contacts`);
  }

  /** The values of a write, checked; `before` is null for a create. Whoever else has the address is a conflict, agents too. */
  function read(call: Call, before: Person | null): Json {
    const { fields } = readInput(call);
    const problems: Problem[] = Object.keys(fields).filter((key) => !KEYS.has(key)).map(invalidField);
    const { name, email, other_emails: others, company_id: company } = fields;
    if (name === undefined ? before === null : typeof name !== 'string') problems.push(notA('name', 'String', name === undefined ? 'missing_field' : 'datatype_mismatch'));
    else if (typeof name === 'string' && name.trim() === '') problems.push(blank('name'));
    if (before === null && WAYS.every((key) => fields[key] === undefined || fields[key] === null)) {
      problems.push({ field: 'email', message: `Please fill at least 1 of ${WAYS.join(', ')} fields`, code: 'missing_field' });
    }
    for (const key of ['phone', 'mobile', 'unique_external_id']) {
      if (fields[key] !== undefined && fields[key] !== null && typeof fields[key] !== 'string') problems.push(notA(key, 'String'));
    }
    if (email !== undefined && email !== null && (typeof email !== 'string' || !EMAIL.test(email))) problems.push(badEmail('email'));
    if (others !== undefined && (!isTextList(others) || !others.every((one) => EMAIL.test(one)))) problems.push(badEmail('other_emails'));
    if (company !== undefined && company !== null && !(typeof company === 'number' && store.companies.has(company))) problems.push(nobody('company_id', 'company'));
    if (problems.length > 0) throw validationFailed(problems);
    const addresses = [...(typeof email === 'string' ? [email] : []), ...(isTextList(others) ? others : [])];
    const external = fields['unique_external_id'];
    const holder =
      addresses.map((address) => store.byEmail.get(address.toLowerCase())).find((person) => person !== undefined && person !== before) ??
      (typeof external === 'string' ? [...store.people.values()].find((person) => person !== before && person.unique_external_id === external) : undefined);
    if (holder) {
      const field = addresses.length > 0 ? 'email' : 'unique_external_id';
      throw validationFailed([{ field, message: 'It should be a unique value', code: 'duplicate_value', additional_info: { user_id: holder.id } }], 409);
    }
    return fields;
  }

  function write(person: Person, fields: Json): Person {
    const text = (key: 'email' | 'phone' | 'mobile' | 'unique_external_id'): string | null => {
      const value = fields[key];
      return value === undefined ? person[key] : typeof value === 'string' ? value : null;
    };
    const [others, company] = [fields['other_emails'], fields['company_id']];
    store.release(person);
    Object.assign(person, {
      name: typeof fields['name'] === 'string' ? fields['name'] : person.name,
      email: text('email'), phone: text('phone'), mobile: text('mobile'), unique_external_id: text('unique_external_id'),
      other_emails: isTextList(others) ? others : person.other_emails,
      company_id: company === undefined ? person.company_id : typeof company === 'number' ? company : null,
      updated_at: isoSeconds(clock.now()),
    });
    store.keep(person);
    return person;
  }

  function create(call: Call): Reply {
    const fields = read(call, null);
    const person = write(people.register({ name: '', email: typeof fields['email'] === 'string' ? fields['email'] : null, phone: null, externalId: null }), fields);
    return { status: 201, body: people.showContact(person), headers: { Location: `${url()}/api/v2/contacts/${person.id}` } };
  }

  const find = (call: Call): Person => {
    const person = store.people.get(wholeNumber(call.params['id']) ?? 0);
    if (!person || person.agent !== null) throw new Refused(missing());
    return person;
  };
  const writable = (call: Call): Person => {
    const person = find(call);
    if (hidden(person)) throw new Refused(notAllowed(call.method, ['GET']));
    return person;
  };
  const setState = (person: Person, state: Person['state']): Reply => {
    Object.assign(person, { state, updated_at: isoSeconds(clock.now()) });
    return { status: 204 };
  };
  /** For good: the addresses are free again. */
  const erase = (person: Person): Reply => {
    store.release(person);
    store.people.delete(person.id);
    return { status: 204 };
  };

  const one = '/api/v2/contacts/:id';
  return [
    { method: 'GET', path: '/api/v2/contacts', handle: list },
    { method: 'POST', path: '/api/v2/contacts', reads: 'form', handle: create },
    {
      method: 'GET',
      path: '/api/v2/contacts/autocomplete',
      handle: ({ query }) => {
        const term = query.get('term')?.toLowerCase() ?? '';
        const found = term === '' ? [] : contacts().filter((person) => !hidden(person) && person.name.toLowerCase().startsWith(term));
        return { status: 200, body: found.map(({ id, name }) => ({ id, name })) };
      },
    },
    {
      method: 'GET',
      path: '/api/v2/search/contacts',
      handle: (call) => searchPage(call, contacts().filter((person) => !hidden(person)), (name) => (Object.hasOwn(SEARCHED, name) ? SEARCHED[name] : undefined), people.showContact),
    },
    { method: 'GET', path: one, handle: (call) => ({ status: 200, body: people.showContact(find(call)) }) },
    {
      method: 'PUT',
      path: one,
      reads: 'form',
      handle: (call) => {
        const person = writable(call);
        return { status: 200, body: people.showContact(write(person, read(call, person))) };
      },
    },
    { method: 'DELETE', path: one, handle: (call) => setState(writable(call), 'deleted') },
    { method: 'DELETE', path: `${one}/hard_delete`, handle: (call) => erase(find(call)) },
    {
      method: 'PUT',
      path: `${one}/restore`,
      handle: (call) => {
        const person = find(call);
        return person.state === 'deleted' ? setState(person, 'unverified') : missing();
      },
    },
    {
      method: 'PUT',
      path: `${one}/make_agent`,
      handle: (call) => {
        people.demandAdmin(call);
        const person = writable(call);
        person.agent = { admin: false, ticket_scope: 1 };
        return { status: 200, body: people.showAgent(person) };
      },
    },
  ];
}
