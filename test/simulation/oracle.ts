/**
 * The promises of the design, one function each, judged on what the desks hold and on what really happened, never on what
 * Deskmesh believes. What cannot be promised is exempted by a named predicate, each judged from the history too.
 *
 * Longer than most, since the promises are best read one after the other.
 */
import { normal, same } from '../../src/core/compare.ts';
import { FIELD_NAMES, type FieldName, type TicketFields } from '../../src/core/model.ts';
import type { FakeDesk } from './desk.ts';
import { lifeOf, words, type NativeTicket } from './native.ts';
import {
  changedBeforeFirstReading,
  editedBeforeRemake,
  goneBeforeRead,
  heldByBounces,
  rewroteTags,
  setBackUnlearnt,
  tookBackUnlearnt,
  unlearntCommentDelete,
  unlearntDelete,
  unlearntRestore,
  writtenOver,
} from './limits.ts';
import type { Edit, History, Utterance } from './history.ts';
import type { Stage } from './simulate.ts';

export interface Failure {
  readonly promise: string;
  readonly token: string;
  readonly what: string;
}

export interface Verdict {
  readonly failures: readonly Failure[];
  /** Changes of people that we wrote over before we had seen them (limit 3). */
  readonly writtenOver: number;
  /** By limit: how often it excused something. */
  readonly excused: Readonly<Record<string, number>>;
}

/** One ticket on one desk at the end. */
interface Place {
  readonly desk: FakeDesk;
  readonly ticket: NativeTicket | null;
}

interface Court {
  readonly stage: Stage;
  readonly history: History;
  readonly token: string;
  readonly origin: number;
  /** The desks that this ticket should be on. */
  readonly places: readonly Place[];
  fail(promise: string, what: string): void;
  excuse(limit: string): void;
}

export function judge(stage: Stage, quietFrom: number): Verdict {
  const failures: Failure[] = [];
  const excused: Record<string, number> = {};
  const { history } = stage;
  for (const what of history.broken) failures.push({ promise: 'always', token: /tk\d+/.exec(what)?.[0] ?? '', what });
  for (const birth of history.edits.filter(({ what, parents, value }) => what === 'life' && parents.length === 0 && value === true)) {
    const court: Court = {
      stage,
      history,
      token: birth.token,
      origin: birth.account,
      places: stage.desks
        .filter((desk) => reaches(stage, birth.account, desk.account))
        .map((desk) => ({ desk, ticket: [...desk.tickets.values()].find((one) => one.token === birth.token && lifeOf(one)) ?? null })),
      fail: (promise, what) => failures.push({ promise, token: birth.token, what }),
      excuse: (limit) => {
        excused[limit] = (excused[limit] ?? 0) + 1;
      },
    };
    once(court);
    arrives(court);
    if (!orphaned(court)) {
      valuesAlike(court);
      tagsKept(court);
      commentsAlike(court);
    }
    neverWider(court);
    noEcho(court);
  }
  quiet(stage, quietFrom, failures);
  nothingAcceptedLost(stage, failures);
  return { failures, excused, writtenOver: writtenOver(history) };
}

/** An account's changes may reach another. */
export function reaches(stage: Stage, from: number, to: number): boolean {
  return from === to || stage.shape === 'all ways' || from === 1;
}

function frozen({ desk, ticket }: Place): boolean {
  return desk.profile.can.tickets.closedIsFinal && ticket?.native.status === 'closed';
}

/** Whether the second change was made by somebody who certainly saw the first, directly or through others. */
function descends(history: History, later: Edit, earlier: Edit): boolean {
  if (later.parents.length === 0) return false;
  return later.parents.every((id) => {
    if (id === earlier.id) return true;
    const parent = history.edits[id - 1];
    return parent !== undefined && descends(history, parent, earlier);
  });
}

/**
 * The changes that nothing known on that desk has replaced: any of them may stand at the end. What was done on the receiving
 * end of a one-way mirror may stand there too, until the next write of that thing.
 */
function standing(court: Court, what: string, account: number): readonly Edit[] {
  const own = (edit: Edit): boolean => court.stage.shape === 'one way' && edit.account === account && account !== 1;
  const all = court.history.of(court.token, what).filter((edit) => reaches(court.stage, edit.account, account));
  const among = all.filter((edit) => !own(edit));
  return all.filter((edit) => own(edit) || !among.some((later) => descends(court.history, later, edit)));
}

/** Promise 2: one ticket on each desk, one copy of each comment. */
function once(court: Court): void {
  for (const desk of court.stage.desks) {
    const living = [...desk.tickets.values()].filter((one) => one.token === court.token && lifeOf(one));
    if (living.length > 1) court.fail('once', `${living.length} tickets on ${desk.name}`);
    for (const ticket of living) {
      const counts = new Map<string, number>();
      for (const comment of ticket.comments) if (!comment.deleted) counts.set(comment.token, (counts.get(comment.token) ?? 0) + 1);
      for (const [token, count] of counts) if (count > 1) court.fail('once', `${count} copies of ${token} on ${desk.name}`);
    }
  }
}

/** Promise 1, for tickets: it is wherever it should be, or deleted wherever it should be. */
function arrives(court: Court): void {
  for (const { desk, ticket } of court.places) {
    const may = standing(court, 'life', desk.account);
    if (may.some(({ value }) => value === (ticket !== null))) continue;
    if (!lifeExcused(court)) court.fail('arrives', ticket === null ? `is not on ${desk.name}` : `is still on ${desk.name}`);
  }
  const states = new Set(court.places.map(({ ticket }) => ticket !== null));
  if (court.stage.shape === 'all ways' && states.size > 1) {
    if (!lifeExcused(court)) court.fail('alike', `is on some desks and deleted on others: ${court.places.map(({ desk, ticket }) => `${desk.name} ${ticket === null ? 'no' : 'yes'}`).join(', ')}`);
  }
}

function lifeExcused(court: Court): boolean {
  if (court.places.some(({ desk }) => unlearntDelete(court.history, court.token, desk))) court.excuse('deleted before we learnt its id');
  else if (unlearntRestore(court.history, court.token)) court.excuse('restored while our delete was unanswered');
  else return false;
  return true;
}

/** On the receiving end of a one-way mirror, what a person restored alone is theirs. */
function orphaned({ stage, places }: Court): boolean {
  return stage.shape === 'one way' && places.some(({ desk, ticket }) => desk.account === 1 && ticket === null);
}

/** Every desk shows what a change that still stands looks like there; where all mirror to all, the same change. */
function valuesAlike(court: Court): void {
  for (const field of FIELD_NAMES) {
    if (field === 'tags') continue;
    const shownBy = court.places.filter((place) => place.ticket !== null && !frozen(place) && place.desk.profile.can.fields[field] !== undefined);
    const fits = (place: Place, edit: Edit): boolean => {
      const cast = place.desk.forecast({ [field]: edit.value } as TicketFields)[field];
      if (cast === undefined || place.desk.profile.can.fields[field] === 'create') return true;
      return same(normal(field, cast), normal(field, shown(place, field)));
    };
    const bad = shownBy.filter((place) => {
      const may = standing(court, field, place.desk.account);
      return may.length > 0 && !may.some((edit) => fits(place, edit));
    });
    const all = standing(court, field, court.origin);
    const apart = bad.length === 0 && court.stage.shape === 'all ways' && all.length > 0 && !all.some((edit) => shownBy.every((place) => fits(place, edit)));
    if (bad.length === 0 && !apart) continue;
    const limit = fieldLimit(court, field);
    if (limit !== null) {
      court.excuse(limit);
      continue;
    }
    const values = shownBy.map((place) => `${place.desk.name} ${JSON.stringify(shown(place, field))}`).join(', ');
    court.fail(bad.length > 0 ? 'no edit lost' : 'alike', `${field}: ${values}`);
  }
}

function fieldLimit({ history, token, stage }: Court, field: FieldName): string | null {
  if (heldByBounces(history, token, field)) return 'held: changed at once after our write, again and again';
  if (setBackUnlearnt(history, token, field)) return 'set back while our write was unanswered';
  if (history.of(token, field).some((edit) => goneBeforeRead(history, edit, stage.desks))) return 'changed and deleted for good before we looked';
  if (changedBeforeFirstReading(history, token, field)) return 'changed before its first reading';
  return null;
}

function shown(place: Place, field: FieldName): unknown {
  return place.ticket === null ? undefined : place.desk.show(place.ticket, field);
}

/** Tags enter and leave one by one. */
function tagsKept(court: Court): void {
  const names = new Set(court.history.edits.filter((edit) => edit.token === court.token && edit.what.startsWith('tag:')).map(({ what }) => what));
  for (const what of names) {
    for (const place of court.places) {
      if (place.ticket === null || frozen(place)) continue;
      const edits = court.history.of(court.token, what).filter((edit) => reaches(court.stage, edit.account, place.desk.account));
      // What was only ever done on the receiving end of a one-way mirror stands or falls with the next write of its tags.
      if (edits.length === 0 || (court.stage.shape === 'one way' && edits.some((edit) => edit.account !== 1))) continue;
      const wanted = edits.every(({ value }) => value === true);
      const there = ((place.ticket.native.tags ?? []) as readonly string[]).some((tag) => `tag:${tag.toLowerCase()}` === what);
      if (wanted === there) continue;
      if (edits.some((edit) => rewroteTags(court.history, edit))) court.excuse('tags changed between our look and our write of all of them');
      else if (edits.some((edit) => tookBackUnlearnt(court.history, edit))) court.excuse('set back while our write was unanswered');
      else if (edits.some((edit) => goneBeforeRead(court.history, edit, court.stage.desks))) court.excuse('changed and deleted for good before we looked');
      else if (heldByBounces(court.history, court.token, 'tags')) court.excuse('held: changed at once after our write, again and again');
      else court.fail('no edit lost', `${what} is ${there ? 'still' : 'not'} on ${place.desk.name}`);
    }
  }
}

/**
 * Promise 1 for comments: each where it can be, in the words that stand. A copy that cannot be made private gets no later
 * words: these were never public.
 */
function commentsAlike(court: Court): void {
  for (const utterance of court.history.utterances.values()) {
    if (utterance.ticket !== court.token) continue;
    const texts: { place: Place; said: string }[] = [];
    for (const place of court.places) {
      const { desk, ticket } = place;
      const { comments: can } = desk.profile.can;
      if (ticket === null || !can.list || excusedByClosing(court, place, utterance) || !reaches(court.stage, utterance.account, desk.account)) continue;
      const copy = ticket.comments.find((one) => one.token === utterance.token && !one.deleted);
      const gone = utterance.deletedBy.some(({ account }) => reaches(court.stage, account, desk.account));
      if (gone) {
        const could = can.delete || utterance.deletedBy.some(({ account }) => account === desk.account);
        if (copy === undefined || !could) continue;
        if (unlearntCommentDelete(court.history, utterance)) court.excuse('a comment deleted before we learnt its id');
        else court.fail('arrives', `the deletion of ${utterance.token} did not reach ${desk.name}`);
        continue;
      }
      const left = utterance.privateSince !== null && !can.private && utterance.account !== desk.account;
      if (copy === undefined) {
        if (left) continue;
        if (goneBeforeRead(court.history, { ...utterance, token: court.token }, court.stage.desks)) court.excuse('changed and deleted for good before we looked');
        else court.fail('arrives', `${utterance.token} is not on ${desk.name}`);
      } else if (can.edit && (utterance.privateSince === null || !copy.public)) {
        texts.push({ place, said: said(copy.content, copy.key === null) });
      }
    }
    wordsAlike(court, utterance, texts);
  }
}

/**
 * A closed ticket takes no comment. Yet where nothing went wrong and we closed it ourselves, it has those that were written
 * more than a sweep and the slowest list before somebody closed it: closing is the last step.
 */
function excusedByClosing({ history, token }: Court, place: Place, utterance: Utterance): boolean {
  if (!frozen(place)) return false;
  const closing = history.of(token, 'status').findLast(({ value }) => value === 'closed');
  return history.mishaps.length > 0 || closing === undefined || closing.account === place.desk.account || closing.at < utterance.at + 110_000;
}

/** What a copy says below its author line; the whole of it if there should be none. */
function said(content: string, own: boolean): string {
  const all = words(content);
  return own ? all : all.replace(/^\w+ \(\w+\): /, '');
}

function wordsAlike(court: Court, utterance: Utterance, texts: readonly { place: Place; said: string }[]): void {
  for (const { place, said: shownWords } of texts) {
    const may = standing(court, `text:${utterance.token}`, place.desk.account).map(({ value }) => words(String(value)));
    if (may.includes(shownWords)) continue;
    if (editedBeforeRemake(court.history, court.token, utterance.token)) court.excuse('edited between our look and our making it again in private');
    else court.fail('no edit lost', `${utterance.token} on ${place.desk.name} says "${shownWords}", not ${JSON.stringify(may)}`);
  }
  if (court.stage.shape === 'all ways' && new Set(texts.map((text) => text.said)).size > 1) {
    court.fail('alike', `${utterance.token}: ${texts.map(({ place, said: shownWords }) => `${place.desk.name} "${shownWords}"`).join(', ')}`);
  }
}

/** Promise 4, at the end; that nothing private was ever public is watched while it happens. */
function neverWider(court: Court): void {
  for (const utterance of court.history.utterances.values()) {
    if (utterance.ticket !== court.token || utterance.privateSince === null || utterance.deletedBy.length > 0) continue;
    for (const place of court.places) {
      const copy = place.ticket?.comments.find((one) => one.token === utterance.token && !one.deleted);
      if (copy === undefined || !copy.public || frozen(place)) continue;
      // Hidden on the receiving end of a one-way mirror, it is hidden there alone, until that ticket is made again.
      if (!reaches(court.stage, utterance.privateBy ?? utterance.account, utterance.account)) continue;
      const { makePrivate, delete: remove } = place.desk.profile.can.comments;
      if (!makePrivate && (!remove || copy.key === null)) continue;
      court.fail('never wider', `${utterance.token} is still public on ${place.desk.name}`);
    }
  }
}

/** Promise 3: writes are bounded by what people did. */
function noEcho(court: Court): void {
  const { history, token } = court;
  const writes = history.wrote.filter((wrote) => wrote.token === token);
  const deeds = history.deeds.filter((deed) => deed.token === token).length + history.edits.filter((edit) => edit.token === token && edit.by === 'trigger').length;
  const bound = 3 * court.places.length * deeds;
  if (writes.length > bound) court.fail('no echo', `${writes.length} writes for ${deeds} actions on ${court.places.length} desks`);
  for (const { desk } of court.places) {
    if (court.stage.shape === 'one way' && desk.account === 1 && writes.some(({ account }) => account === 1)) {
      court.fail('no echo', `wrote to ${desk.name}, from which the mirror only reads`);
    }
  }
}

function quiet(stage: Stage, from: number, failures: Failure[]): void {
  for (const wrote of stage.history.wrote) {
    if (wrote.at >= from) failures.push({ promise: 'quiet', token: wrote.token, what: `${wrote.kind} on account ${wrote.account} long after everything had happened` });
  }
}

/** Promise 5: what was taken in is settled. */
function nothingAcceptedLost(stage: Stage, failures: Failure[]): void {
  for (const receipt of stage.store.state.receipts) {
    if (receipt.state !== 'accepted') continue;
    const desk = stage.desks.find(({ account }) => account === receipt.account_id);
    const token = desk?.tickets.get(receipt.ticket_id ?? '')?.token ?? '';
    failures.push({ promise: 'nothing accepted lost', token, what: `receipt ${receipt.id} (${receipt.event ?? ''} ${desk?.name ?? ''}#${receipt.ticket_id ?? ''}) is not settled` });
  }
}
