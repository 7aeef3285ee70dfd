/** What the fake Freshdesk keeps: tickets, conversations, contacts, agents and fields, as API v2 shows them. */
import type { Json } from '../kit/desk.ts';

export interface Person {
  readonly id: number;
  name: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly mobile: string | null;
  readonly unique_external_id: string | null;
  readonly agent: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Conversation {
  readonly id: number;
  readonly kind: 'reply' | 'note';
  body: string;
  readonly private: boolean;
  readonly incoming: boolean;
  readonly user_id: number;
  readonly ccs: readonly string[];
  readonly notified: readonly string[];
  readonly created_at: string;
  updated_at: string;
  last_edited_at: string | null;
  last_edited_user_id: number | null;
}

/** What a write can set. */
export interface Fields {
  subject: string;
  description: string;
  status: number;
  priority: number;
  type: string | null;
  responder_id: number | null;
  group_id: number | null;
  requester_id: number;
  tags: readonly string[];
  custom_fields: Json;
  due_by: string | null;
  fr_due_by: string | null;
  source: number;
  cc_emails: readonly string[];
}

export interface Ticket extends Fields {
  readonly id: number;
  readonly created_at: string;
  updated_at: string;
  /** Grows with every change, over all tickets. */
  sequence: number;
  deleted: boolean;
  readonly conversations: Conversation[];
  readonly stats: Record<
    'agent_responded_at' | 'requester_responded_at' | 'first_responded_at' | 'status_updated_at' | 'reopened_at' | 'resolved_at' | 'closed_at' | 'pending_since',
    string | null
  >;
}

/** Two custom statuses, as many accounts have them: they have no counterpart elsewhere. */
export const STATUS_LABELS: Readonly<Record<number, string>> = {
  2: 'Open', 3: 'Pending', 4: 'Resolved', 5: 'Closed', 6: 'Waiting on Customer', 7: 'Waiting on Third Party',
};
export const PRIORITY_LABELS: Readonly<Record<number, string>> = { 1: 'Low', 2: 'Medium', 3: 'High', 4: 'Urgent' };
export const SOURCE_LABELS: Readonly<Record<number, string>> = { 1: 'Email', 2: 'Portal', 3: 'Phone', 7: 'Chat', 9: 'Feedback Widget', 10: 'Outbound Email' };
export const TICKET_TYPES: readonly string[] = ['Question', 'Incident', 'Problem', 'Feature Request', 'Refund'];

export interface CustomField {
  readonly name: string;
  readonly label: string;
  readonly type: 'custom_text' | 'custom_paragraph' | 'custom_checkbox' | 'custom_number' | 'custom_date' | 'custom_dropdown';
  readonly choices?: readonly string[];
}
export const CUSTOM_FIELDS: readonly CustomField[] = [
  { name: 'cf_ref', label: 'Reference', type: 'custom_text' },
  { name: 'cf_details', label: 'Details', type: 'custom_paragraph' },
  { name: 'cf_plan', label: 'Plan', type: 'custom_dropdown', choices: ['Free', 'Pro', 'Enterprise'] },
  { name: 'cf_escalated', label: 'Escalated', type: 'custom_checkbox' },
  { name: 'cf_order', label: 'Order number', type: 'custom_number' },
  { name: 'cf_promised', label: 'Promised for', type: 'custom_date' },
];

export const GROUP = { id: 1070000441221, name: 'Support' };
export const KEY_BOT = 'sandbox-freshdesk-bot-key';
export const KEY_HUMAN = 'sandbox-freshdesk-human-key';

const BORN = '2024-01-08T09:00:00Z';
const agent = (id: number, name: string, email: string): Person => ({
  id, name, email, phone: null, mobile: null, unique_external_id: null, agent: true, created_at: BORN, updated_at: BORN,
});
/** The agents; the mailboxes of Ann and Ben are the same on every desk, so that assignees can be matched. */
export const AGENTS: readonly Person[] = [
  agent(1070040306628, 'Deskmesh Bot', 'bot@example.com'),
  agent(1070040306629, 'Ann Agent', 'ann@example.com'),
  agent(1070040306630, 'Ben Agent', 'ben@example.com'),
];
/** Administrators; some calls are theirs alone. */
export const ADMINS: ReadonlySet<string> = new Set(['bot@example.com']);

export interface Store {
  readonly people: Map<number, Person>;
  readonly byEmail: Map<string, Person>;
  /** Live and deleted ones, in the order of their ids. */
  readonly tickets: Map<number, Ticket>;
  /** The same tickets in the order of their last change. */
  readonly touched: Map<number, Ticket>;
  readonly conversations: Map<number, { readonly ticket: Ticket; readonly conversation: Conversation }>;
  addPerson(person: Person): void;
  touch(ticket: Ticket, at: string): void;
  reset(): void;
}

export function createStore(): Store {
  let sequence = 0;
  const store: Store = {
    people: new Map(),
    byEmail: new Map(),
    tickets: new Map(),
    touched: new Map(),
    conversations: new Map(),
    addPerson(person) {
      store.people.set(person.id, person);
      if (person.email !== null) store.byEmail.set(person.email.toLowerCase(), person);
    },
    touch(ticket, at) {
      sequence += 1;
      ticket.sequence = sequence;
      ticket.updated_at = at;
      store.tickets.set(ticket.id, ticket);
      store.touched.delete(ticket.id);
      store.touched.set(ticket.id, ticket);
    },
    reset() {
      for (const map of [store.people, store.byEmail, store.tickets, store.touched, store.conversations]) map.clear();
      for (const person of AGENTS) store.addPerson({ ...person });
    },
  };
  store.reset();
  return store;
}
