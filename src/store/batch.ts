/** Groups what comes at the same time into one flush: the next group is whatever gathered while the last one was on its way. */

/** A group is flushed as a whole; each item gets its own result. */
export type Flush<Item, Result> = (items: readonly Item[]) => Promise<readonly Result[]>;

export interface Batch<Item, Result> {
  add(item: Item): Promise<Result>;
}

interface Entry<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * One flush is under way at a time, of at most `most` items. `apart(a, b)` keeps two items out of the same group. When a
 * group fails, each of its items is tried alone, so that one bad item fails nobody else's.
 */
export function createBatch<Item, Result>(options: {
  readonly flush: Flush<Item, Result>;
  readonly most: number;
  readonly apart?: (items: readonly Item[], next: Item) => boolean;
  /** Errors that concern the whole group, so that trying its items one by one is pointless. */
  readonly hopeless: (error: unknown) => boolean;
}): Batch<Item, Result> {
  let waiting: Entry<Item, Result>[] = [];
  let flushing = false;

  async function run(): Promise<void> {
    flushing = true;
    while (waiting.length > 0) {
      const group = gather();
      await flushGroup(group);
    }
    flushing = false;
  }

  function gather(): Entry<Item, Result>[] {
    if (options.apart === undefined) return waiting.splice(0, options.most);
    const group: Entry<Item, Result>[] = [];
    const items: Item[] = [];
    const later: Entry<Item, Result>[] = [];
    for (const entry of waiting) {
      if (group.length >= options.most || options.apart(items, entry.item)) {
        later.push(entry);
      } else {
        group.push(entry);
        items.push(entry.item);
      }
    }
    waiting = later;
    return group;
  }

  async function flushGroup(group: readonly Entry<Item, Result>[]): Promise<void> {
    try {
      const results = await options.flush(group.map(({ item }) => item));
      group.forEach((entry, i) => entry.resolve(results[i] as Result));
    } catch (error) {
      if (group.length === 1 || options.hopeless(error)) {
        for (const entry of group) entry.reject(error);
        return;
      }
      for (const entry of group) await flushGroup([entry]);
    }
  }

  return {
    add(item) {
      return new Promise<Result>((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        // The flush starts after the current turn of the event loop, so that what arrived together goes together.
        if (!flushing) {
          flushing = true;
          setImmediate(() => void run());
        }
      });
    },
  };
}
