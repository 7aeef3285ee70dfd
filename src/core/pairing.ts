/**
 * Which tickets were one and the same before a mirror joined their desks. Pure.
 *
 * Tickets wear traits: values that are looked up instead of compared in pairs. Those that a person joined belong together whatever
 * else they wear; else those that an external id or a custom field joins; else those that the mirror's rule finds equal. Where that
 * leaves more than one ticket of an account, nobody can tell which is meant: they are doubtful, and nothing is done with them.
 */
import { createHash } from 'node:crypto';
import { normal, timeOf } from './compare.ts';
import { wordsIn } from './drift-words.ts';
import type { Values } from './lens.ts';
import { kindOf, type LinkField, type Ticket } from './model.ts';
import type { MirrorEdge } from './rules.ts';

/** By what a mirror recognises tickets that are on both sides already. */
export interface PairTerms {
  /** Both carry the same external id, or one carries the id of the other. */
  readonly external_id: boolean;
  /** The same with a custom field, by its name in the mirror; null for none. */
  readonly custom_field: string | null;
  /** The fields that must all say the same where nothing else tells; empty for no such rule. */
  readonly fields: readonly LinkField[];
  /** Between the creations of two tickets that `fields` finds equal, in milliseconds. */
  readonly withinMs: number;
}

/** A mirror that recognises such tickets. */
export interface Pairing {
  readonly mirror: string;
  readonly terms: PairTerms;
  readonly accounts: ReadonlySet<number>;
  /** How many accounts of the mirror changes of this one go to. */
  reach(accountId: number): number;
}

export interface TicketPlace {
  readonly account_id: number;
  readonly ticket_id: string;
}

/** A ticket as it was seen in its desk's list, or just now. */
export interface Sighting extends TicketPlace {
  /** Epoch milliseconds; 0 where the desk does not tell. */
  readonly created: number;
  readonly traits: readonly string[];
}

/** A sighting that may belong together with others. */
export interface Candidate extends Sighting {
  /** The link that it belongs to already, and the accounts of that link. */
  readonly link: { readonly id: string; readonly accounts: readonly number[]; readonly alive: boolean } | null;
}

/** What to look for: tickets that wear this trait and were created within these moments. */
export interface Sought {
  readonly trait: string;
  readonly from: number;
  readonly to: number;
}

/** What is to be done with a ticket that belongs to no link. */
export type Meeting =
  /** It begins a link, together with these tickets of other accounts. */
  | { readonly kind: 'begin'; readonly others: readonly TicketPlace[] }
  /** Its counterparts belong to this link, which has no ticket on its account. */
  | { readonly kind: 'join'; readonly link: string }
  /** This one begins the link for both. */
  | { readonly kind: 'yield'; readonly to: TicketPlace }
  | { readonly kind: 'doubtful'; readonly because: string; readonly candidates: readonly TicketPlace[] };

/** Worn by a ticket that a person keeps apart from all others. */
export const ALONE = 'alone';
/** So many tickets that seem to be the same are never one. */
export const MOST_CANDIDATES = 50;

export function pairingsOf(edges: readonly MirrorEdge[]): readonly Pairing[] {
  return [...Map.groupBy(edges, ({ mirror }) => mirror)].flatMap(([mirror, own]) => {
    const terms = own[0]?.terms.pair;
    if (terms == null) return [];
    const accounts = new Set(own.flatMap(({ from, to }) => [from, to]));
    return [{ mirror, terms, accounts, reach: (id: number) => own.filter(({ from }) => from === id).length }];
  });
}

/** Worn by the tickets that a person joined. */
export function joinedTrait(a: TicketPlace, b: TicketPlace): string {
  return `person:${[a, b].map(nameOf).sort().join(' ')}`;
}

/** Whether a person's decision stands behind a trait, so that no later look takes it away. */
export function isDecision(trait: string): boolean {
  return trait === ALONE || trait.startsWith('person:');
}

/** What a ticket wears under these terms; `values` are its own in the mesh's words. */
export function traitsOf(ticket: Ticket, values: Values, terms: PairTerms): readonly string[] {
  const told = [
    ...(terms.external_id ? [named('external', ticket.external_id)] : []),
    ...(terms.custom_field === null ? [] : [named('custom', values[`custom:${terms.custom_field}`])]),
  ].filter((trait) => trait !== null);
  const equal = fieldsTrait(values, terms.fields);
  return [`id:${ticket.id}`, ...told, ...(equal === null ? [] : [equal])];
}

export function sightingOf(accountId: number, ticket: Ticket, values: Values, terms: PairTerms | null): Sighting {
  return { account_id: accountId, ticket_id: ticket.id, created: timeOf(ticket.created_at, 0), traits: terms === null ? [] : traitsOf(ticket, values, terms) };
}

/** What the counterparts of a ticket wear. */
export function soughtBy({ ticket_id: id, created, traits }: Sighting, terms: PairTerms): readonly Sought[] {
  if (traits.includes(ALONE)) return [];
  const always = (trait: string): Sought => ({ trait, from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER });
  const strong = traits.filter(isStrong);
  return [
    ...traits.filter((trait) => trait.startsWith('person:')).map(always),
    ...strong.flatMap((trait) => [always(trait), always(`id:${valueIn(trait)}`)]),
    ...(terms.external_id ? [always(`external:${id}`)] : []),
    ...(terms.custom_field === null ? [] : [always(`custom:${id}`)]),
    ...(created === 0 ? [] : traits.filter(isEqual).map((trait) => ({ trait, from: created - terms.withinMs, to: created + terms.withinMs }))),
  ];
}

/**
 * What to do with `self`, by all tickets that it is joined with over any number of steps. `reach` tells how many accounts of the
 * mirror changes of an account go to: the ticket whose changes go furthest begins the link; among equals the oldest.
 */
export function meet(self: Candidate, all: readonly Candidate[], terms: PairTerms, reach: (accountId: number) => number): Meeting {
  const members = [self, ...all.filter((one) => nameOf(one) !== nameOf(self))];
  if (members.length > MOST_CANDIDATES) return doubtful(self, members, `more than ${MOST_CANDIDATES} tickets seem to be the same`);
  const group = groupOf(self, members, terms);
  const others = group.filter((one) => one !== self);
  if (others.length === 0) return { kind: 'begin', others: [] };
  const doubled = group.find((one) => group.some((other) => other !== one && other.account_id === one.account_id));
  if (doubled !== undefined) return doubtful(self, group, 'more than one ticket of an account seems to be the same');
  if (isAmbiguous(group)) return doubtful(self, group, 'an id fits tickets of more than one account');
  const links = new Map(others.flatMap(({ link }) => (link === null ? [] : [[link.id, link] as const])));
  const [link] = links.values();
  if (links.size > 1) return doubtful(self, group, 'its counterparts are mirrored apart from each other');
  if (link !== undefined) {
    if (!link.alive) return doubtful(self, group, 'its counterpart was deleted');
    if (link.accounts.includes(self.account_id)) return doubtful(self, group, 'its counterpart is mirrored with another ticket here');
    return { kind: 'join', link: link.id };
  }
  const [first = self] = [...group].sort((a, b) => reach(b.account_id) - reach(a.account_id) || a.created - b.created || a.account_id - b.account_id);
  return first === self ? { kind: 'begin', others: others.map(placeOf) } : { kind: 'yield', to: placeOf(first) };
}

function doubtful(self: Candidate, group: readonly Candidate[], because: string): Meeting {
  return { kind: 'doubtful', because, candidates: group.filter((one) => one !== self).map(placeOf) };
}

/** The tickets of other accounts that belong together with `self`, for all that is known. */
export function counterparts(self: Candidate, all: readonly Candidate[], terms: PairTerms): readonly Candidate[] {
  const members = [self, ...all.filter((one) => nameOf(one) !== nameOf(self))];
  return groupOf(self, members, terms).filter((one) => one.account_id !== self.account_id);
}

/** The tickets that belong together with `self`: what joins two counts only if neither is joined with another by something stronger. */
function groupOf(self: Candidate, members: readonly Candidate[], terms: PairTerms): readonly Candidate[] {
  const best = new Map(members.map((one) => [one, Math.max(0, ...members.map((other) => strength(one, other, terms)))]));
  const group = new Set([self]);
  for (const one of group) {
    for (const other of members) {
      const level = strength(one, other, terms);
      if (level > 0 && level === best.get(one) && level === best.get(other)) group.add(other);
    }
  }
  return [...group];
}

/** 3: a person joined them. 2: an external id or custom field does. 1: the rule finds them equal. 0: nothing does. */
function strength(a: Candidate, b: Candidate, terms: PairTerms): 0 | 1 | 2 | 3 {
  if (a.account_id === b.account_id) return 0;
  if (a.traits.includes(ALONE) || b.traits.includes(ALONE)) return 0;
  if (a.traits.some((trait) => trait.startsWith('person:') && b.traits.includes(trait))) return 3;
  if (a.traits.some((trait) => isStrong(trait) && b.traits.includes(trait)) || names(a, b) || names(b, a)) return 2;
  const equal = a.traits.some((trait) => isEqual(trait) && b.traits.includes(trait));
  const near = a.created !== 0 && b.created !== 0 && Math.abs(a.created - b.created) <= terms.withinMs;
  return equal && near && !contradict(a, b) ? 1 : 0;
}

/** Whether `a` carries the id of `b`. */
function names(a: Candidate, b: Candidate): boolean {
  return a.traits.some((trait) => isStrong(trait) && valueIn(trait) === b.ticket_id);
}

/** Both carry a value of the same kind, and not the same one. */
function contradict(a: Candidate, b: Candidate): boolean {
  return ['external:', 'custom:'].some((kind) => {
    const [one, other] = [a, b].map(({ traits }) => traits.find((trait) => trait.startsWith(kind)));
    return one !== undefined && other !== undefined && one !== other;
  });
}

/** The id that one ticket carries is that of tickets on several accounts: which desk it means is not told. */
function isAmbiguous(group: readonly Candidate[]): boolean {
  return group.some((one) => group.filter((other) => other.account_id !== one.account_id && names(one, other)).length > 1);
}

function isStrong(trait: string): boolean {
  return trait.startsWith('external:') || trait.startsWith('custom:');
}

function isEqual(trait: string): boolean {
  return trait.startsWith('fields:');
}

function valueIn(trait: string): string {
  return trait.slice(trait.indexOf(':') + 1);
}

function named(kind: 'external' | 'custom', value: unknown): string | null {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  return text === '' ? null : `${kind}:${text.length <= 200 ? text : hashed(text)}`;
}

/** One trait for all fields together; null if any of them is empty, since emptiness makes nobody equal. */
function fieldsTrait(values: Values, fields: readonly LinkField[]): string | null {
  if (fields.length === 0) return null;
  const parts = fields.map((field) => plain(field, values[field]));
  return parts.includes('') ? null : `fields:${hashed(JSON.stringify(parts))}`;
}

/** A value as the rule compares it: texts by their words, without case; people by e-mail. */
function plain(field: LinkField, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (kindOf(field) === 'text') return wordsIn(String(value)).toLowerCase();
  const form = normal(field, value);
  if (form === null || form === undefined || (Array.isArray(form) && form.length === 0)) return '';
  // An id of one desk says nothing on another.
  if (kindOf(field) === 'person' && String(form).startsWith('id:')) return '';
  return typeof form === 'object' ? JSON.stringify(form) : String(form).toLowerCase();
}

function hashed(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function nameOf({ account_id: account, ticket_id: ticket }: TicketPlace): string {
  return `${account}:${ticket}`;
}

function placeOf({ account_id, ticket_id }: TicketPlace): TicketPlace {
  return { account_id, ticket_id };
}
