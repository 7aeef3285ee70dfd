/**
 * The promises of the design, one function each, judged on what the desks hold and on what really happened, never on what
 * Deskmesh believes. What cannot be promised is exempted by a named predicate, each judged from the history too.
 *
 * Longer than most, since the promises are best read one after the other.
 */
import { normal, same } from '../../src/core/compare.ts';
import { FIELD_NAMES, kindOf, type FieldName } from '../../src/core/model.ts';
import {
  commentForces, courtOf, fieldForces, frozen, groups, isBirth, lifeForces, standing, type Court, type Place, type PromiseName,
} from './court.ts';
import { comment, deletion, field, ticket as whole } from './law.ts';
import { FORGED } from './hooks.ts';
import { lifeOf, words } from './native.ts';
import {
  cameTooLate,
  changedBeforeFirstReading,
  confusedWith,
  editedBeforeRemake,
  formUnanswered,
  goneBeforeBelieved,
  goneBeforeRead,
  heldByBounces,
  rewroteTags,
  setBackUnlearnt,
  tookBackUnlearnt,
  unlearntCommentDelete,
  unlearntDelete,
  unassignedUnlearnt,
  unlearntRestore,
  writtenOver,
  LONGEST_LIST_LAG_MS,
  type Limit,
} from './limits.ts';
import type { Edit, Utterance } from './history.ts';
import type { Stage } from './simulate.ts';

export interface Failure {
  readonly promise: PromiseName;
  readonly token: string;
  readonly what: string;
}

export interface Verdict {
  readonly failures: readonly Failure[];
  /** Changes of people that we wrote over before we had seen them (limit 3). */
  readonly writtenOver: number;
  /** By limit: how often it excused something. */
  readonly excused: Readonly<Record<string, number>>;
  /** Fields that were held because desks answered our writes again and again: rule 12 at work, which is no limit. */
  readonly held: number;
}

export function judge(stage: Stage, quietFrom: number): Verdict {
  const failures: Failure[] = [];
  const excused: Record<string, number> = {};
  let held = 0;
  const { history } = stage;
  for (const what of history.broken) failures.push({ promise: 'always', token: /tk\d+/.exec(what)?.[0] ?? '', what });
  const births = new Map<string, Edit>();
  for (const edit of history.edits) if (edit.what === 'life' && edit.value === true && !births.has(edit.token)) births.set(edit.token, edit);
  for (const birth of births.values()) {
    // Two tickets that cannot be told apart are taken for each other in everything.
    const confused = confusedWith(history, birth.token).length > 0;
    const court = courtOf(stage, birth, {
      fail(promise, what) {
        if (confused && promise !== 'never wider' && promise !== 'no echo') court.excuse('cloned before we learnt its id');
        else failures.push({ promise, token: birth.token, what });
      },
      hold: () => {
        held += 1;
      },
      excuse: (limit) => {
        excused[limit] = (excused[limit] ?? 0) + 1;
      },
    });
    once(court);
    arrives(court);
    closesInstead(court);
    valuesAlike(court);
    tagsKept(court);
    commentsAlike(court);
    neverWider(court);
    goesNowhereElse(court);
    noEcho(court);
  }
  quiet(stage, quietFrom, failures);
  nothingAcceptedLost(stage, failures);
  return { failures, excused, held, writtenOver: writtenOver(history) };
}

/** Promise 2: one ticket on each desk, one copy of each comment. */
function once(court: Court): void {
  for (const desk of court.stage.desks) {
    const living = [...desk.tickets.values()].filter((one) => one.token === court.token && lifeOf(one));
    if (living.length > 1) court.fail('once', `${living.length} tickets on ${desk.name}`);
    for (const ticket of living) {
      const said = new Map<string, number>();
      for (const { token, deleted } of ticket.comments) if (!deleted && token !== 'cm?') said.set(token, (said.get(token) ?? 0) + 1);
      for (const [token, times] of said) {
        if (times < 2) continue;
        const utterance = court.history.utterances.get(token);
        if (utterance !== undefined && cameTooLate(court.history, utterance)) court.excuse('a comment came too late, when its words had changed');
        else court.fail('once', `${token} is ${times} times on ${desk.name}`);
      }
    }
  }
}

/** Promise 1, for tickets: it is wherever it should be, or deleted wherever it should be. */
function arrives(court: Court): void {
  const forces = lifeForces(court);
  for (const { desk, ticket } of court.places) {
    const force = forces(court.birth, desk.account);
    if (force === 'no') {
      if (ticket !== null) court.fail('never wider', `is on ${desk.name}, where no mirror brings it`);
      continue;
    }
    const may = standing(court, 'life', desk.account, forces);
    const strong = may.some((edit) => forces(edit, desk.account) === 'must');
    if (!strong || may.some(({ value }) => value === (ticket !== null)) || (ticket === null && closedBefore(court, desk.account))) continue;
    if (!lifeExcused(court)) court.fail('arrives', ticket === null ? `is not on ${desk.name}` : `is still on ${desk.name}`);
  }
  const born = court.places.filter(({ desk, ticket }) => forces(court.birth, desk.account) === 'must' && (ticket !== null || !closedBefore(court, desk.account)));
  for (const group of groups(court, (edge) => whole(edge) && deletion('delete')(edge), born)) {
    const unsettled = group.some(({ desk }) => standing(court, 'life', desk.account, forces).some((edit) => forces(edit, desk.account) === 'may'));
    if (unsettled || new Set(group.map(({ ticket }) => ticket !== null)).size < 2 || lifeExcused(court)) continue;
    court.fail('alike', `is on some desks and deleted on others: ${group.map(({ desk, ticket }) => `${desk.name} ${ticket === null ? 'no' : 'yes'}`).join(', ')}`);
  }
}

/** Deleted on one desk before it ever was on this one, which would only have closed it. */
function closedBefore({ history, token, law, places }: Court, account: number): boolean {
  if (places.some(({ desk }) => desk.account === account && [...desk.tickets.values()].some((one) => one.token === token))) return false;
  return history.of(token, 'life').some((edit) => edit.value === false && edit.account !== account && law.may(deletion('close'), edit.account, account, edit.at));
}

function lifeExcused(court: Court): boolean {
  if (court.places.some(({ desk }) => unlearntDelete(court.history, court.token, desk))) court.excuse('deleted before we learnt its id');
  else if (unlearntRestore(court.history, court.token)) court.excuse('restored while our delete was unanswered');
  else if ([court.birth, ...fittings(court)].some((edit) => goneBeforeRead(court.history, edit, court.stage.desks))) court.excuse('changed and deleted before we looked');
  else return false;
  return true;
}

/** The changes of what a mirror's condition asks about. */
function fittings({ history, token }: Court): readonly Edit[] {
  const asked = history.rules.flatMap(({ mesh }) => mesh.flatMap(({ where }) => (where === null ? [] : where.field === 'tags' ? where.among.map((tag) => `tag:${tag}`) : [where.field])));
  return [...new Set(asked)].flatMap((what) => history.of(token, what));
}

/** Deleted on one desk, closed on those whose mirror says so, unless somebody has gone on with it since. */
function closesInstead(court: Court): void {
  const { history, token, law } = court;
  const ends = history.of(token, 'life').filter(({ value }) => value === false);
  for (const place of court.places) {
    const { desk, ticket } = place;
    if (ticket === null || frozen(place)) continue;
    const by = ends.find(({ account, at }) => account !== desk.account && law.must(deletion('close'), account, desk.account, at) && !law.may(deletion('delete'), account, desk.account, at));
    if (by === undefined || isApart(court, place)) continue;
    const later = history.edits.some((edit) => edit.token === token && edit.at > by.at && (edit.what === 'status' || (edit.what === 'life' && edit.value === true)));
    const end = ['closed', 'resolved'].find((status) => desk.cast('status', status) === status);
    const writable = desk.profile.can.fields.status;
    if (later || end === undefined || writable === undefined || ['closed', 'resolved'].includes(String(desk.mesh(ticket, 'status')))) continue;
    if (lifeExcused(court) || heldByBounces(history, token, 'status')) continue;
    court.fail('arrives', `was deleted on account ${by.account} and is not closed on ${desk.name}`);
  }
}

/** What a person alone restored, on the receiving end of a mirror that deleted it, is theirs; so is what is cut off by a condition. */
function isApart(court: Court, { desk }: Place): boolean {
  const forces = lifeForces(court);
  const may = standing(court, 'life', desk.account, forces);
  return court.law.cutOff(desk.account) || may.some((edit) => edit.value === false && forces(edit, desk.account) === 'must');
}

/** Every desk shows what a change that still stands looks like there; where all mirror to all, the same change. */
function valuesAlike(court: Court): void {
  const there = court.places.filter((place) => place.ticket !== null && !frozen(place) && !isApart(court, place));
  for (const name of FIELD_NAMES) {
    if (name === 'tags' || court.history.of(court.token, name).length === 0) continue;
    const forces = fieldForces(court, name);
    const shownBy = there.filter((place) => place.desk.profile.can.fields[name] !== undefined && !(name === 'status' && mayBeClosed(court, place)));
    const may = new Map(shownBy.map((place) => [place, standing(court, name, place.desk.account, forces)]));
    const bad = shownBy.filter((place) => {
      const edits = may.get(place) ?? [];
      return edits.some((edit) => forces(edit, place.desk.account) === 'must') && !edits.some((edit) => fits(place, name, edit));
    });
    const apart = groups(court, field(name), shownBy).some((group) => {
      const edits = group.flatMap((place) => may.get(place) ?? []);
      const certain = group.every((place) => (may.get(place) ?? []).every((edit) => edit.stays === true || forces(edit, place.desk.account) === 'must'));
      return certain && edits.length > 0 && !edits.some((edit) => group.every((place) => fits(place, name, edit) || staysHere(court, place, name)));
    });
    if (bad.length === 0 && !apart) continue;
    if (heldByBounces(court.history, court.token, name)) {
      court.hold();
      continue;
    }
    const limit = fieldLimit(court, name);
    if (limit !== null) {
      court.excuse(limit);
      continue;
    }
    const values = shownBy.map((place) => `${place.desk.name} ${JSON.stringify(shown(place, name))}`).join(', ');
    court.fail(bad.length > 0 ? 'no edit lost' : 'alike', `${name}: ${values}`);
  }
}

function fits(place: Place, name: FieldName, edit: Edit): boolean {
  const { desk } = place;
  const cast = desk.cast(name, edit.value);
  if (cast === undefined || desk.profile.can.fields[name] === 'create' || desk.refuses(name, edit.value)) return true;
  const seen = normal(name, shown(place, name));
  // What a person set here stands as it is, though it would be another word if we had written it.
  return same(normal(name, cast), seen) || (edit.account === desk.account && same(normal(name, edit.value), seen));
}

/** This desk shows the form that it gave to a text itself. */
function staysHere({ history, token }: Court, place: Place, name: FieldName): boolean {
  return history.of(token, name).some((edit) => edit.stays === true && edit.account === place.desk.account && fits(place, name, edit));
}

/** Its status may be that of a ticket which was deleted elsewhere. */
function mayBeClosed({ history, token, law }: Court, { desk }: Place): boolean {
  return history.of(token, 'life').some(({ value, account, at }) => value === false && account !== desk.account && law.may(deletion('close'), account, desk.account, at) && !law.must(deletion('delete'), account, desk.account, at));
}

function fieldLimit({ history, token, stage }: Court, name: FieldName): Limit | null {
  if (setBackUnlearnt(history, token, name)) return 'set back while our write was unanswered';
  if (history.of(token, name).some((edit) => goneBeforeRead(history, edit, stage.desks))) return 'changed and deleted before we looked';
  if (changedBeforeFirstReading(history, token, name)) return 'changed before its first reading';
  if (kindOf(name) === 'person' && unassignedUnlearnt(history, token, name)) return 'unassigned before we learnt that our ticket was made';
  if (formUnanswered(history, token, name)) return 'a desk gave a form to a text whose answer was lost';
  return null;
}

function shown({ desk, ticket }: Place, name: FieldName): unknown {
  return ticket === null ? undefined : desk.mesh(ticket, name);
}

/** Tags enter and leave one by one. */
function tagsKept(court: Court): void {
  const { history, token } = court;
  const forces = fieldForces(court, 'tags');
  const names = new Set(history.edits.filter((edit) => edit.token === token && edit.what.startsWith('tag:')).map(({ what }) => what));
  const places = court.places.filter((place) => place.ticket !== null && !frozen(place) && !isApart(court, place) && place.desk.profile.can.fields.tags !== undefined);
  for (const what of names) {
    const holds = places.filter(({ desk }) => ((desk.cast('tags', [what.slice(4)]) ?? []) as readonly string[]).length > 0);
    const has = ({ ticket }: Place): boolean => ((ticket?.native.tags ?? []) as readonly string[]).some((tag) => `tag:${tag.toLowerCase()}` === what);
    const bad = holds.find((place) => {
      const may = standing(court, what, place.desk.account, forces);
      return may.some((edit) => forces(edit, place.desk.account) === 'must') && !may.some(({ value }) => value === has(place));
    });
    const apart = groups(court, field('tags'), holds).find(
      (group) =>
        new Set(group.map(has)).size > 1 &&
        group.every((place) => standing(court, what, place.desk.account, forces).every((edit) => forces(edit, place.desk.account) === 'must')),
    );
    if (bad === undefined && apart === undefined) continue;
    const limit = tagLimit(court, what);
    if (heldByBounces(history, token, 'tags')) court.hold();
    else if (limit !== null) court.excuse(limit);
    else if (bad !== undefined) court.fail('no edit lost', `${what} is ${has(bad) ? 'still' : 'not'} on ${bad.desk.name}`);
    else court.fail('alike', `${what}: ${apart?.map((place) => `${place.desk.name} ${has(place) ? 'yes' : 'no'}`).join(', ')}`);
  }
}

function tagLimit({ history, token, stage }: Court, what: string): Limit | null {
  const edits = history.of(token, what);
  if (edits.some((edit) => rewroteTags(history, edit))) return 'tags changed between our look and our write of all of them';
  if (edits.some((edit) => tookBackUnlearnt(history, edit))) return 'set back while our write was unanswered';
  if (edits.some((edit) => goneBeforeRead(history, edit, stage.desks))) return 'changed and deleted before we looked';
  if (changedBeforeFirstReading(history, token, 'tags', what)) return 'changed before its first reading';
  return null;
}

/**
 * Promise 1 for comments: each where it can be, in the words that stand. A copy that cannot be made private gets no later
 * words: these were never public.
 */
function commentsAlike(court: Court): void {
  for (const utterance of court.history.utterances.values()) {
    if (utterance.ticket !== court.token) continue;
    const forces = commentForces(court, utterance);
    const texts: { place: Place; said: string }[] = [];
    for (const place of court.places) {
      const { desk, ticket } = place;
      const { comments: can } = desk.profile.can;
      if (ticket === null || !can.list || isApart(court, place)) continue;
      const copy = ticket.comments.find((one) => one.token === utterance.token && !one.deleted);
      const isOwn = utterance.account === desk.account;
      const open = !utterance.bornPrivate;
      const wanted = isOwn || court.law.must(comment(open), utterance.account, desk.account, utterance.at);
      if (copy !== undefined && !isOwn && !court.law.may(comment(open), utterance.account, desk.account, utterance.at)) {
        court.fail('never wider', `${utterance.token} is on ${desk.name}, where no mirror brings it`);
      }
      if (excusedByClosing(court, place, utterance)) continue;
      const gone = utterance.deletedBy.map((by) => (by.account === desk.account ? 'must' : forces(by, desk.account)));
      if (gone.some((force) => force !== 'no')) {
        const could = can.delete || utterance.deletedBy.some(({ account }) => account === desk.account);
        if (copy === undefined || !could || !gone.includes('must')) continue;
        if (unlearntCommentDelete(court.history, utterance)) court.excuse('a comment deleted before we learnt its id');
        else if (utterance.deletedBy.every((by) => goneBeforeBelieved(court.history, utterance, by, court.stage.desks))) court.excuse('changed and deleted before we looked');
        else court.fail('arrives', `the deletion of ${utterance.token} did not reach ${desk.name}`);
        continue;
      }
      const left = utterance.privateSince !== null && !isOwn && (!can.private || !court.law.must(comment(false), utterance.account, desk.account, utterance.at));
      if (copy === undefined) {
        if (left || !wanted || !can.create) continue;
        if (goneBeforeRead(court.history, { ...utterance, token: court.token }, court.stage.desks, LONGEST_LIST_LAG_MS)) court.excuse('changed and deleted before we looked');
        else if (saidBeforeLearnt(court, utterance)) court.excuse('deleted before we learnt its id');
        else court.fail('arrives', `${utterance.token} is not on ${desk.name}`);
      } else if (can.edit && wanted && !left && (utterance.privateSince === null || !copy.public)) {
        texts.push({ place, said: said(copy.content, utterance.token) });
      }
    }
    wordsAlike(court, utterance, texts);
  }
}

/** Written on a ticket of ours that was deleted there for good before we knew it for ours. */
function saidBeforeLearnt({ history, token, stage }: Court, { account, at }: Utterance): boolean {
  const desk = stage.desks.find((one) => one.account === account);
  return desk !== undefined && unlearntDelete(history, token, desk, at);
}

/**
 * A closed ticket takes no comment. Yet where nothing went wrong and we closed it ourselves, it has those that were written
 * more than a sweep and the slowest list before somebody closed it: closing is the last step.
 */
function excusedByClosing({ history, token, stage }: Court, place: Place, utterance: Utterance): boolean {
  if (!frozen(place)) return false;
  const closing = history.of(token, 'status').findLast(({ value }) => value === 'closed');
  return stage.history.mishaps.length > 0 || closing === undefined || closing.account === place.desk.account || closing.at < utterance.at + 110_000;
}

/** What a copy says below its author line. */
function said(content: string, token: string): string {
  const all = words(content);
  return all.slice(Math.max(0, all.indexOf(token)));
}

function wordsAlike(court: Court, utterance: Utterance, texts: readonly { place: Place; said: string }[]): void {
  const forces = commentForces(court, utterance);
  for (const { place, said: shownWords } of texts) {
    const edits = standing(court, `text:${utterance.token}`, place.desk.account, forces);
    const may = edits.map(({ value }) => words(String(value)));
    if (may.length === 0 || may.includes(shownWords)) continue;
    if (editedBeforeRemake(court.history, court.token, utterance.token)) court.excuse('edited between our look and our making it again in private');
    else if (cameTooLate(court.history, utterance)) court.excuse('a comment came too late, when its words had changed');
    else if (edits.some((edit) => goneBeforeRead(court.history, edit, court.stage.desks))) court.excuse('changed and deleted before we looked');
    else court.fail('no edit lost', `${utterance.token} on ${place.desk.name} says "${shownWords}", not ${JSON.stringify(may)}`);
  }
  for (const group of groups(court, comment(utterance.privateSince === null), texts.map(({ place }) => place))) {
    const told = texts.filter(({ place }) => group.includes(place));
    if (new Set(told.map((text) => text.said)).size < 2) continue;
    // What was changed where no mirror leads back to where the comment was written stands there alone.
    const certain = group.every(({ desk: { account } }) => standing(court, `text:${utterance.token}`, account, forces).every((edit) => forces(edit, account) === 'must'));
    if (!certain) continue;
    court.fail('alike', `${utterance.token}: ${told.map(({ place, said: shownWords }) => `${place.desk.name} "${shownWords}"`).join(', ')}`);
  }
}

/** Promise 4, at the end; that nothing private was ever public is watched while it happens. */
function neverWider(court: Court): void {
  for (const utterance of court.history.utterances.values()) {
    if (utterance.ticket !== court.token || utterance.privateSince === null || utterance.deletedBy.length > 0) continue;
    // Hidden on the receiving end of a one-way mirror, it is hidden there alone, until that ticket is made again.
    const hidden = utterance.hiddenBy.filter(({ account, at }) => court.law.must(comment(true), account, utterance.account, at));
    if (!utterance.bornPrivate && hidden.length === 0) continue;
    for (const place of court.places) {
      const copy = place.ticket?.comments.find((one) => one.token === utterance.token && !one.deleted);
      if (copy === undefined || !copy.public || frozen(place)) continue;
      const { makePrivate, delete: remove } = place.desk.profile.can.comments;
      if (!makePrivate && (!remove || copy.key === null)) continue;
      if (!utterance.bornPrivate && hidden.every((by) => goneBeforeRead(court.history, { ...by, token: court.token }, court.stage.desks))) court.excuse('changed and deleted before we looked');
      else if (!utterance.bornPrivate && cameTooLate(court.history, utterance)) court.excuse('a comment came too late, when its words had changed');
      else court.fail('never wider', `${utterance.token} is still public on ${place.desk.name}`);
    }
  }
}

/** What a mirror leaves alone is not written: fields come only from where they may come. */
function goesNowhereElse(court: Court): void {
  const { history, token, law } = court;
  // A clone that was taken for ours brings here what is done to it.
  const tokens = new Set([token, ...confusedWith(history, token)]);
  for (const wrote of history.wrote) {
    if (wrote.token !== token || wrote.kind !== 'ticket.update') continue;
    for (const name of wrote.names as readonly FieldName[]) {
      // A ticket begins with its tags, though they be none.
      const edits = history.edits.filter((edit) => tokens.has(edit.token) && (edit.what === name || (name === 'tags' && (edit.what.startsWith('tag:') || edit === court.birth))));
      const comes = edits.some((edit) => (edit.account !== wrote.account || law.owner(name, wrote.account) !== null || isBirth(court, edit)) && law.may(field(name), edit.account, wrote.account, edit.at));
      const closes = name === 'status' && history.of(token, 'life').some(({ account, at }) => law.may(deletion('close'), account, wrote.account, at));
      if (!comes && !closes) court.fail('never wider', `${name} was written on account ${wrote.account}, where no mirror brings it`);
    }
  }
}

const MOST_ROUNDS = 6;

/** Promise 3: writes are bounded by what people did. */
function noEcho(court: Court): void {
  const { history, token, law } = court;
  const writes = history.wrote.filter((wrote) => wrote.token === token);
  const edits = history.edits.filter((edit) => edit.token === token);
  // Rules of desks that contradict each other are held after a few rounds.
  const triggered = Math.min(edits.filter(({ by }) => by === 'trigger').length, MOST_ROUNDS * court.places.length);
  const deeds = history.deeds.filter((deed) => deed.token === token).length + triggered;
  const bound = 3 * court.places.length * deeds;
  if (writes.length > bound) court.fail('no echo', `${writes.length} writes for ${deeds} actions on ${court.places.length} desks`);
  for (const { desk } of court.places) {
    if (!writes.some(({ account }) => account === desk.account)) continue;
    if (history.deeds.some(({ account, at }) => account !== desk.account && law.may(whole, account, desk.account, at))) continue;
    // What a desk's own rule changed elsewhere is a change as well.
    if (edits.every(({ account, at }) => account === desk.account || !law.may(whole, account, desk.account, at))) {
      court.fail('no echo', `wrote to ${desk.name}, from which the mirror only reads`);
    }
  }
}

function quiet(stage: Stage, from: number, failures: Failure[]): void {
  for (const wrote of stage.history.wrote) {
    if (wrote.at >= from) failures.push({ promise: 'quiet', token: wrote.token, what: `${wrote.kind} on account ${wrote.account} long after everything had happened` });
  }
}

/** Promise 5: what was taken in is settled, or parked with a reason; what was made up by strangers was never taken in. */
function nothingAcceptedLost(stage: Stage, failures: Failure[]): void {
  for (const receipt of stage.store.state.receipts) {
    const desk = stage.desks.find(({ account }) => account === receipt.account_id);
    const token = desk?.tickets.get(receipt.ticket_id ?? '')?.token ?? '';
    if (receipt.dedupe === FORGED) failures.push({ promise: 'genuine', token, what: `receipt ${receipt.id} was made up by a stranger` });
    if (receipt.state === 'parked' && receipt.reason === null) failures.push({ promise: 'explained', token, what: `receipt ${receipt.id} is parked without a reason` });
    if (receipt.state !== 'accepted') continue;
    failures.push({ promise: 'nothing accepted lost', token, what: `receipt ${receipt.id} (${receipt.event ?? ''} ${desk?.name ?? ''}#${receipt.ticket_id ?? ''}) is not settled` });
  }
}
