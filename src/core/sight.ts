/** What a pure decision about one replica may look at besides the state. */
import type { Capabilities } from './capabilities.ts';
import type { Lens, Values } from './lens.ts';
import type { Limits } from './guards.ts';
import type { CommentDraft, TicketFields } from './model.ts';
import type { Rules } from './rules.ts';
import { valuesOf, type Link, type LinkComment } from './state.ts';

export interface Sight {
  readonly account: { readonly id: number; readonly name: string };
  readonly can: Capabilities;
  /** All mirrors; `forLink` narrows them to one ticket. */
  readonly rules: Rules;
  readonly lens: Lens;
  readonly limits: Limits;
  forecast(fields: TicketFields): TicketFields;
  forecastComment(draft: CommentDraft): CommentDraft;
  nameOfAccount(id: number): string;
}

/** The same eyes with the rules for this ticket. */
export function forLink(link: Link, sight: Sight): Sight {
  if (!sight.rules.conditional) return sight;
  const rules = sight.rules.of({ values: valuesOf(link), accounts: link.accounts });
  return { ...sight, rules: { ...rules, conditional: false, followsUp: sight.rules.followsUp, of: () => rules, all: sight.rules.all } };
}

/** Whether only a condition that the ticket does not fit now keeps something from travelling: what is due waits until it fits again. */
export function isCutOff(from: number, { rules, account }: Sight): boolean {
  return rules.terms(from, account.id) === null && rules.all.terms(from, account.id) !== null;
}

/** Whether a comment is for customers to read on this account: where it is public, or by the one rule that says so of private ones. */
export function isPublicHere(comment: LinkComment, { rules, account }: Pick<Sight, 'rules' | 'account'>): boolean {
  return comment.public || (comment.from !== account.id && rules.terms(comment.from, account.id)?.comments === 'all_as_public');
}

/** What this account would show of the link's values after they were written there, in the mesh's words. */
export function shown(values: Values, sight: Sight): Values {
  return sight.lens.read(sight.forecast(sight.lens.write(values)));
}
