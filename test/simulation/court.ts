/** One ticket before the oracle: where it is, what people did to it, and what of that stands. */
import type { FieldName } from '../../src/core/model.ts';
import type { FakeDesk } from './desk.ts';
import { comment, deletion, field, lawOf, ticket as whole, type Allows, type Law } from './law.ts';
import type { Edit, History, Utterance } from './history.ts';
import { firstRead, readBetween, type Limit } from './limits.ts';
import { lifeOf, type NativeTicket } from './native.ts';
import type { Stage } from './simulate.ts';

/** What may not be broken; `always` stands for what is watched while it goes on: private comments, forged webhooks, faults of our own. */
export const PROMISES = [
  'always', 'once', 'arrives', 'alike', 'no edit lost', 'never wider', 'no echo', 'quiet', 'nothing accepted lost', 'explained', 'genuine',
] as const;
export type PromiseName = (typeof PROMISES)[number];

/** One ticket on one desk at the end. */
export interface Place {
  readonly desk: FakeDesk;
  readonly ticket: NativeTicket | null;
}

export interface Court {
  readonly stage: Stage;
  readonly history: History;
  readonly token: string;
  readonly birth: Edit;
  readonly origin: number;
  /** When we first looked at it on its own desk, and kept what we saw. */
  readonly firstSeen: number;
  readonly law: Law;
  /** Every desk. */
  readonly places: readonly Place[];
  fail(promise: PromiseName, what: string): void;
  excuse(limit: Limit): void;
  /** A field was held, as rule 12 says. */
  hold(): void;
}

export function courtOf(stage: Stage, birth: Edit, told: Pick<Court, 'fail' | 'excuse' | 'hold'>): Court {
  const { history, desks } = stage;
  const { token, account: origin } = birth;
  const places = desks.map((desk): Place => ({ desk, ticket: [...desk.tickets.values()].find((one) => one.token === token && lifeOf(one)) ?? null }));
  const law = lawOf({
    history,
    token,
    origin,
    everOn: new Set(desks.filter((desk) => [...desk.tickets.values()].some((one) => one.token === token)).map(({ account }) => account)),
    shownNow: (name) =>
      places.flatMap(({ desk, ticket }) => {
        const last = ticket ?? lastShown(history, desk, token, name);
        if (last === null || desk.profile.can.fields[name] === undefined) return [];
        const shown = desk.mesh(last, name);
        return [{ account: desk.account, values: Array.isArray(shown) ? shown.map((tag) => String(tag)) : [String(shown)] }];
      }),
  });
  return { stage, history, token, birth, origin, firstSeen: firstRead(history, birth), law, places, ...told };
}

/** The ticket as it was when it was deleted there; null if its field was changed anywhere since. */
function lastShown(history: History, { account, tickets }: FakeDesk, token: string, name: FieldName): NativeTicket | null {
  const ends = [...history.of(token, 'life').filter(({ value }) => value === false), ...history.wrote.filter((one) => one.token === token && one.kind === 'ticket.delete')];
  const gone = Math.max(...ends.filter((end) => end.account === account).map(({ at }) => at));
  const later = history.edits.some((edit) => edit.token === token && edit.at > gone && (name === 'tags' ? edit.what.startsWith('tag:') : edit.what === name));
  return later ? null : ([...tickets.values()].findLast((one) => one.token === token) ?? null);
}

/** Closed on a desk that changes closed tickets no more. */
export function frozen({ desk, ticket }: Place): boolean {
  return desk.profile.can.tickets.closedIsFinal && ticket?.native.status === 'closed';
}

/** How a change counts on an account: it certainly comes there, it may, or it must not. */
export type Force = 'must' | 'may' | 'no';
export type Forces = (edit: Edit, account: number) => Force;

function along({ law }: Court, allows: Allows, from: number, to: number, at: number): Force {
  if (law.must(allows, from, to, at)) return 'must';
  return law.may(allows, from, to, at) ? 'may' : 'no';
}

/** What happens on an account stands there; it replaces what came from elsewhere only if it counts for the whole ticket. */
function own(court: Court, allows: Allows, { account, at }: Edit): Force {
  const others = court.places.map(({ desk }) => desk.account).filter((other) => other !== account);
  // On the ticket's own desk, if that only receives, it stands until the next write.
  const receives = others.some((other) => court.law.may(allows, other, account, at)) && !others.some((other) => court.law.must(allows, account, other, at));
  if (account === court.origin && receives) return 'may';
  return along(court, allows, account, court.origin, at) === 'must' ? 'must' : 'may';
}

/** Changes of a field. Where it belongs to one account, what others do is set back. */
export function fieldForces(court: Court, name: FieldName): Forces {
  const allows = field(name);
  const hasBirth = court.history.of(court.token, name).some((edit) => isBirth(court, edit));
  return (edit, account) => {
    if (edit.stays) return edit.account === account ? 'may' : 'no';
    const force = edit.account === account ? own(court, allows, edit) : along(court, allows, edit.account, account, edit.at);
    const owner = court.law.owner(name, edit.account);
    if (owner === null || owner === edit.account || edit.at === court.birth.at) return force;
    // Changed before we first looked: it may be what the ticket began with.
    if (isBirth(court, edit)) return force === 'no' ? 'no' : 'may';
    const settled = owner !== 'unsettled' && hasBirth && court.law.mutual(allows, owner, account) && court.law.mutual(allows, owner, edit.account);
    return settled ? 'no' : force === 'no' ? 'no' : 'may';
  };
}

/** Part of what the ticket was when it was first seen. */
export function isBirth({ birth, firstSeen }: Court, edit: Edit): boolean {
  return edit.account === birth.account && (edit.at === birth.at || edit.at <= firstSeen);
}

/** Births go where the ticket may be, deletions where deletions go, restorations also where a deletion only closes. */
export function lifeForces(court: Court): Forces {
  return (edit, account) => {
    const allows = edit === court.birth ? whole : deletion(edit.value === true ? 'close' : 'delete');
    return edit.account === account ? own(court, allows, edit) : along(court, allows, edit.account, account, edit.at);
  };
}

/**
 * What is done to a comment travels to where it was written, and from there to all copies. What we first saw when somebody had hidden the
 * comment goes by the way of private ones, or by that of public ones if it came there in time.
 */
export function commentForces(court: Court, utterance: Utterance): (edit: Pick<Edit, 'account' | 'at'>, account: number) => Force {
  const { privateSince, ticket: token } = utterance;
  return ({ account: from, at }, account) => {
    const open = privateSince === null || at < privateSince;
    const unseen = open && privateSince !== null && !readBetween(court.history, { account: from, token }, at, privateSince);
    const leg = (start: number, end: number): Force => {
      const force = along(court, comment(open), start, end, at);
      return unseen && force === 'must' ? (along(court, comment(false), start, end, at) === 'must' ? 'must' : 'may') : force;
    };
    const legs = [leg(from, utterance.account), leg(utterance.account, account)];
    if (from === account) return legs[0] === 'must' ? 'must' : 'may';
    return legs.includes('no') ? 'no' : legs.includes('may') ? 'may' : 'must';
  };
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

/** The changes that nothing known on that desk has replaced: any of them may stand at the end. */
export function standing(court: Court, what: string, account: number, forces: Forces): readonly Edit[] {
  const all = court.history.of(court.token, what).filter((edit) => forces(edit, account) !== 'no');
  if (all.length < 2) return all;
  const strong = all.filter((edit) => forces(edit, account) === 'must');
  return all.filter((edit) => !strong.some((later) => later !== edit && descends(court.history, later, edit)));
}

/** The places in groups in which all that may go one way goes every way. */
export function groups(court: Court, allows: Allows, places: readonly Place[]): readonly (readonly Place[])[] {
  const found: Place[][] = [];
  for (const place of places) {
    const group = found.find(([first]) => first !== undefined && court.law.mutual(allows, first.desk.account, place.desk.account));
    if (group === undefined) found.push([place]);
    else group.push(place);
  }
  return found.filter(({ length }) => length > 1);
}
