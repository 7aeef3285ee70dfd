/**
 * The people on the desks: they see what their desk shows, and change it.
 *
 * Longer than most, since all that they do notes the same things of the same moment.
 */
import type { FieldName } from '../../src/core/model.ts';
import { createChance, type Chance, type VirtualClock } from './clock.ts';
import type { FakeDesk } from './desk.ts';
import { lifeOf, words, type NativeComment, type NativeTicket } from './native.ts';
import type { History } from './history.ts';
import { person } from './profiles.ts';
import { CALLING_TAG, type Action, type Deed } from './setting.ts';

export interface People {
  /** One person does one thing, somewhere; where there is nothing to do it to, a new ticket instead. */
  act(deed: Deed): void;
  /** A new ticket on this desk. Gives its token. */
  create(desk: FakeDesk): string;
  /** A comment on this ticket. Gives its token. */
  comment(desk: FakeDesk, ticket: NativeTicket, isPublic: boolean): string;
  /** Gives a field a new value. */
  setField(desk: FakeDesk, ticket: NativeTicket, field: FieldName): void;
  editComment(desk: FakeDesk, ticket: NativeTicket, one: NativeComment): void;
  /** Makes a public comment private. */
  hideComment(desk: FakeDesk, ticket: NativeTicket, one: NativeComment): void;
  deleteComment(desk: FakeDesk, ticket: NativeTicket, one: NativeComment): void;
  remove(desk: FakeDesk, ticket: NativeTicket): void;
  /** Takes a ticket out of the trash. */
  restore(desk: FakeDesk, ticket: NativeTicket): void;
  close(desk: FakeDesk, ticket: NativeTicket): void;
  /** This field is this from now on, in the desk's own words. */
  set(desk: FakeDesk, ticket: NativeTicket, field: FieldName, native: unknown): void;
  /** A copy of this ticket with all that is on it, under a subject of its own. Gives its token. */
  clone(desk: FakeDesk, ticket: NativeTicket): string;
}

const NAMES = ['ann', 'bea', 'cem', 'dov'] as const;
const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const;
const TYPES = ['question', 'incident', 'task'] as const;

const numberOf = ({ token }: NativeTicket): number => Number(token.slice('tk'.length));

export function createPeople(parts: {
  readonly desks: readonly FakeDesk[];
  readonly clock: VirtualClock;
  readonly history: History;
}): People {
  const { desks, clock, history } = parts;
  let chance: Chance = createChance(1);
  let doing: Action = 'create';
  let counter = 0;
  const next = (): number => (counter += 1);

  function deed(desk: FakeDesk, ticket: NativeTicket, told: string, source?: string): void {
    history.deeds.push({ at: clock.now(), action: doing, account: desk.account, token: ticket.token, ...(source !== undefined && { source }) });
    history.tell(ticket.token, () => `${desk.name}#${ticket.id} PERSON ${told}`);
  }

  function edit(desk: FakeDesk, ticket: NativeTicket, what: string, value: unknown, parents: readonly number[]): number {
    return history.edit({ account: desk.account, token: ticket.token, what, value, parents, by: 'person' }).id;
  }

  function live(desk: FakeDesk): NativeTicket[] {
    return [...desk.tickets.values()].filter((ticket) => lifeOf(ticket) && ticket.token !== 'tk?');
  }

  function unlocked(desk: FakeDesk): NativeTicket[] {
    return live(desk).filter((ticket) => !(desk.profile.can.tickets.closedIsFinal && ticket.native.status === 'closed'));
  }

  function create(desk: FakeDesk): string {
    const token = `tk${next()}`;
    const { profile } = desk;
    const values: Partial<Record<FieldName, unknown>> = {
      subject: `${token}  subject s${next()}`,
      description: `<p><strong>${token}</strong>  text<br>d${next()}</p>`,
      status: 'open',
      priority: chance.pick(PRIORITIES),
      ticket_type: chance.pick(TYPES),
      tags: [...(chance.hit(0.5) ? [`T${next()}`] : []), ...(chance.hit(0.4) ? [CALLING_TAG] : [])],
      due_at: chance.hit(0.5) ? '2026-03-01T10:00:00Z' : null,
      requester: person('customer'),
      assignee: chance.hit(0.5) ? person(chance.pick(NAMES)) : null,
    };
    const native: Partial<Record<FieldName, unknown>> = {};
    for (const [field, value] of Object.entries(values) as [FieldName, unknown][]) {
      const held = profile.can.fields[field] === undefined ? undefined : profile.hold(field, value);
      if (held !== undefined) native[field] = desk.takes(field, held) ? held : profile.hold(field, null) ?? held;
    }
    return begin(desk, native, null, 'creates the ticket');
  }

  /** A ticket that people began, with all that it shows as theirs. */
  function begin(desk: FakeDesk, native: Partial<Record<FieldName, unknown>>, key: string | null, told: string, source?: string): string {
    const ticket = desk.add(native, key);
    for (const field of Object.keys(native) as FieldName[]) {
      if (field === 'tags') {
        for (const tag of native.tags as readonly string[]) ticket.shown.set(`tag:${tag.toLowerCase()}`, [edit(desk, ticket, `tag:${tag.toLowerCase()}`, true, [])]);
      } else {
        ticket.shown.set(field, [edit(desk, ticket, field, desk.mesh(ticket, field), [])]);
      }
    }
    ticket.shown.set('life', [edit(desk, ticket, 'life', true, [])]);
    deed(desk, ticket, told, source);
    desk.touch(ticket, 'ticket.created');
    return ticket.token;
  }

  function set(desk: FakeDesk, ticket: NativeTicket, field: FieldName, native: unknown): void {
    if (native === undefined || !desk.takes(field, native)) return;
    const before = desk.mesh(ticket, field);
    const parents = ticket.shown.get(field) ?? [];
    ticket.native[field] = native;
    const value = desk.mesh(ticket, field);
    if (JSON.stringify(value) === JSON.stringify(before)) return;
    ticket.shown.set(field, [edit(desk, ticket, field, value, parents)]);
    deed(desk, ticket, `${field} := ${JSON.stringify(value)}`);
    desk.touch(ticket, field === 'assignee' ? 'ticket.assignment.changed' : 'ticket.updated');
  }

  function setField(desk: FakeDesk, ticket: NativeTicket, field: FieldName): void {
    set(desk, ticket, field, newValue(desk, ticket, field));
  }

  function newValue(desk: FakeDesk, ticket: NativeTicket, field: FieldName): unknown {
    switch (field) {
      case 'subject':
        return desk.profile.hold(field, `${ticket.token} subject  s${next()} `);
      case 'description':
        return desk.profile.hold(field, `<p>${ticket.token} <strong>text</strong> d${next()}</p>`);
      case 'status': {
        const status = chance.pick(desk.profile.statuses);
        return /^\d+$/.test(status) ? Number(status) : status;
      }
      case 'priority':
        return desk.profile.hold(field, chance.pick(PRIORITIES));
      case 'ticket_type':
        return chance.pick(TYPES);
      case 'due_at':
        return chance.hit(0.2) ? null : `2026-04-${String(10 + (next() % 18))}T08:00:00Z`;
      case 'assignee':
        return chance.hit(0.2) ? null : person(chance.pick(NAMES));
      default:
        return undefined;
    }
  }

  function changeTags(desk: FakeDesk, ticket: NativeTicket): void {
    const tags = (ticket.native.tags ?? []) as readonly string[];
    const removed = tags.length > 0 && chance.hit(0.4) ? chance.pick(tags) : null;
    const wanted = chance.hit(0.3) && !tags.includes(CALLING_TAG) ? CALLING_TAG : `T${next()}`;
    const tag = removed ?? ((desk.profile.hold('tags', [wanted]) ?? []) as readonly string[])[0];
    if (tag === undefined) return;
    const what = `tag:${tag.toLowerCase()}`;
    ticket.native.tags = removed === null ? [...tags, tag] : tags.filter((one) => one !== removed);
    ticket.shown.set(what, [edit(desk, ticket, what, removed === null, ticket.shown.get(what) ?? [])]);
    deed(desk, ticket, `${removed === null ? 'adds' : 'removes'} tag ${tag}`);
    desk.touch(ticket, 'ticket.updated');
  }

  function comment(desk: FakeDesk, ticket: NativeTicket, isPublic: boolean): string {
    const token = `cm${next()}`;
    const shown = isPublic || !desk.profile.can.comments.private;
    history.utterances.set(token, {
      token, ticket: ticket.token, account: desk.account, at: clock.now(),
      bornPrivate: !shown, privateSince: shown ? null : clock.now(), hiddenBy: [], deletedBy: [],
    });
    const content = `<p>${token}  says v${next()}</p>`;
    edit(desk, ticket, `text:${token}`, desk.profile.format(content), []);
    desk.addComment(ticket, { content, public: shown }, null, person(chance.pick(NAMES)));
    deed(desk, ticket, `comments ${token} ${shown ? 'public' : 'private'}`);
    desk.touch(ticket, 'comment.created');
    return token;
  }

  function editComment(desk: FakeDesk, ticket: NativeTicket, one: NativeComment): void {
    const key = `text:${one.token}:${one.id}`;
    const parents = ticket.shown.get(key) ?? [];
    const version = `${one.token} says v${next()}`;
    const content = desk.profile.format(one.content.replace(/cm\d+\s+says v\d+/, version));
    if (content === one.content) return;
    one.content = content;
    one.updated = desk.deskNow();
    const said = words(content);
    ticket.shown.set(key, [edit(desk, ticket, `text:${one.token}`, said.slice(said.indexOf(one.token)), parents)]);
    deed(desk, ticket, `edits comment ${one.id}: ${version}`);
    desk.emit(ticket, 'comment.updated');
  }

  function hideComment(desk: FakeDesk, ticket: NativeTicket, one: NativeComment): void {
    one.public = false;
    one.updated = desk.deskNow();
    const utterance = history.utterances.get(one.token);
    if (utterance !== undefined) {
      utterance.privateSince ??= clock.now();
      utterance.hiddenBy.push({ account: desk.account, at: clock.now() });
    }
    deed(desk, ticket, `makes comment ${one.id} (${one.token}) private`);
    desk.touch(ticket, 'comment.updated');
  }

  function deleteComment(desk: FakeDesk, ticket: NativeTicket, one: NativeComment): void {
    one.deleted = true;
    history.utterances.get(one.token)?.deletedBy.push({ account: desk.account, at: clock.now() });
    deed(desk, ticket, `deletes comment ${one.id} (${one.token})`);
    desk.emit(ticket, 'comment.deleted');
  }

  function remove(desk: FakeDesk, ticket: NativeTicket): void {
    if (desk.profile.can.tickets.delete === 'hard') ticket.gone = true;
    else ticket.deleted = true;
    ticket.shown.set('life', [edit(desk, ticket, 'life', false, ticket.shown.get('life') ?? [])]);
    deed(desk, ticket, 'deletes the ticket');
    desk.touch(ticket, 'ticket.deleted');
  }

  function trashOf(desk: FakeDesk): NativeTicket[] {
    return desk.profile.people.restore ? [...desk.tickets.values()].filter((ticket) => ticket.deleted && !ticket.gone && ticket.token !== 'tk?') : [];
  }

  function restore(desk: FakeDesk, ticket: NativeTicket): void {
    ticket.deleted = false;
    ticket.shown.set('life', [edit(desk, ticket, 'life', true, ticket.shown.get('life') ?? [])]);
    deed(desk, ticket, 'restores the ticket');
    desk.touch(ticket, 'ticket.updated');
  }

  function close(desk: FakeDesk, ticket: NativeTicket): void {
    const native = desk.profile.hold('status', 'closed');
    if (ticket.native.status === native) return;
    const parents = ticket.shown.get('status') ?? [];
    ticket.native.status = native;
    ticket.shown.set('status', [edit(desk, ticket, 'status', desk.mesh(ticket, 'status'), parents)]);
    deed(desk, ticket, ticket.mergedInto === null ? 'closes the ticket' : `merges the ticket into ${ticket.mergedInto}`);
    desk.touch(ticket, 'ticket.updated');
  }

  /** What was said in one ticket goes on in another: the first is closed, and the other is told. */
  function merge(desk: FakeDesk, ticket: NativeTicket, into: NativeTicket): void {
    comment(desk, into, false);
    ticket.mergedInto = into.id;
    close(desk, ticket);
  }

  /** Our mark is on the ticket as well. */
  function clone(desk: FakeDesk, ticket: NativeTicket): string {
    const subject = desk.profile.hold('subject', `tk${next()} a clone s${next()}`);
    return begin(desk, { ...ticket.native, subject }, ticket.key, `is a clone of ${ticket.token}`, ticket.token);
  }

  /** Two people change the same field of the same ticket on two desks within seconds. */
  function clash(desk: FakeDesk, ticket: NativeTicket): void {
    const field = chance.pick(desk.profile.peopleEdit);
    const { pick, between } = chance;
    setField(desk, ticket, field);
    const twins = desks.flatMap((other) => (other === desk || !other.profile.peopleEdit.includes(field) ? [] : unlocked(other).filter(({ token }) => token === ticket.token).map((twin) => ({ other, twin }))));
    if (twins.length === 0) return;
    const { other, twin } = pick(twins);
    const own = chance.fork();
    clock.later(between(0, 3_000), () => {
      if (!lifeOf(twin) || !unlocked(other).includes(twin)) return;
      chance = own;
      doing = 'clash';
      setField(other, twin, field);
    });
  }

  /** The places where this can be done. */
  function chances(action: Action): { desk: FakeDesk; ticket: NativeTicket; comment?: NativeComment }[] {
    return desks.flatMap((desk) => {
      const { people, can } = desk.profile;
      const spoken = (ticket: NativeTicket): NativeComment[] => ticket.comments.filter((one) => !one.deleted && one.token !== 'cm?');
      const each = (tickets: NativeTicket[]): { desk: FakeDesk; ticket: NativeTicket }[] => tickets.map((ticket) => ({ desk, ticket }));
      const said = (may: boolean, fits: (one: NativeComment) => boolean): { desk: FakeDesk; ticket: NativeTicket; comment: NativeComment }[] =>
        may ? unlocked(desk).flatMap((ticket) => spoken(ticket).filter(fits).map((one) => ({ desk, ticket, comment: one }))) : [];
      switch (action) {
        case 'create':
          return [];
        case 'edit a field':
        case 'clash':
        case 'delete':
        case 'edit tags':
          return each(unlocked(desk));
        case 'close':
          return each(unlocked(desk).filter(({ native }) => native.status !== desk.profile.hold('status', 'closed')));
        case 'comment':
          return can.comments.create ? each(unlocked(desk)) : [];
        case 'edit a comment':
          return said(people.editComment, (one) => /cm\d+\s+says v\d+/.test(one.content));
        case 'hide a comment':
          return said(people.hideComment, (one) => one.public);
        case 'delete a comment':
          return said(people.deleteComment, () => true);
        case 'restore':
          return each(trashOf(desk));
        case 'merge':
          return people.merge && unlocked(desk).length > 1 ? each(unlocked(desk)) : [];
        case 'clone':
          return people.clone ? each(unlocked(desk)) : [];
      }
    });
  }

  function act({ action, seed, newest }: Deed): void {
    chance = createChance(seed);
    const all = chances(action);
    const last = Math.max(...all.map(({ ticket }) => numberOf(ticket)));
    const places = newest ? all.filter(({ ticket }) => numberOf(ticket) === last) : all;
    if (action === 'create' || places.length === 0) {
      doing = 'create';
      create(chance.pick(desks));
      return;
    }
    doing = action;
    const { desk, ticket, comment: one } = chance.pick(places);
    switch (action) {
      case 'edit a field':
        return setField(desk, ticket, chance.hit(0.1) ? 'status' : chance.pick(desk.profile.peopleEdit));
      case 'edit tags':
        return changeTags(desk, ticket);
      case 'comment':
        return void comment(desk, ticket, chance.hit(0.6));
      case 'clash':
        return clash(desk, ticket);
      case 'close':
        return close(desk, ticket);
      case 'delete':
        return remove(desk, ticket);
      case 'restore':
        return restore(desk, ticket);
      case 'merge':
        return merge(desk, ticket, chance.pick(unlocked(desk).filter((other) => other !== ticket)));
      case 'clone':
        return void clone(desk, ticket);
      case 'edit a comment':
        return one && editComment(desk, ticket, one);
      case 'hide a comment':
        return one && hideComment(desk, ticket, one);
      case 'delete a comment':
        return one && deleteComment(desk, ticket, one);
    }
  }

  /** What somebody is told to do, noted as that. */
  const told = <Args extends readonly unknown[], Result>(action: Action, does: (...args: Args) => Result) => (...args: Args): Result => {
    doing = action;
    return does(...args);
  };

  return {
    act,
    create: told('create', create),
    comment: told('comment', comment),
    setField: told('edit a field', setField),
    editComment: told('edit a comment', editComment),
    hideComment: told('hide a comment', hideComment),
    deleteComment: told('delete a comment', deleteComment),
    remove: told('delete', remove),
    restore: told('restore', restore),
    close: told('close', close),
    set: told('edit a field', set),
    clone: told('clone', clone),
  };
}
