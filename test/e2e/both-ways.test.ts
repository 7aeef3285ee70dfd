/** A human works on any of three desks, and the other two follow; then nothing more happens. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { untilAlike, untilSwept, type Expected } from '../support/alike.ts';
import type { Running } from '../support/running.ts';
import { NAMES, startTrio, type Name, type Trio } from '../support/trio.ts';
import { until } from '../support/until.ts';

/** What users are promised is two seconds; a machine that is busy with other tests gets more. */
const PATIENCE_MS = 60_000;

let trio: Trio;
let serve: Running;
let before: Record<string, number>;
const took: Record<string, number> = {};

beforeAll(async () => {
  trio = await startTrio();
  await trio.mesh();
  serve = await trio.serve();
  before = writes();
});
afterAll(async () => {
  const slowest = Math.max(...Object.values(took));
  process.stderr.write(`both ways, ms until all desks show it: ${JSON.stringify(took)}; slowest ${slowest}\n`);
  await trio.close();
});

const idOf = (name: Name, subject: string): string => {
  const ticket = trio.tickets(name).find((one) => one.subject === subject);
  if (ticket === undefined) throw new Error(`${name} has no ticket ${subject}`);
  return ticket.id;
};

async function timed(what: string, act: () => Promise<unknown>, expected: readonly Expected[]): Promise<void> {
  const began = performance.now();
  await act();
  await untilAlike(trio, expected, PATIENCE_MS);
  took[what] = Math.round(performance.now() - began);
}

/** How many writes each desk has counted, whoever made them. */
const writes = (): Record<string, number> => Object.fromEntries(NAMES.map((name) => [name, trio.counts(name).write_count]));
const held = (): unknown => NAMES.map((name) => (trio.desk(name).state() as { tickets: unknown }).tickets);

test.each(NAMES)('a ticket made on %s, and then changed, commented and deleted on every desk in turn, is followed by the others', async (origin) => {
  const at = NAMES.indexOf(origin);
  const [second, third] = [NAMES[(at + 1) % 3]!, NAMES[(at + 2) % 3]!];
  const subject = `Printer of ${origin}`;

  await timed(`${origin} create`, () => trio.human(origin).create(subject), [{ subject, status: 'open', comments: [] }]);
  const changed = { subject: `${subject}, on fire`, status: 'pending', priority: 'urgent' } as const;
  await timed(`${second} update`, () => trio.human(second).update(idOf(second, subject), changed), [{ ...changed, comments: [] }]);
  const said = { text: `Water it (${third})`, public: true };
  await timed(`${third} comment`, () => trio.human(third).comment(idOf(third, changed.subject), said.text, 'public'), [{ ...changed, comments: [said] }]);
  const thought = { text: `Sell it (${origin})`, public: false };
  const both = [{ ...changed, comments: [said, thought] }];
  await timed(`${origin} note`, () => trio.human(origin).comment(idOf(origin, changed.subject), thought.text, 'private'), both);
  await timed(`${second} delete`, () => trio.human(second).remove(idOf(second, changed.subject)), []);
});

test('afterwards nothing more happens: each desk had one write for each thing that was done, and stays as it is over two sweeps', async () => {
  await timed('zendesk create again', () => trio.human('zendesk').create('Quiet ticket'), [{ subject: 'Quiet ticket', comments: [] }]);
  const hush = [{ subject: 'Quiet ticket', comments: [{ text: 'Hush', public: true }] }];
  await timed('freshdesk comment again', () => trio.human('freshdesk').comment(idOf('freshdesk', 'Quiet ticket'), 'Hush', 'public'), hush);
  const state = structuredClone(held());
  await untilSwept(trio, 2);
  await until(() => NAMES.every((name) => trio.counts(name).deliveries.waiting === 0), { what: 'webhooks that are still under way' });
  expect(held()).toEqual(state);
  const actions = NAMES.length * 5 + 2;
  expect(writes()).toEqual(Object.fromEntries(NAMES.map((name) => [name, (before[name] ?? 0) + actions])));
  expect(serve.stderr()).toBe('');
});
