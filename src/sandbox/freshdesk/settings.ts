/** The desk's switches. */
import type { Rules } from './reading.ts';

export type Plan = 'trial' | 'growth' | 'pro' | 'enterprise';

export type Settings = Rules & {
  /** The vendor's limits of a plan, calls of its own kinds included; null: `rate_limit` alone. */
  plan: Plan | null;
  /** Calls a minute for the whole account; null for no limit. */
  rate_limit: number | null;
  /** How far the search index is behind. */
  search_lag_ms: number;
  /** Milliseconds before each retry of a webhook; null for the vendor's own (5, 30 and 60 minutes). */
  webhook_retry_ms: number[] | null;
  /** The rule's advanced content, with `{{placeholders}}`; null for simple content. */
  webhook_content: string | null;
  /** Milliseconds after which the SLA policy fills in due dates; null: there is no policy. */
  sla_fill_ms: number | null;
  /** How long a file's pre-signed link is good for. */
  link_expires_ms: number;
  /** All files of a ticket together. */
  attachment_limit_bytes: number;
  required_fields: string[];
  required_for_closure: string[];
  multiple_companies: boolean;
  /** Closed tickets go to the archive after 120 idle days; false: the plan has none. */
  archive: boolean;
  /** A key may write in another agent's name. */
  assume_identity: boolean;
};

export const defaultSettings = (): Settings => ({
  plan: null,
  rate_limit: 100_000,
  search_lag_ms: 0,
  webhook_retry_ms: null,
  webhook_content: null,
  sla_fill_ms: null,
  link_expires_ms: 86_400_000,
  attachment_limit_bytes: 20 * 1024 * 1024,
  required_fields: [],
  required_for_closure: [],
  multiple_companies: true,
  archive: true,
  assume_identity: false,
});

const NAMES = { type: 'array', items: { type: 'string', minLength: 1 } };
const SPAN = { type: 'integer', minimum: 0 };

export const settingsSchema: Readonly<Record<keyof Settings, object>> = {
  plan: { enum: [null, 'trial', 'growth', 'pro', 'enterprise'] },
  rate_limit: { type: ['integer', 'null'], minimum: 1 },
  search_lag_ms: SPAN,
  webhook_retry_ms: { type: ['array', 'null'], items: SPAN },
  webhook_content: { type: ['string', 'null'] },
  sla_fill_ms: { type: ['integer', 'null'], minimum: 0 },
  link_expires_ms: { type: 'integer', minimum: 1000 },
  attachment_limit_bytes: { type: 'integer', minimum: 1 },
  required_fields: NAMES,
  required_for_closure: NAMES,
  multiple_companies: { type: 'boolean' },
  archive: { type: 'boolean' },
  assume_identity: { type: 'boolean' },
};

/** Calls that have a limit of their own within the account's. */
export type Kind = 'ticket_create' | 'ticket_update' | 'tickets_list' | 'contacts_list';

/** The vendor's table of January 2026, calls a minute. */
export const PLANS: Readonly<Record<Plan, { readonly account: number } & Readonly<Partial<Record<Kind, number>>>>> = {
  trial: { account: 50 },
  growth: { account: 200, ticket_create: 80, ticket_update: 80, tickets_list: 20, contacts_list: 20 },
  pro: { account: 400, ticket_create: 160, ticket_update: 160, tickets_list: 100, contacts_list: 100 },
  enterprise: { account: 700, ticket_create: 280, ticket_update: 280, tickets_list: 200, contacts_list: 200 },
};
