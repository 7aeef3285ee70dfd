/** The first look at a ticket that was there before it became one with others: what of it differs, and who is right. Pure. */
import { enter, entryOf, mergeSet, portable, type Draft, type Seeing } from './absorb-draft.ts';
import { normal, same } from './compare.ts';
import { sameWords } from './drift-words.ts';
import { kindOf, type LinkField } from './model.ts';
import type { Sight } from './sight.ts';
import type { Link, Normal } from './state.ts';

/**
 * One field. Where both say the same, nothing is due. Members of sets are kept on both sides. An empty value gives way to one that is
 * there; two values are a conflict like any other: its owner's counts, else the newer one. The one that lost is kept in a note.
 */
export function meetField(draft: Draft, link: Link, field: LinkField, seeing: Seeing, sight: Sight): void {
  const { seen, value, time } = seeing;
  const state = draft.fields[field];
  const shown = seeing.forecast()[field];
  const wanted = normal(field, shown);
  // What no link has had yet is a desk's own default as likely as not; what the desk cannot hold is no difference.
  if (state === undefined || wanted === undefined) return;
  if (same(wanted, seen) || (kindOf(field) === 'text' && sameWords(String(shown ?? ''), String(value ?? '')))) {
    draft.applied[field] = state.clock;
    return;
  }
  const here = sight.account.id;
  const owner = sight.rules.owner(field, here);
  const lose = (because: string): void => void draft.notes.push({ what: 'conflict', field, because, values: { won: state.value, lost: value } });
  const win = (because: string): void => {
    if (!isEmpty(wanted)) draft.notes.push({ what: 'conflict', field, because, values: { won: value, lost: state.value } });
    enter(draft, field, value, time, here);
  };
  if (owner !== null && owner !== here) return lose(`both tickets were there already, and this field belongs to ${sight.nameOfAccount(owner)}`);
  if (entryOf(field, link, sight) !== 'enters') return lose('both tickets were there already, and no mirror carries this field from this account');
  if (kindOf(field) === 'person' && !portable(value)) return lose('both tickets were there already, and no other desk can know this person');
  if (owner === here) return win('both tickets were there already, and this field belongs to this account');
  if (kindOf(field) === 'set') return mergeSet(draft, field, { ...seeing, base: [] }, { time, caughtUp: false, open: undefined }, sight);
  if (isEmpty(seen)) return;
  if (isEmpty(wanted) || time > state.clock) return win('both tickets were there already, and this one changed later');
  lose('both tickets were there already, and the other one changed later');
}

function isEmpty(value: Normal): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
