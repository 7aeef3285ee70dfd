/** A Slack of our own: incoming webhooks and chat.postMessage as documented, hearing what hostile tickets say. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createValidator } from '../../../src/contracts/validator.ts';
import type { MeshEvent } from '../../../src/core/mesh-event.ts';
import { BOT_MESSAGE, commandsIn, WEBHOOK_MESSAGE } from '../../support/block-kit.ts';
import { eventOf, startDeliveries, type DeliveryRig } from '../../support/delivery-rig.ts';
import { startEndpoint, type Endpoint } from '../../support/endpoint.ts';
import { until } from '../../support/until.ts';

let rig: DeliveryRig;
let slack: Endpoint;
beforeAll(async () => {
  rig = await startDeliveries();
  slack = await startEndpoint();
});
afterAll(async () => {
  await rig?.close();
  await slack?.close();
});

const HOSTILE = [
  '<!channel> <!here> <@U024BE7LH> <https://evil.example|click here>', '&lt;!everyone&gt; &amp;amp;', '&'.repeat(4_000), '<'.repeat(3_500), '👩‍👩‍👧'.repeat(900), '\ud800 half \udc00', '*bold* _it_ ~no~ `code` ```pre```',
  '\u202etxt.exe', '> quote\n\n\n> more', '', ' ', '\0nul', 'x'.repeat(100_000), '<script>alert(1)</script><img src=x onerror=y>', '|>|<', '{{ticket.id}}',
];
const hostileEvents = (first: number): MeshEvent[] =>
  HOSTILE.flatMap((text, n): MeshEvent[] => {
    const event = eventOf(rig.world, first + n, 1);
    const person = { user_id: null, email: text, name: text };
    const ticket = { ...event.ticket!, subject: text, requester: person, assignee: person, url: `https://acme.example/t/${encodeURIComponent('|<>')}` };
    return [
      { ...event, ticket, changes: Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`custom:field${at}`, { from: text, to: [text, { a: text }] }])) },
      { ...event, id: rig.world.id(), type: 'comment.created', ticket, comment: { id: 'c', raw_id: 'c', content: text, author: person, public: true } },
      { ...event, id: rig.world.id(), type: 'operation.parked', cause: 'mirror', ticket: { ...ticket, url: `https://evil.example/|x> <!channel>${text.slice(0, 100)}` }, reason: text, step: 'ticket.update' },
    ];
  });

test('an incoming webhook takes every message, whatever tickets say, and none of them commands anybody', async () => {
  const fits = createValidator(WEBHOOK_MESSAGE);
  slack.answer(({ body, headers }) => {
    const faults = fits(JSON.parse(body));
    return faults.length === 0 && headers['content-type'] === 'application/json' ? { status: 200, body: 'ok' } : { status: 400, body: `invalid_blocks ${JSON.stringify(faults)}` };
  });
  const events = hostileEvents(0);
  const { id } = await rig.subscribe({ url: slack.url, format: 'slack' });
  await rig.tell(events);
  await until(async () => (await rig.count(id, 'delivered')) === events.length, { what: () => `${slack.heard.filter(({ status }) => status !== 200).length} refused` });
  expect(slack.heard.map(({ status }) => status)).toEqual(events.map(() => 200));
  for (const { body } of slack.heard) {
    expect(body.isWellFormed()).toBe(true);
    for (const command of commandsIn(body)) expect(command).toMatch(/^<https:\/\/acme\.example\/t\/%7C%3C%3E\|Open the ticket>$/);
  }
});

test('a bot writes to its channel, everything about one ticket into one thread, and understands what Slack answers', async () => {
  const fits = createValidator(BOT_MESSAGE);
  const posted: { ts: string; thread: unknown; ticket: string }[] = [];
  let refusing: { status: number; headers?: Record<string, string>; body: string } | null = { status: 200, body: '{"ok":false,"error":"channel_not_found"}' };
  slack.answer(({ body, headers }) => {
    if (refusing !== null) return refusing;
    const message = JSON.parse(body) as { channel: string; text: string; thread_ts?: string };
    if (headers.authorization !== 'Bearer xoxb-1-abc' || message.channel !== 'C024BE91L') return { status: 200, body: '{"ok":false,"error":"invalid_auth"}' };
    const faults = fits(message);
    if (faults.length > 0) return { status: 200, body: JSON.stringify({ ok: false, error: 'invalid_blocks', faults }) };
    if (message.thread_ts !== undefined && !posted.some(({ ts }) => ts === message.thread_ts)) return { status: 200, body: '{"ok":false,"error":"thread_not_found"}' };
    const ts = `1503435956.${String(posted.length).padStart(6, '0')}`;
    posted.push({ ts, thread: message.thread_ts, ticket: /(\d+)\/\d+/.exec(message.text)?.[1] ?? '' });
    return { status: 200, body: JSON.stringify({ ok: true, channel: message.channel, ts, message: { text: message.text, blocks: 'x'.repeat(5_000) } }) };
  });
  const { id } = await rig.subscribe({ url: slack.url, format: 'slack', token: 'xoxb-1-abc', channel: 'C024BE91L' });
  const why = async (): Promise<string | null> => (await rig.store.deliveryBooks.list({ subscription_id: id }, { before: null, limit: 10 })).map(({ reason }) => reason).find((reason) => reason !== null) ?? null;
  await rig.tell([eventOf(rig.world, 901, 1), eventOf(rig.world, 901, 2), eventOf(rig.world, 902, 1), eventOf(rig.world, 901, 3), eventOf(rig.world, 902, 2)]);
  expect(await until(why, { what: 'a refusal' })).toBe('Slack refuses it: channel_not_found');

  refusing = { status: 429, headers: { 'retry-after': '30' }, body: '{"ok":false,"error":"ratelimited"}' };
  await rig.pass(60_000);
  await until(async () => (await rig.store.subscriptions.byId(id))?.paused_until, { what: 'the pause' });
  refusing = { status: 200, body: '<html>busy</html>' };
  await rig.pass(600_000);
  await until(async () => (await why()) === 'the answer is none of Slack’s', { what: 'an answer that is none' });

  refusing = null;
  await until(async () => {
    await rig.pass(3_600_000);
    return (await rig.count(id, 'delivered')) === 5;
  }, { everyMs: 300, what: 'all five' });
  const threads = Object.groupBy(posted, ({ ticket }) => ticket);
  expect(Object.entries(threads).map(([ticket, messages]) => [ticket, messages?.length])).toEqual(expect.arrayContaining([['901', 3], ['902', 2]]));
  for (const messages of Object.values(threads)) expect(messages?.map(({ thread }) => thread)).toEqual(messages?.map((_, at) => (at === 0 ? undefined : messages[0]?.ts)));
});
