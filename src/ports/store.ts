/** The port to what is kept: lanes, links, receipts, operations, accounts and mirrors. */
import type { Automation } from '../core/automation.ts';
import type { Limits } from '../core/guards.ts';
import type { Announcement } from '../core/announce.ts';
import type { LensTerms } from '../core/lens.ts';
import type { MeshEvent } from '../core/mesh-event.ts';
import type { MirrorEdge, Terms } from '../core/rules.ts';
import type { Link, Note, Replica } from '../core/state.ts';
import type { StepKind, Ticket, Warning } from '../core/model.ts';
import type { AutomationStore } from './automation.ts';
import type { BackfillStore } from './backfill.ts';
import type { Account, Change } from './connector.ts';
import type { Intake } from './intake.ts';

/**
 * A replica in the hands of one worker. Whoever holds the lease is the only one to read and write that ticket; every
 * commit is fenced by it.
 */
export interface Lane {
  readonly lease: string;
  readonly replica: Replica;
  /** Null while the replica is `unknown`. */
  readonly link: Link | null;
  /** How many signals came for this ticket, and how many of these have been looked at. */
  readonly signalled: number;
  readonly read: number;
  /** The latest receipt among the signals; settled by the look. */
  readonly receipt: string | null;
  /** When its latest signal arrived (epoch milliseconds); 0 if none did. */
  readonly signalled_at: number;
  /** Opened just now by another lane of this process: its open intent has certainly not been sent. */
  readonly fresh: boolean;
  /** The ticket as the latest signal carried it, if that was a webhook with a snapshot. */
  readonly snapshot: Ticket | null;
}

/** A file that went along with a write. */
export interface SentFile {
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What a write carried, as the record keeps it: long texts are cut. */
export interface Wrote {
  /** In the desk's words. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly comment?: { readonly uid: string | null; readonly comment_id: string | null; readonly public?: boolean; readonly content?: string };
}

/** What the desk answered: the id of what it made, or its status and code where it did not do it. */
export interface Answer {
  readonly id?: string;
  /** Found by a later look, or told again from the desk's memory of the key. */
  readonly found?: true;
  /** The kind of failure, as the connector classified it. */
  readonly failure?: string;
  readonly status?: number;
  readonly code?: string;
}

/** One attempt at a step, as recorded. */
export interface Operation {
  readonly replica_id: string;
  readonly link_id: string;
  readonly account_id: number;
  readonly kind: StepKind;
  readonly key: string;
  readonly attempt: number;
  readonly outcome: 'done' | 'refused' | 'missing' | 'undone' | 'unsure';
  /** What the desk said, trimmed; null when done. */
  readonly reason: string | null;
  readonly wrote: Wrote;
  readonly answer: Answer;
  readonly warnings: readonly Warning[];
  readonly files: readonly SentFile[];
  /** Epoch milliseconds. */
  readonly began: number;
  readonly ended: number;
}

/** One all-or-nothing change, made under a lane's lease. */
export interface Turn {
  readonly lease: string;
  /** The replica as it was when the turn began: what differs is written. */
  readonly before: Replica;
  readonly replica: Replica;
  /** The link before and after; null if it did not change. The commit is refused if its version moved meanwhile. */
  readonly link: { readonly before: Link; readonly after: Link } | null;
  /** Signals up to this number have been looked at. */
  readonly read: number | null;
  /** Receipts of this ticket up to this one are settled by this turn, with this reason. */
  readonly settles: { readonly receipt: string; readonly reason: string } | null;
  /**
   * New replicas of the link. One with a lease comes back as a lane of ours; the others are due at once. One whose ticket is there
   * already takes the place of the stranger's row of it, and is signalled; where that ticket has a link by now, the turn is `lost`.
   */
  readonly spawn: readonly { readonly replica: Replica; readonly lease: string | null }[];
  /** A ticket that turned out to be another replica's own: that one gets its id, and a signal. This lane's row goes. */
  readonly adopted_by: string | null;
  readonly operations: readonly Operation[];
  readonly notes: readonly Note[];
  /** What those who follow the account are told. */
  readonly events?: readonly Announcement[];
  /** The same in full, with what else is told, for those who subscribed; absent while nobody did. */
  readonly tellings?: readonly MeshEvent[];
  /** Give the lane back: due again after so many milliseconds, or when something happens (`null`). Keep it: 'keep'. */
  readonly release: 'keep' | { readonly inMs: number | null };
}

/**
 * `due`: done, and the lane that was given back is due again already, since something came meanwhile.
 * `lost`: somebody else has the lane, or the row is no more. `stale`: the link moved on; read it again and redo the pure part.
 */
export type TurnResult = 'done' | 'due' | 'stale' | 'lost';

/** What a change feed or a rotation says: look at this ticket. */
export interface Signal extends Change {
  /** Signal even if nothing looks newer than the last look. */
  readonly force: boolean;
}

export interface LaneStore {
  /** Takes due lanes: at most `free` for each account, oldest first, and at most `most` in all, in the accounts' order. */
  claim(slots: readonly { readonly account_id: number; readonly free: number }[], most: number, leaseMs: number): Promise<readonly Lane[]>;
  commit(turn: Turn): Promise<TurnResult>;
  link(id: string): Promise<Link>;
  /** Keeps lanes that are still being worked on. */
  renew(leases: readonly { readonly replica_id: string; readonly lease: string }[], leaseMs: number): Promise<void>;
  /** Hands lanes back untouched, due at once: on a stop. */
  giveBack(leases: readonly { readonly replica_id: string; readonly lease: string }[]): Promise<void>;
  /** The replica without a ticket id that writes, or wrote, with this ticket key. */
  byKey(accountId: number, key: string): Promise<Replica | null>;
  /** Whether a create was sent on this account before `time` and is not settled, by a replica that has no ticket id yet. */
  createsOpen(accountId: number, time: number): Promise<boolean>;
  /** Whether a ticket of this account goes, or went, on from this closed one. */
  isFollowed(accountId: number, ticketId: string): Promise<boolean>;
  signal(accountId: number, signals: readonly Signal[]): Promise<number>;
  /** Tickets that nobody has looked at since `before` (epoch milliseconds), in a turn that comes round to all of them. */
  leastLooked(accountId: number, before: number, limit: number): Promise<readonly string[]>;
  /** Makes every waiting lane of an account due now: after it recovered. */
  hasten(accountId: number): Promise<void>;
  /** Makes due whatever is behind and has no wake-up; the net under lost ones. Returns how many. */
  mend(): Promise<number>;
}

/** Where a sweep of an account has come to. */
export interface SweepState {
  readonly cursor: string | null;
  /** Epoch milliseconds from which on the account's changes matter. */
  readonly since: number;
}

export interface AccountDraft {
  readonly name: string;
  readonly service: string;
  readonly url: string;
  readonly credentials: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Terms as they are configured: owners by their accounts' names. */
export interface DraftTerms extends Omit<Terms, 'owner'> {
  readonly owner: Readonly<Record<string, string>>;
}

export interface Mirror {
  readonly name: string;
  readonly edges: readonly { readonly from: string; readonly to: string; readonly terms: DraftTerms }[];
  /** What is special about each account's words and ids, by the account's name. */
  readonly lenses: Readonly<Record<string, LensTerms>>;
}

/** All accounts, mirrors and automations, at one moment. */
export interface LoadedMesh {
  readonly accounts: readonly Account[];
  readonly edges: readonly MirrorEdge[];
  /** By account id, all mirrors together. */
  readonly lenses: ReadonlyMap<number, LensTerms>;
  /** In the order in which they run. */
  readonly automations: readonly Automation[];
  readonly version: number;
}

export interface AccountStore {
  load(): Promise<LoadedMesh>;
  /** Changes whenever accounts or mirrors do. */
  version(): Promise<number>;
  /**
   * Makes accounts, mirrors and automations as given, all at once. Accounts that are not named stay; mirrors and automations that
   * are not named go. Where the new rules touch too many tickets, what only they bring is held on those accounts with it.
   */
  apply(accounts: readonly AccountDraft[], mirrors: readonly Mirror[], limits?: Limits, automations?: readonly Automation[]): Promise<void>;
  setSecrets(accountId: number, secrets: readonly string[]): Promise<void>;
  stop(accountId: number, because: string): Promise<void>;
  resume(accountId: number): Promise<void>;
  /** No process calls this account's desk before `until` (epoch milliseconds). */
  pause(accountId: number, until: number): Promise<void>;
  /** Counts deletions seen on an account. Gives how many there were within the window; 0 while a person has freed them. */
  countDeletions(accountId: number, amount: number, windowMs: number): Promise<number>;
  /** How many tickets the account has that are mirrored. */
  countTickets(accountId: number): Promise<number>;
  /** No deletion is taken from this account or made on it until it is released. The first reason stays. */
  holdDeletions(accountId: number, because: string): Promise<void>;
  /** Deletions go on; for `freeMs` milliseconds they are not counted, since a person wanted them. */
  releaseDeletions(accountId: number, freeMs: number): Promise<void>;
  /** What new rules bring goes on. */
  releaseRules(accountId: number): Promise<void>;
  sweep(accountId: number): Promise<SweepState>;
  swept(accountId: number, cursor: string): Promise<void>;
}

export interface Retention {
  /** Removes settled and ignored receipts, operations and deliveries older than given (epoch milliseconds). Returns how many rows went. */
  purge(receiptsBefore: number, operationsBefore: number, deliveriesBefore?: number): Promise<number>;
}

export interface Store {
  readonly intake: Intake;
  readonly lanes: LaneStore;
  readonly accounts: AccountStore;
  readonly automations: AutomationStore;
  readonly backfills: BackfillStore;
  readonly retention: Retention;
  /** Rejects when the database cannot be reached. */
  ping(): Promise<void>;
}
