/** The port to what is kept of automations at work: which are to run for which event, and what came of it. */
import type { Automation, Happening } from '../core/automation.ts';
import type { LinkMove } from '../core/automate.ts';
import type { Link, Note } from '../core/state.ts';

/** An automation that is to run for an event, as both were when they were matched. */
export interface RunDraft {
  readonly automation: Automation;
  readonly event: Happening;
}

/** A run in the hands of one process. */
export interface Run extends RunDraft {
  readonly id: string;
  readonly lease: string;
  /** This one included. */
  readonly tries: number;
}

/** What a run comes to. */
export interface RunOutcome {
  readonly moves: readonly LinkMove[];
  /** Of the event's link. */
  readonly notes: readonly Note[];
  /** Subscriptions that are told of the event, by name. */
  readonly notify: readonly string[];
}

/**
 * `already`: somebody else has done it, or has it in hand; nothing of this stands. `stale`: a link moved on; read it again and decide again.
 */
export type RunResult = 'done' | 'already' | 'stale';

export interface AutomationStore {
  /** Makes runs due, in this order: an automation once for each event, however often this is asked. Events without a link run nothing. */
  enqueue(runs: readonly RunDraft[]): Promise<void>;
  /** Takes due runs, the oldest first; of one link only the first that is left, so that a ticket's events keep their order. */
  claim(most: number, leaseMs: number): Promise<readonly Run[]>;
  /** An event that happened; null once it is kept no longer. */
  event(id: string): Promise<Happening | null>;
  /** Null if there is none any more. */
  link(id: string): Promise<Link | null>;
  /** All that a run does, and that it ran, in one. */
  commit(run: Run, outcome: RunOutcome): Promise<RunResult>;
  /** It is tried again after so many milliseconds. */
  putOff(run: Run, reason: string, inMs: number): Promise<void>;
}
