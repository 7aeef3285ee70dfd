/** Pages of a desk, bounded: our page token carries how many pages were turned, so that no chain is endless. */
import { DeskFailure } from '../../ports/connector.ts';

/** More pages than any desk serves of one list. */
const MOST_PAGES = 10_000;

export interface Turn {
  /** How many pages were turned before this one. */
  readonly turned: number;
  /** The desk's own cursor or page; null for the first. */
  readonly cursor: string | null;
}

export function openPage(token: string | null): Turn {
  if (token === null) return { turned: 0, cursor: null };
  const colon = token.indexOf(':');
  const turned = Number(token.slice(0, colon));
  if (colon < 1 || !Number.isSafeInteger(turned) || turned < 1) throw new DeskFailure('refused', 'this is not a page token of ours');
  return { turned, cursor: token.slice(colon + 1) };
}

/** The token of the page after `turn`, or null at the end. A cursor that comes twice is a chain without end. */
export function nextPage(turn: Turn, cursor: string | null): string | null {
  if (cursor === null) return null;
  if (cursor === turn.cursor) throw new DeskFailure('surprise', 'the desk gave the same page cursor twice');
  if (turn.turned >= MOST_PAGES) throw new DeskFailure('surprise', `the desk's pages do not end after ${MOST_PAGES}`);
  return `${turn.turned + 1}:${cursor}`;
}
