/** A human agent at work on each desk, through that desk's own API and nothing of ours. */
import got, { type Got, type Headers } from 'got';
import type { SandboxDesk } from '../../sandbox/index.ts';
import { HELPDESK_DESCRIPTION } from './views.ts';

export interface NewTicket {
  readonly subject: string;
  readonly description: string;
  readonly priority: 'low' | 'normal' | 'high' | 'urgent';
  readonly tags: readonly string[];
  readonly customer: { readonly name: string; readonly email: string };
}

export interface Edit {
  readonly status?: 'open' | 'pending' | 'resolved';
  readonly assignee?: string;
  /** Put to those that are there. */
  readonly tag?: string;
}

export interface Agent {
  open(ticket: NewTicket): Promise<void>;
  comment(id: string, comment: { readonly text: string; readonly public: boolean }): Promise<void>;
  edit(id: string, edit: Edit): Promise<void>;
  remove(id: string): Promise<void>;
}

/** The desk's id of one of its people. */
export type IdOf = (email: string) => string;

type Hire = (desk: SandboxDesk, idOf: IdOf, signal: AbortSignal) => Agent;

const ZENDESK_STATUS = { open: 'open', pending: 'pending', resolved: 'solved' } as const;
const FRESHDESK_STATUS = { open: 2, pending: 3, resolved: 4 } as const;
const FRESHDESK_PRIORITY = { low: 1, normal: 2, high: 3, urgent: 4 } as const;

const paragraph = (text: string): string => `<p>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</p>`;

function clientOf(prefixUrl: string, headers: Headers, signal: AbortSignal): Got {
  return got.extend({ prefixUrl, headers, signal, timeout: { request: 10_000 }, retry: { limit: 0 } });
}

/** The headers with which that desk knows its human agent; the Helpdesk's messages ask for a second one. */
function headersOf({ service, human }: Pick<SandboxDesk, 'service' | 'human'>): Readonly<Record<string, string>> {
  const basic = (text: string): Readonly<Record<string, string>> => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  switch (service) {
    case 'zendesk':
      return basic(`${human['email'] ?? ''}/token:${human['token'] ?? ''}`);
    case 'freshdesk':
      return basic(`${human['key'] ?? ''}:X`);
    default:
      return { 'x-api-key': human['key'] ?? '', 'x-workspace-id': human['workspace'] ?? '' };
  }
}

const HIRES: Readonly<Record<string, Hire>> = {
  zendesk(desk, _idOf, signal) {
    const api = clientOf(`${desk.url}/api/v2`, headersOf(desk), signal);
    return {
      async open({ subject, description, priority, tags, customer }) {
        await api.post('tickets.json', { json: { ticket: { subject, comment: { body: description }, priority, tags, requester: customer } } });
      },
      async comment(id, { text, public: open }) {
        await api.put(`tickets/${id}.json`, { json: { ticket: { comment: { body: text, public: open } } } });
      },
      async edit(id, { status, assignee, tag }) {
        const ticket = { ...(status && { status: ZENDESK_STATUS[status] }), ...(assignee && { assignee_email: assignee }) };
        if (Object.keys(ticket).length > 0) await api.put(`tickets/${id}.json`, { json: { ticket } });
        if (tag !== undefined) await api.put(`tickets/${id}/tags.json`, { json: { tags: [tag] } });
      },
      async remove(id) {
        await api.delete(`tickets/${id}.json`);
      },
    };
  },
  freshdesk(desk, idOf, signal) {
    const api = clientOf(`${desk.url}/api/v2`, headersOf(desk), signal);
    return {
      async open({ subject, description, priority, tags, customer }) {
        const json = { subject, description: paragraph(description), priority: FRESHDESK_PRIORITY[priority], status: 2, tags, ...customer };
        await api.post('tickets', { json });
      },
      async comment(id, { text, public: open }) {
        if (open) await api.post(`tickets/${id}/reply`, { json: { body: paragraph(text) } });
        else await api.post(`tickets/${id}/notes`, { json: { body: paragraph(text), private: true } });
      },
      async edit(id, { status, assignee, tag }) {
        const tags = tag === undefined ? null : [...(await api(`tickets/${id}`).json<{ readonly tags: readonly string[] }>()).tags, tag];
        const json = { ...(status && { status: FRESHDESK_STATUS[status] }), ...(assignee && { responder_id: Number(idOf(assignee)) }), ...(tags && { tags }) };
        await api.put(`tickets/${id}`, { json });
      },
      async remove(id) {
        await api.delete(`tickets/${id}`);
      },
    };
  },
  helpdesk(desk, idOf, signal) {
    const api = clientOf(`${desk.url}/helpdesk/api/v1`, headersOf(desk), signal);
    const messages = clientOf(`${desk.url}/helpdesk/api`, { authorization: `Bearer ${desk.human['session_token'] ?? ''}` }, signal);
    return {
      async open({ subject, description, priority, tags, customer }) {
        const customFields = [{ id: HELPDESK_DESCRIPTION, value: description }];
        const ticket = { subject, priority, tags, requesterEmail: customer.email, requesterName: customer.name, customFields };
        await api.post('tickets', { json: { ticket } });
      },
      async comment(id, { text, public: open }) {
        const json = { ticket_id: id, type: open ? 'response' : 'note', content: paragraph(text), text_content: text };
        await messages.post('messages', { json });
      },
      async edit(id, { status, assignee, tag }) {
        const now = tag === undefined ? null : (await api(`tickets/${id}`).json<{ readonly ticket: { readonly tags: readonly string[] } }>()).ticket;
        const ticket = { ...(status && { status }), ...(assignee && { assigneeId: idOf(assignee) }), ...(now && { tags: [...now.tags, tag] }) };
        await api.put(`tickets/${id}`, { json: { ticket } });
      },
      async remove(id) {
        await api.delete(`tickets/${id}`);
      },
    };
  },
};

export function hireAgent(desk: SandboxDesk, idOf: IdOf, signal: AbortSignal): Agent {
  const hire = HIRES[desk.service];
  if (hire === undefined) throw new Error(`the demo has nobody who can work on ${desk.service}`);
  return hire(desk, idOf, signal);
}

/** How a person opens a ticket at that desk from another terminal. */
export function commandFor(desk: SandboxDesk): string {
  const headers = Object.entries({ ...headersOf(desk), 'content-type': 'application/json' }).map(([name, value]) => `-H '${name}: ${value}'`);
  const [path, body] =
    desk.service === 'zendesk'
      ? ['/api/v2/tickets', { ticket: { subject: 'My own', comment: { body: 'Hello' }, priority: 'normal', requester: { name: 'Me', email: 'me@example.net' } } }]
      : desk.service === 'freshdesk'
        ? ['/api/v2/tickets', { subject: 'My own', description: 'Hello', priority: 2, status: 2, name: 'Me', email: 'me@example.net' }]
        : ['/helpdesk/api/v1/tickets', { ticket: { subject: 'My own', requesterName: 'Me', requesterEmail: 'me@example.net' } }];
  return `curl ${desk.url}${path} ${headers.join(' ')} -d '${JSON.stringify(body)}'`;
}
