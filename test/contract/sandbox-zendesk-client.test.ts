/** The vendor community's own client, unmodified, cannot tell the fake Zendesk from the real one. */
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';

interface Answered<T> {
  readonly response: { readonly status: number };
  readonly result: T;
}
interface Row {
  readonly id: number;
  readonly subject?: string;
  readonly status?: string;
  readonly tags?: readonly string[];
  readonly plain_body?: string;
  readonly public?: boolean;
  readonly name?: string;
  readonly email?: string;
}
/** As much of the client's surface as these tests use; its own types are not those of its answers. */
interface Client {
  readonly tickets: {
    list(): Promise<readonly Row[]>;
    show(id: number): Promise<Answered<Row>>;
    showMany(ids: readonly number[]): Promise<Answered<readonly Row[]>>;
    create(body: object): Promise<Answered<Row>>;
    update(id: number, body: object): Promise<Answered<Row>>;
    updateMany(ids: readonly number[], body: object): Promise<Answered<{ readonly job_status: { readonly id: string } }>>;
    delete(id: number): Promise<Answered<unknown>>;
    getComments(id: number): Promise<readonly Row[]>;
    exportAudit(id: number): Promise<Answered<unknown> | readonly unknown[]>;
    addTags(id: number, tags: readonly string[]): Promise<Answered<unknown>>;
    incremental(since: number): Promise<readonly Row[]>;
    merge(id: number, body: object): Promise<Answered<unknown>>;
  };
  readonly search: { query(text: string): Promise<Answered<readonly Row[]>>; queryAll(text: string): Promise<readonly Row[]> };
  readonly users: { me(): Promise<Answered<Row>>; createOrUpdate(body: object): Promise<Answered<Row>> };
  readonly groups: { list(): Promise<readonly Row[]> };
  readonly organizations: { list(): Promise<readonly Row[]> };
  readonly ticketfields: { list(): Promise<readonly Row[]> };
  readonly jobstatuses: { show(id: string): Promise<Answered<{ readonly status: string }>> };
  readonly suspendedtickets: { list(): Promise<readonly Row[]> };
}
const { createClient } = createRequire(import.meta.url)('node-zendesk') as { readonly createClient: (options: object) => Client };

let desk: SandboxDesk;
let client: Client;

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['zendesk'] })) as [SandboxDesk];
  client = createClient({ username: desk.credentials['email'], token: desk.credentials['token'], endpointUri: `${desk.url}/api/v2` });
});
afterEach(() => desk.reset());
afterAll(() => desk.close());

const made = async (ticket: object = {}): Promise<number> => (await client.tickets.create({ ticket: { subject: 'Printer', comment: { body: 'On fire' }, ...ticket } })).result.id;

describe('node-zendesk', () => {
  test('creates, shows, updates, comments, lists comments and deletes', async () => {
    const created = await client.tickets.create({ ticket: { subject: 'Printer', comment: { body: 'On fire' }, priority: 'high' } });
    expect(created.response.status).toBe(201);
    const { id } = created.result;
    expect((await client.tickets.show(id)).result).toMatchObject({ id, subject: 'Printer', status: 'new' });
    const updated = await client.tickets.update(id, { ticket: { status: 'pending', comment: { body: 'A note', public: false } } });
    expect(updated.result).toMatchObject({ id, status: 'pending' });
    expect((await client.tickets.getComments(id)).map(({ plain_body: text, public: open }) => [text, open])).toEqual([['On fire', true], ['A note', false]]);
    expect((await client.tickets.delete(id)).response.status).toBe(204);
    await expect(client.tickets.show(id)).rejects.toThrow('Zendesk Error (404): Item not found');
  });

  test('lists everything, over more than one page, and ends', async () => {
    const ids: number[] = [];
    for (let n = 0; n < 103; n += 1) ids.push(await made({ subject: `T${n}` }));
    expect((await client.tickets.list()).map(({ id }) => id)).toEqual(ids);
    expect((await client.tickets.showMany(ids.slice(0, 3))).result.map(({ id }) => id)).toEqual(ids.slice(0, 3));
  });

  test('searches, on one page and on all', async () => {
    const id = await made({ tags: ['red'] });
    await made();
    expect((await client.search.query('type:ticket tags:red')).result.map((row) => row.id)).toEqual([id]);
    expect(await client.search.queryAll('type:ticket')).toHaveLength(2);
  });

  test('is told of errors as the vendor tells them', async () => {
    const id = await made({ priority: 'low' });
    await expect(client.tickets.update(id, { ticket: { priority: 'bogus' } })).rejects.toThrow('Zendesk Error (422): Unprocessable Entity');
    await expect(client.tickets.create({ ticket: { subject: {} } })).rejects.toThrow('Invalid attribute');
    const stranger = createClient({ username: 'nobody@example.com', token: 'wrong', endpointUri: `${desk.url}/api/v2` });
    await expect(stranger.tickets.list()).rejects.toThrow('401');
  });

  test('works many at once, follows the job, and exports', async () => {
    const ids = [await made(), await made()];
    const job = await client.tickets.updateMany(ids, { ticket: { additional_tags: ['bulk'] } });
    const jobId = job.result.job_status.id;
    expect((await client.jobstatuses.show(jobId)).result).toMatchObject({ job_status: { status: 'completed' } });
    expect((await client.tickets.show(ids[0] ?? 0)).result.tags).toEqual(['bulk']);
    expect((await client.tickets.incremental(0)).map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect((await client.tickets.merge(ids[0] ?? 0, { ids: [ids[1]] })).response.status).toBe(200);
    expect((await client.tickets.show(ids[1] ?? 0)).result.status).toBe('closed');
  });

  test('knows people, groups, organizations and fields', async () => {
    expect((await client.users.me()).result.email).toBe('bot@example.com');
    expect((await client.users.createOrUpdate({ user: { name: 'Dan', email: 'dan@example.com' } })).result.email).toBe('dan@example.com');
    expect((await client.groups.list()).map(({ name }) => name)).toEqual(['Support', 'Field service']);
    expect((await client.organizations.list()).map(({ name }) => name)).toEqual(['Example Works']);
    expect((await client.ticketfields.list()).length).toBeGreaterThan(8);
    expect(await client.suspendedtickets.list()).toEqual([]);
  });
});
