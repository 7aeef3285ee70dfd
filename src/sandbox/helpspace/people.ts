/**
 * Contacts, customers and organizations. Agents and customers are separate collections here, but an address belongs to one
 * user only. https://documentation.helpspace.com/api-customers
 */
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { EMAIL, isJson, wholeNumber } from '../kit/json.ts';
import { deleted, missing, problem, refuseIf, type Problems } from './errors.ts';
import { AGENTS, CHANNELS, iso, type Contact, type Customer, type Organization, type Store } from './model.ts';
import { pageOf } from './paging.ts';
import type { Webhook } from './webhook.ts';

const CUSTOMER_TEXTS = ['job_title', 'address', 'city', 'state', 'postal_code', 'timezone', 'country', 'note', 'locale'] as const;
const LONGEST: Readonly<Record<string, number>> = { postal_code: 14, note: 1500 };

export interface People {
  readonly routes: readonly Route[];
  /** The contact that `{email, name}` stands for; made, with its customer, if nobody has the address. */
  contact(input: unknown, at: string, problems: Problems): (() => Contact) | null;
}

export function createPeople(parts: {
  readonly store: Store;
  readonly premises: Premises;
  readonly webhook: Webhook;
  readonly nextId: () => number;
  /** Takes a deleted customer's tickets away. */
  forget(customer: number): void;
}): People {
  const { store, premises, webhook, nextId } = parts;
  const now = (): string => iso(premises.clock.now());

  /** `sam.smith@…` is Sam Smith, until somebody says otherwise. */
  const nameOf = (email: string): string =>
    (email.split('@')[0] ?? email)
      .split(/[._+-]+/)
      .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
      .join(' ');

  function register(email: string, name: string | null, more: Customer['more'] = {}): { readonly customer: Customer; readonly contact: Contact } {
    const at = now();
    const customer: Customer = { id: nextId(), name: name ?? nameOf(email), email, more, created_at: at, updated_at: at };
    store.customers.set(customer.id, customer);
    const made: Contact = { id: nextId(), user_id: customer.id, name: customer.name, value: email, type: 'email' };
    store.contacts.set(email.toLowerCase(), made);
    webhook.fire('customer', 'created', showCustomer(customer));
    return { customer, contact: made };
  }

  const contact: People['contact'] = (input, at, problems) => {
    const email = isJson(input) ? input['email'] : undefined;
    const name = isJson(input) ? input['name'] : undefined;
    if (!isJson(input)) problem(problems, at, `The ${at} field is required.`);
    else if (typeof email !== 'string' || email === '') problem(problems, `${at}.email`, `The ${at}.email field is required.`);
    else if (!EMAIL.test(email)) problem(problems, `${at}.email`, `The ${at}.email must be a valid email address.`);
    if (name !== undefined && name !== null && typeof name !== 'string') problem(problems, `${at}.name`, `The ${at}.name must be a string.`);
    if (typeof email !== 'string' || !EMAIL.test(email)) return null;
    return () => store.contacts.get(email.toLowerCase()) ?? register(email, typeof name === 'string' && name.trim() !== '' ? name : null).contact;
  };

  const showCustomer = ({ id, name, email, more, created_at, updated_at }: Customer): Json => ({
    id,
    id_link: `https://app.helpspace.com/customers/${id}`,
    name,
    email,
    ...Object.fromEntries(CUSTOMER_TEXTS.map((key) => [key, more[key] ?? null])),
    created_at,
    updated_at,
  });
  const showOrganization = ({ id, name, domain, note, tags, created_at, updated_at }: Organization): Json => ({
    id,
    name,
    domain,
    note,
    // The empty map of its language comes out as a list.
    custom_fields: [],
    avatar: null,
    timezone: null,
    locale: null,
    is_shared: false,
    is_domain_assignable: domain !== null,
    tags: tags.flatMap((tag) => store.tags.get(tag) ?? []),
    users: domain === null ? [] : [...store.customers.values()].filter(({ email }) => email.toLowerCase().endsWith(`@${domain}`)).map(({ id: user, name: known, email }) => ({ id: user, name: known, email })),
    created_at,
    updated_at,
  });

  const customerOf = ({ params }: Call): Customer => {
    const found = store.customers.get(wholeNumber(params['id']) ?? 0);
    if (!found) throw new Refused(missing('Customer', params['id'] ?? ''));
    return found;
  };
  const organizationOf = ({ params }: Call): Organization => {
    const found = store.organizations.get(wholeNumber(params['id']) ?? 0);
    if (!found) throw new Refused(missing('Organization', params['id'] ?? ''));
    return found;
  };

  function readCustomer({ body }: Call, before: Customer | null): Pick<Customer, 'name' | 'email' | 'more'> {
    const input = isJson(body) ? body : {};
    const problems: Problems = new Map();
    const name = input['name'] ?? before?.name;
    const email = input['email'] ?? before?.email;
    if (typeof name !== 'string' || name.trim() === '') problem(problems, 'name', 'The name field is required.');
    if (typeof email !== 'string' || email === '') problem(problems, 'email', 'The email field is required.');
    else if (!EMAIL.test(email)) problem(problems, 'email', 'The email must be a valid email address.');
    else {
      const holder = store.contacts.get(email.toLowerCase());
      if (holder && holder.user_id !== before?.id) problem(problems, 'email', 'The email has already been taken.');
    }
    const more: Record<string, string | null> = { ...before?.more };
    for (const key of CUSTOMER_TEXTS) {
      const value = input[key];
      if (value === undefined) continue;
      const longest = LONGEST[key];
      if (value !== null && typeof value !== 'string') problem(problems, key, `The ${key} must be a string.`);
      else if (longest !== undefined && value !== null && [...value].length > longest) problem(problems, key, `The ${key} must not be greater than ${longest} characters.`);
      else more[key] = value;
    }
    refuseIf(problems);
    return { name: String(name), email: String(email), more };
  }

  function updateCustomer(call: Call): Reply {
    const before = customerOf(call);
    const read = readCustomer(call, before);
    const customer: Customer = { ...before, ...read, updated_at: now() };
    store.customers.set(customer.id, customer);
    const contactBefore = store.contacts.get(before.email.toLowerCase());
    if (contactBefore) {
      store.contacts.delete(before.email.toLowerCase());
      store.contacts.set(customer.email.toLowerCase(), { ...contactBefore, name: customer.name, value: customer.email });
    }
    webhook.fire('customer', 'updated', showCustomer(customer));
    return { status: 200, body: { data: showCustomer(customer) } };
  }

  /** Takes all tickets of the customer along, for good: so the vendor's page says. */
  function deleteCustomer(call: Call): Reply {
    const customer = customerOf(call);
    store.customers.delete(customer.id);
    store.contacts.delete(customer.email.toLowerCase());
    parts.forget(customer.id);
    webhook.fire('customer', 'deleted', showCustomer(customer));
    return deleted();
  }

  function readOrganization({ body }: Call, before: Organization | null): Organization {
    const input = isJson(body) ? body : {};
    const problems: Problems = new Map();
    const name = input['name'] ?? before?.name;
    const domain = input['domain'] === undefined ? (before?.domain ?? null) : input['domain'];
    const note = input['note'] === undefined ? (before?.note ?? null) : input['note'];
    const others = [...store.organizations.values()].filter(({ id }) => id !== before?.id);
    if (typeof name !== 'string' || name.trim() === '') problem(problems, 'name', 'The name field is required.');
    else if (others.some((other) => other.name === name)) problem(problems, 'name', 'The name has already been taken.');
    if (domain !== null && typeof domain !== 'string') problem(problems, 'domain', 'The domain must be a string.');
    else if (domain !== null && others.some((other) => other.domain === domain)) problem(problems, 'domain', 'The domain has already been taken.');
    if (note !== null && typeof note !== 'string') problem(problems, 'note', 'The note must be a string.');
    const tags = input['tags'] === undefined ? (before?.tags ?? []) : input['tags'];
    const known = Array.isArray(tags) && tags.every((tag) => typeof tag === 'number' && store.tags.has(tag));
    if (!known) problem(problems, 'tags', 'The selected tags is invalid.');
    refuseIf(problems);
    const at = now();
    return {
      id: before?.id ?? nextId(),
      name: String(name),
      domain: typeof domain === 'string' ? domain : null,
      note: typeof note === 'string' ? note : null,
      tags: known ? (tags as readonly number[]) : [],
      created_at: before?.created_at ?? at,
      updated_at: at,
    };
  }
  const keep = (organization: Organization, status: number): Reply => {
    store.organizations.set(organization.id, organization);
    return { status, body: { data: showOrganization(organization) } };
  };

  const routes: readonly Route[] = [
    { method: 'GET', path: '/api/v1/customers', handle: (call) => pageOf([...store.customers.values()], showCustomer, call, premises.url()) },
    {
      method: 'POST',
      path: '/api/v1/customers',
      handle: (call) => {
        const { name, email, more } = readCustomer(call, null);
        return { status: 201, body: { data: showCustomer(register(email, name, more).customer) } };
      },
    },
    { method: 'GET', path: '/api/v1/customers/:id', handle: (call) => ({ status: 200, body: { data: showCustomer(customerOf(call)) } }) },
    { method: 'PATCH', path: '/api/v1/customers/:id', handle: updateCustomer },
    { method: 'DELETE', path: '/api/v1/customers/:id', handle: deleteCustomer },
    { method: 'GET', path: '/api/v1/organizations', handle: (call) => pageOf([...store.organizations.values()], showOrganization, call, premises.url()) },
    { method: 'POST', path: '/api/v1/organizations', handle: (call) => keep(readOrganization(call, null), 201) },
    { method: 'GET', path: '/api/v1/organizations/:id', handle: (call) => ({ status: 200, body: { data: showOrganization(organizationOf(call)) } }) },
    { method: 'PATCH', path: '/api/v1/organizations/:id', handle: (call) => keep(readOrganization(call, organizationOf(call)), 200) },
    {
      method: 'DELETE',
      path: '/api/v1/organizations/:id',
      handle: (call) => {
        store.organizations.delete(organizationOf(call).id);
        return deleted();
      },
    },
  ];
  return { routes, contact };
}

/** Agents, and the addresses of the desk's own channels (an assumption). */
export const isAgent = (contact: Contact): boolean =>
  AGENTS.some(({ id }) => id === contact.user_id) || CHANNELS.some(({ value }) => value === contact.value.toLowerCase());
