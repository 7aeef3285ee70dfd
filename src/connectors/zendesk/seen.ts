/** What a ticket was last seen as, for writes that depend on it. */
import type { World } from '../../ports/world.ts';
import { memory } from '../kit/remember.ts';
import type { ZendeskTicket } from './shapes.ts';

export interface Seen {
  note(raw: ZendeskTicket): void;
  /** Whether it can have a due date; undefined if it was not seen. */
  type(id: string): string | null | undefined;
  /** The time of its last change, if it was seen just now: then a write that replaces whole lists can ask for nothing newer. */
  stamp(id: string): string | null;
  /** What was seen is no longer so. */
  forget(id: string): void;
}

/** A look further back than this was not made for the sake of a write. */
const JUST_NOW_MS = 30_000;
const KNOWN_MS = 600_000;

export function openSeen(world: World): Seen {
  const types = memory<{ readonly type: string | null }>({ max: 20_000, ttlMs: KNOWN_MS, now: () => world.now() });
  const stamps = memory<string>({ max: 20_000, ttlMs: JUST_NOW_MS, now: () => world.now() });
  return {
    note(raw) {
      types.set(String(raw.id), { type: raw.type ?? null });
      if (raw.updated_at != null) stamps.set(String(raw.id), raw.updated_at);
    },
    type: (id) => types.get(id)?.type,
    stamp: (id) => stamps.get(id) ?? null,
    forget: (id) => stamps.set(id, '', 0),
  };
}
