/**
 * An endpoint that is down for a day, with very many events for it and fifty healthy ones beside it. `E2E_OUTAGE_EVENTS=10000`
 * tells it in full size.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { MeshEvent } from '../../../src/core/mesh-event.ts';
import { eventOf, startDeliveries, type DeliveryRig } from '../../support/delivery-rig.ts';
import { startEndpoint, type Endpoint } from '../../support/endpoint.ts';
import { scale } from '../../support/scale.ts';
import { until } from '../../support/until.ts';

const EVENTS = scale('OUTAGE_EVENTS', 600);
const HEALTHY = 50;
const TICKETS = EVENTS / 20;
const HOUR = 3_600_000;
/** Calls that one endpoint may have to answer at the same time. */
const MOST_EACH = 16;

let rig: DeliveryRig;
let down: Endpoint;
let healthy: Endpoint;
beforeAll(async () => {
  rig = await startDeliveries();
  [down, healthy] = [await startEndpoint(), await startEndpoint()];
});
afterAll(async () => {
  await rig?.close();
  await down?.close();
  await healthy?.close();
});

test(`${HEALTHY} healthy endpoints get all of theirs while it never answers; it gets its own afterwards, in order, once more than it failed`, async () => {
  // It holds every call until we give up on it, and the next one with it.
  const held: (() => void)[] = [];
  let open = 0;
  let most = 0;
  down.answer((_request, response) => {
    most = Math.max(most, (open += 1));
    response.on('close', () => {
      open -= 1;
    });
    return new Promise((resolve) => held.push(() => resolve({ status: 503 })));
  });
  const dead = await rig.subscribe({ url: down.url, format: 'zapier' });
  for (let n = 0; n < HEALTHY; n += 1) await rig.subscribe({ url: `${healthy.url}/${n}`, format: 'zapier', where: { properties: { ticket: { properties: { ticket_type: { const: String(n) } } } } } });
  const events = Array.from({ length: EVENTS }, (_, n): MeshEvent => {
    const event = eventOf(rig.world, n % TICKETS, Math.floor(n / TICKETS));
    return { ...event, ticket: { ...event.ticket!, ticket_type: String(n % HEALTHY) } };
  });
  await rig.tell(events);

  await until(() => healthy.heard.length === EVENTS, { withinMs: 240_000, what: () => `${healthy.heard.length} of ${EVENTS} heard by the healthy ones` });
  expect(down.heard).toHaveLength(0);
  expect(most).toBeLessThanOrEqual(MOST_EACH);
  expect(new Set(healthy.heard.map(({ headers }) => headers['webhook-id'])).size).toBe(EVENTS);

  down.answer({ status: 503 });
  for (const release of held.splice(0)) release();
  // Those that were never tried come first most of the time: a round is over when one has been tried again.
  const triedAgain = (): number => down.heard.length - new Set(down.heard.map(({ headers }) => headers['webhook-id'])).size;
  for (let hours = 0; hours < 24; hours += 6) {
    const before = triedAgain();
    await rig.pass(6 * HOUR);
    await until(() => triedAgain() > before, { what: 'another attempt at one that was refused' });
  }
  expect(await rig.count(dead.id, 'delivered')).toBe(0);
  expect(await rig.store.subscriptions.byId(dead.id)).toMatchObject({ enabled: true });

  down.answer({ status: 200 });
  for (let delivered = 0; delivered < EVENTS; ) {
    await rig.pass(6 * HOUR);
    const before = delivered;
    delivered = await until(async () => ((count) => count > before && count)(await rig.count(dead.id, 'delivered')), { withinMs: 120_000, everyMs: 500, what: () => `more than ${before} of ${EVENTS} delivered` });
  }

  const heard = new Map<string, { refused: number; taken: number }>();
  const order = new Map<string, number[]>();
  for (const { headers, status, body } of down.heard) {
    const id = String(headers['webhook-id']);
    const known = heard.get(id) ?? { refused: 0, taken: 0 };
    heard.set(id, status === 200 ? { ...known, taken: known.taken + 1 } : { ...known, refused: known.refused + 1 });
    if (status !== 200) continue;
    const [ticket = '', serial = ''] = ((JSON.parse(body) as MeshEvent).ticket?.subject ?? '').split('/');
    order.set(ticket, [...(order.get(ticket) ?? []), Number(serial)]);
  }
  expect(heard.size).toBe(EVENTS);
  expect([...heard.values()].filter(({ taken }) => taken !== 1)).toEqual([]);
  expect([...heard.values()].some(({ refused }) => refused > 1)).toBe(true);
  expect([...order.values()].filter((serials) => serials.some((serial, at) => serial !== at))).toEqual([]);
  expect(healthy.heard).toHaveLength(EVENTS);
  const attempts = await rig.database.run<{ n: number }>('attempts_of', 'select count(*)::int as n from attempts a join deliveries d on d.id = a.delivery_id where d.subscription_id = $1', [dead.id]);
  expect(attempts[0]?.n).toBe(down.heard.length);
}, 900_000);
