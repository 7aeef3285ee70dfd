/** Who wants to be told of what: the terms of a subscription, and which events fit them. Pure. */
import { ALL_EVENT_TYPES, isOfTicket, type MeshEvent } from './mesh-event.ts';

/** What a subscription may name: types, and wildcards for all types that begin so. */
export const EVENT_PATTERNS: readonly string[] = [
  ...ALL_EVENT_TYPES,
  '*',
  ...new Set(ALL_EVENT_TYPES.flatMap((type) => type.split('.').slice(0, -1).map((_, at, parts) => `${parts.slice(0, at + 1).join('.')}.*`))),
];

export type Ordering = 'per-ticket' | 'none';
/** Whose doing is told: of people, of mirrors, or both. */
export type Causes = 'person' | 'mirror' | 'any';

/** What a subscriber asks for. */
export interface SubscriptionTerms {
  /** Unique, if there is one. */
  readonly name: string | null;
  readonly url: string;
  /** Of `EVENT_PATTERNS`. */
  readonly events: readonly string[];
  /** By id; null for every account. */
  readonly accounts: readonly number[] | null;
  /** JSON Schema over the event; null for every event. */
  readonly where: Readonly<Record<string, unknown>> | null;
  readonly cause: Causes;
  /** Whether private comments are told, too. */
  readonly private: boolean;
  readonly format: string;
  /** Of the format `template`. */
  readonly template: unknown;
  /** Of a Slack bot: where it writes. */
  readonly channel: string | null;
  /** Null: as fast as its answers come. */
  readonly rate_per_minute: number | null;
  readonly ordering: Ordering;
  readonly description: string | null;
  readonly enabled: boolean;
}

export const USUAL_SUBSCRIPTION = {
  name: null,
  accounts: null,
  where: null,
  cause: 'person',
  private: false,
  format: 'standard-webhooks',
  template: null,
  channel: null,
  rate_per_minute: null,
  ordering: 'per-ticket',
  description: null,
  enabled: true,
} as const satisfies Omit<SubscriptionTerms, 'url' | 'events'>;

type Wishes = Pick<SubscriptionTerms, 'events' | 'accounts' | 'cause' | 'private'>;

/** Whether the subscription is told of this event. `fits` is its `where`, made ready. */
export function wants({ events, accounts, cause, private: shut }: Wishes, event: MeshEvent, fits: (event: MeshEvent) => boolean): boolean {
  if (!events.some((pattern) => names(pattern, event.type))) return false;
  if (accounts !== null && !accounts.includes(event.account?.id ?? -1)) return false;
  if (event.private && !shut) return false;
  // What happens to the mesh itself is nobody's doing on a desk.
  if (cause !== 'any' && isOfTicket(event.type) && event.cause !== cause) return false;
  return fits(event);
}

export function names(pattern: string, type: string): boolean {
  return pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));
}

/** What has to keep its order on the way to a subscriber: the events of one logical ticket. Null: nothing. */
export function laneOf(ordering: Ordering, event: MeshEvent): string | null {
  return ordering === 'none' ? null : event.link;
}
