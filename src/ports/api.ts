/** The port to what the API keeps: tokens, what was done under an Idempotency-Key, and the feed of events. */
import type { EventType } from '../core/model.ts';
import type { MirrorEdge } from '../core/rules.ts';
import type { Held, Intent, Link, Note, ReplicaState } from '../core/state.ts';
import type { NewReceipt } from './intake.ts';
import type { AccountDraft, Operation } from './store.ts';

/** A key to the API, as it is kept: without the key itself. */
export interface Token {
  readonly id: string;
  readonly name: string;
  /** The one account it reaches; null for every account. */
  readonly account_id: number | null;
  readonly read_only: boolean;
  /** Null: as many as usual. */
  readonly requests_per_minute: number | null;
  /** The last characters of it, to tell it by. */
  readonly hint: string;
  /** Epoch milliseconds. */
  readonly created: number;
  readonly used: number | null;
}

export interface TokenDraft extends Pick<Token, 'id' | 'name' | 'account_id' | 'read_only' | 'requests_per_minute' | 'hint'> {
  /** SHA-256 of the token, in hex. */
  readonly hash: string;
}

export interface TokenStore {
  byHash(hash: string): Promise<Token | null>;
  byId(id: string): Promise<Token | null>;
  /** Newest first, those before `before`. */
  list(before: string | null, limit: number): Promise<readonly Token[]>;
  /** One with the same id gets the new hash. */
  put(draft: TokenDraft): Promise<Token>;
  /** Puts it unless some token reaches every account and may write already; null then. However many processes ask at once, one gets it. */
  putFirst(draft: TokenDraft): Promise<Token | null>;
  /** False if there is none. */
  remove(id: string): Promise<boolean>;
  /** They were used about now. */
  used(ids: readonly string[]): Promise<void>;
}

/** An answer that is kept to be given again. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: object | null;
  /** Instead of a body: bytes in base64, and the headers that go with them. */
  readonly bytes?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is kept of one request while it is made. */
export interface Once {
  /** Unique to the request; the same when it is repeated with its key. */
  readonly id: string;
  /** A write that an earlier try began and of which no outcome is known; null if none did. */
  readonly intent: Intent | null;
  /** Keeps the write that is about to be sent, or that it certainly was not done (null). Resolves when it is on disk. */
  intend(intent: Intent | null): Promise<void>;
}

/** Who asks for what under which key. */
export interface OnceRequest {
  readonly caller: string;
  readonly key: string;
  /** SHA-256 over everything that makes the request what it is, in hex. */
  readonly digest: string;
}

/** How a request with a key stands. */
export type Standing =
  | { readonly kind: 'ours'; readonly id: string; readonly lease: string; readonly intent: Intent | null }
  | { readonly kind: 'done'; readonly answer: KeptAnswer }
  /** Another call with it is under way, until at most then (epoch milliseconds). */
  | { readonly kind: 'running'; readonly until: number }
  /** The key was used for something else. */
  | { readonly kind: 'other' };

export interface OnceStore {
  /** Takes the request in hand for `leaseMs`, or tells why not. */
  begin(request: OnceRequest, leaseMs: number): Promise<Standing>;
  /** False if the request is no longer ours. */
  intend(id: string, lease: string, intent: Intent | null): Promise<boolean>;
  renew(id: string, lease: string, leaseMs: number): Promise<void>;
  finish(id: string, lease: string, answer: KeptAnswer): Promise<void>;
  /** Lets go of it without an answer: the same request may be made again; what it intended stays. */
  release(id: string, lease: string): Promise<void>;
  /** Leases of a process that is gone for certain. */
  liftLeases(): Promise<void>;
}

/** What happened on a desk, as the feed tells it. */
export interface FeedEvent {
  readonly id: string;
  /** Its place in the account's feed, from 1 on, without gaps. */
  readonly place: number;
  readonly account_id: number;
  readonly type: EventType;
  readonly ticket_id: string;
  readonly comment_id: string | null;
  /** The attributes that changed, as far as known. */
  readonly changed: readonly string[];
  /** When it was taken in (epoch milliseconds). */
  readonly at: number;
}

export interface EventFeed {
  /** The events after `place`, oldest first, and how many are left after these. */
  after(accountId: number, place: number, limit: number): Promise<{ readonly events: readonly FeedEvent[]; readonly remaining: number }>;
  /** The place of the latest event; 0 if there was none. */
  latest(accountId: number): Promise<number>;
}

/** What would be left without an account. */
export interface Dependents {
  /** Names of the mirrors that lead from or to it. */
  readonly mirrors: readonly string[];
  /** How many links have a ticket on it. */
  readonly links: number;
}

/** Accounts one at a time; `AccountStore` is for all of them. */
export interface AccountBooks {
  /** When each account was connected and last changed (epoch milliseconds), by id. */
  times(): Promise<ReadonlyMap<number, { readonly created: number; readonly modified: number }>>;
  /**
   * Connects a desk. `taken`: another account has the name; `twin`: another is this very desk with the same credentials. With the
   * same `madeBy` again the account that was made then is the answer.
   */
  connect(draft: AccountDraft, madeBy: string): Promise<{ readonly kind: 'connected' | 'taken' | 'twin'; readonly id: number }>;
  /** False if there is no such account. */
  change(id: number, part: Partial<Pick<AccountDraft, 'url' | 'credentials' | 'settings'>>): Promise<boolean>;
  dependents(id: number): Promise<Dependents>;
  /** With all that depends on it. Receipts and operations stay as the record that they are. */
  remove(id: number): Promise<void>;
}

/** A mirror as it is kept. */
export interface MirrorRecord {
  readonly name: string;
  readonly edges: readonly MirrorEdge[];
}

/** One replica of a link, as far as people ask about it. */
export interface ReplicaRecord {
  readonly id: string;
  readonly account_id: number;
  readonly ticket_id: string | null;
  readonly state: ReplicaState;
  /** What its desk refused, and waits for a newer change or for a person. */
  readonly held: Readonly<Record<string, Held>>;
  /** Failed attempts in a row. */
  readonly failures: number;
  /** It has not caught up with its desk or its link. */
  readonly behind: boolean;
  /** When it is next looked at (epoch milliseconds); null while nothing is due. */
  readonly due: number | null;
}

export interface LinkRecord extends Pick<Link, 'id' | 'origin' | 'version' | 'fields' | 'life'> {
  /** Epoch milliseconds. */
  readonly created: number;
  readonly replicas: readonly ReplicaRecord[];
}

export interface NoteRecord extends Note {
  readonly replica_id: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface OperationRecord extends Operation {
  readonly id: string;
}

export interface ReceiptRecord extends Pick<NewReceipt, 'account_id' | 'dedupe' | 'ticket_id' | 'event' | 'reason'> {
  readonly id: string;
  readonly state: 'accepted' | 'settled' | 'ignored' | 'parked';
  /** Epoch milliseconds. */
  readonly received: number;
  readonly settled: number | null;
}

/** With what came. */
export interface WholeReceipt extends ReceiptRecord, Pick<NewReceipt, 'headers' | 'raw_body'> {}

/** Where a list goes on, newest first: only what is older than `before`. */
export interface Slice {
  readonly before: string | null;
  readonly limit: number;
}

/** The record: what came in, what was linked, what was written; for people to read, and to act on. */
export interface Records {
  mirrors(): Promise<readonly MirrorRecord[]>;
  links(filter: { readonly account_id?: number; readonly ticket_id?: string }, slice: Slice): Promise<readonly LinkRecord[]>;
  link(id: string): Promise<LinkRecord | null>;
  /** The newest notes of a link. */
  notes(linkId: string, limit: number): Promise<readonly NoteRecord[]>;
  operations(filter: { readonly account_id?: number; readonly link_id?: string; readonly outcome?: Operation['outcome'] }, slice: Slice): Promise<readonly OperationRecord[]>;
  operation(id: string): Promise<OperationRecord | null>;
  receipts(filter: { readonly account_id?: number; readonly state?: ReceiptRecord['state']; readonly ticket_id?: string }, slice: Slice): Promise<readonly ReceiptRecord[]>;
  receipt(id: string): Promise<WholeReceipt | null>;
  /** A stored webhook was read again: what it says now stands, and leads to a look at its ticket. */
  reread(id: string, reading: Pick<NewReceipt, 'state' | 'reason' | 'ticket_id' | 'event'>): Promise<void>;
}

/** What lists have given so far, for desks whose pages do not hold still. Kept for a day. */
export interface GivenStore {
  /** Those of the digests that the listing gave in turns before this one. */
  before(listing: string, turn: number, digests: readonly string[]): Promise<ReadonlySet<string>>;
  /** They are given in this turn; the same again for a page that is asked for again. */
  note(listing: string, turn: number, digests: readonly string[]): Promise<void>;
}
