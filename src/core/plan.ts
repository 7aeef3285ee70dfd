/**
 * What a replica is due: the next step, one at a time, or nothing. Pure.
 *
 * A field is due when its clock in the link is newer than the one applied here, not when the texts differ; texts are
 * compared only to spare a write that would change nothing. Closing is the last step, since a closed ticket may refuse more.
 */
import { bringerOf, inherited } from './bringer.ts';
import { normal, normalFields, same } from './compare.ts';
import { BUDGET, heldByBudget, isSpent } from './guards.ts';
import { ticketKey } from './keys.ts';
import type { Values } from './lens.ts';
import type { LinkField, Warning } from './model.ts';
import { blocked, forecastOf, partOf, planUpdate, refusedBefore, writableOf } from './plan-fields.ts';
import { filesFor } from './plan-files.ts';
import { planComments } from './plan-comments.ts';
import { forLink, isCutOff, shown as shownBy, type Sight } from './sight.ts';
import { valuesOf, type Clock, type Link, type Normal, type Note, type Replica } from './state.ts';
import { commentStepName, isHeld, NO_STEP_PARTS, tightens, type Plan, type Step } from './step.ts';

export function plan(link: Link, replica: Replica, allSight: Sight, now: number): Plan {
  const sight = forLink(link, allSight);
  const free = planFreely(link, replica, sight, now);
  // What hides a comment is never held back.
  if (free.step === null || tightens(link, free.step)) return free;
  if (replica.held[BUDGET] !== undefined) return { replica, step: null, notes: [] };
  if (!isSpent(replica.spent, sight.limits, now)) return free;
  const held = heldByBudget(replica, sight.limits, now);
  return { replica: held, step: null, notes: [{ what: 'held', because: held.held[BUDGET]?.reason ?? '' }] };
}

function planFreely(link: Link, replica: Replica, sight: Sight, now: number): Plan {
  if (!link.life.alive) {
    const end = planEnd(link, replica, sight);
    if (end.step !== null || !livesOn(link, end.replica)) return end;
    const among = planLiving(link, end.replica, sight, now);
    return { ...among, notes: [...end.notes, ...among.notes] };
  }
  if (replica.state === 'deleted') return planRevival(link, replica, sight);
  if (replica.ticket_id === null) return planCreate(link, replica, sight);
  return planLiving(link, replica, sight, now);
}

/** Deleted elsewhere and not here: the ticket goes on among those that kept or closed it. */
function livesOn(link: Link, { state, ticket_id: ticketId, life_applied: applied }: Replica): boolean {
  return state === 'present' && ticketId !== null && applied >= link.life.clock;
}

/** What was closed here as deleted elsewhere gets its status back when the ticket is restored. */
function caughtUpWithLife(link: Link, replica: Replica): Replica {
  if (replica.life_applied >= link.life.clock) return replica;
  const { status: _, ...applied } = replica.applied;
  return { ...replica, applied, life_applied: link.life.clock };
}

function planLiving(link: Link, replica: Replica, sight: Sight, now: number): Plan {
  const living = caughtUpWithLife(link, replica);
  if (living.base.status === 'closed' && sight.can.tickets.closedIsFinal) return planAfterClosing(link, living, sight, now);
  const comments = planComments(link, living, sight);
  if (comments.step?.kind === 'comment.create' && sight.can.comments.withUpdate) return together(link, { ...comments, step: comments.step }, sight, now);
  if (comments.step !== null) return comments;
  const update = planUpdate(link, comments.replica, sight, now);
  return { ...update, notes: [...comments.notes, ...update.notes] };
}

/** Its desk closed this ticket for good: what is due waits, or begins a ticket that follows it. */
function planAfterClosing(link: Link, replica: Replica, sight: Sight, now: number): Plan {
  const frozen: Plan = { replica, step: null, notes: [{ what: 'frozen', because: 'this desk does not change closed tickets' }] };
  if (!sight.can.tickets.followUp || sight.rules.terms(link.origin, replica.account_id)?.closed !== 'follow_up') return frozen;
  // A ticket that is closed everywhere rests; only what somebody says or reopens after that goes on.
  const reopened = !ENDS.some((end) => same(end, link.fields.status?.value as Normal | undefined)) && planUpdate(link, replica, sight, now).step !== null;
  if (!reopened && planComments(link, replica, sight).step?.kind !== 'comment.create') return frozen;
  return planCreate(link, { ...renewed(replica), copies: leftBehind(replica), follows: replica.ticket_id }, sight);
}

/** The comments that stay on the closed ticket: the one that follows it does not repeat them. */
function leftBehind(replica: Replica): Replica['copies'] {
  const there = Object.entries(replica.copies).filter(([, copy]) => copy.comment_id !== null);
  return Object.fromEntries(there.map(([uid, copy]) => [uid, { ...copy, deleted: true }]));
}

/** A new comment and the fields that are due in one write, where the desk takes both; each alone once it has refused one of them. */
function together(link: Link, comments: Plan & { readonly step: Step }, sight: Sight, now: number): Plan {
  const update = planUpdate(link, comments.replica, sight, now);
  // What closes a ticket comes last, by itself: there may be more comments.
  if (update.step === null || update.step.fields?.status === 'closed') return comments;
  const { uid, draft, key, clock, warnings } = comments.step;
  const names = [...Object.keys(update.step.clocks).map((field) => `field:${field}`), commentStepName('comment.create', uid ?? '', draft)];
  if (names.some((name) => update.replica.held[name] !== undefined)) return comments;
  return {
    replica: update.replica,
    step: { ...update.step, uid, draft, key, clock, warnings: [...update.step.warnings, ...warnings] },
    notes: [...comments.notes, ...update.notes],
  };
}

/** The link is dead: its tickets go, where a mirror carries that. */
function planEnd(link: Link, replica: Replica, sight: Sight): Plan {
  const caughtUp: Replica = { ...replica, life_applied: link.life.clock };
  // A ticket that was on its way to where deletions do not reach still gets there.
  if (replica.state === 'wanted' && sight.rules.terms(link.life.from, replica.account_id)?.on_delete === 'ignore') return planCreate(link, replica, sight);
  if (replica.state !== 'present' || replica.ticket_id === null) return { replica: caughtUp, step: null, notes: [] };
  if (replica.life_applied >= link.life.clock) return { replica, step: null, notes: [] };
  const terms = sight.rules.terms(link.life.from, replica.account_id);
  if (terms === null || terms.on_delete === 'ignore') {
    return { replica: caughtUp, step: null, notes: [{ what: 'kept', because: 'no mirror carries deletions to this account' }] };
  }
  if (terms.on_delete === 'close') return planClosing(link, replica, caughtUp, sight);
  if (isHeld(replica, 'life', link.life.clock)) return { replica, step: null, notes: [] };
  return {
    replica,
    step: { ...NO_STEP_PARTS, kind: 'ticket.delete', key: ticketKey(replica), life: link.life.clock },
    notes: [],
  };
}

/** Words for the end of a ticket, the most final first. */
const ENDS = ['closed', 'resolved'] as const;

/** Deleted elsewhere is closed here, with the most final status that this desk can be given. */
function planClosing(link: Link, replica: Replica, caughtUp: Replica, sight: Sight): Plan {
  // The end stands for the status that the ticket has now: another one that somebody gives it later is due again.
  const clock = link.fields.status?.clock ?? link.life.clock;
  if (ENDS.some((end) => same(end, replica.base.status))) return { replica: { ...caughtUp, applied: { ...caughtUp.applied, status: clock } }, step: null, notes: [] };
  const end = ENDS.find((status) => same(normal('status', shownBy({ status }, sight).status), status));
  const writable = writableOf('status', sight.can);
  if (end === undefined || (writable !== 'always' && writable !== 'update')) {
    return { replica: caughtUp, step: null, notes: [{ what: 'kept', because: 'this desk cannot close tickets' }] };
  }
  if (isHeld(replica, 'field:status', clock)) return { replica, step: null, notes: [] };
  return {
    replica,
    step: {
      ...NO_STEP_PARTS,
      kind: 'ticket.update',
      key: ticketKey(replica),
      fields: sight.lens.write({ status: end }),
      forecast: { status: end },
      clocks: { status: clock },
      life: link.life.clock,
    },
    notes: [],
  };
}

/** The link lives and the ticket here is gone: restored where the desk can, else created anew under a new key, if a mirror carries that. */
function planRevival(link: Link, replica: Replica, sight: Sight): Plan {
  if (replica.life_applied >= link.life.clock || isCutOff(link.life.from, sight)) return { replica, step: null, notes: [] };
  if ((sight.rules.terms(link.life.from, replica.account_id)?.on_delete ?? 'ignore') === 'ignore') {
    const note: Note = { what: 'stays deleted', because: 'no mirror carries deletions and restorations to this account' };
    return { replica: { ...replica, life_applied: link.life.clock }, step: null, notes: [note] };
  }
  if (sight.can.tickets.restore && replica.ticket_id !== null && !isHeld(replica, 'restore', link.life.clock)) {
    const step: Step = { ...NO_STEP_PARTS, kind: 'ticket.restore', key: ticketKey(replica), life: link.life.clock };
    return { replica, step, notes: [] };
  }
  return planCreate(link, renewed(replica), sight);
}

/** The replica as it begins anew, under a new key. */
function renewed(replica: Replica): Replica {
  return {
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
    merged_into: null,
    meeting: false,
    follows: null,
    doubt: 0,
  };
}

/** What a ticket cannot be without: the rest of one that was refused is written afterwards. */
const NEEDED: ReadonlySet<LinkField> = new Set<LinkField>(['subject', 'description', 'requester']);

function planCreate(link: Link, replica: Replica, sight: Sight): Plan {
  const bringer = bringerOf(link, sight);
  const terms = sight.rules.terms(bringer, replica.account_id);
  if (terms === null) return { replica, step: null, notes: [{ what: 'not mirrored', because: 'no mirror reaches this account' }] };
  const values: Partial<Record<LinkField, unknown>> = {};
  const clocks: Partial<Record<LinkField, Clock>> = {};
  const warnings: Warning[] = [];
  let newest = 0;
  const shown: Partial<Record<LinkField, unknown>> = { ...shownBy(valuesOf(link), sight) };
  const bare = replica.held['life'] !== undefined;
  for (const field of sight.lens.names) {
    const said = link.fields[field];
    if (said === undefined) continue;
    const state = inherited(said, bringer, sight);
    newest = Math.max(newest, state.clock);
    if (field === 'status' && state.value === 'closed') continue;
    const part = partOf(field, state, link, replica, sight);
    if (part === null || !part.carried || (!part.whole && isEmpty(part.value))) continue;
    if (!part.whole) shown[field] = shownBy({ [field]: part.value }, sight)[field];
    // What the desk blamed, or may have meant, comes later by itself: it must not keep the whole ticket away.
    if (refusedBefore(replica, field, state.clock) || (bare && !NEEDED.has(field))) continue;
    const writable = writableOf(field, sight.can);
    if ((writable !== 'create' && writable !== 'always') || normal(field, shown[field]) === undefined) {
      if (!isEmpty(state.value)) warnings.push({ field, reason: writable === undefined ? 'this desk has no such field' : 'this desk cannot hold this value' });
      continue;
    }
    values[field] = part.value;
    clocks[field] = part.clock;
  }
  warnings.push(...nameless(link, sight));
  if (isHeld(replica, 'life', Math.max(newest, link.life.clock))) return { replica, step: null, notes: [] };
  const { files, warnings: left } = filesFor(link.files, sight.can.files.ticket, terms);
  warnings.push(...left);
  return {
    replica,
    step: {
      ...NO_STEP_PARTS,
      kind: 'ticket.create',
      key: ticketKey(replica),
      fields: sight.lens.writeNew(values),
      forecast: forecastOfNew(values, link, shown, sight),
      clocks,
      files: replica.follows === null ? files : [],
      follows: replica.follows,
      warnings,
      life: link.life.clock,
      clock: Math.max(newest, link.life.clock),
    },
    notes: [],
  };
}

/** With what the account gives every new ticket: its constants are no change of anybody's on that desk. `shown` is the whole link there. */
function forecastOfNew(values: Values, link: Link, shown: Values, sight: Sight): Partial<Record<LinkField, Normal>> {
  if (sight.lens.presets !== null) return normalFields(sight.lens.read(sight.forecast(sight.lens.writeNew(values))), Object.keys(values) as LinkField[]);
  return Object.keys(values).length === Object.keys(link.fields).length ? normalFields(shown, sight.lens.names) : forecastOf(values, sight);
}

/** What the link has of fields that this account's lens does not know: a custom field, or a group. */
function nameless(link: Link, sight: Sight): readonly Warning[] {
  const told = Object.entries(link.fields) as [LinkField, (typeof link.fields)[LinkField]][];
  return told
    .filter(([field, state]) => state !== undefined && !isEmpty(state.value) && !sight.lens.names.includes(field) && !blocked(field, state.from, sight))
    .map(([field]) => ({ field, reason: 'mesh.yaml has no name for it on this account' }));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
