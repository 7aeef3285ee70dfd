/** The port to what operators do with the stored state: look at it, and free what waits for a person. */
import type { Automation } from '../core/automation.ts';
import type { Limits } from '../core/guards.ts';
import type { Link, Replica } from '../core/state.ts';
import type { AccountDraft, LoadedMesh, Mirror } from './store.ts';

/** A replica as it stands, looked at without taking its lane. */
export interface Standing {
  readonly replica: Replica;
  readonly signalled: number;
  readonly read: number;
  /** The link's version that it should show. */
  readonly wanted: number;
  /** When it is due, or its lease ends (epoch milliseconds); null: at rest. */
  readonly due: number | null;
  readonly leased: boolean;
}

/** Reads the stored state; nobody's lane is taken, so it may move on at any time. */
export interface Survey {
  replicas(ids: readonly string[]): Promise<readonly Standing[]>;
  replicasOfLinks(linkIds: readonly string[]): Promise<readonly Standing[]>;
  replicasOfTickets(accountId: number, ticketIds: readonly string[]): Promise<readonly Standing[]>;
  /** An account's replicas that belong to a link and have a ticket, by ticket id, those after `after`. */
  replicasOfAccount(accountId: number, after: string | null, limit: number): Promise<readonly Standing[]>;
  /** An account's replicas that belong to a link and have no ticket. */
  withoutTicket(accountId: number, after: string | null, limit: number): Promise<readonly Standing[]>;
  links(ids: readonly string[]): Promise<readonly Link[]>;
  /** By id, those after `after`. */
  linksAfter(after: string | null, limit: number): Promise<readonly Link[]>;
  countLinks(): Promise<number>;
  /** Tickets of these accounts that belong to links. */
  countTickets(accountIds: readonly number[]): Promise<number>;
}

export interface ParkedStore {
  /** Replicas with parked steps, by id, those after `after`. */
  parked(accountId: number | null, after: string | null, limit: number): Promise<readonly Replica[]>;
  /**
   * Forgets these refusals (`names` null: all of them) and makes the lanes due, but for lanes that somebody has in hand just
   * now. Gives the ids of the replicas that were freed.
   */
  free(steps: readonly { readonly replica_id: string; readonly names: readonly string[] | null }[]): Promise<readonly string[]>;
  /** Makes lanes due that nobody has in hand; the others are on their way anyway. */
  wake(replicaIds: readonly string[]): Promise<void>;
}

export interface MeshRehearsal {
  /** What `AccountStore.apply` would lead to: the same work, of which nothing is kept. */
  rehearse(accounts: readonly AccountDraft[], mirrors: readonly Mirror[], limits?: Limits, automations?: readonly Automation[]): Promise<{ readonly before: LoadedMesh; readonly after: LoadedMesh }>;
}
