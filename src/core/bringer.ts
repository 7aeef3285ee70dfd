/** Who speaks for accounts that have left the mirrors: what they said before is part of the ticket, and is brought with it. Pure. */
import type { Sight } from './sight.ts';
import type { FieldState, Link } from './state.ts';

/** The account that brings the ticket here: its own, or, where no mirror leads from that to this one any more, the one that restored it. */
export function bringerOf({ origin, life }: Link, { rules, account: { id } }: Sight): number {
  return life.alive && rules.all.terms(origin, id) === null ? life.from : origin;
}

/** What was said by accounts that reach nobody any more is part of what the ticket is where it is brought from. */
export function inherited(state: FieldState, bringer: number, { rules, account: { id } }: Sight): FieldState {
  const heir = (from: number): number => (from === id || rules.all.reached(from).length > 0 ? from : bringer);
  const from = heir(state.from);
  if (from === state.from && state.by === undefined) return state;
  const by = Object.entries(state.by ?? {}).map(([member, sources]) => [member, [...new Set(sources.map(heir))]] as const);
  return { ...state, from, ...(by.length > 0 && { by: Object.fromEntries(by) }) };
}
