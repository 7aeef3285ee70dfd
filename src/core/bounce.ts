/** Changes on a field that come back at once after our own writes: two desks' rules contradict each other, and the field is held. Pure. */
import { same } from './compare.ts';
import type { LinkField } from './model.ts';
import type { Bounce, Normal, Note, Replica } from './state.ts';

/** A change on a field seen this soon after our own write of it may be a desk's trigger answering us. */
const BOUNCE_WINDOW_MS = 60_000;
const BOUNCE_QUIET_MS = 120_000;
/** A trigger puts the same value back each time, people hardly ever do: three of the first kind hold a field, or twelve of the other. */
const BOUNCE_LIMIT = 12;
const SAME_AGAIN = 4;
const SOMETHING_ELSE = 1;

/** Whether a field is held because two desks' triggers contradict each other. */
export function bouncing(replica: Replica, field: LinkField, now: number): boolean {
  const bounce = replica.bounces[field];
  return bounce !== undefined && bounce.count >= BOUNCE_LIMIT && now - bounce.at < BOUNCE_QUIET_MS;
}

/** False if the field is held: seen, remembered, but neither taken in nor written. */
export function countBounce(draft: { readonly bounces: Partial<Record<LinkField, Bounce>>; readonly notes: Note[] }, replica: Replica, field: LinkField, seen: Normal, now: number): boolean {
  const wrote = replica.wrote[field];
  const known = draft.bounces[field];
  const past = known !== undefined && now - known.at >= BOUNCE_QUIET_MS ? undefined : known;
  if (wrote === undefined || now - wrote > BOUNCE_WINDOW_MS) {
    return past === undefined || past.count < BOUNCE_LIMIT;
  }
  const count = (past?.count ?? 0) + (past === undefined || same(past.value, seen) ? SAME_AGAIN : SOMETHING_ELSE);
  draft.bounces[field] = { count, at: now, value: seen };
  if (count < BOUNCE_LIMIT) return true;
  draft.notes.push({ what: 'held', field, because: 'it changes at once whenever we write it: two desks contradict each other' });
  return false;
}
