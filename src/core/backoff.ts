/** When a lane that failed tries again. */

const FIRST_MS = 1_000;
const LAST_MS = 60 * 60 * 1_000;

/**
 * The delay before the next attempt after `failures` failed ones in a row, in milliseconds: doubling from a second to an
 * hour and then hourly for as long as it takes, with up to a quarter taken off by `chance` (in [0, 1)) so that lanes spread.
 */
export function retryDelay(failures: number, chance: number): number {
  const full = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(Math.max(failures - 1, 0), 20));
  return Math.round(full * (1 - 0.25 * chance));
}
