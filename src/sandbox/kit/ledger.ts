/** Counts what was asked of a desk and what was written, so that a test can prove how many writes happened. */

export interface Write {
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** E-mail of the agent who wrote. */
  readonly by: string;
}

export interface Ledger {
  request(method: string, route: string): void;
  write(write: Write): void;
  fault(): void;
  requests(): Record<string, number>;
  /** The latest writes, at least 10,000 of them. */
  writes(): readonly Write[];
  totals(): { readonly request_count: number; readonly write_count: number; readonly fault_count: number };
  clear(): void;
}

const KEPT = 10_000;

export function createLedger(): Ledger {
  const requests = new Map<string, number>();
  let writes: Write[] = [];
  let requestCount = 0;
  let writeCount = 0;
  let faultCount = 0;
  return {
    request(method, route) {
      const key = `${method} ${route}`;
      requests.set(key, (requests.get(key) ?? 0) + 1);
      requestCount += 1;
    },
    write(write) {
      writeCount += 1;
      writes.push(write);
      if (writes.length > 2 * KEPT) writes = writes.slice(-KEPT);
    },
    fault() {
      faultCount += 1;
    },
    requests: () => Object.fromEntries(requests),
    writes: () => writes,
    totals: () => ({ request_count: requestCount, write_count: writeCount, fault_count: faultCount }),
    clear() {
      requests.clear();
      writes = [];
      requestCount = writeCount = faultCount = 0;
    },
  };
}
