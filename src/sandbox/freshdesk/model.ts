/** What the fake Freshdesk keeps: tickets, conversations, people, groups and companies. */
import type { Json } from '../kit/desk.ts';
import { AGENTS, COMPANIES, GROUPS } from './catalog.ts';

/** Contacts and agents are two collections, but one kind of user: ids and addresses are unique over both. */
export interface Person {
  readonly id: number;
  name: string;
  email: string | null;
  other_emails: readonly string[];
  phone: string | null;
  mobile: string | null;
  unique_external_id: string | null;
  company_id: number | null;
  state: 'verified' | 'unverified' | 'blocked' | 'deleted';
  readonly created_at: string;
  updated_at: string;
  agent: { readonly admin: boolean; readonly ticket_scope: number } | null;
}
export type Agent = Person & { readonly agent: NonNullable<Person['agent']> };

export interface Group {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
  readonly agent_ids: readonly number[];
  readonly created_at: string;
}

export interface Company {
  readonly id: number;
  name: string;
  domains: readonly string[];
  description: string | null;
  note: string | null;
  readonly created_at: string;
  updated_at: string;
}

/** A file by its number in the store of files, and the key under which its size is told: that differs. */
export interface Attached {
  readonly file: number;
  readonly sizeKey: 'size' | 'file_size';
}

export interface Conversation {
  readonly id: number;
  readonly kind: 'reply' | 'note' | 'forward' | 'survey';
  body: string;
  readonly private: boolean;
  readonly incoming: boolean;
  readonly user_id: number | null;
  /** The mailbox that it came from, where it came by mail. */
  readonly from_email: string | null;
  readonly to_emails: readonly string[];
  readonly cc_emails: readonly string[];
  readonly bcc_emails: readonly string[];
  /** The rule that made it; null for people's own. */
  readonly automation_id: number | null;
  readonly auto_response: boolean;
  readonly attachments: Attached[];
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
  company_id: number | null;
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
  spam: boolean;
  /** Its due dates come from the SLA policy, so they are worked out, not kept. */
  slaDates: boolean;
  /** When the policy last had reason to work them out (milliseconds). */
  slaSince: number;
  /** Agents who watch it. */
  readonly watchers: Set<number>;
  readonly attachments: Attached[];
  readonly conversations: Conversation[];
  readonly stats: Record<
    'agent_responded_at' | 'requester_responded_at' | 'first_responded_at' | 'status_updated_at' | 'reopened_at' | 'resolved_at' | 'closed_at' | 'pending_since',
    string | null
  >;
}

export interface Store {
  readonly people: Map<number, Person>;
  /** By every address that somebody has, in lower case; blocked and deleted people keep theirs. */
  readonly byEmail: Map<string, Person>;
  readonly groups: ReadonlyMap<number, Group>;
  readonly companies: Map<number, Company>;
  /** Live and deleted ones, in the order of their ids. */
  readonly tickets: Map<number, Ticket>;
  /** The same tickets in the order of their last change. */
  readonly touched: Map<number, Ticket>;
  readonly conversations: Map<number, { readonly ticket: Ticket; readonly conversation: Conversation }>;
  /** Remembers somebody, under every address. */
  keep(person: Person): void;
  /** Frees somebody's addresses: before they change, or for good. */
  release(person: Person): void;
  touch(ticket: Ticket, at: string): void;
  reset(): void;
}

/** In lower case. */
const addressesOf = ({ email, other_emails: others }: Person): readonly string[] =>
  [email, ...others].flatMap((address) => (address === null ? [] : [address.toLowerCase()]));

export function createStore(): Store {
  let sequence = 0;
  const store: Store = {
    people: new Map(),
    byEmail: new Map(),
    groups: new Map(GROUPS.map((group) => [group.id, group])),
    companies: new Map(),
    tickets: new Map(),
    touched: new Map(),
    conversations: new Map(),
    keep(person) {
      store.people.set(person.id, person);
      for (const email of addressesOf(person)) store.byEmail.set(email, person);
    },
    release(person) {
      for (const email of addressesOf(person)) store.byEmail.delete(email);
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
      for (const map of [store.people, store.byEmail, store.companies, store.tickets, store.touched, store.conversations]) map.clear();
      for (const person of AGENTS) store.keep({ ...person });
      for (const company of COMPANIES) store.companies.set(company.id, { ...company });
    },
  };
  store.reset();
  return store;
}
