/** What a comparison of a replica with its link finds. */
import { parkedSteps } from './parked.ts';
import type { Replica } from './state.ts';

/** One field, or the visibility or words of a comment, with both values. */
export interface Difference {
  readonly field: string;
  /** As the link would be shown on this desk, and as it is shown there. */
  readonly link: unknown;
  readonly desk: unknown;
  readonly because: string;
  /** By the record this was written here and has not changed since: a warning of that write may tell why. */
  readonly settled: boolean;
}

/** Something that is not as it should be. */
export interface Finding {
  readonly kind: 'missing' | 'extra' | 'differing';
  readonly what: 'ticket' | 'comment';
  /** The comment's name in the link, and its id on this desk, where there is one. */
  readonly uid: string | null;
  readonly comment_id: string | null;
  readonly differences: readonly Difference[];
  readonly because: string;
  /** The age of what is not mirrored (epoch milliseconds). */
  readonly since: number;
}

/** Why something of this replica waits, if it does. */
export function waiting(replica: Replica, name: string): string | null {
  const step = parkedSteps(replica).find((one) => one.name === name);
  return step === undefined ? null : `parked: ${step.reason}`;
}
