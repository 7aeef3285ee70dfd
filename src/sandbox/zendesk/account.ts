/** The account as it is after a reset: its agents, groups, fields and statuses. */
import type { CustomStatus, FieldOption, Group, Organization, Role, Status, TicketField, User } from './model.ts';

export const ACCOUNT_ID = 22129848;
const GROUP_ID = 8447388071518;
export const BRAND_ID = 8447346621310;
export const FORM_ID = 8447346623486;

export const TOKEN_BOT = 'sandbox-zendesk-bot-token';
export const TOKEN_HUMAN = 'sandbox-zendesk-human-token';
/** An OAuth client with the first pair of tokens that it was given, both of the bot. */
export const OAUTH = {
  client_id: 'deskmesh_sandbox',
  client_secret: 'sandbox-zendesk-client-secret',
  access_token: 'sandbox-zendesk-access-token',
  refresh_token: 'sandbox-zendesk-refresh-token',
} as const;

export const BORN = '2024-01-08T09:00:00Z';

export function newUser(id: number, name: string, email: string | null, role: Role, at: string): User {
  return {
    id, name, email, aliases: [], external_id: null, role, role_type: role === 'admin' ? 4 : role === 'agent' ? 0 : null, suspended: false, active: true,
    organization_id: null, phone: null, details: '', notes: '', tags: [], created_at: at, updated_at: at,
  };
}

/** The mailboxes of Ann and Ben are the same on every desk, so that assignees can be matched. */
export const BOT_EMAIL = 'bot@example.com';
export const HUMAN_EMAIL = 'ann@example.com';

export const firstUsers = (): User[] => [
  newUser(8447388090494, 'Deskmesh Bot', BOT_EMAIL, 'admin', BORN),
  newUser(8447388091006, 'Ann Agent', HUMAN_EMAIL, 'agent', BORN),
  newUser(8447388091518, 'Ben Agent', 'ben@example.com', 'agent', BORN),
];

export const firstGroups = (): Group[] => {
  const group = (id: number, name: string, isDefault: boolean, members: readonly number[]): Group => ({
    id, name, description: '', default: isDefault, deleted: false, members: new Set(members), created_at: BORN, updated_at: BORN,
  });
  return [
    group(GROUP_ID, 'Support', true, [8447388090494, 8447388091006, 8447388091518]),
    group(8447388072030, 'Field service', false, [8447388090494, 8447388091006]),
  ];
};

export const firstOrganizations = (): Organization[] => [
  {
    id: 8447388080222, name: 'Example Works', external_id: null, domain_names: ['works.example'], details: '', notes: '', tags: [],
    created_at: BORN, updated_at: BORN,
  },
];

const field = (id: number, type: string, title: string, more: Partial<TicketField> = {}): TicketField => ({
  id, type, title, description: '', required: false, active: true, removable: true, regexp: null, tag: null, options: null, ...more,
});
const systemField = (id: number, type: string, title: string): TicketField =>
  field(id, type, title, { required: type === 'subject' || type === 'description', removable: false });
const option = (id: number, name: string): FieldOption => ({ id, name, value: name.toLowerCase().replace(/\s+/g, '_') });

export const DESCRIPTION_FIELD_ID = 8447346600002;

export const firstFields = (): TicketField[] => [
  systemField(8447346600001, 'subject', 'Subject'),
  systemField(DESCRIPTION_FIELD_ID, 'description', 'Description'),
  systemField(8447346600003, 'status', 'Status'),
  systemField(8447346600004, 'tickettype', 'Type'),
  systemField(8447346600005, 'priority', 'Priority'),
  systemField(8447346600006, 'group', 'Group'),
  systemField(8447346600007, 'assignee', 'Assignee'),
  systemField(8447346600008, 'custom_status', 'Ticket status'),
  field(8447346600101, 'text', 'Reference'),
  field(8447346600102, 'tagger', 'Plan', { options: [option(8447346600201, 'Free'), option(8447346600202, 'Pro'), option(8447346600203, 'Enterprise')] }),
  field(8447346600103, 'checkbox', 'Escalated'),
  field(8447346600104, 'integer', 'Order number'),
  field(8447346600105, 'decimal', 'Weight'),
  field(8447346600106, 'date', 'Promised for'),
  field(8447346600107, 'multiselect', 'Affected rooms', { options: [option(8447346600211, 'Kitchen'), option(8447346600212, 'Hall'), option(8447346600213, 'Cold Store')] }),
  field(8447346600108, 'textarea', 'Findings'),
  field(8447346600109, 'regexp', 'Serial', { regexp: '\\A[A-Z]{2}\\d{4}\\z' }),
];

const DEFAULTS: readonly (readonly [number, Status, string])[] = [
  [8447346635518, 'new', 'New'],
  [8447346636030, 'open', 'Open'],
  [8447346636542, 'pending', 'Pending'],
  [8447346637054, 'hold', 'On-hold'],
  [8447346637566, 'solved', 'Solved'],
];

/** Each category has its default, and one of them a status that the account made for itself. */
export const firstStatuses = (): CustomStatus[] => [
  ...DEFAULTS.map(([id, category, label]): CustomStatus => ({
    id, category, agent_label: label, end_user_label: label, description: '', active: true, default: true, created_at: BORN, updated_at: BORN,
  })),
  {
    id: 8447346638078, category: 'pending', agent_label: 'Waiting for parts', end_user_label: 'In progress', description: '', active: true, default: false,
    created_at: BORN, updated_at: BORN,
  },
];
