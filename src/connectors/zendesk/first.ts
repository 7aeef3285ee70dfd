/**
 * The first comment of each ticket, remembered: whether it is public decides if it is a description at all, and only there
 * are its HTML and its files. What is remembered holds while the plain words that the ticket itself shows stay the same.
 */
import { hash } from 'node:crypto';
import type { World } from '../../ports/world.ts';
import { memory } from '../kit/remember.ts';
import type { First } from './map.ts';
import type { ZendeskTicket } from './shapes.ts';

export interface Firsts {
  /** Undefined if it is not known, or no longer good for this reading of the ticket. */
  of(raw: ZendeskTicket): First | undefined;
  /** `plain` is what the ticket shows as its description. */
  set(id: string, plain: string | null | undefined, first: First): void;
  /** The first comment as it is now, read without its ticket. */
  renew(id: string, first: First): void;
}

/** Files can be redacted, and a comment hidden, without a change of its words. */
const KNOWN_MS = 600_000;
/** Longer ones are read again each time. */
const MOST_LETTERS = 8_192;

export function openFirsts(world: World): Firsts {
  const known = memory<{ readonly print: string; readonly first: First }>({ max: 10_000, ttlMs: KNOWN_MS, now: () => world.now() });
  const printOf = (plain: string | null | undefined): string => hash('sha1', plain ?? '', 'base64');
  const set = (id: string, print: string, first: First): void => {
    if (first.content.length <= MOST_LETTERS) known.set(id, { print, first });
  };
  return {
    of(raw) {
      const found = known.get(String(raw.id));
      return found?.print === printOf(raw.description) ? found.first : undefined;
    },
    set: (id, plain, first) => set(id, printOf(plain), first),
    renew(id, first) {
      const before = known.get(id);
      if (before !== undefined) set(id, before.print, first);
    },
  };
}
