/** Webhooks that come twice, late, in another order or not at all: what people did is on every desk once, and stays so. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { untilAlike, untilSwept } from '../support/alike.ts';
import { control, NAMES, startTrio, type Name, type Trio } from '../support/trio.ts';
import { until } from '../support/until.ts';

const ALL_OF_THEM = [
  { kind: 'duplicate', rate: 0.5 },
  { kind: 'drop', rate: 0.3 },
  { kind: 'delay', ms: 400, rate: 0.3 },
  { kind: 'reorder', rate: 0.4 },
] as const;

let trio: Trio;
beforeAll(async () => {
  trio = await startTrio();
  await trio.mesh();
  await trio.serve();
});
afterAll(() => trio.close());

const writes = (): readonly number[] => NAMES.map((name) => trio.counts(name).write_count);
const idOf = (name: Name, subject: string): string => {
  const found = trio.tickets(name).find((ticket) => ticket.subject === subject);
  if (found === undefined) throw new Error(`${name} has no ticket ${subject}`);
  return found.id;
};

test('webhooks that are doubled, dropped, late and out of order lose nothing, double nothing and cause no echo', async () => {
  const before = writes();
  for (const name of NAMES) for (const fault of ALL_OF_THEM) await control(trio.desk(name), 'faults', fault);
  const expected = NAMES.map((name) => ({
    subject: `Unquiet ${name}`, status: 'pending', priority: 'urgent',
    comments: NAMES.map((writer, at) => ({ text: `${writer} on the ticket of ${name}`, public: at !== 1 })),
  }));
  await Promise.all(NAMES.map((name) => trio.human(name).create(`Unquiet ${name}`)));
  await untilAlike(trio, NAMES.map((name) => ({ subject: `Unquiet ${name}`, comments: [] })), 40_000);
  // Every person at the same time, on a ticket of each desk.
  await Promise.all(
    NAMES.flatMap((name, at) => {
      const other = NAMES[(at + 1) % NAMES.length] ?? name;
      const subject = `Unquiet ${name}`;
      return [
        trio.human(other).update(idOf(other, subject), { status: 'pending', priority: 'urgent' }),
        ...NAMES.map((writer, nth) => trio.human(writer).comment(idOf(writer, subject), `${writer} on the ticket of ${name}`, nth !== 1 ? 'public' : 'private')),
      ];
    }),
  );
  await untilAlike(trio, expected, 60_000);
  await untilSwept(trio, 2);
  await until(() => NAMES.every((name) => trio.counts(name).deliveries.waiting === 0), { what: 'webhooks that are still under way' });
  await untilAlike(trio, expected, 20_000);
  // Each desk: three tickets, nine comments, and three changes, which may go along with comments or be written in two parts.
  for (const count of writes().map((now, at) => now - (before[at] ?? 0))) {
    expect(count).toBeGreaterThanOrEqual(12);
    expect(count).toBeLessThanOrEqual(18);
  }
}, 300_000);
