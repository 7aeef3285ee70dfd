/** Deliveries end to end: committed events, the real engine, real endpoints. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { startDeliveries, eventOf, type DeliveryRig } from '../../support/delivery-rig.ts';
import { startEndpoint, type Endpoint, type Heard } from '../../support/endpoint.ts';
import { until } from '../../support/until.ts';

let rig: DeliveryRig;
const endpoints: Endpoint[] = [];
beforeAll(async () => {
  rig = await startDeliveries();
});
afterEach(async () => {
  await rig.database.run('forget', 'delete from deliveries', []);
  await rig.database.run('forget_subscriptions', 'delete from subscriptions', []);
  await rig.database.run('forget_version', 'update dispatch set version = version + 1', []);
  await Promise.all(endpoints.splice(0).map((one) => one.close()));
});
afterAll(() => rig.close());

const HOUR = 3_600_000;
const endpoint = async (): Promise<Endpoint> => {
  const one = await startEndpoint();
  endpoints.push(one);
  return one;
};
const heard = (of: Endpoint, count: number): Promise<readonly Heard[]> => until(() => of.heard.length >= count && of.heard, { what: () => `${of.heard.length} of ${count} heard` });
const settled = (id: string, state: string, count: number): Promise<unknown> => until(async () => (await rig.count(id, state)) === count, { what: `${count} ${state}` });
const serials = (of: Endpoint): Record<string, string[]> => {
  const all: Record<string, string[]> = {};
  for (const { body, status } of of.heard) {
    if (status >= 300 || status === 0) continue;
    const [ticket = '', serial = ''] = (JSON.parse(body) as { data: { ticket: { subject: string } } }).data.ticket.subject.split('/');
    (all[ticket] ??= []).push(serial);
  }
  return all;
};

describe('an event', () => {
  test('goes at once to everybody who wants it, signed with their secret, and to nobody twice', async () => {
    const [one, other, deaf] = [await endpoint(), await endpoint(), await endpoint()];
    const first = await rig.subscribe({ url: one.url });
    await rig.subscribe({ url: other.url, events: ['ticket.*'], where: { properties: { ticket: { properties: { status: { const: 'open' } } } } } });
    await rig.subscribe({ url: deaf.url, events: ['comment.*'] });
    const event = eventOf(rig.world, 1, 1);
    await rig.tell([event]);
    await heard(one, 1);
    await heard(other, 1);
    await settled(first.id, 'delivered', 1);
    const [message] = one.heard;
    expect(new Webhook(first.secret).verify(message!.body, message!.headers as Record<string, string>)).toMatchObject({ type: 'ticket.updated', data: { id: event.id } });
    await rig.deliverer.nudge();
    await rig.tell([eventOf(rig.world, 2, 1)]);
    await heard(one, 2);
    expect([one.heard.length, other.heard.length, deaf.heard.length]).toEqual([2, 2, 0]);
  });

  test('is tried again with its id and a new time, by the unmodified library through a rotation; every attempt is kept', async () => {
    const one = await endpoint();
    one.answer({ status: 503, headers: { 'x-why': 'busy' }, body: 'x'.repeat(3_000) });
    const { id, secret } = await rig.subscribe({ url: one.url });
    await rig.tell([eventOf(rig.world, 1, 1)]);
    await heard(one, 1);
    await until(async () => (await rig.store.deliveryBooks.list({ subscription_id: id }, { before: null, limit: 1 }))[0]?.attempts === 1, { what: 'the first attempt' });
    expect(await rig.store.subscriptions.byId(id)).toMatchObject({ failing_since: expect.any(Number) });
    const rotated = (await rig.store.subscriptions.rotate(id, null, HOUR)) ?? '';
    one.answer({ status: 200, body: 'fine' });
    await rig.pass(10_000);
    await settled(id, 'delivered', 1);
    expect(await rig.store.subscriptions.byId(id)).toMatchObject({ failing_since: null });
    const [before, after] = one.heard;
    expect(after?.headers['webhook-id']).toBe(before?.headers['webhook-id']);
    for (const key of [secret, rotated]) expect(() => new Webhook(key).verify(after!.body, after!.headers as Record<string, string>)).not.toThrow();
    expect(() => new Webhook(rotated).verify(before!.body, before!.headers as Record<string, string>)).toThrow();
    const whole = await rig.store.deliveryBooks.byId(String(after?.headers['webhook-id']));
    expect(whole?.record.map(({ status, body }) => [status, body.length])).toEqual([[503, 1_024], [200, 4]]);
    expect(whole?.record[0]?.headers['x-why']).toBe('busy');
    await rig.store.subscriptions.rotate(id, null, 0);
    await rig.tell([eventOf(rig.world, 1, 2)]);
    await heard(one, 3);
    expect(String(one.heard[2]?.headers['webhook-signature']).split(' ')).toHaveLength(1);
  });

  test('of a ticket waits for the earlier ones of that ticket, through retries; those of others do not', async () => {
    const one = await endpoint();
    one.answer(({ body }) => ({ status: body.includes('"1/1"') ? 500 : 200 }));
    const { id } = await rig.subscribe({ url: one.url });
    await rig.tell([eventOf(rig.world, 1, 1), eventOf(rig.world, 1, 2), eventOf(rig.world, 2, 1), eventOf(rig.world, 2, 2)]);
    await settled(id, 'delivered', 2);
    await rig.tell([eventOf(rig.world, 1, 3)]);
    expect(serials(one)).toEqual({ 2: ['1', '2'] });
    one.answer({ status: 200 });
    await rig.pass(10_000);
    await settled(id, 'delivered', 5);
    expect(serials(one)).toEqual({ 1: ['1', '2', '3'], 2: ['1', '2'] });
  });

  test('is given up after three days, and told why; it is replayed alone, by range, and with all that failed', async () => {
    const one = await endpoint();
    one.answer({ status: 500 });
    const { id } = await rig.subscribe({ url: one.url, ordering: 'none' });
    await rig.tell([eventOf(rig.world, 1, 1), eventOf(rig.world, 2, 1)]);
    for (let tries = 1; tries <= 14; tries += 1) {
      await heard(one, tries * 2);
      await until(async () => (await rig.store.deliveryBooks.list({ subscription_id: id }, { before: null, limit: 2 })).every(({ attempts }) => attempts === tries), { what: `attempt ${tries}` });
      // The shortest pause that jitter may make, and the longest: not before, and then.
      await rig.pass(20 * HOUR);
      // It is not four days without an answer yet.
      await rig.database.run('young', `update subscriptions set failing_since = now()`, []);
    }
    await settled(id, 'dead', 2);
    const [dead] = await rig.store.deliveryBooks.list({ subscription_id: id, state: 'dead' }, { before: null, limit: 9 });
    expect(dead).toMatchObject({ attempts: 14, reason: 'tried 14 times: the answer was 500' });
    one.answer({ status: 200 });
    expect(await rig.store.deliveryBooks.replay(dead!.id)).toBe(true);
    rig.deliverer.nudge();
    await settled(id, 'delivered', 1);
    expect(one.heard.at(-1)?.headers['webhook-id']).toBe(dead?.id);
    expect(await rig.store.deliveryBooks.replayAll(id, { since: 0, until: Date.now(), failed: true })).toBe(1);
    rig.deliverer.nudge();
    await settled(id, 'delivered', 2);
    const before = one.heard.length;
    expect(await rig.store.deliveryBooks.replayAll(id, { since: 0, until: Date.now(), failed: false })).toBe(2);
    rig.deliverer.nudge();
    await heard(one, before + 2);
    await settled(id, 'delivered', 2);
  });
});

describe('an endpoint', () => {
  test('that asks for a pause has it, for everything that goes there', async () => {
    const one = await endpoint();
    one.answer({ status: 429, headers: { 'retry-after': '3600' } });
    const { id } = await rig.subscribe({ url: one.url });
    await rig.tell([eventOf(rig.world, 1, 1)]);
    await until(async () => (await rig.store.subscriptions.byId(id))?.paused_until, { what: 'the pause' });
    one.answer({ status: 200 });
    await rig.tell([eventOf(rig.world, 2, 1)]);
    await rig.pass(HOUR / 2);
    const other = await endpoint();
    await rig.subscribe({ url: other.url });
    await rig.tell([eventOf(rig.world, 3, 1)]);
    await heard(other, 1);
    expect(one.heard).toHaveLength(1);
    await rig.pass(HOUR);
    await settled(id, 'delivered', 3);
  });

  test('that is gone gets nothing more, and what waits for it is given up', async () => {
    const one = await endpoint();
    one.answer({ status: 410 });
    const { id } = await rig.subscribe({ url: one.url, format: 'zapier' });
    await rig.tell([eventOf(rig.world, 1, 1), eventOf(rig.world, 1, 2)]);
    await settled(id, 'dead', 2);
    expect(await rig.store.subscriptions.byId(id)).toMatchObject({ enabled: false, disabled_by: 'gone' });
    expect(await rig.store.subscriptions.audience()).toEqual({ any: false, mirror: false });
    await rig.tell([eventOf(rig.world, 1, 3)]);
    await until(async () => (await rig.database.run('open', 'select 1 from outbox where not dispatched', [])).length === 0, { what: 'the dispatch' });
    expect([one.heard.length, await rig.count(id, 'waiting')]).toEqual([1, 0]);
  });

  test('that fails for days is disabled, which is told; its events are kept, and go out in their order when it is enabled', async () => {
    const [one, watcher] = [await endpoint(), await endpoint()];
    one.answer({ status: 500 });
    const { id } = await rig.subscribe({ url: one.url, events: ['ticket.*'] });
    await rig.subscribe({ url: watcher.url, events: ['subscription.*'] });
    await rig.tell([eventOf(rig.world, 1, 1), eventOf(rig.world, 1, 2)]);
    await heard(one, 1);
    await until(async () => (await rig.store.subscriptions.byId(id))?.failing_since, { what: 'the failure' });
    await rig.pass(4 * 24 * HOUR);
    await heard(watcher, 1);
    expect(JSON.parse(watcher.heard[0]!.body)).toMatchObject({ type: 'subscription.disabled', data: { reason: 'every attempt failed for 4 days', subscription: { id } } });
    expect(await rig.store.subscriptions.byId(id)).toMatchObject({ enabled: false, disabled_by: 'failures' });
    await rig.tell([eventOf(rig.world, 1, 3)]);
    await settled(id, 'waiting', 3);
    // One that was given up while it failed belongs to what it did not get.
    await rig.database.run('died', `update deliveries set state = 'dead', due_at = null, settled_at = now() where subscription_id = $1 and seq = (select min(seq) from deliveries where subscription_id = $1)`, [id]);
    one.answer({ status: 200 });
    const before = one.heard.length;
    await rig.store.subscriptions.enable(id);
    rig.deliverer.nudge();
    await settled(id, 'delivered', 3);
    expect(serials(one)).toEqual({ 1: ['1', '2', '3'] });
    expect(one.heard).toHaveLength(before + 3);
  });

  test('is told no faster than its rate', async () => {
    const one = await endpoint();
    const { id } = await rig.subscribe({ url: one.url, rate_per_minute: 60 });
    await rig.tell(Array.from({ length: 5 }, (_, n) => eventOf(rig.world, n, 1)));
    await heard(one, 1);
    await until(async () => (await rig.count(id, 'delivered')) === 1, { what: 'the first' });
    rig.deliverer.nudge();
    expect(one.heard.length).toBeLessThanOrEqual(2);
    await rig.pass(1_000);
    await heard(one, 2);
    for (let passed = 0; passed < 5; passed += 1) {
      await rig.pass(1_000);
      await heard(one, Math.min(5, 3 + passed));
    }
    await settled(id, 'delivered', 5);
  });
});

test('what is disabled by a person waits; a test goes out all the same, once', async () => {
  const one = await endpoint();
  const { id } = await rig.subscribe({ url: one.url, enabled: false });
  await rig.tell([eventOf(rig.world, 1, 1)]);
  await settled(id, 'waiting', 1);
  one.answer({ status: 500 });
  const made = await rig.store.deliveryBooks.test(id, { ...eventOf(rig.world, 9, 1), test: true });
  rig.deliverer.nudge();
  await settled(id, 'dead', 1);
  expect(await rig.store.deliveryBooks.byId(made?.id ?? '')).toMatchObject({ test: true, state: 'dead', reason: 'the answer was 500', attempts: 1 });
  expect(one.heard).toHaveLength(1);
  one.answer({ status: 200 });
  await rig.store.subscriptions.enable(id);
  rig.deliverer.nudge();
  await settled(id, 'delivered', 1);
});
