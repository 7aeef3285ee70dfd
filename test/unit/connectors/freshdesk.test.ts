import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { connectors } from '../../../src/connectors/index.ts';
import { hasNext } from '../../../src/connectors/freshdesk/feed.ts';
import { fromTicket, hold, mailbox, toNewTicket, toPatch, type Words } from '../../../src/connectors/freshdesk/map.ts';
import type { FreshdeskTicket } from '../../../src/connectors/freshdesk/shapes.ts';
import type { TicketFields } from '../../../src/core/model.ts';
import { AGENTS, anyFields, comparable } from './fields.ts';

const KEY = 'dm-abcdefghij234567';
const OTHER = 'dm-bbbbbbbbbbbbbbbb';
const WORDS: Words = { statuses: { 7: 'open' }, types: ['Question', 'Incident', 'Problem', 'Feature Request'], requesters: 'create', read_due_dates: true, form: null };
const agentId = (fields: TicketFields): string | null => AGENTS[fields.assignee?.email?.toLowerCase() ?? ''] ?? fields.assignee?.user_id ?? null;
const NOBODY = { requester: undefined, assignee: undefined };
const patchOf = (fields: TicketFields, words = WORDS): object => toPatch({ fields, held: hold(fields, words).held, assigneeId: null, marks: [] }, words);

describe('the map', () => {
  test('reading what was written is the forecast', () => {
    fc.assert(
      fc.property(anyFields, (fields) => {
        const { held } = hold(fields, WORDS);
        const known = held.assignee != null && agentId(held) === null ? Object.fromEntries(Object.entries(held).filter(([name]) => name !== 'assignee')) : held;
        const body = toNewTicket({ fields, held: known, assigneeId: agentId(known), marks: [KEY] }, WORDS);
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
        expect(Object.keys(patchOf(fields)).sort()).toEqual(expected.sort());
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

  test('tags that are too long or hold a comma are left out with a warning, and our mark is written back', () => {
    const fields = { tags: ['ok', 'x'.repeat(33), 'a,b', OTHER] };
    const { held, warnings } = hold(fields, WORDS);
    expect(held).toEqual({ tags: ['ok'] });
    expect(warnings).toMatchObject([{ field: 'tags' }]);
    expect(toPatch({ fields, held, assigneeId: null, marks: [KEY] }, WORDS)).toEqual({ tags: ['ok', KEY] });
  });

  test('a subject that is too long is cut between two characters, with a warning', () => {
    const subject = `${'x'.repeat(254)}😀y`;
    const { held, warnings } = hold({ subject }, WORDS);
    expect(held).toEqual({ subject: 'x'.repeat(254) });
    expect(warnings).toMatchObject([{ field: 'subject' }]);
    expect(patchOf({ subject })).toEqual({ subject: 'x'.repeat(254) });
  });

  test('a due date sets both dates, and cannot be taken back', () => {
    expect(patchOf({ due_at: '2026-01-31T09:00:00+01:00' })).toEqual({ due_by: '2026-01-31T08:00:00Z', fr_due_by: '2026-01-31T08:00:00Z' });
    expect(hold({ due_at: null }, WORDS).held).toEqual({});
  });

  test('due dates that policies may have worked out are not read where the account says so', () => {
    const raw = { id: 1, due_by: '2026-01-31T08:00:00Z' };
    expect(fromTicket(raw, WORDS, NOBODY).due_at).toBe('2026-01-31T08:00:00Z');
    expect(fromTicket(raw, { ...WORDS, read_due_dates: false }, NOBODY)).not.toHaveProperty('due_at');
    const can = connectors.freshdesk?.connect(
      { id: 1, name: 'x', service: 'freshdesk', url: 'https://x.example', credentials: { key: 'k' }, settings: { read_due_dates: false }, hook_token: 't', inbound_secrets: [], state: 'running', stopped_because: null },
      { now: () => 0, sleep: () => Promise.resolve(), id: () => '', random: () => 0, log: { debug() {}, info() {}, warn() {}, error() {} } },
    ).can;
    expect(can?.reads).not.toContain('due_at');
    expect(can?.fields.due_at).toBe('always');
  });

  test('what a list did not show is absent, what is empty is null', () => {
    expect(fromTicket({ id: 1 }, WORDS, NOBODY)).not.toHaveProperty('description');
    expect(fromTicket({ id: 1 }, WORDS, NOBODY)).not.toHaveProperty('attachments');
    expect(fromTicket({ id: 1, description: null, attachments: [] }, WORDS, NOBODY)).toMatchObject({ description: null, attachments: [] });
    expect(fromTicket({ id: 1, tags: null }, WORDS, { requester: null, assignee: null })).toMatchObject({ tags: [], requester: null, assignee: null, public: true });
  });

  test('trash and spam are deleted', () => {
    expect(fromTicket({ id: 1, deleted: true }, WORDS, NOBODY).is_deleted).toBe(true);
    expect(fromTicket({ id: 1, spam: true }, WORDS, NOBODY).is_deleted).toBe(true);
    expect(fromTicket({ id: 1 }, WORDS, NOBODY).is_deleted).toBe(false);
  });

  test('people are known by their address; without one a number is of this desk', () => {
    const ann = { user_id: '7', email: 'Ann@desk.example', name: 'Ann' };
    expect(hold({ assignee: ann, requester: { user_id: '9', email: null, name: 'x' } }, WORDS).held).toEqual({
      assignee: { user_id: null, email: 'Ann@desk.example', name: 'Ann' },
      requester: { user_id: '9', email: null, name: null },
    });
    expect(hold({ assignee: { user_id: 'usr_1', email: null, name: 'x' } }, WORDS)).toMatchObject({ held: {}, warnings: [{ field: 'assignee' }] });
    expect(hold({ requester: ann }, { ...WORDS, requesters: 'default' })).toMatchObject({ held: {}, warnings: [{ field: 'requester' }] });
  });

  test('copies go to addresses, each once, and are read from both lists with or without names', () => {
    const copies = [{ user_id: '1', email: 'a@b.example', name: 'A' }, { user_id: null, email: 'A@B.example', name: null }, { user_id: '2', email: null, name: 'C' }];
    const { held, warnings } = hold({ email_ccs: copies }, WORDS);
    expect(held.email_ccs).toEqual([{ user_id: null, email: 'A@B.example', name: null }]);
    expect(warnings).toMatchObject([{ field: 'email_ccs' }]);
    expect(toNewTicket({ fields: {}, held, assigneeId: null, marks: [] }, WORDS)).toMatchObject({ cc_emails: ['A@B.example'] });
    const read = fromTicket({ id: 1, cc_emails: ['"B, Bea" <bea@b.example>', 7, 'no address'], ticket_cc_emails: ['BEA@b.example', 'cy@c.example'] }, WORDS, NOBODY);
    expect(read.email_ccs).toEqual([{ user_id: null, email: 'bea@b.example', name: 'B, Bea' }, { user_id: null, email: 'cy@c.example', name: null }]);
    expect(mailbox('Support <support@acme.example>')).toEqual({ user_id: null, email: 'support@acme.example', name: 'Support' });
    expect(mailbox('1070040306628')).toBeNull();
  });
});

test('the link header may have a blank inside', () => {
  const link = (value?: string) => hasNext({ headers: value === undefined ? {} : { link: value } });
  expect(link('< https://x.example/api/v2/tickets?page=2>;rel="next"')).toBe(true);
  expect(link('<https://x.example?page=2>; rel="next"')).toBe(true);
  expect(link('<https://x.example?page=1>; rel="prev"')).toBe(false);
  expect(link()).toBe(false);
});
