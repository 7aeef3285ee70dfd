/** `GET /ticket_fields`. The built-in names differ from the ticket's keys (`ticket_type`, `agent`), and choices have four shapes. */
import type { Json, Route } from '../kit/desk.ts';
import { AGENTS, CUSTOM_FIELDS, GROUP, PRIORITY_LABELS, SOURCE_LABELS, STATUS_LABELS, TICKET_TYPES } from './model.ts';

const byLabel = (labels: Readonly<Record<number, string>>): Json => Object.fromEntries(Object.entries(labels).map(([id, label]) => [label, Number(id)]));

const CUSTOMER_LABELS: Readonly<Record<string, string>> = { '2': 'Being Processed', '3': 'Awaiting your Reply', '4': 'This ticket has been Resolved', '5': 'This ticket has been Closed' };

const field = (position: number, name: string, label: string, type: string, required: boolean, rest: Json = {}): Json => ({
  id: 1070000123450 + position,
  name,
  label,
  description: label,
  position,
  required_for_closure: false,
  required_for_agents: required,
  type,
  default: !name.startsWith('cf_'),
  customers_can_edit: true,
  label_for_customers: label,
  required_for_customers: required,
  displayed_to_customers: true,
  created_at: '2024-01-08T09:00:00Z',
  updated_at: '2024-01-08T09:00:00Z',
  ...rest,
});

const ALL: readonly Json[] = [
  field(1, 'requester', 'Search a requester', 'default_requester', true, { portal_cc: false, portal_cc_to: 'company' }),
  field(2, 'subject', 'Subject', 'default_subject', true),
  field(3, 'ticket_type', 'Type', 'default_ticket_type', false, { choices: TICKET_TYPES }),
  field(4, 'source', 'Source', 'default_source', false, { choices: byLabel(SOURCE_LABELS) }),
  field(5, 'status', 'Status', 'default_status', true, {
    choices: Object.fromEntries(Object.entries(STATUS_LABELS).map(([id, label]) => [id, [label, CUSTOMER_LABELS[id] ?? label]])),
  }),
  field(6, 'priority', 'Priority', 'default_priority', true, { choices: byLabel(PRIORITY_LABELS) }),
  field(7, 'group', 'Group', 'default_group', false, { choices: { [GROUP.name]: GROUP.id } }),
  field(8, 'agent', 'Agent', 'default_agent', false, { choices: Object.fromEntries(AGENTS.map(({ id, name }) => [name, id])) }),
  field(9, 'description', 'Description', 'default_description', true),
  ...CUSTOM_FIELDS.map(({ name, label, type, choices }, index) => field(20 + index, name, label, type, false, choices ? { choices } : {})),
];

export const fieldRoutes: readonly Route[] = [{ method: 'GET', path: '/api/v2/ticket_fields', handle: () => ({ status: 200, body: ALL }) }];
