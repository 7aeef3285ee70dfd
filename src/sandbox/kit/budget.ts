/** A vendor's rate limit: so many calls in a fixed window. */
import type { Clock } from './clock.ts';

export interface Budget {
  /** Takes from `key`'s budget what the call costs. `remaining` is -1 when nothing was left. */
  take(key: string, limit: number, cost?: number): { readonly remaining: number; readonly resetSeconds: number };
  clear(): void;
}

export function createBudget(clock: Clock, windowMs: number): Budget {
  let windows = new Map<string, { ends: number; used: number }>();
  return {
    take(key, limit, cost = 1) {
      const now = clock.now();
      let window = windows.get(key);
      if (!window || window.ends <= now) {
        if (windows.size > 10_000) windows = new Map([...windows].filter(([, { ends }]) => ends > now));
        windows.set(key, (window = { ends: now + windowMs, used: 0 }));
      }
      const resetSeconds = Math.max(1, Math.ceil((window.ends - now) / 1000));
      if (window.used >= limit) return { remaining: -1, resetSeconds };
      window.used += cost;
      return { remaining: Math.max(0, limit - window.used), resetSeconds };
    },
    clear() {
      windows.clear();
    },
  };
}
