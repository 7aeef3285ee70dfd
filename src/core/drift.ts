/**
 * Whether a replica's ticket is what its link says, by what its desk shows just now. Pure.
 *
 * It judges what came of the loop and therefore decides nothing by the loop's own means: what the link says is put into the
 * desk's words by its forecast, so that what the desk cannot hold is no difference, and held against what was seen.
 */
import type { Capabilities } from './capabilities.ts';
import { normal, same, timeOf } from './compare.ts';
import { compareComments } from './drift-comments.ts';
import { sameWords } from './drift-words.ts';
import { waiting, type Difference, type Finding } from './finding.ts';
import { isCustom } from './lens.ts';
import type { Look } from './look.ts';
import { shareOf } from './members.ts';
import { kindOf, type LinkField, type Ticket, type Writable } from './model.ts';
import { forLink, shown as shownBy, type Sight } from './sight.ts';
import { valuesOf, type FieldState, type Link, type Normal, type Replica } from './state.ts';

export interface Compared {
  readonly findings: readonly Finding[];
  /** What differs by a rule or by what this desk can do, and is left so. */
  readonly left: readonly string[];
  /** There should be a ticket on this account. */
  readonly wanted: boolean;
}

export function compare(link: Link, replica: Replica, look: Look, allSight: Sight): Compared {
  const sight = forLink(link, allSight);
  const alive = look.ticket !== null && !look.ticket.is_deleted;
  if (!link.life.alive) return alive ? compareSurvivor(link, replica, sight) : nothing(false);
  if (!alive || look.ticket === null) return compareAbsence(link, replica, sight);
  if (look.ticket.status === 'closed' && sight.can.tickets.closedIsFinal) return { findings: [], left: ['its desk does not change closed tickets'], wanted: true };
  const fields = compareFields(link, replica, look.ticket, look.began, sight);
  const comments = look.comments === null ? [] : compareComments(link, replica, look.comments, look.began, sight);
  const findings: Finding[] = [...comments];
  if (fields.length > 0) {
    const because = [...new Set(fields.map(({ difference }) => difference.because))].join('; ');
    findings.unshift({
      kind: 'differing', what: 'ticket', uid: null, comment_id: null, differences: fields.map(({ difference }) => difference), because,
      since: Math.min(...fields.map(({ since }) => since)),
    });
  }
  return { findings, left: [], wanted: true };
}

function nothing(wanted: boolean, left: readonly string[] = []): Compared {
  return { findings: [], left, wanted };
}

function ofTicket(kind: Finding['kind'], because: string, since: number): Finding {
  return { kind, what: 'ticket', uid: null, comment_id: null, differences: [], because, since };
}

/** The link is dead, and the ticket is there. */
function compareSurvivor(link: Link, replica: Replica, sight: Sight): Compared {
  const terms = sight.rules.terms(link.life.from, sight.account.id);
  if (terms === null || terms.on_delete !== 'delete') return nothing(false, ['no mirror carries deletions to this account']);
  const because = waiting(replica, 'life') ?? waiting(replica, 'deletion') ?? (replica.state === 'deleted' ? 'it was restored on this desk, which was not taken in yet' : 'it was deleted elsewhere, and not here yet');
  return { findings: [ofTicket('extra', because, link.life.clock)], left: [], wanted: false };
}

/** The link lives, and there is no ticket. */
function compareAbsence(link: Link, replica: Replica, sight: Sight): Compared {
  if (sight.rules.terms(link.origin, sight.account.id) === null) return nothing(false, ['no mirror reaches this account any more']);
  if (replica.state === 'deleted' && replica.life_applied >= link.life.clock) return nothing(false, ['it was deleted here, and no mirror carries that']);
  if (replica.ticket_id === null || replica.state === 'deleted') {
    return { findings: [ofTicket('missing', waiting(replica, 'life') ?? 'it was not created here yet', link.life.clock)], left: [], wanted: true };
  }
  const because = waiting(replica, 'deletion') ?? 'it is gone on this desk, which was not taken in yet';
  return { findings: [ofTicket('missing', because, Math.max(replica.looked, link.life.clock))], left: [], wanted: true };
}

interface FieldDifference {
  readonly difference: Difference;
  readonly since: number;
}

function compareFields(link: Link, replica: Replica, ticket: Ticket, began: number, sight: Sight): readonly FieldDifference[] {
  const values = sight.lens.read(ticket);
  const shown = shownBy(valuesOf(link), sight);
  return sight.lens.names.flatMap((field): FieldDifference[] => {
    const state = link.fields[field];
    const seen = normal(field, values[field]);
    const wanted = state === undefined || kindOf(field) !== 'set' ? shown[field] : shownBy({ [field]: shareOf(field, state, seen, sight).members }, sight)[field];
    const expected = normal(field, wanted);
    // What the link never had, what the desk does not tell, and what it cannot hold.
    if (state === undefined || seen === undefined || expected === undefined || same(seen, expected)) return [];
    const place = { field, state, seen, settled: (replica.applied[field] ?? 0) >= state.clock && same(seen, replica.base[field]) };
    if (isLeft(place, sight) || (kindOf(field) === 'text' && place.settled && sameWords(String(values[field] ?? ''), String(shown[field] ?? '')))) return [];
    const { because, since } = reasonOf(place, replica, timeOf(ticket.modified_at, began));
    return [{ difference: { field, link: wanted ?? null, desk: values[field] ?? null, because, settled: place.settled }, since }];
  });
}

interface Place {
  readonly field: LinkField;
  readonly state: FieldState;
  readonly seen: Normal;
  readonly settled: boolean;
}

/** Differences that the rules want, and those that the desk leaves no choice about. */
function isLeft({ field, state, seen, settled }: Place, sight: Sight): boolean {
  const own = state.from === sight.account.id;
  const terms = sight.rules.terms(state.from, sight.account.id);
  if (kindOf(field) !== 'set' && (terms === null || terms.ignore.includes(field))) return true;
  if (!settled) return false;
  if (isPreset(field, seen, sight) || (!own && !isHeard(field, sight))) return true;
  const writable = writableOf(field, sight.can);
  if (!own && writable !== 'always' && writable !== 'update') return true;
  // Whom this desk does not know is left out when it is written.
  return kindOf(field) === 'person' && (seen === null || String(seen).startsWith('id:')) && !own;
}

/** Whether a mirror carries changes of this field from this account: if none does, what people change here stays here. */
function isHeard(field: LinkField, { rules, account }: Sight): boolean {
  return rules.reached(account.id).some((to) => rules.terms(account.id, to)?.ignore.includes(field) === false);
}

/** It is what the mirrors give every new ticket there, and nobody has changed it since. */
function isPreset(field: LinkField, seen: Normal, sight: Sight): boolean {
  if (sight.lens.presets === null) return false;
  const preset = normal(field, sight.lens.read(sight.forecast(sight.lens.presets))[field]);
  return preset !== undefined && same(seen, preset);
}

function writableOf(field: LinkField, can: Capabilities): Writable | undefined {
  return isCustom(field) ? can.fields.custom_properties : can.fields[field];
}

function reasonOf({ field, state, seen, settled }: Place, replica: Replica, modified: number): { readonly because: string; readonly since: number } {
  const parked = waiting(replica, `field:${field}`) ?? waiting(replica, 'writes');
  if (parked !== null) return { because: parked, since: state.clock };
  if (settled) return { because: 'it differs though it was written here', since: state.clock };
  if ((replica.bounces[field]?.count ?? 0) > 0) return { because: 'it changes whenever it is written here: two desks contradict each other', since: state.clock };
  if (!same(seen, replica.base[field])) return { because: 'it was changed on this desk, which was not taken in yet', since: modified };
  return { because: 'it was changed elsewhere, and not here yet', since: state.clock };
}

/** A difference that the write itself told of: what was left out of it is no drift. `writes` are those of this replica, newest first. */
export function isExplained({ field, settled }: Difference, writes: readonly { readonly fields: readonly string[]; readonly warned: readonly string[] }[]): boolean {
  if (!settled) return false;
  const name = field.startsWith('custom:') ? 'custom_properties' : field;
  const latest = writes.find(({ fields, warned }) => fields.includes(name) || warned.includes(name) || warned.includes(field));
  return latest !== undefined && (latest.warned.includes(name) || latest.warned.includes(field));
}
