/** Groups, who is in them, and organizations. Sources: developer.zendesk.com "Groups", "Group memberships", "Organizations". */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { idNumber, isTextList, objectAt, wholeNumber } from '../kit/json.ts';
import { missingParameter, notFound, recordInvalid, tooManyValues } from './errors.ts';
import type { Group, Organization } from './model.ts';
import { paged } from './paging.ts';
import type { People } from './people.ts';
import type { Store } from './store.ts';

export interface Groups {
  readonly routes: readonly Route[];
  /** Null where there is none of this id. */
  showGroup(id: number): Json | null;
  showOrganization(id: number): Json | null;
}

const byId = { place: () => 0, id: ({ id }: { readonly id: number }) => id, descending: false };

export function createGroups(parts: { readonly store: Store; readonly people: People; readonly premises: Premises; readonly nextId: () => number }): Groups {
  const { store, people, premises, nextId } = parts;
  const address = (path: string): string => `${premises.url()}/api/v2/${path}.json`;
  const now = (): string => isoSeconds(premises.clock.now());

  const group = (found: Group): Json => ({
    url: address(`groups/${found.id}`),
    id: found.id,
    is_public: true,
    name: found.name,
    description: found.description,
    default: found.default,
    deleted: found.deleted,
    created_at: found.created_at,
    updated_at: found.updated_at,
  });
  const organization = (found: Organization): Json => ({
    url: address(`organizations/${found.id}`),
    id: found.id,
    name: found.name,
    shared_tickets: false,
    shared_comments: false,
    external_id: found.external_id,
    created_at: found.created_at,
    updated_at: found.updated_at,
    domain_names: found.domain_names,
    details: found.details,
    notes: found.notes,
    group_id: null,
    tags: found.tags,
    organization_fields: {},
  });

  const liveGroups = (): Group[] => [...store.groups.values()].filter(({ deleted }) => !deleted);
  const listGroups = (rows: readonly Group[], path: string, query: URLSearchParams): Reply => ({
    status: 200,
    body: paged({ key: 'groups', rows: rows.toSorted((a, b) => a.id - b.id), order: byId, show: group, address: address(path) }, query),
  });
  const listOrganizations = (rows: readonly Organization[], path: string, query: URLSearchParams): Reply => ({
    status: 200,
    body: paged({ key: 'organizations', rows: rows.toSorted((a, b) => a.id - b.id), order: byId, show: organization, address: address(path) }, query),
  });
  const findGroup = (call: Call): Group => {
    const found = store.groups.get(wholeNumber(call.params['id']) ?? 0);
    if (!found || found.deleted) throw new Refused(notFound());
    return found;
  };
  const findOrganization = (call: Call): Organization => {
    const found = store.organizations.get(wholeNumber(call.params['id']) ?? 0);
    if (!found) throw new Refused(notFound());
    return found;
  };
  const input = (call: Call, key: string): Json => {
    const given = objectAt(call.body, key);
    if (!given) throw missingParameter(key);
    return given;
  };
  const nameIn = (given: Json): string => {
    const { name } = given;
    if (typeof name !== 'string' || name.trim() === '') throw recordInvalid('name', { description: 'Name: cannot be blank', error: 'BlankValue' });
    return name;
  };

  const memberships = (rows: readonly Group[], userId: number | null): Json[] =>
    rows.flatMap((found) =>
      [...found.members]
        .filter((id) => userId === null || id === userId)
        .map((id) => ({
          id: found.id + id, user_id: id, group_id: found.id, default: people.groupOf(id) === found.id, created_at: found.created_at, updated_at: found.updated_at,
        })),
    );
  const membershipList = (rows: readonly Json[]): Reply => ({ status: 200, body: { group_memberships: rows, next_page: null, previous_page: null, count: rows.length } });

  function applyOrganization(found: Organization, given: Json): void {
    if (typeof given['name'] === 'string' && given['name'] !== '') found.name = given['name'];
    for (const key of ['details', 'notes'] as const) if (typeof given[key] === 'string') found[key] = given[key];
    if (typeof given['external_id'] === 'string') found.external_id = given['external_id'];
    for (const key of ['domain_names', 'tags'] as const) if (isTextList(given[key])) found[key] = given[key];
    found.updated_at = now();
  }

  /** Names are unique, whatever the case of their letters. */
  function register(given: Json): Organization {
    const name = nameIn(given);
    if ([...store.organizations.values()].some((other) => other.name.toLowerCase() === name.toLowerCase())) {
      throw recordInvalid('name', { description: `Name: ${name} has already been taken`, error: 'DuplicateValue' });
    }
    const made: Organization = { id: nextId(), name, external_id: null, domain_names: [], details: '', notes: '', tags: [], created_at: now(), updated_at: now() };
    applyOrganization(made, given);
    store.organizations.set(made.id, made);
    return made;
  }

  function searchOrganizations({ query }: Call): Reply {
    const [name, externalId] = [query.get('name'), query.get('external_id')];
    if (name === null && externalId === null) throw missingParameter('name');
    const rows = [...store.organizations.values()].filter((found) =>
      externalId !== null ? found.external_id?.toLowerCase() === externalId.toLowerCase() : found.name.toLowerCase() === name?.toLowerCase(),
    );
    return listOrganizations(rows, 'organizations/search', query);
  }

  const routes: readonly Route[] = [
    { method: 'GET', path: '/api/v2/groups', handle: ({ query }) => listGroups(liveGroups(), 'groups', query) },
    { method: 'GET', path: '/api/v2/groups/assignable', handle: ({ query }) => listGroups(liveGroups().filter(({ members }) => members.size > 0), 'groups/assignable', query) },
    {
      method: 'POST',
      path: '/api/v2/groups',
      handle: (call) => {
        people.admin(call);
        const given = input(call, 'group');
        const made: Group = {
          id: nextId(), name: nameIn(given), description: typeof given['description'] === 'string' ? given['description'] : '', default: false, deleted: false,
          members: new Set(), created_at: now(), updated_at: now(),
        };
        store.groups.set(made.id, made);
        return { status: 201, body: { group: group(made) }, headers: { Location: address(`groups/${made.id}`) } };
      },
    },
    { method: 'GET', path: '/api/v2/groups/:id', handle: (call) => ({ status: 200, body: { group: group(findGroup(call)) } }) },
    {
      method: 'PUT',
      path: '/api/v2/groups/:id',
      handle: (call) => {
        people.admin(call);
        const found = findGroup(call);
        const given = input(call, 'group');
        if (given['name'] !== undefined) found.name = nameIn(given);
        if (typeof given['description'] === 'string') found.description = given['description'];
        found.updated_at = now();
        return { status: 200, body: { group: group(found) } };
      },
    },
    {
      method: 'DELETE',
      path: '/api/v2/groups/:id',
      handle: (call) => {
        people.admin(call);
        const found = findGroup(call);
        if (found.default) throw recordInvalid('base', { description: 'The default group cannot be deleted', error: 'InvalidValue' });
        found.deleted = true;
        return { status: 204 };
      },
    },
    { method: 'GET', path: '/api/v2/groups/:id/memberships', handle: (call) => membershipList(memberships([findGroup(call)], null)) },
    {
      method: 'GET',
      path: '/api/v2/groups/:id/users',
      handle: (call) => {
        const users = [...findGroup(call).members].flatMap((id) => store.users.get(id) ?? []);
        return { status: 200, body: { users: users.map(people.show), next_page: null, previous_page: null, count: users.length } };
      },
    },
    { method: 'GET', path: '/api/v2/group_memberships', handle: () => membershipList(memberships(liveGroups(), null)) },
    {
      method: 'POST',
      path: '/api/v2/group_memberships',
      handle: (call) => {
        people.admin(call);
        const given = input(call, 'group_membership');
        const [found, userId] = [store.groups.get(idNumber(given['group_id'])), idNumber(given['user_id'])];
        if (!found || found.deleted || !people.isAgent(userId)) throw recordInvalid('base', { description: 'Group membership: is invalid', error: 'InvalidValue' });
        found.members.add(userId);
        return { status: 201, body: { group_membership: memberships([found], userId)[0] } };
      },
    },
    { method: 'GET', path: '/api/v2/users/:id/group_memberships', handle: ({ params }) => membershipList(memberships(liveGroups(), wholeNumber(params['id']) ?? 0)) },
    {
      method: 'GET',
      path: '/api/v2/users/:id/groups',
      handle: ({ params, query }) => listGroups(liveGroups().filter(({ members }) => members.has(wholeNumber(params['id']) ?? 0)), `users/${params['id'] ?? ''}/groups`, query),
    },
    { method: 'GET', path: '/api/v2/organizations', handle: ({ query }) => listOrganizations([...store.organizations.values()], 'organizations', query) },
    { method: 'GET', path: '/api/v2/organizations/search', handle: searchOrganizations },
    {
      method: 'GET',
      path: '/api/v2/organizations/autocomplete',
      handle: ({ query }) => {
        const start = (query.get('name') ?? '').toLowerCase();
        return listOrganizations([...store.organizations.values()].filter(({ name }) => name.toLowerCase().startsWith(start)), 'organizations/autocomplete', query);
      },
    },
    {
      method: 'GET',
      path: '/api/v2/organizations/show_many',
      handle: ({ query }) => {
        const ids = query.get('ids')?.split(',') ?? [];
        if (ids.length === 0) throw missingParameter('ids');
        if (ids.length > 100) throw tooManyValues();
        return listOrganizations(ids.flatMap((id) => store.organizations.get(Number(id)) ?? []), 'organizations/show_many', query);
      },
    },
    {
      method: 'POST',
      path: '/api/v2/organizations',
      handle: (call) => {
        const made = register(input(call, 'organization'));
        return { status: 201, body: { organization: organization(made) }, headers: { Location: address(`organizations/${made.id}`) } };
      },
    },
    { method: 'GET', path: '/api/v2/organizations/:id', handle: (call) => ({ status: 200, body: { organization: organization(findOrganization(call)) } }) },
    {
      method: 'PUT',
      path: '/api/v2/organizations/:id',
      handle: (call) => {
        const found = findOrganization(call);
        applyOrganization(found, input(call, 'organization'));
        return { status: 200, body: { organization: organization(found) } };
      },
    },
    {
      method: 'DELETE',
      path: '/api/v2/organizations/:id',
      handle: (call) => {
        people.admin(call);
        store.organizations.delete(findOrganization(call).id);
        return { status: 204 };
      },
    },
  ];

  return {
    routes,
    showGroup: (id) => {
      const found = store.groups.get(id);
      return found ? group(found) : null;
    },
    showOrganization: (id) => {
      const found = store.organizations.get(id);
      return found ? organization(found) : null;
    },
  };
}
