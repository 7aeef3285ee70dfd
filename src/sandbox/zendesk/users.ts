/** The calls of `/api/v2/users`: who I am, look-ups, create, update, merge. Source: developer.zendesk.com "Users", "User identities", recorded answers. */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { EMAIL, idNumber, isJson, isTextList, objectAt, wholeNumber } from '../kit/json.ts';
import { invalidAttribute, missingParameter, notFound, recordInvalid, tooManyValues } from './errors.ts';
import type { Jobs } from './jobs.ts';
import type { Role, User } from './model.ts';
import { paged } from './paging.ts';
import type { People } from './people.ts';
import type { Store } from './store.ts';

/** What `GET /users/me` says to somebody whose password is wrong or who brings no credentials: 200, and nobody. */
const ANONYMOUS: Json = {
  id: null, url: null, name: 'Anonymous user', email: 'invalid@example.com', created_at: null, updated_at: null,
  time_zone: 'Pacific Time (US & Canada)', locale_id: 1, locale: 'en-US', organization_id: null, role: 'end-user', verified: false,
};
const ROLES: readonly string[] = ['admin', 'agent', 'end-user'] satisfies readonly Role[];

export function createUsers(parts: { readonly store: Store; readonly people: People; readonly premises: Premises; readonly jobs: Jobs; readonly nextId: () => number }): readonly Route[] {
  const { store, people, premises, jobs, nextId } = parts;
  const address = (path: string): string => `${premises.url()}/api/v2/${path}.json`;
  const order = { place: () => 0, id: ({ id }: User) => id, descending: false };
  const list = (rows: readonly User[], path: string, query: URLSearchParams): Reply => ({
    status: 200,
    body: paged({ key: 'users', rows: rows.toSorted((a, b) => a.id - b.id), order, show: people.show, address: address(path) }, query),
  });
  const live = (): User[] => [...store.users.values()].filter(({ active }) => active);

  const find = (call: Call): User => {
    const id = wholeNumber(call.params['id']);
    if (id === null) throw invalidAttribute('id', 'an integer', 'api/v2/users/show');
    const user = store.users.get(id);
    if (!user) throw new Refused(notFound());
    return user;
  };

  function matching(query: URLSearchParams): User[] {
    const externalId = query.get('external_id');
    if (externalId !== null) return live().filter(({ external_id: own }) => own?.toLowerCase() === externalId.toLowerCase());
    const text = (query.get('query') ?? '').trim();
    if (text === '') throw missingParameter('query');
    const words = text.replaceAll('"', '').replace(/^(email|user|name):/i, '');
    const exact = people.findByEmail(words);
    if (exact?.active) return [exact];
    const lower = words.toLowerCase();
    return live().filter(({ name, email }) => name.toLowerCase().includes(lower) || email?.toLowerCase().startsWith(lower));
  }

  const given = (call: Call): Json => {
    const input = objectAt(call.body, 'user');
    if (!input) throw missingParameter('user');
    return input;
  };

  /** Another person's address is refused; a new one of one's own becomes a further identity. */
  function readEmail(input: Json, own: User | null): string | null {
    const email = input['email'];
    if (typeof email !== 'string' || email === '') return null;
    if (!EMAIL.test(email)) throw recordInvalid('email', { description: `Email: ${email} is not properly formatted`, error: 'InvalidFormat' });
    const known = people.findByEmail(email);
    if (known && known.id !== own?.id) throw recordInvalid('email', { description: `Email: ${email} is already being used by another user`, error: 'DuplicateValue' });
    return email;
  }

  function apply(user: User, input: Json): void {
    const text = (key: string): string | undefined => (typeof input[key] === 'string' ? input[key] : undefined);
    user.name = text('name') || user.name;
    user.phone = text('phone') ?? user.phone;
    user.details = text('details') ?? user.details;
    user.notes = text('notes') ?? user.notes;
    user.external_id = text('external_id') ?? user.external_id;
    if (typeof input['suspended'] === 'boolean') user.suspended = input['suspended'];
    if (isTextList(input['tags'])) user.tags = input['tags'];
    const role = text('role');
    if (role !== undefined && ROLES.includes(role)) {
      user.role = role as Role;
      user.role_type = role === 'admin' ? 4 : role === 'agent' ? 0 : null;
    }
    if (input['role_type'] === 1 && user.role === 'agent') user.role_type = 1;
    const organization = input['organization_id'];
    if (organization === null) user.organization_id = null;
    else if (organization !== undefined) {
      if (!store.organizations.has(idNumber(organization))) throw recordInvalid('organization', { description: 'Organization: is invalid', error: 'InvalidValue' });
      user.organization_id = idNumber(organization);
    }
    user.updated_at = isoSeconds(premises.clock.now());
  }

  function register(input: Json): User {
    const { name } = input;
    if (typeof name !== 'string' || name === '') {
      throw recordInvalid('name', { description: 'Name:  is too short (minimum is 1 character)', error: 'ValueTooShort' });
    }
    const email = readEmail(input, null);
    if (input['organization_id'] != null && !store.organizations.has(idNumber(input['organization_id']))) {
      throw recordInvalid('organization', { description: 'Organization: is invalid', error: 'InvalidValue' });
    }
    const user = people.register(name, email);
    apply(user, input);
    if (user.role !== 'end-user') for (const group of store.groups.values()) if (group.default) group.members.add(user.id);
    return user;
  }
  const created = (user: User): Reply => ({ status: 201, body: { user: people.show(user) }, headers: { Location: address(`users/${user.id}`) } });

  /** By e-mail or external id, whichever is known; a case of letters makes nobody new. */
  function known(input: Json): User | undefined {
    const { email, external_id: externalId } = input;
    const byEmail = typeof email === 'string' ? people.findByEmail(email) : undefined;
    if (byEmail || typeof externalId !== 'string') return byEmail;
    return live().find(({ external_id: own }) => own?.toLowerCase() === externalId.toLowerCase());
  }

  function createOrUpdate(input: Json): { user: User; fresh: boolean } {
    if (typeof input['email'] === 'string' && input['email'] !== '' && !EMAIL.test(input['email'])) readEmail(input, null);
    const user = known(input);
    if (!user) return { user: register(input), fresh: true };
    apply(user, input);
    addAddress(user, readEmail(input, user));
    return { user, fresh: false };
  }

  function addAddress(user: User, email: string | null): void {
    if (email === null || people.findByEmail(email) === user) return;
    store.addAddress(user, email);
    if (user.email === null) user.email = email;
    else user.aliases.push(email);
  }

  function merge(call: Call): Reply {
    const loser = find(call);
    const winner = store.users.get(idNumber(objectAt(call.body, 'user')?.['id']));
    if (!winner || winner === loser || loser.role !== 'end-user') throw recordInvalid('base', { description: 'Users cannot be merged', error: 'InvalidValue' });
    for (const ticket of store.tickets.values()) if (ticket.requester_id === loser.id) ticket.requester_id = winner.id;
    for (const email of [loser.email, ...loser.aliases]) {
      if (email === null) continue;
      store.usersByEmail.delete(email.toLowerCase());
      addAddress(winner, email);
    }
    loser.active = false;
    loser.email = null;
    return { status: 200, body: { user: people.show(winner) } };
  }

  const identities = (user: User): Json[] =>
    [user.email, ...user.aliases].flatMap((value, place) =>
      value === null ? [] : [{ id: user.id * 10 + place, user_id: user.id, type: 'email', value, verified: true, primary: place === 0, created_at: user.created_at, updated_at: user.updated_at }],
    );

  const base = '/api/v2/users';
  return [
    { method: 'GET', path: `${base}/me`, handle: (call) => ({ status: 200, body: { user: call.who === '' ? ANONYMOUS : people.show(people.caller(call)) } }) },
    {
      method: 'GET',
      path: base,
      handle: ({ query }) => {
        const roles = [...query.getAll('role'), ...query.getAll('role[]')];
        return list(live().filter(({ role }) => roles.length === 0 || roles.includes(role)), 'users', query);
      },
    },
    { method: 'GET', path: `${base}/count`, handle: () => ({ status: 200, body: { count: { value: live().length, refreshed_at: isoSeconds(premises.clock.now()) } } }) },
    {
      method: 'GET',
      path: `${base}/show_many`,
      handle: ({ query }) => {
        const ids = query.get('ids')?.split(',') ?? [];
        const externals = query.get('external_ids')?.split(',') ?? [];
        if (ids.length + externals.length === 0) throw missingParameter('ids');
        if (ids.length + externals.length > 100) throw tooManyValues();
        const users = [
          ...ids.map((id) => store.users.get(Number(id))),
          ...live().filter(({ external_id: own }) => own !== null && externals.includes(own)),
        ].filter((user) => user !== undefined);
        return { status: 200, body: { users: users.map(people.show), next_page: null, previous_page: null, count: users.length } };
      },
    },
    { method: 'GET', path: `${base}/search`, handle: ({ query }) => list(matching(query), 'users/search', new URLSearchParams([...query].filter(([key]) => !key.startsWith('page[')))) },
    { method: 'GET', path: `${base}/autocomplete`, handle: ({ query }) => list(live().filter(({ name }) => name.toLowerCase().startsWith((query.get('name') ?? '').toLowerCase())), 'users/autocomplete', query) },
    { method: 'POST', path: base, handle: (call) => created(register(given(call))) },
    {
      method: 'POST',
      path: `${base}/create_or_update`,
      handle: (call) => {
        const { user, fresh } = createOrUpdate(given(call));
        return fresh ? created(user) : { status: 200, body: { user: people.show(user) } };
      },
    },
    ...(['create_many', 'create_or_update_many'] as const).map((path): Route => ({
      method: 'POST',
      path: `${base}/${path}`,
      handle: (call) => {
        const inputs = isJson(call.body) && Array.isArray(call.body['users']) ? call.body['users'].filter(isJson) : [];
        if (inputs.length > 100) throw tooManyValues();
        return jobs.run('Bulk Create User', inputs, (input) => {
          const { user, fresh } = path === 'create_many' ? { user: register(input), fresh: true } : createOrUpdate(input);
          return { status: fresh ? 'Created' : 'Updated', id: user.id };
        });
      },
    })),
    { method: 'GET', path: `${base}/:id`, handle: (call) => ({ status: 200, body: { user: people.show(find(call)) } }) },
    {
      method: 'PUT',
      path: `${base}/:id`,
      handle: (call) => {
        const user = find(call);
        const input = given(call);
        const email = readEmail(input, user);
        apply(user, input);
        addAddress(user, email);
        return { status: 200, body: { user: people.show(user) } };
      },
    },
    {
      method: 'DELETE',
      path: `${base}/:id`,
      handle: (call) => {
        const user = find(call);
        people.admin(call);
        user.active = false;
        return { status: 200, body: { user: people.show(user) } };
      },
    },
    { method: 'PUT', path: `${base}/:id/merge`, handle: merge },
    { method: 'GET', path: `${base}/:id/identities`, handle: (call) => ({ status: 200, body: { identities: identities(find(call)), next_page: null, previous_page: null, count: identities(find(call)).length } }) },
    {
      method: 'POST',
      path: `${base}/:id/identities`,
      handle: (call) => {
        const user = find(call);
        const identity = objectAt(call.body, 'identity');
        addAddress(user, readEmail({ email: identity?.['value'] }, user));
        return { status: 201, body: { identity: identities(user).find(({ value }) => value === identity?.['value']) ?? { id: nextId(), user_id: user.id } } };
      },
    },
  ];
}
