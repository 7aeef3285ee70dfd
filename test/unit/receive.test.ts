import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { createValidator } from '../../src/contracts/validator.ts';
import { findJsonFault } from '../../src/engine/json-fault.ts';
import { decodeJson } from '../../src/engine/json.ts';
import { AppError } from '../../src/errors.ts';
import type { Ticket } from '../../src/core/model.ts';
import type { BodyParser, Reading } from '../../src/ports/connector.ts';
import { ACCOUNT, inbound, NOW, readTicket, rig, signed, TOKEN, toyConnector } from '../support/hook-fixture.ts';

const BODY = '{"id":"evt_1","ticket":{"id":"t1"}}';

async function refusal(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work.then(() => null, (reason: unknown) => reason);
  if (!(error instanceof AppError)) throw new Error(`AppError was due, not ${String(error)}`);
  return error;
}

function sha(body: string | Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

describe('a genuine webhook', () => {
  test('is kept exactly as it came, and then answered 202', async () => {
    const { receiver, kept, world } = rig();
    const headers = { ...signed(BODY), 'user-agent': 'Toy', 'webhook-id': 'w1', 'x-toy-webhook-event-id': 'e1', authorization: 'Bearer x', cookie: 'y' };
    expect(await receiver.receive(7, TOKEN, inbound(BODY, headers))).toEqual({ status: 202, body: { receipt: 'r1', status: 'accepted' } });
    expect(kept).toEqual([{
      account_id: 7,
      dedupe: 'evt_1',
      headers: { 'content-type': 'application/json', 'user-agent': 'Toy', 'webhook-id': 'w1', 'x-toy-webhook-event-id': 'e1' },
      raw_body: Buffer.from(BODY),
      state: 'accepted',
      reason: null,
      ticket_id: 't1',
      event: 'ticket.updated',
      snapshot: null,
    }]);
    expect(world.lines.filter(({ level }) => level !== 'debug')).toEqual([]);
  });

  test('keeps which delivery it was, and nothing that proves who sent it', async () => {
    const { receiver, kept } = rig();
    const told = { 'x-zendesk-webhook-id': 'a', 'x-zendesk-webhook-invocation-id': 'b', 'x-zendesk-webhook-signature-timestamp': 'c', 'webhook-timestamp': 'd' };
    const secret = { 'x-zendesk-webhook-signature': 'e', 'webhook-signature': 'f', 'x-desk-webhook-token': 'g', 'x-api-key': 'h' };
    await receiver.receive(7, TOKEN, inbound(BODY, { ...signed(BODY), ...told, ...secret }));
    expect(kept[0]?.headers).toEqual({ 'content-type': 'application/json', ...told });
  });

  test('that comes twice is kept once and answered 200', async () => {
    const { receiver, kept } = rig();
    await receiver.receive(7, TOKEN, inbound(BODY));
    expect(await receiver.receive(7, TOKEN, inbound(BODY))).toEqual({ status: 200, body: { receipt: 'r1', status: 'repeated' } });
    expect(kept).toHaveLength(1);
  });

  test('is taken for a stopped account too: its lanes wait, nothing is lost', async () => {
    const { receiver } = rig({ account: { ...ACCOUNT, state: 'stopped', stopped_because: '401' } });
    expect(await receiver.receive(7, TOKEN, inbound(BODY))).toMatchObject({ status: 202 });
  });

  test('of an unknown kind is kept as ignored, with the reason', async () => {
    const { receiver, kept } = rig({ connector: toyConnector(() => ({ kind: 'ignored', why: 'Nothing\u0000 of ours.', dedupe: 'evt_1' })) });
    expect(await receiver.receive(7, TOKEN, inbound(BODY))).toEqual({ status: 202, body: { receipt: 'r1', status: 'ignored' } });
    expect(kept[0]).toMatchObject({ state: 'ignored', reason: 'Nothing of ours.', dedupe: 'evt_1', ticket_id: null });
  });

  test('that asks whether we are there gets its answer, and nothing is kept', async () => {
    const { receiver, kept } = rig({ connector: toyConnector(() => ({ kind: 'challenge', status: 200, body: 'echo' })) });
    expect(await receiver.receive(7, TOKEN, inbound(BODY))).toEqual({ status: 200, body: 'echo' });
    expect(kept).toEqual([]);
  });

  test('that tells a deletion without an event is kept as one', async () => {
    const { receiver, kept } = rig({ connector: toyConnector(() => ({ kind: 'ticket', ticketId: 't1', deleted: true, dedupe: 'd' })) });
    await receiver.receive(7, TOKEN, inbound(BODY));
    expect(kept[0]?.event).toBe('ticket.deleted');
  });
});

describe('who may come in', () => {
  test('an unknown account and a wrong token get the same answer', async () => {
    const { receiver, kept } = rig();
    const unknown = await refusal(receiver.receive(8, TOKEN, inbound(BODY)));
    for (const token of ['x', `${TOKEN.slice(0, -1)}N`, `${TOKEN}n`]) {
      const wrong = await refusal(receiver.receive(7, token, inbound(BODY)));
      expect([unknown.code, unknown.message]).toEqual([wrong.code, wrong.message]);
    }
    expect(unknown.code).toBe('not_found');
    expect(kept).toEqual([]);
  });

  test('an account that was connected elsewhere a moment ago is read first, once for all who ask then', async () => {
    let read = 0;
    const { receiver } = rig({ connects: () => (read += 1) });
    const [taken, unknown] = await Promise.all([receiver.receive(7, TOKEN, inbound(BODY)), refusal(receiver.receive(8, TOKEN, inbound(BODY)))]);
    expect([taken.status, unknown.code, read]).toEqual([202, 'not_found', 1]);
  });

  test('an account that got another secret elsewhere a moment ago is read first; what does not fit that either is not genuine', async () => {
    let read = 0;
    const { receiver, kept } = rig({ account: { ...ACCOUNT, inbound_secrets: [] }, reread: () => ((read += 1), ACCOUNT) });
    const given = [inbound(BODY), inbound(BODY, signed(BODY, NOW / 1000, 'other'))] as const;
    const [taken, forged] = await Promise.all([receiver.receive(7, TOKEN, given[0]), refusal(receiver.receive(7, TOKEN, given[1]))]);
    expect([taken.status, forged.code, read, kept.length]).toEqual([202, 'unauthorized', 1, 1]);
    await receiver.receive(7, TOKEN, inbound(BODY));
    expect(read).toBe(1);
  });

  test('a token that was replaced elsewhere admits nobody any more', async () => {
    const { receiver } = rig({ account: { ...ACCOUNT, inbound_secrets: [] }, reread: () => ({ ...ACCOUNT, hook_token: 'another' }) });
    expect((await refusal(receiver.receive(7, TOKEN, inbound(BODY)))).code).toBe('not_found');
  });

  test('an account without a token admits nobody', async () => {
    const { receiver } = rig({ account: { ...ACCOUNT, hook_token: '' } });
    expect((await refusal(receiver.receive(7, '', inbound(BODY)))).code).toBe('not_found');
  });

  test.each([
    ['a missing signature', { 'content-type': 'application/json' }, /missing/],
    ['an old one', signed(BODY, NOW / 1000 - 301), /301 seconds old/],
    ['a wrong one', signed(BODY, NOW / 1000, 'other'), /fits none/],
  ])('%s is answered 401, and nothing is kept', async (_name, headers, why) => {
    const { receiver, kept } = rig();
    const error = await refusal(receiver.receive(7, TOKEN, inbound(BODY, headers)));
    expect([error.code, error.message]).toEqual(['unauthorized', expect.stringMatching(why)]);
    expect(kept).toEqual([]);
  });

  test('the signature is verified before the body is parsed', async () => {
    const { receiver } = rig();
    expect((await refusal(receiver.receive(7, TOKEN, inbound('{', signed('}'))))).code).toBe('unauthorized');
  });
});

describe('a body that is not JSON', () => {
  test.each([
    ['malformed', '{"id": evt}', /line 1, column 8, a value is due/],
    ['malformed further down', '{\n  "id": "a"\n  "b": 1}', /line 3, column 3, a comma or } is due/],
    ['truncated', '{"id":"evt_1","tick', /ends after 19 characters, where the closing quote of a text is due/],
    ['only blanks', ' \n', /ends after 2 characters, where a value is due/],
    ['two values', '{}{}', /column 3, the end is due/],
    ['a bare NUL', '{"id":"\u0000"}', /column 8, an escape such as/],
    ['deeply nested', '['.repeat(65), /deeper than 64 levels \(at byte 64\)/],
    ['nested without measure', '['.repeat(1_000_000), /deeper than 64/],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), /not valid UTF-8/],
    ['a surrogate encoded as UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /not valid UTF-8/],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), /not valid UTF-8/],
  ])('%s: 400 that says where, and nothing is kept', async (_name, body, why) => {
    const { receiver, kept } = rig();
    const error = await refusal(receiver.receive(7, TOKEN, inbound(body)));
    expect([error.code, error.message]).toEqual(['bad_request', expect.stringMatching(why)]);
    expect(kept).toEqual([]);
  });

  test('64 levels, a byte order mark and brackets inside texts are fine', () => {
    expect(decodeJson(Buffer.from('['.repeat(64) + ']'.repeat(64))).value).toBeDefined();
    expect(decodeJson(Buffer.from('\ufeff{"a":1}')).value).toEqual({ a: 1 });
    expect(decodeJson(Buffer.from(JSON.stringify(['['.repeat(100), '\\"[['.repeat(100)]))).odd).toBe(false);
  });

  test('the fault is found exactly where the parser finds one', () => {
    const mutated = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', '{', '}', '[', ']', ',', ':', '"', '\\', '0', '-', '.', 'e', '\n', '\u0001'));
    fc.assert(fc.property(mutated, ([json, place, char]) => {
      const at = place % (json.length + 1);
      for (const text of [json, json.slice(0, at) + char + json.slice(at), json.slice(0, at) + char + json.slice(at + 1)]) {
        expect(findJsonFault(text) === null).toBe(parses(text));
      }
    }), { numRuns: 500, seed: 1 });
  });

  function parses(text: string): boolean {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }
});

describe('a body in a format of its desk', () => {
  const lines: BodyParser = (text) => {
    if (text.includes('!')) throw new AppError('bad_request', 'No shouting.');
    const [first = ''] = text.split('\n');
    return { id: first, ticket: { id: first } };
  };
  const connector = { ...toyConnector(readTicket), formats: { 'text/x-lines': lines } };
  const typed = (body: string | Buffer, type: string) => inbound(body, { ...signed(body), 'content-type': type });

  test.each(['text/x-lines', 'Text/X-Lines; charset=utf-8'])('is taken as %s, parsed by the connector, and kept as it came', async (type) => {
    const { receiver, kept } = rig({ connector });
    expect(await receiver.receive(7, TOKEN, typed('\ufefft9\nmore', type))).toMatchObject({ status: 202 });
    expect(kept[0]).toMatchObject({ ticket_id: 't9', raw_body: Buffer.from('\ufefft9\nmore'), headers: { 'content-type': type } });
  });

  test('JSON is taken beside it', async () => {
    const { receiver, kept } = rig({ connector });
    await receiver.receive(7, TOKEN, inbound(BODY));
    expect(kept[0]?.ticket_id).toBe('t1');
  });

  test.each([
    ['of another desk', 'text/x-lines', toyConnector(readTicket), /text\/x-lines is not taken here: send application\/json\./],
    ['of no desk', 'text/plain', connector, /text\/plain is not taken here: send application\/json or text\/x-lines\./],
    ['named like what every object has', 'constructor', connector, /constructor is not taken here/],
    ['in another charset', 'text/x-lines; charset=utf-16', connector, /charset utf-16 is not taken/],
  ])('%s: 415, and nothing is kept', async (_name, type, taker, why) => {
    const { receiver, kept } = rig({ connector: taker });
    const error = await refusal(receiver.receive(7, TOKEN, typed('t9', type)));
    expect([error.code, error.message, kept]).toEqual(['unsupported_media_type', expect.stringMatching(why), []]);
  });

  test.each([
    ['that it cannot be', 'no!', /No shouting/],
    ['that is not UTF-8', Buffer.from([0x74, 0xff]), /not valid UTF-8/],
  ])('%s: 400, and nothing is kept', async (_name, body, why) => {
    const { receiver, kept } = rig({ connector });
    const error = await refusal(receiver.receive(7, TOKEN, typed(body, 'text/x-lines')));
    expect([error.code, error.message, kept]).toEqual(['bad_request', expect.stringMatching(why), []]);
  });

  test('is verified before it is parsed, and a wrong token is told nothing of formats', async () => {
    const { receiver } = rig({ connector });
    const unsigned = inbound('no!', { 'content-type': 'text/x-lines' });
    expect((await refusal(receiver.receive(7, TOKEN, unsigned))).code).toBe('unauthorized');
    expect((await refusal(receiver.receive(7, 'wrong', typed('x', 'text/plain')))).code).toBe('not_found');
  });

  test('brings no text along that the database cannot keep', async () => {
    const snapshot = { id: 't1', created_at: null, modified_at: null, is_deleted: false, key: null } satisfies Ticket;
    const carrying = toyConnector(({ ticket }) => ({ kind: 'ticket', ticketId: 't1', dedupe: 'd', snapshot: { ...snapshot, subject: String(Reflect.get(Object(ticket), 'id')) } }));
    const { receiver, kept } = rig({ connector: { ...carrying, formats: { 'text/x-lines': lines } } });
    await receiver.receive(7, TOKEN, typed('a\u0000b', 'text/x-lines'));
    expect(kept[0]?.snapshot?.subject).toBe('ab');
  });
});

describe('a genuine body that is not as expected', () => {
  const odd = '{"id":5,"ticket":{}}';

  test('is kept, parked with where and what, and answered 422 with the faults', async () => {
    const { receiver, kept } = rig();
    const error = await refusal(receiver.receive(7, TOKEN, inbound(odd)));
    expect(error.code).toBe('unprocessable_entity');
    expect(error.message).toContain('receipt r1');
    expect(error.faults).toEqual([
      { path: '/id', message: 'This must be a string, not a number.' },
      { path: '/ticket/id', message: 'This is missing: give a string or a whole number.' },
    ]);
    expect(kept[0]).toMatchObject({ state: 'parked', dedupe: sha(odd), ticket_id: null, raw_body: Buffer.from(odd) });
    expect(kept[0]?.reason).toMatch(/toy webhooks.*\/id: This must be a string.*\/ticket\/id: This is missing/);
  });

  test('is answered 202 where the desk punishes failures', async () => {
    const { receiver, kept, world } = rig({ connector: toyConnector(readTicket, 202) });
    expect(await receiver.receive(7, TOKEN, inbound(odd))).toEqual({ status: 202, body: { receipt: 'r1', status: 'parked' } });
    expect(await receiver.receive(7, TOKEN, inbound(odd))).toEqual({ status: 200, body: { receipt: 'r1', status: 'repeated' } });
    expect(kept).toHaveLength(1);
    expect(world.lines.filter(({ event }) => event === 'webhook.parked')).toHaveLength(1);
  });

  const unreadable: [string, Reading][] = [
    ['the connector says so', { kind: 'unreadable', why: 'It holds no ticket.' }],
    ['an empty ticket id', { kind: 'ticket', ticketId: '', dedupe: 'd' }],
    ['a NUL in the ticket id', { kind: 'ticket', ticketId: 'a\u0000b', dedupe: 'd' }],
    ['half a surrogate pair in the ticket id', { kind: 'ticket', ticketId: '\ud800', dedupe: 'd' }],
    ['a ticket id without end', { kind: 'ticket', ticketId: 'x'.repeat(201), dedupe: 'd' }],
    ['a line break in the dedupe key', { kind: 'ticket', ticketId: 'x', dedupe: 'a\nb' }],
    ['a dedupe key without end', { kind: 'ignored', why: 'Nothing of ours.', dedupe: 'x'.repeat(201) }],
  ];
  test.each(unreadable)('unreadable is parked and answered like a misfit: %s', async (_name, reading) => {
    const { receiver, kept } = rig({ connector: toyConnector(() => reading) });
    const error = await refusal(receiver.receive(7, TOKEN, inbound(BODY)));
    expect(error).toMatchObject({ code: 'unprocessable_entity', faults: [{ path: '', message: kept[0]?.reason }] });
    expect(kept[0]).toMatchObject({ state: 'parked', dedupe: sha(BODY), ticket_id: null });
  });

  test('a connector that throws loses nothing: parked, logged, answered 202', async () => {
    const failure = new TypeError('undefined is not a ticket');
    const { receiver, kept, world } = rig({ connector: toyConnector(() => { throw failure; }) });
    expect(await receiver.receive(7, TOKEN, inbound(BODY))).toEqual({ status: 202, body: { receipt: 'r1', status: 'parked' } });
    expect(kept[0]).toMatchObject({ state: 'parked', dedupe: sha(BODY), reason: expect.not.stringContaining('undefined is not') });
    expect(world.lines).toContainEqual({ level: 'error', event: 'webhook.read_failed', fields: expect.objectContaining({ err: failure, receipt: 'r1' }) });
  });
});

describe('texts that the database cannot keep', () => {
  const snapshot = { id: 't1', created_at: null, modified_at: null, is_deleted: false, key: null } satisfies Ticket;
  const carrying = toyConnector((body) => ({
    kind: 'ticket', ticketId: 't1', dedupe: 'd',
    snapshot: { ...snapshot, subject: String(body['subject']), custom_properties: [{ id: 'c', value: body['deep'] }] },
  }));

  test('NUL and halves of surrogate pairs leave the snapshot, not the raw body', async () => {
    const { receiver, kept } = rig({ connector: carrying });
    const body = String.raw`{"id":"e","ticket":{"id":1},"subject":"a\u0000b\ud83d\ude00","deep":{"\u0000k":["\uDC00"]}}`;
    await receiver.receive(7, TOKEN, inbound(body));
    expect(kept[0]?.snapshot).toMatchObject({ subject: 'ab😀', custom_properties: [{ id: 'c', value: { k: ['\ufffd'] } }] });
    expect(kept[0]?.raw_body).toEqual(Buffer.from(body));
  });

  test.each([
    [String.raw`"\u0000"`, true], [String.raw`"\\u0000"`, false], [String.raw`"\\\u0000"`, true], [String.raw`"\u0041"`, false],
    [String.raw`"\ud7ff"`, false], [String.raw`"\uD800"`, true], [String.raw`"\udfff"`, true], [String.raw`"\uE000"`, false],
  ])('only escapes that can bring them in are looked for: %s', (text, odd) => {
    expect(decodeJson(Buffer.from(text)).odd).toBe(odd);
  });
});

describe('a store that is away', () => {
  test.each([
    ['an error of its own', new Error('connect ECONNREFUSED')],
    ['an error of ours', new AppError('service_not_available', 'The database is away.')],
  ])('is answered 503 with the time to come again: %s', async (_name, cause) => {
    const { receiver } = rig({ intake: { accept: () => Promise.reject(cause) } });
    const error = await refusal(receiver.receive(7, TOKEN, inbound(BODY)));
    expect(error).toMatchObject({ code: 'service_not_available', headers: { 'Retry-After': '5' }, cause });
    expect(error.message).not.toContain('ECONNREFUSED');
  });
});

describe('faults', () => {
  const validate = createValidator({
    $id: 'https://deskmesh.example/test.json',
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: {
      name: { type: 'string', minLength: 1 },
      kind: { enum: ['a', 'b'] },
      'odd/name~': { const: 1 },
      at: { type: 'string', format: 'date-time' },
      either: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      many: { type: 'array', items: { type: 'integer', minimum: 1 }, maxItems: 100_000 },
    },
  });

  test('a value that fits has none', () => {
    expect(validate({ name: 'x', either: null, at: '2026-01-31T08:00:00Z' })).toEqual([]);
  });

  test('each says where it is and what would be right', () => {
    expect(validate({ name: '', kind: 'c', 'odd/name~': 2, at: 'soon', either: 3, many: [0, 'x'], 'more/~': 1 })).toEqual([
      { path: '/more~1~0', message: 'This is not known here: leave it out, or name one of "name", "kind", "odd/name~", "at", "either", "many".' },
      { path: '/name', message: 'This must not be empty.' },
      { path: '/kind', message: 'This must be one of "a", "b".' },
      { path: '/odd~1name~0', message: 'This must be 1.' },
      { path: '/at', message: 'This must be a time in ISO 8601, such as 2026-01-31T08:00:00Z.' },
      { path: '/either', message: 'This must be a string or null, not a number.' },
      { path: '/many/0', message: 'This must be >= 1.' },
      { path: '/many/1', message: 'This must be a whole number, not a string.' },
    ]);
    expect(validate([])).toEqual([{ path: '', message: 'This must be an object, not a list.' }]);
  });

  test('there are never more than 20, and a huge misfit costs only its first', () => {
    expect(validate({ name: 'x', many: Array.from({ length: 50 }, () => 'x') })).toHaveLength(20);
    expect(validate({ name: 'x', many: Array.from({ length: 50_000 }, () => 'x') })).toHaveLength(1);
  });

  test('a schema that is itself wrong does not compile', () => {
    expect(() => createValidator({ type: 'object', propertis: {} })).toThrow(/propertis/);
  });
});
