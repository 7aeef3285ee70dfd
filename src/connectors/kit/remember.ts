/** A bounded memory whose entries grow stale: what a desk said recently enough not to be asked again. */

export interface Memory<V> {
  get(key: string): V | undefined;
  set(key: string, value: V, ttlMs?: number): void;
  /** What is remembered, or else what `ask` answers; several who ask at once share one question. A failure is not kept. */
  recall(key: string, ask: () => Promise<V>, ttlOf?: (value: V) => number): Promise<V>;
}

interface Entry<V> {
  readonly value: V;
  readonly until: number;
}

export function memory<V>({ max, ttlMs, now }: { readonly max: number; readonly ttlMs: number; readonly now: () => number }): Memory<V> {
  const entries = new Map<string, Entry<V>>();
  const asked = new Map<string, Promise<V>>();
  const get = (key: string): V | undefined => {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.until > now()) return entry.value;
    entries.delete(key);
    return undefined;
  };
  const set = (key: string, value: V, ttl = ttlMs): void => {
    entries.delete(key);
    entries.set(key, { value, until: now() + ttl });
    if (entries.size <= max) return;
    const oldest = entries.keys().next();
    if (oldest.done !== true) entries.delete(oldest.value);
  };
  const recall = async (key: string, ask: () => Promise<V>, ttlOf?: (value: V) => number): Promise<V> => {
    const known = get(key);
    if (known !== undefined) return known;
    const open = asked.get(key);
    if (open !== undefined) return open;
    const question = ask();
    asked.set(key, question);
    try {
      const value = await question;
      set(key, value, ttlOf?.(value));
      return value;
    } finally {
      asked.delete(key);
    }
  };
  return { get, set, recall };
}
