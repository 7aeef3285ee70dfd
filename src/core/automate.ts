/**
 * What an automation makes of an event: a change of the event's link, new links, and whom to notify. Pure.
 *
 * Nothing is written to a desk from here. A link that says something new is carried to its tickets by the one loop, with its lanes,
 * keys and budgets; the same decision twice gives the same ids, so that it cannot be done twice.
 */
import { isHidden, quotesComment, type Action, type Automation, type Given, type Happening } from './automation.ts';
import { fieldValue, filledHtml, tagsOf, type FieldValue } from './automation-fields.ts';
import { changesBetween, shortened } from './changes.ts';
import { normal, same, timeOf } from './compare.ts';
import { missingAccounts } from './foresee.ts';
import { keyOf, uuidOf } from './key.ts';
import { isCustom } from './lens.ts';
import { changedSet } from './members.ts';
import { FIELD_NAMES, kindOf, type LinkField } from './model.ts';
import type { Rules } from './rules.ts';
import { forLink, shown, type Sight } from './sight.ts';
import { wantedReplica, type FieldState, type Link, type LinkComment, type Note, type Replica } from './state.ts';

/** The accounts and rules of this moment. */
export interface Surroundings {
  readonly rules: Rules;
  /** Whether a ticket that is there already may be taken to further accounts: not while its counterparts there are being looked for. */
  readonly grows: boolean;
  byId(accountId: number): Sight | null;
  byName(name: string): Sight | null;
  /** A new id. */
  id(): string;
}

/** A link that changes, or that begins (`before` null), and the replicas that it is given. */
export interface LinkMove {
  readonly before: Link | null;
  readonly after: Link;
  readonly spawn: readonly Replica[];
  readonly notes: readonly Note[];
}

export interface Acted {
  /** Each link once; the event's own first, if it changes. */
  readonly moves: readonly LinkMove[];
  /** Of the event's link: what was decided, and what was not done and why. */
  readonly notes: readonly Note[];
  /** The subscriptions that are told, by name. */
  readonly notify: readonly string[];
}

/** All that one automation does, as it grows from action to action. */
interface Doing {
  readonly name: string;
  readonly event: Happening;
  readonly around: Surroundings;
  readonly link: Link | null;
  fields: Partial<Record<LinkField, FieldState>>;
  comments: Record<string, LinkComment>;
  readonly born: LinkMove[];
  readonly notes: Note[];
  readonly notify: string[];
}

/** `link` is the event's as it is now; null if it is no more. */
export function automate(automation: Automation, event: Happening, link: Link | null, around: Surroundings): Acted {
  const doing: Doing = {
    name: automation.name, event, around, link, fields: { ...link?.fields }, comments: { ...link?.comments }, born: [], notes: [], notify: [],
  };
  for (const [at, action] of automation.then.entries()) {
    const why = act(doing, action, at);
    if (why !== null) doing.notes.push(note(doing, 'not done', why, { action: action.kind, ...whereOf(action) }));
  }
  const own = link === null ? null : ownMove(doing, link);
  return { moves: [...(own === null ? [] : [own]), ...doing.born], notes: doing.notes, notify: [...new Set(doing.notify)] };
}

function whereOf(action: Action): Readonly<Record<string, unknown>> {
  if (action.kind === 'create_ticket') return { account: action.account };
  return action.kind === 'notify' ? { subscription: action.subscription } : {};
}

function note({ name }: Pick<Doing, 'name'>, what: string, why: string | null, values?: Readonly<Record<string, unknown>>): Note {
  return { what, because: `automation ${name}${why === null ? '' : `: ${why}`}`, ...(values !== undefined && { values }) };
}

/** What is to be noted of subscriptions that could not be told. */
export function notTold(of: { readonly automation: Pick<Automation, 'name'> }, wanted: readonly string[], told: readonly { readonly name: string }[]): readonly Note[] {
  return wanted
    .filter((subscription) => !told.some(({ name }) => name === subscription))
    .map((subscription) => note(of.automation, 'not done', 'there is no such subscription, or it is not told of private comments', { action: 'notify', subscription }));
}

/** Why the action cannot be done; null if it was, as far as its parts could be. */
function act(doing: Doing, action: Action, at: number): string | null {
  switch (action.kind) {
    case 'create_ticket':
      return createTicket(doing, action.account, action.fields, at);
    case 'update_ticket':
      return onTicket(doing, (link, sight) => updateTicket(doing, action.fields, link, sight));
    case 'create_comment':
      return onTicket(doing, (_, sight) => createComment(doing, action, at, sight));
    case 'notify':
      doing.notify.push(action.subscription);
      return null;
  }
}

/** What is done to the event's own ticket needs that to be there. */
function onTicket(doing: Doing, task: (link: Link, sight: Sight) => string | null): string | null {
  const { event, link, around } = doing;
  if (link === null) return 'the ticket is linked no longer';
  if (!link.life.alive) return 'the ticket was deleted';
  const sight = event.account === null ? null : around.byId(event.account.id);
  if (sight === null || !link.accounts.includes(sight.account.id)) return 'the account is connected no longer';
  return task(link, forLink(link, sight));
}

function updateTicket(doing: Doing, given: Given, link: Link, sight: Sight): string | null {
  for (const [name, value] of Object.entries(given)) {
    const field = fieldNamed(name);
    const made = quoted(doing, value) ?? (field === 'tags' ? newTags(doing, value as TagChanges, sight) : fieldValue(field, value, doing.event));
    const why = 'why' in made ? made.why : whyNot(field, made.value, sight);
    if (why !== null) {
      doing.notes.push({ ...note(doing, 'not done', why, { action: 'update_ticket' }), field });
      continue;
    }
    if (!('value' in made) || same(normal(field, doing.fields[field]?.value), normal(field, made.value))) continue;
    // One later than what it follows: a person who changed it meanwhile, and is heard of later, is not written over.
    const clock = (link.fields[field]?.clock ?? 0) + 1;
    const { id: from } = sight.account;
    doing.fields[field] = kindOf(field) === 'set' ? changedSet(link.fields[field], made.value as readonly string[], clock, from) : { value: made.value, clock, from };
  }
  return null;
}

interface TagChanges {
  readonly add?: unknown;
  readonly remove?: unknown;
}

/** The tags that are there stay. A desk may write them its own way: what it would show of a tag counts as that tag. */
function newTags({ fields, event }: Doing, { add = [], remove = [] }: TagChanges, sight: Sight): FieldValue {
  const forms = (tag: string): readonly string[] => [tag, ...(shown({ tags: [tag] }, sight).tags as readonly string[] | undefined ?? [])];
  const gone = new Set(tagsOf(remove, event).flatMap(forms));
  const kept = ((fields.tags?.value ?? []) as readonly string[]).filter((tag) => !forms(tag).some((form) => gone.has(form)));
  const there = new Set(kept.flatMap(forms));
  return { value: [...kept, ...tagsOf(add, event).filter((tag) => !forms(tag).some((form) => there.has(form)))] };
}

/** Why a field of the event's own ticket cannot be set to this. */
function whyNot(field: LinkField, value: unknown, sight: Sight): string | null {
  const writable = sight.can.fields[isCustom(field) ? 'custom_properties' : field];
  if (!sight.lens.names.includes(field)) return 'no mirror gives this account such a field';
  if (writable !== 'always' && writable !== 'update') return writable === undefined ? 'this desk has no such field' : 'this desk cannot change it';
  if (normal(field, shown({ [field]: value }, sight)[field]) === undefined) return 'this desk cannot hold this value';
  const owner = sight.rules.owner(field, sight.account.id);
  return owner === null || owner === sight.account.id ? null : `this field belongs to ${sight.nameOfAccount(owner)}`;
}

function createComment(doing: Doing, action: Extract<Action, { kind: 'create_comment' }>, at: number, sight: Sight): string | null {
  const { name, event } = doing;
  if (!sight.can.comments.create) return 'this desk takes no comments';
  if (!action.public && !sight.can.comments.private) return 'this desk cannot hold a private comment';
  if (action.public && isHidden(event) && quotesComment(action.content)) return HIDDEN;
  const content = filledHtml(action.content, event);
  if (content === '') return 'it comes out empty for this event';
  // After what it answers, and the several of one automation in their order.
  const created = timeOf(event.time, 0) + at + 1;
  const uid = keyOf('automation comment', name, event.id, at);
  doing.comments[uid] = {
    uid, from: sight.account.id, author: { user_id: null, email: null, name: `automation ${name}` }, content, public: action.public, deleted: false, clock: created, created, files: [], automation: name,
  };
  return null;
}

function createTicket(doing: Doing, account: string, given: Given, at: number): string | null {
  const { name, event, around } = doing;
  const sight = around.byName(account);
  if (sight === null) return `no account ${account} is connected`;
  const id = sight.account.id;
  const clock = timeOf(event.time, 0);
  const left: Note[] = [];
  const fields: Partial<Record<LinkField, FieldState>> = {};
  for (const [key, value] of Object.entries(given)) {
    const field = fieldNamed(key);
    const made = quoted(doing, value) ?? (sight.lens.names.includes(field) ? fieldValue(field, value, event) : { why: 'no mirror gives this account such a field' });
    if ('value' in made) fields[field] = { value: made.value, clock, from: id };
    else if (field === 'subject') return made.why;
    else left.push({ ...note(doing, 'left out', made.why, { account }), field });
  }
  const born: Link = {
    id: uuidOf('automation ticket', name, event.id, at), origin: id, accounts: [id], version: 1, fields, life: { alive: true, clock, from: id }, comments: {}, files: [],
  };
  const { link, spawn } = grown(born, [id], around, (to) => uuidOf('automation replica', born.id, to));
  const because = { event: event.type, account: event.account?.name ?? null, ticket_id: event.ticket?.id ?? null, link: event.link };
  doing.born.push({ before: null, after: link, spawn, notes: [note(doing, 'begins', null, because)] });
  doing.notes.push(note(doing, 'ticket begun', null, { account, link: link.id }), ...left);
  return null;
}

const HIDDEN = 'it would show the words of a private comment';

/** Words of a private comment stay in private comments. */
function quoted({ event }: Doing, given: unknown): { readonly why: string } | null {
  return isHidden(event) && quotesComment(given) ? { why: HIDDEN } : null;
}

function ownMove({ name, event, around, fields, comments }: Doing, link: Link): LinkMove | null {
  const set = Object.keys(fields).some((field) => fields[field as LinkField] !== link.fields[field as LinkField]);
  const said = Object.keys(comments).length !== Object.keys(link.comments).length;
  if (!set && !said) return null;
  const changed: Link = { ...link, version: link.version + 1, ...(set && { fields }), ...(said && { comments }) };
  const { link: after, spawn } = grown(changed, [], around, () => around.id());
  // More accounts are a mirror's doing, and are told as such.
  const notes = changesBetween(link, { ...after, accounts: link.accounts }).map((change) => ({ ...change, because: `automation ${name}, because of ${shortened(event.type) as string}` }));
  return { before: link, after, spawn, notes: [...notes, ...changesBetween({ ...after, accounts: link.accounts }, after)] };
}

/** The link with the accounts that its mirrors carry it to, and the replicas that it wants there and on `own`. */
function grown(link: Link, own: readonly number[], around: Surroundings, idOf: (accountId: number) => string): { readonly link: Link; readonly spawn: readonly Replica[] } {
  // What begins here has no counterpart anywhere.
  const missing = around.grows || own.length > 0 ? missingAccounts(link, around.rules) : [];
  const spawn = [...own, ...missing].map((accountId) => wantedReplica(idOf(accountId), link.id, accountId));
  return { link: missing.length === 0 ? link : { ...link, accounts: [...link.accounts, ...missing] }, spawn };
}

/** A field by the name that people give it: what is none that every ticket has is a custom one of the mesh. */
export function fieldNamed(name: string): LinkField {
  return name === 'group' || (FIELD_NAMES as readonly string[]).includes(name) ? (name as LinkField) : `custom:${name}`;
}
