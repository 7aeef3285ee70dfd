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

/** With another flush under way so many make one more of their own worth while; fewer wait and go together. */
const WORTH = 8;

/**
 * At most `flights` flushes are under way at a time (one, unless said otherwise), each of at most `most` items. `apart(items, next)` keeps
 * `next` out of a group with these items, and on the ground while they are under way. When a group fails, each of its items is tried
 * alone, so that one bad item fails nobody else's.
 */
export function createBatch<Item, Result>(options: {
  readonly flush: Flush<Item, Result>;
  readonly most: number;
  readonly flights?: number;
  readonly apart?: (items: readonly Item[], next: Item) => boolean;
  /** Errors that concern the whole group, so that trying its items one by one is pointless. */
  readonly hopeless: (error: unknown) => boolean;
}): Batch<Item, Result> {
  const { flights = 1 } = options;
  let waiting: Entry<Item, Result>[] = [];
  let called = false;
  const underWay = new Set<readonly Entry<Item, Result>[]>();

  function begin(): void {
    called = false;
    while (waiting.length > 0 && underWay.size < flights && (underWay.size === 0 || waiting.length >= WORTH)) {
      const group = gather();
      if (group.length === 0) return;
      void fly(group);
    }
  }

  async function fly(group: readonly Entry<Item, Result>[]): Promise<void> {
    underWay.add(group);
    await flushGroup(group);
    underWay.delete(group);
    begin();
  }

  function gather(): readonly Entry<Item, Result>[] {
    if (options.apart === undefined) return waiting.splice(0, options.most);
    const group: Entry<Item, Result>[] = [];
    const items = [...underWay].flatMap((flying) => flying.map(({ item }) => item));
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
        // A flush starts after the current turn of the event loop, so that what arrived together goes together.
        if (called || underWay.size >= flights) return;
        called = true;
        setImmediate(begin);
      });
    },
  };
}
