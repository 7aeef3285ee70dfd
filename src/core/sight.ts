/** What a pure decision about one replica may look at besides the state. */
import type { Capabilities } from './capabilities.ts';
import type { CommentDraft, TicketFields } from './model.ts';
import type { Rules } from './rules.ts';

export interface Sight {
  readonly account: { readonly id: number; readonly name: string };
  readonly can: Capabilities;
  readonly rules: Rules;
  forecast(fields: TicketFields): TicketFields;
  forecastComment(draft: CommentDraft): CommentDraft;
  nameOfAccount(id: number): string;
}
