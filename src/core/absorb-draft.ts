/** What the fields' half of `absorb` is made of: a changed value and how it enters the link. Pure. */
import type { Values } from './lens.ts';
import { kindOf, type LinkField, type Person } from './model.ts';
import { changedSet, formsIn, isForeign, seconded } from './members.ts';
import type { Sight } from './sight.ts';
import type { Bounce, Clock, FieldState, Link, Normal, Note } from './state.ts';

export interface Draft {
  readonly fields: Partial<Record<LinkField, FieldState>>;
  readonly base: Partial<Record<LinkField, Normal>>;
  readonly applied: Partial<Record<LinkField, Clock>>;
  readonly bounces: Partial<Record<LinkField, Bounce>>;
  readonly notes: Note[];
  changed: boolean;
}

export interface Seeing {
  readonly base: Normal;
  readonly seen: Normal;
  /** What was seen, as it is. */
  readonly value: unknown;
  readonly forecast: () => Values;
  /** The desk's time of it (epoch milliseconds). */
  readonly time: number;
  readonly began: number;
}

/** A changed value enters the link; this replica shows it already. */
export function enter(draft: Draft, field: LinkField, value: unknown, time: number, from: number): void {
  const clock = Math.max(time, (draft.fields[field]?.clock ?? 0) + 1);
  draft.fields[field] = kindOf(field) === 'set' ? changedSet(draft.fields[field], (value ?? []) as readonly string[], clock, from) : { value: value ?? null, clock, from };
  draft.applied[field] = clock;
  draft.changed = true;
}

export interface Merging {
  readonly time: number;
  readonly caughtUp: boolean;
  /** What an unanswered write of ours may have made of the set: what it added and removed is nobody else's change. */
  readonly open: readonly string[] | undefined;
}

/** Members enter as added and removed against base, so that two desks' additions both stay. */
export function mergeSet(draft: Draft, field: LinkField, seeing: Seeing, { time, caughtUp, open }: Merging, sight: Sight): void {
  const base = seeing.base as readonly string[];
  const seen = seeing.seen as readonly string[];
  const state = draft.fields[field];
  const members = (state?.value ?? []) as readonly string[];
  const shows = formsIn(field, sight);
  const removed = base.filter((member) => !seen.includes(member) && open?.includes(member) !== false);
  const kept = members.filter((member) => !shows(member).some((shown) => removed.includes(shown)));
  const held = new Set(kept.flatMap((member) => [member, ...shows(member)]));
  const added = seen.filter((member) => !base.includes(member) && open?.includes(member) !== true && !held.has(member));
  const merged = [...kept, ...added];
  const before = draft.applied[field];
  const unchanged = merged.length === members.length && merged.every((member, i) => member === members[i]);
  if (!unchanged) enter(draft, field, merged, time, sight.account.id);
  // What somebody did before, of whom this account does not hear, is done here once more: it goes where only this account's changes go.
  const again = [
    ...kept.filter((member) => shows(member).some((form) => seen.includes(form) && !base.includes(form) && open?.includes(form) !== true)),
    ...removed.filter((form) => !members.some((member) => shows(member).includes(form)) && state?.by?.[form] !== undefined),
  ].filter((member) => isForeign(field, state, member, sight));
  const now = draft.fields[field];
  if (again.length > 0 && now !== undefined) {
    const clock = unchanged ? Math.max(time, now.clock + 1) : now.clock;
    draft.fields[field] = seconded(now, again, clock, sight.account.id);
    draft.applied[field] = clock;
    draft.changed = true;
  }
  if (unchanged && again.length === 0) return;
  if (!caughtUp) {
    if (before === undefined) delete draft.applied[field];
    else draft.applied[field] = before;
  }
}

/**
 * Whether what people change here becomes part of the ticket, stays here alone, or stays until the others reach this account again.
 * What a ticket's own desk says always enters where only a condition keeps it from travelling: it may be what fits the condition again.
 */
export function entryOf(field: LinkField, link: Link, { account: { id }, rules }: Sight): 'enters' | 'stays' | 'gives way' {
  if (link.accounts.length === 1) return 'enters';
  const reached = rules.reached(id);
  if (reached.length > 0) return reached.some((account) => rules.terms(id, account)?.ignore.some((name) => name === field) === false) ? 'enters' : 'stays';
  if (rules.all.reached(id).length === 0 || (id !== link.origin && rules.terms(link.origin, id) !== null)) return 'stays';
  return id === link.origin ? 'enters' : 'gives way';
}

export function portable(value: unknown): boolean {
  const person = value as Person | null | undefined;
  return person === null || person === undefined || Boolean(person.email);
}
