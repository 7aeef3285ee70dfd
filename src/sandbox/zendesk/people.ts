/** The people of the account: who calls, who is an agent, and how they look in answers. Source: developer.zendesk.com "Users". */
import { isoSeconds, type Clock } from '../kit/clock.ts';
import { Refused, type Call, type Json } from '../kit/desk.ts';
import { newUser } from './account.ts';
import { forbidden } from './errors.ts';
import type { User } from './model.ts';
import type { Store } from './store.ts';

export interface People {
  show(user: User): Json;
  /** The user whose credentials were used, or on whose behalf they were. */
  caller(call: Call): User;
  /** Refuses everybody else. */
  admin(call: Call): User;
  agent(call: Call): User;
  isAgent(id: number): boolean;
  findByEmail(email: string): User | undefined;
  organizationOf(id: number): number | null;
  /** The group that an agent is in by default. */
  groupOf(id: number): number | null;
  /** An end user who has never written before. */
  register(name: string, email: string | null, externalId?: string | null): User;
}

export function createPeople(store: Store, premises: { readonly clock: Clock; url(): string }, nextId: () => number): People {
  const groupOf = (id: number): number | null => [...store.groups.values()].find(({ members, deleted }) => !deleted && members.has(id))?.id ?? null;
  const findByEmail = (email: string): User | undefined => store.usersByEmail.get(email.trim().toLowerCase());
  const isAgent = (id: number): boolean => (store.users.get(id)?.role ?? 'end-user') !== 'end-user';

  const caller = (call: Call): User => {
    const user = findByEmail(call.who);
    if (!user) throw new Refused({ status: 401, body: { error: "Couldn't authenticate you" } });
    return user;
  };
  const only = (fits: (user: User) => boolean) => (call: Call): User => {
    const user = caller(call);
    if (!fits(user)) throw new Refused(forbidden());
    return user;
  };

  /** Whose domain an address is of. */
  const organizationFor = (email: string | null): number | null => {
    const domain = email?.split('@')[1]?.toLowerCase() ?? '';
    return [...store.organizations.values()].find(({ domain_names: names }) => names.includes(domain))?.id ?? null;
  };

  return {
    caller,
    isAgent,
    findByEmail,
    groupOf,
    admin: only(({ role }) => role === 'admin'),
    agent: only(({ role }) => role !== 'end-user'),
    organizationOf: (id) => store.users.get(id)?.organization_id ?? null,
    register(name, email, externalId = null) {
      const user = newUser(nextId(), name, email, 'end-user', isoSeconds(premises.clock.now()));
      user.external_id = externalId;
      user.organization_id = organizationFor(email);
      store.addUser(user);
      return user;
    },
    show: (user) => {
      const agent = user.role !== 'end-user';
      return {
        id: user.id,
        url: `${premises.url()}/api/v2/users/${user.id}.json`,
        name: user.name,
        email: user.email,
        created_at: user.created_at,
        updated_at: user.updated_at,
        time_zone: 'Pacific Time (US & Canada)',
        iana_time_zone: 'America/Los_Angeles',
        phone: user.phone,
        shared_phone_number: null,
        photo: null,
        locale_id: 1,
        locale: 'en-US',
        organization_id: user.organization_id,
        role: user.role,
        verified: agent,
        external_id: user.external_id,
        tags: user.tags,
        alias: '',
        active: user.active,
        shared: false,
        shared_agent: false,
        last_login_at: null,
        two_factor_auth_enabled: null,
        signature: null,
        details: user.details,
        notes: user.notes,
        role_type: user.role_type,
        custom_role_id: null,
        moderator: agent,
        ticket_restriction: agent ? null : 'requested',
        only_private_comments: false,
        restricted_agent: !agent,
        suspended: user.suspended,
        default_group_id: agent ? groupOf(user.id) : null,
        report_csv: false,
        user_fields: {},
      };
    },
  };
}
