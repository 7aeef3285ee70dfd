import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { complaintsWith } from '../../../src/connectors/helpdesk/complaints.ts';
import { definitionOf, definitionsOf, fit, holdProperties } from '../../../src/connectors/helpdesk/fields.ts';
import { fromTicket, hold, toNewTicket, toPatch } from '../../../src/connectors/helpdesk/map.ts';
import { described, forecastComment, fromMessage, toFirstMessage, toMessage } from '../../../src/connectors/helpdesk/message-map.ts';
import { pageQuery, placeAfter } from '../../../src/connectors/helpdesk/paging.ts';
import type { HelpdeskTicket } from '../../../src/connectors/helpdesk/shapes.ts';
import { connectors } from '../../../src/connectors/index.ts';
import { AGENTS, anyFields, comparable } from './fields.ts';

const KEY = 'dm-abcdefghij234567';
const WORDS = { agents: AGENTS, description_field: 'cf_description' };

describe('the map', () => {
  test.each([[WORDS], [{}]])('reading what was written is the forecast (%j)', (words) => {
    fc.assert(
      fc.property(anyFields, (fields) => {
        const { held } = hold(fields, words);
        const body = toNewTicket(held, words, KEY);
        const read = fromTicket({ id: 'tkt_1', assigneeId: null, ...body } as unknown as HelpdeskTicket, words);
        const names = Object.keys(held);
        expect(comparable(read, names)).toEqual(comparable(held, names));
        expect(read.key).toBe(KEY);
        expect(read.tags).not.toContain(KEY);
        expect(body.subject).toMatch(/\S/);
      }),
      { numRuns: 300 },
    );
  });

  test('a patch writes exactly what the forecast shows', () => {
    const wire = { subject: 'subject', status: 'status', priority: 'priority', ticket_type: 'type', tags: 'tags', assignee: 'assigneeId', description: 'customFields' };
    fc.assert(
      fc.property(anyFields, (fields) => {
        const { held } = hold(fields, WORDS);
        const expected = Object.entries(wire).filter(([name]) => name in held).map(([, key]) => key);
        expect(Object.keys(toPatch(held, WORDS, [])).sort()).toEqual(expected.sort());
      }),
    );
  });

  test('new reads as open, and open is written', () => {
    expect(fromTicket({ id: 'tkt_1', status: 'new' }, {}).status).toBe('open');
    expect(toPatch({ status: 'open' }, {}, [])).toEqual({ status: 'open' });
  });

  test('an agent whom the settings do not name is known by id only, and cannot be assigned', () => {
    expect(fromTicket({ id: 'tkt_1', assigneeId: 'usr_9' }, WORDS).assignee).toEqual({ user_id: 'usr_9', email: null, name: null });
    expect(hold({ assignee: { user_id: null, email: 'x@y.example', name: null } }, WORDS)).toMatchObject({ held: {}, warnings: [{ field: 'assignee' }] });
    expect(hold({ assignee: null }, {}).held).toEqual({ assignee: null });
  });

  test('a description needs its field', () => {
    expect(hold({ description: '<p>a</p><p>b</p>' }, {})).toMatchObject({ held: {}, warnings: [{ field: 'description' }] });
    expect(toPatch(hold({ description: '<p>a</p><p>b &amp; c</p>' }, WORDS).held, WORDS, [])).toEqual({
      customFields: [{ id: 'cf_description', value: 'a\n\nb & c' }],
    });
    const raw = { id: 'tkt_1', customFields: [{ id: 'cf_description', value: 'a\nb' }, { id: 'cf_other', value: 3 }] };
    expect(fromTicket(raw, WORDS)).toMatchObject({ description: 'a<br>b', custom_properties: [{ id: 'cf_other', value: 3 }] });
    expect(fromTicket(raw, {})).not.toHaveProperty('description');
    expect(fromTicket({ id: 'tkt_1', customFields: [] }, WORDS).description).toBeNull();
  });

  test('fields that an answer lacks are absent', () => {
    const ticket = fromTicket({ id: 'tkt_1' }, WORDS);
    for (const name of ['subject', 'status', 'priority', 'ticket_type', 'tags', 'requester', 'assignee', 'description', 'due_at']) expect(ticket).not.toHaveProperty(name);
  });

  test('a message is never mailed, and private unless it is known to be public', () => {
    expect(toMessage('tkt_1', { content: '<p>x</p>', public: false }, KEY)).toEqual({
      ticket_id: 'tkt_1',
      type: 'note',
      content: `<p>x</p><p>${KEY}</p>`,
      text_content: `x\n\n${KEY}`,
      send_email: false,
    });
    expect(toMessage('tkt_1', { content: 'x', public: true }, KEY)).toMatchObject({ type: 'response', send_email: false });
    for (const [type, visible] of [['note', false], ['response', true], ['request', true], ['else', false], [null, false]] as const) {
      expect(fromMessage({ id: 1, type, content: 'x' }, {}).public).toBe(visible);
    }
  });

  test('a message reads as forecast, with its key; a customer’s is never ours', () => {
    const draft = { content: '<div>Hi</div>', public: true };
    const { content } = toMessage('tkt_1', draft, KEY);
    expect(fromMessage({ id: 1, type: 'response', content: String(content) }, {})).toMatchObject({ ...forecastComment(draft), key: KEY });
    expect(fromMessage({ id: 1, type: 'request', content: String(content) }, {}).key).toBeNull();
  });
});

describe('custom fields', () => {
  const definition = (id: string, type: string, options?: readonly unknown[]) => definitionOf({ id, fieldKey: `${id}_key`, type, ...(options !== undefined && { options }) });
  const plans = [{ value: 'pro', label: 'Pro plan' }, { name: 'free' }, 'Enterprise', 7, null];
  const known = definitionsOf([
    definition('cf_text', 'text'), definition('cf_area', 'textarea'), definition('cf_number', 'number'), definition('cf_decimal', 'decimal'), definition('cf_check', 'checkbox'),
    definition('cf_date', 'date'), definition('cf_drop', 'dropdown', plans), definition('cf_multi', 'multiselect', ['North', 'South']), definition('cf_regex', 'regex'),
  ]);

  test.each<[string, unknown, unknown]>([
    ['text', 'a\0b', 'ab'], ['text', 12, '12'], ['text', true, 'true'], ['text', ['a'], undefined], ['text', { a: 1 }, undefined], ['text', '', ''],
    ['regex', 'AB-12', 'AB-12'], ['textarea', 'a\nb', 'a\nb'], ['something new', 'x', 'x'],
    ['number', 12, 12], ['number', '12', 12], ['number', ' -3 ', -3], ['number', '12.5', undefined], ['number', 1.5, undefined], ['number', '', undefined], ['number', 'twelve', undefined],
    ['number', '9007199254740993', undefined], ['number', true, undefined],
    ['decimal', '12.50', 12.5], ['decimal', 0.1, 0.1], ['decimal', '0.1234567890123456', undefined], ['decimal', 'NaN', undefined], ['decimal', Number.NaN, undefined], ['decimal', '1e3', undefined],
    ['checkbox', true, true], ['checkbox', 'false', false], ['checkbox', 1, true], ['checkbox', 'yes', undefined], ['checkbox', 2, undefined],
    ['date', '2026-02-28', '2026-02-28'], ['date', '2026-02-28T00:00:00Z', '2026-02-28'], ['date', '2026-02-28T08:00:00Z', undefined], ['date', '2026-02-30', undefined], ['date', 'soon', undefined],
    ['dropdown', 'x', 'x'], ['dropdown', ['x', 'y'], undefined], ['multiselect', 'x', ['x']], ['multiselect', ['x', 'y', 'x'], ['x', 'y']], ['multiselect', [['x']], undefined], ['multiselect', [], []],
  ])('%s takes %j as %j', (type, value, expected) => {
    expect(fit(value, definition('cf', type))).toEqual(expected);
    expect(fit(null, definition('cf', type))).toBeNull();
  });

  test('an option is found by its value or its words, whatever their case, and is written by its value', () => {
    for (const [given, value] of [['pro', 'pro'], ['PRO PLAN', 'pro'], ['Free', 'free'], ['enterprise', 'Enterprise'], ['none', undefined], [7, undefined]] as const) {
      expect(fit(given, definition('cf', 'dropdown', plans))).toBe(value);
    }
    expect(fit(['north', 'East'], definition('cf', 'multiselect', ['North']))).toBeUndefined();
  });

  const anyValue = fc.oneof(fc.constant(null), fc.string({ unit: 'binary', maxLength: 8 }), fc.double(), fc.integer(), fc.boolean(), fc.array(fc.constantFrom('North', 'south', 'x'), { maxLength: 3 }), fc.constantFrom('12', 'Pro plan', '2026-01-01', 'true'), fc.object({ maxDepth: 1 }));
  const anyProperties = fc.array(fc.record({ id: fc.constantFrom(...known.keys(), 'cf_none', 'system_status'), value: anyValue }), { maxLength: 6 });

  test('what is held is what is written and read back, each id once; everything else is told', () => {
    fc.assert(
      fc.property(anyProperties, (properties) => {
        const words = { ...WORDS, fields: known };
        const { held, warnings } = hold({ custom_properties: properties }, words);
        const body = toPatch(held, words, []);
        const read = fromTicket({ id: 'tkt_1', ...body } as unknown as HelpdeskTicket, words);
        expect(read.custom_properties).toEqual(held.custom_properties ?? []);
        const ids = (held.custom_properties ?? []).map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        const dropped = warnings.filter(({ field }) => field === 'custom_properties').length;
        expect(dropped + ids.length).toBeLessThanOrEqual(properties.length);
        if (properties.length > 0) expect(dropped + ids.length).toBeGreaterThan(0);
        // Writing what was read changes nothing: the coercion is its own end.
        expect(hold({ custom_properties: held.custom_properties ?? [] }, words).held.custom_properties ?? []).toEqual(held.custom_properties ?? []);
      }),
      { numRuns: 300 },
    );
  });

  test('before the fields are known, values that a field can have go as they are', () => {
    expect(holdProperties([{ id: 'a', value: 'x' }, { id: 'b', value: 3 }, { id: 'c', value: ['y'] }, { id: 'd', value: { z: 1 } }], null, undefined)).toEqual({
      held: [{ id: 'a', value: 'x' }, { id: 'b', value: 3 }, { id: 'c', value: ['y'] }],
      dropped: ['d: this value does not fit its type, which is not known'],
    });
  });
});

describe('a description that is the first message', () => {
  const words = { description_message: true, max_comment_bytes: 1_000, home: 'https://desk.example' };

  test('reads as it was written, and is left out with a reason where it cannot be', () => {
    const draft = '<div><p>Since <b>Monday</b> &amp; on</p></div>';
    const { held } = hold({ subject: 'S', description: draft }, words);
    const first = toFirstMessage('tkt_1', held.description ?? '', []);
    expect(first).toMatchObject({ type: 'request', send_email: false, text_content: 'Since Monday & on' });
    const seen = described(fromTicket({ id: 'tkt_1', tags: [KEY] }, words), { id: 'm', ...first }, words);
    expect(seen.description).toBe(held.description);
    expect(hold({ description: draft }, {}).warnings).toMatchObject([{ field: 'description' }]);
    expect(hold({ description: 'x'.repeat(1_001) }, words)).toMatchObject({ held: {}, warnings: [{ field: 'description' }] });
    expect(hold({ description: '' }, words)).toEqual({ held: {}, warnings: [] });
  });

  test('ours without it is not told to be empty: nobody emptied it', () => {
    expect(described(fromTicket({ id: 'tkt_1', tags: [KEY] }, words), undefined, words)).not.toHaveProperty('description');
    expect(described(fromTicket({ id: 'tkt_1', tags: [] }, words), undefined, words).description).toBeNull();
    expect(described(fromTicket({ id: 'tkt_1', tags: [] }, words), { id: 'm', type: 'response', content: 'x' }, words).description).toBeNull();
  });

  test('takes the ccs along, and they are left out where it is not written', () => {
    const people = [{ user_id: '1', email: 'Dora@customer.example', name: null }, { user_id: '2', email: null, name: 'Emil' }];
    expect(hold({ subject: 'S', description: 'x', email_ccs: people }, words)).toMatchObject({
      held: { email_ccs: [{ user_id: null, email: 'Dora@customer.example' }] },
      warnings: [{ field: 'email_ccs' }],
    });
    expect(hold({ subject: 'S', email_ccs: people }, words).held).toEqual({ subject: 'S' });
    expect(hold({ subject: 'S', description: 'x', email_ccs: people }, { ...words, description_field: 'cf' }).warnings).toMatchObject([{ field: 'email_ccs' }]);
  });
});

describe('errors', () => {
  const judged = (body: unknown, status = 422) => complaintsWith('cf_text')({ status, headers: {}, text: '', body });

  test.each<[unknown, object]>([
    [{ error: { code: 'VALIDATION_ERROR', message: 'm', field: 'type' } }, { code: 'VALIDATION_ERROR', message: 'm', fields: ['ticket_type'] }],
    [{ code: 'not_found', message: 'm' }, { kind: 'missing', code: 'not_found' }],
    [{ error: 'INVALID_API_KEY', message: 'm' }, { kind: 'unauthorised', code: 'INVALID_API_KEY', message: 'm' }],
    [{ error: { code: 'X', details: { requesterEmail: 'bad', 'customFields[0].cf_text': 'long' } } }, { code: 'X', fields: ['requester', 'description'] }],
    [{ errors: [{ field: 'tags' }, { field: 'tags' }, 7] }, { code: null, fields: ['tags'] }],
    [{ error: { code: 7 } }, { code: null, fields: [] }],
    ['text', { code: null, message: null, fields: [] }],
    [undefined, { code: null, message: null, fields: [] }],
    [{ error: null }, { code: null }],
  ])('an error body of %j is told as %j', (body, complaint) => {
    expect(judged(body)).toMatchObject(complaint);
  });

  test('a code means what it says only where the status does not say that the desk is in trouble', () => {
    expect(judged({ error: { code: 'NOT_FOUND' } }, 500)).not.toHaveProperty('kind');
    const long = judged({ details: Array.from({ length: 500 }, (_, i) => ({ field: `f${i}` })), code: 'c'.repeat(500) });
    expect([long.code?.length, long.fields?.length]).toEqual([100, 20]);
  });
});

describe('paging', () => {
  test.each([
    [{ meta: { hasMore: false }, links: { next: '/api/v1/tickets?after=a' } }, null],
    [{ meta: { hasMore: true, afterCursor: 'b' }, links: { next: '/api/v1/tickets?after=a' } }, 'page_size=100&after=b'],
    [{ meta: { hasMore: true }, links: { next: '/api/v1/tickets?page_size=2&after=a%3D' } }, 'page_size=100&after=a%3D'],
    [{ meta: { hasMore: true }, links: { next: 'https://elsewhere.example/x?page%5Bafter%5D=c#x' } }, 'page_size=100&page%5Bafter%5D=c'],
    [{ meta: { hasMore: true, afterCursor: 'd' }, links: { next: '/api/v1/tickets?pageAfter=d' } }, 'page_size=100&pageAfter=d'],
    // Without a link nobody says which spelling the desk knows: each passes over the other's.
    [{ meta: { hasMore: true, afterCursor: 'e' } }, 'page_size=100&after=e&page%5Bafter%5D=e'],
    [{}, null],
  ])('after %j the next page is asked for with %j', (answer, query) => {
    const place = placeAfter(answer, null);
    expect(place === null ? null : pageQuery(place)).toBe(query);
  });

  test('a cursor that is missing or comes twice is a surprise, in whichever spelling', () => {
    expect(() => placeAfter({ meta: { hasMore: true } }, null)).toThrow('no cursor');
    expect(() => placeAfter({ meta: { hasMore: true, afterCursor: 'a' } }, 'after=a')).toThrow('twice');
    expect(placeAfter({ meta: { hasMore: true, afterCursor: 'a=b' } }, 'after=a')).toBe('=a=b');
  });
});

describe('webhooks', () => {
  const read = (body: unknown, settings = {}, headers = {}) =>
    connectors.helpdesk?.read({ headers, rawBody: Buffer.from(JSON.stringify(body)), query: {} }, body, settings);
  const ticket = { id: 'tkt_1', subject: 'S', status: 'new', priority: 'low', type: 'task', tags: [KEY, 'a'], updatedAt: '2026-01-01T00:00:00Z' };
  const envelope = (type: string) => ({ id: 'evt_1', type, createdAt: '2026-01-01T00:00:00Z', data: { ticket } });

  test.each([
    ['ticket.created', 'ticket.created'],
    ['ticket.updated', 'ticket.updated'],
    ['ticket.resolved', 'ticket.updated'],
    ['ticket.assignment.changed', 'ticket.assignment.changed'],
  ])('%s is %s, with the ticket as it is', (type, event) => {
    expect(read(envelope(type))).toMatchObject({
      kind: 'ticket',
      ticketId: 'tkt_1',
      event,
      dedupe: 'evt_1',
      snapshot: { id: 'tkt_1', status: 'open', key: KEY, tags: ['a'], modified_at: '2026-01-01T00:00:00Z' },
    });
  });

  test('a deletion brings no snapshot', () => {
    const reading = read(envelope('ticket.deleted'));
    expect(reading).toMatchObject({ kind: 'ticket', deleted: true, event: 'ticket.deleted' });
    expect(reading).not.toHaveProperty('snapshot');
  });

  test.each([
    ['data.ticket', { type: 'ticket.updated', data: { ticket: { id: 'tkt_1' } } }],
    ['ticket', { type: 'ticket.updated', ticket: { id: 'tkt_1' } }],
    ['data', { type: 'ticket.updated', data: { id: 'tkt_1' } }],
    ['an id only', { type: 'ticket.updated', data: { ticketId: 'tkt_1' } }],
    ['a ticket of another shape', { type: 'ticket.updated', data: { ticket: { id: 'tkt_1', tags: 'a,b' } } }],
    ['no type', { data: { ticket: { id: 'tkt_1' } } }],
  ])('the ticket is found at %s, without a snapshot', (_where, body) => {
    const reading = read(body);
    expect(reading).toMatchObject({ kind: 'ticket', ticketId: 'tkt_1' });
    expect(reading).not.toHaveProperty('snapshot');
  });

  test('the paths of an account’s own envelope come first', () => {
    const settings = { envelope: { idPath: 'meta.id', typePath: 'meta.kind', ticketPath: 'payload.object' } };
    expect(read({ meta: { id: 'x1', kind: 'ticket.created' }, payload: { object: ticket } }, settings)).toMatchObject({ event: 'ticket.created', dedupe: 'x1' });
  });

  test.each([
    ['ticket.updated', '2026-01-01T00:00:00.123Z', true],
    ['ticket.assignment.changed', '2026-01-01T00:00:00.123456+02:00', true],
    ['ticket.resolved', '2026-01-01T00:00:00.123Z', true],
    ['ticket.updated', '2026-01-01T00:00:00Z', false],
    ['ticket.deleted', '2026-01-01T00:00:00.123Z', false],
    ['ticket.created', '2026-01-01T00:00:00.123Z', false],
    ['ticket.something', '2026-01-01T00:00:00.123Z', false],
    ['ticket.updated', 'now\n.123Z', false],
  ])('%s with the time %j is one of several events of a save: %s', (type, updatedAt, is) => {
    const reading = read({ id: 'evt_1', type, data: { ticket: { id: 'tkt_1', subject: 'S', status: 'open', updatedAt } } }, {});
    expect(reading).toMatchObject({ kind: 'ticket', ticketId: 'tkt_1' });
    expect(Reflect.get(Object(reading), 'save')).toBe(is ? updatedAt : undefined);
  });

  test('a body that is the ticket itself, and a time of its own', () => {
    const settings = { envelope: { ticketPath: '$', typePath: 'event', timePath: 'sent' } };
    expect(read({ event: 'ticket.updated', ...ticket }, settings)).toMatchObject({ kind: 'ticket', ticketId: 'tkt_1', event: 'ticket.updated', dedupe: 'tkt_1 2026-01-01T00:00:00Z ticket.updated' });
    expect(read({ event: 'ticket.updated', sent: '2026-01-01', ticketId: 'tkt_9' }, { envelope: { typePath: 'event', timePath: 'sent' } })).toMatchObject({ ticketId: 'tkt_9', dedupe: 'tkt_9 2026-01-01 ticket.updated' });
  });

  test('where the description is a message a webhook is no look, since it does not bring that', () => {
    expect(read(envelope('ticket.updated'), { description_message: true })).not.toHaveProperty('snapshot');
  });

  test('the delivery’s id comes first, then the event’s, then the ticket’s state', () => {
    expect(read(envelope('ticket.updated'), {}, { 'webhook-id': 'msg_1' })).toMatchObject({ dedupe: 'msg_1' });
    expect(read({ type: 'ticket.updated', data: { ticket } })).toMatchObject({ dedupe: 'tkt_1 2026-01-01T00:00:00Z ticket.updated' });
    expect(read({ type: 'ticket.updated', data: { ticketId: 'tkt_1' } })).toMatchObject({ dedupe: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  test('other events are ignored, and a ticket event without a ticket is unreadable', () => {
    expect(read({ id: 'evt_2', type: 'user.updated', data: { id: 'usr_1' } })).toMatchObject({ kind: 'ignored', dedupe: 'evt_2' });
    expect(read({ id: 'evt_2', type: 'ticket.updated', data: {} })).toMatchObject({ kind: 'unreadable' });
    expect(read({ type: 'ticket.updated', data: { ticket: null } })).toMatchObject({ kind: 'unreadable' });
  });

  test.each([
    [{}, { scheme: 'standard-webhooks' }],
    [{ signature: { scheme: 'none' } }, { scheme: 'none' }],
    [{ signature: { scheme: 'stripe', header: 'Airclou-Signature', toleranceSec: null } }, { scheme: 'stripe', header: 'airclou-signature', toleranceSec: null }],
    [{ signature: { scheme: 'url-token' } }, { scheme: 'url-token' }],
    [{ signature: { scheme: 'header-token', header: 'X-Token' } }, { scheme: 'header-token', header: 'x-token' }],
    [
      { signature: { scheme: 'hmac', header: 'X-Sig', prefix: 'sha256=', timestampHeader: 'X-Time' } },
      { scheme: 'hmac', header: 'x-sig', encoding: 'hex', prefix: 'sha256=', signed: 'timestamp+body', timestampHeader: 'x-time', toleranceSec: 300 },
    ],
  ])('%j signs as told', (settings, scheme) => {
    expect(connectors.helpdesk?.about.signature(settings)).toEqual(scheme);
  });
});
