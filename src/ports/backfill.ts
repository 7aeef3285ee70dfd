/** The port to what is kept of a backfill: how far the lists were read, what was seen in them, and what became of it. */
import type { Candidate, Sighting, Sought, TicketPlace } from '../core/pairing.ts';

export interface BackfillDraft {
  readonly mirror: string;
  /** Tickets created before are left alone (epoch milliseconds). */
  readonly since: number;
  /** The accounts whose lists are read, and among them those whose tickets are brought. */
  readonly accounts: readonly number[];
  readonly sources: readonly number[];
  /** Tickets that are on both sides already are recognised. */
  readonly pairs: boolean;
  /** At most so many tickets a minute; null: as many as the desks have room for. */
  readonly per_minute: number | null;
  /** Only lists, so that it can be told how much there is. */
  readonly estimate: boolean;
}

export interface BackfillList {
  readonly account_id: number;
  /** Where to go on; null: at the beginning. */
  readonly page: string | null;
  /** How often the list was begun, and how many tickets of this turn had not been seen before. */
  readonly turn: number;
  readonly fresh: number;
  readonly done: boolean;
  /** Why it could not be read just now. */
  readonly problem: string | null;
  /** Calls a minute that the desk allows, as its answers told; null where they did not. */
  readonly budget: number | null;
}

export interface Backfill extends BackfillDraft {
  /** `listed` waits to be told to go on. */
  readonly state: 'listing' | 'listed' | 'bringing' | 'done';
  /** Tickets created before may have counterparts (epoch milliseconds). */
  readonly began: number;
  readonly ended: number | null;
  readonly lists: readonly BackfillList[];
  /** Some process is at it. */
  readonly leased: boolean;
}

/** Tickets of one account by what became of them. */
export interface BackfillCount {
  readonly account_id: number;
  /** Seen in its list, those included that are not to be brought. */
  readonly seen: number;
  /** To be brought still, and on their way. */
  readonly waiting: number;
  readonly underway: number;
  readonly brought: number;
  /** Mirrored before anything was brought. */
  readonly linked: number;
  /** Not there any more, or not to be mirrored. */
  readonly gone: number;
  /** They wait for a person's decision. */
  readonly doubtful: number;
}

/** A ticket that waits for a person's decision. */
export interface Doubt extends TicketPlace {
  readonly because: string;
  readonly candidates: readonly TicketPlace[];
}

export interface BackfillStore {
  /**
   * Begins a backfill, or goes on with the one of this mirror that is not done and has the same `since`. Whatever an earlier one has
   * seen or doubted is forgotten, but not what a person decided.
   */
  begin(draft: BackfillDraft, now: number): Promise<Backfill>;
  get(mirror: string): Promise<Backfill | null>;
  counts(mirror: string): Promise<readonly BackfillCount[]>;
  /** How many tickets were on several sides already and are one now. */
  pairs(mirror: string): Promise<number>;
  /** Takes one that has work and that nobody is at. */
  claim(leaseMs: number): Promise<{ readonly backfill: Backfill; readonly lease: string } | null>;
  /** Keeps it. False if it is ours no longer. */
  renew(mirror: string, lease: string, leaseMs: number): Promise<boolean>;
  /** Gives it back untouched. */
  giveBack(mirror: string, lease: string): Promise<void>;
  /** A page of a list and where to go on, together. Gives how many tickets had not been seen before; null if the lease is gone. */
  saw(mirror: string, lease: string, sightings: readonly Sighting[], list: BackfillList): Promise<number | null>;
  /** What is mirrored already when the lists were read is not brought. */
  advance(mirror: string, lease: string, state: Backfill['state'], now: number): Promise<void>;
  /** The next tickets to be brought, oldest first. Those that are mirrored already are passed over; `left`: there are more. */
  next(mirror: string, most: number): Promise<{ readonly places: readonly TicketPlace[]; readonly left: boolean }>;
  /** These were signalled. */
  signalled(mirror: string, places: readonly TicketPlace[]): Promise<void>;
  /** Notes which signalled tickets have come to rest. Gives how many are on their way still. */
  settle(mirror: string): Promise<number>;
  /** How a ticket was seen, with what a person decided of it. */
  sighting(mirror: string, place: TicketPlace): Promise<Sighting | null>;
  /** The tickets that wear any of these, at most `limit`. */
  seek(mirror: string, sought: readonly Sought[], limit: number): Promise<readonly Candidate[]>;
  /** Notes what waits for a person. What is mirrored by now is passed over: a turn that was overtaken may doubt it still. */
  doubt(mirror: string, doubts: readonly Doubt[]): Promise<void>;
  doubtful(mirror: string): Promise<readonly Doubt[]>;
  /** What a person decided: these tickets wear these traits from now on, and are looked at again. Gives those that were never seen. */
  decide(mirror: string, decisions: readonly { readonly place: TicketPlace; readonly trait: string }[]): Promise<readonly TicketPlace[]>;
}
