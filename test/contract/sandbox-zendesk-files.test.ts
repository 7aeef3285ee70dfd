/** The fake Zendesk takes files, ties them to comments, hands them out and forgets them as the real one does. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, basic, list, zendeskClient, type ZendeskClient } from './sandbox-support.ts';

let desk: SandboxDesk;
let client: ZendeskClient;
let auth: Readonly<Record<string, string>>;
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['zendesk'] })) as [SandboxDesk];
  client = zendeskClient(desk);
  auth = basic(`${desk.credentials['email'] ?? ''}/token:${desk.credentials['token'] ?? ''}`);
});
afterEach(() => desk.reset());
afterAll(() => desk.close());

const upload = (name: string, type: string, bytes: Buffer, more = ''): Promise<Response> =>
  fetch(`${desk.url}/api/v2/uploads.json?filename=${encodeURIComponent(name)}${more}`, { method: 'POST', headers: { ...auth, 'content-type': type }, body: new Uint8Array(bytes) });
const uploaded = async (...given: Parameters<typeof upload>): Promise<unknown> => JSON.parse(await (await upload(...given)).text()) as unknown;
const commented = async (id: number, comment: object): Promise<unknown> => {
  await client.update(id, { comment });
  return (await client.comments(id)).at(-1);
};

describe('files', () => {
  test('an upload answers with JSON that calls itself text, and keeps every byte', async () => {
    const answer = await upload('ünï “x”.png', 'image/png', PIXEL);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([201, 'text/plain; charset=utf-8']);
    const body = JSON.parse(await answer.text()) as unknown;
    expect(at(body, 'upload', 'attachment')).toMatchObject({ file_name: 'ünï “x”.png', content_type: 'image/png', size: PIXEL.length, inline: false, deleted: false });
    const url = String(at(body, 'upload', 'attachment', 'content_url'));
    expect(url).toMatch(new RegExp(`^${desk.url}/attachments/token/[0-9a-f]{32}/\\?name=`));
    expect(Buffer.from(await (await fetch(url, { headers: auth })).arrayBuffer()).equals(PIXEL)).toBe(true);
  });

  test('private files are for those who signed in; others are handed to whoever has the address', async () => {
    const url = String(at(await uploaded('a.txt', 'text/plain', Buffer.from('hello')), 'upload', 'attachment', 'content_url'));
    expect((await fetch(url)).status).toBe(403);
    await client.bot.call('POST', '/__sandbox/settings', { private_attachments: false });
    expect(await (await fetch(url)).text()).toBe('hello');
  });

  test('one token can stand for several files; a comment uses it up, and a bare string will do', async () => {
    const first = await uploaded('a.txt', 'text/plain', Buffer.from('a'));
    const token = String(at(first, 'upload', 'token'));
    const second = await uploaded('b.txt', 'text/plain', Buffer.from('bb'), `&token=${token}`);
    expect(list(second, 'upload', 'attachments').map((one) => at(one, 'file_name'))).toEqual(['a.txt', 'b.txt']);
    const id = await client.created();
    const comment = await commented(id, { body: 'see these', uploads: token });
    expect(list(comment, 'attachments').map((one) => [at(one, 'file_name'), at(one, 'size')])).toEqual([['a.txt', 1], ['b.txt', 2]]);
    expect((await client.update(id, { comment: { body: 'again', uploads: [token] } })).status).toBe(404);
    const shown = await client.bot.call('GET', `/api/v2/attachments/${String(at(comment, 'attachments', 0, 'id'))}.json`);
    expect(at(shown.body, 'attachment', 'file_name')).toBe('a.txt');
  });

  test('a token lives for an hour, and can be taken back before', async () => {
    const token = String(at(await uploaded('a.txt', 'text/plain', Buffer.from('a')), 'upload', 'token'));
    const gone = String(at(await uploaded('b.txt', 'text/plain', Buffer.from('b')), 'upload', 'token'));
    expect((await client.bot.call('DELETE', `/api/v2/uploads/${gone}.json`)).status).toBe(204);
    expect((await client.bot.call('DELETE', `/api/v2/uploads/${gone}.json`)).status).toBe(404);
    const id = await client.created();
    await client.bot.call('POST', '/__sandbox/settings', { clock_offset_ms: 61 * 60_000 });
    expect((await client.update(id, { comment: { body: 'late', uploads: [token] } })).status).toBe(404);
    expect(await client.comments(id)).toHaveLength(1);
  });

  test('an image that the text shows is inline: listed only for those who ask', async () => {
    const answer = await uploaded('shot.png', 'image/png', PIXEL);
    const src = String(at(answer, 'upload', 'attachment', 'content_url'));
    const id = await client.created();
    const comment = await commented(id, { html_body: `<p>Look: <img src="${src.replace('&', '&amp;')}"></p>`, uploads: [at(answer, 'upload', 'token')] });
    expect(at(comment, 'html_body')).toContain(`<img src="${src}">`);
    expect(list(comment, 'attachments')).toEqual([]);
    const asked = await client.bot.call('GET', `/api/v2/tickets/${id}/comments?include_inline_images=true`);
    expect(at(asked.body, 'comments', 1, 'attachments', 0)).toMatchObject({ file_name: 'shot.png', inline: true, content_url: src, thumbnails: [{ file_name: 'shot_thumb.png' }] });
  });

  test('a file alone is a comment, and a redacted one leaves an empty text behind', async () => {
    const token = at(await uploaded('secret.txt', 'text/plain', Buffer.from('hush')), 'upload', 'token');
    const id = await client.created();
    const comment = await commented(id, { uploads: [token] });
    const attachment = at(comment, 'attachments', 0, 'id');
    const old = String(at(comment, 'attachments', 0, 'content_url'));
    const redacted = await client.bot.call('PUT', `/api/v2/tickets/${id}/comments/${String(at(comment, 'id'))}/attachments/${String(attachment)}/redact`);
    expect(at(redacted.body, 'attachment', 'file_name')).toBe('redacted.txt');
    expect((await fetch(old, { headers: auth })).status).toBe(404);
    expect(at((await client.comments(id)).at(-1), 'attachments', 0, 'file_name')).toBe('redacted.txt');
  });

  test('words are redacted for good, in both ways', async () => {
    const id = await client.created();
    const comment = String(at(await commented(id, { body: 'My card is 4111 1111' }), 'id'));
    const first = await client.bot.call('PUT', `/api/v2/tickets/${id}/comments/${comment}/redact`, { text: '4111 1111' });
    expect(at(first.body, 'comment', 'plain_body')).toBe(`My card is ${'▇'.repeat(9)}`);
    expect((await client.bot.call('PUT', `/api/v2/tickets/${id}/comments/${comment}/redact`, { text: 'not there' })).status).toBe(422);
    await client.update(id, { status: 'closed' });
    const second = await client.bot.call('PUT', `/api/v2/comment_redactions/${comment}`, { ticket_id: id, html_body: '<p><redact>My</redact> card</p>' });
    expect(at(second.body, 'comment', 'plain_body')).toBe('▇▇ card');
  });
});
