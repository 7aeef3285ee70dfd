/** The npm client `freshdesk-api`, as it comes, works against the fake Freshdesk as against the real one. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Freshdesk from 'freshdesk-api';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, clientOf, list } from './sandbox-support.ts';

interface Told {
  readonly data: unknown;
  readonly extra: { readonly pageIsLast?: boolean; readonly requestId?: string } | undefined;
}
type Done = (error: unknown, data: unknown, extra?: Told['extra']) => void;

let desk: SandboxDesk;
let client: Freshdesk;

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['freshdesk'] })) as [SandboxDesk];
  client = new Freshdesk(desk.url, String(desk.credentials['key']));
});
afterEach(() => desk.reset());
afterAll(() => desk.close());

const told = (call: (done: Done) => void): Promise<Told> =>
  new Promise((resolve, reject) => call((error, data, extra) => (error == null ? resolve({ data, extra }) : reject(error as Error))));
const data = async (call: (done: Done) => void): Promise<unknown> => (await told(call)).data;
const failure = async (call: (done: Done) => void): Promise<unknown> =>
  data(call).then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  );

const TICKET = { subject: 'Printer', description: 'On fire', status: 2, priority: 1, email: 'cora@example.com' };
const created = async (more: object = {}): Promise<number> => Number(at(await data((done) => client.createTicket({ ...TICKET, ...more }, done)), 'id'));

describe('tickets', () => {
  test('are made, shown, changed, deleted and restored', async () => {
    const { data: made, extra } = await told((done) => client.createTicket({ ...TICKET, tags: ['a'], custom_fields: { cf_ref: 'R' } }, done));
    expect(extra).toMatchObject({ pageIsLast: true, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    const id = Number(at(made, 'id'));
    expect(await data((done) => client.getTicket(id, done))).toMatchObject({ id, subject: 'Printer', custom_fields: { cf_ref: 'R' } });
    expect(await data((done) => client.updateTicket(id, { status: 6, priority: 4 }, done))).toMatchObject({ status: 6, priority: 4, tags: ['a'] });
    expect(await data((done) => client.deleteTicket(id, done))).toBeNull();
    expect(await data((done) => client.getTicket(id, done))).toMatchObject({ deleted: true });
    expect(await data((done) => client.restoreTicket(id, done))).toBeNull();
  });

  test('are made with files, as the client’s forms carry them', async () => {
    const form = { ...TICKET, tags: ['x', 'y'], attachments: [Buffer.from('bytes')] };
    // The client hands buffers on without a name: no file, as the vendor sees it.
    expect(await failure((done) => client.createTicket(form, done))).toMatchObject({ status: 400, data: { errors: [{ field: 'attachments', code: 'datatype_mismatch' }] } });
    const folder = mkdtempSync(join(tmpdir(), 'freshdesk-client-'));
    try {
      writeFileSync(join(folder, 'log.txt'), 'hello');
      const made = await data((done) => client.createTicket({ ...form, attachments: [createReadStream(join(folder, 'log.txt'))] }, done));
      expect(made).toMatchObject({ tags: ['x', 'y'], attachments: [{ name: 'log.txt', file_size: 5 }] });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('are listed page by page until the link is missing', async () => {
    const ids = [await created(), await created(), await created()];
    const first = await told((done) => client.listAllTickets({ per_page: 2, order_type: 'asc' } as never, done));
    expect([list(first.data).map((row) => at(row, 'id')), first.extra?.pageIsLast]).toEqual([ids.slice(0, 2), false]);
    const second = await told((done) => client.listAllTickets({ per_page: 2, page: 2, order_type: 'asc' } as never, done));
    expect([list(second.data).map((row) => at(row, 'id')), second.extra?.pageIsLast]).toEqual([ids.slice(2), true]);
    await data((done) => client.deleteTicket(ids[0], done));
    expect(list(await data((done) => client.listAllTickets({ filter: 'deleted' } as never, done)))).toHaveLength(1);
  });

  test('are searched for', async () => {
    const id = await created({ status: 3, tags: ['wanted'] });
    await created();
    expect(await data((done) => client.filterTickets("tag:'wanted' AND status:3", 1, done))).toMatchObject({ total: 1, results: [{ id }] });
    expect(await failure((done) => client.filterTickets('nonsense', 1, done))).toMatchObject({ status: 400 });
  });
});

describe('conversations', () => {
  test('are written, listed, changed and deleted', async () => {
    const id = await created();
    const note = await data((done) => client.createNote(id, { body: 'Between us', private: true }, done));
    expect(await data((done) => client.createReply(id, { body: 'Hello' }, done))).toMatchObject({ replied_to: ['cora@example.com'] });
    expect(await data((done) => client.updateConversation(at(note, 'id'), { body: 'Changed' }, done))).toMatchObject({ body_text: 'Changed', private: true });
    expect(list(await data((done) => client.listAllConversations(id, done))).map((row) => at(row, 'body_text'))).toEqual(['Changed', 'Hello']);
    expect(await data((done) => client.deleteConversation(at(note, 'id'), done))).toBeNull();
    expect(list(await data((done) => client.listAllConversations(id, done)))).toHaveLength(1);
  });
});

describe('people and fields', () => {
  test('are told', async () => {
    const contact = await data((done) => client.createContact({ name: 'Dan', email: 'dan@example.com' }, done));
    expect(await data((done) => client.getContact(at(contact, 'id'), done))).toMatchObject({ name: 'Dan' });
    expect(await data((done) => client.filterContacts("email:'dan@example.com'", done))).toMatchObject({ total: 1 });
    expect(await data((done) => client.currentAgent(done))).toMatchObject({ contact: { email: 'bot@example.com' } });
    expect(list(await data((done) => client.listAllTicketFields({}, done))).length).toBeGreaterThan(10);
    expect(await data((done) => client.searchCompany({ name: 'Acme' } as never, done))).toMatchObject({ companies: [{ name: 'Acme' }] });
  });
});

describe('errors', () => {
  test('come as the client expects them: empty, flat, nested, with their wait', async () => {
    expect(await failure((done) => client.getTicket(1, done))).toMatchObject({ status: 404, message: 'The requested entity was not found' });
    expect(await failure((done) => client.createTicket({ subject: 'x' }, done))).toMatchObject({ status: 400, message: 'Validation failed', data: { errors: expect.any(Array) } });
    const stranger = new Freshdesk(desk.url, 'wrong');
    expect(await failure((done) => stranger.getTicket(1, done))).toMatchObject({ status: 401, data: { code: 'invalid_credentials' } });
    const id = await created();
    await data((done) => client.deleteTicket(id, done));
    expect(await failure((done) => client.updateTicket(id, { status: 3 }, done))).toMatchObject({ status: 405 });
    await data((done) => client.createContact({ name: 'Dan', email: 'dan@example.com' }, done));
    expect(await failure((done) => client.createContact({ name: 'Dan', email: 'dan@example.com' }, done))).toMatchObject({ status: 409, data: { errors: [{ additional_info: { user_id: expect.any(Number) } }] } });
    await clientOf(desk.url).call('POST', '/__sandbox/settings', { rate_limit: 1 });
    expect(await failure((done) => client.getTicket(1, done))).toMatchObject({ status: 429, retryAfter: expect.any(Number) });
  });
});
