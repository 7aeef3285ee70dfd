/** Waiting for a condition without a fixed sleep: asked again and again until it holds or its deadline has passed. */
import { setTimeout as pause } from 'node:timers/promises';

export interface Patience {
  readonly withinMs?: number;
  readonly everyMs?: number;
  /** What the condition is and how far it got, for the message of a failure. */
  readonly what: string | (() => string);
}

/** The first value that is neither null, undefined nor false. Rejects when the deadline passes. */
export async function until<T>(ask: () => T | Promise<T>, { withinMs = 60_000, everyMs = 20, what }: Patience): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer as NonNullable<Exclude<T, false>>;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`);
    await pause(everyMs);
  }
}
