/** What entered a link between two of its versions, told as notes: the record of what a desk said. Pure. */
import { normal, same } from './compare.ts';
import { FIELD_NAMES, type LinkField } from './model.ts';
import type { Link, LinkComment, Note } from './state.ts';

/** Longer texts are cut in the record; the desks have them whole. */
const KEPT_TEXT = 500;
const KEPT_ITEMS = 50;

/** Nothing for a link's first version: what it began with is told by what it says and by what was noted since. */
export function changesBetween(before: Link, after: Link): readonly Note[] {
  if (before === after || before.version === 0) return [];
  return [...fieldChanges(before, after), ...commentChanges(before, after), ...newAccounts(before, after)];
}

function fieldChanges(before: Link, after: Link): readonly Note[] {
  const newer = newerFields(before, after);
  const again = newer.filter((field) => isSaidAgain(field, before, after));
  const changed = newer.filter((field) => !again.includes(field));
  const values = (fields: readonly LinkField[]): NonNullable<Note['values']> =>
    Object.fromEntries(fields.map((field) => [field, { was: shortened(before.fields[field]?.value), is: shortened(after.fields[field]?.value) }]));
  return [
    ...(changed.length > 0 ? [{ what: 'changed', because: 'it was changed on this desk', values: values(changed) }] : []),
    ...(again.length > 0 ? [{ what: 'said again', because: 'this desk was changed to what another one had said and no mirror had brought here', values: values(again) }] : []),
  ];
}

/** The fields that were said anew between two versions of a link, the unified ones in their usual order. */
export function newerFields(before: Link, after: Link): readonly LinkField[] {
  const names = new Set([...FIELD_NAMES, ...Object.keys(after.fields)]) as ReadonlySet<LinkField>;
  return [...names].filter((field) => after.fields[field] !== undefined && before.fields[field]?.clock !== after.fields[field]?.clock);
}

/** Whether a field that is newer than before holds what it held: somebody who had not heard of it says it as well. */
export function isSaidAgain(field: LinkField, before: Link, after: Link): boolean {
  const [was, is] = [before.fields[field], after.fields[field]];
  return was !== undefined && is !== undefined && same(normal(field, was.value), normal(field, is.value));
}

function commentChanges(before: Link, after: Link): readonly Note[] {
  if (before.comments === after.comments) return [];
  return Object.values(after.comments).flatMap((comment) => {
    const known = before.comments[comment.uid];
    return known === comment ? [] : noteOf(known, comment);
  });
}

function noteOf(known: LinkComment | undefined, { uid, content, public: open }: LinkComment): readonly Note[] {
  if (known === undefined) {
    return [{ what: 'comment written', because: 'it was written on this desk', values: { uid, public: open, is: shortened(content) } }];
  }
  const notes: Note[] = [];
  if (known.content !== content) {
    notes.push({ what: 'comment edited', because: 'it was edited on this desk', values: { uid, was: shortened(known.content), is: shortened(content) } });
  }
  if (known.public && !open) notes.push({ what: 'comment made private', because: 'it was made private on this desk', values: { uid } });
  return notes;
}

function newAccounts(before: Link, after: Link): readonly Note[] {
  const added = after.accounts.filter((id) => !before.accounts.includes(id));
  return added.length === 0 ? [] : [{ what: 'reaches further', because: 'a mirror carries it to more accounts', values: { accounts: added } }];
}

/** A value as the record keeps it: texts and lists cut where they are long. Absent stays absent. */
export function shortened(value: unknown): unknown {
  if (typeof value === 'string') return value.length > KEPT_TEXT ? `${value.slice(0, KEPT_TEXT - 1)}…` : value;
  if (Array.isArray(value)) return value.slice(0, KEPT_ITEMS).map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).slice(0, KEPT_ITEMS).map(([name, part]) => [name, shortened(part)]));
}
