/**
 * `kill -9` at random moments while people work, webhooks sent meanwhile being lost: after the restart and a sweep every ticket
 * and comment is on every desk exactly once. `E2E_KILLS=10 E2E_TICKETS=200` tells it in full size; `E2E_SEED` repeats a run.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { chances } from '../crash/chances.ts';
import { differences, untilAlike, untilSwept, type Expected } from '../support/alike.ts';
import { descendants, untilGone, type Running } from '../support/running.ts';
import { each, scale } from '../support/scale.ts';
import { control, NAMES, startTrio, type Trio } from '../support/trio.ts';

const KILLS = scale('KILLS', 3);
const TICKETS = scale('TICKETS', 40);
const SEED = scale('SEED', Math.floor(Math.random() * 2 ** 31));
/** So long a process may work before it is killed, and about so long until the next one is up. */
const LONGEST_LIFE_MS = 1_500;
const RESTART_MS = 3_000;
/** How many people work at once. */
const PEOPLE = 2;

let trio: Trio;
let serve: Running;

beforeAll(async () => {
  trio = await startTrio();
  const settings = { find_lag_seconds: 1, list_lag_seconds: 1 };
  await trio.mesh({ settings: { freshdesk: settings, helpdesk: settings, zendesk: settings } });
  // What comes while nobody listens is lost for good.
  for (const name of ['helpdesk', 'freshdesk'] as const) await control(trio.desk(name), 'settings', { webhook_retry_ms: [] });
  serve = await trio.serve({ LOG_LEVEL: 'error' });
});
afterAll(() => trio.close());

test(`a process that is killed ${KILLS} times while ${TICKETS} tickets with comments go through loses and doubles nothing`, async () => {
  const chance = chances(SEED);
  const expected: Expected[] = [];
  const pace = (PEOPLE * KILLS * (LONGEST_LIFE_MS / 2 + RESTART_MS)) / TICKETS;
  let working = true;

  const people = each(TICKETS, PEOPLE, async (index) => {
    const name = NAMES[index % 3]!;
    const subject = `Ticket ${index} of ${name}`;
    const comments = [
      { text: `First word on ${index}.`, public: true },
      { text: `Aside about ${index}.`, public: false },
    ];
    expected.push({ subject, comments });
    const human = trio.human(name);
    const id = await human.create(subject);
    await human.comment(id, comments[0]!.text, 'public');
    await pause(pace * 2 * chance());
    await human.comment(id, comments[1]!.text, 'private');
  }).finally(() => {
    working = false;
  });

  const restarts: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    await pause(LONGEST_LIFE_MS * chance());
    const children = await descendants(serve.pid);
    await serve.stop('SIGKILL');
    const began = performance.now();
    serve = await trio.serve({ LOG_LEVEL: 'error' });
    restarts.push(Math.round(performance.now() - began));
    await untilGone(children);
  }
  const stillWorking = working;
  await people;
  const took = await untilAlike(trio, expected, 180_000);
  await untilSwept(trio, 2);
  expect(differences(trio, expected)).toEqual([]);
  expect(serve.stderr()).toBe('');
  const asked = NAMES.map((name) => trio.counts(name).write_count);
  process.stderr.write(
    `kill -9: seed ${SEED}, ${KILLS} kills${stillWorking ? '' : ' (the last after the work)'}, ${TICKETS} tickets; ` +
      `all alike ${Math.round(took)} ms after the last; restarts in ${restarts.join(', ')} ms; writes ${asked.join(' + ')}\n`,
  );
}, 300_000);
