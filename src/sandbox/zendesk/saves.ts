/** A save of a ticket: applies what was read, keeps the audit of it, and says which events it was. */
import { isoSeconds, type Clock } from '../kit/clock.ts';
import type { Json } from '../kit/desk.ts';
import { sameValue } from '../kit/json.ts';
import { composeComment, metadataOf } from './comments.ts';
import { commentEvent, idText, type Happening } from './events.ts';
import { CUSTOM_FIELDS, VIA_API, type Comment, type Fields, type Store, type Ticket, type User } from './model.ts';
import type { People } from './people.ts';
import type { WriteRequest } from './reading.ts';

export interface Saved {
  readonly ticket: Ticket;
  readonly audit: Json;
  readonly happenings: readonly Happening[];
}

export interface Saves {
  create(request: WriteRequest, caller: User): Saved;
  update(ticket: Ticket, request: WriteRequest, caller: User): Saved;
}

const upper = (value: unknown): unknown => (typeof value === 'string' ? value.toUpperCase() : value);
const asText = (value: unknown): unknown => (typeof value === 'number' ? idText(value) : value);
const same = (value: unknown): unknown => value;

/** Fields in the order in which a save tells of them: event, name in the audit, and how the event writes a value. */
const TOLD: readonly (readonly [Exclude<keyof Fields, 'tags' | 'custom'>, Happening['name'], (value: unknown) => unknown])[] = [
  ['status', 'status_changed', upper],
  ['priority', 'priority_changed', upper],
  ['type', 'type_changed', upper],
  ['subject', 'subject_changed', same],
  ['assignee_id', 'agent_assignment_changed', asText],
  ['group_id', 'group_assignment_changed', asText],
  ['requester_id', 'requester_changed', asText],
  ['external_id', 'external_id_changed', same],
  ['due_at', 'task_due_at_changed', same],
];

export function createSaves(store: Store, people: People, premises: { readonly clock: Clock; url(): string }, nextId: () => number): Saves {
  const auditOf = (ticket: Ticket, caller: User, id: number, time: string, custom: object, events: readonly object[]): Json => ({
    id,
    ticket_id: ticket.id,
    created_at: time,
    author_id: caller.id,
    metadata: metadataOf(custom),
    events,
    via: VIA_API,
  });

  const commentInAudit = (comment: Comment): object => ({
    id: comment.id,
    type: 'Comment',
    author_id: comment.author_id,
    body: comment.body,
    html_body: comment.html_body,
    plain_body: comment.plain_body,
    public: comment.public,
    attachments: comment.attachments,
    audit_id: comment.audit_id,
  });

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
    for (const field of patch.custom ? CUSTOM_FIELDS : []) {
      const [previous, current] = [ticket.custom.get(field.id) ?? null, patch.custom?.get(field.id) ?? null];
      if (sameValue(previous, current)) continue;
      note(String(field.id), current, previous);
      told.push({ name: 'custom_field_changed', event: { previous, current, custom_field: { id: String(field.id), title: field.title, type: field.type } } });
    }
    if (patch.custom) ticket.custom = patch.custom;
    return { told, audited };
  }

  function addComment(ticket: Ticket, request: WriteRequest, caller: User, auditId: number, time: string): Comment | null {
    if (!request.comment) return null;
    const comment = composeComment(request.comment, ticket, {
      id: nextId(), auditId, time, caller, store, url: premises.url(), custom: request.metadata,
    });
    ticket.comments.push(comment);
    return comment;
  }

  const requesterOf = (request: WriteRequest): number | undefined =>
    request.newRequester ? people.register(request.newRequester.name, request.newRequester.email).id : request.patch.requester_id;

  return {
    create(request, caller) {
      const { patch } = request;
      const time = isoSeconds(premises.clock.now());
      const submitter = request.submitterId ?? caller.id;
      const ticket: Ticket = {
        id: nextId(),
        subject: patch.subject ?? null,
        status: patch.status ?? 'new',
        priority: patch.priority ?? null,
        type: patch.type ?? null,
        due_at: patch.due_at ?? null,
        tags: patch.tags ?? [],
        custom: patch.custom ?? new Map(),
        requester_id: requesterOf(request) ?? caller.id,
        assignee_id: patch.assignee_id ?? null,
        group_id: patch.group_id ?? null,
        external_id: null,
        submitter_id: submitter,
        created_at: time,
        updated_at: time,
        generated: 0,
        sequence: 0,
        comments: [],
        deletion: null,
      };
      const auditId = nextId();
      const author = store.users.get(submitter) ?? caller;
      const comment = addComment(ticket, request, author, auditId, time);
      // A create that says only what it is about: the subject stands in for the description.
      ticket.subject ??= comment?.body.split('\n')[0]?.slice(0, 80) ?? null;
      store.setExternalId(ticket, patch.external_id ?? null);
      store.touch(ticket, time);
      const created = (['subject', 'status', 'priority', 'type', 'requester_id', 'assignee_id', 'group_id', 'external_id', 'due_at'] as const)
        .filter((field) => ticket[field] !== null)
        .map((field) => ({ id: nextId(), type: 'Create', field_name: field, value: asText(ticket[field]) }));
      const events = [...(comment ? [commentInAudit(comment)] : []), ...created];
      return {
        ticket,
        audit: auditOf(ticket, caller, auditId, time, request.metadata, events),
        happenings: [{ name: 'created', event: {} }, ...(comment ? [{ name: 'comment_added' as const, event: commentEvent(comment, store) }] : [])],
      };
    },
    update(ticket, request, caller) {
      const time = isoSeconds(premises.clock.now());
      const auditId = nextId();
      const requester = requesterOf(request);
      const { told, audited } = change(ticket, requester === undefined ? request.patch : { ...request.patch, requester_id: requester });
      const comment = addComment(ticket, request, caller, auditId, time);
      const happenings = comment ? [...told, { name: 'comment_added' as const, event: commentEvent(comment, store) }] : told;
      if (happenings.length > 0) store.touch(ticket, time);
      const events = comment ? [commentInAudit(comment), ...audited] : audited;
      return { ticket, audit: auditOf(ticket, caller, auditId, time, request.metadata, events), happenings };
    },
  };
}
