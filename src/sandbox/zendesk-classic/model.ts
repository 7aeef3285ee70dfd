/** What the fake classic Zendesk keeps: people, tickets, comments and what its owner has set up. */
import type { StoredFile } from '../kit/files.ts';

export interface User {
  readonly id: number;
  name: string;
  email: string | null;
  twitter: string | null;
  /** 0 end user, 2 administrator, 4 agent. */
  readonly role: 0 | 2 | 4;
  readonly organization_id: number | null;
  readonly password: string | null;
  readonly created_at: string;
}

export interface Comment {
  readonly author_id: number;
  readonly created_at: string;
  readonly is_public: boolean;
  readonly value: string;
  readonly via_id: number;
  readonly attachments: readonly StoredFile[];
}

export interface Ticket {
  readonly id: number;
  subject: string;
  description: string;
  status_id: number;
  priority_id: number;
  ticket_type_id: number;
  requester_id: number;
  readonly submitter_id: number;
  assignee_id: number | null;
  group_id: number | null;
  external_id: string | null;
  tags: readonly string[];
  readonly fields: Map<number, string>;
  readonly comments: Comment[];
  readonly via_id: number;
  readonly created_at: string;
  updated_at: string;
  assigned_at: string | null;
  assignee_updated_at: string | null;
  requester_updated_at: string | null;
  status_updated_at: string;
  /** Grows with every touch, over all tickets. */
  sequence: number;
}

export interface CustomField {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly options?: readonly { readonly id: number; readonly name: string; readonly value: string }[];
}

/** Vias of the vendor's table. */
export const VIA = { webForm: 0, webService: 5, twitterMention: 30 } as const;
export const STATUSES = { new: 0, open: 1, pending: 2, solved: 3, closed: 4 } as const;

/** API tokens are the account's, and go with any of its users. */
export const TOKEN_BOT = 'sandbox-classic-bot-token';
export const TOKEN_HUMAN = 'sandbox-classic-human-token';
const BORN = '2010-03-01T09:00:00Z';
const person = (id: number, name: string, email: string, role: User['role'], password: string): User => ({
  id, name, email, twitter: null, role, organization_id: null, password, created_at: BORN,
});

/** With it any address signs in that is no agent's: as the end user of that address, who is made if need be. */
export const CUSTOMER_PASSWORD = 'sandbox-classic-customer-password';

/** Ann and Ben work on every sandbox desk. */
export const PEOPLE: readonly User[] = [
  person(3, 'Deskmesh Bot', 'bot@example.com', 2, 'sandbox-classic-bot-password'),
  person(4, 'Ann Agent', 'ann@example.com', 4, 'sandbox-classic-human-password'),
  person(5, 'Ben Agent', 'ben@example.com', 4, 'sandbox-classic-ben-password'),
];

export const GROUPS: readonly { readonly id: number; readonly name: string; readonly members: readonly number[] }[] = [
  { id: 21, name: 'Support', members: [3, 4, 5] },
  { id: 22, name: 'Sales', members: [5] },
];

/** Users belong to the organization of their address. */
export const ORGANIZATIONS: readonly { readonly id: number; readonly name: string; readonly domain: string }[] = [{ id: 71, name: 'Customer Inc.', domain: 'customer.example' }];
export const organizationOf = (email: string | null): number | null => ORGANIZATIONS.find(({ domain }) => email?.toLowerCase().endsWith(`@${domain}`))?.id ?? null;

export const CUSTOM_FIELDS: readonly CustomField[] = [
  { id: 139, type: 'FieldText', title: 'How to reach you' },
  { id: 141, type: 'FieldCheckbox', title: 'Escalated' },
  { id: 142, type: 'FieldInteger', title: 'Order number' },
  { id: 143, type: 'FieldDecimal', title: 'Amount' },
  { id: 144, type: 'FieldTextarea', title: 'Notes' },
  {
    id: 514,
    type: 'FieldTagger',
    title: 'Plan',
    options: [
      { id: 601, name: 'Free plan', value: 'plan_free' },
      { id: 602, name: 'Pro plan', value: 'plan_pro' },
    ],
  },
];

export const HANDLES: readonly { readonly id: number; readonly twitter_user_id: number; readonly screen_name: string }[] = [
  { id: 2, twitter_user_id: 151356708, screen_name: '@zendesk' },
  { id: 3, twitter_user_id: 429822864, screen_name: '@zendeskops' },
];

export interface Store {
  readonly users: Map<number, User>;
  readonly tickets: Map<number, Ticket>;
  byEmail(email: string): User | undefined;
  touch(ticket: Ticket, at: string): void;
  reset(): void;
}

export function createStore(): Store {
  let sequence = 0;
  const emails = new Map<string, User>();
  const users = new Map<number, User>();
  const tickets = new Map<number, Ticket>();
  const store: Store = {
    users,
    tickets,
    byEmail(email) {
      const wanted = email.toLowerCase();
      const known = emails.get(wanted);
      if (known?.email?.toLowerCase() === wanted) return known;
      const found = [...users.values()].find((user) => user.email?.toLowerCase() === wanted);
      if (found !== undefined) emails.set(wanted, found);
      return found;
    },
    touch(ticket, at) {
      sequence += 1;
      ticket.sequence = sequence;
      ticket.updated_at = at;
      tickets.set(ticket.id, ticket);
    },
    reset() {
      users.clear();
      emails.clear();
      tickets.clear();
      for (const one of PEOPLE) users.set(one.id, { ...one });
    },
  };
  store.reset();
  return store;
}
