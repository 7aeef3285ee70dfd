/** What a desk can hold and do, as data. */
import type { FieldName, Writable } from './model.ts';

/** What the planner must know of a desk; data. Depends on the account's settings, so it is asked of the `Desk`. */
export interface Capabilities {
  /** A field that is missing here cannot be held at all. */
  readonly fields: Readonly<Partial<Record<FieldName, Writable>>>;
  readonly comments: {
    readonly list: boolean;
    readonly create: boolean;
    /** Can hold a comment that the customer does not see. */
    readonly private: boolean;
    /** Can change a comment's text. */
    readonly edit: boolean;
    readonly delete: boolean;
    /** Can turn a public comment private. */
    readonly makePrivate: boolean;
    /** Our key is visible in what `listComments` returns. */
    readonly keyVisible: boolean;
    /** Milliseconds that a new comment may be missing from the list. */
    readonly listLagMs: number;
    /** UTF-8 bytes of one comment's content. */
    readonly maxBytes: number;
  };
  readonly tickets: {
    readonly delete: 'soft' | 'hard';
    /** `restoreTicket` exists. */
    readonly restore: boolean;
    /** Our key is visible in what `getTicket`, `changes` and webhook snapshots return. */
    readonly keyVisible: boolean;
    /** Milliseconds that `find` may fail to see a ticket after its create was answered. */
    readonly findLagMs: number;
    /** Milliseconds for which a create may be repeated with the same key and body and gives the first answer; 0 = never. */
    readonly idempotentCreateMs: number;
    /** A ticket whose status is `closed` refuses every further write. */
    readonly closedIsFinal: boolean;
    /** `changes` also tells deletions. */
    readonly changesTellDeletes: boolean;
  };
  /** Webhooks carry the whole ticket. */
  readonly snapshots: boolean;
  /** The longest time that one call of this desk can take, in milliseconds, all phases together. */
  readonly callTimeoutMs: number;
}
