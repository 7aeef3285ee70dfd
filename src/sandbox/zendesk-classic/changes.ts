/** What a write may say of a ticket, checked before anything is changed. */
import type { StoredFile } from '../kit/files.ts';
import { invalid } from './errors.ts';
import { CUSTOM_FIELDS, GROUPS, type Store } from './model.ts';
import type { People } from './people.ts';
import { child, idAt, textAt, type Branch } from './reading.ts';

/** Fields of a ticket that a write names; what is absent stays. */
export interface Patch {
  readonly subject?: string;
  readonly status_id?: number;
  readonly priority_id?: number;
  readonly ticket_type_id?: number;
  readonly requester_id?: number;
  readonly assignee_id?: number | null;
  readonly group_id?: number | null;
  readonly external_id?: string | null;
  readonly tags?: readonly string[];
  readonly fields?: ReadonlyMap<number, string>;
}

export interface Said {
  readonly value: string;
  readonly is_public: boolean;
  readonly files: readonly StoredFile[];
}

/** Parted by blanks or commas, in lower case, each once. */
export const tagsIn = (text: string | null): readonly string[] =>
  [...new Set((text ?? '').toLowerCase().split(/[\s,]+/))].filter((tag) => tag !== '');

/** Line ends as the desk keeps them; blanks around a text do not survive. */
export const kept = (text: string): string => text.replace(/\r\n?/g, '\n').trim();

const number = (given: Branch, name: string, label: string, max: number): number | undefined => {
  const text = textAt(given, name);
  if (text === undefined) return undefined;
  const value = Number(text ?? 0);
  if (!Number.isInteger(value) || value < 0 || value > max) throw invalid([`${label}: is invalid`]);
  return value;
};

export function readPatch(
  given: Branch,
  before: { readonly tags: readonly string[]; readonly group_id: number | null; readonly assignee_id: number | null } | null,
  parts: { readonly store: Store; readonly people: People; readonly externalIds: boolean },
): Patch {
  const { store, people } = parts;
  const subject = textAt(given, 'subject');
  const status = number(given, 'status-id', 'Status', 4);
  const priority = number(given, 'priority-id', 'Priority', 4);
  const type = number(given, 'ticket-type-id', 'Type', 4);
  const external = textAt(given, 'external-id');
  return {
    ...(subject !== undefined && { subject: kept(subject ?? '') }),
    ...(status !== undefined && { status_id: status }),
    ...(priority !== undefined && { priority_id: priority }),
    ...(type !== undefined && { ticket_type_id: type }),
    ...(parts.externalIds && external !== undefined && { external_id: external?.trim() ?? null }),
    ...assignment(given, before, store),
    ...tags(given, before?.tags ?? []),
    ...entries(given),
    ...requester(given, store, people),
  };
}

function requester(given: Branch, store: Store, people: People): Pick<Patch, 'requester_id'> {
  const id = idAt(given, 'requester-id', 'Requester');
  if (id != null) {
    if (!store.users.has(id)) throw invalid(['Requester: is invalid']);
    return { requester_id: id };
  }
  const email = textAt(given, 'requester-email');
  return email == null ? {} : { requester_id: people.register(textAt(given, 'requester-name')?.trim() ?? null, email.trim()).id };
}

/** No assignee without a group: an agent who comes alone brings the first of theirs along. */
function assignment(given: Branch, before: { readonly group_id: number | null; readonly assignee_id: number | null } | null, store: Store): Pick<Patch, 'assignee_id' | 'group_id'> {
  const assignee = idAt(given, 'assignee-id', 'Assignee');
  const wanted = idAt(given, 'group-id', 'Group');
  const group = wanted == null ? undefined : GROUPS.find(({ id }) => id === wanted);
  if (wanted != null && group === undefined) throw invalid(['Group: is invalid']);
  if (assignee == null) {
    const kept = assignee === null ? null : (before?.assignee_id ?? null);
    // Somebody who is not in the new group does not keep the ticket.
    const leaves = group !== undefined && kept !== null && !group.members.includes(kept);
    return {
      ...(assignee === null && { assignee_id: null }),
      ...(leaves && { assignee_id: null }),
      ...(group !== undefined && { group_id: group.id }),
      ...(wanted === null && kept === null && { group_id: null }),
    };
  }
  if ((store.users.get(assignee)?.role ?? 0) === 0) throw invalid(['Assignee: is not an agent']);
  const home = group ?? GROUPS.find(({ id, members }) => id === before?.group_id && members.includes(assignee)) ?? GROUPS.find(({ members }) => members.includes(assignee));
  if (home === undefined || !home.members.includes(assignee)) throw invalid(['Assignee: is not a member of the group']);
  return { assignee_id: assignee, group_id: home.id };
}

function tags(given: Branch, before: readonly string[]): Pick<Patch, 'tags'> {
  const set = textAt(given, 'set-tags');
  const added = textAt(given, 'additional-tags');
  const removed = textAt(given, 'remove-tags');
  if (set === undefined && added === undefined && removed === undefined) return {};
  const start = set === undefined ? before : tagsIn(set);
  const gone = new Set(tagsIn(removed ?? null));
  return { tags: [...new Set([...start, ...tagsIn(added ?? null)])].filter((tag) => !gone.has(tag)) };
}

function entries(given: Branch): Pick<Patch, 'fields'> {
  const list = child(given, 'ticket-field-entries');
  if (list === undefined) return {};
  const fields = new Map<number, string>();
  for (const entry of list.children) {
    const id = idAt(entry, 'ticket-field-id', 'Ticket field');
    const field = CUSTOM_FIELDS.find((one) => one.id === id);
    // A number that no field has is passed over without a word.
    if (field === undefined) continue;
    const value = kept(textAt(entry, 'value') ?? '');
    if (field.options !== undefined && value !== '' && !field.options.some((option) => option.value === value)) throw invalid([`${field.title}: is invalid`]);
    if (/Integer/.test(field.type) && !/^(-?\d+)?$/.test(value)) throw invalid([`${field.title}: is not a number`]);
    if (/Decimal/.test(field.type) && !/^(-?\d+(\.\d+)?)?$/.test(value)) throw invalid([`${field.title}: is not a number`]);
    fields.set(field.id, /Checkbox/.test(field.type) ? String(value === 'true' || value === '1') : value);
  }
  return { fields };
}

/** The comment of a write; a ticket without one gives null. */
export function readComment(given: Branch, endUser: boolean, files: (tokens: string | null) => readonly StoredFile[]): Said {
  const value = kept(textAt(given, 'value') ?? '');
  const uploads = files(textAt(given, 'uploads') ?? null);
  if (value === '' && uploads.length === 0) throw invalid(['Comment: cannot be blank']);
  return { value, is_public: endUser || textAt(given, 'is-public') !== 'false', files: uploads };
}
