/** What a desk can hold and do, as data. */
import type { Person, Priority, Status, TicketFieldName, Writable } from './model.ts';

/** What a list of tickets may be narrowed by. `modified_after` is exclusive only as far as the desk's seconds go. */
export type TicketFilter = 'status' | 'priority' | 'assignee' | 'modified_after';
/** What a list of tickets may be sorted by; `-` is the latest first. */
export const TICKET_ORDERS = ['created_at', '-created_at', 'modified_at', '-modified_at'] as const;
export type TicketOrder = (typeof TICKET_ORDERS)[number];

/** What a list of tickets is narrowed to and sorted by; only what `can.lists` names. */
export interface TicketQuery {
  readonly status?: Status;
  readonly priority?: Priority;
  /** By `user_id`, or where that is null by `email`. */
  readonly assignee?: Person;
  /** ISO 8601 in UTC. */
  readonly modified_after?: string;
  readonly order_by?: TicketOrder;
}

/** What the planner must know of a desk; data. Depends on the account's settings, so it is asked of the `Desk`. */
export interface Capabilities {
  /** The fields that `getTicket` can tell. */
  readonly reads: readonly TicketFieldName[];
  /** When each field can be written; one that is missing here cannot be held at all. */
  readonly fields: Readonly<Partial<Record<TicketFieldName, Writable>>>;
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
    /** `updateTicket` can carry a new comment in the same call. */
    readonly withUpdate: boolean;
  };
  /** Files: whether they are told and can be fetched, and where they can be written. */
  readonly files: {
    readonly read: boolean;
    /** With a new ticket, and with a new comment. */
    readonly ticket: boolean;
    readonly comment: boolean;
    /** A file can be shown inside the text, where its `<img>` stands. */
    readonly inline: boolean;
    /** Bytes of one file, and of all files of one write. */
    readonly maxBytes: number;
    readonly maxTotalBytes: number;
    /** The longest time that a write can take whose own call carries files, in milliseconds. */
    readonly callTimeoutMs: number;
  };
  /** What a list of tickets can be narrowed to and sorted by, and how its pages hold; absent: neither, and `steady`. */
  readonly lists?: {
    readonly filters: readonly TicketFilter[];
    readonly orders: readonly TicketOrder[];
    /**
     * While tickets are created and changed, page after page gives each ticket once (`steady`, and so it is if this is absent), gives
     * some more than once (`repeat`), or may even pass some over (`move`).
     */
    readonly pages?: 'steady' | 'repeat' | 'move';
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
    /** `createTicket` can make a ticket that follows a closed one. */
    readonly followUp: boolean;
    /** `changes` also tells deletions. */
    readonly changesTellDeletes: boolean;
  };
  /** Webhooks carry the whole ticket. */
  readonly snapshots: boolean;
  /** The longest time that one call of this desk can take, in milliseconds, all phases together. */
  readonly callTimeoutMs: number;
}
