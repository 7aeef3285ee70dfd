/** The fields half of `plan`: which are due on a replica, and which of these go in one write. Pure. */
import { bouncing } from './bounce.ts';
import type { Capabilities } from './capabilities.ts';
import { normal, normalFields, same } from './compare.ts';
import { ticketKey } from './keys.ts';
import { isCustom, type Values } from './lens.ts';
import type { LinkField, Writable } from './model.ts';
import { isCutOff, shown as shownBy, type Sight } from './sight.ts';
import { valuesOf, type Clock, type Link, type Normal, type Note, type Replica } from './state.ts';
import { isHeld, NO_STEP_PARTS, type Plan } from './step.ts';

export function planUpdate(link: Link, replica: Replica, sight: Sight, now: number): Plan {
  const applied: Partial<Record<LinkField, Clock>> = { ...replica.applied };
  const ready: LinkField[] = [];
  const notes: Note[] = [];
  const due = sight.lens.names.filter((field) => (link.fields[field]?.clock ?? 0) > (applied[field] ?? 0));
  if (due.length === 0) return { replica, step: null, notes };
  const shown = shownBy(valuesOf(link), sight);
  for (const field of due) {
    const state = link.fields[field];
    if (state === undefined || isCutOff(state.from === sight.account.id ? link.origin : state.from, sight)) continue;
    const writable = writableOf(field, sight.can);
    const value = normal(field, shown[field]);
    const reason = whyNot(field, state.from, { writable, value, replica, now }, sight);
    if (reason !== null) {
      applied[field] = state.clock;
      // Where the desk shows the same, or both are empty, nothing is missing.
      const missing = !same(normal(field, state.value) ?? null, replica.base[field] ?? null);
      if (missing) notes.push({ what: 'not written', field, because: reason });
      continue;
    }
    if (same(value, replica.base[field])) {
      applied[field] = state.clock;
      continue;
    }
    if (isHeld(replica, `field:${field}`, state.clock)) continue;
    ready.push(field);
  }
  const settled: Replica = { ...replica, applied };
  const names = sentTogether(ready, link, replica);
  const patch: Partial<Record<LinkField, unknown>> = {};
  const clocks: Partial<Record<LinkField, Clock>> = {};
  for (const field of names) {
    patch[field] = link.fields[field]?.value;
    clocks[field] = link.fields[field]?.clock ?? 0;
  }
  if (names.length === 0) return { replica: settled, step: null, notes };
  return {
    replica: settled,
    step: {
      ...NO_STEP_PARTS,
      kind: 'ticket.update',
      key: ticketKey(replica),
      fields: sight.lens.write(patch),
      forecast: normalFields(shown, names),
      clocks,
      clock: Math.max(...Object.values(clocks).map((clock) => clock ?? 0)),
    },
    notes,
  };
}

/**
 * A desk that refuses a patch does not always say which field it means: what was refused once goes alone the second time, after
 * the rest, so that one field cannot hold up the others. What closes the ticket still comes last.
 */
function sentTogether(due: readonly LinkField[], link: Link, replica: Replica): readonly LinkField[] {
  const suspects = due.filter((field) => refusedBefore(replica, field, link.fields[field]?.clock ?? 0));
  if (suspects.length === 0) return due;
  const closing = (field: LinkField): boolean => field === 'status' && link.fields.status?.value === 'closed';
  const rest = due.filter((field) => !suspects.includes(field) && !closing(field));
  if (rest.length > 0) return rest;
  return [suspects.find((field) => !closing(field)) ?? due.find(closing) ?? 'status'];
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

function whyNot(field: LinkField, from: number, writing: Writing, sight: Sight): string | null {
  if (blocked(field, from, sight)) return 'no mirror carries this field to this account';
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
