/** Files through the API: up with a comment, listed with it, and down again as they were, on every desk that has files. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { connectors } from '../../../src/connectors/index.ts';
import { API_TOKEN, startSite, type ApiAnswer, type ApiSite } from '../../support/api-site.ts';

type Json = Record<string, unknown>;

interface Shown {
  readonly id: string;
  readonly filename: string;
  readonly size: number | null;
  readonly href: string;
}

const SERVICES = Object.keys(connectors);
const TICKET = { subject: 'with files', description: 'x', requester: { email: 'test@test.com' } };
const TEXT = Buffer.from('Grüße\nfrom a file\n');
const BINARY = randomBytes(300_000);

let site: ApiSite;
const tickets = new Map<string, string>();
beforeAll(async () => {
  site = await startSite();
  for (const service of SERVICES) tickets.set(service, String((await site.ask(`/accounts/${site.account(service)}/helpdesk/tickets`, { body: TICKET })).body['id']));
});
afterAll(() => site?.close());

const comments = (service: string): string => `/accounts/${site.account(service)}/helpdesk/tickets/${tickets.get(service)}/comments`;

function form(fields: Readonly<Record<string, string>>, files: readonly (readonly [part: string, name: string, bytes: Buffer, type: string])[]): FormData {
  const made = new FormData();
  for (const [name, text] of Object.entries(fields)) made.append(name, text);
  for (const [part, name, bytes, type] of files) made.append(part, new Blob([new Uint8Array(bytes)], { type }), name);
  return made;
}
const both = (content: string): FormData => form({ content, public: 'true' }, [['attachments', 'words.txt', TEXT, 'text/plain'], ['attachments', 'größe 1.bin', BINARY, 'application/octet-stream']]);

async function download(href: string): Promise<{ readonly status: number; readonly headers: Headers; readonly bytes: Buffer }> {
  const response = await fetch(href, { headers: { authorization: `APIKey ${API_TOKEN}` } });
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
}

const uploads = async (service: string): Promise<boolean> => ((await site.ask(`/accounts/${site.account(service)}/capabilities`)).body['files'] as Json)['upload'] === true;
const writes = (service: string): number => (site.desk(service).state() as { write_count: number }).write_count;

describe.each(SERVICES)('%s', (service) => {
  test('takes files with a comment and gives them back byte for byte; or says that it has none', async () => {
    const answer = await site.ask(comments(service), { body: both('<p>with files</p>') });
    if (!(await uploads(service))) {
      expect(answer.body).toMatchObject({ status_code: 501, error_code: 'not_implemented', capability: 'files.upload' });
      return;
    }
    expect(answer.status).toBe(201);
    const listed = ((await site.ask(comments(service))).body['objects'] as Json[]).find(({ id }) => id === answer.body['id']);
    const files = listed?.['attachments'] as readonly Shown[];
    expect(files.map(({ filename }) => filename).sort()).toEqual(['größe 1.bin', 'words.txt']);
    for (const { filename, size, href } of files) {
      const sent = filename === 'words.txt' ? TEXT : BINARY;
      const got = await download(href);
      expect([filename, got.status, createHash('sha256').update(got.bytes).digest('hex')]).toEqual([filename, 200, createHash('sha256').update(sent).digest('hex')]);
      expect([null, sent.length]).toContain(size);
      expect(got.headers.get('content-disposition')).toBe(`attachment; filename*=UTF-8''${encodeURIComponent(filename)}`);
      expect([got.headers.get('x-content-type-options'), got.headers.get('content-security-policy')]).toEqual(['nosniff', 'sandbox']);
      expect(got.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
    const missing = await site.ask(`${comments(service)}/${String(answer.body['id'])}/attachments/none`);
    expect([missing.status, missing.body]).toEqual([404, expect.objectContaining({ error_code: 'not_found' })]);
  });

  test('makes one comment of a form that comes twice with one key', async () => {
    if (!(await uploads(service))) return;
    const send = (words: string): Promise<ApiAnswer> => site.ask(comments(service), { body: both(words), headers: { 'idempotency-key': `files-${service}` } });
    const [first, again] = [await send('<p>once only</p>'), await send('<p>once only</p>')];
    expect([first.status, again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 201, 'true']);
    expect(again.body).toEqual(first.body);
    expect(((await site.ask(comments(service))).body['objects'] as Json[]).filter(({ content }) => String(content).includes('once only'))).toHaveLength(1);
    expect((await send('<p>other words</p>')).status).toBe(422);
  });
});

describe('a form', () => {
  test.each<[string, FormData, number, string, string]>([
    ['with files under another name', form({ content: 'x' }, [['upload', 'a.txt', TEXT, 'text/plain']]), 400, 'invalid_parameters', '/upload'],
    ['without words', form({}, [['attachments', 'a.txt', TEXT, 'text/plain']]), 400, 'invalid_parameters', '/content'],
    ['with a flag that is none', form({ content: 'x', public: 'perhaps' }, []), 400, 'invalid_parameters', '/public'],
    ['with too many files', form({ content: 'x' }, Array.from({ length: 21 }, (_, n) => ['attachments', `${n}.txt`, TEXT, 'text/plain'] as const)), 400, 'invalid_parameters', '/'],
  ])('%s is told so, and nothing is written', async (_name, body, status, code, path) => {
    const before = writes('zendesk');
    const answer = await site.ask(comments('zendesk'), { body });
    expect([answer.status, answer.body]).toEqual([status, expect.objectContaining({ error_code: code, faults: [expect.objectContaining({ path })] })]);
    expect(writes('zendesk')).toBe(before);
  });

  test('that has no boundary, ends too early, or comes where no form is taken, is refused', async () => {
    const type = 'multipart/form-data';
    const refused = async (path: string, body: string, contentType: string): Promise<unknown> => {
      const { status, body: error } = await site.ask(path, { method: 'POST', body, headers: { 'content-type': contentType } });
      return [status, error['error_code']];
    };
    expect(await refused(comments('zendesk'), 'x', type)).toEqual([400, 'bad_request']);
    expect(await refused(comments('zendesk'), '--b\r\ncontent-disposition: form-data; name="content"\r\n\r\nhal', `${type}; boundary=b`)).toEqual([400, 'bad_request']);
    expect(await refused(`/accounts/${site.account('zendesk')}/helpdesk/tickets`, 'x', `${type}; boundary=b`)).toEqual([415, 'unsupported_media_type']);
  });

  test('with more than its desk takes is refused before anything is sent', async () => {
    const [service, before] = ['freshdesk', writes('freshdesk')];
    const { max_bytes: most } = (await site.ask(`/accounts/${site.account(service)}/capabilities`)).body['files'] as { max_bytes: number };
    const answer = await site.ask(comments(service), { body: form({ content: 'x' }, [['attachments', 'big.bin', Buffer.alloc(most + 1), 'application/octet-stream']]) });
    expect([answer.status, answer.body['error_code']]).toEqual([413, 'payload_too_large']);
    expect(writes(service)).toBe(before);
  });
});

test('a caller who goes away in the middle of a download harms nobody', async () => {
  const made = await site.ask(comments('zendesk'), { body: form({ content: '<p>large</p>' }, [['attachments', 'large.bin', randomBytes(8_000_000), 'application/octet-stream']]) });
  const [file] = made.body['attachments'] as readonly Shown[];
  await new Promise<void>((resolve, reject) => {
    const request = get(file?.href ?? '', { headers: { authorization: `APIKey ${API_TOKEN}` } }, (response) => {
      response.once('data', () => response.destroy());
      response.once('close', resolve);
    });
    request.once('error', reject);
  });
  expect((await download(file?.href ?? '')).bytes.length).toBe(8_000_000);
});
