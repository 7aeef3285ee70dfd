/** How the sandbox's Freshdesk account is set up: its statuses, fields, agents, groups and companies. Made up, but as an account might be. */
import type { Agent, Company, Group } from './model.ts';

/** Two custom statuses, as many accounts have them: they have no counterpart elsewhere. */
export const STATUS_LABELS: Readonly<Record<number, string>> = {
  2: 'Open', 3: 'Pending', 4: 'Resolved', 5: 'Closed', 6: 'Waiting on Customer', 7: 'Waiting on Third Party',
};
export const CUSTOMER_LABELS: Readonly<Record<string, string>> = {
  2: 'Being Processed', 3: 'Awaiting your Reply', 4: 'This ticket has been Resolved', 5: 'This ticket has been Closed',
};
/** While a ticket has one of these its SLA clock stands still, and due dates are refused (seen on live accounts). */
export const PAUSED_STATUSES: ReadonlySet<number> = new Set([3, 6, 7]);
export const PRIORITY_LABELS: Readonly<Record<number, string>> = { 1: 'Low', 2: 'Medium', 3: 'High', 4: 'Urgent' };
export const SOURCE_LABELS: Readonly<Record<number, string>> = { 1: 'Email', 2: 'Portal', 3: 'Phone', 7: 'Chat', 9: 'Feedback Widget', 10: 'Outbound Email' };
export const TICKET_TYPES: readonly string[] = ['Question', 'Incident', 'Problem', 'Feature Request', 'Refund'];
/** Minutes from creation to resolution by priority, as a default SLA policy has them; the first response is due in half of it. */
export const SLA_MINUTES: Readonly<Record<number, number>> = { 1: 4_320, 2: 2_880, 3: 1_440, 4: 240 };

export interface CustomField {
  readonly name: string;
  readonly label: string;
  readonly type:
    | 'custom_text' | 'custom_paragraph' | 'custom_checkbox' | 'custom_number' | 'custom_decimal' | 'custom_date' | 'custom_dropdown' | 'nested_field';
  readonly choices?: readonly string[];
  /** Of a dependent field: what each parent's value allows, level by level. */
  readonly tree?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /** Of a dependent field: the names of its second and third level. */
  readonly levels?: readonly [string, string];
  /** Shown only while the ticket has this type. */
  readonly section?: string;
}

export const CUSTOM_FIELDS: readonly CustomField[] = [
  { name: 'cf_ref', label: 'Reference', type: 'custom_text' },
  { name: 'cf_details', label: 'Details', type: 'custom_paragraph' },
  { name: 'cf_plan', label: 'Plan', type: 'custom_dropdown', choices: ['Free', 'Pro', 'Enterprise'] },
  { name: 'cf_escalated', label: 'Escalated', type: 'custom_checkbox' },
  { name: 'cf_order', label: 'Order number', type: 'custom_number' },
  { name: 'cf_amount', label: 'Amount', type: 'custom_decimal' },
  { name: 'cf_promised', label: 'Promised for', type: 'custom_date' },
  {
    name: 'cf_product', label: 'Product', type: 'nested_field', levels: ['cf_model', 'cf_part'],
    tree: { Printer: { 'P-100': ['Drum', 'Tray'], 'P-200': ['Drum'] }, Scanner: { 'S-1': [] } },
  },
  { name: 'cf_impact', label: 'Impact', type: 'custom_dropdown', choices: ['One person', 'A team', 'Everybody'], section: 'Incident' },
];

/** Every name under which a custom field is written, dependent ones too. */
export const CUSTOM_NAMES: readonly string[] = CUSTOM_FIELDS.flatMap(({ name, levels }) => [name, ...(levels ?? [])]);

const BORN = '2024-01-08T09:00:00Z';

export const SUPPORT: Group = { id: 1070000441221, name: 'Support', description: 'First line', agent_ids: [1070040306628, 1070040306629, 1070040306630], created_at: BORN };
export const BILLING: Group = { id: 1070000441222, name: 'Billing', description: 'Invoices', agent_ids: [1070040306629], created_at: BORN };
export const GROUPS: readonly Group[] = [SUPPORT, BILLING];

const agent = (id: number, name: string, email: string, admin: boolean): Agent => ({
  id, name, email, other_emails: [], phone: null, mobile: null, unique_external_id: null, company_id: null, state: 'verified', created_at: BORN, updated_at: BORN,
  agent: { admin, ticket_scope: 1 },
});
/** The mailboxes of Ann and Ben are the same on every desk, so that assignees can be matched. The bot is the account's administrator. */
export const AGENTS: readonly Agent[] = [
  agent(1070040306628, 'Deskmesh Bot', 'bot@example.com', true),
  agent(1070040306629, 'Ann Agent', 'ann@example.com', false),
  agent(1070040306630, 'Ben Agent', 'ben@example.com', false),
];

export const COMPANIES: readonly Company[] = [
  { id: 1070000512801, name: 'Acme', domains: ['acme.example'], description: null, note: null, created_at: BORN, updated_at: BORN },
  { id: 1070000512802, name: 'Globex', domains: ['globex.example'], description: 'Power plants', note: null, created_at: BORN, updated_at: BORN },
];

export const KEY_BOT = 'sandbox-freshdesk-bot-key';
export const KEY_HUMAN = 'sandbox-freshdesk-human-key';
export const SUPPORT_EMAIL = 'support@sandbox.example';
