/** Human agents of the three sandbox desks, each working through the desk's own API, and what each desk shows, in one shape. */
import type { SandboxDesk } from '../../src/sandbox/index.ts';

type Json = Record<string, unknown>;

/** What all three desks can change in a ticket, in words that all of them know. */
export interface Changes {
  readonly subject?: string;
  readonly status?: 'open' | 'pending';
  readonly priority?: 'low' | 'urgent';
}

export interface Human {
  readonly service: string;
  /** Creates a ticket and returns its id there. */
  create(subject: string): Promise<string>;
  update(id: string, changes: Changes): Promise<void>;
  comment(id: string, text: string, visible: 'public' | 'private'): Promise<void>;
  remove(id: string): Promise<void>;
}

/** A ticket as a desk shows it, in unified words. */
export interface Shown {
  readonly id: string;
  readonly subject: string;
  readonly status: string;
  readonly priority: string;
  readonly comments: readonly { readonly text: string; readonly public: boolean }[];
}

interface Dialect {
  headers(human: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  human(call: Call, headers: Readonly<Record<string, string>>, credentials: Readonly<Record<string, string>>): Omit<Human, 'service'>;
  /** Null for a ticket in the trash. */
  show(ticket: Json): Shown | null;
}

type Call = (method: string, path: string, body?: object, headers?: Readonly<Record<string, string>>) => Promise<Json>;

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const texts = (ticket: Json): readonly Json[] => ticket['comments'] as readonly Json[];

const zendesk: Dialect = {
  headers: ({ email, token }) => ({ authorization: basic(`${email}/token:${token}`) }),
  human: (call, headers) => ({
    async create(subject) {
      const { ticket } = await call('POST', '/api/v2/tickets', { ticket: { subject, comment: { body: `About ${subject}` } } }, headers);
      return String((ticket as Json)['id']);
    },
    async update(id, changes) {
      await call('PUT', `/api/v2/tickets/${id}`, { ticket: changes }, headers);
    },
    async comment(id, text, visible) {
      await call('PUT', `/api/v2/tickets/${id}`, { ticket: { comment: { body: text, public: visible === 'public' } } }, headers);
    },
    async remove(id) {
      await call('DELETE', `/api/v2/tickets/${id}`, undefined, headers);
    },
  }),
  show: (ticket) =>
    ticket['status'] === 'deleted'
      ? null
      : {
          id: String(ticket['id']),
          subject: String(ticket['subject']),
          status: ticket['status'] === 'new' ? 'open' : String(ticket['status']),
          priority: String(ticket['priority']),
          comments: texts(ticket)
            .slice(1)
            .map((comment) => ({ text: String(comment['plain_body']), public: comment['public'] === true })),
        },
};

const FRESHDESK_STATUS = ['', '', 'open', 'pending', 'resolved', 'closed'];
const FRESHDESK_PRIORITY = ['', 'low', 'normal', 'high', 'urgent'];

const freshdesk: Dialect = {
  headers: ({ key }) => ({ authorization: basic(`${key}:X`) }),
  human: (call, headers) => ({
    async create(subject) {
      const draft = { subject, description: `About ${subject}`, email: 'cora@example.com', status: 2, priority: 1 };
      return String((await call('POST', '/api/v2/tickets', draft, headers))['id']);
    },
    async update(id, { status, priority, ...rest }) {
      const changes = {
        ...rest,
        ...(status === undefined ? {} : { status: FRESHDESK_STATUS.indexOf(status) }),
        ...(priority === undefined ? {} : { priority: FRESHDESK_PRIORITY.indexOf(priority) }),
      };
      await call('PUT', `/api/v2/tickets/${id}`, changes, headers);
    },
    async comment(id, text, visible) {
      await call('POST', `/api/v2/tickets/${id}/notes`, { body: `<p>${text}</p>`, private: visible === 'private' }, headers);
    },
    async remove(id) {
      await call('DELETE', `/api/v2/tickets/${id}`, undefined, headers);
    },
  }),
  show: (ticket) =>
    ticket['deleted'] === true
      ? null
      : {
          id: String(ticket['id']),
          subject: String(ticket['subject']),
          status: FRESHDESK_STATUS[Number(ticket['status'])] ?? '',
          priority: FRESHDESK_PRIORITY[Number(ticket['priority'])] ?? '',
          comments: texts(ticket).map((comment) => ({ text: String(comment['body_text']), public: comment['private'] === false })),
        },
};

const TICKETS = '/helpdesk/api/v1/tickets';

const helpdesk: Dialect = {
  headers: ({ key, workspace }) => ({ authorization: `Bearer ${key}`, 'x-workspace-id': String(workspace) }),
  human: (call, headers, { session_token: session }) => ({
    async create(subject) {
      const { ticket } = await call('POST', TICKETS, { ticket: { subject, requesterEmail: 'cora@example.com', status: 'open' } }, headers);
      return String((ticket as Json)['id']);
    },
    async update(id, changes) {
      await call('PUT', `${TICKETS}/${id}`, { ticket: changes }, headers);
    },
    async comment(id, text, visible) {
      const message = { ticket_id: id, type: visible === 'public' ? 'response' : 'note', content: `<p>${text}</p>` };
      await call('POST', '/helpdesk/api/messages', message, { authorization: `Bearer ${session}` });
    },
    async remove(id) {
      await call('DELETE', `${TICKETS}/${id}`, undefined, headers);
    },
  }),
  show: (ticket) => ({
    id: String(ticket['id']),
    subject: String(ticket['subject']),
    status: ticket['status'] === 'new' ? 'open' : String(ticket['status']),
    priority: String(ticket['priority']),
    comments: texts(ticket).map((message) => ({ text: String(message['textContent']), public: message['type'] !== 'note' })),
  }),
};

const DIALECTS: Readonly<Record<string, Dialect>> = { zendesk, freshdesk, helpdesk };

function dialectOf(service: string): Dialect {
  const dialect = DIALECTS[service];
  if (dialect === undefined) throw new Error(`nobody here speaks ${service}`);
  return dialect;
}

/** A person's call that must succeed. */
function caller(url: string): Call {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${url}${path} was answered ${response.status}: ${text.slice(0, 300)}`);
    return text === '' ? {} : (JSON.parse(text) as Json);
  };
}

export function humanOf({ service, url, human }: SandboxDesk): Human {
  const { headers, human: work } = dialectOf(service);
  return { service, ...work(caller(url), headers(human), human) };
}

/** The living tickets of a desk. */
export function shownBy(desk: SandboxDesk): readonly Shown[] {
  const { show } = dialectOf(desk.service);
  return (desk.state() as { tickets: readonly Json[] }).tickets.flatMap((ticket) => show(ticket) ?? []);
}
