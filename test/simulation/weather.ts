/** What can go wrong in a run, and how often. */

/** Probabilities, each for one call, webhook or commit. */
export interface Weather {
  readonly refused: number;
  readonly throttled: number;
  readonly slow: number;
  readonly cutBefore: number;
  readonly cutAfter: number;
  readonly lateEffect: number;
  /** Takes effect only after we have looked and sent it again: a comment, on a desk where that heals. */
  readonly tooLate: number;
  readonly errorBefore: number;
  readonly errorAfter: number;
  readonly surprise: number;
  readonly hookLost: number;
  readonly hookTwice: number;
  readonly hookLate: number;
  /** Beside a webhook comes one that somebody else made up, or one that nobody can read. */
  readonly hookForged: number;
  readonly hookUnreadable: number;
  readonly storeBefore: number;
  readonly storeAfter: number;
  readonly crash: number;
  /** Outages and wrong credentials, for each account and minute. */
  readonly outage: number;
  readonly locked: number;
  /** Whole processes that stand still for longer than their leases, for each process and minute. */
  readonly freeze: number;
  /** The clock of a process is set, for each process and minute. */
  readonly clockSet: number;
  /** The desk goes down, or withdraws our credentials, just as we are about to write there; other work on a ticket is struck a fifth as often. */
  readonly outageAtWork: number;
  readonly lockedAtWork: number;
  /** The process ends, stands still or has its clock set just then. */
  readonly crashAtWork: number;
  readonly freezeAtWork: number;
  readonly clockSetAtWork: number;
}

export const CALM: Weather = {
  refused: 0, throttled: 0, slow: 0, cutBefore: 0, cutAfter: 0, lateEffect: 0, tooLate: 0, errorBefore: 0, errorAfter: 0, surprise: 0,
  hookLost: 0, hookTwice: 0, hookLate: 0, hookForged: 0, hookUnreadable: 0, storeBefore: 0, storeAfter: 0, crash: 0, outage: 0, locked: 0, freeze: 0, clockSet: 0,
  outageAtWork: 0, lockedAtWork: 0, crashAtWork: 0, freezeAtWork: 0, clockSetAtWork: 0,
};

export const STORM: Weather = {
  refused: 0.02, throttled: 0.02, slow: 0.05, cutBefore: 0.02, cutAfter: 0.05, lateEffect: 0.03, tooLate: 0.02, errorBefore: 0.02, errorAfter: 0.02, surprise: 0.01,
  hookLost: 0.12, hookTwice: 0.1, hookLate: 0.1, hookForged: 0.04, hookUnreadable: 0.03, storeBefore: 0.008, storeAfter: 0.008, crash: 0.0012,
  outage: 0.1, locked: 0.07, freeze: 0.08, clockSet: 0.1,
  outageAtWork: 0, lockedAtWork: 0, crashAtWork: 0, freezeAtWork: 0, clockSetAtWork: 0,
};

/** What a storm has more of while few tickets are busy: the rare faults, and those that strike in the middle of the work. */
export const GUSTS: Partial<Weather> = {
  refused: 0.05, throttled: 0.03, tooLate: 0.05, errorAfter: 0.025, surprise: 0.03,
  outageAtWork: 0.035, lockedAtWork: 0.015, crashAtWork: 0.022, freezeAtWork: 0.018, clockSetAtWork: 0.025,
};

export const WEATHERS = Object.keys(CALM) as readonly (keyof Weather)[];
