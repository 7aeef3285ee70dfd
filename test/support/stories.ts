/** One rich ticket, told by a person to each sandbox desk in the desk's own words: as much of it as that desk has a place for. */
import type { SandboxDesk } from '../../src/sandbox/index.ts';

export interface Story {
  readonly subject: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly assignee: string;
  readonly requester: string;
  readonly serial: string;
  readonly file: { readonly name: string; readonly text: string };
  readonly said: string;
  readonly whispered: string;
}

type Json = Record<string, unknown>;
type Headers = Readonly<Record<string, string>>;

/** Where each desk keeps the custom field of the story: the account's id for it. */
export const SERIAL: Readonly<Record<string, string>> = {
  zendesk: '8447346600101',
  freshdesk: 'cf_ref',
  helpdesk: 'cf_ref',
  helpspace: 'order_number',
  'zendesk-classic': '144',
};

/** Parts of the story that a desk's people have no way to say. */
export const UNSAID: Readonly<Record<string, readonly string[]>> = { helpdesk: ['file'], helpspace: ['priority'] };

export async function tell(desk: SandboxDesk, story: Story): Promise<void> {
  const teller = TELLERS[desk.service];
  if (teller === undefined) throw new Error(`nobody tells stories to ${desk.service}`);
  await teller(desk, story);
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const JSON_TYPE = { 'content-type': 'application/json' };

async function call(desk: SandboxDesk, method: string, path: string, headers: Headers, body?: string | FormData | Uint8Array): Promise<Response> {
  const response = await fetch(desk.url + path, { method, headers: { ...headers, 'x-sandbox-calm': '1' }, ...(body === undefined ? {} : { body: body as string }) });
  if (!response.ok) throw new Error(`${method} ${desk.service}${path} was answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
  return response;
}

const json = async (response: Response): Promise<Json> => (await response.json()) as Json;
const idIn = (value: unknown): string => String((value as Json)['id']);

const TELLERS: Readonly<Record<string, (desk: SandboxDesk, story: Story) => Promise<void>>> = {
  async zendesk(desk, { subject, description, tags, requester, serial, file, said, whispered }) {
    const { email, token } = desk.human;
    const headers = { ...JSON_TYPE, authorization: basic(`${email}/token:${token}`) };
    const uploaded = await json(await call(desk, 'POST', `/api/v2/uploads?filename=${file.name}`, { ...headers, 'content-type': 'text/plain' }, file.text));
    const ticket = {
      subject,
      comment: { html_body: `<p>${description}</p>`, uploads: [(uploaded['upload'] as Json)['token']] },
      requester: { name: 'Cora Customer', email: requester },
      priority: 'high',
      tags,
      assignee_id: 8447388091518,
      custom_fields: [{ id: Number(SERIAL['zendesk']), value: serial }],
    };
    const made = await json(await call(desk, 'POST', '/api/v2/tickets', headers, JSON.stringify({ ticket })));
    for (const [text, open] of [[said, true], [whispered, false]] as const) {
      await call(desk, 'PUT', `/api/v2/tickets/${idIn(made['ticket'])}`, headers, JSON.stringify({ ticket: { comment: { html_body: `<p>${text}</p>`, public: open } } }));
    }
  },

  async freshdesk(desk, { subject, description, tags, requester, serial, file, said, whispered }) {
    const authorization = basic(`${desk.human['key']}:X`);
    const form = new FormData();
    const parts: [string, string][] = [
      ['subject', subject], ['description', `<p>${description}</p>`], ['email', requester], ['status', '2'], ['priority', '3'],
      ['responder_id', '1070040306630'], [`custom_fields[${SERIAL['freshdesk']}]`, serial], ...tags.map((tag): [string, string] => ['tags[]', tag]),
    ];
    for (const [name, value] of parts) form.append(name, value);
    form.append('attachments[]', new Blob([file.text], { type: 'text/plain' }), file.name);
    const id = idIn(await json(await call(desk, 'POST', '/api/v2/tickets', { authorization }, form)));
    for (const [text, hidden] of [[said, false], [whispered, true]] as const) {
      await call(desk, 'POST', `/api/v2/tickets/${id}/notes`, { ...JSON_TYPE, authorization }, JSON.stringify({ body: `<p>${text}</p>`, private: hidden }));
    }
  },

  async helpdesk(desk, { subject, description, tags, requester, serial, said, whispered }) {
    const { key, workspace, session_token: session } = desk.human;
    const headers = { ...JSON_TYPE, authorization: `Bearer ${key}`, 'x-workspace-id': String(workspace) };
    const ticket = {
      subject, tags, priority: 'high', status: 'open', assigneeId: 'usr_xyz789', requesterEmail: requester, requesterName: 'Cora Customer',
      customFields: [{ id: SERIAL['helpdesk'], value: serial }, { id: 'cf_description', value: description }],
    };
    const made = await json(await call(desk, 'POST', '/helpdesk/api/v1/tickets', headers, JSON.stringify({ ticket })));
    for (const [text, type] of [[said, 'response'], [whispered, 'note']] as const) {
      const message = { ticket_id: idIn(made['ticket']), type, content: `<p>${text}</p>` };
      await call(desk, 'POST', '/helpdesk/api/messages', { ...JSON_TYPE, authorization: `Bearer ${session}` }, JSON.stringify(message));
    }
  },

  async helpspace(desk, { subject, description, tags, assignee, requester, serial, file, said, whispered }) {
    const { token, client_id: client } = desk.human;
    const headers = { ...JSON_TYPE, authorization: `Bearer ${token}`, 'hs-client-id': String(client) };
    const ticket = {
      subject, tags, channel: { id: 1 }, from_contact: { email: requester, name: 'Cora Customer' }, assignee: { email: assignee }, custom_fields: { [String(SERIAL['helpspace'])]: serial },
      message: { body: `<p>${description}</p>`, attachments: [{ name: file.name, mime_type: 'text/plain', data: Buffer.from(file.text).toString('base64') }] },
    };
    const made = await json(await call(desk, 'POST', '/api/v1/tickets', headers, JSON.stringify(ticket)));
    for (const [text, type] of [[said, 'external'], [whispered, 'internal']] as const) {
      const message = { type, subject, body: `<p>${text}</p>`, from_contact: { email: 'ann@example.com' } };
      await call(desk, 'POST', `/api/v1/tickets/${idIn(made['data'])}/messages`, headers, JSON.stringify(message));
    }
  },

  async 'zendesk-classic'(desk, { subject, description, tags, requester, serial, file, said, whispered }) {
    const { email, token, password } = desk.human;
    const headers = { 'content-type': 'application/xml', authorization: basic(token === undefined ? `${email}:${password}` : `${email}/token:${token}`) };
    const uploaded = await (await call(desk, 'POST', `/uploads.xml?filename=${file.name}`, { ...headers, 'content-type': 'text/plain' }, file.text)).text();
    const upload = /token="([^"]+)"/.exec(uploaded)?.[1] ?? '';
    const entry = `<ticket-field-entries type="array"><ticket-field-entry><ticket-field-id>${SERIAL['zendesk-classic']}</ticket-field-id><value>${serial}</value></ticket-field-entry></ticket-field-entries>`;
    const body = `<ticket><subject>${subject}</subject><description>${description}</description><requester-name>Cora Customer</requester-name><requester-email>${requester}</requester-email><priority-id>3</priority-id><assignee-id>${BEN_CLASSIC}</assignee-id><set-tags>${tags.join(' ')}</set-tags><uploads>${upload}</uploads>${entry}</ticket>`;
    const made = await call(desk, 'POST', '/tickets.xml', headers, body);
    const id = /(\d+)\.xml/.exec(made.headers.get('location') ?? '')?.[1] ?? '';
    for (const [text, open] of [[said, true], [whispered, false]] as const) {
      await call(desk, 'PUT', `/tickets/${id}.xml`, headers, `<comment><is-public>${open}</is-public><value>${text}</value></comment>`);
    }
  },
};

const BEN_CLASSIC = 5;
