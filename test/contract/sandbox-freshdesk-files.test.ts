/** The fake Freshdesk takes files, keeps their bytes, and hands them out by links that have nothing to do with the key. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, basic, clientOf, list, type Answer, type Client } from './sandbox-support.ts';

let desk: SandboxDesk;
let bot: Client;

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['freshdesk'] })) as [SandboxDesk];
  bot = clientOf(desk.url, basic(`${String(desk.credentials['key'])}:X`));
});
afterEach(() => desk.reset());
afterAll(() => desk.close());

type Parts = readonly (readonly [string, string | Blob, string?])[];

const BYTES = new Uint8Array(Array.from({ length: 300 }, (_, i) => i % 256));
const TICKET: Parts = [['subject', 'Printer'], ['description', 'On fire'], ['status', '2'], ['priority', '1'], ['email', 'cora@example.com']];

async function send(method: string, path: string, parts: Parts): Promise<Answer> {
  const form = new FormData();
  for (const [name, value, filename] of parts) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, filename ?? 'file.bin');
  }
  const response = await fetch(desk.url + path, { method, headers: basic(`${String(desk.credentials['key'])}:X`), body: form });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}
const blob = (bytes: Uint8Array<ArrayBuffer> = BYTES, type = 'application/octet-stream'): Blob => new Blob([bytes], { type });
const setting = (settings: object): Promise<Answer> => bot.call('POST', '/__sandbox/settings', settings);

describe('forms', () => {
  test('carry lists, custom fields, numbers and flags as text', async () => {
    const answer = await send('POST', '/api/v2/tickets', [
      ...TICKET, ['tags[]', 'a'], ['tags[]', 'b'], ['cc_emails[]', 'x@example.com'], ['custom_fields[cf_order]', '12'], ['custom_fields[cf_escalated]', 'true'], ['custom_fields[cf_ref]', '7'],
    ]);
    expect([answer.status, answer.body]).toMatchObject([201, { status: 2, tags: ['a', 'b'], cc_emails: ['x@example.com'], custom_fields: { cf_order: 12, cf_escalated: true, cf_ref: '7' } }]);
    const id = String(at(answer.body, 'id'));
    const note = await send('POST', `/api/v2/tickets/${id}/notes`, [['body', 'Seen'], ['private', 'false']]);
    expect(note.body).toMatchObject({ private: false });
    expect((await send('POST', `/api/v2/tickets/${id}/notes`, [['body', 'x'], ['private', 'maybe']])).body).toMatchObject({ errors: [{ field: 'private', code: 'datatype_mismatch' }] });
  });

  test('what is no file is told as live accounts tell it', async () => {
    expect((await send('POST', '/api/v2/tickets', [...TICKET, ['attachments[]', 'text']])).body).toMatchObject({ errors: [{ field: 'attachments', message: 'It should contain elements of type valid file format only', code: 'datatype_mismatch' }] });
    expect((await send('POST', '/api/v2/tickets', [...TICKET, ['attachments', blob()]])).body).toMatchObject({ errors: [{ field: 'attachments', code: 'datatype_mismatch' }] });
    const json = { subject: 's', description: 'd', status: 2, priority: 1, email: 'c@example.com', attachments: ['x'] };
    expect((await bot.call('POST', '/api/v2/tickets', json)).body).toMatchObject({ errors: [{ field: 'attachments', code: 'datatype_mismatch' }] });
  });

  test('a broken form is an error of the body', async () => {
    const answer = await bot.call('POST', '/api/v2/tickets', 'no form at all', { 'content-type': 'multipart/form-data; boundary=x' });
    expect([answer.status, at(answer.body, 'code')]).toEqual([400, 'invalid_json']);
  });
});

describe('files', () => {
  const created = async (): Promise<unknown> => (await send('POST', '/api/v2/tickets', [...TICKET, ['attachments[]', blob(BYTES, 'image/png'), 'отчёт 1.png']])).body;

  test('come back byte for byte by a link that takes no credentials', async () => {
    const ticket = await created();
    const attachment = at(ticket, 'attachments', 0);
    expect(attachment).toMatchObject({ name: 'отчёт 1.png', content_type: 'image/png', file_size: 300, created_at: expect.stringMatching(/\+05:30$/) });
    const link = String(at(attachment, 'attachment_url'));
    const bare = await fetch(link);
    expect([bare.status, bare.headers.get('content-type'), new Uint8Array(await bare.arrayBuffer())]).toEqual([200, 'image/png', BYTES]);
    const signed = await fetch(link, { headers: basic(`${String(desk.credentials['key'])}:X`) });
    expect([signed.status, await signed.text()]).toEqual([400, expect.stringContaining('<Code>InvalidArgument</Code>')]);
    expect((await fetch(link.replace('Signature=', 'Signature=x'))).status).toBe(403);
    // Neither is in the list's rows.
    expect(at((await bot.call('GET', '/api/v2/tickets')).body, 0)).not.toHaveProperty('attachments');
  });

  test('a link expires, and the ticket then shows a new one', async () => {
    await setting({ link_expires_ms: 60_000 });
    const ticket = await created();
    const link = String(at(ticket, 'attachments', 0, 'attachment_url'));
    await setting({ clock_offset_ms: 61_000 });
    const late = await fetch(link);
    expect([late.status, await late.text()]).toEqual([403, expect.stringContaining('Request has expired')]);
    const fresh = (await bot.call('GET', `/api/v2/tickets/${String(at(ticket, 'id'))}`)).body;
    expect((await fetch(String(at(fresh, 'attachments', 0, 'attachment_url')))).status).toBe(200);
  });

  test('replies tell their size under another key than notes do', async () => {
    const path = `/api/v2/tickets/${String(at(await created(), 'id'))}`;
    const reply = await send('POST', `${path}/reply`, [['body', 'x'], ['attachments[]', blob()]]);
    const note = await send('POST', `${path}/notes`, [['body', 'x'], ['attachments[]', blob()], ['attachments[]', blob(), 'again.bin']]);
    expect(at(reply.body, 'attachments', 0)).toMatchObject({ size: 300 });
    expect(at(note.body, 'attachments', 1)).toMatchObject({ file_size: 300, name: 'again.bin' });
    const edited = await send('PUT', `/api/v2/conversations/${String(at(note.body, 'id'))}`, [['body', 'y'], ['attachments[]', blob()]]);
    expect(list(edited.body, 'attachments')).toHaveLength(3);
  });

  test('all files of a ticket and its conversations share one limit', async () => {
    await setting({ attachment_limit_bytes: 700 });
    const path = `/api/v2/tickets/${String(at(await created(), 'id'))}`;
    expect((await send('POST', `${path}/notes`, [['body', 'x'], ['attachments[]', blob()]])).status).toBe(201);
    const over = await send('POST', `${path}/notes`, [['body', 'x'], ['attachments[]', blob()]]);
    expect([over.status, over.body]).toMatchObject([400, { errors: [{ field: 'attachments', message: expect.stringContaining('Total attachment(s) size is') }] }]);
    expect(list((await bot.call('GET', `${path}/conversations`)).body)).toHaveLength(1);
  });

  test('one is deleted by its id', async () => {
    const ticket = await created();
    const id = String(at(ticket, 'attachments', 0, 'id'));
    expect((await bot.call('DELETE', `/api/v2/attachments/${id}`)).status).toBe(204);
    expect((await bot.call('DELETE', `/api/v2/attachments/${id}`)).status).toBe(404);
    expect(at((await bot.call('GET', `/api/v2/tickets/${String(at(ticket, 'id'))}`)).body, 'attachments')).toEqual([]);
  });

  test('an image in a text is shown by a token link that leads on to the file; one written as data is taken out', async () => {
    const image = (await send('POST', '/api/_/attachments', [['attachments[]', blob(BYTES, 'image/png'), 'pig.png']])).body;
    const url = String(at(image, 'attachment_url'));
    expect(url).toMatch(/\/inline\/attachment\?token=[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(new Uint8Array(await (await fetch(url)).arrayBuffer())).toEqual(BYTES);
    const html = `<p>See <img src="${url}" class="inline-image"><img src="data:image/png;base64,AAAA"></p>`;
    const ticket = (await bot.call('POST', '/api/v2/tickets', { subject: 's', description: html, status: 2, priority: 1, email: 'c@example.com' })).body;
    expect(at(ticket, 'description')).toBe(`<p>See <img src="${url}" class="inline-image"></p>`);
    expect(at(ticket, 'attachments')).toEqual([]);
  });
});
