/** The outcome of a step enters the state. Pure. A write has three outcomes: done, not done (refused or undone), unsure. */
import { absorb, broughtBack } from './absorb.ts';
import type { Look, Moved } from './look.ts';
import { normal, wordsDigest } from './compare.ts';
import { spend } from './guards.ts';
import { FIELD_NAMES, kindOf, type Comment, type LinkField, type Ticket, type Warning } from './model.ts';
import type { Sight } from './sight.ts';
import type { Copy, Held, Intent, Link, Normal, Note, Replica } from './state.ts';
import { commentStepName, makesComment, tightens } from './step.ts';

export type Outcome =
  | {
      readonly kind: 'done';
      /** The ticket's id, from a create. */
      readonly id: string | null;
      /** The ticket after the write, where the answer shows it. */
      readonly ticket: Ticket | null;
      readonly comment: Comment | null;
      readonly warnings: readonly Warning[];
      /** Found by a later look (or answered from a desk's memory of the key), so that people may have changed it since. */
      readonly adopted: boolean;
    }
  /** Not done, and the same request will be refused again. */
  | { readonly kind: 'refused'; readonly reason: string; readonly fields: readonly string[] }
  /** The desk has no such ticket or comment. */
  | { readonly kind: 'missing' }
  /** Certainly not done. */
  | { readonly kind: 'undone' }
  /** May have been done: the intent stays open until a look settles it. */
  | { readonly kind: 'unsure'; readonly answered: boolean };

/** `replica.intent` is the step that the outcome belongs to. */
export function settle(link: Link, replica: Replica, outcome: Outcome, sight: Sight, now: number): Moved {
  const intent = replica.intent;
  if (intent === null) return { link, replica, notes: [] };
  const written = outcome.kind === 'done' || outcome.kind === 'unsure';
  const open: Replica = written ? { ...replica, spent: spend(replica.spent, intent, link, replica, now) } : replica;
  const closed: Replica = { ...open, intent: null };
  switch (outcome.kind) {
    case 'done':
      return settleDone(link, closed, intent, outcome, sight, now);
    case 'refused':
      // An earlier try of a create may have been done all the same: only a look tells.
      if (intent.kind === 'ticket.create' && intent.tries > 1 && intent.refused === null) {
        return { link, replica: { ...replica, intent: { ...intent, answered: now, refused: outcome.reason } }, notes: [] };
      }
      return { link, replica: hold(closed, intent, outcome, now), notes: [{ what: 'refused', because: outcome.reason, values: { step: intent.kind } }] };
    case 'missing':
      return settleMissing(link, closed, intent, now);
    case 'undone':
      // An earlier try of a create may still have been done: its intent stays, and is sent again as it was.
      if (intent.kind === 'ticket.create' && intent.tries > 1) {
        return { link, replica: { ...replica, failures: replica.failures + 1, intent: { ...intent, answered: now } }, notes: [] };
      }
      return {
        link,
        replica: { ...closed, state: intent.kind === 'ticket.create' ? 'wanted' : closed.state, failures: replica.failures + 1 },
        notes: [],
      };
    case 'unsure':
      return {
        link,
        replica: { ...open, failures: replica.failures + 1, intent: { ...intent, answered: outcome.answered ? now : null } },
        notes: [],
      };
  }
}

type Done = Extract<Outcome, { kind: 'done' }>;

function settleDone(link: Link, replica: Replica, intent: Intent, done: Done, sight: Sight, now: number): Moved {
  const calm: Replica = { ...replica, failures: 0, held: without(replica.held, heldNames(intent)) };
  switch (intent.kind) {
    case 'ticket.create':
    case 'ticket.update': {
      const written = writeFields(calm, intent, done, sight, now);
      const created: Replica =
        intent.kind === 'ticket.create'
          ? { ...written, state: 'present', ticket_id: done.id ?? written.ticket_id, life_applied: Math.max(written.life_applied, intent.life) }
          : ended(written, intent);
      const along = makesComment(intent) ? writeCopy(created, intent, done, now) : created;
      if (done.ticket === null) return { link, replica: along, notes: [] };
      const quiet = [...done.warnings.map((warning) => warning.field), ...(done.adopted ? unknownThere(done.ticket) : [])];
      return absorb(link, along, { began: intent.sent, ticket: done.ticket, comments: null }, sight, quiet);
    }
    case 'ticket.delete':
      return { link, replica: { ...calm, state: 'deleted', life_applied: Math.max(calm.life_applied, intent.life) }, notes: [] };
    case 'ticket.restore':
      return { link, replica: { ...calm, state: 'present', life_applied: Math.max(calm.life_applied, intent.life), copies: broughtBack(link, calm) }, notes: [] };
    case 'comment.create':
    case 'comment.update':
      return { link, replica: writeCopy(calm, intent, done, now), notes: [] };
    case 'comment.delete':
      return { link, replica: dropCopy(link, calm, intent), notes: [] };
  }
}

/** An update that closed a ticket which was deleted elsewhere. */
function ended(replica: Replica, intent: Intent): Replica {
  return intent.life === 0 ? replica : { ...replica, life_applied: Math.max(replica.life_applied, intent.life) };
}

/** A found create comes without its warnings. Nobody where somebody was written is most likely somebody whom this desk does not know. */
function unknownThere(ticket: Ticket): readonly LinkField[] {
  return FIELD_NAMES.filter((field) => kindOf(field) === 'person' && ticket[field] === null);
}

/**
 * The fields that the write carried: applied with the intent's clocks. Exact ones take the forecast as base, so that an
 * answer that differs is absorbed as the desk's own change; texts take the answer, which differs only by reformatting.
 * What was adopted takes the forecast throughout, so that nothing that a person did since is swallowed.
 */
function writeFields(replica: Replica, intent: Intent, done: Done, sight: Sight, now: number): Replica {
  const base: Partial<Record<LinkField, Normal>> = { ...replica.base };
  const applied = { ...replica.applied };
  const wrote = { ...replica.wrote };
  const values = done.ticket === null || done.adopted ? null : sight.lens.read(done.ticket);
  for (const field of Object.keys(intent.clocks) as LinkField[]) {
    const clock = intent.clocks[field];
    if (clock === undefined) continue;
    applied[field] = Math.max(applied[field] ?? 0, clock);
    wrote[field] = now;
    const answered = values === null || kindOf(field) !== 'text' ? undefined : normal(field, values[field]);
    const expected = answered ?? intent.forecast[field];
    if (expected === undefined) delete base[field];
    else base[field] = expected;
  }
  return { ...replica, base, applied, wrote };
}

function writeCopy(replica: Replica, intent: Intent, done: Done, now: number): Replica {
  const uid = intent.uid;
  if (uid === null || done.comment === null) return replica;
  const known = replica.copies[uid];
  const copy: Copy = {
    uid,
    comment_id: done.comment.id,
    generation: known?.generation ?? 1,
    ours: known?.comment_id == null ? true : known.ours,
    text: wordsDigest(done.comment.content),
    public: done.comment.public,
    applied: Math.max(known?.applied ?? 0, intent.clock),
    since: now,
    deleted: false,
    ...(known?.tried !== undefined && { tried: known.tried }),
  };
  return { ...replica, copies: { ...replica.copies, [uid]: copy } };
}

/** A deleted copy stays on record as deleted; one that was deleted to be made again, private, starts a new generation. */
function dropCopy(link: Link, replica: Replica, intent: Intent): Replica {
  const surplus = replica.surplus.filter((id) => id !== intent.comment_id);
  const uid = intent.uid;
  const copy = uid === null ? undefined : replica.copies[uid];
  if (uid === null || copy === undefined) return { ...replica, surplus };
  const gone: Copy =
    link.comments[uid]?.deleted === false
      ? { ...copy, comment_id: null, generation: copy.generation + 1, text: null, public: false, applied: 0 }
      : { ...copy, deleted: true, applied: Math.max(copy.applied, intent.clock) };
  return { ...replica, surplus, copies: { ...replica.copies, [uid]: gone } };
}

function settleMissing(link: Link, replica: Replica, intent: Intent, now: number): Moved {
  switch (intent.kind) {
    case 'ticket.delete':
      return { link, replica: { ...replica, state: 'deleted', life_applied: Math.max(replica.life_applied, intent.life), failures: 0 }, notes: [] };
    case 'comment.delete':
      return tightens(link, intent) ? missed(link, replica, intent, now) : { link, replica: { ...dropCopy(link, replica, intent), failures: 0 }, notes: [] };
    case 'comment.update':
      return missed(link, replica, intent, now);
    // Whether the ticket is gone only a look tells, which passes the guard against mass deletion.
    case 'ticket.update':
    case 'comment.create':
    case 'ticket.create':
    case 'ticket.restore':
      return { link, replica: hold(replica, intent, NO_SUCH, now), notes: [] };
  }
}

const NO_SUCH = { kind: 'refused', reason: 'the desk has no such ticket or comment', fields: [] } as const;

/** A copy that should be there is not: somebody deleted it, or the whole ticket. The look that follows tells, whatever lists lag. */
function missed(link: Link, replica: Replica, intent: Intent, now: number): Moved {
  const held = hold(replica, intent, NO_SUCH, now);
  const copy = intent.uid === null ? undefined : held.copies[intent.uid];
  if (copy === undefined) return { link, replica: held, notes: [] };
  return { link, replica: { ...held, copies: { ...held.copies, [copy.uid]: { ...copy, since: 0 } } }, notes: [] };
}

/** The names under which a refusal of this step is remembered. */
function heldNames(intent: Intent): readonly string[] {
  switch (intent.kind) {
    case 'ticket.create':
      return ['life', ...Object.keys(intent.clocks).map((field) => `field:${field}`)];
    case 'ticket.delete':
      return ['life'];
    case 'ticket.restore':
      return ['restore'];
    case 'ticket.update': {
      const fields = Object.keys(intent.clocks).map((field) => `field:${field}`);
      return intent.uid === null ? fields : [...fields, commentStepName('comment.create', intent.uid, intent.draft)];
    }
    case 'comment.create':
    case 'comment.update':
    case 'comment.delete':
      return [commentStepName(intent.kind, intent.uid ?? intent.comment_id ?? '', intent.draft)];
  }
}

/** Refused once: look and plan again. Refused twice: held until something newer is to be said, or a person releases it. */
function hold(replica: Replica, intent: Intent, refused: Extract<Outcome, { kind: 'refused' }>, now: number): Replica {
  const all = heldNames(intent);
  const blamed = all.filter((name) => refused.fields.some((field) => name === `field:${field}` || (field === 'custom_properties' && name.startsWith('field:custom:'))));
  // Without a field to blame it is the whole ticket that was not created.
  const whole = intent.kind === 'ticket.create' ? ['life'] : all;
  // One of several that were refused together is only suspected: it goes alone the next time, and that counts.
  const suspected = blamed.length === 0 && whole.length > 1;
  const held: Record<string, Held> = { ...replica.held };
  for (const name of blamed.length > 0 ? blamed : whole) {
    const clock = clockOf(intent, name);
    const known = held[name];
    const before = known !== undefined && known.clock === clock ? known.count : 0;
    const count = suspected ? before : before + 1;
    held[name] = { clock, count, reason: refused.reason, at: now };
  }
  return { ...replica, held, state: intent.kind === 'ticket.create' ? 'wanted' : replica.state };
}

function clockOf(intent: Intent, name: string): number {
  if (intent.kind === 'ticket.delete' || intent.kind === 'ticket.restore') return intent.life;
  const field = name.startsWith('field:') ? (name.slice('field:'.length) as LinkField) : null;
  return field === null ? Math.max(intent.clock, 1) : (intent.clocks[field] ?? 0);
}

function without(held: Replica['held'], names: readonly string[]): Replica['held'] {
  if (!names.some((name) => name in held)) return held;
  return Object.fromEntries(Object.entries(held).filter(([name]) => !names.includes(name)));
}

/**
 * A look that began late enough settles an open intent other than a create: what is seen was done, what is not seen was
 * not and is planned again. `look` has been absorbed with the intent still open.
 */
export function settleByLook(link: Link, replica: Replica, look: Look, sight: Sight): Replica {
  const intent = replica.intent;
  if (intent === null) return replica;
  const closed: Replica = { ...replica, intent: null };
  const there = look.ticket !== null && !look.ticket.is_deleted;
  if (!there) return unsettled(closed, intent, sight);
  if (intent.kind === 'ticket.restore') {
    return { ...closed, life_applied: Math.max(closed.life_applied, intent.life) };
  }
  if (intent.kind === 'comment.delete' && look.comments !== null && !look.comments.some(({ id }) => id === intent.comment_id)) {
    return { ...dropCopy(link, closed, intent), failures: 0 };
  }
  return makesComment(intent) ? withTry(closed, intent, sight) : closed;
}

/** A comment that no look shows may be made yet, in words that are not the comment's any more by then. */
function withTry(replica: Replica, { uid, draft }: Intent, sight: Sight): Replica {
  if (uid === null || draft === null) return replica;
  const copy = replica.copies[uid] ?? unmade(uid);
  if (copy.comment_id !== null) return replica;
  return { ...replica, copies: { ...replica.copies, [uid]: { ...copy, tried: wordsDigest(sight.forecastComment(draft).content) } } };
}

/** A copy of which nothing was seen yet. */
function unmade(uid: string): Copy {
  return { uid, comment_id: null, generation: 1, ours: true, text: null, public: false, applied: 0, since: 0, deleted: false };
}

/**
 * The ticket is gone before it could show whether a write was done. Should it come back, what it shows of an update must
 * not be compared with what was there before: it may be our own. A comment that may have been made is remembered as it was written,
 * so that what a person changed in it is seen as theirs.
 */
function unsettled(before: Replica, intent: Intent, sight: Sight): Replica {
  const replica = makesComment(intent) ? unseenCopy(before, intent, sight) : before;
  if (intent.kind === 'ticket.update') {
    const base = Object.fromEntries(Object.entries(replica.base).filter(([field]) => intent.clocks[field as LinkField] === undefined));
    return { ...replica, base };
  }
  const copy = intent.kind === 'comment.update' && intent.uid !== null ? replica.copies[intent.uid] : undefined;
  return copy === undefined ? replica : { ...replica, copies: { ...replica.copies, [copy.uid]: { ...copy, text: null } } };
}

/** The copy that this write may have made, which has no id yet. */
function unseenCopy(replica: Replica, { uid, draft, clock }: Intent, sight: Sight): Replica {
  if (uid === null || draft === null) return replica;
  const wrote = sight.forecastComment(draft);
  const copy: Copy = { ...unmade(uid), generation: replica.copies[uid]?.generation ?? 1, text: wordsDigest(wrote.content), public: wrote.public, applied: clock };
  return { ...replica, copies: { ...replica.copies, [uid]: copy } };
}

/** Everything that waits for a person on this replica. */
export function parkedNotes(replica: Replica): readonly Note[] {
  return Object.entries(replica.held)
    .filter(([, held]) => held.count >= 2)
    .map(([what, held]) => ({ what, because: held.reason }));
}
