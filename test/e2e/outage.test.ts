/**
 * A desk that answers 500 for a while, and answers that get lost: every ticket is everywhere exactly once in the end, and
 * who has no trouble does not notice. `E2E_TICKETS=100 E2E_OUTAGE_MS=20000 E2E_FIND_LAG=15` tells it in full size.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { differences, untilAlike, untilSwept, type Expected } from '../support/alike.ts';
import type { Running } from '../support/running.ts';
import { each, quantiles, scale } from '../support/scale.ts';
import { startTrio, type Name, type Trio } from '../support/trio.ts';
import { until } from '../support/until.ts';

const TICKETS = scale('TICKETS', 40);
const OUTAGE_MS = scale('OUTAGE_MS', 3_000);
/** How long a desk may hide a new ticket from a search: an unsure create waits for it. */
const FIND_LAG_S = scale('FIND_LAG', 2);

let trio: Trio;
let serve: Running;
const all: Expected[] = [];
const told: string[] = [];

beforeAll(async () => {
  trio = await startTrio();
  const settings = { find_lag_seconds: FIND_LAG_S };
  await trio.mesh({ settings: { freshdesk: settings, helpdesk: settings } });
  serve = await trio.serve({ LOG_LEVEL: 'error' });
});
afterAll(async () => {
  process.stderr.write(told.map((line) => `${line}\n`).join(''));
  await trio.close();
});

/** Makes tickets on a desk; for each the milliseconds until `watched` showed it. */
async function make(origin: Name, watched: Name): Promise<readonly number[]> {
  const made = new Map<string, number>();
  const delays: number[] = [];
  await each(TICKETS, 8, async (index) => {
    const subject = `${origin} ${index}`;
    all.push({ subject, comments: [] });
    await trio.human(origin).create(subject);
    made.set(subject, performance.now());
  });
  await until(
    () => {
      for (const { subject } of trio.tickets(watched)) {
        const since = made.get(subject);
        if (since === undefined) continue;
        made.delete(subject);
        delays.push(performance.now() - since);
      }
      return made.size === 0;
    },
    { everyMs: 10, what: () => `${watched} still has not ${[...made.keys()].slice(0, 5).join(', ')}` },
  );
  return delays;
}

const lost = (name: Name): number => (trio.desk(name).state() as unknown as { fault_count: number }).fault_count;

test('one target is down and then loses a fifth of its answers: the other has its tickets without delay, and in the end both have each once', async () => {
  trio.fault('freshdesk', { kind: 'status', status: 500 });
  const outage = pause(OUTAGE_MS);
  const { write_count: before } = trio.counts('zendesk');
  const delays = await make('helpdesk', 'zendesk');
  told.push(`outage, to the desk without faults: ${quantiles(delays)}`);
  // Nothing waited for the other desk to return, and nothing was tried twice on its account.
  expect(trio.tickets('freshdesk')).toEqual([]);
  expect(trio.counts('zendesk').write_count - before).toBe(TICKETS);
  await outage;
  trio.fault('freshdesk', { kind: 'none' });
  trio.fault('freshdesk', { kind: 'lost-response', method: 'POST', path: '/api/v2/tickets', rate: 0.2 });
  const took = await untilAlike(trio, all, 120_000);
  told.push(`outage, until all of ${TICKETS} were on the desk that had been down for ${OUTAGE_MS} ms, with ${lost('freshdesk')} faults: ${Math.round(took)} ms`);
  trio.fault('freshdesk', { kind: 'none' });
}, 300_000);

test('one target is down while another loses a fifth of its answers: in the end both have each ticket once, and stay so', async () => {
  trio.fault('freshdesk', { kind: 'status', status: 500 });
  trio.fault('helpdesk', { kind: 'lost-response', method: 'POST', path: '/helpdesk/api/v1/tickets', rate: 0.2 });
  const [before, outage] = [lost('helpdesk'), pause(OUTAGE_MS)];
  const delays = await make('zendesk', 'zendesk');
  expect(delays).toHaveLength(TICKETS);
  await outage;
  trio.fault('freshdesk', { kind: 'none' });
  const took = await untilAlike(trio, all, 180_000);
  told.push(`outage, ${lost('helpdesk') - before} answers lost elsewhere: all alike ${Math.round(took)} ms after the outage`);
  trio.fault('helpdesk', { kind: 'none' });
  await untilSwept(trio, 1);
  expect(differences(trio, all)).toEqual([]);
  expect(serve.stderr()).toBe('');
}, 300_000);
