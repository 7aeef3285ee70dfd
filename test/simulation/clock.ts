/** Virtual time and seeded chance: a run of hours takes milliseconds, and the same seed gives the same run. */

export interface VirtualClock {
  now(): number;
  /** Resolves after `ms` of virtual time, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `act` in `ms` of virtual time. */
  later(ms: number, act: () => void): void;
  /** Lets time pass up to `until` (epoch milliseconds): every timer on the way fires, and what it wakes runs to its next wait. */
  run(until: number): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

export function createClock(start: number): VirtualClock {
  const heap: Timer[] = [];
  let now = start;
  let order = 0;

  const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

  function add(timer: Timer): void {
    let child = heap.length;
    heap.push(timer);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(timer, above)) break;
      heap[child] = above;
      heap[parent] = timer;
      child = parent;
    }
  }

  function take(): Timer | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, left)) child += 1;
      const least = heap[child];
      if (least === undefined || !before(least, last)) break;
      heap[parent] = least;
      parent = child;
    }
    heap[parent] = last;
    return first;
  }

  const later = (ms: number, act: () => void): void => add({ at: now + Math.max(0, ms), order: (order += 1), act });

  return {
    now: () => now,
    later,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) {
          resolve();
          return;
        }
        if (signal === undefined) {
          later(ms, resolve);
          return;
        }
        const waiting = waitersOf(signal);
        const wake = (): void => {
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
        later(ms, wake);
      }),
    async run(until) {
      await settled();
      for (let next = heap[0]; next !== undefined && next.at <= until; next = heap[0]) {
        now = next.at;
        while (heap[0]?.at === now) take()?.act();
        await settled();
      }
      now = until;
    },
  };
}

const waiters = new WeakMap<AbortSignal, Set<() => void>>();

/** Who sleeps until this signal: one listener for all, since a signal that is waited for every second would otherwise collect them. */
function waitersOf(signal: AbortSignal): Set<() => void> {
  const known = waiters.get(signal);
  if (known !== undefined) return known;
  const waiting = new Set<() => void>();
  waiters.set(signal, waiting);
  signal.addEventListener('abort', () => {
    for (const wake of [...waiting]) wake();
  }, { once: true });
  return waiting;
}

/** Everything that can run without time passing has run: promises are done before the event loop's next turn. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A seeded stream of chance. */
export interface Chance {
  /** Uniform in [0, 1). */
  next(): number;
  hit(probability: number): boolean;
  between(low: number, high: number): number;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  pick<T>(list: readonly T[]): T;
  /** A stream of its own, so that drawing from one does not move the other. */
  fork(): Chance;
}

export function createChance(seed: number): Chance {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  next();
  const whole = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    hit: (probability) => next() < probability,
    between: (low, high) => low + next() * (high - low),
    whole,
    pick(list) {
      const chosen = list[whole(0, list.length - 1)];
      if (chosen === undefined) throw new Error('nothing to pick from');
      return chosen;
    },
    fork: () => createChance(Math.floor(next() * 4_294_967_296)),
  };
}

/**
 * Chance by name: the same name gives the same stream for the same time of asking, whatever was drawn under other names. So one
 * thing can be left out of a run and the rest stays what it was.
 */
export type Dice = (name: string) => Chance;

export function createDice(seed: number): Dice {
  const asked = new Map<string, number>();
  return (name) => {
    const times = (asked.get(name) ?? 0) + 1;
    asked.set(name, times);
    let hash = Math.imul(seed ^ (times << 16) ^ times, 0x01000193) >>> 0;
    for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
    return createChance(hash);
  };
}
