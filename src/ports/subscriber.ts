/** The port to those who listen: what is told, to whom, and in which form. */
import type { EventType, TicketFields, Comment } from '../core/model.ts';

/** Everything that can be told: what happened to tickets and comments, and what happened to the mesh itself. */
export const MESH_EVENT_TYPES = ['account.stopped', 'account.resumed', 'operation.parked'] as const;
export type MeshEventType = EventType | (typeof MESH_EVENT_TYPES)[number];

/** One thing that happened, as subscribers are told of it. */
export interface MeshEvent {
  /** The same for every subscriber and every attempt. */
  readonly id: string;
  readonly type: MeshEventType;
  /** ISO 8601 in UTC. */
  readonly time: string;
  readonly account: { readonly id: number; readonly name: string; readonly service: string };
  /** The logical ticket over all desks. */
  readonly link: string | null;
  readonly cause: 'person' | 'mirror';
  /** About something that customers do not see. */
  readonly private: boolean;
  readonly ticket: (TicketFields & { readonly id: string }) | null;
  /** What an update changed: before and after. */
  readonly changes?: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  readonly comment?: Pick<Comment, 'id' | 'content' | 'author' | 'public'>;
  /** Why, for events of the mesh itself. */
  readonly reason?: string;
}

/** Somebody's endpoint, as far as a message depends on it. */
export interface Endpoint {
  readonly url: string;
  /** The secrets that messages are signed with, newest first; several while one is being rotated. */
  readonly secrets: readonly string[];
  /** Of the format `template`: the user's JSON with its places. */
  readonly template: unknown;
}

/** One attempt at one delivery. */
export interface Attempt {
  readonly event: MeshEvent;
  /** The same for every attempt at this delivery. */
  readonly deliveryId: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** A request that is ready to go. */
export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One form of messages. Pure. */
export interface Format {
  readonly name: string;
  readonly title: string;
  /** What is wrong with an endpoint of this format, as sentences by field; none if it can be used. */
  faults(endpoint: Endpoint): readonly { readonly path: string; readonly message: string }[];
  render(attempt: Attempt, endpoint: Endpoint): Message;
}
