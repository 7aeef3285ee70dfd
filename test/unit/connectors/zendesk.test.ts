import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { forecastComment, fromComment, fromTicket, hold, toComment, toNewTicket, toPatch } from '../../../src/connectors/zendesk/map.ts';
import type { ZendeskTicket } from '../../../src/connectors/zendesk/shapes.ts';
import { EVENTS } from '../../../src/connectors/zendesk/webhook.ts';
import { connectors } from '../../../src/connectors/index.ts';
import type { TicketFields } from '../../../src/core/model.ts';
import { AGENTS, anyFields, comparable } from './fields.ts';

const KEY = 'dm-abcdefghij234567';
const agentId = (fields: TicketFields): string | null => AGENTS[fields.assignee?.email?.toLowerCase() ?? ''] ?? null;
const who = (id: string) => ({ user_id: id, email: Object.entries(AGENTS).find(([, known]) => known === id)?.[0] ?? null, name: null });

/** What a Zendesk makes of the ticket of a create; `paragraphs` is how it parts them in plain text. */
function stored(body: Record<string, unknown>, paragraphs: string): ZendeskTicket {
  const comment = body.comment as { readonly html_body: string };
  const plain = comment.html_body
    .replace(/<\/p>/g, paragraphs)
    .replace(/<[^>]*>/g, '')
    .replace(/&(lt|gt|quot|amp);/g, (_all, name: string) => ({ lt: '<', gt: '>', quot: '"', amp: '&' })[name] ?? '')
    .replace(/[ \t]+/g, ' ')
    .replaceAll('\\{{', '{{')
    .trim();
  const requester = body.requester as { readonly email: string } | undefined;
  return {
    ...(body as unknown as ZendeskTicket),
    id: 1,
    description: plain,
    status: (body.status as string | undefined) ?? 'new',
    due_at: body.type === 'task' ? ((body.due_at as string | undefined) ?? null) : null,
    requester_id: requester === undefined ? null : 5,
    is_public: true,
  };
}

describe('the map', () => {
  test('reading what was written is the forecast', () => {
    fc.assert(
      fc.property(anyFields, fc.constantFrom('\n', '\n\n'), (fields, paragraphs) => {
        const { held, warnings } = hold(fields);
        const known = held.assignee != null && agentId(held) === null ? Object.fromEntries(Object.entries(held).filter(([name]) => name !== 'assignee')) : held;
        const body = toNewTicket({ fields, held: known, assigneeId: agentId(known) }, KEY);
        const read = fromTicket(stored(body, paragraphs), (id) => (id === '5' ? (held.requester ?? undefined) : who(id)));
        const names = Object.keys(known).filter((name) => !(name === 'due_at' && held.ticket_type !== 'task'));
        expect(comparable(read, names)).toEqual(comparable(known, names));
        expect(read.key).toBe(KEY);
        for (const { field } of warnings) expect(held).not.toHaveProperty(field);
      }),
      { numRuns: 400 },
    );
  });

  test('a patch writes exactly what the forecast shows', () => {
    const wire = { subject: 'subject', status: 'status', priority: 'priority', ticket_type: 'type', tags: 'tags', due_at: 'due_at', assignee: 'assignee_id' };
    fc.assert(
      fc.property(anyFields, (fields) => {
        const { held } = hold(fields);
        const expected = Object.entries(wire).filter(([name]) => name in held).map(([, key]) => key);
        expect(Object.keys(toPatch({ fields, held, assigneeId: null })).sort()).toEqual(expected.sort());
      }),
    );
  });

  test('absent, null and empty stay apart', () => {
    expect(hold({}).held).toEqual({});
    expect(hold({ assignee: null, ticket_type: null, subject: null, tags: [] }).held).toEqual({ assignee: null, ticket_type: null, subject: null, tags: [] });
    expect(toPatch({ fields: {}, held: {}, assigneeId: null })).toEqual({});
    expect(fromTicket({ id: 1 }, who)).toMatchObject({ requester: null, assignee: null, tags: [], subject: null });
    expect(fromTicket({ id: 1, status: 'mystery', priority: 'odd' }, who)).not.toHaveProperty('status');
  });

  test.each([
    ['new', 'open'],
    ['open', 'open'],
    ['pending', 'pending'],
    ['hold', 'pending'],
    ['solved', 'resolved'],
    ['closed', 'closed'],
  ])('status %s reads %s', (status, expected) => {
    expect(fromTicket({ id: 1, status }, who).status).toBe(expected);
  });

  test('a deleted row is deleted, and says nothing of the status', () => {
    const ticket = fromTicket({ id: 1, status: 'deleted' }, who);
    expect(ticket.is_deleted).toBe(true);
    expect(ticket).not.toHaveProperty('status');
  });

  test('a due date is held by tasks only', () => {
    const due_at = '2026-01-31T08:00:00Z';
    expect(hold({ due_at, ticket_type: 'task' }).held).toEqual({ due_at, ticket_type: 'task' });
    expect(hold({ due_at, ticket_type: 'incident' }).held).toEqual({ ticket_type: 'incident' });
    expect(hold({ due_at, ticket_type: 'no-such' })).toMatchObject({ held: {}, warnings: [{ field: 'ticket_type' }, { field: 'due_at' }] });
    expect(hold({ due_at }).held).toEqual({ due_at });
    expect(fromTicket({ id: 1, type: 'task', due_at: null }, who).due_at).toBeNull();
    expect(fromTicket({ id: 1, type: 'question', due_at: null }, who)).not.toHaveProperty('due_at');
  });

  test('an external id that is not ours is left alone and is no key', () => {
    expect(fromTicket({ id: 1, external_id: 'JIRA-7' }, who).key).toBeNull();
    expect(fromTicket({ id: 1, external_id: KEY }, who).key).toBe(KEY);
  });

  test('the description of a ticket on which nothing is public is not read', () => {
    expect(fromTicket({ id: 1, description: 'between us', is_public: false }, who)).not.toHaveProperty('description');
    expect(fromTicket({ id: 1, description: 'a\n\nb & c', is_public: true }, who).description).toBe('a<br><br>b &amp; c');
  });

  test('ids beyond 2^53 stay what they are', () => {
    expect(fromTicket({ id: '12345678901234567890' }, who).id).toBe('12345678901234567890');
  });

  test('visibility is always said, and placeholders are neutralised', () => {
    expect(toComment({ content: '<p>{{ticket.id}}</p>', public: false })).toEqual({ html_body: '<p>\\{{ticket.id}}</p>', public: false });
    expect(toNewTicket({ fields: { description: '{{x}}' }, held: hold({ description: '{{x}}' }).held, assigneeId: null }, KEY)).toMatchObject({
      comment: { html_body: '\\{{x}}', public: true },
    });
    expect(toNewTicket({ fields: { public: false }, held: {}, assigneeId: null }, KEY)).toMatchObject({ comment: { public: false } });
  });

  test.each(['{{x}}', '\\{{x}}'])('a comment that shows as %s reads as forecast', (shows) => {
    const read = fromComment({ id: 1, public: true, html_body: `<div class="zd-comment" dir="auto"><p dir="auto">${shows}</p></div>` }, who);
    expect(read.content).toBe(forecastComment({ content: '<p>{{x}}</p>', public: true }).content);
  });

  test('a comment tells its key from its metadata, and only a key', () => {
    expect(fromComment({ id: 1, public: true, body: 'x', metadata: { custom: { deskmesh_key: KEY } } }, who).key).toBe(KEY);
    expect(fromComment({ id: 1, public: true, body: 'x', metadata: { custom: { deskmesh_key: 'else' } } }, who).key).toBeNull();
  });
});

describe('webhooks', () => {
  const read = (body: unknown) =>
    connectors.zendesk?.read({ headers: {}, rawBody: Buffer.from(JSON.stringify(body)), query: {} }, body, {});
  const event = (type: string, more: Record<string, unknown> = {}) => ({
    type: `zen:event-type:${type}`,
    id: 'evt-1',
    subject: 'zen:ticket:5158',
    detail: { id: '5158' },
    time: '2025-01-08T10:12:07.672717030Z',
    ...more,
  });

  test.each(Object.entries(EVENTS))('ticket.%s is %s', (name, expected) => {
    expect(read(event(`ticket.${name}`))).toEqual({
      kind: 'ticket',
      ticketId: '5158',
      dedupe: 'evt-1',
      event: expected,
      ...(expected === 'ticket.deleted' && { deleted: true }),
    });
  });

  test('an event type that is new to us is still about its ticket', () => {
    expect(read(event('ticket.something_new'))).toMatchObject({ kind: 'ticket', event: 'ticket.updated' });
    expect(read(event('messaging_ticket.message_added', { subject: null }))).toMatchObject({ kind: 'ticket', ticketId: '5158', event: 'comment.created' });
  });

  test('the ticket is named by subject or by detail', () => {
    expect(read(event('ticket.created', { detail: null }))).toMatchObject({ ticketId: '5158' });
    expect(read(event('ticket.created', { subject: null, detail: { id: 77 } }))).toMatchObject({ ticketId: '77' });
    expect(read(event('ticket.created', { subject: null, detail: { id: '0' } }))).toMatchObject({ kind: 'unreadable' });
    expect(read(event('ticket.created', { subject: null, detail: null }))).toMatchObject({ kind: 'unreadable' });
  });

  test('events of others are ignored, each with its own id', () => {
    expect(read(event('user.created', { subject: 'zen:user:1' }))).toMatchObject({ kind: 'ignored', dedupe: 'evt-1' });
  });

  test('without an id of its own an event is known by its body', () => {
    const reading = read(event('ticket.created', { id: '' }));
    expect(reading).toMatchObject({ dedupe: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });
});
