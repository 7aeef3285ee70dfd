/** The state that the loop keeps: links, replicas, copies of comments, and the intent that is stored before a call. Immutable values. */
import type { Values } from './lens.ts';
import type { CommentDraft, FileDraft, LinkField, Person, StepKind, TicketFields, Warning } from './model.ts';

/**
 * A clock orders the changes of one field across desks: milliseconds, taken from a desk's time but never less than
 * one more than what it follows. Only compared within one field (or one comment, or one life).
 */
export type Clock = number;

export interface FieldState {
  readonly value: unknown;
  readonly clock: Clock;
  /** The account on which a person made it so. */
  readonly from: number;
  /** Of sets: the accounts that brought each member, or took it away, where these are not `from` alone; none for what stays where it was. */
  readonly by?: Readonly<Record<string, readonly number[]>>;
}

/** Whether the logical ticket exists. Deleting and restoring is a change like any other, with a clock of its own. */
export interface Life {
  readonly alive: boolean;
  readonly clock: Clock;
  readonly from: number;
}

/** One logical comment. `uid` is made of the account and the comment's id where it was first seen. */
export interface LinkComment {
  readonly uid: string;
  readonly from: number;
  readonly author: Person | null;
  /** HTML, without an author line. */
  readonly content: string;
  /** Once false it stays so. */
  readonly public: boolean;
  /** Once true it stays so. */
  readonly deleted: boolean;
  /** Of the words and of the deletion; visibility needs none. */
  readonly clock: Clock;
  /** Epoch milliseconds by the desk it was written on; gives the order in which copies are made. */
  readonly created: number;
  /** The files that it came with. */
  readonly files: readonly FileDraft[];
  /** The automation that wrote it; absent where a person did. */
  readonly automation?: string;
}

/** One logical ticket across desks: what every replica should show. */
export interface Link {
  readonly id: string;
  /** The account on which it began. */
  readonly origin: number;
  /** The accounts on which it has, or wants, a replica. */
  readonly accounts: readonly number[];
  /** +1 with every change; 0 for a link that is not stored yet. */
  readonly version: number;
  readonly fields: Readonly<Partial<Record<LinkField, FieldState>>>;
  readonly life: Life;
  readonly comments: Readonly<Record<string, LinkComment>>;
  /** The files that came with the description when the ticket was first seen. */
  readonly files: readonly FileDraft[];
}

/** A comment's one copy on one replica. */
export interface Copy {
  readonly uid: string;
  /** Null until its id is known. */
  readonly comment_id: string | null;
  /** +1 when it is made anew, so that its key is new too. */
  readonly generation: number;
  /** Written by us, as opposed to a person's comment on its own desk. */
  readonly ours: boolean;
  /** What was last seen there: a digest of the text, and the visibility. */
  readonly text: string | null;
  readonly public: boolean;
  /** What a try of ours said that no look ever showed, as a digest: should it take effect after all, it is ours whatever is said by now. */
  readonly tried?: string;
  /** The link comment's clock that this copy shows. */
  readonly applied: Clock;
  /** Epoch milliseconds from which the copy is known to exist; an absence is believed only `listLagMs` later. */
  readonly since: number;
  readonly deleted: boolean;
}

/** A call that is about to be made, or whose answer is not known: stored before the call, erased by its outcome. */
export interface Intent {
  readonly kind: StepKind;
  readonly key: string;
  /** What is written: fields of a create or update. */
  readonly fields: TicketFields | null;
  /** What this desk would read back of `fields`, in normal form. */
  readonly forecast: Readonly<Partial<Record<LinkField, Normal>>>;
  /** The link's clock of every field that the write carries. */
  readonly clocks: Readonly<Partial<Record<LinkField, Clock>>>;
  /** The link's life clock that a create, restore or delete stands for. */
  readonly life: Clock;
  readonly uid: string | null;
  readonly comment_id: string | null;
  readonly draft: CommentDraft | null;
  /** Files of a new ticket's description; those of a comment are in its draft. */
  readonly files: readonly FileDraft[];
  /** The closed ticket that a new one goes on from. */
  readonly follows: string | null;
  /** What of the link this write leaves out because the desk cannot hold it. */
  readonly warnings: readonly Warning[];
  /** The comment's clock in the link that the draft carries. */
  readonly clock: Clock;
  /** Epoch milliseconds before the request was sent for the first and for the last time. */
  readonly first_sent: number;
  readonly sent: number;
  /** Set when an answer came that left it open (epoch milliseconds); null while no answer is known. */
  readonly answered: number | null;
  readonly tries: number;
  /** When every earlier try has had its effect or never will (epoch milliseconds); 0 if there was none. */
  readonly landed: number;
  /** Why the desk refused to hear of it again, while an earlier try may have been done: only a look settles it. */
  readonly refused: string | null;
}

/** A value as it is compared: see `normal`. */
export type Normal = string | number | boolean | null | readonly string[];

/** A step that its desk refused; after the second refusal it waits for a newer change or for a person. */
export interface Held {
  /** The clock of what was refused: a newer one tries again. */
  readonly clock: Clock;
  readonly count: number;
  readonly reason: string;
  readonly at: number;
}

/** What was written on a ticket lately: it fills with every write and drains with time. */
export interface Spent {
  readonly level: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Changes on a field that came back at once after our own write there. */
export interface Bounce {
  /** More for a value that came back before than for a new one. */
  readonly count: number;
  readonly value: Normal;
  readonly at: number;
}

/**
 * `unknown`: a ticket was seen that belongs to no link yet. `wanted`: to be created. `creating`: a create is open.
 * `present`, `deleted`: as last seen on the desk.
 */
export type ReplicaState = 'unknown' | 'wanted' | 'creating' | 'present' | 'deleted';

/** A link's ticket on one account. */
export interface Replica {
  readonly id: string;
  readonly link_id: string | null;
  readonly account_id: number;
  readonly ticket_id: string | null;
  /** +1 whenever the ticket is created anew. */
  readonly generation: number;
  readonly state: ReplicaState;
  /** What was last seen on the desk, in normal form. */
  readonly base: Readonly<Partial<Record<LinkField, Normal>>>;
  /** The link's clocks that this replica has caught up with. */
  readonly applied: Readonly<Partial<Record<LinkField, Clock>>>;
  readonly life_applied: Clock;
  readonly copies: Readonly<Record<string, Copy>>;
  /** Ids of comments that carry our key but are not the recorded copy: ours by proof, to be deleted. */
  readonly surplus: readonly string[];
  readonly intent: Intent | null;
  readonly held: Readonly<Record<string, Held>>;
  readonly bounces: Readonly<Partial<Record<LinkField, Bounce>>>;
  /** When we last wrote a field there (epoch milliseconds). */
  readonly wrote: Readonly<Partial<Record<LinkField, number>>>;
  /** When the last look began that saw all of the ticket, its comments too (epoch milliseconds); 0 for never. */
  readonly looked: number;
  /** The desk's own time of its last change, as last seen (epoch milliseconds). */
  readonly modified: number;
  /** The ticket there that this one was merged into, as last seen. */
  readonly merged_into: string | null;
  /** Its ticket was there before it became one with the link's others, and was not looked at since. */
  readonly meeting: boolean;
  /** The closed ticket there that this replica's ticket goes on from. */
  readonly follows: string | null;
  /** How much of its budget of writes the ticket has used. */
  readonly spent: Spent;
  /** When its comments were first all gone at once (epoch milliseconds); 0 if they are not. */
  readonly doubt: number;
  /** Failed attempts in a row. */
  readonly failures: number;
  /** The link's version at which nothing was due. */
  readonly version: number;
}

/** Something decided that a person may ask about. */
export interface Note {
  readonly what: string;
  readonly field?: string;
  readonly because: string;
  readonly values?: Readonly<Record<string, unknown>>;
}

/** A replica that a link wants on an account where it has none. */
export function wantedReplica(id: string, linkId: string, accountId: number): Replica {
  return { ...strangerReplica(id, accountId, null), link_id: linkId, state: 'wanted' };
}

/** A link's replica that is there already: its first look tells what it has to say. */
export function pairedReplica(id: string, link: Pick<Link, 'id' | 'life'>, accountId: number, ticketId: string): Replica {
  return { ...strangerReplica(id, accountId, ticketId), link_id: link.id, state: 'present', life_applied: link.life.clock, meeting: true };
}

/** A ticket that was heard of and belongs to no link yet. */
export function strangerReplica(id: string, accountId: number, ticketId: string | null): Replica {
  return {
    id,
    link_id: null,
    account_id: accountId,
    ticket_id: ticketId,
    generation: 1,
    state: 'unknown',
    base: {},
    applied: {},
    life_applied: 0,
    copies: {},
    surplus: [],
    intent: null,
    held: {},
    bounces: {},
    wrote: {},
    looked: 0,
    modified: 0,
    merged_into: null,
    meeting: false,
    follows: null,
    spent: { level: 0, at: 0 },
    doubt: 0,
    failures: 0,
    version: 0,
  };
}

/** The link of a ticket that nobody knew: empty, to be filled by absorbing its first look. */
export function newLink(id: string, origin: number, now: number): Link {
  return { id, origin, accounts: [origin], version: 0, fields: {}, life: { alive: true, clock: now, from: origin }, comments: {}, files: [] };
}

/** The link's values, in the mesh's words. */
export function valuesOf(link: Link): Values {
  const values: Record<string, unknown> = {};
  for (const [name, state] of Object.entries(link.fields)) values[name] = state?.value;
  return values;
}
