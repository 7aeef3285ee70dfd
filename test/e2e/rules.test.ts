/**
 * The rules of a mirror on a running system: people work on real-sounding desks by the desks' own APIs, one mesh.yaml says what of
 * it goes where, in which words, and what stays.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { untilSwept } from '../support/alike.ts';
import { jsonLines, prose, type Line } from '../support/commands.ts';
import { startTrio, type Name, type Trio } from '../support/trio.ts';
import { until } from '../support/until.ts';

type Json = Record<string, unknown>;

/** Custom fields of the sandbox desks, by their own ids. */
const Z = { reference: '8447346600101', escalated: '8447346600103', order: '8447346600104', promised: '8447346600106' } as const;
const BEN = 8447388091518;
const MIRRORS = [
  {
    name: 'vendor',
    accounts: ['zendesk', 'freshdesk'],
    where: { properties: { tags: { contains: { const: 'vendor' } } } },
    fields: { ignore: ['due_at'], owner: { priority: 'zendesk' } },
    custom_fields: {
      reference: { zendesk: Z.reference, freshdesk: 'cf_order' },
      escalated: { zendesk: Z.escalated, freshdesk: 'cf_plan' },
      order: { zendesk: Z.order, freshdesk: 'cf_ref' },
      promised: { zendesk: Z.promised, freshdesk: 'cf_details' },
    },
    values: {
      zendesk: { group: { Support: '8447388071518' } },
      freshdesk: { group: { Support: '1070000441221' }, escalated: { true: 'Pro', false: 'Free' }, assignee: { 'ben@example.com': 'ann@example.com' }, status: { resolved: 'closed' } },
    },
    constants: { freshdesk: { ticket_type: 'question' } },
    defaults: { freshdesk: { reference: 7 } },
    comments: 'public',
    author_line: '{author} at {account} wrote:',
    attachments: { max_bytes: 100 },
    on_delete: 'close',
  },
  {
    name: 'partner',
    from: 'zendesk',
    to: ['helpdesk'],
    targets: { helpdesk: { where: { properties: { tags: { contains: { const: 'partner' } } } } } },
    unmatched: 'freeze',
    comments: 'none',
    on_delete: 'ignore',
  },
];

let trio: Trio;

beforeAll(async () => {
  trio = await startTrio();
  const path = await trio.mesh();
  const { accounts } = JSON.parse(await readFile(path, 'utf8')) as { accounts: Json[] };
  await writeFile(join(trio.folder, 'mesh.yaml'), JSON.stringify({ accounts, mirrors: MIRRORS }));
  await trio.serve({ LOG_LEVEL: 'error' });
});
afterAll(() => trio?.close());

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

/** A person's call of the desk's own API. */
async function agent(name: 'zendesk' | 'freshdesk', method: string, path: string, body?: object | string): Promise<Json> {
  const { url, human } = trio.desk(name);
  const authorization = name === 'zendesk' ? basic(`${human['email']}/token:${human['token']}`) : basic(`${human['key']}:X`);
  const response = await fetch(`${url}/api/v2${path}`, {
    method,
    headers: { authorization, ...(body === undefined ? {} : { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json' }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text.slice(0, 300)}`);
  return text === '' ? {} : (JSON.parse(text) as Json);
}

async function opened(ticket: Json): Promise<string> {
  const made = await agent('zendesk', 'POST', '/tickets', { ticket: { comment: { body: `About ${String(ticket['subject'])}` }, ...ticket } });
  return String((made['ticket'] as Json)['id']);
}

/** A ticket as its desk keeps it, or undefined. */
function raw(name: Name, subject: string): Json | undefined {
  return (trio.desk(name).state() as { tickets: Json[] }).tickets.find((ticket) => ticket['subject'] === subject);
}

const there = (name: Name, subject: string): Promise<Json> => until(() => raw(name, subject), { what: `${subject} on ${name}` });
const idOn = (name: Name, subject: string): string => String(raw(name, subject)?.['id']);
const customs = (name: Name, subject: string): Json => {
  const fields = raw(name, subject)?.['custom_fields'];
  return Array.isArray(fields) ? Object.fromEntries(fields.map(({ id, value }: { id: unknown; value: unknown }) => [String(id), value])) : ((fields ?? {}) as Json);
};
const explained = async (name: Name, subject: string): Promise<readonly Line[]> => (await jsonLines(trio, ['explain', `${name}:${idOn(name, subject)}`])).lines;

/** Resolves when the desk shows it so; fails with what it shows instead. */
async function shows(what: string, see: () => unknown, wanted: unknown): Promise<void> {
  let seen: unknown;
  await until(
    () => {
      seen = see();
      return JSON.stringify(seen) === JSON.stringify(wanted);
    },
    { what: () => `${what}: ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}` },
  );
}

describe('where', () => {
  test('a ticket that does not fit stays where it is; when it begins to fit, it goes, and to each account by that account’s own condition', async () => {
    const id = await opened({ subject: 'Wanderer', tags: ['plain'] });
    await untilSwept(trio, 2);
    expect([raw('freshdesk', 'Wanderer'), raw('helpdesk', 'Wanderer')]).toEqual([undefined, undefined]);
    await agent('zendesk', 'PUT', `/tickets/${id}`, { ticket: { tags: ['plain', 'partner'] } });
    await there('helpdesk', 'Wanderer');
    expect(raw('freshdesk', 'Wanderer')).toBeUndefined();
    await agent('zendesk', 'PUT', `/tickets/${id}`, { ticket: { tags: ['plain', 'partner', 'vendor'] } });
    await there('freshdesk', 'Wanderer');
  }, 300_000);

  test('one that fits no longer is kept alike, or frozen, as its mirror says', async () => {
    const id = idOn('zendesk', 'Wanderer');
    await agent('zendesk', 'PUT', `/tickets/${id}`, { ticket: { tags: ['plain'] } });
    await shows('the tags arrive', () => (raw('freshdesk', 'Wanderer')?.['tags'] as string[]).filter((tag) => !tag.startsWith('dm-')), ['plain']);
    await agent('zendesk', 'PUT', `/tickets/${id}`, { ticket: { subject: 'Wanderer II' } });
    await there('freshdesk', 'Wanderer II');
    await untilSwept(trio, 1);
    expect(raw('helpdesk', 'Wanderer II')).toBeUndefined();
    await agent('zendesk', 'PUT', `/tickets/${id}`, { ticket: { tags: ['partner'] } });
    await there('helpdesk', 'Wanderer II');
  }, 300_000);
});

describe('words and values', () => {
  const custom_fields = [{ id: Z.reference, value: '4711' }, { id: Z.escalated, value: true }, { id: Z.order, value: 12 }, { id: Z.promised, value: '2026-02-03' }].map(({ id, value }) => ({ id: Number(id), value }));

  test('go over in the types and words of the other desk', async () => {
    await opened({ subject: 'Typed', tags: ['vendor'], type: 'incident', priority: 'high', assignee_id: BEN, group_id: 8447388071518, custom_fields });
    const seen = await there('freshdesk', 'Typed');
    // Text to number, boolean to option, number to text, date to text.
    expect(customs('freshdesk', 'Typed')).toMatchObject({ cf_order: 4711, cf_plan: 'Pro', cf_ref: '12', cf_details: '2026-02-03' });
    expect(seen).toMatchObject({ type: 'Question', priority: 3, responder_id: 1070040306629, group_id: 1070000441221, status: 2 });
    // The constant is nobody’s change: the ticket keeps its own type at home.
    await untilSwept(trio, 1);
    expect(raw('zendesk', 'Typed')?.['type']).toBe('incident');
  }, 300_000);

  test('come back in the types and words of the first', async () => {
    await agent('freshdesk', 'PUT', `/tickets/${idOn('freshdesk', 'Typed')}`, { custom_fields: { cf_order: 5, cf_plan: 'Free', cf_ref: '13', cf_details: '2026-03-04' } });
    await shows('the values arrive', () => [Z.reference, Z.escalated, Z.order, Z.promised].map((id) => customs('zendesk', 'Typed')[id]), ['5', false, 13, '2026-03-04']);
  }, 300_000);

  test('what the other desk’s type cannot say is left as it was, and explained', async () => {
    await agent('freshdesk', 'PUT', `/tickets/${idOn('freshdesk', 'Typed')}`, { custom_fields: { cf_ref: 'a dozen' } });
    await until(async () => (await explained('zendesk', 'Typed')).some(({ what, note, field, account }) => what === 'note' && note === 'not written' && field === 'custom:order' && account === 'zendesk'), { what: 'the note', everyMs: 300, withinMs: 90_000 });
    expect(customs('zendesk', 'Typed')[Z.order]).toBe(13);
  }, 300_000);

  test('a default stands where nobody has a value, and a word of the map is that of the mesh at home', async () => {
    const id = await opened({ subject: 'Sparse', tags: ['vendor'] });
    await there('freshdesk', 'Sparse');
    expect(customs('freshdesk', 'Sparse')['cf_order']).toBe(7);
    await agent('zendesk', 'PUT', `/tickets/${id}`, { ticket: { status: 'solved' } });
    await shows('resolved is closed there', () => raw('freshdesk', 'Sparse')?.['status'], 5);
    await untilSwept(trio, 1);
    expect([raw('zendesk', 'Sparse')?.['status'], customs('zendesk', 'Sparse')[Z.reference]]).toEqual(['solved', null]);
  }, 300_000);
});

describe('who may say what', () => {
  test('a field’s owner wins, the other is set back, and both values are told; an ignored field stays at home', async () => {
    const id = await opened({ subject: 'Owned', tags: ['vendor'], priority: 'high', type: 'task', due_at: '2026-05-01T10:00:00Z' });
    const before = (await there('freshdesk', 'Owned'))['due_by'];
    await agent('freshdesk', 'PUT', `/tickets/${idOn('freshdesk', 'Owned')}`, { priority: 1 });
    const conflict = await until(async () => (await explained('zendesk', 'Owned')).find(({ note, field }) => note === 'conflict' && field === 'priority'), { what: 'the conflict', everyMs: 300, withinMs: 90_000 });
    expect(conflict).toMatchObject({ account: 'freshdesk', because: 'this field belongs to zendesk', values: { won: 'high', lost: 'low' } });
    await shows('it is set back', () => raw('freshdesk', 'Owned')?.['priority'], 3);
    expect(raw('zendesk', 'Owned')?.['priority']).toBe('high');
    expect(String(raw('freshdesk', 'Owned')?.['due_by'])).toBe(String(before));
    expect(String(before)).not.toContain('2026-05-01');
    await agent('zendesk', 'PUT', `/tickets/${id}`, { ticket: { priority: 'urgent' } });
    await shows('the owner’s change arrives', () => raw('freshdesk', 'Owned')?.['priority'], 4);
  }, 300_000);

  test('what is changed where a mirror only leads to stays there, is not carried, and is told', async () => {
    await agent('zendesk', 'PUT', `/tickets/${idOn('zendesk', 'Owned')}`, { ticket: { tags: ['vendor', 'partner'] } });
    await there('helpdesk', 'Owned');
    await trio.human('helpdesk').update(idOn('helpdesk', 'Owned'), { priority: 'low' });
    await until(async () => (await explained('helpdesk', 'Owned')).some(({ note, field, account }) => note === 'left alone' && field === 'priority' && account === 'helpdesk'), { what: 'the note', everyMs: 300, withinMs: 90_000 });
    expect(raw('zendesk', 'Owned')?.['priority']).toBe('urgent');
  }, 300_000);
});

describe('comments and files', () => {
  test('public ones go with the mirror’s own line and files up to its size; private ones and those of a mirror without comments do not', async () => {
    const id = await opened({ subject: 'Spoken', tags: ['vendor', 'partner'] });
    await Promise.all([there('freshdesk', 'Spoken'), there('helpdesk', 'Spoken')]);
    const tokens: unknown[] = [];
    for (const [file, bytes] of [['small.txt', 50], ['large.txt', 200]] as const) tokens.push(((await agent('zendesk', 'POST', `/uploads?filename=${file}`, 'x'.repeat(bytes)))['upload'] as Json)['token']);
    await agent('zendesk', 'PUT', `/tickets/${id}`, { ticket: { comment: { body: 'Between us', public: false } } });
    await agent('zendesk', 'PUT', `/tickets/${id}`, { ticket: { comment: { body: 'To all', public: true, uploads: tokens } } });
    const comments = (): readonly Json[] => (raw('freshdesk', 'Spoken')?.['comments'] ?? []) as Json[];
    await shows('the comment arrives', () => comments().length, 1);
    expect(String(comments()[0]?.['body_text'])).toMatch(/^\S.* at zendesk wrote:\s*To all/);
    expect((comments()[0]?.['attachments'] as Json[]).map(({ name }) => name)).toEqual(['small.txt']);
    const attempts = (await explained('freshdesk', 'Spoken')).filter(({ what, step }) => what === 'attempt' && step === 'comment.create');
    expect(attempts).toMatchObject([{ account: 'freshdesk', warnings: [{ field: 'attachments', reason: 'large.txt: larger than the 100 bytes that the mirror carries' }] }]);
    await untilSwept(trio, 1);
    expect((raw('helpdesk', 'Spoken')?.['comments'] ?? []) as Json[]).toEqual([]);
  }, 300_000);

  test('one that is made private goes where it was public, since its mirror carries no private ones', async () => {
    const id = idOn('zendesk', 'Spoken');
    const { comments } = (await agent('zendesk', 'GET', `/tickets/${id}/comments`)) as { comments: Json[] };
    const said = comments.find(({ plain_body: body }) => String(body).includes('To all'));
    await agent('zendesk', 'PUT', `/tickets/${id}/comments/${String(said?.['id'])}/make_private`, {});
    await shows('the copy goes', () => ((raw('freshdesk', 'Spoken')?.['comments'] ?? []) as Json[]).length, 0);
  }, 300_000);
});

describe('the end of a ticket', () => {
  test('a deletion closes, or leaves alone, as each mirror says; undeleted it is open again', async () => {
    const id = await opened({ subject: 'Gone', tags: ['vendor', 'partner'] });
    await Promise.all([there('freshdesk', 'Gone'), there('helpdesk', 'Gone')]);
    await agent('zendesk', 'DELETE', `/tickets/${id}`);
    await shows('it is closed', () => [raw('freshdesk', 'Gone')?.['status'], raw('freshdesk', 'Gone')?.['deleted'] ?? false], [5, false]);
    expect(trio.tickets('helpdesk').some(({ subject }) => subject === 'Gone')).toBe(true);
    await agent('zendesk', 'PUT', `/deleted_tickets/${id}/restore`, {});
    await shows('it is open again', () => raw('freshdesk', 'Gone')?.['status'], 2);
  }, 300_000);

  test('of two mirrored tickets that are merged the other desk keeps two: one closed, and the talk goes on in the other', async () => {
    const [source, target] = [await opened({ subject: 'Twin one', tags: ['vendor'] }), await opened({ subject: 'Twin two', tags: ['vendor'] })];
    await Promise.all([there('freshdesk', 'Twin one'), there('freshdesk', 'Twin two')]);
    await agent('zendesk', 'POST', `/tickets/${target}/merge`, { ids: [Number(source)], target_comment: 'It came from one', target_comment_is_public: true });
    await shows('the merged one is closed there, too', () => raw('freshdesk', 'Twin one')?.['status'], 5);
    const texts = (): readonly string[] => ((raw('freshdesk', 'Twin two')?.['comments'] ?? []) as Json[]).map(({ body_text: text }) => String(text));
    await until(() => texts().some((text) => text.includes('It came from one')), { what: () => `the comment of the merge among ${JSON.stringify(texts())}` });
    await agent('zendesk', 'PUT', `/tickets/${target}`, { ticket: { comment: { body: 'Here we go on', public: true } } });
    await until(() => texts().some((text) => text.includes('Here we go on')), { what: 'what is said after it' });
    expect(await prose(trio, ['explain', `zendesk:${source}`])).toMatch(new RegExp(`merged: it was merged into ticket ${target} on this desk`));
    expect(trio.tickets('freshdesk').filter(({ subject }) => subject.startsWith('Twin'))).toHaveLength(2);
  });
});

test('and after all of it nothing is missing, too much or different', async () => {
  await untilSwept(trio, 1);
  const { lines } = await jsonLines(trio, ['drift']);
  expect(lines.filter(({ finding }) => finding !== undefined)).toEqual([]);
  expect(lines.at(-1)).toMatchObject({ drift: { missing: 0, extra: 0, differing: 0, unread: 0 } });
  expect(await prose(trio, ['release'])).toBe('nothing waits for a person');
}, 300_000);
