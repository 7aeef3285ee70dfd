import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { coerced, readCustom, type CustomField } from '../../../src/connectors/zendesk/custom.ts';
import { firstWords, fromComment, fromTicket, hold, toPatch, type Knowing } from '../../../src/connectors/zendesk/map.ts';
import { NO_LORE, type Lore } from '../../../src/connectors/zendesk/lore.ts';
import { shortfalls } from '../../../src/connectors/zendesk/shortfalls.ts';
import { toZendesk } from '../../../src/connectors/zendesk/texts.ts';
import type { ZendeskTicket } from '../../../src/connectors/zendesk/shapes.ts';
import { EVENTS } from '../../../src/connectors/zendesk/webhook.ts';
import { connectors } from '../../../src/connectors/index.ts';
import type { TicketFields } from '../../../src/core/model.ts';
import { AGENTS, anyFields, comparable } from './fields.ts';

const KEY = 'dm-abcdefghij234567';
const BASE = 'https://acme.zendesk.com';
const agentId = (fields: TicketFields): string | null => AGENTS[fields.assignee?.email?.toLowerCase() ?? ''] ?? fields.assignee?.user_id ?? null;
const who = (id: string) => ({ user_id: id, email: Object.entries(AGENTS).find(([, known]) => known === id)?.[0] ?? null, name: null });
const see = (raw: ZendeskTicket) => fromTicket(raw, { who });

/** What a Zendesk makes of the fields and of the first comment's words. */
function stored(body: Record<string, unknown>, html: string): { readonly raw: ZendeskTicket; readonly html: string } {
  const requester = body.requester as { readonly email: string } | undefined;
  const wrapped = `<div class="zd-comment" dir="auto">${html.replaceAll('\\{{', '{{').replaceAll('<p>', '<p dir="auto">')}</div>`;
  return {
    html: wrapped,
    raw: {
      ...(body as unknown as ZendeskTicket),
      id: 1,
      external_id: KEY,
      status: (body.status as string | undefined) ?? 'new',
      due_at: body.type === 'task' ? ((body.due_at as string | undefined) ?? null) : null,
      requester_id: requester === undefined ? ((body.requester_id as number | undefined) ?? null) : 5,
      is_public: true,
    },
  };
}

describe('the map', () => {
  test('reading what was written is the forecast', () => {
    fc.assert(
      fc.property(anyFields, (fields) => {
        const { held, warnings } = hold(fields);
        const known = held.assignee != null && agentId(held) === null ? Object.fromEntries(Object.entries(held).filter(([name]) => name !== 'assignee')) : held;
        const body = toPatch(known, { assigneeId: agentId(known), requesterId: known.requester?.user_id ?? null });
        const { raw, html } = stored(body, toZendesk(firstWords(fields, held), { mentions: true }));
        const { content, attachments } = fromComment({ id: 2, html_body: html, public: true }, { who, base: BASE });
        const first = { public: true, content, attachments };
        const read = fromTicket(raw, { who: (id) => (id === '5' ? (held.requester ?? undefined) : (known.requester?.user_id === id ? known.requester : who(id))), first });
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
        const requester = held.requester === undefined ? [] : [held.requester?.email == null ? 'requester_id' : 'requester'];
        expect(Object.keys(toPatch(held, { assigneeId: null, requesterId: '9' })).sort()).toEqual([...expected, ...requester].sort());
      }),
    );
  });

  test('absent, null and empty stay apart', () => {
    expect(hold({}).held).toEqual({});
    const emptied = { assignee: null, ticket_type: null, tags: [], group: null, company: null, email_ccs: [], followers: [] };
    expect(hold(emptied)).toEqual({ held: emptied, warnings: [] });
    expect(toPatch({}, { assigneeId: null })).toEqual({});
    expect(toPatch({ assignee: null, group: null, company: null, ticket_type: null, tags: [] }, { assigneeId: null })).toEqual({
      assignee_id: null, group_id: null, organization_id: null, type: null, tags: [],
    });
    expect(see({ id: 1 })).toMatchObject({ requester: null, assignee: null, tags: [], subject: null });
    expect(see({ id: 1, status: 'mystery', priority: 'odd' })).not.toHaveProperty('status');
  });

  test('what Zendesk cannot be without is left out aloud', () => {
    const { held, warnings } = hold({ subject: null, status: null, priority: null, requester: null, description: ' ' });
    expect(held).toEqual({});
    expect(warnings.map(({ field }) => field).sort()).toEqual(['description', 'priority', 'requester', 'status', 'subject']);
  });

  test.each([
    ['new', 'open'],
    ['open', 'open'],
    ['pending', 'pending'],
    ['hold', 'pending'],
    ['solved', 'resolved'],
    ['closed', 'closed'],
  ])('status %s reads %s', (status, expected) => {
    expect(see({ id: 1, status }).status).toBe(expected);
  });

  test('a deleted row is deleted, and says nothing of the status', () => {
    const ticket = see({ id: 1, status: 'deleted' });
    expect(ticket.is_deleted).toBe(true);
    expect(ticket).not.toHaveProperty('status');
  });

  test('a due date is held by tasks only', () => {
    const due_at = '2026-01-31T08:00:00Z';
    expect(hold({ due_at, ticket_type: 'task' }).held).toEqual({ due_at, ticket_type: 'task' });
    expect(hold({ due_at, ticket_type: 'incident' }).held).toEqual({ ticket_type: 'incident' });
    expect(hold({ due_at, ticket_type: 'no-such' })).toMatchObject({ held: {}, warnings: [{ field: 'ticket_type' }, { field: 'due_at' }] });
    expect(hold({ due_at }).held).toEqual({ due_at });
    expect(see({ id: 1, type: 'task', due_at: null }).due_at).toBeNull();
    expect(see({ id: 1, type: 'question', due_at: null })).not.toHaveProperty('due_at');
  });

  test('an external id that is not ours is left alone and is no key', () => {
    expect(see({ id: 1, external_id: 'JIRA-7' }).key).toBeNull();
    expect(see({ id: 1, external_id: KEY }).key).toBe(KEY);
  });

  test('a private first comment is no description, whatever else on the ticket is public', () => {
    const first = { content: '<p>hi</p>', attachments: [] };
    expect(see({ id: 1, description: 'between us', is_public: false })).not.toHaveProperty('description');
    expect(fromTicket({ id: 1, description: 'between us', is_public: true }, { who, first: { ...first, public: false } })).not.toHaveProperty('description');
    expect(fromTicket({ id: 1, description: 'hi', is_public: true }, { who, first: { ...first, public: true } })).toMatchObject({ description: '<p>hi</p>', attachments: [] });
  });

  test('where the first comment was not read, the description is told only if there is but one comment, and that is public', () => {
    expect(see({ id: 1, description: 'a\n\nb & c', is_public: true, comment_count: 1 }).description).toBe('a<br><br>b &amp; c');
    expect(see({ id: 1, description: 'a', is_public: true, comment_count: 2 })).not.toHaveProperty('description');
    expect(see({ id: 1, description: 'a', is_public: true })).not.toHaveProperty('description');
  });

  test('a forecast of a private ticket has no description', () => {
    expect(hold({ description: '<p>x</p>', public: false }).held).toEqual({ public: false });
    expect(hold({ description: '<p>x</p>', public: true }).held).toEqual({ description: '<p>x</p>', public: true });
  });

  test('ids beyond 2^53 stay what they are', () => {
    expect(see({ id: '12345678901234567890' }).id).toBe('12345678901234567890');
    expect(toPatch({ group: '12345678901234567890' }, { assigneeId: '12345678901234567891' })).toEqual({ group_id: '12345678901234567890' });
  });

  test('somebody is known by e-mail, else by an id of this desk, else not at all', () => {
    const by = (email: string | null, user_id: string | null) => hold({ assignee: { user_id, email, name: 'A' } }).held.assignee;
    expect(by('a@b.example', '7')).toEqual({ user_id: null, email: 'a@b.example', name: 'A' });
    expect(by(null, '7')).toEqual({ user_id: '7', email: null, name: 'A' });
    expect(by('', '7')).toEqual({ user_id: '7', email: null, name: 'A' });
    expect(by('no mail', '7')).toBeUndefined();
    expect(by(null, 'usr_7')).toBeUndefined();
    expect(by(null, null)).toBeUndefined();
  });

  test('people who are copied are told only if the answer tells who they are', () => {
    const knowing = (id: string) => (id === '8' ? { user_id: '8', email: 'h@b.example', name: 'H' } : undefined);
    expect(fromTicket({ id: 1, email_cc_ids: [8], follower_ids: [] }, { who: knowing })).toMatchObject({ email_ccs: [{ email: 'h@b.example' }], followers: [] });
    expect(fromTicket({ id: 1, email_cc_ids: [8, 9] }, { who: knowing })).not.toHaveProperty('email_ccs');
  });
});

describe('what the desk’s owner has set up', () => {
  const plan: CustomField = { type: 'tagger', active: true, options: [{ name: 'Pro plan', value: 'pro' }, { name: 'Free', value: 'free' }] };
  const rooms: CustomField = { type: 'multiselect', active: true, options: [{ name: 'Hall', value: 'hall' }, { name: 'Cold Store', value: 'cold_store' }] };
  const fieldOf = (type: string): CustomField => ({ type, active: true, options: [] });
  const lore: Lore = {
    field: (id) => (id === '1' ? plan : id === '2' ? rooms : id === '3' ? fieldOf('integer') : null),
    group: (name) => ({ support: '70', '70': '70' })[name.toLowerCase()] ?? null,
    organization: (name) => (name === 'Works' ? '80' : undefined),
    statusId: (status) => (status === 'pending' ? '8447346638078' : undefined),
  };
  const knowing: Knowing = { lore, who: () => undefined };

  test.each<[string, unknown, unknown]>([
    ['text', 'a', 'a'],
    ['text', 7, '7'],
    ['text', '', ''],
    ['text', ['a'], undefined],
    ['checkbox', true, true],
    ['checkbox', 'false', false],
    ['checkbox', null, false],
    ['checkbox', 'maybe', undefined],
    ['integer', '745', 745],
    ['integer', -3, -3],
    ['integer', '007', 7],
    ['integer', 1.5, undefined],
    ['integer', '12345678901234567890', undefined],
    ['integer', '', null],
    ['integer', true, undefined],
    ['decimal', '1.50', 1.5],
    ['decimal', '0.1', 0.1],
    ['decimal', '123456789012345.123456789', undefined],
    ['decimal', 'x', undefined],
    ['date', '2026-02-03', '2026-02-03'],
    ['date', '2026-02-03T00:00:00.000Z', '2026-02-03'],
    ['date', '2026-02-03T10:00:00Z', undefined],
    ['date', '2026-02-33', undefined],
    ['lookup', 8447, '8447'],
    ['partialcreditcard', '1', undefined],
  ])('a field of type %s given %j holds %j', (type, given, expected) => {
    const fit = coerced(fieldOf(type), given);
    expect('value' in fit ? fit.value : undefined).toEqual(expected);
    if ('value' in fit) expect(readCustom(fieldOf(type), fit.value)).toEqual(fit.value);
  });

  test('an option is named by its tag or by its name, whatever the case', () => {
    expect(coerced(plan, 'PRO')).toEqual({ value: 'pro' });
    expect(coerced(plan, 'pro PLAN')).toEqual({ value: 'pro' });
    expect(coerced(plan, 'gold')).toEqual({ reason: 'there is no such option' });
    expect(coerced(rooms, ['Cold store', 'hall', 'hall'])).toEqual({ value: ['cold_store', 'hall'] });
    expect(coerced(rooms, ['hall', 'attic'])).toHaveProperty('reason');
    expect(coerced(rooms, null)).toEqual({ value: [] });
    expect(coerced({ ...plan, active: false }, 'pro')).toHaveProperty('reason');
  });

  test('numbers and their digits read alike, and what is unknown stays as it is', () => {
    expect(readCustom(fieldOf('integer'), '745')).toBe(745);
    expect(readCustom(fieldOf('decimal'), '1.50')).toBe(1.5);
    expect(readCustom(rooms, ['hall', 'cold_store'])).toEqual(['cold_store', 'hall']);
    expect(readCustom(rooms, ['gone_option'])).toEqual(['gone_option']);
    expect(readCustom(undefined, ['b', 'a'])).toEqual(['b', 'a']);
    expect(readCustom(plan, 'a retired option')).toBe('a retired option');
  });

  test('only the fields that are listed and that hold their value are written; the others are named', () => {
    const { held, warnings } = hold({ custom_properties: [{ id: '1', value: 'Free' }, { id: '3', value: 'x' }, { id: '9', value: 1 }, { id: 'cf_x', value: 1 }] }, knowing);
    expect(held).toEqual({ custom_properties: [{ id: '1', value: 'free' }] });
    expect(warnings.map(({ field, reason }) => `${field} ${reason}`)).toEqual([
      'custom_properties 3: a whole number is needed', 'custom_properties 9: there is no such field', 'custom_properties cf_x: there is no such field',
    ]);
    expect(toPatch(held, { assigneeId: null })).toEqual({ custom_fields: [{ id: 1, value: 'free' }] });
    expect(fromTicket({ id: 1, custom_fields: [{ id: 1, value: 'free' }, { id: 3, value: '12' }] }, { who, lore }).custom_properties).toEqual([{ id: '1', value: 'free' }, { id: '3', value: 12 }]);
  });

  test('groups and organizations are named by id or name; what is not known is left out, what was not learnt is kept', () => {
    expect(hold({ group: 'SUPPORT', company: 'Works' }, knowing).held).toEqual({ group: '70', company: '80' });
    expect(hold({ group: 'nobody' }, knowing)).toMatchObject({ held: {}, warnings: [{ field: 'group' }] });
    expect(hold({ company: 'Elsewhere' }, knowing).held).toEqual({ company: 'Elsewhere' });
    expect(hold({ group: 'any' }).held).toEqual({ group: 'any' });
  });

  test('a status of the owner’s choice is written by its id', () => {
    expect(toPatch({ status: 'pending' }, { assigneeId: null }, lore)).toEqual({ custom_status_id: 8447346638078 });
    expect(toPatch({ status: 'open' }, { assigneeId: null }, lore)).toEqual({ status: 'open' });
    expect(toPatch({ status: 'pending' }, { assigneeId: null }, NO_LORE)).toEqual({ status: 'pending' });
  });

  test('what the desk dropped in silence is told', () => {
    const header = '{:allowed_parameters=>{:controller=>"tickets", :action=>"update", :unpermitted_keys=>["ticket.email_ccs", "ticket.type"]}}';
    expect(shortfalls(header, {}, { id: 1 }, NO_LORE).map(({ field }) => field)).toEqual(['email_ccs', 'ticket_type']);
    const sent = { group_id: 7, custom_fields: [{ id: 1, value: 'gold' }, { id: 3, value: 12 }, { id: 4, value: false }], email_ccs: [{ user_email: 'a@b.example', action: 'put' }] };
    const shown = { id: 1, group_id: 8, custom_fields: [{ id: 1, value: null }, { id: 3, value: '12' }, { id: 4, value: null }], email_cc_ids: [] };
    expect(shortfalls('', sent, shown, lore).map(({ field }) => field)).toEqual(['group', 'email_ccs', 'custom_properties']);
    expect(shortfalls('', { group_id: 7 }, { id: 1, group_id: 7 }, lore)).toEqual([]);
  });
});

describe('webhooks', () => {
  const read = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    connectors.zendesk?.read({ headers, rawBody: Buffer.from(JSON.stringify(body)), query: {} }, body, {});
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
    expect(read(event('ticket.created', { subject: null, detail: { id: '' } }))).toMatchObject({ kind: 'unreadable' });
    expect(read(event('ticket.created', { subject: null, detail: null }))).toMatchObject({ kind: 'unreadable' });
  });

  test('upper-case words, string ids, "0" and nine digits of a second in an event mean nothing wrong: the ticket is read from the API', () => {
    const detail = { id: '5158', status: 'OPEN', priority: 'URGENT', type: 'TASK', organization_id: '0', group_id: '', assignee_id: null, tags: ['a'] };
    expect(read(event('ticket.status_changed', { detail, event: { previous: 'NEW', current: 'OPEN' } }))).toEqual({ kind: 'ticket', ticketId: '5158', dedupe: 'evt-1', event: 'ticket.updated' });
  });

  test('a double delivery is the same occurrence, two events of one save are two', () => {
    const meta = (position: number) => ({ event: { meta: { sequence: { id: 'seq', position } } } });
    const [first, again, second] = [event('ticket.status_changed', meta(1)), event('ticket.status_changed', meta(1)), event('ticket.comment_added', { id: 'evt-2', ...meta(2) })].map((one) => read(one));
    expect(first).toEqual(again);
    expect(second).toMatchObject({ ticketId: '5158', dedupe: 'evt-2', save: 'seq' });
  });

  test('events say of which save they are; where they do not, or say no such thing, nothing is guessed', () => {
    const of = (meta: unknown) => read(event('ticket.status_changed', { event: { previous: 'NEW', current: 'OPEN', meta } }));
    expect(of({ sequence: { id: '01J5', position: 2 } })).toMatchObject({ save: '01J5' });
    for (const meta of [undefined, null, 'x', {}, { sequence: null }, { sequence: {} }, { sequence: { id: 7 } }, { sequence: { id: '' } }, { sequence: { id: 'x'.repeat(201) } }, { sequence: { id: 'a\nb' } }]) {
      expect(of(meta)).toEqual({ kind: 'ticket', ticketId: '5158', dedupe: 'evt-1', event: 'ticket.updated' });
    }
  });

  test('events of others are ignored, each with its own id', () => {
    expect(read(event('user.created', { subject: 'zen:user:1' }))).toMatchObject({ kind: 'ignored', dedupe: 'evt-1' });
  });

  test('without an id of its own an event is known by its body', () => {
    const reading = read(event('ticket.created', { id: '' }));
    expect(reading).toMatchObject({ dedupe: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  test('of a trigger’s body only the ticket’s id is believed', () => {
    const invocation = { 'x-zendesk-webhook-invocation-id': '01HAMVB44HDDHSKZ8E3R7TZGTE' };
    expect(read({ ticket_id: '5158', happened: 'comment.created' }, invocation)).toEqual({ kind: 'ticket', ticketId: '5158', event: 'comment.created', dedupe: 'trigger:01HAMVB44HDDHSKZ8E3R7TZGTE' });
    expect(read({ ticket_id: 5158, happened: 'whatever' }, invocation)).toEqual({ kind: 'ticket', ticketId: '5158', dedupe: 'trigger:01HAMVB44HDDHSKZ8E3R7TZGTE' });
    expect(read({ ticket_id: '#<Event id:7, ticket_id:9, value:"x">' }, invocation)).toMatchObject({ kind: 'unreadable' });
    expect(read({ ticket_id: '' }, invocation)).toMatchObject({ kind: 'unreadable' });
  });

  test('a body that a quote broke still names its ticket, and a form does', () => {
    const { formats = {} } = connectors.zendesk ?? {};
    const broken = formats['application/json']?.('{"ticket_id": "5158", "subject": "says "no"", "ticket_id": "9"}');
    expect(read(broken)).toMatchObject({ kind: 'ticket', ticketId: '5158' });
    expect(read(formats['application/json']?.('{"subject": "says "no""}'))).toMatchObject({ kind: 'unreadable' });
    expect(read(formats['application/x-www-form-urlencoded']?.('ticket_id=5158&happened=ticket.created'))).toMatchObject({ kind: 'ticket', ticketId: '5158', event: 'ticket.created' });
  });

  test('two calls of a trigger with the same body are two occurrences, a repeated one is the same', () => {
    const body = { ticket_id: '5158' };
    const at = (timestamp: string) => read(body, { 'x-zendesk-webhook-signature-timestamp': timestamp });
    expect(at('2026-03-01T12:00:00Z')).toEqual(at('2026-03-01T12:00:00Z'));
    expect(at('2026-03-01T12:00:00Z')).not.toEqual(at('2026-03-01T12:00:09Z'));
  });
});
