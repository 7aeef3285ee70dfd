/** The port to those who listen: what is told, to whom, and in which form. */
import type { MeshEvent } from '../core/mesh-event.ts';

export { MESH_EVENT_TYPES, type MeshEvent, type MeshEventType } from '../core/mesh-event.ts';

/** Somebody's endpoint, as far as a message depends on it. */
export interface Endpoint {
  readonly url: string;
  /** The secrets that messages are signed with, newest first; several while one is being rotated. */
  readonly secrets: readonly string[];
  /** Of the format `template`: the user's JSON with its places. */
  readonly template: unknown;
  /** Of a Slack bot, which is given instead of a webhook's address: its token, and where it writes. */
  readonly token: string | null;
  readonly channel: string | null;
}

/** One attempt at one delivery. */
export interface Attempt {
  readonly event: MeshEvent;
  /** The same for every attempt at this delivery. */
  readonly deliveryId: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** What the answer to the first message about this ticket said of itself, for messages that belong under it; null for the first. */
  readonly thread: string | null;
}

/** A request that is ready to go. */
export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What an endpoint answered, or why it did not. */
export interface Delivered {
  /** HTTP status; null if there was no answer. */
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The beginning of the answer's body, for the record. */
  readonly body: string;
  /** All of it that was read, for formats that are answered in the body. */
  readonly read: string;
  /** Why it failed, without anything of the request; null if there was an answer and the status says all. */
  readonly failure: string | null;
  /** `Retry-After`, from now on; null if absent. */
  readonly retryAfterMs: number | null;
}

/** One attempt, bounded in time and bytes. Never rejects. */
export type Send = (message: Message, signal?: AbortSignal) => Promise<Delivered>;

/** One form of messages. Pure. */
export interface Format {
  readonly name: string;
  readonly title: string;
  /** What is wrong with an endpoint of this format, as sentences by field; none if it can be used. */
  faults(endpoint: Endpoint): readonly { readonly path: string; readonly message: string }[];
  /** Whether messages of this form can tell of it; absent: of everything. */
  takes?(event: MeshEvent): boolean;
  render(attempt: Attempt, endpoint: Endpoint): Message;
  /** What an answer means, where its status does not say it; and the thread that later messages about this ticket belong under. */
  answered?(answer: Delivered, endpoint: Endpoint): { readonly answer: Delivered; readonly thread: string | null };
  /** The address that is used where none is given. */
  readonly url?: string;
}
