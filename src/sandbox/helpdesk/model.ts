/** What the fake Helpdesk keeps: tickets, messages, users and fields, in the camelCase of its answers. */
import { createIds } from '../kit/clock.ts';

export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: 'viewer' | 'agent' | 'admin';
}

export interface CustomFieldValue {
  readonly id: string;
  readonly value: unknown;
}

export interface Ticket {
  readonly id: string;
  subject: string;
  status: string;
  priority: string;
  type: string;
  assigneeId: string | null;
  requesterEmail: string | null;
  requesterName: string | null;
  tags: readonly string[];
  customFields: readonly CustomFieldValue[];
  readonly createdAt: string;
  updatedAt: string;
}

export interface Message {
  readonly id: string;
  readonly ticketId: string;
  readonly type: 'request' | 'response' | 'note';
  readonly content: string;
  readonly textContent: string;
  readonly authorId: string;
  readonly attachments: readonly MessageFile[];
  readonly ccs: readonly { readonly email: string; readonly name: string | null }[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The vendor names `token`, `name` and `size`; the rest is an assumption. */
export interface MessageFile {
  readonly token: string;
  readonly name: string;
  readonly size: number;
  readonly contentType: string;
  readonly url: string;
}

export const STATUSES: readonly string[] = ['new', 'open', 'pending', 'resolved', 'closed'];
export const PRIORITIES: readonly string[] = ['low', 'normal', 'high', 'urgent'];
export const TYPES: readonly string[] = ['question', 'incident', 'problem', 'task'];
export const MESSAGE_TYPES: readonly string[] = ['request', 'response', 'note'];

export const WORKSPACE = 'ws_sandbox';

/** The agents; the mailboxes of Ann and Ben are the same on every desk. Their ids are those of the vendor's own examples. */
export const USERS: readonly User[] = [
  { id: 'usr_bot000', name: 'Deskmesh Bot', email: 'bot@example.com', role: 'admin' },
  { id: 'usr_abc123', name: 'Ann Agent', email: 'ann@example.com', role: 'agent' },
  { id: 'usr_xyz789', name: 'Ben Agent', email: 'ben@example.com', role: 'agent' },
  { id: 'usr_vic456', name: 'Vic Viewer', email: 'vic@example.com', role: 'viewer' },
];

/** The session of a signed-in user, in the form of a JWT; nobody but this desk reads it. */
export const sessionOf = (user: string): string =>
  [{ alg: 'HS256', typ: 'JWT' }, { sub: user, workspace: WORKSPACE }, `sandbox signature of ${user}`]
    .map((part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url'))
    .join('.');

export type Level = 'read' | 'write' | 'admin';
export const LEVELS: readonly Level[] = ['read', 'write', 'admin'];

/** API keys with their level and the user behind them. */
export const KEYS: Readonly<Record<string, { readonly level: Level; readonly user: string }>> = {
  aclou_5a6db0c5e1b04be5: { level: 'admin', user: 'usr_bot000' },
  aclou_5a6db0c5a99e0001: { level: 'write', user: 'usr_abc123' },
  aclou_5a6db0c5bee0bead: { level: 'read', user: 'usr_xyz789' },
};
export const SESSIONS: Readonly<Record<string, string>> = Object.fromEntries(USERS.map(({ id }) => [sessionOf(id), id]));

/** Grows with time, so ids sort by age and never come back. */
export function createNames(): (prefix: string) => string {
  const next = createIds(50);
  return (prefix) => `${prefix}_${next().toString(36)}`;
}

export interface Store {
  /** In the order of creation. */
  readonly tickets: Map<string, Ticket>;
  /** The same tickets in the order of their last change. */
  readonly touched: Map<string, Ticket>;
  readonly messages: Map<string, Message>;
  readonly byTicket: Map<string, Message[]>;
  /** Ids of the messages that were mailed to the customer. */
  readonly mailed: Set<string>;
  touch(ticket: Ticket, at: string): void;
  remove(ticket: Ticket): void;
  clear(): void;
}

export function createStore(): Store {
  const store: Store = {
    tickets: new Map(),
    touched: new Map(),
    messages: new Map(),
    byTicket: new Map(),
    mailed: new Set(),
    touch(ticket, at) {
      ticket.updatedAt = at;
      store.tickets.set(ticket.id, ticket);
      store.touched.delete(ticket.id);
      store.touched.set(ticket.id, ticket);
    },
    remove(ticket) {
      store.tickets.delete(ticket.id);
      store.touched.delete(ticket.id);
      for (const { id } of store.byTicket.get(ticket.id) ?? []) store.messages.delete(id);
      store.byTicket.delete(ticket.id);
    },
    clear() {
      for (const part of [store.tickets, store.touched, store.messages, store.byTicket, store.mailed]) part.clear();
    },
  };
  return store;
}
