/** How many requests each token may make: a bucket that fills evenly, held in the memory of this process. */
import type { World } from '../../ports/world.ts';

export interface Taken {
  readonly allowed: boolean;
  /** How many more may be made just now. */
  readonly remaining: number;
  /** Milliseconds until one more may be made. */
  readonly againMs: number;
  /** Milliseconds until as many as ever may be made. */
  readonly fullMs: number;
}

export interface Limits {
  take(tokenId: string, perMinute: number): Taken;
}

interface Bucket {
  level: number;
  at: number;
}

const MINUTE_MS = 60_000;
/** Buckets that are full say nothing; they go when there are so many. */
const MOST_BUCKETS = 10_000;

export function createLimits(world: Pick<World, 'now'>): Limits {
  const buckets = new Map<string, Bucket>();

  function bucketOf(id: string, most: number, now: number): Bucket {
    const known = buckets.get(id);
    if (known !== undefined) return known;
    if (buckets.size >= MOST_BUCKETS) for (const [other, { at }] of buckets) if (now - at >= MINUTE_MS) buckets.delete(other);
    const fresh = { level: most, at: now };
    buckets.set(id, fresh);
    return fresh;
  }

  return {
    take(tokenId, perMinute) {
      const now = world.now();
      const bucket = bucketOf(tokenId, perMinute, now);
      bucket.level = Math.min(perMinute, bucket.level + (Math.max(0, now - bucket.at) * perMinute) / MINUTE_MS);
      bucket.at = now;
      const allowed = bucket.level >= 1;
      if (allowed) bucket.level -= 1;
      const msFor = (level: number): number => Math.max(0, ((level - bucket.level) * MINUTE_MS) / perMinute);
      return { allowed, remaining: Math.floor(bucket.level), againMs: msFor(1), fullMs: msFor(perMinute) };
    },
  };
}
