/** Zendesk users: who I am, look-ups and create_or_update. Source: developer.zendesk.com "Users", recorded answers. */
import { isoSeconds, type Clock } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Reply, type Route } from '../kit/desk.ts';
import { EMAIL, isJson, wholeNumber } from '../kit/json.ts';
import { invalidAttribute, missingParameter, notFound, recordInvalid, tooManyValues } from './errors.ts';
import { GROUP_ID, type Store, type User } from './model.ts';
import { byOffset } from './paging.ts';

export interface People {
  readonly routes: readonly Route[];
  show(user: User): Json;
  /** The user whose credentials were used. */
  caller(call: Call): User;
  isAgent(id: number): boolean;
  findByEmail(email: string): User | undefined;
  /** An end user who has never written before. */
  register(name: string, email: string | null, externalId?: string | null): User;
}

/** What `GET /users/me` says to somebody whose password is wrong or who brings no credentials: 200, and nobody. */
const ANONYMOUS: Json = {
  id: null, url: null, name: 'Anonymous user', email: 'invalid@example.com', created_at: null, updated_at: null,
  time_zone: 'Pacific Time (US & Canada)', locale_id: 1, locale: 'en-US', organization_id: null, role: 'end-user', verified: false,
};

export function createPeople(store: Store, premises: { readonly clock: Clock; url(): string }, nextId: () => number): People {
  const show = (user: User): Json => ({
    id: user.id,
    url: `${premises.url()}/api/v2/users/${user.id}.json`,
    name: user.name,
    email: user.email,
    created_at: user.created_at,
    updated_at: user.updated_at,
    time_zone: 'Pacific Time (US & Canada)',
    iana_time_zone: 'America/Los_Angeles',
    phone: null,
    shared_phone_number: null,
    photo: null,
    locale_id: 1,
    locale: 'en-US',
    organization_id: null,
    role: user.role,
    verified: user.role !== 'end-user',
    external_id: user.external_id,
    tags: [],
    alias: '',
    active: true,
    shared: false,
    shared_agent: false,
    last_login_at: null,
    two_factor_auth_enabled: null,
    signature: null,
    details: '',
    notes: '',
    role_type: null,
    custom_role_id: null,
    moderator: user.role !== 'end-user',
    ticket_restriction: user.role === 'end-user' ? 'requested' : null,
    only_private_comments: false,
    restricted_agent: user.role === 'end-user',
    suspended: false,
    default_group_id: user.role === 'end-user' ? null : GROUP_ID,
    report_csv: false,
    user_fields: {},
  });

  const register = (name: string, email: string | null, externalId: string | null = null): User => {
    const now = isoSeconds(premises.clock.now());
    const user: User = { id: nextId(), name, email, external_id: externalId, role: 'end-user', created_at: now, updated_at: now };
    store.addUser(user);
    return user;
  };

  const findByEmail = (email: string): User | undefined => store.usersByEmail.get(email.trim().toLowerCase());

  const caller = (call: Call): User => {
    const user = findByEmail(call.who);
    if (!user) throw new Refused({ status: 401, body: { error: "Couldn't authenticate you" } });
    return user;
  };

  function matching(query: URLSearchParams): User[] {
    const externalId = query.get('external_id');
    if (externalId !== null) {
      return [...store.users.values()].filter(({ external_id: own }) => own?.toLowerCase() === externalId.toLowerCase());
    }
    const text = (query.get('query') ?? '').trim();
    if (text === '') throw missingParameter('query');
    const words = text.replaceAll('"', '').replace(/^(email|user|name):/i, '');
    const exact = findByEmail(words);
    if (exact) return [exact];
    const lower = words.toLowerCase();
    return [...store.users.values()].filter(({ name, email }) => name.toLowerCase().includes(lower) || email?.toLowerCase().startsWith(lower));
  }

  function createOrUpdate(call: Call): Reply {
    const input = isJson(call.body) ? call.body['user'] : undefined;
    if (!isJson(input)) throw missingParameter('user');
    const { email, name, external_id: externalId } = input;
    const given = typeof email === 'string' ? email : null;
    if (given !== null && !EMAIL.test(given)) {
      throw recordInvalid('email', { description: `Email: ${given} is not properly formatted`, error: 'InvalidFormat' });
    }
    const external = typeof externalId === 'string' ? externalId : null;
    const existing =
      (given === null ? undefined : findByEmail(given)) ??
      (external === null ? undefined : [...store.users.values()].find(({ external_id: own }) => own?.toLowerCase() === external.toLowerCase()));
    if (existing) {
      if (typeof name === 'string' && name !== '') existing.name = name;
      if (external !== null) existing.external_id = external;
      existing.updated_at = isoSeconds(premises.clock.now());
      return { status: 200, body: { user: show(existing) } };
    }
    if (typeof name !== 'string' || name === '') {
      throw recordInvalid('name', { description: 'Name:  is too short (minimum is 1 character)', error: 'ValueTooShort' });
    }
    const user = register(name, given, external);
    return { status: 201, body: { user: show(user) }, headers: { Location: `${premises.url()}/api/v2/users/${user.id}.json` } };
  }

  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: '/api/v2/users/me',
      handle: (call) => ({ status: 200, body: { user: call.who === '' ? ANONYMOUS : show(caller(call)) } }),
    },
    {
      method: 'GET',
      path: '/api/v2/users',
      handle: (call) => {
        const roles = [...call.query.getAll('role'), ...call.query.getAll('role[]')];
        const rows = [...store.users.values()].filter(({ role }) => roles.length === 0 || roles.includes(role));
        return { status: 200, body: byOffset({ key: 'users', rows, show, address: `${premises.url()}/api/v2/users.json` }, call.query) };
      },
    },
    {
      method: 'GET',
      path: '/api/v2/users/show_many',
      handle: ({ query }) => {
        const ids = query.get('ids')?.split(',') ?? [];
        const externals = query.get('external_ids')?.split(',') ?? [];
        if (ids.length + externals.length === 0) throw missingParameter('ids');
        if (ids.length + externals.length > 100) throw tooManyValues();
        const users = [
          ...ids.map((id) => store.users.get(Number(id))),
          ...[...store.users.values()].filter(({ external_id: own }) => own !== null && externals.includes(own)),
        ].filter((user) => user !== undefined);
        return { status: 200, body: { users: users.map(show), next_page: null, previous_page: null, count: users.length } };
      },
    },
    {
      method: 'GET',
      path: '/api/v2/users/search',
      handle: ({ query }) => ({
        status: 200,
        body: byOffset({ key: 'users', rows: matching(query), show, address: `${premises.url()}/api/v2/users/search.json` }, query),
      }),
    },
    { method: 'POST', path: '/api/v2/users/create_or_update', handle: createOrUpdate },
    {
      method: 'GET',
      path: '/api/v2/users/:id',
      handle: ({ params }) => {
        const id = wholeNumber(params['id']);
        if (id === null) throw invalidAttribute('id', 'an integer', 'api/v2/users/show');
        const user = store.users.get(id);
        return user ? { status: 200, body: { user: show(user) } } : notFound();
      },
    },
  ];

  return { routes, show, caller, isAgent: (id) => (store.users.get(id)?.role ?? 'end-user') !== 'end-user', findByEmail, register };
}
