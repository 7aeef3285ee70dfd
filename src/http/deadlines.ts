/** One timer for many equal deadlines: a timer for each request is one of the dearest parts of a small one. */

export interface Deadlines {
  /** Calls `expire` after the time that all have in common, unless it is taken back before. */
  set(expire: () => void): void;
  clear(expire: () => void): void;
}

export function createDeadlines(timeoutMs: number): Deadlines {
  /** In the order of their end, because all last equally long. */
  const due = new Map<() => void, number>();
  let timer: NodeJS.Timeout | null = null;

  /** While something is due its connection keeps the process alive; the timer itself never does. */
  function arm(ms: number): NodeJS.Timeout {
    return setTimeout(sweep, ms).unref();
  }

  function sweep(): void {
    const now = performance.now();
    for (const [expire, end] of due) {
      // A timer may fire a fraction of a millisecond early.
      if (end > now + 1) {
        timer = arm(end - now);
        return;
      }
      due.delete(expire);
      expire();
    }
    timer = null;
  }

  return {
    set(expire) {
      due.set(expire, performance.now() + timeoutMs);
      timer ??= arm(timeoutMs);
    },
    clear(expire) {
      due.delete(expire);
    },
  };
}
