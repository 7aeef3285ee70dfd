/** A desk that refuses some fields of a patch: the rest is written, each refused one is parked by itself with the desk's reason. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lensOf, NO_LENS_TERMS } from '../../../src/core/lens.ts';
import type { LinkField } from '../../../src/core/model.ts';
import { parkedSteps } from '../../../src/core/parked.ts';
import { plan } from '../../../src/core/plan.ts';
import { settle, type Outcome } from '../../../src/core/settle.ts';
import type { Link, Replica } from '../../../src/core/state.ts';
import { intended } from '../../../src/core/step.ts';
import { can, clock, field, link, replica, sight } from './given.ts';

const NEW = { subject: 'Scanner', status: 'pending', priority: 'high', ticket_type: 'incident', due_at: '2026-03-01T00:00:00Z', 'custom:serial': 'B2', 'custom:tier': 'gold' } as const;
type Name = keyof typeof NEW;
const NAMES = Object.keys(NEW) as Name[];
const eyes = sight({
  can: can({ fields: { subject: 'always', status: 'always', priority: 'always', ticket_type: 'always', due_at: 'always', custom_properties: 'always' } }),
  lens: lensOf({ ...NO_LENS_TERMS, custom: { serial: '1', tier: '2' } }),
});
const changed = (names: readonly Name[], seconds = 50): Link =>
  link({ version: 2, fields: Object.fromEntries(NAMES.map((name) => [name, names.includes(name) ? field(NEW[name], seconds) : field('old')])) });
const before = replica({ base: Object.fromEntries(NAMES.map((name) => [name, 'old'])), applied: Object.fromEntries(NAMES.map((name) => [name, clock(0)])) });

interface Course {
  readonly replica: Replica;
  readonly written: readonly LinkField[];
  readonly writes: number;
}

/** Plans and settles until nothing is due. `blame` decides which fields the desk names when it refuses. */
function run(due: Link, start: Replica, bad: ReadonlySet<LinkField>, blame: (refused: readonly LinkField[]) => readonly string[]): Course {
  const written: LinkField[] = [];
  let state = start;
  for (let writes = 0; writes < 100; writes += 1) {
    const planned = plan(due, state, eyes, clock(100));
    if (planned.step === null) return { replica: planned.replica, written, writes };
    const carried = Object.keys(planned.step.clocks) as LinkField[];
    const refused = carried.filter((name) => bad.has(name));
    const outcome: Outcome =
      refused.length > 0
        ? { kind: 'refused', reason: `not ${refused.join(' nor ')}`, fields: blame(refused) }
        : { kind: 'done', id: null, ticket: null, comment: null, warnings: [], adopted: false };
    if (refused.length === 0) written.push(...carried);
    state = settle(due, { ...planned.replica, intent: intended(planned.step, clock(100)) }, outcome, eyes, clock(100)).replica;
  }
  throw new Error('this does not end');
}

const someNames = fc.subarray(NAMES, { minLength: 1 });
const blaming = fc.constantFrom<(refused: readonly LinkField[]) => readonly string[]>(
  () => [],
  (refused) => refused.map((name) => (name.startsWith('custom:') ? 'custom_properties' : name)),
  (refused) => refused.slice(0, 1).map((name) => (name.startsWith('custom:') ? 'custom_properties' : name)),
);

describe('whichever fields a desk refuses, and whether or not it says which', () => {
  test('all others are written once, and each of these is parked under its own name', () => {
    fc.assert(
      fc.property(someNames, someNames, blaming, (due, refuses, blame) => {
        const bad = new Set<LinkField>(refuses.filter((name) => due.includes(name)));
        const course = run(changed(due), before, bad, blame);
        expect([...course.written].sort()).toEqual(due.filter((name) => !bad.has(name)).sort());
        const parked = parkedSteps(course.replica);
        expect(parked.map(({ name }) => name).sort()).toEqual([...bad].map((name) => `field:${name}`).sort());
        for (const { name, reason } of parked) expect(reason).toBe(`not ${name.slice('field:'.length)}`);
        expect(course.writes).toBeLessThanOrEqual(2 * due.length + 1);
      }),
    );
  });

  test('a newer value of a parked field is tried again, and what is parked keeps nothing else', () => {
    const { replica: stuck } = run(changed(['priority', 'subject']), before, new Set(['priority']), () => []);
    const again = run(changed(NAMES, 90), stuck, new Set(), () => []);
    expect([...again.written].sort()).toEqual(NAMES.filter((name) => name !== 'subject').sort());
    expect(parkedSteps(again.replica)).toEqual([]);
  });
});
