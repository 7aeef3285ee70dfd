/** The people on the desks: they see what their desk shows, and change it. */
import type { FieldName } from '../../src/core/model.ts';
import type { Chance, VirtualClock } from './clock.ts';
import type { FakeDesk } from './desk.ts';
import { lifeOf, words, type NativeComment, type NativeTicket } from './native.ts';
import type { History } from './history.ts';
import { person } from './profiles.ts';

export interface People {
  /** One person does one thing, somewhere. */
  act(): void;
  /** A new ticket on this desk. Gives its token. */
  create(desk: FakeDesk): string;
  /** A comment on this ticket. Gives its token. */
  comment(desk: FakeDesk, ticket: NativeTicket, isPublic: boolean): string;
}

const NAMES = ['ann', 'bea', 'cem', 'dov'] as const;
const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const;
const TYPES = ['question', 'incident', 'task'] as const;

export function createPeople(parts: {
  readonly desks: readonly FakeDesk[];
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly history: History;
}): People {
  const { desks, clock, chance, history } = parts;
  let counter = 0;
  const next = (): number => (counter += 1);

  function deed(desk: FakeDesk, ticket: NativeTicket, told: string): void {
    history.deeds.push({ at: clock.now(), account: desk.account, token: ticket.token });
    history.tell(ticket.token, `${desk.name}#${ticket.id} PERSON ${told}`);
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
      tags: chance.hit(0.5) ? [`T${next()}`] : [],
      due_at: chance.hit(0.5) ? '2026-03-01T10:00:00Z' : null,
      requester: person('customer'),
      assignee: chance.hit(0.5) ? person(chance.pick(NAMES)) : null,
    };
    const native: Partial<Record<FieldName, unknown>> = {};
    for (const [field, value] of Object.entries(values) as [FieldName, unknown][]) {
      const held = profile.can.fields[field] === undefined ? undefined : profile.hold(field, value);
      if (held !== undefined) native[field] = held;
    }
    const ticket = desk.add(native, null);
    for (const field of Object.keys(native) as FieldName[]) {
      if (field === 'tags') {
        for (const tag of native.tags as readonly string[]) ticket.shown.set(`tag:${tag.toLowerCase()}`, [edit(desk, ticket, `tag:${tag.toLowerCase()}`, true, [])]);
      } else {
        ticket.shown.set(field, [edit(desk, ticket, field, desk.show(ticket, field), [])]);
      }
    }
    ticket.shown.set('life', [edit(desk, ticket, 'life', true, [])]);
    deed(desk, ticket, 'creates the ticket');
    desk.touch(ticket, 'ticket.created');
    return token;
  }

  function setField(desk: FakeDesk, ticket: NativeTicket, field: FieldName): void {
    const native = newValue(desk, ticket, field);
    if (native === undefined) return;
    const before = desk.show(ticket, field);
    const parents = ticket.shown.get(field) ?? [];
    ticket.native[field] = native;
    const value = desk.show(ticket, field);
    if (JSON.stringify(value) === JSON.stringify(before)) return;
    ticket.shown.set(field, [edit(desk, ticket, field, value, parents)]);
    deed(desk, ticket, `${field} := ${JSON.stringify(value)}`);
    desk.touch(ticket, field === 'assignee' ? 'ticket.assignment.changed' : 'ticket.updated');
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
    const tag = removed ?? ((desk.profile.hold('tags', [`T${next()}`]) ?? []) as readonly string[])[0] ?? '';
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
      bornPrivate: !shown, privateSince: shown ? null : clock.now(), privateBy: null, deletedBy: [],
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
    const said = words(one.content);
    const start = said.indexOf(one.token);
    const version = `${one.token} says v${next()}`;
    const content = one.content.replace(/cm\d+\s+says v\d+/, version);
    if (start < 0 || content === one.content) return;
    one.content = desk.profile.format(content);
    one.updated = desk.deskNow();
    edit(desk, ticket, `text:${one.token}`, `<p>${version}</p>`, parents);
    desk.attributeComment(ticket, one);
    deed(desk, ticket, `edits comment ${one.id}: ${version}`);
    desk.emit(ticket, 'comment.updated');
  }

  function changeComment(desk: FakeDesk, ticket: NativeTicket): void {
    const { people } = desk.profile;
    const there = ticket.comments.filter((one) => !one.deleted && one.token !== 'cm?');
    if (there.length === 0) return;
    const one = chance.pick(there);
    const utterance = history.utterances.get(one.token);
    const roll = chance.next();
    if (people.hideComment && one.public) {
      one.public = false;
      one.updated = desk.deskNow();
      if (utterance !== undefined && utterance.privateSince === null) {
        utterance.privateSince = clock.now();
        utterance.privateBy = desk.account;
      }
      deed(desk, ticket, `makes comment ${one.id} (${one.token}) private`);
      desk.touch(ticket, 'comment.updated');
    } else if (people.editComment && roll < 0.6) {
      editComment(desk, ticket, one);
    } else if (people.deleteComment) {
      one.deleted = true;
      utterance?.deletedBy.push({ account: desk.account, at: clock.now() });
      deed(desk, ticket, `deletes comment ${one.id} (${one.token})`);
      desk.emit(ticket, 'comment.deleted');
    }
  }

  function remove(desk: FakeDesk, ticket: NativeTicket): void {
    if (desk.profile.can.tickets.delete === 'hard') ticket.gone = true;
    else ticket.deleted = true;
    ticket.shown.set('life', [edit(desk, ticket, 'life', false, ticket.shown.get('life') ?? [])]);
    deed(desk, ticket, 'deletes the ticket');
    desk.touch(ticket, 'ticket.deleted');
  }

  function restore(desk: FakeDesk): void {
    const trash = [...desk.tickets.values()].filter((ticket) => ticket.deleted && !ticket.gone);
    if (trash.length === 0 || !desk.profile.people.restore) return;
    const ticket = chance.pick(trash);
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
    ticket.shown.set('status', [edit(desk, ticket, 'status', 'closed', parents)]);
    deed(desk, ticket, 'closes the ticket');
    desk.touch(ticket, 'ticket.updated');
  }

  /** Two people change the same field of the same ticket on two desks within seconds. */
  function clash(): void {
    const desk = chance.pick(desks);
    const there = unlocked(desk);
    if (there.length === 0) return;
    const ticket = chance.pick(there);
    const field = chance.pick(desk.profile.peopleEdit);
    setField(desk, ticket, field);
    for (const other of desks) {
      const twin = unlocked(other).find(({ token }) => token === ticket.token);
      if (other === desk || twin === undefined || !other.profile.peopleEdit.includes(field)) continue;
      clock.later(chance.between(0, 3_000), () => {
        if (lifeOf(twin) && unlocked(other).includes(twin)) setField(other, twin, field);
      });
      return;
    }
  }

  function act(): void {
    const desk = chance.pick(desks);
    const there = unlocked(desk);
    const roll = chance.next();
    if (roll < 0.12 || there.length === 0) {
      create(desk);
      return;
    }
    const ticket = chance.pick(there);
    if (roll < 0.4) setField(desk, ticket, chance.pick(desk.profile.peopleEdit));
    else if (roll < 0.5) changeTags(desk, ticket);
    else if (roll < 0.68 && desk.profile.can.comments.create) comment(desk, ticket, chance.hit(0.6));
    else if (roll < 0.8) changeComment(desk, ticket);
    else if (roll < 0.86) clash();
    else if (roll < 0.89) close(desk, ticket);
    else if (roll < 0.94) remove(desk, ticket);
    else if (roll < 0.98) restore(desk);
    else setField(desk, ticket, 'status');
  }

  return { act, create, comment };
}
