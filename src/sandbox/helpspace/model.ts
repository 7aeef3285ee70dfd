/** What the fake HelpSpace keeps, in the words of its answers. Ids are whole numbers, as in the vendor's examples. */
import { createFiles, type Files } from '../kit/files.ts';

/** An address that somebody writes from; several may belong to one user. */
export interface Contact {
  readonly id: number;
  readonly user_id: number;
  readonly name: string;
  readonly value: string;
  readonly type: 'email';
}

export interface Agent {
  readonly id: number;
  readonly name: string;
  readonly email: string;
}

export interface Team {
  readonly id: number;
  readonly name: string;
  readonly members: readonly number[];
}

export interface Channel {
  readonly id: number;
  readonly name: string;
  readonly value: string;
  readonly type: string;
}

export interface Tag {
  readonly id: number;
  readonly name: string;
  readonly slug: string;
  readonly color: string;
  readonly type: string;
}

export interface Customer {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly more: Readonly<Record<string, string | null>>;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Organization {
  readonly id: number;
  readonly name: string;
  readonly domain: string | null;
  readonly note: string | null;
  readonly tags: readonly number[];
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Media {
  readonly id: number;
  readonly name: string;
  readonly mime_type: string;
  readonly size: number;
}

export interface Message {
  readonly id: number;
  readonly type: string;
  readonly from_contact: Contact;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly subject: string;
  readonly body: string;
  readonly attachments: readonly Media[];
  readonly inline_images: readonly Media[];
  readonly created_at: string;
  /** Whether the desk sent it to its recipients: for the state, never in an answer. */
  readonly mailed: boolean;
}

export interface Ticket {
  readonly id: number;
  subject: string;
  channel: Channel;
  from_contact: Contact;
  status: string;
  assignee: Agent | null;
  team: Team | null;
  readonly creator: Agent;
  tags: readonly Tag[];
  custom_fields: Readonly<Record<string, unknown>>;
  last_contact: string;
  created_at: string;
  updated_at: string;
  deleted_at: string | null;
  readonly messages: Message[];
  /** When a search begins to see it (epoch milliseconds). */
  readonly searchable: number;
}

/** The agents are the same people on every desk; the third has the id of the vendor's own example. */
export const AGENTS: readonly Agent[] = [
  { id: 1, name: 'Deskmesh Bot', email: 'bot@example.com' },
  { id: 2, name: 'Ann Agent', email: 'ann@example.com' },
  { id: 3, name: 'Ben Agent', email: 'ben@example.com' },
];
export const TEAMS: readonly Team[] = [
  { id: 1, name: 'Support', members: [1, 2, 3] },
  { id: 2, name: 'Billing', members: [2] },
];
export const CHANNELS: readonly Channel[] = [
  { id: 1, name: 'Support', value: 'support@your-domain.com', type: 'email' },
  { id: 2, name: 'Sales', value: 'sales@your-domain.com', type: 'email' },
];
const FIRST_TAGS: readonly Tag[] = [
  { id: 1, name: 'Question', slug: 'question', color: '#1477EA', type: 'tickets' },
  { id: 2, name: 'Bug', slug: 'bug', color: '#EE4E4E', type: 'all' },
  { id: 3, name: 'Spam', slug: 'spam', color: '#777777', type: 'ticket' },
  { id: 4, name: 'vip', slug: 'vip', color: '#14EA77', type: 'all' },
  { id: 5, name: 'hardware', slug: 'hardware', color: '#EA7714', type: 'tickets' },
  { id: 6, name: 'Handbook', slug: 'handbook', color: '#EA1477', type: 'docs' },
];

export type FieldType = 'text' | 'number' | 'boolean' | 'dropdown' | 'multiselect';
/** Custom fields of tickets; no call of the vendor's API tells of them. */
export const CUSTOM_FIELDS: Readonly<Record<string, { readonly type: FieldType; readonly options?: readonly string[] }>> = {
  order_number: { type: 'text' },
  seats: { type: 'number' },
  contract: { type: 'boolean' },
  plan: { type: 'dropdown', options: ['Free', 'Pro', 'Enterprise'] },
  platforms: { type: 'multiselect', options: ['web', 'ios', 'android'] },
};

/** Both spellings of the second one are taken. */
export const STATUSES: readonly string[] = ['open', 'escaleted', 'waiting', 'closed', 'spam', 'unassigned'];
export const TICKET_TAG_TYPES: readonly string[] = ['all', 'ticket', 'tickets'];

export interface Store {
  /** In the order of creation; what was purged is gone. */
  readonly tickets: Map<number, Ticket>;
  /** By lower-case address. */
  readonly contacts: Map<string, Contact>;
  readonly customers: Map<number, Customer>;
  readonly organizations: Map<number, Organization>;
  readonly tags: Map<number, Tag>;
  readonly attachments: Files;
  readonly inline: Files;
  /** Mails to customers and notices to agents that the desk would have sent. */
  readonly sent: { mails: number; notices: number };
  removeTicket(ticket: Ticket): void;
  reset(): void;
}

const FIRST_CONTACT = 500;

export function createStore(): Store {
  const store: Store = {
    tickets: new Map(),
    contacts: new Map(),
    customers: new Map(),
    organizations: new Map(),
    tags: new Map(),
    attachments: createFiles(4_001),
    inline: createFiles(7_001),
    sent: { mails: 0, notices: 0 },
    removeTicket(ticket) {
      store.tickets.delete(ticket.id);
      for (const { attachments, inline_images: inline } of ticket.messages) {
        for (const { id } of attachments) store.attachments.remove(id);
        for (const { id } of inline) store.inline.remove(id);
      }
    },
    reset() {
      for (const map of [store.tickets, store.contacts, store.customers, store.organizations, store.tags]) map.clear();
      store.attachments.clear();
      store.inline.clear();
      Object.assign(store.sent, { mails: 0, notices: 0 });
      for (const tag of FIRST_TAGS) store.tags.set(tag.id, tag);
      for (const { id, name, email } of AGENTS) store.contacts.set(email, { id: FIRST_CONTACT + id, user_id: id, name, value: email, type: 'email' });
    },
  };
  store.reset();
  return store;
}

/** `2021-09-10T23:06:50+00:00`, as the vendor writes times. */
export const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}+00:00`;

export const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
