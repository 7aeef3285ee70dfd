import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cursorOf } from '../../../src/connectors/helpdesk/client.ts';
import { forecastComment, fromMessage, fromTicket, hold, toMessage, toNewTicket, toPatch } from '../../../src/connectors/helpdesk/map.ts';
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
    expect(hold({ assignee: null }, {}).held).toEqual({});
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

describe('paging', () => {
  test.each([
    [{ meta: { hasMore: false }, links: { next: '/api/v1/tickets?after=a' } }, null],
    [{ meta: { hasMore: true, afterCursor: 'b' }, links: { next: '/api/v1/tickets?after=a' } }, 'b'],
    [{ meta: { hasMore: true }, links: { next: '/api/v1/tickets?page_size=2&after=a%3D' } }, 'a='],
    [{ meta: { hasMore: true }, links: { next: 'https://elsewhere.example/x?page%5Bafter%5D=c' } }, 'c'],
    [{}, null],
  ])('%j goes on at %j', (answer, cursor) => {
    expect(cursorOf(answer, null)).toBe(cursor);
  });

  test('a cursor that is missing or comes twice is a surprise', () => {
    expect(() => cursorOf({ meta: { hasMore: true } }, null)).toThrow('no cursor');
    expect(() => cursorOf({ meta: { hasMore: true, afterCursor: 'a' } }, 'a')).toThrow('twice');
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
    [{ signature: { scheme: 'header-token', header: 'X-Token' } }, { scheme: 'header-token', header: 'x-token' }],
    [
      { signature: { scheme: 'hmac', header: 'X-Sig', prefix: 'sha256=', timestampHeader: 'X-Time' } },
      { scheme: 'hmac', header: 'x-sig', encoding: 'hex', prefix: 'sha256=', signed: 'timestamp+body', timestampHeader: 'x-time', toleranceSec: 300 },
    ],
  ])('%j signs as told', (settings, scheme) => {
    expect(connectors.helpdesk?.about.signature(settings)).toEqual(scheme);
  });
});
