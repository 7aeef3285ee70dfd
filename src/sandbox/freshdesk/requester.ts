/** Whose ticket it is: somebody known by id, address or number, or a contact whom the write brings into being. */
import type { Json } from '../kit/desk.ts';
import { EMAIL } from '../kit/json.ts';
import { badEmail, nobody, notA, type Problem } from './errors.ts';
import type { Fields, Person, Store } from './model.ts';

export interface NewContact {
  readonly name: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly externalId: string | null;
}

export const REQUESTER_KEYS: readonly string[] = ['requester_id', 'phone', 'email', 'twitter_id', 'facebook_id', 'unique_external_id'];

const usable = ({ state }: Person): boolean => state !== 'blocked' && state !== 'deleted';

/** Somebody blocked or deleted cannot be a requester. (How the vendor says so is not known.) */
export function readRequester(input: Json, isNew: boolean, store: Store, patch: Partial<Fields>, problems: Problem[]): NewContact | null {
  const { requester_id: id, email, phone, name, unique_external_id: external } = input;
  if (id !== undefined && id !== null) {
    const person = typeof id === 'number' ? store.people.get(id) : undefined;
    if (typeof id !== 'number') problems.push(notA('requester_id', 'Positive Integer'));
    else if (person === undefined || !usable(person)) problems.push(nobody('requester_id'));
    else patch.requester_id = id;
    return null;
  }
  if (email !== undefined && email !== null && (typeof email !== 'string' || !EMAIL.test(email))) {
    problems.push(badEmail('email'));
    return null;
  }
  const text = (value: unknown): string | null => (typeof value === 'string' && value.trim() !== '' ? value.trim() : null);
  const [mailbox, number, externalId, called] = [text(email), text(phone), text(external), text(name)];
  if (mailbox === null && number === null && externalId === null) {
    if (isNew) problems.push({ field: 'requester_id', message: `Please fill at least 1 of ${REQUESTER_KEYS.join(', ')} fields`, code: 'missing_field' });
    return null;
  }
  const known = find(store, mailbox, number, externalId);
  if (known !== undefined) {
    if (usable(known)) patch.requester_id = known.id;
    else problems.push({ field: mailbox === null ? 'requester_id' : 'email', message: 'The contact has been blocked or deleted', code: 'invalid_value' });
    return null;
  }
  if (mailbox === null && number !== null && called === null) problems.push(notA('name', 'String', 'missing_field'));
  return { name: called ?? mailbox?.split('@')[0] ?? externalId ?? '', email: mailbox, phone: number, externalId };
}

function find(store: Store, email: string | null, phone: string | null, externalId: string | null): Person | undefined {
  if (email !== null) return store.byEmail.get(email.toLowerCase());
  return [...store.people.values()].find(
    (person) => (phone !== null && (person.phone === phone || person.mobile === phone)) || (externalId !== null && person.unique_external_id === externalId),
  );
}
