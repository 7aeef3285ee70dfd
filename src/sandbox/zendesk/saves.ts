/** A save of a ticket: applies what was read, keeps the audit of it, and says which events it was. */
import { isoSeconds, type Clock } from '../kit/clock.ts';
import { sameValue } from '../kit/json.ts';
import { BRAND_ID, FORM_ID } from './account.ts';
import { composeComment, type CommentDraft } from './comments.ts';
import { commentEvent, idText, type Happening } from './events.ts';
import { VIA_API, type Attachment, type Audit, type Comment, type Fields, type Ticket, type User, type Via } from './model.ts';
import type { NewPerson } from './participants.ts';
import type { People } from './people.ts';
import { viaFollowUp, type WriteRequest } from './reading.ts';
import { isCustom, type Store } from './store.ts';
import type { Uploads } from './uploads.ts';

export interface Saved {
  readonly ticket: Ticket;
  readonly audit: Audit;
  readonly happenings: readonly Happening[];
}

/** A save that is not an agent's own: when, why, and with whose files. */
export interface Circumstances {
  readonly via?: Via;
  /** ISO 8601; for imports, which bring their own times. */
  readonly at?: string;
  readonly attachments?: readonly Attachment[];
}

export interface Saves {
  create(request: WriteRequest, caller: User, more?: Circumstances & { readonly updatedAt?: string }): Saved;
  update(ticket: Ticket, request: WriteRequest, caller: User, more?: Circumstances): Saved;
  /** A comment and nothing else, for what the desk writes by itself. */
  comment(ticket: Ticket, draft: CommentDraft, caller: User, more?: Circumstances): Saved;
}

const upper = (value: unknown): unknown => (typeof value === 'string' ? value.toUpperCase() : value);
const asText = (value: unknown): unknown => (typeof value === 'number' ? idText(value) : Array.isArray(value) ? value.map(asText) : value);
const same = (value: unknown): unknown => value;

type Plain = Exclude<keyof Fields, 'tags' | 'custom' | 'email_cc_ids' | 'follower_ids'>;
/** Fields in the order in which a save tells of them: event, name in the audit, and how the event writes a value. */
const TOLD: readonly (readonly [Plain, Happening['name'], (value: unknown) => unknown])[] = [
  ['status', 'status_changed', upper],
  ['custom_status_id', 'custom_status_changed', asText],
  ['priority', 'priority_changed', upper],
  ['type', 'type_changed', upper],
  ['subject', 'subject_changed', same],
  ['assignee_id', 'agent_assignment_changed', asText],
  ['group_id', 'group_assignment_changed', asText],
  ['requester_id', 'requester_changed', asText],
  ['organization_id', 'organization_changed', asText],
  ['external_id', 'external_id_changed', same],
  ['due_at', 'task_due_at_changed', same],
  ['problem_id', 'problem_link_changed', asText],
  ['brand_id', 'brand_changed', asText],
  ['ticket_form_id', 'form_changed', asText],
];
const CREATED: readonly Plain[] = TOLD.map(([field]) => field);

export function createSaves(parts: {
  readonly store: Store;
  readonly people: People;
  readonly uploads: Uploads;
  readonly premises: { readonly clock: Clock; url(): string };
  readonly nextId: () => number;
}): Saves {
  const { store, people, uploads, premises, nextId } = parts;

  const auditOf = (ticket: Ticket, audit: Audit): Audit => {
    ticket.audits.push(audit);
    return audit;
  };

  /** Sets what differs and says so; the one place where a ticket's fields change. */
  function change(ticket: Ticket, patch: Partial<Fields>): { told: Happening[]; audited: object[] } {
    const told: Happening[] = [];
    const audited: object[] = [];
    const note = (field: string, value: unknown, previous: unknown): void => {
      audited.push({ id: nextId(), type: 'Change', field_name: field, value: asText(value), previous_value: asText(previous) });
    };
    for (const [field, name, words] of TOLD) {
      const value = patch[field];
      const previous = ticket[field];
      if (value === undefined || value === previous) continue;
      if (field === 'external_id') store.setExternalId(ticket, value === null ? null : String(value));
      else Object.assign(ticket, { [field]: value });
      note(field, value, previous);
      told.push({ name, event: { previous: words(previous), current: words(value) } });
    }
    if (patch.tags && !sameValue([...patch.tags].sort(), [...ticket.tags].sort())) {
      const [previous, now] = [ticket.tags, patch.tags];
      ticket.tags = now;
      note('tags', now, previous);
      told.push({
        name: 'tags_changed',
        event: { tags_added: now.filter((tag) => !previous.includes(tag)), tags_removed: previous.filter((tag) => !now.includes(tag)) },
      });
    }
    for (const [field, name] of [['email_cc_ids', 'email_ccs_changed'], ['follower_ids', 'followers_changed']] as const) {
      const now = patch[field];
      const previous = ticket[field];
      if (!now || sameValue(now, previous)) continue;
      ticket[field] = now;
      note(field, now, previous);
      const ids = (list: readonly number[]): readonly string[] => list.map(String);
      told.push({ name, event: { users_added: ids(now.filter((id) => !previous.includes(id))), users_removed: ids(previous.filter((id) => !now.includes(id))) } });
    }
    for (const field of patch.custom ? store.fields.values() : []) {
      if (!isCustom(field)) continue;
      const [previous, current] = [ticket.custom.get(field.id) ?? null, patch.custom?.get(field.id) ?? null];
      if (sameValue(previous, current)) continue;
      note(String(field.id), current, previous);
      told.push({ name: 'custom_field_changed', event: { previous, current, custom_field: { id: String(field.id), title: field.title, type: field.type } } });
    }
    if (patch.custom) ticket.custom = patch.custom;
    return { told, audited };
  }

  interface Saying {
    readonly draft: CommentDraft;
    readonly custom: object;
    readonly auditId: number;
    readonly time: string;
    readonly more: Circumstances;
  }

  function say(ticket: Ticket, caller: User, { draft, custom, auditId, time, more }: Saying): { comment: Comment; told: Happening[] } {
    const attachments = [...uploads.take(draft.uploads), ...(more.attachments ?? [])];
    const comment = composeComment(draft, ticket, {
      id: nextId(), auditId, time, caller, store, url: premises.url(), custom, attachments, ...(more.via ? { via: more.via } : {}),
    });
    ticket.comments.push(comment);
    const told: Happening[] = [{ name: 'comment_added', event: commentEvent(comment, store) }];
    for (const attachment of attachments) {
      told.push({
        name: 'attachment_linked_to_comment',
        event: { attachment: { id: String(attachment.file.id), filename: attachment.file.filename, is_public: comment.public }, comment: { id: String(comment.id) } },
      });
    }
    return { comment, told };
  }

  const registered = (person: NewPerson): number => people.register(person.name, person.email).id;
  const copiedOf = (request: WriteRequest): readonly number[] | undefined =>
    request.copied?.map((who) => (typeof who === 'number' ? who : (people.findByEmail(who.email ?? '')?.id ?? registered(who))));

  /** Who comes into being with this save. */
  function settled(request: WriteRequest): Partial<Fields> {
    const patch: Partial<Fields> = { ...request.patch };
    if (request.newRequester) {
      patch.requester_id = registered(request.newRequester);
      patch.organization_id ??= people.organizationOf(patch.requester_id);
    }
    const copied = copiedOf(request);
    if (copied) patch.email_cc_ids = [...new Set(copied)].filter((id) => id !== patch.requester_id);
    return patch;
  }

  function create(request: WriteRequest, caller: User, more: Circumstances & { readonly updatedAt?: string } = {}): Saved {
    const time = more.at ?? isoSeconds(premises.clock.now());
    const submitter = request.submitterId ?? caller.id;
    const patch = settled(request);
    const via = request.followUpOf ? viaFollowUp(request.followUpOf) : (more.via ?? VIA_API);
    const ticket: Ticket = {
      id: nextId(),
      subject: null, status: 'new', custom_status_id: store.statusOf('new'), priority: null, type: null, due_at: null, tags: [], custom: new Map(),
      requester_id: caller.id, assignee_id: null, group_id: null, organization_id: null, problem_id: null, brand_id: BRAND_ID, ticket_form_id: FORM_ID,
      email_cc_ids: [], follower_ids: [],
      ...patch,
      external_id: null,
      submitter_id: submitter,
      via,
      recipient: request.recipient,
      created_at: time,
      updated_at: time,
      generated: 0,
      sequence: 0,
      comments: [],
      audits: [],
      followup_ids: [],
      deletion: null,
      archived: false,
    };
    request.followUpOf?.followup_ids.push(ticket.id);
    const auditId = nextId();
    const author = store.users.get(submitter) ?? caller;
    const said = request.comment && say(ticket, author, { draft: request.comment, custom: request.metadata, auditId, time, more });
    // A create that says only what it is about: the text stands in for the subject.
    ticket.subject ??= said?.comment.body.split('\n')[0]?.slice(0, 80) ?? null;
    store.setExternalId(ticket, patch.external_id ?? null);
    store.touch(ticket, more.updatedAt ?? time);
    const events = CREATED.filter((field) => ticket[field] !== null).map((field) => ({ id: nextId(), type: 'Create', field_name: field, value: asText(ticket[field]) }));
    return {
      ticket,
      audit: auditOf(ticket, { id: auditId, created_at: time, author_id: caller.id, custom: request.metadata, via, comment: said?.comment ?? null, events }),
      happenings: [{ name: 'created', event: {} }, ...(said?.told ?? [])],
    };
  }

  function update(ticket: Ticket, request: WriteRequest, caller: User, more: Circumstances = {}): Saved {
    const time = more.at ?? isoSeconds(premises.clock.now());
    const auditId = nextId();
    const author = store.users.get(request.comment?.authorId ?? caller.id) ?? caller;
    const patch = settled(request);
    // A customer who answers opens the ticket again.
    if (request.comment && author.role === 'end-user' && patch.status === undefined && ['pending', 'hold', 'solved'].includes(ticket.status)) {
      Object.assign(patch, { status: 'open', custom_status_id: store.statusOf('open') });
    }
    const { told, audited } = change(ticket, patch);
    const said = request.comment && say(ticket, caller, { draft: request.comment, custom: request.metadata, auditId, time, more });
    const happenings = [...told, ...(said?.told ?? [])];
    if (happenings.length > 0) store.touch(ticket, time);
    const audit = { id: auditId, created_at: time, author_id: caller.id, custom: request.metadata, via: more.via ?? VIA_API, comment: said?.comment ?? null, events: audited };
    // A save that changes nothing leaves no trace.
    return { ticket, audit: happenings.length > 0 ? auditOf(ticket, audit) : audit, happenings };
  }

  return {
    create,
    update,
    comment: (ticket, draft, caller, more) =>
      update(ticket, { patch: {}, newRequester: null, copied: undefined, submitterId: null, comment: draft, metadata: {}, followUpOf: null, recipient: null, warning: null }, caller, more),
  };
}
