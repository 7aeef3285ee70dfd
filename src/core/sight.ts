/** What a pure decision about one replica may look at besides the state. */
import type { CommentDraft, FieldName, TicketFields, Writable } from './model.ts';
import type { Rules } from './rules.ts';

/** The facts about a desk that decisions rest on; the connectors' `Capabilities` fit it. */
export interface Capabilities {
  readonly fields: Readonly<Partial<Record<FieldName, Writable>>>;
  readonly comments: {
    readonly list: boolean;
    readonly create: boolean;
    readonly private: boolean;
    readonly edit: boolean;
    readonly delete: boolean;
    readonly makePrivate: boolean;
    readonly keyVisible: boolean;
    readonly listLagMs: number;
  };
  readonly tickets: {
    readonly restore: boolean;
    readonly keyVisible: boolean;
    readonly findLagMs: number;
    readonly idempotentCreateMs: number;
    readonly closedIsFinal: boolean;
  };
  readonly callTimeoutMs: number;
}

export interface Sight {
  readonly account: { readonly id: number; readonly name: string };
  readonly can: Capabilities;
  readonly rules: Rules;
  forecast(fields: TicketFields): TicketFields;
  forecastComment(draft: CommentDraft): CommentDraft;
  nameOfAccount(id: number): string;
}
