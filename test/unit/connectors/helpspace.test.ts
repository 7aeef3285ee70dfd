import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { coerced } from '../../../src/connectors/helpspace/custom.ts';
import type { Known } from '../../../src/connectors/helpspace/directory.ts';
import { carriedBytes, filesOf, packed } from '../../../src/connectors/helpspace/files.ts';
import { forecastComment, fromMessage, fromTicket, hold, marked, toNewTicket, toPatch, type Words } from '../../../src/connectors/helpspace/map.ts';
import { settingsOf, type CustomField } from '../../../src/connectors/helpspace/settings.ts';
import type { HelpspaceMessage, HelpspaceTicket } from '../../../src/connectors/helpspace/shapes.ts';
import { connectors } from '../../../src/connectors/index.ts';
import type { FileSource } from '../../../src/ports/connector.ts';
import { AGENTS, anyFields, comparable } from './fields.ts';

const KEY = 'dm-abcdefghij234567';
const BASE = 'https://desk.example/api/v1';
const OF = { base: BASE, ticketId: '7' };
const PEOPLE = Object.entries(AGENTS).map(([email, id]) => ({ user_id: id, email, name: 'Agent' }));
const KNOWN: Known = {
  tags: new Map<string, string | null>([['vip', 'VIP'], ['two words', 'Two Words'], ['handbook', null]]),
  agents: PEOPLE,
  teams: [{ id: '5', name: 'Support' }, { id: '6', name: 'Billing' }],
};
const words = (settings: Readonly<Record<string, unknown>> = {}, known: Known = KNOWN): Words => ({ settings: settingsOf(settings), known });
const NOTHING: Known = { tags: null, agents: null, teams: null };

/** The ticket as HelpSpace shows it after a create of this body. */
function shownOf(body: Record<string, unknown>): HelpspaceTicket {
  const { from_contact: from, team, assignee, ...rest } = body as { from_contact?: { email: string; name?: string }; team?: { name: string }; assignee?: { id: number } };
  const agent = PEOPLE.find(({ user_id: id }) => id === String(assignee?.id));
  const found = KNOWN.teams?.find(({ name }) => name === team?.name);
  return {
    id: 1,
    ...rest,
    from_contact: { id: 1, user_id: 2, name: from?.name ?? 'x', value: from?.email ?? null, type: 'email' },
    assignee: agent === undefined ? null : { id: agent.user_id, name: agent.name, email: agent.email },
    team: found === undefined ? null : { id: found.id, name: found.name },
  } as unknown as HelpspaceTicket;
}

describe('the map', () => {
  test.each([[{}], [{ create_tags: true }]])('reading what was written is the forecast (%j)', (settings) => {
    const known = words(settings);
    fc.assert(
      fc.property(anyFields, (fields) => {
        const { held } = hold(fields, known);
        const body = toNewTicket(held, known, held.requester?.email == null ? { user_id: null, email: 'x@y.example', name: null } : held.requester);
        const first: HelpspaceMessage = { id: 1, type: 'external', body: marked(fields.description ?? '', KEY) };
        const read = fromTicket(shownOf(body), known, first, BASE);
        const names = Object.keys(held).filter((name) => name !== 'requester' || held.requester?.email != null);
        expect(comparable(read, names)).toEqual(comparable(held, names));
        expect(read.key).toBe(KEY);
        expect(String(body.subject)).toMatch(/\S/);
      }),
      { numRuns: 300 },
    );
  });

  test('a patch writes exactly what the forecast shows, but for the description', () => {
    const wire = { subject: 'subject', status: 'status', tags: 'tags', requester: 'from_contact', assignee: 'assignee', group: 'team' };
    fc.assert(
      fc.property(anyFields, (fields) => {
        const { held } = hold(fields, words());
        const expected = Object.entries(wire).filter(([name]) => name in held && (name !== 'requester' || held.requester?.email != null)).map(([, key]) => key);
        expect(Object.keys(toPatch(held, words(), {})).sort()).toEqual(expected.sort());
      }),
    );
  });

  test('everything that is asked for is held or warned of', () => {
    fc.assert(
      fc.property(anyFields, (fields) => {
        const { held, warnings } = hold(fields, words());
        for (const [name, value] of Object.entries(fields)) {
          const told = name in held || warnings.some(({ field }) => field === name);
          // An empty priority, type or due date is what HelpSpace shows.
          if (!told) expect([name, value]).toEqual([expect.stringMatching(/^(priority|ticket_type|due_at)$/), null]);
        }
      }),
    );
  });

  test('before anything was learnt, what might exist is kept', () => {
    expect(hold({ tags: ['anything'], assignee: { user_id: '9', email: 'a@b.example', name: null }, group: 'Team' }, words({}, NOTHING))).toEqual({
      held: { tags: ['anything'], assignee: { user_id: null, email: 'a@b.example', name: null }, group: 'Team' },
      warnings: [],
    });
  });

  test('a tag is written as the desk spells it, once, and never one that is for something else', () => {
    expect(hold({ tags: ['vip', 'VIP', 'Handbook', KEY] }, words())).toEqual({ held: { tags: ['VIP'] }, warnings: [{ field: 'tags', reason: 'HelpSpace takes only tags that exist: Handbook' }] });
    expect(hold({ tags: ['new', 'handbook'] }, words({ create_tags: true })).held).toEqual({ tags: ['new'] });
  });

  test('many unknown tags are not all named', () => {
    const tags = Array.from({ length: 12 }, (_, n) => `t${n}`);
    expect(hold({ tags }, words()).warnings[0]?.reason).toMatch(/t9 and 2 more$/);
  });

  test('nobody of another desk is taken for one of this desk by a number', () => {
    expect(hold({ requester: { user_id: '9', email: 'no mail', name: null } }, words()).held).toEqual({});
    expect(hold({ assignee: { user_id: '11', email: 'else@where.example', name: null } }, words()).held).toEqual({});
    expect(hold({ assignee: { user_id: '11', email: null, name: null } }, words()).held).toEqual({ assignee: PEOPLE[0] });
  });

  test('a private ticket is told, a public one is nothing to tell', () => {
    expect(hold({ public: false }, words()).warnings).toEqual([{ field: 'public', reason: 'HelpSpace has no private tickets' }]);
    expect(hold({ public: true }, words())).toEqual({ held: {}, warnings: [] });
  });

  test('fields that an answer lacks are absent', () => {
    const ticket = fromTicket({ id: 1 }, words(), undefined, BASE);
    for (const name of ['subject', 'status', 'priority', 'ticket_type', 'tags', 'requester', 'assignee', 'group', 'description', 'attachments', 'due_at']) {
      expect(ticket).not.toHaveProperty(name);
    }
    expect(fromTicket({ id: 1 }, words(), null, BASE)).toMatchObject({ description: null, attachments: [], key: null });
  });
});

describe('texts', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('😀', 'שלום', ']]>', '{{ticket.id}}', '# *md*', '<!-- open', '<script>', '<p>', '</p>', '<pre>', '<div>', '&amp;', '<br>', '<blockquote>', `<p>${KEY}</p>`, '\u0001', '\u001f', '\u0000', '\ud800', '<img src="x"', '">'),
  );

  test('whatever stands before it, our mark is read back, and the words are as forecast', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const content = pieces.join('');
        const comment = fromMessage({ id: 1, type: 'external', body: marked(content, KEY) }, words(), OF);
        expect(comment.key).toBe(KEY);
        expect(comment.content).toBe(forecastComment({ content, public: true }).content);
        const ticket = fromTicket({ id: 7 }, words(), { id: 1, type: 'external', body: marked(content, KEY) }, BASE);
        expect([ticket.key, ticket.description]).toEqual([KEY, hold({ description: content }, words()).held.description]);
      }),
      { numRuns: 500 },
    );
  });

  test('64 kB come through', () => {
    const content = `<p>${'Wort 😀 '.repeat(8_000)}</p>`;
    expect(fromMessage({ id: 1, type: 'internal', body: marked(content, KEY) }, words(), OF)).toMatchObject({ key: KEY, public: false, content: forecastComment({ content, public: false }).content });
  });

  test('a quotation of our text is not our text', () => {
    for (const body of [`<blockquote>${marked('<p>x</p>', KEY)}</blockquote>`, `${marked('<p>x</p>', KEY)}<p>Thanks!</p>`, `<p>see ${KEY}</p>`]) {
      expect(fromMessage({ id: 1, type: 'external', body }, words(), OF).key).toBeNull();
    }
  });
});

describe('custom fields', () => {
  const TEXT: CustomField = { type: 'text' };
  const DROP: CustomField = { type: 'dropdown', options: ['Free', 'Pro'] };
  test.each<[CustomField, unknown, unknown]>([
    [TEXT, 'a', 'a'], [TEXT, 12, '12'], [TEXT, true, 'true'], [TEXT, ['a'], undefined], [TEXT, { a: 1 }, undefined], [TEXT, '', null],
    [{ type: 'number' }, 12, 12], [{ type: 'number' }, ' 12 ', 12], [{ type: 'number' }, '1.5', undefined], [{ type: 'number' }, 1.5, undefined], [{ type: 'number' }, '9007199254740993', undefined], [{ type: 'number' }, 'x', undefined], [{ type: 'number' }, true, undefined],
    [{ type: 'decimal' }, '1.5', 1.5], [{ type: 'decimal' }, -2, -2], [{ type: 'decimal' }, '1e9', undefined], [{ type: 'decimal' }, Number.NaN, undefined],
    [{ type: 'boolean' }, false, false], [{ type: 'boolean' }, 'TRUE', true], [{ type: 'boolean' }, 0, false], [{ type: 'boolean' }, 'yes', undefined],
    [{ type: 'date' }, '2026-02-03', '2026-02-03'], [{ type: 'date' }, '2026-02-03T00:00:00Z', '2026-02-03'], [{ type: 'date' }, '2026-02-03T10:00:00Z', undefined], [{ type: 'date' }, '2026-13-40', undefined],
    [DROP, 'pro', 'Pro'], [DROP, 'Gold', undefined], [{ type: 'dropdown' }, 'anything', 'anything'],
    [{ type: 'multiselect', options: ['a', 'b'] }, ['B', 'a', 'b'], ['b', 'a']], [{ type: 'multiselect', options: ['a'] }, 'a', ['a']], [{ type: 'multiselect', options: ['a'] }, ['a', 'c'], undefined], [{ type: 'multiselect' }, [], []],
    [DROP, null, null], [{ type: 'number' }, undefined, null],
  ])('%j takes %j as %j', (field, value, expected) => {
    const found = coerced(value, field);
    expect(found).toEqual(expected === undefined ? { reason: expect.any(String) } : { value: expected });
    // What is held is held again as the same.
    if ('value' in found) expect(coerced(found.value, field)).toEqual(found);
  });
});

describe('files', () => {
  const source = (more: Partial<FileSource>): FileSource => ({
    from: 1, ticket_id: '1', comment_id: null, id: 'f', url: 'https://else.example/f', filename: 'f.txt', content_type: 'text/plain; charset=utf-8', size: 3, inline: false, sha256: '',
    open: async function* open() {
      yield Buffer.from('ab');
      yield Buffer.from('c');
    },
    blob: () => Promise.reject(new Error('not asked for')),
    ...more,
  });

  test('what the text shows goes into it, everything else beside it', async () => {
    const image = source({ url: 'https://else.example/i', filename: 'i.png', content_type: 'image/png', inline: true });
    expect(await packed('<p><img alt="i" src="https://else.example/i"> <img src="https://third.example/x"></p>', [source({ content_type: null, filename: ' ' }), image])).toEqual({
      body: '<p><img src="data:image/png;base64,YWJj" alt="i"> <img src="https://third.example/x"></p>',
      attachments: [{ name: 'file', mime_type: 'application/octet-stream', data: 'YWJj' }],
    });
    expect((await packed('<p>none</p>', [image])).attachments).toEqual([{ name: 'i.png', mime_type: 'image/png', data: 'YWJj' }]);
  });

  test('a file that is not as long as it was is not sent', async () => {
    await expect(packed('', [source({ size: 2 })])).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(packed('', [source({ size: 4 })])).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test.each([
    ['its own address', 'https://cdn.example/a/b.png'],
    ['the API’s', 'https://api.helpspace.com/api/v1/media/inline/41'],
    ['a smaller one of the API', '/api/v1/media/inline/41/large?x=1'],
    ['a content id', 'cid:41@helpspace'],
    ['nothing that leads anywhere', ''],
  ])('an image is known by %s', (_what, src) => {
    const { body, attachments } = filesOf({ id: 1, body: `<p><img src="${src}"></p>`, inline_images: [{ id: 41, name: 'n.png', url: 'https://cdn.example/a/b.png' }] }, OF);
    expect(body).toBe(`<p><img src="${BASE}/media/inline/41" alt="n.png"></p>`);
    expect(attachments).toMatchObject([{ id: 'inline-41', inline: true, filename: 'n.png', url: `${BASE}/media/inline/41` }]);
  });

  test('an image of somebody else stays as it is, and where it is not clear which is which nothing is guessed', () => {
    const html = '<p><img src="https://third.example/41"><img src=""></p>';
    expect(filesOf({ id: 1, body: html, inline_images: [{ id: 41 }, { id: 42 }] }, OF)).toMatchObject({ body: html, attachments: [{ inline: false }, { inline: false }] });
  });

  test('ids that are patterns are only ids', () => {
    expect(filesOf({ id: 1, body: '<img src="/inline/4x1">', inline_images: [{ id: '4.1' }] }, OF).body).toBe('<img src="/inline/4x1">');
  });

  test('the n-th image that a body carries', async () => {
    const body = '<img src="data:image/png;base64,YWJj" alt="a"><img src="x"><img src="data:text/plain;base64,ZGVm">';
    const found = carriedBytes(body, 1);
    const parts: Uint8Array[] = [];
    for await (const part of found?.stream ?? []) parts.push(part);
    expect([found?.size, found?.content_type, Buffer.concat(parts).toString()]).toEqual([3, 'text/plain', 'def']);
    expect(carriedBytes(body, 2)).toBeNull();
    expect(filesOf({ id: 9, body }, OF).attachments).toMatchObject([{ id: 'image-0', filename: 'a', size: 3, url: `${BASE}/tickets/7/messages/9#image-0` }, { id: 'image-1', size: 3 }]);
  });

  test('sizes are numbers or absent', () => {
    const sizes = [12, '12', -1, 1.5, 'big', null].map((size) => filesOf({ id: 1, attachments: [{ id: 1, size }] }, OF).attachments[0]?.size);
    expect(sizes).toEqual([12, 12, null, null, null, null]);
  });
});

describe('webhooks', () => {
  const read = (body: unknown, settings = {}, headers = {}) =>
    connectors.helpspace?.read({ headers, rawBody: Buffer.from(JSON.stringify(body)), query: {} }, body, settings);
  const ticket = { id: 2517, subject: 'S', channel: { id: 1 }, from_contact: { id: 8 }, status: 'open', updated_at: '2026-01-01T00:00:00+00:00', deleted_at: null };

  test.each([
    ['ticket.created', 'ticket.created'],
    ['ticket.assigned', 'ticket.assignment.changed'],
    ['ticket.status_updated', 'ticket.updated'],
    ['ticket.channel_updated', 'ticket.updated'],
    ['ticket.tags_updated', 'ticket.updated'],
    ['ticket.customer_message_created', 'comment.created'],
    ['ticket.agent_message_created', 'comment.created'],
    ['ticket.note_created', 'comment.created'],
  ])('%s is %s, and a bell: no snapshot', (event, unified) => {
    const reading = read({ event, data: ticket });
    expect(reading).toMatchObject({ kind: 'ticket', ticketId: '2517', event: unified, dedupe: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(reading).not.toHaveProperty('snapshot');
    expect(reading).not.toHaveProperty('deleted');
  });

  test.each([
    ['in the body under another name', { type: 'ticket.created', data: ticket }, {}, {}],
    ['where the account says', { meta: { what: 'ticket.created' }, data: ticket }, { event_path: 'meta.what' }, {}],
    ['in a header', { data: ticket }, {}, { 'x-helpspace-event': 'ticket.created' }],
  ])('the event is found %s', (_where, body, settings, headers) => {
    expect(read(body, settings, headers)).toMatchObject({ kind: 'ticket', event: 'ticket.created' });
  });

  test('without a name a ticket is a ticket, and a deleted one is deleted', () => {
    expect(read({ data: ticket })).toMatchObject({ kind: 'ticket', ticketId: '2517' });
    expect(read({ data: ticket })).not.toHaveProperty('event');
    expect(read({ data: { ...ticket, deleted_at: '2026-01-01T00:00:00+00:00' } })).toMatchObject({ kind: 'ticket', deleted: true });
    expect(read({ event: 'ticket.deleted', data: { id: 3 } })).toMatchObject({ kind: 'ticket', ticketId: '3', deleted: true, event: 'ticket.deleted' });
  });

  test.each([
    ['by its ticket', { id: 9, body: '<p>x</p>', type: 'internal', ticket: { id: 7 } }],
    ['by its ticket’s id', { id: 9, body: '<p>x</p>', type: 'internal', ticket_id: '7' }],
  ])('a message names its ticket %s', (_how, data) => {
    expect(read({ event: 'ticket.note_created', data })).toMatchObject({ kind: 'ticket', ticketId: '7' });
    expect(read({ data })).toMatchObject({ kind: 'ticket', ticketId: '7' });
  });

  test('a message that names no ticket is kept for a person, and its own id is never taken for a ticket’s', () => {
    expect(read({ event: 'ticket.note_created', data: { id: 9, body: '<p>x</p>' } })).toMatchObject({ kind: 'unreadable' });
    expect(read({ data: { id: 9, subject: 'S', from_contact: {}, body: '<p>x</p>' } })).toMatchObject({ kind: 'unreadable' });
    expect(read({ data: { id: 9 } })).toMatchObject({ kind: 'unreadable' });
  });

  test.each([
    ['customer.updated', { event: 'customer.updated', data: { id: 1, email: 'a@b.example' } }],
    ['tag.created', { event: 'tag.created', data: { id: 1, name: 'x' } }],
    ['a customer without a name for it', { data: { id: 1, name: 'A', email: 'a@b.example' } }],
    ['a tag without a name for it', { data: { id: 1, name: 'x', slug: 'x', color: '#ffffff' } }],
  ])('%s is not ours to follow', (_what, body) => {
    expect(read(body)).toMatchObject({ kind: 'ignored', dedupe: expect.any(String) });
  });

  test('equal bodies are one occurrence, others are not; ids beyond 2^53 are not rounded', () => {
    const one = read({ event: 'ticket.created', data: ticket });
    expect(read({ event: 'ticket.created', data: ticket })).toEqual(one);
    expect(read({ event: 'ticket.created', data: { ...ticket, subject: 'T' } })).not.toEqual(one);
    expect(read({ event: 'ticket.created', data: { ...ticket, id: '9007199254740993' } })).toMatchObject({ ticketId: '9007199254740993' });
    expect(read({ event: 'ticket.created', data: { ...ticket, id: 2 ** 53 } })).toMatchObject({ kind: 'unreadable' });
  });

  test('any body is read without a fault', () => {
    fc.assert(fc.property(fc.object({ key: fc.constantFrom('data', 'event', 'id', 'ticket', 'ticket_id', 'subject', 'body', 'channel', '__proto__') }), (body) => {
      expect(['ticket', 'ignored', 'unreadable']).toContain(read(body)?.kind);
    }));
  });

  test('misfits are answered with 202, for failures switch the webhook off', () => {
    expect(connectors.helpspace?.about.misfitStatus).toBe(202);
  });

  test('a webhook is proved by our header, by a hash, or by the address alone, as the account says', () => {
    const signature = (settings: Readonly<Record<string, unknown>>) => connectors.helpspace?.about.signature(settings);
    expect(signature({})).toEqual({ scheme: 'header-token', header: 'x-deskmesh-secret' });
    expect(signature({ webhook_header: 'X-Other' })).toEqual({ scheme: 'header-token', header: 'x-other' });
    expect(signature({ signature: { scheme: 'hmac', prefix: 'sha256=' } })).toEqual({
      scheme: 'hmac', header: 'signature', encoding: 'hex', prefix: 'sha256=', signed: 'body', timestampHeader: null, toleranceSec: null,
    });
    expect(signature({ signature: { scheme: 'url-token' } })).toEqual({ scheme: 'url-token' });
  });
});
