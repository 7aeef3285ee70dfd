/** The limits that cannot be repaired (sync rules, section 5): what excuses a broken promise, each judged from the history. */
import type { FieldName } from '../../src/core/model.ts';
import { CLOCKS_APART_MS } from '../../src/core/landing.ts';
import type { FakeDesk } from './desk.ts';
import type { Edit, History, Look, Mishap, Utterance, Wrote } from './history.ts';

/** By name; the report says how often each excused something. */
export const LIMITS = [
  'a comment came too late, when its words had changed',
  'a comment deleted before we learnt its id',
  'a desk gave a form to a text whose answer was lost',
  'changed and deleted before we looked',
  'changed before its first reading',
  'cloned before we learnt its id',
  'deleted before we learnt its id',
  'edited between our look and our making it again in private',
  'restored while our delete was unanswered',
  'set back while our write was unanswered',
  'tags changed between our look and our write of all of them',
  'unassigned before we learnt that our ticket was made',
] as const;
export type Limit = (typeof LIMITS)[number];

const BOUNCE_MS = 60_000;
export const LONGEST_LIST_LAG_MS = 10_000;
/** Between an answer and the commit of what it said. */
const LONGEST_COMMIT_MS = 2_000;

/** Rule 12: the field changed so often, so soon after our writes, that it had to be taken for two triggers at war. */
export function heldByBounces(history: History, token: string, field: FieldName): boolean {
  const wrote = history.wrote.filter((one) => one.token === token && one.names.includes(field));
  const points = new Map<number, { sum: number; value: string }>();
  const edits = history.edits.filter((edit) => edit.token === token && (field === 'tags' ? edit.what.startsWith('tag:') : edit.what === field));
  for (const edit of edits) {
    if (!wrote.some((one) => one.account === edit.account && edit.at >= one.at && edit.at - one.at <= BOUNCE_MS)) continue;
    const value = JSON.stringify(edit.value);
    const known = points.get(edit.account);
    points.set(edit.account, { sum: (known?.sum ?? 0) + (known === undefined || known.value === value ? 4 : 1), value });
  }
  return [...points.values()].some(({ sum }) => sum >= 10);
}

/** Limit 4: somebody changed the tags there after our last look and before our write of all of them took effect. */
export function rewroteTags(history: History, edit: Edit): boolean {
  return history.wrote.some(
    (one) => one.account === edit.account && one.token === edit.token && one.names.includes('tags') && one.looked <= edit.at && edit.at <= one.at,
  );
}

/** When we first looked at all of the ticket there and kept what we saw; Infinity if never. */
export function firstRead(history: History, place: { account: number; token: string }): number {
  return (history.reads.get(`${place.account} ${place.token}`) ?? []).find((look) => kept(history, look))?.at ?? Infinity;
}

function kept(history: History, { at, until }: Look): boolean {
  return !history.mishaps.some((one) => one.account === 0 && one.fate !== 'storeAfter' && one.at >= at && one.at <= until + LONGEST_COMMIT_MS);
}

/** Whether we looked at all of the ticket there in that time, and kept what we saw. */
export function readBetween(history: History, place: { account: number; token: string }, from: number, to: number): boolean {
  return (history.reads.get(`${place.account} ${place.token}`) ?? []).some((look) => look.at > from && look.at < to && kept(history, look));
}

/** A mishap by which we may not know something: those of webhooks, and a commit that was done, cost nothing. */
function cost({ phase, fate }: Mishap): boolean {
  return phase !== 'webhook' && fate !== 'storeAfter';
}

/** Something that left us without an answer about this ticket there, or struck the process that would have had it. */
function troubled(history: History, account: number, token: string, from: number, to: number): boolean {
  return history.mishaps.some((one) => cost(one) && one.at >= from - 30_000 && one.at <= to && (one.account === 0 || (one.account === account && one.token === token)));
}

/** Limit 5: on a desk that deletes for good, somebody deleted our copy, after `since`, before we learnt its id. */
export function unlearntDelete(history: History, token: string, desk: FakeDesk, since = 0): boolean {
  if (desk.profile.can.tickets.delete !== 'hard') return false;
  return history
    .of(token, 'life')
    .filter((edit) => edit.account === desk.account && edit.value === false && edit.at >= since)
    .some((edit) => within(history, desk.account, token, 'ticket.create', edit.at, 90_000) !== null);
}

/** Limit 5, for a comment. */
export function unlearntCommentDelete(history: History, utterance: Utterance): boolean {
  return utterance.deletedBy.some(({ account, at }) =>
    history.wrote.some(
      (one) =>
        one.account === account && one.kind === 'comment.create' && one.names.includes(utterance.token) &&
        one.at <= at && troubled(history, account, utterance.ticket, one.at, at) &&
        (at - one.at < 90_000 || !readBetween(history, { account, token: utterance.ticket }, one.at, at)),
    ),
  );
}

/**
 * Limit 2, for a comment: it took effect after our look and our second try, and somebody edited the comment meanwhile, or one of the two
 * before they were listed and looked at: a copy with other words cannot be told from a quotation.
 */
export function cameTooLate(history: History, { token, ticket }: Utterance): boolean {
  return history.mishaps.some(({ fate, account, token: struck, at }) => {
    if (fate !== 'tooLate' || struck !== ticket) return false;
    const made = history.wrote.filter((one) => one.kind === 'comment.create' && one.account === account && one.token === ticket && one.names.includes(token) && one.at >= at);
    const last = made.at(-1)?.at ?? 0;
    const unseen = (edit: Edit): boolean => edit.account === account && !readBetween(history, { account, token: ticket }, last + LONGEST_LIST_LAG_MS, edit.at);
    return made.length > 1 && history.of(ticket, `text:${token}`).some((edit) => edit.parents.length > 0 && edit.at >= at && (edit.at <= last || unseen(edit)));
  });
}

/**
 * Limit 5, for a person: somebody took them off a ticket of ours before we learnt that it was made. A create that is found later comes
 * without its warnings, so that nobody where we had written somebody is taken for somebody whom that desk does not know.
 */
export function unassignedUnlearnt(history: History, token: string, field: FieldName): boolean {
  return history.of(token, field).some(({ value, account, at }) => value === null && within(history, account, token, 'ticket.create', at, 90_000)?.names.includes(field) === true);
}

/**
 * Limit 5: somebody cloned a ticket that we had made, mark and all, before we learnt its id: which of the two is ours cannot be told. The
 * tickets that this one is so taken for.
 */
export function confusedWith(history: History, token: string): readonly string[] {
  return history.deeds.flatMap(({ source, token: clone, account, at }) => {
    if (source === undefined) return [];
    // A clone of a clone carries the mark as well.
    const marked = [source, ...sourcesOf(history, source)];
    if (clone !== token && !marked.includes(token)) return [];
    const unlearnt = marked.some((first) =>
      history.wrote.some((one) => one.kind === 'ticket.create' && one.account === account && one.token === first && one.at <= at && troubled(history, account, first, one.at, at)),
    );
    return unlearnt ? [clone, ...marked].filter((one) => one !== token) : [];
  });
}

/** What this is a clone of, and that a clone of. */
function sourcesOf(history: History, token: string): readonly string[] {
  const source = history.deeds.find((deed) => deed.token === token && deed.source !== undefined)?.source;
  return source === undefined ? [] : [source, ...sourcesOf(history, source)];
}

/** Somebody did something to the ticket, and it was deleted there before we looked again, by a person or (limit 3) by us. */
export function goneBeforeRead(history: History, deed: { account: number; token: string; at: number }, desks: readonly FakeDesk[], lagMs = 0): boolean {
  const desk = desks.find(({ account }) => account === deed.account);
  // What is in the trash comes back as it was; it only matters to desks that do not follow a deletion.
  const followed = history.rules.every(({ mesh }) => mesh.every((edge) => edge.on_delete === 'delete'));
  if (desk?.profile.can.tickets.delete !== 'hard' && followed) return false;
  const ends = [
    ...history.of(deed.token, 'life').filter(({ value }) => value === false),
    ...history.wrote.filter((one) => one.token === deed.token && one.kind === 'ticket.delete'),
  ];
  const gone = Math.min(...ends.filter(({ account, at }) => account === deed.account && at >= deed.at).map(({ at }) => at));
  return gone < Infinity && !readBetween(history, deed, deed.at + lagMs, gone);
}

/** The same for a comment that somebody deleted: its absence is believed only some time after we first saw it there, or wrote it. */
export function goneBeforeBelieved(history: History, utterance: Utterance, by: { account: number; at: number }, desks: readonly FakeDesk[]): boolean {
  const place = { account: by.account, token: utterance.ticket };
  const listLagMs = desks.find(({ account }) => account === by.account)?.profile.can.comments.listLagMs ?? 0;
  const made = history.wrote.findLast((one) => one.kind === 'comment.create' && one.account === by.account && one.names.includes(utterance.token) && one.at <= by.at);
  const seen = (history.reads.get(`${place.account} ${place.token}`) ?? []).find((look) => look.at > utterance.at && kept(history, look));
  const known = made?.at ?? seen?.at ?? by.at;
  return goneBeforeRead(history, { ...place, at: by.at }, desks, Math.max(0, known + listLagMs + CLOCKS_APART_MS - by.at));
}

/**
 * Limit 3: how many changes of people were written over by us before we had looked. Their number must be small, though each
 * is excused: to whoever made the other change it was a change at the same time.
 */
export function writtenOver(history: History): number {
  return history.edits.filter((edit) => {
    if (edit.by !== 'person' || edit.parents.length === 0 || edit.what.includes(':') || edit.what === 'life') return false;
    const over = history.wrote.find((one) => one.account === edit.account && one.token === edit.token && one.names.includes(edit.what) && one.at >= edit.at);
    const again = history.of(edit.token, edit.what).some((later) => later.account === edit.account && later.id > edit.id && later.at <= (over?.at ?? 0));
    if (over === undefined || again) return false;
    return !readBetween(history, edit, edit.at, over.at) && over.looked < edit.at;
  }).length;
}

/** Limit 3, for a comment that had to be made again: it was edited when it was not listed yet, or between our last look and our deletion of it. */
export function editedBeforeRemake(history: History, ticket: string, comment: string): boolean {
  return history.of(ticket, `text:${comment}`).some((edit) => {
    const gone = history.wrote.find((one) => one.kind === 'comment.delete' && one.account === edit.account && one.names.includes(comment) && one.at >= edit.at);
    if (gone === undefined) return false;
    const made = history.wrote.findLast((one) => one.kind === 'comment.create' && one.account === edit.account && one.names.includes(comment) && one.at <= edit.at);
    if (made !== undefined && edit.at - made.at < LONGEST_LIST_LAG_MS) return true;
    return !readBetween(history, edit, edit.at, gone.at);
  });
}

/** Our latest write of that kind there before `at`, if it was troubled and not longer ago than `forMs`. */
function within(history: History, account: number, token: string, kind: Wrote['kind'], at: number, forMs: number): Wrote | null {
  const one = history.wrote.findLast((wrote) => wrote.account === account && wrote.token === token && wrote.kind === kind && wrote.at <= at);
  if (one === undefined || at - one.at > forMs || !troubled(history, account, token, one.at, at)) return null;
  return one;
}

/** Limit 6: a person restored a ticket whose deletion by us had not been answered. */
export function unlearntRestore(history: History, token: string): boolean {
  return history
    .of(token, 'life')
    .filter((edit) => edit.value === true && edit.parents.length > 0)
    .some((edit) => within(history, edit.account, token, 'ticket.delete', edit.at, 90_000) !== null);
}

/**
 * As limit 6, for a field: set back to what we had last seen, before we had an answer to a write of ours or looked again, as
 * if that write had not been done.
 */
export function setBackUnlearnt(history: History, token: string, field: FieldName): boolean {
  return history.of(token, field).some((edit) => {
    const wrote = unread(history, edit);
    if (wrote === null || !wrote.names.includes(field)) return false;
    return [wrote.before[field], wrote.seen[field]].some((value) => JSON.stringify(value) === JSON.stringify(edit.value));
  });
}

/** The same for a tag that somebody took off again. */
export function tookBackUnlearnt(history: History, edit: Edit): boolean {
  const wrote = unread(history, edit);
  if (wrote === null || !wrote.names.includes('tags')) return false;
  return [wrote.before.tags, wrote.seen.tags].some((tags) => ((tags ?? []) as readonly string[]).some((tag) => `tag:${tag.toLowerCase()}` === edit.what) === edit.value);
}

/** Our troubled update that the edit's desk had taken, if we did not look at the ticket between the two. */
function unread(history: History, edit: Edit): Wrote | null {
  const wrote = within(history, edit.account, edit.token, 'ticket.update', edit.at, Infinity);
  return wrote !== null && readBetween(history, edit, wrote.at, edit.at) ? null : wrote;
}

/** A field that our create did not carry was changed before we had read it for the first time: what we read first is base. */
export function changedBeforeFirstReading(history: History, token: string, field: FieldName, what: string = field): boolean {
  return history.of(token, what).some((edit) => {
    if (edit.parents.length > 0) return false;
    const wrote = within(history, edit.account, token, 'ticket.create', edit.at, 120_000);
    return wrote !== null && !wrote.names.includes(field);
  });
}

/**
 * The form that a desk gave to a text within the save came to us by a look, since the answer was lost, or may have been what the desk
 * remembered of an earlier try: it cannot be told from a person's change.
 */
export function formUnanswered(history: History, token: string, field: FieldName): boolean {
  return history.of(token, field).some(({ stays, account, at }) => {
    if (stays !== true) return false;
    const wrote = history.wrote.find((one) => one.account === account && one.token === token && one.at === at && one.names.includes(field));
    return wrote !== undefined && (answerLost(history, wrote) || troubled(history, account, token, at, at));
  });
}

/** No answer came to whoever made this write, or its process failed before it had kept what the answer said. */
function answerLost(history: History, { at, answered }: Wrote): boolean {
  return answered === null || !kept(history, { at, until: answered });
}
