/** Time and identity of a fake desk. */

export interface Clock {
  /** Milliseconds since the epoch, never going back until `rewind`. */
  now(): number;
  /** Puts the desk's clock ahead of (or behind) the machine's: lets a test pass a vendor's time limit without waiting. */
  shift(ms: number): void;
  rewind(): void;
}

export function createClock(): Clock {
  let shift = 0;
  let last = 0;
  return {
    now() {
      last = Math.max(last, Date.now() + shift);
      return last;
    },
    shift(ms) {
      shift = ms;
    },
    rewind() {
      shift = 0;
      last = 0;
    },
  };
}

/** `2026-01-31T08:00:00Z`, the form of vendors that know whole seconds only. */
export const isoSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/**
 * Growing numbers that never repeat, not after a reset (the generator outlives it) and not after a restart (they follow
 * the time): mirrors keep desk ids for ever, so a repeated one would tie a new ticket to an old link.
 * `perMillisecond` is how many can be given out for good without running ahead of the time.
 */
export function createIds(perMillisecond: number, since = 0): () => number {
  let last = 0;
  return () => {
    last = Math.max(last + 1, (Date.now() - since) * perMillisecond);
    return last;
  };
}

/** Uniform in [0, 1), the same row for the same seed (mulberry32), so that a run with faults can be repeated. */
export function createChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
