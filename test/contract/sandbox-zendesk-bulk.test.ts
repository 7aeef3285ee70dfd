/** The fake Zendesk's jobs, merges, follow-ups, spam, imports and history. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, list, openReceiver, zendeskClient, type ZendeskClient } from './sandbox-support.ts';

let desk: SandboxDesk;
let client: ZendeskClient;

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['zendesk'] })) as [SandboxDesk];
  client = zendeskClient(desk);
});
afterEach(() => desk.reset());
afterAll(() => desk.close());

const job = async (answer: { readonly body: unknown }): Promise<unknown> => {
  expect(at(answer.body, 'job_status', 'status')).toBe('queued');
  return at((await client.bot.call('GET', `/api/v2/job_statuses/${String(at(answer.body, 'job_status', 'id'))}.json`)).body, 'job_status');
};

describe('jobs', () => {
  test('make many, change many, delete many, row by row', async () => {
    const made = await job(await client.bot.call('POST', '/api/v2/tickets/create_many', { tickets: [{ subject: 'A', comment: { body: 'a' } }, { subject: 'B' }, { subject: 'C', comment: { body: 'c' }, tags: ['x'] }] }));
    expect(made).toMatchObject({ status: 'completed', total: 3, results: [{ index: 0 }, { index: 1, success: false, error: 'RecordInvalid' }, { index: 2 }] });
    const [a, c] = [Number(at(made, 'results', 0, 'id')), Number(at(made, 'results', 2, 'id'))];
    const changed = await job(await client.bot.call('PUT', `/api/v2/tickets/update_many?ids=${a},${c},1`, { ticket: { additional_tags: ['y'], remove_tags: ['x'], status: 'pending' } }));
    expect(changed).toMatchObject({ results: [{ action: 'update', status: 'Updated', success: true, id: a }, { id: c }, { success: false, error: 'RecordNotFound' }] });
    expect(await client.show(c)).toMatchObject({ tags: ['y'], status: 'pending' });
    const each = await job(await client.bot.call('PUT', '/api/v2/tickets/update_many', { tickets: [{ id: a, priority: 'low' }, { id: c, priority: 'high' }] }));
    expect(each).toMatchObject({ status: 'completed' });
    expect([at(await client.show(a), 'priority'), at(await client.show(c), 'priority')]).toEqual(['low', 'high']);
    await job(await client.bot.call('DELETE', `/api/v2/tickets/destroy_many?ids=${a},${c}`));
    expect(list((await client.bot.call('GET', '/api/v2/deleted_tickets')).body, 'deleted_tickets')).toHaveLength(2);
    expect((await client.bot.call('PUT', `/api/v2/deleted_tickets/restore_many?ids=${a},${c}`)).body).toEqual({});
    await job(await client.bot.call('POST', '/api/v2/tickets?async=true', { ticket: { subject: 'later', comment: { body: 'x' } } }));
    expect(list((await client.bot.call('GET', '/api/v2/tickets')).body, 'tickets')).toHaveLength(3);
  });

  test('tags are added and removed by the bulk calls only', async () => {
    const id = await client.created({ tags: ['a'] });
    const answer = await client.update(id, { additional_tags: ['b'] });
    expect(answer.headers.get('x-zendesk-api-warn')).toContain('ticket.additional_tags');
    expect(at(await client.show(id), 'tags')).toEqual(['a']);
  });

  test('are thirty at a time where limits are on, and a hundred rows each', async () => {
    await client.bot.call('POST', '/__sandbox/settings', { endpoint_limits: true });
    const one = { tickets: [{ subject: 'A', comment: { body: 'a' } }] };
    for (let n = 0; n < 30; n += 1) expect((await client.bot.call('POST', '/api/v2/tickets/create_many', one)).status).toBe(200);
    const refused = await client.bot.call('POST', '/api/v2/tickets/create_many', one);
    expect([refused.status, at(refused.body, 'error')]).toEqual([429, 'TooManyJobs']);
    expect((await client.bot.call('POST', '/api/v2/tickets/create_many', { tickets: Array.from({ length: 101 }, () => one.tickets[0]) })).status).toBe(400);
  });
});

describe('what becomes of tickets', () => {
  test('a merge closes the sources, takes their files along, and tells both sides and every subscriber', async () => {
    const receiver = await openReceiver();
    try {
      const webhook = { name: 'M', endpoint: receiver.url, http_method: 'POST', request_format: 'json', status: 'active', subscriptions: ['zen:event-type:ticket.merged'] };
      await client.bot.call('POST', '/api/v2/webhooks', { webhook });
      const token = at(JSON.parse((await client.bot.call('POST', '/api/v2/uploads?filename=a.txt', 'bytes', { 'content-type': 'text/plain' })).text), 'upload', 'token');
      const source = await client.created({ subject: 'Source', tags: ['s'], comment: { body: 'x', uploads: [token] } });
      const target = await client.created({ subject: 'Target' });
      await job(await client.bot.call('POST', `/api/v2/tickets/${target}/merge`, { ids: [source], source_comment: 'Gone there', source_comment_is_public: true }));
      expect(await client.show(source)).toMatchObject({ status: 'closed', tags: ['s', 'closed_by_merge'] });
      expect((await client.comments(source)).at(-1)).toMatchObject({ plain_body: 'Gone there', public: true, via: { source: { rel: 'merge', from: { ticket_id: target } } } });
      expect((await client.comments(target)).at(-1)).toMatchObject({ public: false, via: { source: { rel: 'merge', from: { ticket_id: source } } }, attachments: [{ file_name: 'a.txt', size: 5 }] });
      const [event] = await receiver.until(1);
      expect(event?.body).toMatchObject({ subject: `zen:ticket:${source}`, event: { target_ticket_id: String(target) }, detail: { status: 'CLOSED' } });
      expect((await client.bot.call('POST', `/api/v2/tickets/${source}/merge`, { ids: [target] })).status).toBe(422);
    } finally {
      await receiver.close();
    }
  });

  test('a closed ticket goes on in a follow-up that inherits its tags and fields', async () => {
    const closed = await client.created({ tags: ['vip'], custom_fields: [{ id: 8447346600101, value: 'R-1' }] });
    expect((await client.create({ via_followup_source_id: closed })).status).toBe(422);
    await client.update(closed, { status: 'closed' });
    const follow = await client.created({ via_followup_source_id: closed });
    expect(await client.show(follow)).toMatchObject({ tags: ['vip'], via: { source: { rel: 'follow_up', from: { ticket_id: closed } } } });
    expect(list(await client.show(follow), 'custom_fields')).toContainEqual({ id: 8447346600101, value: 'R-1' });
    expect(at(await client.show(closed), 'followup_ids')).toEqual([follow]);
    expect(at(await client.show(await client.created({ via_followup_source_id: closed, tags: ['own'] })), 'tags')).toEqual(['own']);
  });

  test('spam goes to the trash and suspends whoever sent it', async () => {
    const id = await client.created({ requester: { name: 'Sam', email: 'sam@spam.example' } });
    expect((await client.bot.call('PUT', `/api/v2/tickets/${id}/mark_as_spam`)).status).toBe(200);
    expect((await client.bot.call('GET', `/api/v2/tickets/${id}`)).status).toBe(404);
    expect((await client.create({ requester: { email: 'sam@spam.example' } })).status).toBe(422);
  });

  test('an import keeps its times and its comments, and an archived ticket is in no list', async () => {
    const ticket = {
      subject: 'Old', status: 'closed', created_at: '2020-01-02T03:04:05Z', updated_at: '2020-02-02T00:00:00Z',
      comments: [{ value: 'first', created_at: '2020-01-02T03:04:05Z' }, { html_body: '<p>second</p>', public: false, created_at: '2020-01-03T00:00:00Z', author_id: 8447388091518 }],
    };
    const made = await client.bot.call('POST', '/api/v2/imports/tickets?archive_immediately=true', { ticket });
    const id = Number(at(made.body, 'ticket', 'id'));
    expect([made.status, await client.show(id)]).toMatchObject([201, { created_at: '2020-01-02T03:04:05Z', updated_at: '2020-02-02T00:00:00Z', status: 'closed' }]);
    expect((await client.comments(id)).map((one) => [at(one, 'plain_body'), at(one, 'public'), at(one, 'created_at')])).toEqual([
      ['first', true, '2020-01-02T03:04:05Z'],
      ['second', false, '2020-01-03T00:00:00Z'],
    ]);
    expect(list((await client.bot.call('GET', '/api/v2/tickets')).body, 'tickets')).toEqual([]);
    expect((await client.human.call('POST', '/api/v2/imports/tickets', { ticket })).status).toBe(403);
  });

  test('only so many comments fit on a ticket', async () => {
    const comments = Array.from({ length: 5_000 }, (_, n) => ({ value: `c${n}` }));
    const id = Number(at((await client.bot.call('POST', '/api/v2/imports/tickets', { ticket: { subject: 'Long', comments } })).body, 'ticket', 'id'));
    expect(at((await client.bot.call('GET', `/api/v2/tickets/${id}/comments/count`)).body, 'count', 'value')).toBe(5_000);
    expect((await client.update(id, { comment: { body: 'one too many' } })).status).toBe(422);
    expect((await client.update(id, { priority: 'low' })).status).toBe(200);
  });
});

describe('history', () => {
  test('every save has its audit, with its comment, its changes and its mark', async () => {
    const id = await client.created({ metadata: { mark: 'one' } });
    await client.update(id, { priority: 'high', comment: { body: 'hm', public: false }, metadata: { mark: 'two' } });
    await client.update(id, { priority: 'high' });
    const audits = list((await client.bot.call('GET', `/api/v2/tickets/${id}/audits?include=users`)).body, 'audits');
    expect(audits.map((audit) => at(audit, 'metadata', 'custom'))).toEqual([{ mark: 'one' }, { mark: 'two' }]);
    expect(list(audits[1], 'events')).toEqual([
      expect.objectContaining({ type: 'Comment', public: false, body: 'hm', id: at((await client.comments(id))[1], 'id') }),
      expect.objectContaining({ type: 'Change', field_name: 'priority', value: 'high', previous_value: null }),
    ]);
    const one = await client.bot.call('GET', `/api/v2/tickets/${id}/audits/${String(at(audits[1], 'id'))}`);
    expect(at(one.body, 'audit', 'ticket_id')).toBe(id);
    const all = await client.bot.call('GET', '/api/v2/ticket_audits?limit=1');
    expect(at(all.body, 'audits', 0, 'id')).toBe(at(audits[1], 'id'));
    const before = await client.bot.call('GET', String(at(all.body, 'before_url')));
    expect(at(before.body, 'audits', 0, 'id')).toBe(at(audits[0], 'id'));
  });

  test('the export by time goes on where it ended, and the export of events tells each change', async () => {
    const id = await client.created();
    await client.update(id, { status: 'pending', comment: { body: 'secret words' } });
    const tickets = await client.bot.call('GET', '/api/v2/incremental/tickets?start_time=0');
    expect(tickets.body).toMatchObject({ count: 1, end_of_stream: true, tickets: [{ id, status: 'pending' }], next_page: `${desk.url}/api/v2/incremental/tickets.json?start_time=${String(at(tickets.body, 'end_time'))}` });
    const events = await client.bot.call('GET', '/api/v2/incremental/ticket_events?start_time=0');
    expect(at(events.body, 'ticket_events', 1)).toMatchObject({ ticket_id: id, event_type: 'Audit', child_events: [{ event_type: 'Change', status: 'pending', previous_value: 'new' }, {}] });
    expect(events.text).not.toContain('secret words');
    expect((await client.bot.call('GET', '/api/v2/incremental/ticket_events?start_time=0&include=comment_events')).text).toContain('secret words');
  });

  test('the search export turns its pages for an hour', async () => {
    const ids = [await client.created(), await client.created(), await client.created()];
    const query = 'query=subject:printer&filter[type]=ticket&page[size]=2';
    const first = await client.bot.call('GET', `/api/v2/search/export?${query}`);
    const second = await client.bot.call('GET', String(at(first.body, 'links', 'next')));
    expect([...list(first.body, 'results'), ...list(second.body, 'results')].map((row) => at(row, 'id'))).toEqual(ids);
    expect(at(second.body, 'links', 'next')).toBeNull();
    expect(at((await client.bot.call('GET', '/api/v2/search/count?query=type:ticket')).body, 'count')).toBe(3);
    await client.bot.call('POST', '/__sandbox/settings', { clock_offset_ms: 2 * 3_600_000 });
    expect((await client.bot.call('GET', String(at(first.body, 'links', 'next')))).status).toBe(400);
  });
});
