/**
 * A fake desk: its tickets in their own form, and what its API does to them. No network, no faults: every effect is at once.
 *
 * A little longer than most, since the API's effects and the state that they share are one thing.
 */
import { normal, same } from '../../src/core/compare.ts';
import { FIELD_NAMES, type Comment, type CommentDraft, type EventType, type FieldName, type Person, type StepKind, type Ticket, type TicketFields } from '../../src/core/model.ts';
import { DeskFailure, type Change, type Changes, type Page } from '../../src/ports/connector.ts';
import type { Dice, VirtualClock } from './clock.ts';
import type { History } from './history.ts';
import { lifeOf, words, type NativeComment, type NativeTicket } from './native.ts';
import type { Native, Profile } from './profiles.ts';
import type { DeskSetting, Trigger } from './setting.ts';
import { wordsOf } from './words.ts';

export interface DeskParts {
  readonly account: number;
  readonly name: string;
  readonly profile: Profile;
  readonly setting: DeskSetting;
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly history: History;
  /** Something happened that a webhook tells. */
  readonly emit: (ticket: NativeTicket, event: EventType) => void;
}

export type FakeDesk = ReturnType<typeof createDesk>;

export function createDesk(parts: DeskParts) {
  const { account, name, profile, setting, clock, dice, history } = parts;
  const speech = wordsOf(setting.words);
  const tickets = new Map<string, NativeTicket>();
  const answers = new Map<string, { ticket: Ticket; id: string }>();
  let ids = 100 * account;

  const deskNow = (): number => clock.now() + setting.skewMs;
  const iso = (time: number): string => new Date(Math.floor(time / 1000) * 1000).toISOString().replace('.000Z', 'Z');
  const show = (ticket: NativeTicket, field: FieldName): unknown => profile.show(field, ticket.native[field]);
  const lag = (what: string, longest: number): number => (longest === 0 ? 0 : dice(`${what} ${account}`).between(0, longest));
  /** A field as it shows, in the mesh's words. */
  const mesh = (ticket: NativeTicket, field: FieldName): unknown => speech.here(field, show(ticket, field));

  function read(ticket: NativeTicket): Ticket {
    const fields: Record<string, unknown> = {};
    for (const field of FIELD_NAMES) {
      if (profile.can.fields[field] !== undefined && ticket.native[field] !== undefined) fields[field] = show(ticket, field);
    }
    return {
      ...(fields as TicketFields),
      id: ticket.id,
      created_at: iso(ticket.created),
      modified_at: iso(ticket.updated),
      is_deleted: ticket.deleted,
      key: profile.can.tickets.keyVisible ? ticket.key : null,
      ...(ticket.mergedInto !== null && { merged_into: ticket.mergedInto }),
    };
  }

  function readComment(comment: NativeComment): Comment {
    return {
      id: comment.id,
      content: comment.content,
      author: comment.author,
      public: comment.public,
      attachments: [],
      created_at: iso(comment.created),
      modified_at: iso(comment.updated),
      key: comment.key,
    };
  }

  function forecast(fields: TicketFields): TicketFields {
    const out: Record<string, unknown> = {};
    for (const field of FIELD_NAMES) {
      if (fields[field] === undefined || profile.can.fields[field] === undefined) continue;
      const native = profile.hold(field, fields[field]);
      if (native !== undefined) out[field] = profile.show(field, native);
    }
    return out as TicketFields;
  }

  /** What this desk shows of a value after it was told it, both in the mesh's words; undefined if it cannot hold it. */
  function cast(field: FieldName, value: unknown): unknown {
    const told = forecast({ [field]: speech.there(field, value) } as TicketFields)[field];
    return told === undefined ? undefined : speech.here(field, told);
  }

  /** Which edits a value that this desk shows may come from. */
  function sources(token: string, field: FieldName, value: unknown): readonly number[] {
    const seen = normal(field, value);
    return history.of(token, field).filter((edit) => same(normal(field, cast(field, edit.value)), seen)).map(({ id }) => id);
  }

  /** Whether people and programs may set this here. */
  function takes(field: FieldName, native: Native): boolean {
    const shown = normal(field, profile.show(field, native));
    return !setting.refuses.some((one) => one.field === field && same(shown, normal(field, refusedValue(one.value, field))));
  }

  /** Whether this desk refuses a value of the mesh. */
  function refuses(field: FieldName, value: unknown): boolean {
    const native = profile.hold(field, speech.there(field, value));
    return native !== undefined && !takes(field, native);
  }

  function refuse(fields: TicketFields): void {
    for (const one of setting.refuses) {
      const native = fields[one.field] === undefined ? undefined : profile.hold(one.field, fields[one.field]);
      if (native === undefined || takes(one.field, native)) continue;
      throw new DeskFailure('refused', `${one.field}: not here`, { status: 422, fields: one.named ? [one.field] : [] });
    }
  }

  function touch(ticket: NativeTicket, event: EventType): void {
    ticket.updated = Math.max(ticket.updated, deskNow());
    ticket.listedAt = clock.now() + lag(ticket.token, profile.listLagMs);
    parts.emit(ticket, event);
  }

  function add(native: Partial<Record<FieldName, Native>>, key: string | null): NativeTicket {
    ids += 1;
    const token = /tk\d+/.exec(String(native.subject))?.[0] ?? 'tk?';
    const ticket: NativeTicket = {
      id: String(ids),
      token,
      native,
      key,
      created: deskNow(),
      updated: deskNow(),
      listedAt: 0,
      findableAt: clock.now() + lag(token, profile.can.tickets.findLagMs),
      deleted: false,
      gone: false,
      mergedInto: null,
      comments: [],
      shown: new Map(),
      lastRead: clock.now(),
      lastSeen: {},
    };
    tickets.set(ticket.id, ticket);
    return ticket;
  }

  function set(ticket: NativeTicket, fields: TicketFields): void {
    for (const field of FIELD_NAMES) {
      if (fields[field] === undefined) continue;
      const native = profile.hold(field, fields[field]);
      if (native === undefined) continue;
      const before = field === 'tags' ? ((ticket.native.tags ?? []) as readonly string[]) : [];
      ticket.native[field] = native;
      if (field === 'tags') attributeTags(ticket, before);
      else ticket.shown.set(field, sources(ticket.token, field, mesh(ticket, field)));
    }
  }

  function attributeTags(ticket: NativeTicket, before: readonly string[]): void {
    const after = (ticket.native.tags ?? []) as readonly string[];
    for (const tag of new Set([...before, ...after])) {
      const there = after.includes(tag);
      if (there === before.includes(tag)) continue;
      const what = `tag:${tag.toLowerCase()}`;
      ticket.shown.set(what, history.of(ticket.token, what).filter((edit) => edit.value === there).map(({ id }) => id));
    }
  }

  /** The desk's own rules after a write of ours. */
  function trip(ticket: NativeTicket, fields: TicketFields): void {
    for (const trigger of setting.triggers) {
      if (trigger.field === 'comment' || fields[trigger.field] === undefined) continue;
      const { field, afterMs } = trigger;
      const act = (): void => rewrite(ticket, field, trigger);
      if (afterMs === 0) act();
      else if (applies(ticket, field, trigger)) clock.later(afterMs, act);
    }
  }

  function applies(ticket: NativeTicket, field: FieldName, { when, then }: Trigger): boolean {
    if (!lifeOf(ticket)) return false;
    return when === null ? !String(ticket.native[field] ?? '').endsWith(` ${String(then)}`) : show(ticket, field) === when;
  }

  function rewrite(ticket: NativeTicket, field: FieldName, trigger: Trigger): void {
    if (!applies(ticket, field, trigger)) return;
    const { when, then, afterMs } = trigger;
    const parents = ticket.shown.get(field) ?? [];
    ticket.native[field] = when === null ? `${String(ticket.native[field] ?? '')} ${String(then)}` : then;
    // A text that is changed within the save is the form that this desk gives to it.
    const stays = when === null && afterMs === 0;
    const edit = history.edit({ account, token: ticket.token, what: field, value: mesh(ticket, field), parents, by: 'trigger', ...(stays && { stays }) });
    ticket.shown.set(field, stays ? [...parents, edit.id] : [edit.id]);
    history.tell(ticket.token, () => `${name}#${ticket.id} trigger: ${field} := ${String(ticket.native[field])}`);
    if (afterMs > 0) touch(ticket, 'ticket.updated');
  }

  /** The desk's own rules for comments that we wrote: a signature under them, some time later. */
  function tripComment(ticket: NativeTicket, comment: NativeComment): void {
    for (const { field, then, afterMs } of setting.triggers) {
      if (field !== 'comment') continue;
      clock.later(Math.max(afterMs, 100), () => {
        if (comment.deleted || !lifeOf(ticket) || comment.content.includes(`<i>${String(then)}</i>`)) return;
        const key = `text:${comment.token}:${comment.id}`;
        const parents = ticket.shown.get(key) ?? [];
        comment.content = `${comment.content}<i>${String(then)}</i>`;
        comment.updated = deskNow();
        const from = words(comment.content).indexOf(comment.token);
        const edit = history.edit({ account, token: ticket.token, what: `text:${comment.token}`, value: words(comment.content).slice(from), parents, by: 'trigger' });
        ticket.shown.set(key, [edit.id]);
        history.tell(ticket.token, () => `${name}#${ticket.id} trigger: comment ${comment.id} := ${comment.content}`);
        parts.emit(ticket, 'comment.updated');
      });
    }
  }

  function shownBy(ticket: NativeTicket): Readonly<Record<string, unknown>> {
    return Object.fromEntries(FIELD_NAMES.map((field) => [field, mesh(ticket, field)]));
  }

  function wrote(ticket: NativeTicket, kind: StepKind, names: readonly string[], told: string): void {
    history.wrote.push({ at: clock.now(), account, token: ticket.token, kind, names, before: shownBy(ticket), seen: ticket.lastSeen, looked: ticket.lastRead, answered: null });
    history.tell(ticket.token, () => `${name}#${ticket.id} <- ${kind} ${told}`);
  }

  function alive(id: string): NativeTicket {
    const ticket = tickets.get(id);
    if (ticket === undefined || !lifeOf(ticket)) throw new DeskFailure('missing', 'no such ticket', { status: 404 });
    return ticket;
  }

  function open(id: string): NativeTicket {
    const ticket = alive(id);
    if (profile.can.tickets.closedIsFinal && ticket.native.status === 'closed') {
      throw new DeskFailure('refused', 'the ticket is closed', { status: 422 });
    }
    return ticket;
  }

  function commentOf(ticket: NativeTicket, id: string): NativeComment {
    const comment = ticket.comments.find((one) => one.id === id && !one.deleted);
    if (comment === undefined) throw new DeskFailure('missing', 'no such comment', { status: 404 });
    return comment;
  }

  function addComment(ticket: NativeTicket, draft: CommentDraft, key: string | null, author: Person): NativeComment {
    ids += 1;
    const comment: NativeComment = {
      id: `c${ids}`,
      token: /cm\d+/.exec(draft.content)?.[0] ?? 'cm?',
      content: profile.format(draft.content),
      public: draft.public,
      key,
      author,
      created: deskNow(),
      updated: deskNow(),
      listedAt: clock.now() + lag(`${ticket.token} comment`, profile.can.comments.listLagMs),
      deleted: false,
    };
    ticket.comments.push(comment);
    attributeComment(ticket, comment);
    return comment;
  }

  function attributeComment(ticket: NativeTicket, comment: NativeComment): void {
    const what = `text:${comment.token}`;
    const said = words(comment.content);
    ticket.shown.set(`${what}:${comment.id}`, history.of(ticket.token, what).filter((edit) => said.endsWith(words(String(edit.value)))).map(({ id }) => id));
    const utterance = history.utterances.get(comment.token);
    if (comment.public && utterance?.bornPrivate === true) {
      history.broken.push(`wider: ${ticket.token} ${comment.token} was never public and is public on ${name}`);
    }
  }

  const us: Person = { user_id: '1', email: 'bot@mesh.example', name: 'Mesh' };

  const api = {
    get(id: string): Ticket {
      const ticket = tickets.get(id);
      if (ticket === undefined || ticket.gone || (ticket.deleted && profile.deletedIs !== 'shown')) {
        throw new DeskFailure('missing', 'no such ticket', { status: 404 });
      }
      ticket.lastRead = clock.now();
      ticket.lastSeen = shownBy(ticket);
      return read(ticket);
    },
    list(): Page<Ticket> {
      return { items: [...tickets.values()].filter(lifeOf).map(read), next: null };
    },
    comments(id: string, page: string | null): Page<Comment> {
      const listed = alive(id).comments.filter((comment) => !comment.deleted && comment.listedAt <= clock.now());
      const from = Number(page ?? 0);
      return { items: listed.slice(from, from + 4).map(readComment), next: listed.length > from + 4 ? String(from + 4) : null };
    },
    changes(cursor: string | null, since: number): Changes {
      const from = cursor === null ? since - 600_000 : Number(cursor);
      const items: Change[] = [];
      let newest = from;
      for (const ticket of tickets.values()) {
        if (ticket.gone || ticket.listedAt > clock.now() || (ticket.deleted && !profile.can.tickets.changesTellDeletes)) continue;
        if (ticket.updated < from - 2 * profile.listLagMs - 1_000) continue;
        newest = Math.max(newest, ticket.updated);
        items.push({ ticketId: ticket.id, modified_at: iso(ticket.updated), is_deleted: ticket.deleted });
      }
      return { items, cursor: String(newest), more: false };
    },
    create(fields: TicketFields, key: string): { id: string; ticket: Ticket } {
      const known = profile.can.tickets.idempotentCreateMs > 0 ? answers.get(key) : undefined;
      if (known !== undefined) return known;
      refuse(fields);
      const blank = Object.fromEntries(FIELD_NAMES.filter((field) => profile.can.fields[field] !== undefined).map((field) => [field, null]));
      const subject = profile.hold('subject', fields.subject);
      const ticket = add({ ...blank, subject, priority: profile.hold('priority', 'low'), status: profile.hold('status', 'open'), tags: [] }, key);
      set(ticket, fields);
      ticket.shown.set('life', history.of(ticket.token, 'life').filter(({ value }) => value === true).map(({ id }) => id));
      wrote(ticket, 'ticket.create', Object.keys(fields), JSON.stringify(fields));
      trip(ticket, fields);
      touch(ticket, 'ticket.created');
      const answer = { id: ticket.id, ticket: read(ticket) };
      answers.set(key, answer);
      return answer;
    },
    update(id: string, patch: TicketFields, along?: { readonly draft: CommentDraft; readonly key: string }): { id: string; ticket: Ticket; comment: Comment | null } {
      const ticket = open(id);
      refuse(patch);
      const made = along === undefined ? null : api.comment(id, along.draft, along.key);
      wrote(ticket, 'ticket.update', Object.keys(patch), JSON.stringify(patch));
      set(ticket, patch);
      trip(ticket, patch);
      touch(ticket, 'ticket.updated');
      ticket.lastRead = clock.now();
      return { id, ticket: read(ticket), comment: made };
    },
    remove(id: string): void {
      const ticket = alive(id);
      wrote(ticket, 'ticket.delete', [], '');
      if (profile.can.tickets.delete === 'hard') ticket.gone = true;
      else ticket.deleted = true;
      ticket.shown.set('life', history.of(ticket.token, 'life').filter(({ value }) => value === false).map((edit) => edit.id));
      touch(ticket, 'ticket.deleted');
    },
    restore(id: string): void {
      const ticket = tickets.get(id);
      if (ticket === undefined || ticket.gone) throw new DeskFailure('missing', 'no such ticket', { status: 404 });
      if (!ticket.deleted) return;
      wrote(ticket, 'ticket.restore', [], '');
      ticket.deleted = false;
      ticket.shown.set('life', history.of(ticket.token, 'life').filter(({ value }) => value === true).map((edit) => edit.id));
      touch(ticket, 'ticket.updated');
    },
    comment(ticketId: string, draft: CommentDraft, key: string): Comment {
      const ticket = open(ticketId);
      if (!profile.can.comments.create) throw new DeskFailure('refused', 'no comments here', { status: 405 });
      const made = addComment(ticket, { ...draft, public: draft.public || !profile.can.comments.private }, key, us);
      wrote(ticket, 'comment.create', [made.token], `${made.id} ${draft.public ? 'public' : 'private'} ${draft.content}`);
      tripComment(ticket, made);
      touch(ticket, 'comment.created');
      return readComment(made);
    },
    editComment(ticketId: string, id: string, draft: CommentDraft): Comment {
      const ticket = open(ticketId);
      const comment = commentOf(ticket, id);
      wrote(ticket, 'comment.update', [comment.token], `${id} ${draft.public ? 'public' : 'private'} ${draft.content}`);
      if (profile.can.comments.edit) comment.content = profile.format(draft.content);
      if (profile.can.comments.makePrivate && !draft.public) comment.public = false;
      comment.updated = deskNow();
      attributeComment(ticket, comment);
      if (!profile.can.comments.edit) touch(ticket, 'comment.updated');
      else parts.emit(ticket, 'comment.updated');
      return readComment(comment);
    },
    removeComment(ticketId: string, id: string): void {
      const ticket = open(ticketId);
      const comment = commentOf(ticket, id);
      comment.deleted = true;
      wrote(ticket, 'comment.delete', [comment.token], id);
      parts.emit(ticket, 'comment.deleted');
    },
    find(key: string): Ticket | null {
      for (const ticket of tickets.values()) {
        if (ticket.key === key && !ticket.gone && ticket.findableAt <= clock.now()) return read(ticket);
      }
      return null;
    },
  };

  return { account, name, profile, setting, tickets, api, read, mesh, cast, takes, refuses, forecast, touch, add, addComment, attributeComment, deskNow, emit: parts.emit };
}

/** People are refused by their addresses. */
function refusedValue(value: unknown, field: FieldName): unknown {
  return field === 'assignee' ? { user_id: null, email: value, name: null } : value;
}
