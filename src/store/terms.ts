/** Terms as they are kept: accounts by their ids, so that renaming one changes nothing. */
import type { Terms } from '../core/rules.ts';
import type { DraftTerms } from '../ports/store.ts';

export function termsIn(terms: DraftTerms, idOf: (name: string) => number): Terms {
  return { ...terms, owner: Object.fromEntries(Object.entries(terms.owner).map(([field, account]) => [field, idOf(account)])) };
}
