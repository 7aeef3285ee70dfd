/**
 * What a desk has said enters the link. Pure.
 *
 * A look is compared with `base`, the state last seen on that same desk in that desk's own words: what differs is a
 * change made there. An echo of our own write differs in nothing, so it ends here.
 */
import { forLink, shown as shownBy, type Sight } from './sight.ts';
import { absorbComments } from './absorb-comments.ts';
import { enter, entryOf, mergeSet, portable, type Draft, type Seeing } from './absorb-draft.ts';
import { meetField } from './absorb-meeting.ts';
import { countBounce } from './bounce.ts';
import { normal, same, timeOf } from './compare.ts';
import { isCustom, unnamedIn, type Values } from './lens.ts';
import { BUDGET, DELETION } from './guards.ts';
import type { Look, Moved } from './look.ts';
import { leftThere, shareOf } from './members.ts';
import { kindOf, type FileDraft, type LinkField, type Ticket } from './model.ts';
import { blocked } from './plan-fields.ts';
import { valuesOf, wantedReplica, type Link, type Normal, type Note, type Replica } from './state.ts';

/** Takes a look in. `quiet` fields only become base: what a write had to leave out. */
export function absorb(link: Link, before: Replica, look: Look, allSight: Sight, quiet: readonly string[] = []): Moved {
  const sight = forLink(link, allSight);
  const replica = believed(before);
  if (look.ticket === null || look.ticket.is_deleted) return replica.meeting ? absorbNobody(link, replica) : absorbAbsence(link, replica, look, sight);
  const revived = absorbPresence(link, replica, look, sight);
  const fields = absorbFields(revived.link, revived.replica, look.ticket, look.began, sight, quiet);
  const merged = mergedInto(replica, look.ticket);
  const unnamed = link.version > 0 ? [] : unnamedIn(look.ticket, sight.lens);
  const left: readonly Note[] = unnamed.length === 0 ? [] : [{ what: 'not mirrored', because: `mesh.yaml has no name for these custom fields: ${unnamed.join(', ')}` }];
  const seen: Replica = {
    ...fields.replica,
    ticket_id: look.ticket.id,
    merged_into: look.ticket.merged_into ?? fields.replica.merged_into,
    looked: look.comments === null && sight.can.comments.list ? replica.looked : Math.max(look.began, replica.looked),
    modified: Math.max(timeOf(look.ticket.modified_at, 0), replica.modified),
  };
  const comments =
    look.comments === null
      ? { link: fields.link, replica: seen, notes: [] }
      : absorbComments(fields.link, seen, look, look.comments, sight);
  // They have met once the comments were seen, too.
  const met = replica.meeting && (look.comments !== null || !sight.can.comments.list);
  return { ...comments, ...(met && { replica: { ...comments.replica, meeting: false } }), notes: [...revived.notes, ...left, ...merged, ...fields.notes, ...comments.notes] };
}

/** Whatever is seen now is believed: nothing waits for a person any more. */
function believed(replica: Replica): Replica {
  if (replica.held[DELETION] === undefined) return replica;
  const { [DELETION]: _, ...held } = replica.held;
  return { ...replica, held };
}

/** What a merge changes on its desk, the status and the words of it, travels like everything else; here it is told that it was one. */
function mergedInto(replica: Replica, { merged_into: target }: Ticket): readonly Note[] {
  if (target == null || target === replica.merged_into) return [];
  return [{ what: 'merged', because: `it was merged into ticket ${target} on this desk; what is said there from now on belongs to that ticket`, values: { into: target } }];
}

/** The ticket is not there, or in the trash: a person's deletion, unless we did it or have not caught up with one. */
function absorbAbsence(link: Link, replica: Replica, look: Look, sight: Sight): Moved {
  const gone: Replica = { ...replica, state: 'deleted', looked: Math.max(look.began, replica.looked) };
  if (replica.state === 'deleted') return { link, replica: gone, notes: [] };
  if (replica.intent?.kind === 'ticket.delete') {
    return { link, replica: { ...gone, life_applied: replica.intent.life, intent: null }, notes: [] };
  }
  // One that lives on after it was deleted elsewhere can be deleted here as well.
  if (link.life.clock > replica.life_applied) {
    return { link, replica: gone, notes: [{ what: 'absence', because: 'the ticket was deleted or restored elsewhere since it was last seen here' }] };
  }
  if (!lifeTravels(replica.account_id, sight)) {
    const note: Note = { what: 'deletion kept here', because: 'no mirror carries deletions from this account' };
    return { link, replica: gone, notes: [note] };
  }
  const clock = Math.max(look.began, link.life.clock + 1);
  return {
    link: { ...link, version: link.version + 1, life: { alive: false, clock, from: replica.account_id } },
    replica: { ...gone, life_applied: clock },
    notes: [{ what: 'deleted', because: 'it was deleted on this desk' }],
  };
}

/** The ticket that should have been one with the others was gone before it was looked at: nobody deleted anything, and one is made. */
function absorbNobody(link: Link, replica: Replica): Moved {
  const note: Note = { what: 'nobody there', because: 'the ticket that was one with the others was deleted before they met', values: { ticket_id: replica.ticket_id } };
  return { link, replica: { ...wantedReplica(replica.id, link.id, replica.account_id), generation: replica.generation + 1 }, notes: [note] };
}

function lifeTravels(from: number, sight: Sight): boolean {
  return sight.rules.reached(from).some((account) => (sight.rules.terms(from, account)?.on_delete ?? 'ignore') !== 'ignore');
}

/** The ticket is there. If it was last seen deleted, somebody restored it. */
function absorbPresence(link: Link, replica: Replica, look: Look, sight: Sight): Moved {
  if (replica.state !== 'deleted') return { link, replica: { ...replica, state: 'present' }, notes: [] };
  // What was refused while it was gone is asked anew.
  const present: Replica = { ...replica, state: 'present', held: kept(replica.held), copies: broughtBack(link, replica) };
  if (link.life.alive) return { link, replica: present, notes: [] };
  if (link.life.clock > replica.life_applied) return { link, replica: present, notes: [] };
  if (!lifeTravels(replica.account_id, sight)) {
    return { link, replica: present, notes: [{ what: 'restoration kept here', because: 'no mirror carries deletions from this account' }] };
  }
  const clock = Math.max(look.began, link.life.clock + 1);
  return {
    link: { ...link, version: link.version + 1, life: { alive: true, clock, from: sight.account.id } },
    replica: { ...present, life_applied: clock },
    notes: [{ what: 'restored', because: 'it was restored on this desk' }],
  };
}

/**
 * The copies of a ticket that is there again. A deletion that was asked of it while it was gone counted as done; the comment has come back
 * with its ticket, and is deleted once more.
 */
export function broughtBack(link: Link, { copies }: Pick<Replica, 'copies'>): Replica['copies'] {
  const back = Object.values(copies).filter((copy) => copy.ours && copy.deleted && link.comments[copy.uid]?.deleted === true);
  return back.length === 0 ? copies : { ...copies, ...Object.fromEntries(back.map((copy) => [copy.uid, { ...copy, deleted: false, applied: 0 }])) };
}

function kept(held: Replica['held']): Replica['held'] {
  const { [BUDGET]: spent } = held;
  return spent === undefined ? {} : { [BUDGET]: spent };
}

function absorbFields(link: Link, replica: Replica, ticket: Ticket, began: number, sight: Sight, quiet: readonly string[]): Moved {
  const draft: Draft = {
    fields: { ...link.fields },
    base: { ...replica.base },
    applied: { ...replica.applied },
    bounces: { ...replica.bounces },
    notes: [],
    changed: false,
  };
  // Worked out only if something differs, which is seldom.
  let shown: Values | null = null;
  const forecast = (): Values => (shown ??= shownBy(valuesOf(link), sight));
  const birth = link.version === 0;
  const values = sight.lens.read(ticket);
  for (const field of sight.lens.names) {
    const seen = normal(field, values[field]);
    if (seen === undefined) continue;
    const base = draft.base[field];
    draft.base[field] = seen;
    if (birth) {
      const enters = kindOf(field) !== 'person' || portable(values[field]);
      if (enters) enter(draft, field, values[field], timeOf(ticket.modified_at, began), sight.account.id);
      continue;
    }
    if (base === undefined) {
      if (replica.meeting) meetField(draft, link, field, { base: seen, seen, value: values[field], forecast, time: timeOf(ticket.modified_at, began), began }, sight);
      else if (kindOf(field) === 'set') firstMembers(draft, field, seen, sight);
      continue;
    }
    if (same(base, seen) || quiet.includes(isCustom(field) ? 'custom_properties' : field)) continue;
    absorbField(draft, link, replica, field, { base, seen, value: values[field], forecast, time: timeOf(ticket.modified_at, began), began }, sight);
  }
  const files = birth ? filesOf(ticket, sight.account.id) : link.files;
  return {
    link: draft.changed || birth ? { ...link, fields: draft.fields, files, version: link.version + 1 } : link,
    replica: { ...replica, base: draft.base, applied: draft.applied, bounces: draft.bounces },
    notes: draft.notes,
  };
}

/** A first reading is no change. Yet what a set had there beforehand is not ours to take away. */
function firstMembers(draft: Draft, field: LinkField, seen: Normal, sight: Sight): void {
  const state = draft.fields[field];
  if (state === undefined) return;
  const next = leftThere(field, state, seen as readonly string[], sight);
  if (next === state) return;
  draft.fields[field] = next;
  draft.changed = true;
}

/** The description's files, as other desks can be told of them. */
function filesOf(ticket: Ticket, from: number): readonly FileDraft[] {
  return (ticket.attachments ?? []).map(({ id, url, filename, content_type, size, inline }) => ({
    from, ticket_id: ticket.id, comment_id: null, id, url, filename, content_type, size, inline,
  }));
}

/** One field that differs from base on its own desk. */
function absorbField(draft: Draft, link: Link, replica: Replica, field: LinkField, seeing: Seeing, sight: Sight): void {
  const { seen, value, time, began } = seeing;
  const intent = replica.intent;
  if (intent?.kind === 'ticket.update' && intent.clocks[field] !== undefined && same(seen, intent.forecast[field])) {
    draft.applied[field] = Math.max(draft.applied[field] ?? 0, intent.clocks[field]);
    return;
  }
  const state = draft.fields[field];
  const shown = normal(field, seeing.forecast()[field]);
  // What was closed here as deleted elsewhere and is opened again is a change, though the link never said otherwise.
  const reopened = field === 'status' && !link.life.alive;
  // The desk showed the link's very value before: another one is a change, even if a value map makes it what we would have written.
  const left = state !== undefined && same(seeing.base, normal(field, state.value));
  // What no mirror brought here was not known here: whoever says the same has a say of their own, which goes where this account's changes go.
  const own = state !== undefined && (kindOf(field) === 'set' ? !shareOf(field, state, seeing.base, sight).whole : blocked(field, state.from, sight));
  if (state !== undefined && same(shown, seen) && !reopened && !left && !own) {
    draft.applied[field] = state.clock;
    return;
  }
  if (!countBounce(draft, replica, field, seen, began)) return;
  const entry = entryOf(field, link, sight);
  if (entry === 'stays') {
    draft.notes.push({ what: 'left alone', field, because: 'no mirror carries this field from this account', values: { here: value, elsewhere: state?.value ?? null } });
    return;
  }
  if (entry === 'gives way') {
    const because = 'a mirror’s condition cuts this ticket off from the others: what they say is written over it when it fits again';
    draft.notes.push({ what: 'left alone', field, because, values: { won: state?.value ?? null, lost: value } });
    delete draft.applied[field];
    return;
  }
  const applied = draft.applied[field] ?? 0;
  const owner = sight.rules.owner(field, sight.account.id);
  if (owner !== null && owner !== sight.account.id && state !== undefined) {
    draft.notes.push({
      what: 'conflict',
      field,
      because: `this field belongs to ${sight.nameOfAccount(owner)}`,
      values: { won: state.value, lost: value },
    });
    // Not caught up any more: what the owner says is written over it, where the owner's word comes.
    if (sight.rules.terms(owner, sight.account.id) !== null) delete draft.applied[field];
    return;
  }
  if (kindOf(field) === 'set') {
    const open = intent?.kind === 'ticket.update' ? (intent.forecast[field] as readonly string[] | undefined) : undefined;
    mergeSet(draft, field, seeing, { time, caughtUp: applied >= (state?.clock ?? 0), open }, sight);
    return;
  }
  // An open write may have been what this person saw: their change counts as made with it in view.
  const sent = intent?.kind === 'ticket.update' ? (intent.clocks[field] ?? 0) : 0;
  const caughtUp = state === undefined || Math.max(applied, sent) >= state.clock;
  if (kindOf(field) === 'person' && !portable(value)) {
    draft.notes.push({ what: 'left alone', field, because: 'this person has no e-mail address, so no other desk can know them' });
    return;
  }
  if (caughtUp || time > state.clock) {
    if (!caughtUp) {
      draft.notes.push({
        what: 'conflict',
        field,
        because: 'changed here later than elsewhere',
        values: { won: value, lost: state.value },
      });
    }
    enter(draft, field, value, time, sight.account.id);
  } else {
    draft.notes.push({
      what: 'conflict',
      field,
      because: 'changed elsewhere later than here',
      values: { won: state.value, lost: value },
    });
  }
}
