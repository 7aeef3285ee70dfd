/** The Zendesk connector against its sandbox, where its vendor is odd: tokens that die, files, budgets, and what becomes of tickets. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { imageTag } from '../../../src/connectors/kit/images.ts';
import { connectors } from '../../../src/connectors/index.ts';
import { keyOf } from '../../../src/core/key.ts';
import { verify } from '../../../src/core/signature.ts';
import { createValidator } from '../../../src/contracts/validator.ts';
import type { Account, Connector, Desk, FileSource, Vault } from '../../../src/ports/connector.ts';
import { startSandbox, type SandboxDesk } from '../../../src/sandbox/index.ts';
import { at, list, zendeskClient, type ZendeskClient } from '../sandbox-support.ts';
import { failureOf, REQUESTER } from './bench.ts';
import { openReceiver } from './receiver.ts';
import { openSpoiler, pass, type Spoiler } from './spoiler.ts';
import { fileOf } from './suite-files.ts';
import { accountOf, testWorld } from './world.ts';

const OAUTH = {
  access_token: 'sandbox-zendesk-access-token', refresh_token: 'sandbox-zendesk-refresh-token', client_id: 'deskmesh_sandbox', client_secret: 'sandbox-zendesk-client-secret',
};
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const FILE = fileOf('log.txt', Buffer.from('what happened'), { content_type: 'text/plain' });
const IMAGE = fileOf('pixel.png', PIXEL, { content_type: 'image/png', inline: true });
const connector = connectors.zendesk as Connector;

let sandbox: SandboxDesk;
let between: Spoiler;
let client: ZendeskClient;
let desk: Desk;
let keys = 0;
const newKey = (): string => keyOf('zendesk stories', (keys += 1));

beforeAll(async () => {
  [sandbox] = (await startSandbox({ only: ['zendesk'] })) as [SandboxDesk];
  between = await openSpoiler(sandbox.url);
  client = zendeskClient(sandbox);
});
beforeEach(() => {
  sandbox.reset();
  between.clear();
  desk = connect(sandbox.credentials);
});
afterAll(async () => {
  await between.close();
  await sandbox.close();
});

const connect = (credentials: Readonly<Record<string, string>>, more: Partial<Account> = {}, vault?: Vault): Desk =>
  connector.connect(accountOf({ connector, url: between.url }, credentials, more), testWorld(), vault);
const settings = (body: object): Promise<unknown> => client.bot.call('POST', '/__sandbox/settings', body);
const created = async (fields = {}): Promise<string> => (await desk.createTicket({ subject: 'A ticket', description: '<p>x</p>', requester: REQUESTER, ...fields }, newKey())).id;
const asked = (method: string, path: string): number => between.asked.filter((one) => one.method === method && one.path.split('?')[0] === path).length;

/** Keeps tokens as a store does: one renewal at a time, and whoever comes with old ones is given those that are there. */
function vaultOf(first: Readonly<Record<string, string>>): Vault & { readonly kept: () => Readonly<Record<string, string>>; readonly renewals: () => number } {
  let kept = first;
  let renewals = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    kept: () => kept,
    renewals: () => renewals,
    renewed(_accountId, stale, renew) {
      const turn = last.then(async () => {
        if (kept.access_token !== stale.access_token) return kept;
        renewals += 1;
        kept = await renew(kept);
        return kept;
      });
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}

describe('OAuth', () => {
  test('tokens that died are renewed once, however many calls find out at the same time, and both are stored', async () => {
    const id = await created();
    await settings({ clock_offset_ms: 31 * 60_000 });
    const vault = vaultOf(OAUTH);
    const other = connect(OAUTH, {}, vault);
    const seen = await Promise.all([other.getTicket(id), other.getTicket(id), other.listComments(id, null), other.check()]);
    expect(seen[0].id).toBe(id);
    expect(vault.renewals()).toBe(1);
    expect(asked('POST', '/oauth/tokens')).toBe(1);
    expect(vault.kept()).toMatchObject({ client_id: OAUTH.client_id, access_token: expect.not.stringContaining('sandbox'), refresh_token: expect.not.stringContaining('sandbox') });
  });

  test('a second process that has the old tokens is given the new ones, and renews nothing', async () => {
    const id = await created();
    await settings({ clock_offset_ms: 31 * 60_000 });
    const vault = vaultOf(OAUTH);
    await connect(OAUTH, {}, vault).getTicket(id);
    expect((await connect(OAUTH, {}, vault).getTicket(id)).id).toBe(id);
    expect(vault.renewals()).toBe(1);
  });

  test('a write that was not let in is sent again with new tokens: it was certainly not done', async () => {
    const id = await created();
    await settings({ clock_offset_ms: 31 * 60_000 });
    const other = connect(OAUTH, {}, vaultOf(OAUTH));
    expect((await other.createComment(id, { content: '<p>Hi</p>', public: true }, newKey(), [FILE])).comment.attachments).toHaveLength(1);
    expect(asked('PUT', `/api/v2/tickets/${id}`)).toBe(1);
    expect(asked('POST', '/api/v2/uploads')).toBe(2);
    await settings({ clock_offset_ms: 62 * 60_000 });
    await other.updateTicket(id, { subject: 'Renewed' }, newKey());
    expect(asked('PUT', `/api/v2/tickets/${id}`)).toBe(3);
    expect(list(at(await client.bot.call('GET', `/api/v2/tickets/${id}/comments`), 'body'), 'comments')).toHaveLength(2);
  });

  test('a 401 that does not say so proves nothing: the write is not repeated', async () => {
    const id = await created();
    between.spoil(({ method }) => method === 'PUT', (response) => response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"Couldn\'t authenticate you"}'));
    const other = connect(OAUTH, {}, vaultOf(OAUTH));
    expect((await failureOf(other.updateTicket(id, { subject: 'x' }, newKey()))).kind).toBe('unsure');
    expect(asked('PUT', `/api/v2/tickets/${id}`)).toBe(1);
  });

  test('a refresh token that is no longer accepted stops the account, and no token is seen in the failure', async () => {
    await settings({ clock_offset_ms: 31 * 60_000 });
    const credentials = { ...OAUTH, refresh_token: 'a-refresh-token-that-died' };
    const failure = await failureOf(connect(credentials, {}, vaultOf(credentials)).getTicket('1'));
    expect(failure).toMatchObject({ kind: 'unauthorised', code: 'invalid_grant' });
    for (const secret of Object.values(credentials)) expect(`${failure.message} ${JSON.stringify(failure)}`).not.toContain(secret);
  });

  test('a renewal that fails halfway leaves the write undone', async () => {
    const id = await created();
    await settings({ clock_offset_ms: 31 * 60_000 });
    between.spoil(({ path }) => path === '/oauth/tokens', (response) => response.writeHead(502).end('bad gateway'));
    expect((await failureOf(connect(OAUTH, {}, vaultOf(OAUTH)).updateTicket(id, { subject: 'x' }, newKey()))).kind).toBe('unavailable');
    expect((await desk.getTicket(id)).subject).toBe('A ticket');
  });

  test('without a place to store them no tokens are renewed', async () => {
    await settings({ clock_offset_ms: 31 * 60_000 });
    expect((await failureOf(connect(OAUTH).check())).kind).toBe('unauthorised');
    expect(asked('POST', '/oauth/tokens')).toBe(0);
  });

  test('a call that is passed on has the tokens that are good now', async () => {
    const id = await created();
    await settings({ clock_offset_ms: 31 * 60_000 });
    const answer = await connect(OAUTH, {}, vaultOf(OAUTH)).pass?.({ method: 'GET', path: `/api/v2/tickets/${id}`, headers: {}, body: null });
    expect(answer?.status).toBe(200);
  });
});

describe('files', () => {
  const failing = (status: number, body: object): void =>
    between.spoil(({ method, path }) => method === 'PUT' && path.startsWith('/api/v2/tickets/'), (response) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)));

  test('a write that is sent again has the same uploads, so that its key still fits', async () => {
    const key = newKey();
    const fields = { subject: 'With a file', description: '<p>x</p>', requester: REQUESTER };
    between.spoil(({ method, path }) => method === 'POST' && path === '/api/v2/tickets', (response) => response.destroy());
    expect((await failureOf(desk.createTicket(fields, key, [FILE]))).kind).toBe('unsure');
    between.clear();
    const again = await desk.createTicket(fields, key, [FILE]);
    expect(again.ticket?.attachments).toMatchObject([{ filename: 'log.txt', size: FILE.size }]);
    expect(asked('POST', '/api/v2/uploads')).toBe(0);
  });

  test('uploads that the desk no longer knows are made anew, and the ticket is not taken for gone', async () => {
    const id = await created();
    const key = newKey();
    failing(503, {});
    expect((await failureOf(desk.createComment(id, { content: '<p>x</p>', public: true }, key, [FILE]))).kind).toBe('unsure');
    between.clear();
    await settings({ clock_offset_ms: 61 * 60_000 });
    expect(await failureOf(desk.createComment(id, { content: '<p>x</p>', public: true }, key, [FILE]))).toMatchObject({ kind: 'unavailable', status: 404 });
    const { comment } = await desk.createComment(id, { content: '<p>x</p>', public: true }, key, [FILE]);
    expect(comment.attachments).toMatchObject([{ filename: 'log.txt' }]);
    expect(asked('POST', '/api/v2/uploads')).toBe(1);
  });

  test('an upload that goes wrong is tried once more, and the write is not sent without it', async () => {
    const id = await created();
    let spoilt = 0;
    between.spoil(({ path }) => path.startsWith('/api/v2/uploads') && (spoilt += 1) === 1, (response) => response.writeHead(502).end('oops'));
    expect((await desk.createComment(id, { content: '<p>x</p>', public: true }, newKey(), [FILE])).comment.attachments).toHaveLength(1);
    between.spoil(({ path }) => path.startsWith('/api/v2/uploads'), (response) => response.writeHead(502).end('oops'));
    expect((await failureOf(desk.createComment(id, { content: '<p>y</p>', public: true }, newKey(), [FILE]))).kind).toBe('unavailable');
    expect((await desk.listComments(id, null)).items).toHaveLength(1);
  });

  test('a ticket that is gone is gone, whatever came with the write', async () => {
    const id = await created();
    await desk.deleteTicket(id, newKey());
    expect((await failureOf(desk.createComment(id, { content: '<p>x</p>', public: true }, newKey(), [FILE]))).kind).toBe('missing');
  });

  test('a file that the desk does not keep is told', async () => {
    const id = await created();
    const dropping = (text: string): string => text.replace(/"attachments":\[\{.*?\}\],"audit_id"/, '"attachments":[],"audit_id"');
    between.spoil(({ method, path }) => method === 'PUT' && path === `/api/v2/tickets/${id}`, (response, real) => pass(response, real, dropping(real.body.toString('utf8'))));
    const { warnings } = await desk.createComment(id, { content: '<p>x</p>', public: true }, newKey(), [FILE]);
    expect(warnings).toEqual([{ field: 'attachments', reason: 'log.txt: Zendesk did not keep it' }]);
  });

  test('an image in the text points to the uploaded copy, and is listed as inline', async () => {
    const id = await created();
    const content = `<p>See ${imageTag(IMAGE.url, IMAGE.filename)}</p>`;
    const { comment } = await desk.updateTicket(id, { status: 'pending' }, newKey(), { draft: { content, public: false, files: [IMAGE] }, key: newKey(), files: [IMAGE] });
    expect(comment?.attachments).toMatchObject([{ filename: 'pixel.png', inline: true, size: PIXEL.length }]);
    expect(comment?.content).toContain(`alt="pixel.png"`);
    expect(comment?.content).not.toContain('elsewhere.example');
    const [seen] = (await desk.listComments(id, null)).items;
    expect(seen?.content).toBe(comment?.content);
    expect(seen?.attachments.map(({ id: file }) => file)).toEqual(comment?.attachments.map(({ id: file }) => file));
  });

  const whole = async (attachment: { readonly id: string; readonly url: string }): Promise<string> => {
    const download = await desk.download?.(attachment, { ticketId: '1', commentId: null });
    const parts: Uint8Array[] = [];
    for await (const part of download?.stream ?? []) parts.push(part);
    return Buffer.concat(parts).toString('utf8');
  };
  const attached = async (file: FileSource = FILE): Promise<{ readonly id: string; readonly url: string }> => {
    const { comment } = await desk.createComment(await created(), { content: '<p>x</p>', public: true }, newKey(), [file]);
    const [attachment] = comment.attachments;
    if (attachment === undefined) throw new Error('no file');
    return attachment;
  };

  test('a private file is fetched from the desk’s own host, whatever name its link has', async () => {
    const { id, url } = await attached();
    between.clear();
    expect(await whole({ id, url: url.replace(/^https?:\/\/[^/]+/, 'https://help.acme.example') })).toBe('what happened');
    expect(between.asked[0]?.headers.authorization).toMatch(/^Basic /);
  });

  test('a link that has changed since is read anew', async () => {
    const { id, url } = await attached();
    expect(await whole({ id, url: url.replace(/token\/[^/]+/, 'token/an-older-one') })).toBe('what happened');
  });

  test('names keep their letters and lose what no file can have', async () => {
    const { comment } = await desk.createComment(await created(), { content: '<p>x</p>', public: true }, newKey(), [fileOf('a/b\\c\u0007 übersicht “1”.txt', Buffer.from('x'))]);
    expect(comment.attachments.map(({ filename }) => filename)).toEqual(['a_b_c_ übersicht “1”.txt']);
  });
});

describe('budgets', () => {
  test('one ticket’s updates may be used up while the others go on', async () => {
    const [first, second] = [await created(), await created()];
    await settings({ per_ticket_updates: 1 });
    await desk.updateTicket(first, { subject: 'a' }, newKey());
    const failure = await failureOf(desk.updateTicket(first, { subject: 'b' }, newKey()));
    expect(failure).toMatchObject({ kind: 'throttled', reach: 'call' });
    expect(asked('PUT', `/api/v2/tickets/${first}`)).toBe(1);
    expect((await desk.updateTicket(second, { subject: 'b' }, newKey())).ticket?.subject).toBe('b');
    expect((await desk.getTicket(first)).subject).toBe('a');
    const fresh = await failureOf(connect(sandbox.credentials).updateTicket(first, { subject: 'c' }, newKey()));
    expect(fresh).toMatchObject({ kind: 'throttled', reach: 'call', status: 429 });
  });

  test('the export is asked ten times a minute, and everything else goes on', async () => {
    const id = await created();
    await settings({ endpoint_limits: true });
    for (let n = 0; n < 10; n += 1) await desk.changes(null, 0);
    expect(await failureOf(desk.changes(null, 0))).toMatchObject({ kind: 'throttled', reach: 'call', status: null });
    expect(asked('GET', '/api/v2/incremental/tickets/cursor')).toBe(10);
    expect((await desk.getTicket(id)).id).toBe(id);
  });

  test('an account without calls keeps everything waiting', async () => {
    const id = await created();
    await settings({ rate_limit: 1 });
    await failureOf(desk.getTicket(id));
    expect(await failureOf(desk.getTicket(id))).toMatchObject({ kind: 'throttled', reach: 'account' });
  });
});

describe('what becomes of tickets', () => {
  test('a description that is private stays private, also when something on the ticket is public later', async () => {
    const id = String(await client.created({ comment: { body: 'between us', public: false } }));
    expect(await desk.getTicket(id)).not.toHaveProperty('description');
    await client.update(Number(id), { comment: { body: 'hello', public: true } });
    const later = await desk.getTicket(id);
    expect(later.public).toBe(true);
    expect(JSON.stringify(later)).not.toContain('between us');
    const { items } = await desk.listComments(id, null);
    expect(items.map(({ public: open }) => open)).toEqual([false, true]);
    const listed = (await desk.listTickets(null)).items;
    expect(JSON.stringify(listed)).not.toContain('between us');
  });

  test('our own description that somebody hides is no new comment', async () => {
    const id = await created({ description: '<p>ours</p>' });
    const [first] = await client.comments(Number(id));
    await client.bot.call('PUT', `/api/v2/tickets/${id}/comments/${String(at(first, 'id'))}/make_private`);
    expect((await desk.listComments(id, null)).items).toEqual([]);
    expect(await connect(sandbox.credentials).getTicket(id)).not.toHaveProperty('description');
  });

  test('a redacted description is seen at once', async () => {
    const id = await created({ description: '<p>card 4111</p>' });
    expect((await desk.getTicket(id)).description).toBe('<p>card 4111</p>');
    const [first] = await client.comments(Number(id));
    await client.bot.call('PUT', `/api/v2/tickets/${id}/comments/${String(at(first, 'id'))}/redact`, { text: '4111' });
    expect((await desk.getTicket(id)).description).toBe('<p>card ▇▇▇▇</p>');
  });

  test('a merge tells into which ticket, and its files are on that one', async () => {
    const [source, target] = [await created({ subject: 'Source' }), await created({ subject: 'Target' })];
    await desk.createComment(source, { content: '<p>x</p>', public: true }, newKey(), [FILE]);
    await client.bot.call('POST', `/api/v2/tickets/${target}/merge`, { ids: [Number(source)] });
    expect(await desk.getTicket(source)).toMatchObject({ status: 'closed', merged_into: target });
    expect((await desk.getTicket(target)).merged_into).toBeUndefined();
    expect((await desk.listComments(target, null)).items.at(-1)?.attachments).toMatchObject([{ filename: 'log.txt' }]);
  });

  test('a closed ticket refuses every write, and a new one may follow it', async () => {
    const id = await created({ tags: ['old'] });
    await desk.updateTicket(id, { status: 'closed' }, newKey());
    expect(await failureOf(desk.updateTicket(id, { subject: 'x' }, newKey()))).toMatchObject({ kind: 'refused', code: 'RecordInvalid' });
    expect((await failureOf(desk.createComment(id, { content: '<p>x</p>', public: true }, newKey()))).kind).toBe('refused');
    const follow = await desk.createTicket({ subject: 'Again', description: '<p>y</p>', tags: ['new'], requester: REQUESTER }, newKey(), [], id);
    expect(await desk.getTicket(follow.id)).toMatchObject({ tags: ['new'], status: 'open' });
    expect(at((await client.bot.call('GET', `/api/v2/tickets/${id}`)).body, 'ticket', 'followup_ids')).toEqual([Number(follow.id)]);
    const bare = await desk.createTicket({ subject: 'Again', description: '<p>y</p>' }, newKey(), [], id);
    expect((await desk.getTicket(bare.id)).tags).toEqual([]);
  });

  test('deleted, restored and deleted for good, each is told by the changes', async () => {
    const id = await created();
    let cursor = (await desk.changes(null, 0)).cursor;
    const told = async (): Promise<readonly boolean[]> => {
      const changes = await desk.changes(cursor, 0);
      cursor = changes.cursor;
      return changes.items.filter(({ ticketId }) => ticketId === id).map((item) => item.is_deleted);
    };
    await client.bot.call('DELETE', `/api/v2/tickets/${id}`);
    expect(await told()).toEqual([true]);
    await client.bot.call('PUT', `/api/v2/deleted_tickets/${id}/restore`);
    expect(await told()).toEqual([false]);
    await client.bot.call('PUT', `/api/v2/tickets/${id}/mark_as_spam`);
    expect(await told()).toEqual([true]);
  });

  test('a suspended requester refuses the ticket for good', async () => {
    await client.bot.call('POST', '/api/v2/users', { user: { name: 'Sam', email: 'sam@spam.example', suspended: true } });
    const failure = await failureOf(created({ requester: { user_id: null, email: 'sam@spam.example', name: null } }));
    expect(failure).toMatchObject({ kind: 'refused', code: 'UserSuspended', fields: ['requester'] });
  });

  test('a message that waits suspended is no ticket until somebody recovers it', async () => {
    await settings({ anonymous_requests: 'suspended' });
    const since = Date.now();
    await fetch(`${sandbox.url}/api/v2/requests`, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ request: { subject: 'Stranger', requester: { name: 'Zoe', email: 'zoe@else.example' }, comment: { body: 'Hi' } } }),
    });
    expect((await desk.listTickets(null)).items).toEqual([]);
    expect((await desk.changes(null, since)).items).toEqual([]);
    const waiting = at((await client.bot.call('GET', '/api/v2/suspended_tickets')).body, 'suspended_tickets', 0, 'id');
    await client.bot.call('PUT', `/api/v2/suspended_tickets/${String(waiting)}/recover`);
    expect((await desk.changes(null, since)).items).toHaveLength(1);
  });

  test('a field that is needed to solve is told in the desk’s words, and nothing of the write was done', async () => {
    await client.bot.call('POST', '/api/v2/ticket_fields', { ticket_field: { type: 'text', title: 'Cause', required: true } });
    const id = await created();
    const failure = await failureOf(desk.updateTicket(id, { status: 'resolved', subject: 'Solved' }, newKey()));
    expect(failure).toMatchObject({ kind: 'refused' });
    expect(failure.message).toContain('Cause: is required when solving a ticket');
    expect((await desk.getTicket(id)).subject).toBe('A ticket');
  });

  test('tags that a person adds between our look and our write are not lost', async () => {
    const id = await created({ tags: ['a'] });
    await desk.getTicket(id);
    await settings({ clock_offset_ms: 5_000 });
    await client.human.call('PUT', `/api/v2/tickets/${id}/tags`, { tags: ['theirs'] });
    expect(await failureOf(desk.updateTicket(id, { tags: ['a', 'ours'] }, newKey()))).toMatchObject({ kind: 'throttled', reach: 'call', code: 'UpdateConflict' });
    const now = await desk.getTicket(id);
    await desk.updateTicket(id, { tags: [...(now.tags ?? []), 'ours'] }, newKey());
    expect([...((await desk.getTicket(id)).tags ?? [])].sort()).toEqual(['a', 'ours', 'theirs']);
  });
});

describe('everything that a ticket can hold', () => {
  test('is written, read back as forecast, and taken away again', async () => {
    await desk.learn?.();
    const fields = {
      subject: 'Full', description: '<p>x</p>', requester: REQUESTER, group: 'field SERVICE', company: null,
      email_ccs: [{ user_id: null, email: 'dan@b.example', name: 'Dan' }],
      followers: [{ user_id: null, email: 'ben@example.com', name: null }],
      custom_properties: [
        { id: '8447346600101', value: 'R-1' }, { id: '8447346600102', value: 'Enterprise' }, { id: '8447346600103', value: true }, { id: '8447346600104', value: '12' },
        { id: '8447346600105', value: 1.5 }, { id: '8447346600106', value: '2026-02-03' }, { id: '8447346600107', value: ['Cold Store', 'hall'] },
      ],
    };
    const written = await desk.createTicket(fields, newKey());
    expect(written.warnings).toEqual([]);
    const seen = await desk.getTicket(written.id);
    const forecast = desk.forecast(fields);
    expect(seen).toMatchObject({ group: forecast.group, email_ccs: [{ email: 'dan@b.example' }], followers: [{ email: 'ben@example.com' }], company: null });
    expect(seen.custom_properties).toEqual(expect.arrayContaining([...(forecast.custom_properties ?? [])]));
    const emptied = await desk.updateTicket(written.id, {
      email_ccs: [], followers: [], group: null,
      custom_properties: fields.custom_properties.map(({ id }) => ({ id, value: null })),
    }, newKey());
    expect(emptied.warnings).toEqual([]);
    const after = await desk.getTicket(written.id);
    expect(after).toMatchObject({ email_ccs: [], followers: [], group: null });
    expect(after.custom_properties).toEqual(expect.arrayContaining([{ id: '8447346600102', value: null }, { id: '8447346600103', value: false }, { id: '8447346600107', value: [] }]));
  });

  test('is told where it is not held: CCs that are switched off, an option that is gone, a group that is unknown', async () => {
    await desk.learn?.();
    await settings({ ccs_and_followers: false });
    const { warnings } = await desk.createTicket({
      subject: 'x', description: 'x', group: 'Nowhere', email_ccs: [{ user_id: null, email: 'dan@b.example', name: null }],
      custom_properties: [{ id: '8447346600102', value: 'gold' }, { id: '999', value: 1 }],
    }, newKey());
    expect(warnings.map(({ field }) => field).sort()).toEqual(['custom_properties', 'custom_properties', 'email_ccs', 'group']);
  });

  test('more than forty-eight in copy are not sent, which is said', async () => {
    const many = Array.from({ length: 50 }, (_, at) => ({ user_id: null, email: `copy${at}@b.example`, name: `Copy ${at}` }));
    const { id, warnings } = await desk.createTicket({ subject: 'Copied', description: 'x', requester: REQUESTER, email_ccs: many }, newKey());
    expect(warnings).toEqual([{ field: 'email_ccs', reason: 'Zendesk takes no more than 48' }]);
    expect((await desk.getTicket(id)).email_ccs?.map(({ email }) => email).sort()).toEqual(many.slice(0, 48).map(({ email }) => email).sort());
  });

  test('a ticket that holds all the comments that it can refuses the next one, and takes everything else', async () => {
    const comments = Array.from({ length: 5_000 }, (_, at) => ({ value: `No ${at}` }));
    const id = String(at((await client.bot.call('POST', '/api/v2/imports/tickets', { ticket: { subject: 'Long', comments } })).body, 'ticket', 'id'));
    const failure = await failureOf(desk.createComment(id, { content: '<p>One too many</p>', public: false }, newKey()));
    expect(failure).toMatchObject({ kind: 'refused', status: 422 });
    expect((await desk.updateTicket(id, { priority: 'low' }, newKey())).ticket?.priority).toBe('low');
    let seen = 0;
    for (let page: string | null = null, first = true; first || page !== null; first = false) {
      const { items, next }: Awaited<ReturnType<Desk['listComments']>> = await desk.listComments(id, page);
      seen += items.length;
      page = next;
    }
    expect(seen).toBe(4_999);
  });

  test('a status of the account’s own reads as its category, and is written where the settings choose it', async () => {
    const chosen = connect(sandbox.credentials, { settings: { custom_statuses: { pending: '8447346638078' } } });
    await chosen.learn?.();
    const id = await created();
    expect((await chosen.updateTicket(id, { status: 'pending' }, newKey())).ticket?.status).toBe('pending');
    expect(at((await client.bot.call('GET', `/api/v2/tickets/${id}`)).body, 'ticket', 'custom_status_id')).toBe(8447346638078);
  });

  test('an @ in front of a name is kept from mentioning anybody, if the settings say so, and reads as it was written', async () => {
    const careful = connect(sandbox.credentials, { settings: { neutralise_mentions: true } });
    const id = await created();
    const draft = { content: '<p>@ann and mail@acme.example (@ben)</p>', public: true };
    await careful.createComment(id, draft, newKey());
    const raw = String(at((await client.comments(Number(id))).at(-1), 'html_body'));
    expect([raw.includes('@ann'), raw.includes('@ben'), raw.includes('mail@acme.example')]).toEqual([false, false, true]);
    expect((await careful.listComments(id, null)).items[0]?.content).toBe(careful.forecastComment(draft).content);
    expect(careful.forecastComment(draft).content).toBe(draft.content);
  });
});

describe('webhooks', () => {
  test('one save is several events of one ticket, each signed and each with an id of its own', async () => {
    const receiver = await openReceiver();
    try {
      const hook = await desk.ensureWebhook(receiver.url);
      const secrets = hook.status === 'registered' ? hook.secrets : [];
      const id = await created();
      for (let n = 0; n < 2; n += 1) await receiver.next();
      await client.human.call('PUT', `/api/v2/tickets/${id}`, { ticket: { priority: 'urgent', status: 'pending', comment: { body: 'x', public: false }, email_ccs: [{ user_email: 'dan@b.example' }] } });
      const fits = createValidator(connector.about.webhooks);
      const seen = new Set<string>();
      for (let n = 0; n < 5; n += 1) {
        const inbound = await receiver.next();
        expect(verify(connector.about.signature({}), inbound, secrets, Date.now())).toEqual({ ok: true });
        const body: unknown = JSON.parse(inbound.rawBody.toString('utf8'));
        expect(fits(body)).toEqual([]);
        const reading = connector.read(inbound, body, {});
        if (reading.kind !== 'ticket') throw new Error('no ticket');
        expect(reading.ticketId).toBe(id);
        seen.add(reading.dedupe);
      }
      expect(seen.size).toBe(5);
    } finally {
      await receiver.close();
    }
  });

  test('what a trigger sends by the documented template is verified and names the ticket', async () => {
    const receiver = await openReceiver();
    try {
      const webhook = { name: 'By trigger', endpoint: receiver.url, http_method: 'POST', request_format: 'json', status: 'active', subscriptions: ['conditional_ticket_events'] };
      const id = at((await client.bot.call('POST', '/api/v2/webhooks', { webhook })).body, 'webhook', 'id');
      const body = '{ "ticket_id": "{{ticket.id}}", "happened": "ticket.updated" }';
      const trigger = { title: 'Deskmesh', conditions: { any: [{ field: 'update_type', operator: 'is', value: 'Create' }, { field: 'update_type', operator: 'is', value: 'Change' }] }, actions: [{ field: 'notification_webhook', value: [id, body] }] };
      await client.bot.call('POST', '/api/v2/triggers', { trigger });
      const hook = await desk.ensureWebhook(receiver.url);
      const ticket = await client.created({ subject: 'says "no"' });
      const readings: unknown[] = [];
      for (let n = 0; n < 3; n += 1) {
        const inbound = await receiver.next();
        expect(verify(connector.about.signature({}), inbound, hook.status === 'registered' ? hook.secrets : [], Date.now())).toEqual({ ok: true });
        readings.push(connector.read(inbound, JSON.parse(inbound.rawBody.toString('utf8')), {}));
      }
      expect(readings).toContainEqual({ kind: 'ticket', ticketId: String(ticket), event: 'ticket.updated', dedupe: expect.stringMatching(/^trigger:[0-9A-Z]{26}$/) });
    } finally {
      await receiver.close();
    }
  });
});
