/** Unified ↔ Pigeonhole, pure. */
import type { Comment, CommentDraft, Priority, Status, Ticket, TicketFields, Warning } from '../../../src/core/model.ts';
import { leaveOut } from '../../../src/connectors/kit/hold.ts';
import { tidy } from '../../../src/connectors/kit/html.ts';
import { imagesAsText } from '../../../src/connectors/kit/images.ts';
import { keyIn } from '../../../src/connectors/kit/mark.ts';
import { clean } from '../../../src/connectors/kit/text.ts';
import { isoTime } from '../../../src/connectors/kit/time.ts';
import type { Case, PigeonNote } from './shapes.ts';

const STATES: Readonly<Record<Status, string>> = { open: 'open', pending: 'waiting', resolved: 'done', closed: 'filed' };
const URGENCIES: readonly Priority[] = ['low', 'normal', 'high', 'urgent'];
const NOWHERE = ['ticket_type', 'due_at', 'custom_properties', 'group', 'company', 'submitter', 'assignee', 'email_ccs', 'followers'] as const;

/** What Pigeonhole would show of `fields`, and what it cannot hold. Reading back a write of the same fields gives exactly `held`. */
export function hold(fields: TicketFields): { readonly held: TicketFields; readonly warnings: readonly Warning[] } {
  const { held, warnings, keep, keepPerson, drop } = leaveOut();
  if (fields.subject !== undefined) {
    if (clean(fields.subject ?? '').trim() === '') drop('subject', 'a case needs a title');
    else keep({ subject: clean(fields.subject ?? '') });
  }
  if (fields.description !== undefined) keep({ description: fields.description === null ? null : shownText(fields.description) });
  for (const field of ['status', 'priority'] as const) {
    if (fields[field] === null) drop(field, 'every case has one');
    else if (fields[field] !== undefined) keep({ [field]: fields[field] });
  }
  if (fields.tags !== undefined) keep({ tags: [...new Set(fields.tags.map(clean))].filter((tag) => tag.trim() !== '') });
  if (fields.requester != null) keepPerson('requester', fields.requester);
  for (const field of NOWHERE) {
    const value = fields[field];
    if (value != null && !(Array.isArray(value) && value.length === 0)) drop(field, 'Pigeonhole has no such thing');
  }
  return { held: held(), warnings };
}

function shownText(html: string): string {
  return tidy(imagesAsText(html));
}

/** The body of a create or of an update: only what is there. */
export function toCase(held: TicketFields): Record<string, unknown> {
  return {
    ...(held.subject != null && { title: held.subject }),
    ...(held.description !== undefined && { body: held.description }),
    ...(held.status != null && { state: STATES[held.status] }),
    ...(held.priority != null && { urgency: URGENCIES.indexOf(held.priority) }),
    ...(held.tags !== undefined && { labels: held.tags }),
    ...(held.requester != null && { from: { mail: held.requester.email, name: held.requester.name } }),
  };
}

export function fromCase(raw: Case): Ticket {
  const status = Object.entries(STATES).find(([, state]) => state === raw.state)?.[0] as Status | undefined;
  const priority = raw.urgency == null ? undefined : URGENCIES[raw.urgency];
  return {
    id: String(raw.id),
    key: keyIn(raw.reference),
    is_deleted: false,
    created_at: isoTime(raw.created),
    modified_at: isoTime(raw.changed),
    ...(raw.title !== undefined && { subject: raw.title === null ? null : clean(raw.title) }),
    ...(raw.body !== undefined && { description: raw.body === null ? null : tidy(raw.body) }),
    ...(status !== undefined && { status }),
    ...(priority !== undefined && { priority }),
    ...(raw.labels != null && { tags: raw.labels.map(clean) }),
    ...(raw.from !== undefined && { requester: raw.from === null ? null : { user_id: null, email: raw.from.mail, name: raw.from.name ?? null } }),
  };
}

export function forecastComment(draft: CommentDraft): CommentDraft {
  return { content: shownText(draft.content), public: draft.public };
}

export function toNote(draft: CommentDraft, key: string): Record<string, unknown> {
  return { html: forecastComment(draft).content, internal: !draft.public, reference: key };
}

export function fromNote(raw: PigeonNote): Comment {
  return {
    id: String(raw.id),
    content: tidy(raw.html),
    author: raw.by == null ? null : { user_id: raw.by, email: raw.by, name: null },
    public: !raw.internal,
    attachments: [],
    created_at: isoTime(raw.at),
    modified_at: null,
    key: keyIn(raw.reference),
  };
}
