/** The fields half of `plan`: which are due on a replica, and which of these go in one write. Pure. */
import { bouncing } from './bounce.ts';
import { bringerOf, inherited } from './bringer.ts';
import type { Capabilities } from './capabilities.ts';
import { normal, normalFields, same } from './compare.ts';
import { ticketKey } from './keys.ts';
import { isCustom, type Values } from './lens.ts';
import { shareOf } from './members.ts';
import { kindOf, type LinkField, type Writable } from './model.ts';
import { isCutOff, shown as shownBy, type Sight } from './sight.ts';
import { valuesOf, type Clock, type FieldState, type Link, type Normal, type Note, type Replica } from './state.ts';
import { isHeld, NO_STEP_PARTS, type Plan } from './step.ts';

const NOT_CARRIED = 'no mirror carries this field to this account';

export function planUpdate(link: Link, replica: Replica, sight: Sight, now: number): Plan {
  const applied: Partial<Record<LinkField, Clock>> = { ...replica.applied };
  const notes: Note[] = [];
  const due = sight.lens.names.filter((field) => (link.fields[field]?.clock ?? 0) > (applied[field] ?? 0));
  if (due.length === 0) return { replica, step: null, notes };
  const shown: Partial<Record<LinkField, unknown>> = { ...shownBy(valuesOf(link), sight) };
  const ready: Part[] = [];
  const bringer = bringerOf(link, sight);
  for (const field of due) {
    const said = link.fields[field];
    // To its own desk nobody brings the ticket: nothing is said there for those who left.
    const state = said === undefined || bringer === sight.account.id ? said : inherited(said, bringer, sight);
    const part = state === undefined ? null : partOf(field, state, link, replica, sight);
    if (state === undefined || part === null) continue;
    if (!part.whole) shown[field] = shownBy({ [field]: part.value }, sight)[field];
    const value = normal(field, shown[field]);
    const reason = whyNot(part, { writable: writableOf(field, sight.can), value, replica, now });
    if (reason !== null) {
      applied[field] = part.clock;
      // Where the desk shows the same, or both are empty, nothing is missing.
      const missing = !same(normal(field, state.value) ?? null, replica.base[field] ?? null);
      if (missing && part.clock === state.clock) notes.push({ what: 'not written', field, because: reason });
      continue;
    }
    if (same(value, replica.base[field])) {
      applied[field] = part.clock;
      if (part.barred) notes.push({ what: 'not written', field, because: NOT_CARRIED });
      continue;
    }
    if (!isHeld(replica, `field:${field}`, part.clock)) ready.push(part);
  }
  const settled: Replica = { ...replica, applied };
  const together = sentTogether(ready, replica);
  if (together.length === 0) return { replica: settled, step: null, notes };
  const clocks = Object.fromEntries(together.map(({ field, clock }) => [field, clock]));
  return {
    replica: settled,
    step: {
      ...NO_STEP_PARTS,
      kind: 'ticket.update',
      key: ticketKey(replica),
      fields: sight.lens.write(Object.fromEntries(together.map(({ field, value }) => [field, value]))),
      forecast: normalFields(shown, together.map(({ field }) => field)),
      clocks,
      clock: Math.max(...together.map(({ clock }) => clock)),
    },
    notes,
  };
}

/** What of a field is to be on an account. */
export interface Part {
  readonly field: LinkField;
  readonly value: unknown;
  /** False for a set of which some members are kept away, or stay that are nobody's. */
  readonly whole: boolean;
  /** Whether a mirror or a condition keeps these away. */
  readonly barred: boolean;
  /** What the account has caught up with once it shows this. */
  readonly clock: Clock;
  readonly carried: boolean;
}

/** Null while only a condition that the ticket does not fit now keeps it away: it waits until it fits again. */
export function partOf(field: LinkField, state: FieldState, link: Link, replica: Replica, sight: Sight): Part | null {
  const own = state.from === sight.account.id;
  const isSet = kindOf(field) === 'set';
  if ((own || !isSet) && isCutOff(own ? link.origin : state.from, sight)) return null;
  if (!isSet) return { field, value: state.value, whole: true, barred: false, clock: state.clock, carried: !blocked(field, state.from, sight) };
  const share = shareOf(field, state, replica.base[field], sight);
  const here = normal(field, shownBy({ [field]: share.members }, sight)[field]);
  if (share.waits && same(here, replica.base[field] ?? [])) return null;
  return { field, value: share.members, whole: share.whole, barred: share.barred, clock: share.waits ? (replica.applied[field] ?? 0) : state.clock, carried: true };
}

/**
 * A desk that refuses a patch does not always say which field it means: what was refused once goes alone the second time, after
 * the rest, so that one field cannot hold up the others. What closes the ticket still comes last.
 */
function sentTogether(due: readonly Part[], replica: Replica): readonly Part[] {
  const suspects = due.filter(({ field, clock }) => refusedBefore(replica, field, clock));
  if (suspects.length === 0) return due;
  const closing = ({ field, value }: Part): boolean => field === 'status' && value === 'closed';
  const rest = due.filter((part) => !suspects.includes(part) && !closing(part));
  if (rest.length > 0) return rest;
  return [suspects.find((part) => !closing(part)) ?? due.find(closing)].filter((part) => part !== undefined);
}

/** Whether this very value of the field was part of what the desk refused. */
export function refusedBefore(replica: Replica, field: LinkField, clock: Clock): boolean {
  const held = replica.held[`field:${field}`];
  return held !== undefined && held.clock >= clock;
}

interface Writing {
  readonly writable: string | undefined;
  readonly value: Normal | undefined;
  readonly replica: Replica;
  readonly now: number;
}

function whyNot({ field, carried }: Part, writing: Writing): string | null {
  if (!carried) return NOT_CARRIED;
  if (writing.writable !== 'always' && writing.writable !== 'update') return 'this desk cannot change it';
  if (writing.value === undefined) return 'this desk cannot hold this value';
  if (bouncing(writing.replica, field, writing.now)) return 'held: two desks contradict each other';
  return null;
}

export function blocked(field: LinkField, from: number, sight: Sight): boolean {
  const terms = sight.rules.terms(from, sight.account.id);
  return terms === null || terms.ignore.some((name) => name === field);
}

export function forecastOf(values: Values, sight: Sight): Partial<Record<LinkField, Normal>> {
  return normalFields(shownBy(values, sight), Object.keys(values) as LinkField[]);
}

/** When a field can be written here; all custom fields go by the same rule. */
export function writableOf(field: LinkField, can: Capabilities): Writable | undefined {
  return isCustom(field) ? can.fields.custom_properties : can.fields[field];
}
