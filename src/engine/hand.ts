/** A lane in the hands of a worker: what it knows while it works on it, what one transition is, and what it takes to make one. */
import type { Moved } from '../core/look.ts';
import type { Intent, Link, Replica } from '../core/state.ts';
import type { Lane, LaneStore, Operation, Turn } from '../ports/store.ts';
import type { Audience } from '../ports/subscriptions.ts';
import type { World } from '../ports/world.ts';
import type { StepFiles } from './files.ts';
import type { Meetings } from './meetings.ts';
import type { Member, Roster } from './roster.ts';

export interface SyncPorts {
  readonly lanes: LaneStore;
  readonly roster: Roster;
  readonly world: World;
  readonly files: StepFiles;
  readonly meetings: Meetings;
  /** Whether a new lane of this account can be run at once by this process. */
  readonly room: (accountId: number) => boolean;
  /** Takes over lanes that were opened under our lease. */
  readonly open: (lanes: readonly Lane[]) => void;
  /** Others may be due now. */
  readonly nudge: () => void;
  /** Who listens to events. */
  readonly audience?: () => Audience;
  /** Events for them were committed. */
  readonly told?: () => void;
}

/** The lane was taken over by somebody else: nothing more may be done with it. */
export class LaneLost extends Error {}

/** A lane while it is being worked on. */
export interface Hand {
  readonly member: Member;
  readonly lease: string;
  /** As it is in the store. */
  stored: Replica;
  replica: Replica;
  link: Link | null;
  readonly lane: Lane;
  read: number;
  /** When the last look of this run ended (epoch milliseconds). */
  lookedAt: number;
  /** When the link was last read (epoch milliseconds). */
  linkAt: number;
  /** What has to be looked at before anything is written. */
  mustLook: 'ticket' | 'all' | null;
  /** The open intent was stored a moment ago by the lane that opened this one: it has not been sent. */
  unsent: boolean;
  /** When the last look of this run ended that the comments were part of (epoch milliseconds). */
  sawCommentsAt: number;
  /** The tickets of other accounts that are one with the one that begins a link here, by account. */
  paired: ReadonlyMap<number, string>;
}

/** One transition of the state, and what goes to the record with it. */
export interface Change {
  readonly move: (link: Link, replica: Replica) => Moved;
  readonly read?: number;
  readonly operations?: readonly Operation[];
  /** When the ticket that begins a link here was created (epoch milliseconds). */
  readonly born?: number;
  /** The step that has just been done. */
  readonly wrote?: Intent;
  /** Instead of planning on: give the lane back for so many milliseconds. */
  readonly waitMs?: number;
  readonly thenLook?: boolean;
}

export const STAY: Change = { move: (link, replica) => ({ link, replica, notes: [] }) };

export function turnOf(hand: Hand): Turn {
  return { ...emptyTurn(hand.lease, hand.stored), replica: hand.replica };
}

/** A turn that changes nothing and keeps the lane. */
export function emptyTurn(lease: string, replica: Replica): Turn {
  return {
    lease,
    before: replica,
    replica,
    link: null,
    read: null,
    settles: null,
    spawn: [],
    adopted_by: null,
    operations: [],
    notes: [],
    release: 'keep',
  };
}

/** Without the step that was planned and certainly not sent. */
export function unplanned(replica: Replica): Replica {
  return { ...replica, intent: null, state: replica.intent?.kind === 'ticket.create' ? 'wanted' : replica.state };
}
