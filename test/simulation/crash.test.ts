/**
 * A process that dies at any durable step of mirroring a new ticket with a comment: whatever it was doing, the next one
 * brings it to the same end. The steps are taken from a run without a crash, not from a list.
 */
import { expect, test } from '@jest/globals';
import { judge } from './oracle.ts';
import { createStage, SWEEP_MS, sweepForEver, type Stage } from './simulate.ts';
import { calmSetting } from './staged.ts';

const SERVICES = ['z', 'f', 'p'] as const;

interface Crash {
  readonly index: number;
  readonly when: 'before' | 'after';
}

interface Mirrored {
  /** The durable steps up to the moment when nothing was left to do. */
  readonly steps: readonly string[];
  readonly died: string | null;
  readonly failures: readonly unknown[];
  readonly excused: object;
  /** By desk: tickets, and comments on them. */
  readonly shown: readonly string[];
  readonly story: string;
}

async function mirror(origin: number, crash: Crash | null): Promise<Mirrored> {
  const stage = createStage(calmSetting(SERVICES, { seed: 7 + origin, processes: 1 }), { telling: true });
  const { clock, people, history, faults, desks } = stage;
  const steps: string[] = [];
  let died: string | null = null;
  faults.crashAt = (step, when) => {
    if (when === 'before') steps.push(step.name);
    if (died !== null || crash === null || step.index !== crash.index || when !== crash.when) return false;
    died = step.name;
    return true;
  };
  let token = '';
  clock.later(1_000, () => {
    const desk = desks[origin];
    if (desk === undefined) throw new Error('no such desk');
    token = people.create(desk);
    const ticket = [...desk.tickets.values()][0];
    if (ticket !== undefined) people.comment(desk, ticket, false);
  });
  await clock.run(clock.now() + 20_000);
  const mirrored = [...steps];
  sweepForEver(stage);
  await clock.run(clock.now() + 4 * SWEEP_MS);
  const quietFrom = clock.now();
  await clock.run(clock.now() + SWEEP_MS);
  return { ...judge(stage, quietFrom), steps: mirrored, died, shown: shownBy(stage), story: history.story(token) };
}

function shownBy({ desks }: Stage): string[] {
  return desks.map(({ name, tickets }) => {
    const living = [...tickets.values()].filter((ticket) => !ticket.deleted && !ticket.gone);
    return `${name}: ${living.length} with ${living.flatMap(({ comments }) => comments).length}`;
  });
}

test.each([0, 1, 2])('dying at any durable step leaves one ticket and one comment on every desk, from desk %i', async (origin) => {
  const whole = await mirror(origin, null);
  // A private comment does not go to the desk that would show it to all, unless it was written there.
  const wanted = ['z1: 1 with 1', 'f2: 1 with 1', origin === 2 ? 'p3: 1 with 1' : 'p3: 1 with 0'];
  expect(whole).toMatchObject({ failures: [], excused: {}, shown: wanted });
  expect(whole.steps.length).toBeGreaterThan(15);
  for (let index = 0; index < whole.steps.length; index += 1) {
    for (const when of ['before', 'after'] as const) {
      const { failures, excused, shown, died, story } = await mirror(origin, { index, when });
      expect({ index, when, died, failures, excused, shown, ...(failures.length > 0 ? { story } : {}) }).toEqual({
        index, when, died: whole.steps[index], failures: [], excused: {}, shown: wanted,
      });
    }
  }
}, 120_000);
