/** The port to what is kept of subscribers: their subscriptions, the events for them, and how each delivery went. */
import type { MeshEvent, MeshEventType } from '../core/mesh-event.ts';
import type { SubscriptionTerms } from '../core/subscription.ts';
import type { Slice } from './api.ts';
import type { RunDraft } from './automation.ts';

export interface Subscription extends SubscriptionTerms {
  readonly id: string;
  /** Where it was made: in the API, or in mesh.yaml. */
  readonly origin: 'api' | 'file';
  /** Who switched it off; null while it is enabled. `gone`: its endpoint said that it wants nothing any more. */
  readonly disabled_by: 'person' | 'failures' | 'gone' | null;
  readonly disabled_because: string | null;
  /** Epoch milliseconds. */
  readonly disabled_at: number | null;
  /** The first failure since the last success (epoch milliseconds); null if the last attempt went well. */
  readonly failing_since: number | null;
  /** It asked for a pause until then (epoch milliseconds). */
  readonly paused_until: number | null;
  /** Until when an older secret signs as well (epoch milliseconds); null while there is one secret. */
  readonly rotating_until: number | null;
  readonly created: number;
  readonly modified: number;
}

/** A secret, and until when it signs (epoch milliseconds); null: until it is rotated. */
export interface SigningSecret {
  readonly secret: string;
  readonly until: number | null;
}

/** With its secrets, for memory only. */
export interface OpenSubscription extends Subscription {
  /** The newest first. */
  readonly secrets: readonly SigningSecret[];
  readonly token: string | null;
}

export interface SubscriptionDraft extends SubscriptionTerms {
  /** Null: one is made. */
  readonly secret: string | null;
  readonly token: string | null;
}

/** With the secret that was made for it, which is shown this once; null where it was given. */
export interface MadeSubscription {
  readonly subscription: Subscription;
  readonly secret: string | null;
}

/** Another has the name. */
export interface NameTaken {
  readonly taken: string;
}

export interface SubscriptionStore {
  byId(id: string): Promise<Subscription | null>;
  /** With its secrets. */
  open(id: string): Promise<OpenSubscription | null>;
  /** Newest first. */
  list(filter: { readonly format?: string }, slice: Slice): Promise<readonly Subscription[]>;
  count(): Promise<number>;
  /** With the same id again it gets a new secret. */
  make(id: string, draft: SubscriptionDraft): Promise<MadeSubscription | NameTaken>;
  /** Null if there is none. */
  change(id: string, part: Partial<SubscriptionTerms> & { readonly token?: string | null }): Promise<Subscription | NameTaken | null>;
  /** With its deliveries. False if there is none. */
  remove(id: string): Promise<boolean>;
  /** A new secret, the one that was given or one that is made; the newest older one signs for `overlapMs` more. Null if there is no such subscription. */
  rotate(id: string, secret: string | null, overlapMs: number): Promise<string | null>;
  /** It runs again: what waits goes out at once, and what died while it failed is tried anew. Null if there is none. */
  enable(id: string): Promise<Subscription | null>;
  /** Makes those of mesh.yaml as given, all at once: those that are not named go, those of the API stay. Gives those that were made. */
  apply(drafts: readonly SubscriptionDraft[]): Promise<readonly MadeSubscription[]>;
  /** What anybody wants to be told of: nothing, what people do, or what mirrors do as well. */
  audience(): Promise<Audience>;
}

export interface Audience {
  readonly any: boolean;
  readonly mirror: boolean;
}

export type DeliveryState = 'waiting' | 'delivered' | 'dead';

export interface Delivery {
  readonly id: string;
  readonly subscription_id: string;
  readonly event_id: string;
  readonly event_type: MeshEventType;
  readonly state: DeliveryState;
  /** Why the last attempt failed. */
  readonly reason: string | null;
  readonly attempts: number;
  readonly test: boolean;
  /** When it is tried next (epoch milliseconds); null once it is settled, and while an earlier event of its ticket goes first. */
  readonly due: number | null;
  readonly created: number;
  readonly settled: number | null;
}

export interface AttemptRecord {
  /** Epoch milliseconds. */
  readonly at: number;
  /** How long it took. */
  readonly ms: number;
  readonly status: number | null;
  readonly failure: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The beginning of the answer's body. */
  readonly body: string;
}

export interface WholeDelivery extends Delivery {
  /** Null once it is too old to be kept. */
  readonly event: MeshEvent | null;
  /** Oldest first. */
  readonly record: readonly AttemptRecord[];
}

export interface DeliveryFilter {
  readonly subscription_id?: string;
  readonly state?: DeliveryState;
  readonly event_type?: MeshEventType;
  readonly event_id?: string;
  /** Made in this time (epoch milliseconds). */
  readonly since?: number;
  readonly until?: number;
}

/** What people see of deliveries, and have done again. */
export interface DeliveryBooks {
  list(filter: DeliveryFilter, slice: Slice): Promise<readonly Delivery[]>;
  byId(id: string): Promise<WholeDelivery | null>;
  /** Goes out again with its old id, whatever became of it. False if it waits already, or its event is kept no longer. */
  replay(id: string): Promise<boolean>;
  /** The same for all of a subscription that were made in this time; only those that are dead, or all. Gives how many. */
  replayAll(subscriptionId: string, range: { readonly since: number; readonly until: number; readonly failed: boolean }): Promise<number>;
  /** An event for one subscription only, which goes out even if that is disabled. Gives the delivery. */
  test(subscriptionId: string, event: MeshEvent): Promise<Delivery | null>;
  /** The newest events that were told to anybody. */
  samples(filter: { readonly types: readonly MeshEventType[]; readonly account_id?: number; readonly private: boolean }, limit: number): Promise<readonly MeshEvent[]>;
}

/** An event for a subscriber. */
export interface DeliveryDraft {
  readonly id: string;
  readonly subscription_id: string;
  readonly lane: string | null;
}

/** What an event leads to. */
export interface Dispatched {
  readonly deliveries: readonly DeliveryDraft[];
  readonly runs: readonly RunDraft[];
}

/** How a subscription with something due stands. */
export interface Standing {
  readonly id: string;
  readonly failing: boolean;
  /** Only deliveries made for a test may go: it is disabled, or asked for a pause. */
  readonly tests_only: boolean;
  /** What is due of it: deliveries that were never tried, and such that were. */
  readonly fresh: boolean;
  readonly retries: boolean;
}

/** How much of one subscription may be taken. */
export interface DeliverySlot {
  readonly subscription_id: string;
  readonly free: number;
  readonly tests_only: boolean;
}

/** A delivery in the hands of one process. */
export interface Claimed {
  readonly id: string;
  readonly subscription_id: string;
  readonly lease: string;
  readonly event: MeshEvent;
  readonly lane: string | null;
  readonly tries: number;
  readonly thread: string | null;
  readonly test: boolean;
}

/** What came of an attempt. */
export interface Settled {
  readonly claimed: Claimed;
  readonly state: DeliveryState;
  readonly reason: string | null;
  /** When it is tried again; null once it is settled. */
  readonly in_ms: number | null;
  readonly attempt: AttemptRecord;
  /** How the endpoint does: `gone` disables it. Null where this does not tell. */
  readonly endpoint: 'well' | 'failing' | 'gone' | null;
  /** No delivery of this subscription goes out for so long. */
  readonly pause_ms: number | null;
  /** Where later messages about this ticket belong. */
  readonly thread: string | null;
}

export interface DeliveryStore {
  /**
   * Makes deliveries and runs of the next events, at most `most`, in their order; `plan` says for whom, and of which automations. Each
   * event once, over all processes. Gives how many events there were.
   */
  dispatch(most: number, plan: (event: MeshEvent, subscriptions: readonly OpenSubscription[]) => Dispatched): Promise<number>;
  /** Subscriptions that have something due; and every one of them, with its secrets, as of now. */
  standing(): Promise<{ readonly standing: readonly Standing[]; readonly subscriptions: readonly OpenSubscription[] }>;
  /** Takes due deliveries: those that were never tried, or those that were. Never faster than a subscription's rate. */
  claim(slots: readonly DeliverySlot[], retries: boolean, leaseMs: number): Promise<readonly Claimed[]>;
  /** Keeps what came of an attempt. A subscription that has failed for days is disabled, and an event tells of it. */
  settle(settled: Settled): Promise<void>;
  /** Hands deliveries back that were not tried. */
  giveBack(claimed: readonly Claimed[]): Promise<void>;
  /** Makes due whatever waits for nobody any more; the net under lost wake-ups. */
  mend(): Promise<number>;
  /** Leases of a process that is gone for certain. */
  liftLeases(): Promise<void>;
}
