/**
 * What a replica is due: the next step, one at a time, or nothing. Pure.
 *
 * A field is due when its clock in the link is newer than the one applied here, not when the texts differ; texts are
 * compared only to spare a write that would change nothing. Closing is the last step, since a closed ticket may refuse more.
 */
import { bouncing } from './absorb.ts';
import { normal, normalFields, same } from './compare.ts';
import { ticketKey } from './keys.ts';
import { FIELD_NAMES, type FieldName, type TicketFields } from './model.ts';
import { planComments } from './plan-comments.ts';
import type { Sight } from './sight.ts';
import { valuesOf, type Clock, type Link, type Normal, type Note, type Replica } from './state.ts';
import { isHeld, NO_STEP_PARTS, type Plan, type Step } from './step.ts';

export function plan(link: Link, replica: Replica, sight: Sight, now: number): Plan {
  if (!link.life.alive) return planEnd(link, replica, sight);
  if (replica.state === 'deleted') return planRevival(link, replica, sight);
  if (replica.ticket_id === null) return planCreate(link, replica, sight);
  const living: Replica = { ...replica, life_applied: Math.max(replica.life_applied, link.life.clock) };
  if (living.base.status === 'closed' && sight.can.tickets.closedIsFinal) {
    return { replica: living, step: null, notes: [{ what: 'frozen', because: 'this desk does not change closed tickets' }] };
  }
  const comments = planComments(link, living, sight);
  if (comments.step !== null) return comments;
  const update = planUpdate(link, comments.replica, sight, now);
  return { ...update, notes: [...comments.notes, ...update.notes] };
}

/** The link is dead: its tickets go, where a mirror carries that. */
function planEnd(link: Link, replica: Replica, sight: Sight): Plan {
  const caughtUp: Replica = { ...replica, life_applied: link.life.clock };
  if (replica.state !== 'present' || replica.ticket_id === null) return { replica: caughtUp, step: null, notes: [] };
  if (replica.life_applied >= link.life.clock) return { replica, step: null, notes: [] };
  const terms = sight.rules.terms(link.life.from, replica.account_id);
  if (terms === null || terms.on_delete === 'ignore') {
    return { replica: caughtUp, step: null, notes: [{ what: 'kept', because: 'no mirror carries deletions to this account' }] };
  }
  if (isHeld(replica, 'life', link.life.clock)) return { replica, step: null, notes: [] };
  return {
    replica,
    step: { ...NO_STEP_PARTS, kind: 'ticket.delete', key: ticketKey(replica), life: link.life.clock },
    notes: [],
  };
}

/** The link lives and the ticket here is gone: restored where the desk can, else created anew under a new key. */
function planRevival(link: Link, replica: Replica, sight: Sight): Plan {
  if (replica.life_applied >= link.life.clock) return { replica, step: null, notes: [] };
  if (sight.can.tickets.restore && replica.ticket_id !== null && !isHeld(replica, 'restore', link.life.clock)) {
    const step: Step = { ...NO_STEP_PARTS, kind: 'ticket.restore', key: ticketKey(replica), life: link.life.clock };
    return { replica, step, notes: [] };
  }
  const fresh: Replica = {
    ...replica,
    generation: replica.generation + 1,
    ticket_id: null,
    state: 'wanted',
    base: {},
    applied: {},
    copies: {},
    surplus: [],
    held: {},
    bounces: {},
    wrote: {},
    modified: 0,
  };
  return planCreate(link, fresh, sight);
}

function planCreate(link: Link, replica: Replica, sight: Sight): Plan {
  const terms = sight.rules.terms(link.origin, replica.account_id);
  if (terms === null) return { replica, step: null, notes: [{ what: 'not mirrored', because: 'no mirror reaches this account' }] };
  const values: Record<string, unknown> = {};
  const clocks: Partial<Record<FieldName, Clock>> = {};
  let newest = 0;
  const shown = sight.forecast(valuesOf(link));
  for (const field of FIELD_NAMES) {
    const state = link.fields[field];
    const writable = sight.can.fields[field];
    if (state === undefined) continue;
    newest = Math.max(newest, state.clock);
    if (writable !== 'create' && writable !== 'always') continue;
    if (field === 'status' && state.value === 'closed') continue;
    if (blocked(field, state.from, sight) || normal(field, shown[field]) === undefined) continue;
    values[field] = state.value;
    clocks[field] = state.clock;
  }
  if (isHeld(replica, 'life', Math.max(newest, link.life.clock))) return { replica, step: null, notes: [] };
  const fields = values as TicketFields;
  return {
    replica,
    step: {
      ...NO_STEP_PARTS,
      kind: 'ticket.create',
      key: ticketKey(replica),
      fields,
      forecast: Object.keys(values).length === Object.keys(link.fields).length ? normalFields(shown) : forecastOf(fields, sight),
      clocks,
      life: link.life.clock,
      clock: Math.max(newest, link.life.clock),
    },
    notes: [],
  };
}

function planUpdate(link: Link, replica: Replica, sight: Sight, now: number): Plan {
  const applied: Partial<Record<FieldName, Clock>> = { ...replica.applied };
  const patch: Record<string, unknown> = {};
  const clocks: Partial<Record<FieldName, Clock>> = {};
  const notes: Note[] = [];
  const due = FIELD_NAMES.filter((field) => (link.fields[field]?.clock ?? 0) > (applied[field] ?? 0));
  if (due.length === 0) return { replica, step: null, notes };
  const shown = sight.forecast(valuesOf(link));
  for (const field of due) {
    const state = link.fields[field];
    if (state === undefined) continue;
    const writable = sight.can.fields[field];
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
    patch[field] = state.value;
    clocks[field] = state.clock;
  }
  const settled: Replica = { ...replica, applied };
  const names = Object.keys(patch);
  if (names.length === 0) return { replica: settled, step: null, notes };
  const fields = patch as TicketFields;
  return {
    replica: settled,
    step: {
      ...NO_STEP_PARTS,
      kind: 'ticket.update',
      key: ticketKey(replica),
      fields,
      forecast: pick(normalFields(shown), names),
      clocks,
      clock: Math.max(...Object.values(clocks)),
    },
    notes,
  };
}

interface Writing {
  readonly writable: string | undefined;
  readonly value: Normal | undefined;
  readonly replica: Replica;
  readonly now: number;
}

function whyNot(field: FieldName, from: number, writing: Writing, sight: Sight): string | null {
  if (blocked(field, from, sight)) return 'no mirror carries this field to this account';
  if (writing.writable !== 'always' && writing.writable !== 'update') return 'this desk cannot change it';
  if (writing.value === undefined) return 'this desk cannot hold this value';
  if (bouncing(writing.replica, field, writing.now)) return 'held: two desks contradict each other';
  return null;
}

function blocked(field: FieldName, from: number, sight: Sight): boolean {
  const terms = sight.rules.terms(from, sight.account.id);
  return terms === null || terms.ignore.includes(field);
}

function forecastOf(fields: TicketFields, sight: Sight): Partial<Record<FieldName, Normal>> {
  return pick(normalFields(sight.forecast(fields)), Object.keys(fields));
}

function pick(from: Partial<Record<FieldName, Normal>>, names: readonly string[]): Partial<Record<FieldName, Normal>> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}
