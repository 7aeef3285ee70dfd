/** What subscribers are told: one thing that happened, in unified words. */
import { EVENT_TYPES, type Comment, type EventType, type TicketFields } from './model.ts';

/** What happens to the mesh itself, as opposed to a ticket or comment. */
export const MESH_EVENT_TYPES = ['account.stopped', 'account.resumed', 'operation.parked', 'subscription.disabled'] as const;
export type MeshEventType = EventType | (typeof MESH_EVENT_TYPES)[number];
export const ALL_EVENT_TYPES: readonly MeshEventType[] = [...EVENT_TYPES, ...MESH_EVENT_TYPES];

/** One thing that happened, as subscribers are told of it. */
export interface MeshEvent {
  /** The same for every subscriber and every attempt. */
  readonly id: string;
  readonly type: MeshEventType;
  /** ISO 8601 in UTC. */
  readonly time: string;
  /** The account it happened on; null for what concerns none. */
  readonly account: { readonly id: number; readonly name: string; readonly service: string } | null;
  /** The logical ticket over all desks. */
  readonly link: string | null;
  /** Who did it: a person (or their program) on a desk, or Deskmesh. */
  readonly cause: 'person' | 'mirror';
  /** About something that customers do not see. */
  readonly private: boolean;
  /** As the API names it, with the desk's own id and, where the desk has one, the page for people. */
  readonly ticket: (TicketFields & { readonly id: string; readonly raw_id: string; readonly url: string | null }) | null;
  /** What an update changed: before and after. */
  readonly changes?: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  readonly comment?: Pick<Comment, 'id' | 'content' | 'author' | 'public'> & { readonly raw_id: string };
  /** Why, for events of the mesh itself. */
  readonly reason?: string;
  /** The step that waits for a person. */
  readonly step?: string;
  /** The subscription that was disabled. */
  readonly subscription?: { readonly id: string; readonly name: string | null };
  /** Made on demand: nothing happened. */
  readonly test?: true;
}

/** Whether it is about a ticket or comment. */
export function isOfTicket(type: MeshEventType): type is EventType {
  return (EVENT_TYPES as readonly string[]).includes(type);
}
