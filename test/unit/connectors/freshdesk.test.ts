import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { connectors } from '../../../src/connectors/index.ts';
import { hasNext } from '../../../src/connectors/freshdesk/feed.ts';
import { forecastComment, fromConversation, fromTicket, hold, toBody, toNewTicket, toPatch, type Words } from '../../../src/connectors/freshdesk/map.ts';
import type { FreshdeskTicket } from '../../../src/connectors/freshdesk/shapes.ts';
import type { TicketFields } from '../../../src/core/model.ts';
import { AGENTS, anyFields, comparable } from './fields.ts';

const KEY = 'dm-abcdefghij234567';
const OTHER = 'dm-bbbbbbbbbbbbbbbb';
const WORDS: Words = { statuses: { 7: 'open' }, types: ['Question', 'Incident', 'Problem', 'Feature Request'] };
const REQUESTER = { user_id: null, email: 'carla@customer.example', name: 'Carla' };
const agentId = (fields: TicketFields): string | null => AGENTS[fields.assignee?.email?.toLowerCase() ?? ''] ?? null;
const NOBODY = { requester: undefined, assignee: undefined };

describe('the map', () => {
  test('reading what was written is the forecast', () => {
    fc.assert(
      fc.property(anyFields, (fields) => {
        const { held } = hold(fields, WORDS);
        const known = held.assignee != null && agentId(held) === null ? Object.fromEntries(Object.entries(held).filter(([name]) => name !== 'assignee')) : held;
        const body = toNewTicket({ fields, held: known, assigneeId: agentId(known), marks: [KEY] }, WORDS, held.requester ?? REQUESTER);
        const raw = { ...body, id: 1, description: `<div>${String(body.description)}</div>` } as unknown as FreshdeskTicket;
        const read = fromTicket(raw, WORDS, { requester: held.requester, assignee: known.assignee });
        const names = Object.keys(known);
        expect(comparable(read, names)).toEqual(comparable(known, names));
        expect(read.key).toBe(KEY);
        expect(read.tags).not.toContain(KEY);
        expect(body).toMatchObject({ status: expect.any(Number), priority: expect.any(Number), subject: expect.stringMatching(/\S/), description: expect.stringMatching(/\S/) });
      }),
      { numRuns: 400 },
    );
  });

  test('a patch writes exactly what the forecast shows', () => {
    const wire: Readonly<Record<string, readonly string[]>> = {
      subject: ['subject'], description: ['description'], status: ['status'], priority: ['priority'], ticket_type: ['type'], tags: ['tags'],
      due_at: ['due_by', 'fr_due_by'], assignee: ['responder_id'],
    };
    fc.assert(
      fc.property(anyFields, (fields) => {
        const { held } = hold(fields, WORDS);
        const expected = Object.entries(wire).flatMap(([name, keys]) => (name in held ? keys : []));
        expect(Object.keys(toPatch({ fields, held, assigneeId: null, marks: [] }, WORDS)).sort()).toEqual(expected.sort());
      }),
    );
  });

  test.each([
    [2, 'open'],
    [3, 'pending'],
    [4, 'resolved'],
    [5, 'closed'],
    [6, 'pending'],
    [7, 'open'],
  ])('status %i reads %s', (status, expected) => {
    expect(fromTicket({ id: 1, status }, WORDS, NOBODY).status).toBe(expected);
  });

  test('types are the account’s own list, in its spelling', () => {
    expect(hold({ ticket_type: 'QUESTION' }, WORDS).held).toEqual({ ticket_type: 'question' });
    expect(toPatch({ fields: {}, held: { ticket_type: 'question' }, assigneeId: null, marks: [] }, WORDS)).toEqual({ type: 'Question' });
    expect(fromTicket({ id: 1, type: 'Feature Request' }, WORDS, NOBODY).ticket_type).toBe('Feature Request');
    expect(hold({ ticket_type: 'task' }, WORDS)).toMatchObject({ held: {}, warnings: [{ field: 'ticket_type' }] });
  });

  test('tags that are too long are left out with a warning, and our mark is written back', () => {
    const fields = { tags: ['ok', 'x'.repeat(33), OTHER] };
    const { held, warnings } = hold(fields, WORDS);
    expect(held).toEqual({ tags: ['ok'] });
    expect(warnings).toMatchObject([{ field: 'tags' }]);
    expect(toPatch({ fields, held, assigneeId: null, marks: [KEY] }, WORDS)).toEqual({ tags: ['ok', KEY] });
  });

  test('a due date sets both dates, and cannot be taken back', () => {
    const due_at = '2026-01-31T09:00:00+01:00';
    expect(toPatch({ fields: { due_at }, held: hold({ due_at }, WORDS).held, assigneeId: null, marks: [] }, WORDS)).toEqual({
      due_by: '2026-01-31T08:00:00Z',
      fr_due_by: '2026-01-31T08:00:00Z',
    });
    expect(hold({ due_at: null }, WORDS).held).toEqual({});
  });

  test('what a list did not show is absent, what is empty is null', () => {
    expect(fromTicket({ id: 1 }, WORDS, NOBODY)).not.toHaveProperty('description');
    expect(fromTicket({ id: 1, description: null }, WORDS, NOBODY).description).toBeNull();
    expect(fromTicket({ id: 1, tags: null }, WORDS, { requester: null, assignee: null })).toMatchObject({ tags: [], requester: null, assignee: null, public: true });
  });

  test('trash and spam are deleted', () => {
    expect(fromTicket({ id: 1, deleted: true }, WORDS, NOBODY).is_deleted).toBe(true);
    expect(fromTicket({ id: 1, spam: true }, WORDS, NOBODY).is_deleted).toBe(true);
    expect(fromTicket({ id: 1 }, WORDS, NOBODY).is_deleted).toBe(false);
  });

  test.each(['Hi', '<p>Hi</p>', '<div>Hi</div>', '<p>a</p><p>b</p>'])('the comment %s reads as forecast, with its key', (content) => {
    const draft = { content, public: false };
    const read = fromConversation({ id: 1, body: `<div>${toBody(draft, KEY)}</div>`, private: true, source: 2 }, null);
    expect(read).toMatchObject({ ...forecastComment(draft), key: KEY });
  });

  test('a customer who quotes us to the very end is not us', () => {
    const read = fromConversation({ id: 1, body: `<p>${KEY}</p>`, incoming: true, private: false }, null);
    expect(read).toMatchObject({ key: null, content: `<p>${KEY}</p>`, public: true });
  });

  test('what is not said to be private is public', () => {
    expect(fromConversation({ id: 1, body: 'x' }, null).public).toBe(true);
    expect(fromConversation({ id: 1, body: 'x', private: true }, null).public).toBe(false);
  });
});

test('the link header may have a blank inside', () => {
  const link = (value?: string) => hasNext({ headers: value === undefined ? {} : { link: value } });
  expect(link('< https://x.example/api/v2/tickets?page=2>;rel="next"')).toBe(true);
  expect(link('<https://x.example?page=2>; rel="next"')).toBe(true);
  expect(link('<https://x.example?page=1>; rel="prev"')).toBe(false);
  expect(link()).toBe(false);
});

describe('webhooks', () => {
  const read = (body: unknown) => connectors.freshdesk?.read({ headers: {}, rawBody: Buffer.from(JSON.stringify(body)), query: {} }, body, {});
  const simple = (ticket_id: unknown, triggered_event?: string) => ({ freshdesk_webhook: { ticket_id, triggered_event, ticket_status: 'Open' } });

  test.each([
    ['{ticket_action:created}', 'ticket.created'],
    ['{ticket_action:update}', 'ticket.updated'],
    ['{ticket_action: "delete"}', 'ticket.deleted'],
    ['{status:{from:4,to:6}}', 'ticket.updated'],
    ['{priority:{from:1,to:4}}', 'ticket.updated'],
    ['{note_type:private}', 'comment.created'],
    ['{reply_sent:true}', 'comment.created'],
    ['{responder_id:{from:1,to:2}}', 'ticket.assignment.changed'],
  ])('%s is %s', (text, event) => {
    const reading = read(simple(11, text));
    expect(reading).toMatchObject({ kind: 'ticket', ticketId: '11', event });
    expect(reading).toMatchObject(event === 'ticket.deleted' ? { deleted: true } : {});
  });

  test.each([[11], ['11'], ['INC-11'], [' ACME-2-11 ']])('the ticket of %j is 11', (id) => {
    expect(read(simple(id))).toMatchObject({ kind: 'ticket', ticketId: '11' });
    expect(read({ ticket_id: id, event: '{ticket_action:update}' })).toMatchObject({ kind: 'ticket', ticketId: '11', event: 'ticket.updated' });
  });

  test.each([[null], [''], ['none'], ['0']])('without a ticket (%j) it is unreadable', (id) => {
    expect(read(simple(id))).toMatchObject({ kind: 'unreadable' });
  });

  test('deliveries are told apart by their bodies', () => {
    const [a, b, c] = [read(simple(11)), read(simple(11)), read(simple(12))];
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  test('a header is asked for only if the account names one', () => {
    const signature = connectors.freshdesk?.about.signature;
    expect(signature?.({})).toEqual({ scheme: 'url-token' });
    expect(signature?.({ webhook_header: 'X-Deskmesh-Secret' })).toEqual({ scheme: 'header-token', header: 'x-deskmesh-secret' });
  });
});
