/** The people that a ticket write names: requester, assignee with group, organization, who is copied and who follows. */
import type { Json } from '../kit/desk.ts';
import { EMAIL, idNumber, isJson } from '../kit/json.ts';
import { recordInvalid, userSuspended } from './errors.ts';
import type { Fields, Group, Ticket, User } from './model.ts';
import type { Reading } from './reading.ts';

/** Somebody whom no account knows yet. */
export interface NewPerson {
  readonly name: string;
  readonly email: string | null;
}

const MOST_COPIED = 48;

export function readRequester(input: Json, before: Ticket | null, { people, store }: Reading): { readonly id?: number; readonly create?: NewPerson } {
  const { requester, requester_id: id } = input;
  const known = (user: User): { id: number } => {
    // A person who is suspended keeps the tickets they have, but gets no new ones.
    if (user.suspended && before?.requester_id !== user.id) throw userSuspended(user.name);
    return { id: user.id };
  };
  if (isJson(requester)) {
    const email = typeof requester['email'] === 'string' ? requester['email'] : null;
    if (email !== null && !EMAIL.test(email)) {
      throw recordInvalid('requester', { description: `Requester: Email:  ${email} is not properly formatted`, error: 'InvalidFormat' });
    }
    const user = email === null ? undefined : people.findByEmail(email);
    if (user) return known(user);
    const name = requester['name'];
    if (typeof name !== 'string' || name.trim() === '') {
      throw recordInvalid('requester', { description: 'Requester: Name:  is too short (minimum is 1 character)', error: 'ValueTooShort' });
    }
    return { create: { name, email } };
  }
  if (id === undefined || id === null) return {};
  const user = store.users.get(idNumber(id));
  if (!user?.active) throw recordInvalid('requester', { description: 'Requester: is invalid', error: 'InvalidValue' });
  return known(user);
}

const canBeAssigned = (user: User | undefined): user is User => user !== undefined && user.role !== 'end-user' && user.role_type !== 1 && user.active && !user.suspended;

/** Without a group of its own an assignee brings along the first group they are in; with one they must be in it. */
export function readAssignment(input: Json, before: Ticket | null, { people, store }: Reading): Partial<Fields> {
  const patch: Partial<Fields> = {};
  const groupId = input['group_id'];
  let group: Group | null | undefined;
  if (groupId === null || groupId === '') group = null;
  else if (groupId !== undefined) {
    group = store.groups.get(idNumber(groupId));
    if (!group || group.deleted) throw recordInvalid('group', { description: 'Group: is invalid', error: 'InvalidValue' });
  }
  if (group !== undefined) patch.group_id = group?.id ?? null;

  const email = input['assignee_email'];
  const given = typeof email === 'string' && email !== '' ? (people.findByEmail(email)?.id ?? -1) : input['assignee_id'];
  if (given === undefined) {
    // Whoever is not in the ticket's new group loses it.
    if (group && before && before.assignee_id !== null && !group.members.has(before.assignee_id)) patch.assignee_id = null;
    return patch;
  }
  if (given === null || given === '' || given === 0) return { ...patch, assignee_id: null };
  const user = store.users.get(idNumber(given));
  if (!canBeAssigned(user)) throw recordInvalid('assignee', { description: 'Assignee: is invalid', error: 'InvalidValue' });
  const inGroup = group === undefined ? (before?.group_id == null ? undefined : store.groups.get(before.group_id)) : group;
  if (inGroup && !inGroup.members.has(user.id)) {
    throw recordInvalid('assignee', { description: 'Assignee: is not a member of the group', error: 'InvalidValue' });
  }
  if (!inGroup) patch.group_id = [...store.groups.values()].find(({ members, deleted }) => !deleted && members.has(user.id))?.id ?? null;
  return { ...patch, assignee_id: user.id };
}

/** An organization is one of the requester's; a new requester's comes along by itself. */
export function readOrganization(
  input: Json,
  before: Ticket | null,
  requester: { readonly id?: number },
  { store, people }: Reading,
): Partial<Fields> {
  const given = input['organization_id'];
  const requesterId = requester.id ?? before?.requester_id;
  const own = requesterId === undefined ? null : people.organizationOf(requesterId);
  if (given === null || given === '') return { organization_id: null };
  if (given === undefined) return before && (requester.id === undefined || requester.id === before.requester_id) ? {} : { organization_id: own };
  const organization = store.organizations.get(idNumber(given));
  if (!organization || (own !== null && own !== organization.id)) {
    throw recordInvalid('organization', { description: 'Organization: is invalid', error: 'InvalidValue' });
  }
  return { organization_id: organization.id };
}

interface Copied {
  /** The whole list as it will be; undefined if it stays. */
  readonly copied: readonly (number | NewPerson)[] | undefined;
  readonly followers: readonly number[] | undefined;
}

/** `email_ccs` and `followers` put and delete one by one; the older `collaborators` replace or add. */
export function readCopied(input: Json, before: Ticket | null, reading: Reading): Copied {
  if (!reading.copies()) return { copied: undefined, followers: undefined };
  const copied = merged(input['email_ccs'], before?.email_cc_ids ?? [], reading) ?? readCollaborators(input, before, reading);
  const followers = merged(input['followers'], before?.follower_ids ?? [], reading);
  return {
    copied: copied?.slice(0, MOST_COPIED),
    // Only agents can follow.
    followers: followers?.flatMap((who) => (typeof who === 'number' && reading.people.isAgent(who) ? [who] : [])),
  };
}

type Someone = number | NewPerson;

function merged(value: unknown, before: readonly number[], reading: Reading): readonly Someone[] | undefined {
  if (!Array.isArray(value)) return undefined;
  let result: readonly Someone[] = before;
  for (const item of value.filter(isJson)) {
    const who = someone(item['user_id'], item['user_email'], item['user_name'], reading);
    if (who === null) continue;
    if (item['action'] === 'delete') result = result.filter((other) => other !== who);
    else if (!result.includes(who)) result = [...result, who];
  }
  return result;
}

function someone(id: unknown, email: unknown, name: unknown, { store, people }: Reading): Someone | null {
  if (id !== undefined && id !== null && id !== '') return store.users.has(idNumber(id)) ? idNumber(id) : null;
  if (typeof email !== 'string' || !EMAIL.test(email)) return null;
  const known = people.findByEmail(email);
  return known ? known.id : { name: typeof name === 'string' && name !== '' ? name : email.replace(/@.*/, ''), email };
}

function readCollaborators(input: Json, before: Ticket | null, reading: Reading): readonly Someone[] | undefined {
  const list = (value: unknown): Someone[] =>
    (Array.isArray(value) ? value : []).flatMap((item: unknown) => {
      const who = isJson(item)
        ? someone(undefined, item['email'], item['name'], reading)
        : typeof item === 'string' && item.includes('@')
          ? someone(undefined, item, undefined, reading)
          : someone(item, undefined, undefined, reading);
      return who === null ? [] : [who];
    });
  if (Array.isArray(input['collaborator_ids'])) return list(input['collaborator_ids']);
  if (!before && Array.isArray(input['collaborators'])) return list(input['collaborators']);
  if (Array.isArray(input['additional_collaborators'])) return [...(before?.email_cc_ids ?? []), ...list(input['additional_collaborators'])];
  return undefined;
}
