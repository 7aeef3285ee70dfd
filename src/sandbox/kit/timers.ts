/** Timers that a closing desk can cancel all at once, so that nothing keeps the process alive. */

export interface Timers {
  /** Returns a function that cancels. */
  after(ms: number, action: () => void): () => void;
  /** Cancels all of them; later ones never fire. */
  close(): void;
  clear(): void;
}

export function createTimers(): Timers {
  const pending = new Set<NodeJS.Timeout>();
  let closed = false;
  const clear = (): void => {
    for (const timer of pending) clearTimeout(timer);
    pending.clear();
  };
  return {
    after(ms, action) {
      if (closed) return () => undefined;
      const timer = setTimeout(() => {
        pending.delete(timer);
        action();
      }, ms);
      pending.add(timer);
      return () => {
        clearTimeout(timer);
        pending.delete(timer);
      };
    },
    close() {
      closed = true;
      clear();
    },
    clear,
  };
}
