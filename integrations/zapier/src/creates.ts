/** Actions: tickets and comments of any connected desk, created and changed. */
import type { Bundle, ZObject } from 'zapier-platform-core';

type Input = Readonly<Record<string, unknown>>;

interface Field {
  readonly key: string;
  readonly label: string;
  readonly type: 'string' | 'text' | 'integer' | 'boolean' | 'datetime';
  readonly required?: boolean;
  readonly helpText?: string;
  readonly choices?: readonly string[];
  readonly dynamic?: string;
  readonly list?: boolean;
  readonly default?: string;
}

const ACCOUNT: Field = { key: 'account', label: 'Account', type: 'integer', required: true, dynamic: 'account.id.name', helpText: 'The desk on which this is done.' };
const TICKET: Field = { key: 'ticket_id', label: 'Ticket ID', type: 'string', required: true, helpText: 'The `id` of the ticket on that desk, such as ticket_NjQ2MTUz.' };
const COMMENT: Field = { key: 'comment_id', label: 'Comment ID', type: 'string', required: true, helpText: 'The `id` of the comment on that desk.' };
const KEY: Field = {
  key: 'idempotency_key',
  label: 'Only once for',
  type: 'string',
  helpText: 'Map the ID of the event that triggered this Zap: a step that is replayed, or whose answer was lost, then writes nothing twice.',
};

const TICKET_FIELDS: readonly Field[] = [
  { key: 'status', label: 'Status', type: 'string', choices: ['open', 'pending', 'resolved', 'closed'] },
  { key: 'priority', label: 'Priority', type: 'string', choices: ['low', 'normal', 'high', 'urgent'] },
  { key: 'ticket_type', label: 'Type', type: 'string', helpText: 'In the desk’s own words.' },
  { key: 'tags', label: 'Tags', type: 'string', list: true, helpText: 'All of its tags.' },
  { key: 'due_at', label: 'Due', type: 'datetime' },
  { key: 'requester_email', label: 'Requester’s e-mail', type: 'string' },
  { key: 'requester_name', label: 'Requester’s name', type: 'string', helpText: 'Used with the e-mail only.' },
  { key: 'assignee_email', label: 'Assignee’s e-mail', type: 'string' },
];

const SUBJECT: Field = { key: 'subject', label: 'Subject', type: 'string' };
const DESCRIPTION: Field = { key: 'description', label: 'Description', type: 'text', helpText: 'HTML.' };
const CONTENT: Field = { key: 'content', label: 'Comment', type: 'text', required: true, helpText: 'HTML.' };
const PUBLIC: Field = { key: 'public', label: 'Public?', type: 'boolean', helpText: 'Whether the customer sees it.' };

const SAMPLE_TICKET = { id: 'ticket_NjQ2MTUz', subject: 'The printer is on fire', status: 'open', priority: 'high', warnings: [] };
const SAMPLE_COMMENT = { id: 'comment_OTg3NjU', content: '<p>Water is on its way.</p>', public: true, warnings: [] };

function ticketsOf({ account }: Input): string {
  return `/v1/accounts/${encodeURIComponent(String(account))}/helpdesk/tickets`;
}

function ticketOf(input: Input): string {
  return `${ticketsOf(input)}/${encodeURIComponent(String(input['ticket_id']))}`;
}

/** What was filled in, as the API wants it; what was left empty is left out. */
function ticketBody(input: Input): object {
  const { requester_email: requester, requester_name: name, assignee_email: assignee } = input;
  const plain = ['subject', 'description', 'status', 'priority', 'ticket_type', 'tags', 'due_at'].filter((key) => isGiven(input[key]));
  return {
    ...Object.fromEntries(plain.map((key) => [key, input[key]])),
    ...(isGiven(requester) ? { requester: { email: requester, ...(isGiven(name) ? { name } : {}) } } : {}),
    ...(isGiven(assignee) ? { assignee: { email: assignee } } : {}),
  };
}

function commentBody({ content, public: open }: Input): object {
  return { ...(isGiven(content) ? { content } : {}), ...(isGiven(open) ? { public: open } : {}) };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
}

/** Each action has keys of its own, so that one event may cause several. */
function keyHeader(action: string, { idempotency_key: key, account, ticket_id: ticket }: Input, z: ZObject): Readonly<Record<string, string>> {
  return isGiven(key) ? { 'Idempotency-Key': z.hash('sha256', JSON.stringify([action, account, ticket ?? null, key])) } : {};
}

interface Action {
  readonly key: string;
  readonly noun: string;
  readonly label: string;
  readonly description: string;
  readonly method: 'POST' | 'PATCH';
  readonly fields: readonly Field[];
  readonly path: (input: Input) => string;
  readonly body: (input: Input) => object;
  readonly sample: object;
}

const ACTIONS: readonly Action[] = [
  {
    key: 'create_ticket', noun: 'Ticket', label: 'Create Ticket', description: 'Creates a ticket on a desk.', method: 'POST', path: ticketsOf, body: ticketBody, sample: SAMPLE_TICKET,
    fields: [ACCOUNT, { ...SUBJECT, required: true }, { ...DESCRIPTION, required: true }, ...TICKET_FIELDS, KEY],
  },
  {
    key: 'update_ticket', noun: 'Ticket', label: 'Update Ticket', description: 'Changes a ticket on a desk.', method: 'PATCH', path: ticketOf, body: ticketBody, sample: SAMPLE_TICKET,
    fields: [ACCOUNT, TICKET, SUBJECT, DESCRIPTION, ...TICKET_FIELDS],
  },
  {
    key: 'create_comment', noun: 'Comment', label: 'Create Comment', description: 'Writes a comment on a ticket.', method: 'POST', path: (input) => `${ticketOf(input)}/comments`, body: commentBody, sample: SAMPLE_COMMENT,
    fields: [ACCOUNT, TICKET, CONTENT, { ...PUBLIC, required: true }, KEY],
  },
  {
    key: 'update_comment', noun: 'Comment', label: 'Update Comment', description: 'Changes a comment, on a desk that can.', method: 'PATCH', body: commentBody, sample: SAMPLE_COMMENT,
    path: (input) => `${ticketOf(input)}/comments/${encodeURIComponent(String(input['comment_id']))}`,
    fields: [ACCOUNT, TICKET, COMMENT, { ...CONTENT, required: false }, PUBLIC],
  },
];

export const creates = ACTIONS.map(({ key, noun, label, description, method, fields, path, body, sample }) => ({
  key,
  noun,
  display: { label, description },
  operation: {
    inputFields: fields,
    async perform(z: ZObject, bundle: Bundle): Promise<object> {
      const input = bundle.inputData;
      const headers = method === 'POST' ? keyHeader(key, input, z) : {};
      const response = await z.request<object>({ method, url: path(input), headers, body: body(input) });
      return response.data;
    },
    sample,
  },
}));
