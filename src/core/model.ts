/**
 * The unified model: one shape for tickets and comments, with the JSON names of the Help Desk API that Deskmesh serves.
 *
 * Three kinds of emptiness differ everywhere: a field that is absent (`undefined`) is one the desk does not have or
 * that was not read; `null` is a field that the desk holds as empty; `''` and `[]` are values like any other.
 */

/** The identifier of a kind of help desk, e.g. `zendesk`. The registry of connectors decides which exist. */
export type Service = string;

/** Somebody on a desk. Across desks a person is recognised by `email` (compared without case) and by nothing else. */
export interface Person {
  readonly user_id: string | null;
  readonly email: string | null;
  readonly name: string | null;
}

/** A desk's own field, named by the desk's id or key for it. */
export interface CustomProperty {
  readonly id: string;
  readonly value: unknown;
}

export type Status = 'open' | 'pending' | 'resolved' | 'closed';
export type Priority = 'low' | 'normal' | 'high' | 'urgent';

/** What a ticket says. `description` is always an HTML fragment; a desk of plain text converts at its edge. */
export interface TicketFields {
  readonly subject?: string | null;
  readonly description?: string | null;
  readonly status?: Status | null;
  readonly priority?: Priority | null;
  readonly ticket_type?: string | null;
  readonly tags?: readonly string[];
  readonly public?: boolean | null;
  /** ISO 8601 in UTC with seconds, e.g. `2026-01-31T08:00:00Z`. */
  readonly due_at?: string | null;
  readonly custom_properties?: readonly CustomProperty[];
  readonly group?: string | null;
  readonly company?: string | null;
  readonly requester?: Person | null;
  readonly submitter?: string | null;
  readonly assignee?: Person | null;
  readonly email_ccs?: readonly Person[];
  readonly followers?: readonly Person[];
}

export type TicketFieldName = keyof TicketFields;

/** A ticket as one desk shows it, read through its connector. */
export interface Ticket extends TicketFields {
  /** The desk's own id, as a string. */
  readonly id: string;
  /** ISO 8601 in UTC; the desk's clock. Milliseconds only where the desk gives them. */
  readonly created_at: string | null;
  readonly modified_at: string | null;
  /** In the desk's trash. A ticket that is gone for good is not read at all (`missing`). */
  readonly is_deleted: boolean;
  /** Our key, if the ticket carries one: what `createTicket` was given. The mark itself is stripped from the fields. */
  readonly key: string | null;
  /** The files that came with its description; absent where this reading does not tell. */
  readonly attachments?: readonly Attachment[];
  /** The id of the ticket that this one was merged into; absent where the desk does not tell. */
  readonly merged_into?: string | null;
  /** What another program calls this ticket, in the field that the desk keeps for that; absent where there is none, or our key stands there. */
  readonly external_id?: string;
}

/** A file tied to a comment or to a description. */
export interface Attachment {
  readonly id: string;
  readonly filename: string;
  readonly content_type: string | null;
  readonly url: string;
  readonly thumb_url: string | null;
  /** Bytes. */
  readonly size: number | null;
  /** Shown inside the text, as an `<img>` whose `src` is `url` and whose `alt` is `filename`. */
  readonly inline: boolean;
}

/** A comment or reply as one desk shows it. `content` is always an HTML fragment. */
export interface Comment {
  readonly id: string;
  readonly content: string;
  readonly author: Person | null;
  readonly public: boolean;
  readonly attachments: readonly Attachment[];
  readonly created_at: string | null;
  readonly modified_at: string | null;
  /** Our key, if the comment carries one: what `createComment` was given. The mark itself is stripped from `content`. */
  readonly key: string | null;
}

/** A file that is to be written, told by where it comes from. Plain data, so that it can wait in an intent. */
export interface FileDraft {
  /** The account, ticket and comment (null: the description) that it is fetched from. */
  readonly from: number;
  readonly ticket_id: string;
  readonly comment_id: string | null;
  /** As the attachment there says. */
  readonly id: string;
  readonly url: string;
  readonly filename: string;
  readonly content_type: string | null;
  /** Bytes, if told. */
  readonly size: number | null;
  readonly inline: boolean;
}

/** What is written as a comment: `content` is complete, with its author line. */
export interface CommentDraft {
  readonly content: string;
  readonly public: boolean;
  readonly files?: readonly FileDraft[];
}

/** What happened, in unified words. */
export const EVENT_TYPES = [
  'ticket.created',
  'ticket.updated',
  'ticket.assignment.changed',
  'ticket.deleted',
  'comment.created',
  'comment.updated',
  'comment.deleted',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** The unified writes that a replica can be due. */
export const STEP_KINDS = [
  'ticket.create',
  'ticket.restore',
  'ticket.update',
  'ticket.delete',
  'comment.create',
  'comment.update',
  'comment.delete',
] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/**
 * The fields that mirrors keep alike, and how each is compared:
 * `exact` by value, `text` by its words on one desk (desks reformat), `set` by members, `person` by e-mail.
 */
export const MIRRORED = {
  subject: 'text',
  description: 'text',
  status: 'exact',
  priority: 'exact',
  ticket_type: 'exact',
  tags: 'set',
  due_at: 'exact',
  requester: 'person',
  assignee: 'person',
} as const;
export type FieldName = keyof typeof MIRRORED;
export const FIELD_NAMES = Object.keys(MIRRORED) as readonly FieldName[];

/** What a link keeps alike: the fields of every mirror, and those that a mirror has to name and translate. */
export type LinkField = FieldName | 'group' | `custom:${string}`;
/** Fields whose values a mirror may translate for an account. */
export type MappedField = 'status' | 'priority' | 'ticket_type' | 'assignee' | 'group' | `custom:${string}`;

/** How a field is compared; custom fields hold whatever their desks define. */
export function kindOf(field: LinkField): 'exact' | 'text' | 'set' | 'person' | 'any' {
  if (field === 'group') return 'exact';
  return Object.hasOwn(MIRRORED, field) ? MIRRORED[field as FieldName] : 'any';
}

/** When a mirrored field can be written on a desk. */
export type Writable = 'never' | 'create' | 'update' | 'always';

/** Something that a desk could not hold and that was left out of a write, told beside its success. */
export interface Warning {
  readonly field: string;
  readonly reason: string;
}
