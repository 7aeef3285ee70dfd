/** What the fake Zendesk keeps: people, tickets, comments, fields and webhooks, as the Support API v2 shows them. */
import type { Clock } from '../kit/clock.ts';

export interface User {
  readonly id: number;
  name: string;
  email: string | null;
  external_id: string | null;
  readonly role: 'admin' | 'agent' | 'end-user';
  readonly created_at: string;
  updated_at: string;
}

export interface Comment {
  readonly id: number;
  readonly type: 'Comment';
  readonly author_id: number;
  readonly body: string;
  readonly html_body: string;
  readonly plain_body: string;
  public: boolean;
  readonly attachments: readonly never[];
  readonly audit_id: number;
  readonly via: object;
  readonly created_at: string;
  readonly metadata: { readonly system: object; readonly custom: object };
}

export type Status = 'new' | 'open' | 'pending' | 'hold' | 'solved' | 'closed';
export type Priority = 'low' | 'normal' | 'high' | 'urgent';
export type TicketType = 'problem' | 'incident' | 'question' | 'task';

/** The fields that a save can change; everything else follows from the save itself. */
export interface Fields {
  subject: string | null;
  status: Status;
  priority: Priority | null;
  type: TicketType | null;
  due_at: string | null;
  tags: readonly string[];
  custom: ReadonlyMap<number, unknown>;
  requester_id: number;
  assignee_id: number | null;
  group_id: number | null;
  external_id: string | null;
}

export interface Ticket extends Fields {
  readonly id: number;
  readonly submitter_id: number;
  readonly created_at: string;
  updated_at: string;
  /** Unix seconds of the last change of any kind; what the incremental export compares. */
  generated: number;
  /** Grows with every touch, over all tickets. */
  sequence: number;
  readonly comments: Comment[];
  deletion: { readonly at: string; readonly by: number } | null;
}

export interface TicketField {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly required: boolean;
  readonly removable: boolean;
  readonly options?: readonly { readonly id: number; readonly name: string; readonly value: string }[];
}

export const STATUSES: readonly string[] = ['new', 'open', 'pending', 'hold', 'solved', 'closed'];
export const PRIORITIES: readonly string[] = ['low', 'normal', 'high', 'urgent'];
export const TYPES: readonly string[] = ['problem', 'incident', 'question', 'task'];

export const ACCOUNT_ID = 22129848;
export const GROUP_ID = 8447388071518;
export const BRAND_ID = 8447346621310;
export const FORM_ID = 8447346623486;

/** Each status category has one active custom status, as on an account that has not made any of its own. */
export const CUSTOM_STATUS: Readonly<Record<Status, number>> = {
  new: 8447346635518,
  open: 8447346636030,
  pending: 8447346636542,
  hold: 8447346637054,
  solved: 8447346637566,
  closed: 8447346637566,
};

export const TOKEN_BOT = 'sandbox-zendesk-bot-token';
export const TOKEN_HUMAN = 'sandbox-zendesk-human-token';

const BORN = '2024-01-08T09:00:00Z';
/** The agents of the account; the mailboxes of Ann and Ben are the same on every desk, so that assignees can be matched. */
export const AGENTS: readonly User[] = [
  { id: 8447388090494, name: 'Deskmesh Bot', email: 'bot@example.com', external_id: null, role: 'admin', created_at: BORN, updated_at: BORN },
  { id: 8447388091006, name: 'Ann Agent', email: 'ann@example.com', external_id: null, role: 'agent', created_at: BORN, updated_at: BORN },
  { id: 8447388091518, name: 'Ben Agent', email: 'ben@example.com', external_id: null, role: 'agent', created_at: BORN, updated_at: BORN },
];

const systemField = (id: number, type: string, title: string): TicketField => ({ id, type, title, required: type === 'subject' || type === 'description', removable: false });
export const SYSTEM_FIELDS: readonly TicketField[] = [
  systemField(8447346600001, 'subject', 'Subject'),
  systemField(8447346600002, 'description', 'Description'),
  systemField(8447346600003, 'status', 'Status'),
  systemField(8447346600004, 'tickettype', 'Type'),
  systemField(8447346600005, 'priority', 'Priority'),
  systemField(8447346600006, 'group', 'Group'),
  systemField(8447346600007, 'assignee', 'Assignee'),
];

const option = (id: number, name: string): { id: number; name: string; value: string } => ({ id, name, value: name.toLowerCase() });
export const CUSTOM_FIELDS: readonly TicketField[] = [
  { id: 8447346600101, type: 'text', title: 'Reference', required: false, removable: true },
  { id: 8447346600102, type: 'tagger', title: 'Plan', required: false, removable: true, options: [option(8447346600201, 'Free'), option(8447346600202, 'Pro'), option(8447346600203, 'Enterprise')] },
  { id: 8447346600103, type: 'checkbox', title: 'Escalated', required: false, removable: true },
  { id: 8447346600104, type: 'integer', title: 'Order number', required: false, removable: true },
];

/** Where a change came from, for the bodies that tell. */
export const VIA_API = { channel: 'api', source: { from: {}, to: {}, rel: null } };

export interface Store {
  readonly users: Map<number, User>;
  readonly usersByEmail: Map<string, User>;
  /** Live and soft-deleted ones, in the order of their ids. */
  readonly tickets: Map<number, Ticket>;
  /** The same tickets in the order of their last touch. */
  readonly touched: Map<number, Ticket>;
  readonly byExternalId: Map<string, Set<Ticket>>;
  addUser(user: User): void;
  /** Marks a change: the ticket becomes the newest of all. */
  touch(ticket: Ticket, at: string): void;
  setExternalId(ticket: Ticket, externalId: string | null): void;
  /** Gone for good. */
  remove(ticket: Ticket): void;
  reset(): void;
}

export function createStore(clock: Clock): Store {
  let sequence = 0;
  const store: Store = {
    users: new Map(),
    usersByEmail: new Map(),
    tickets: new Map(),
    touched: new Map(),
    byExternalId: new Map(),
    addUser(user) {
      store.users.set(user.id, user);
      if (user.email !== null) store.usersByEmail.set(user.email.toLowerCase(), user);
    },
    touch(ticket, at) {
      sequence += 1;
      ticket.sequence = sequence;
      ticket.updated_at = at;
      ticket.generated = Math.floor(clock.now() / 1000);
      store.tickets.set(ticket.id, ticket);
      store.touched.delete(ticket.id);
      store.touched.set(ticket.id, ticket);
    },
    setExternalId(ticket, externalId) {
      if (ticket.external_id !== null) store.byExternalId.get(ticket.external_id)?.delete(ticket);
      ticket.external_id = externalId;
      if (externalId === null) return;
      const tickets = store.byExternalId.get(externalId);
      if (tickets) tickets.add(ticket);
      else store.byExternalId.set(externalId, new Set([ticket]));
    },
    remove(ticket) {
      store.setExternalId(ticket, null);
      store.tickets.delete(ticket.id);
      store.touched.delete(ticket.id);
    },
    reset() {
      store.users.clear();
      store.usersByEmail.clear();
      store.tickets.clear();
      store.touched.clear();
      store.byExternalId.clear();
      for (const agent of AGENTS) store.addUser({ ...agent });
    },
  };
  store.reset();
  return store;
}
