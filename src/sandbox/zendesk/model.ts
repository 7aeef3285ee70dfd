/** What the fake Zendesk keeps, as types: people, tickets, comments, files and configuration of the Support API v2. */
import type { StoredFile } from '../kit/files.ts';

export type Role = 'admin' | 'agent' | 'end-user';

export interface User {
  readonly id: number;
  name: string;
  /** The primary address. */
  email: string | null;
  /** Further addresses of the same person. */
  readonly aliases: string[];
  external_id: string | null;
  role: Role;
  /** 1 is a light agent, who can be assigned nothing; null for end users. */
  role_type: number | null;
  suspended: boolean;
  active: boolean;
  organization_id: number | null;
  phone: string | null;
  details: string;
  notes: string;
  tags: readonly string[];
  readonly created_at: string;
  updated_at: string;
}

export interface Group {
  readonly id: number;
  name: string;
  description: string;
  readonly default: boolean;
  deleted: boolean;
  readonly members: Set<number>;
  readonly created_at: string;
  updated_at: string;
}

export interface Organization {
  readonly id: number;
  name: string;
  external_id: string | null;
  domain_names: readonly string[];
  details: string;
  notes: string;
  tags: readonly string[];
  readonly created_at: string;
  updated_at: string;
}

/** How something came to be. */
export interface Via {
  readonly channel: string;
  readonly source: { readonly from: object; readonly to: object; readonly rel: string | null };
}

/** A file of a comment. Redacted ones keep their place, but not their bytes. */
export interface Attachment {
  file: StoredFile;
  readonly thumbnail: StoredFile | null;
  inline: boolean;
}

export interface Comment {
  readonly id: number;
  readonly type: 'Comment';
  readonly author_id: number;
  body: string;
  html_body: string;
  plain_body: string;
  public: boolean;
  readonly attachments: readonly Attachment[];
  readonly audit_id: number;
  readonly via: Via;
  readonly created_at: string;
  /** The custom part of the write's metadata. */
  readonly custom: object;
}

/** One save of a ticket. */
export interface Audit {
  readonly id: number;
  readonly created_at: string;
  readonly author_id: number;
  readonly custom: object;
  readonly via: Via;
  readonly comment: Comment | null;
  readonly events: readonly object[];
}

export type Status = 'new' | 'open' | 'pending' | 'hold' | 'solved' | 'closed';
export type Priority = 'low' | 'normal' | 'high' | 'urgent';
export type TicketType = 'problem' | 'incident' | 'question' | 'task';

/** The fields that a save can change; everything else follows from the save itself. */
export interface Fields {
  subject: string | null;
  status: Status;
  custom_status_id: number;
  priority: Priority | null;
  type: TicketType | null;
  due_at: string | null;
  tags: readonly string[];
  custom: ReadonlyMap<number, unknown>;
  requester_id: number;
  assignee_id: number | null;
  group_id: number | null;
  organization_id: number | null;
  external_id: string | null;
  problem_id: number | null;
  brand_id: number;
  ticket_form_id: number;
  email_cc_ids: readonly number[];
  follower_ids: readonly number[];
}

export interface Ticket extends Fields {
  readonly id: number;
  readonly submitter_id: number;
  readonly via: Via;
  readonly recipient: string | null;
  readonly created_at: string;
  updated_at: string;
  /** Unix seconds of the last change of any kind; what the incremental export compares. */
  generated: number;
  /** Grows with every touch, over all tickets. */
  sequence: number;
  readonly comments: Comment[];
  readonly audits: Audit[];
  /** Tickets that go on with this closed one. */
  readonly followup_ids: number[];
  deletion: { readonly at: string; readonly by: number } | null;
  /** Gone from lists, though it can still be shown. */
  archived: boolean;
}

export interface FieldOption {
  readonly id: number;
  readonly name: string;
  /** The tag that stands for the option. */
  readonly value: string;
}

export interface TicketField {
  readonly id: number;
  readonly type: string;
  title: string;
  description: string;
  /** An agent has to fill it in before the ticket can be solved. */
  required: boolean;
  active: boolean;
  readonly removable: boolean;
  regexp: string | null;
  /** The tag that a ticked checkbox adds. */
  tag: string | null;
  options: readonly FieldOption[] | null;
}

export interface CustomStatus {
  readonly id: number;
  readonly category: Status;
  agent_label: string;
  end_user_label: string;
  description: string;
  active: boolean;
  readonly default: boolean;
  readonly created_at: string;
  updated_at: string;
}

/** A message that waits for somebody to say that it is none of spam. */
export interface SuspendedTicket {
  readonly id: number;
  readonly cause: string;
  readonly cause_id: number;
  readonly subject: string;
  readonly content: string;
  readonly author: { readonly id: number | null; readonly name: string; readonly email: string | null };
  readonly created_at: string;
}

export const STATUSES: readonly string[] = ['new', 'open', 'pending', 'hold', 'solved', 'closed'];
export const PRIORITIES: readonly string[] = ['low', 'normal', 'high', 'urgent'];
export const TYPES: readonly string[] = ['problem', 'incident', 'question', 'task'];

/** Where a change came from, for the bodies that tell. */
export const VIA_API: Via = { channel: 'api', source: { from: {}, to: {}, rel: null } };

/** Who and where a save came from. Holds no client's data; the vendor's real one has addresses and places. */
const SYSTEM = { client: 'API client', ip_address: '127.0.0.1', location: 'Sandbox', latitude: 0, longitude: 0 };
export const metadataOf = (custom: object): { readonly system: object; readonly custom: object } => ({ system: SYSTEM, custom });
