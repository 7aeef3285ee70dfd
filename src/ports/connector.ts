/** The port to the help desks: what a connector says about itself, what its webhooks say, and the calls to one desk. */
import type { Attachment, Comment, CommentDraft, EventType, FileDraft, Person, Service, Ticket, TicketFields, Warning } from '../core/model.ts';
import type { Capabilities, TicketQuery } from '../core/capabilities.ts';
import type { SignatureScheme } from '../core/signature.ts';
import type { CallBudget } from './call-budget.ts';
import type { World } from './world.ts';

export type { Capabilities, SignatureScheme, TicketQuery };

/** A JSON Schema (2020-12) document. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** One connected help desk, decrypted. Lives in memory only; its credentials never reach a log or an error. */
export interface Account {
  readonly id: number;
  readonly name: string;
  readonly service: Service;
  /** The desk's base address, without a trailing slash. */
  readonly url: string;
  readonly credentials: Readonly<Record<string, string>>;
  /** Validated by the connector's `about.settings`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The unguessable last part of this account's hook URL. */
  readonly hook_token: string;
  /** Secrets that inbound webhooks may be signed with; several while one is being rotated. */
  readonly inbound_secrets: readonly string[];
  /** A stopped account's lanes wait; nothing is lost. */
  readonly state: 'running' | 'stopped';
  readonly stopped_because: string | null;
  /** Why no deletion is taken from this account or made on it, and why nothing that only new rules bring, until a person releases it. */
  readonly deletions_held?: string;
  readonly rules_held?: string;
  /** Its desk asked for a pause: it is not called before (epoch milliseconds). */
  readonly paused_until?: number;
}

/** One delivered webhook, before anybody believed it. Header names are lower case. */
export interface Inbound {
  readonly headers: Readonly<Record<string, string>>;
  readonly rawBody: Buffer;
  readonly query: Readonly<Record<string, string>>;
}

/** What a verified and schema-valid webhook says. Never null, never a silent success. */
export type Reading =
  | {
      readonly kind: 'ticket';
      readonly ticketId: string;
      readonly event?: EventType;
      /** The whole ticket as the webhook carries it, for desks whose webhooks do (`can.snapshots`). */
      readonly snapshot?: Ticket;
      readonly deleted?: boolean;
      /** Equal for deliveries of the same occurrence, and only for these as far as the desk lets us tell. At most 200 characters. */
      readonly dedupe: string;
      /** Equal for the webhooks of one save, and only for these, where the desk sends several and says which belong together. At most 200 characters. */
      readonly save?: string;
    }
  | { readonly kind: 'challenge'; readonly status: number; readonly body: string }
  | { readonly kind: 'ignored'; readonly why: string; readonly dedupe: string }
  | { readonly kind: 'unreadable'; readonly why: string };

/** What a write did, told by the desk's answer. */
export interface Written {
  /** The ticket's id on the desk. */
  readonly id: string;
  /** The ticket after the write, where the answer shows it; a look like any other. */
  readonly ticket: Ticket | null;
  /** Fields that were left out of the write because this desk cannot hold them. */
  readonly warnings: readonly Warning[];
  /** The comment that an update carried, as the answer shows it; null where it carried none. */
  readonly comment?: Comment | null;
}

/** A file as a desk hands it out. */
export interface Download {
  readonly stream: AsyncIterable<Uint8Array>;
  /** Bytes, if told. */
  readonly size: number | null;
  readonly content_type: string | null;
}

/** A file that has been fetched and waits to be written: it can be opened as often as needed. */
export interface FileSource extends FileDraft {
  /** Exactly. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  open(): AsyncIterable<Uint8Array>;
  /** The same bytes for multipart forms; they stay on disk. */
  blob(): Promise<Blob>;
}

/** A comment that goes along with an update. */
export interface CommentAlong {
  readonly draft: CommentDraft;
  readonly key: string;
  readonly files: readonly FileSource[];
}

export interface WrittenComment {
  readonly comment: Comment;
  readonly warnings: readonly Warning[];
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Give this to the next call; null at the end. Opaque. */
  readonly next: string | null;
}

/** A call to a desk's own API, made with the account's credentials and passed on as it is. */
export interface RawCall {
  readonly method: string;
  /** Below the desk's own address, with its query: begins with a slash. */
  readonly path: string;
  /** Without any that authenticates. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

/** What the desk answered, whatever it is. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A ticket that changed, as the change feed tells it. */
export interface Change {
  readonly ticketId: string;
  readonly modified_at: string | null;
  readonly is_deleted: boolean;
}

export interface Changes {
  readonly items: readonly Change[];
  /** Where to go on. Made from the desk's own times, never from ours. */
  readonly cursor: string;
  /** Call again at once: there is more. */
  readonly more: boolean;
}

/** `registered` is done and gives the secrets that webhooks will be signed with; `manual` is for a person, step by step. */
export type Hook =
  | { readonly status: 'registered'; readonly secrets: readonly string[] }
  | { readonly status: 'manual'; readonly steps: readonly string[] };

/**
 * The calls to one connected desk. Every method rejects with `DeskFailure` and with nothing else.
 * Reads may be tried a few times within a call; a write is sent exactly once.
 */
export interface Desk {
  readonly can: Capabilities;

  /**
   * Reads what the desk's owner has configured there (custom fields, statuses, groups), so that forecasts can know it. Called
   * before any other call and again now and then; what fails is tried again, and an earlier answer stays.
   */
  learn?(): Promise<void>;

  /** What this desk would read back after `fields` were written: pure. Only the fields it can hold. */
  forecast(fields: TicketFields): TicketFields;
  /** What this desk would read back as content and visibility after `draft` was written: pure. */
  forecastComment(draft: CommentDraft): CommentDraft;

  /** Rejects with `missing` when the desk has no such ticket. A ticket in the trash is returned with `is_deleted`. */
  getTicket(id: string): Promise<Ticket>;
  /**
   * Every ticket that was there when the list began and is not in the trash; how often, while others are created and changed, says
   * `can.lists.pages`. `query` only as `can.lists` allows; the same for every page.
   */
  listTickets(page: string | null, query?: TicketQuery): Promise<Page<Ticket>>;
  /** Oldest first, without the one that is the ticket's description. */
  listComments(ticketId: string, page: string | null): Promise<Page<Comment>>;
  /** Tickets changed since `cursor`; null starts at `since` (epoch milliseconds). Overlaps rather than misses. */
  changes(cursor: string | null, since: number): Promise<Changes>;
  /** The address of a ticket's page for people; absent where it is not known how these are made. Pure. */
  page?(ticketId: string): string;

  /** What the desk's answers last told of the account's budget of calls, here in this process; null where they told nothing. */
  budget?(): CallBudget | null;

  /** The desk's own object that a ticket or comment, returned by this very desk, was read from; undefined where that is not known. */
  raw?(of: Ticket | Comment): unknown;
  /** Passes a call on, to the desk's own host and nowhere else. Resolves with whatever the desk answers, errors too. */
  pass?(call: RawCall): Promise<RawAnswer>;

  /** Hands out a file of a ticket (`commentId` null) or comment. Our credentials go to the desk's own host and to no other. */
  download?(attachment: Pick<Attachment, 'id' | 'url'>, of: { readonly ticketId: string; readonly commentId: string | null }): Promise<Download>;

  /**
   * A `Person` with a `user_id` and no `email` is somebody of this very desk; with an `email` the `user_id` says nothing.
   * `follows` only if `can.tickets.followUp`: the closed ticket that the new one goes on from.
   */
  createTicket(fields: TicketFields, key: string, files?: readonly FileSource[], follows?: string): Promise<Written>;
  /** `comment` only if `can.comments.withUpdate`; either both are written or neither. */
  updateTicket(id: string, patch: TicketFields, key: string, comment?: CommentAlong): Promise<Written>;
  deleteTicket(id: string, key: string): Promise<void>;
  restoreTicket?(id: string, key: string): Promise<void>;
  createComment(ticketId: string, draft: CommentDraft, key: string, files?: readonly FileSource[]): Promise<WrittenComment>;
  updateComment?(ticketId: string, commentId: string, draft: CommentDraft, key: string): Promise<WrittenComment>;
  deleteComment?(ticketId: string, commentId: string, key: string): Promise<void>;

  /** The ticket that was created with `key` at or after `sentAt` (epoch milliseconds), soft-deleted ones too; null if there is none to see. */
  find(key: string, hint: { readonly sentAt: number }): Promise<Ticket | null>;

  /** Makes or repairs the desk's webhook to `url`. One that is somebody else's stays as it is unless the account's settings say otherwise. */
  ensureWebhook(url: string): Promise<Hook>;
  /** Proves the credentials with a call that fails when they are wrong; returns who we are there. */
  check(): Promise<Person>;
}

/** A connector's self-description. */
export interface About {
  readonly service: Service;
  readonly title: string;
  /** Schema of the account's `credentials`. */
  readonly credentials: JsonSchema;
  /** Schema of the account's `settings`. */
  readonly settings: JsonSchema;
  /** Schema of a webhook's parsed body. */
  readonly webhooks: JsonSchema;
  /** What a body that does not fit that schema is answered with; 202 for desks that punish failures. */
  readonly misfitStatus: 422 | 202;
  signature(settings: Readonly<Record<string, unknown>>): SignatureScheme;
  /** Which writes carry a key that the desk itself honours, which a mark that is looked up, and what remains if both fail: for people to read. */
  readonly once: string;
  /** An account as it might be: for documentation and tests. */
  readonly sample: Pick<Account, 'url' | 'credentials' | 'settings'>;
}

/** Keeps an account's credentials when the desk itself renews them. */
export interface Vault {
  /**
   * Renews credentials, one caller at a time over all processes. `renew` is given the stored ones, unless these differ from
   * `stale` already: then somebody else was quicker and they are the answer. What `renew` gives is stored before it is returned.
   */
  renewed(
    accountId: number,
    stale: Readonly<Record<string, string>>,
    renew: (current: Readonly<Record<string, string>>) => Promise<Readonly<Record<string, string>>>,
  ): Promise<Readonly<Record<string, string>>>;
}

/** Makes plain data of a webhook's body: pure, bounded in depth and in nodes. Throws AppError `bad_request` for what it cannot read. */
export type BodyParser = (text: string) => unknown;

export interface Connector {
  readonly about: About;
  /**
   * The media types besides JSON that its webhooks may have, in lower case, and how bodies of each are parsed. `application/json`
   * is for desks whose people write the JSON themselves: it is tried on bodies of that type that are not JSON.
   */
  readonly formats?: Readonly<Record<string, BodyParser>>;
  /** Pure. The body has been verified, parsed (as JSON, or by `formats`) and found valid against `about.webhooks`. */
  read(inbound: Inbound, body: unknown, settings: Readonly<Record<string, unknown>>): Reading;
  /** No I/O yet. Throws only for settings that the schemas let through but that cannot work. */
  connect(account: Account, world: World, vault?: Vault): Desk;
}

/**
 * Why a call to a desk did not succeed, classified from status and code, never from wording.
 * - `throttled`: not done; not before `retryAt`.
 * - `unavailable`: certainly not done (not sent, or the desk said that it cannot serve now).
 * - `unsure`: a write that may have been done: look before doing it again. Never used for reads (these are `unavailable`).
 * - `refused`: not done, and the same request will be refused again.
 * - `unauthorised`: the credentials are not accepted (401), or not allowed to (403).
 * - `missing`: no such ticket or comment.
 * - `surprise`: the answer is not one that this desk gives; for a write, it may have been done.
 */
export type FailureKind = 'throttled' | 'unavailable' | 'unsure' | 'refused' | 'unauthorised' | 'missing' | 'surprise';

/** The only error that leaves a connector. Holds nothing of the request, so no credentials. */
export class DeskFailure extends Error {
  readonly kind: FailureKind;
  /** HTTP status of the answer, or null if there was none. */
  readonly status: number | null;
  /** The desk's own code for it, if any. */
  readonly code: string | null;
  /** Epoch milliseconds before which a call is pointless, if the desk said so. */
  readonly retryAt: number | null;
  /** The fields that the desk complains about, in unified names where known. */
  readonly fields: readonly string[];
  /** What is not to be called before `retryAt`: the whole account, or only calls like this one (the same ticket, the same endpoint). */
  readonly reach: 'account' | 'call';

  /** `message` is for a person: what the desk said, trimmed to 500 characters, without secrets. */
  constructor(kind: FailureKind, message: string, more: Partial<Pick<DeskFailure, 'status' | 'code' | 'retryAt' | 'fields' | 'reach'>> = {}) {
    super(message.length > 500 ? `${message.slice(0, 499)}…` : message);
    this.name = 'DeskFailure';
    this.kind = kind;
    this.status = more.status ?? null;
    this.code = more.code ?? null;
    this.retryAt = more.retryAt ?? null;
    this.fields = more.fields ?? [];
    this.reach = more.reach ?? 'account';
  }
}
