/** The real engine under virtual time: seeded runs, judged by the promises. Its long sibling is `npm run sim`. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { countsByFault, impossible, FAULTS, wronglyImpossible } from './coverage.ts';
import { PHASES } from './history.ts';
import { MUTATIONS } from './mutations.ts';
import { CALM_LIMITS, excusedIn, MOST_EXCUSED, MOST_WRITTEN_OVER, rate, season } from './season.ts';
import { PROOF_FILE, unnamed } from './report.ts';
import { ACTIONS, drawSetting } from './setting.ts';
import { breaking, shrink, storyOf } from './shrink.ts';
import { simulate } from './simulate.ts';
import { CALM, STORM } from './weather.ts';

const CALM_SEEDS = 100;
const STORM_SEEDS = 220;
/** Some ten seconds on a free machine. */
const PATIENCE_MS = 240_000;

describe('every promise holds', () => {
  test(`in ${CALM_SEEDS} calm runs`, async () => {
    const calm = await season('calm', 1, CALM_SEEDS);
    expect(calm.failed).toEqual([]);
    expect(Object.keys(calm.excused).filter((limit) => !CALM_LIMITS.has(limit))).toEqual([]);
    expect(rate(excusedIn(calm), calm)).toBeLessThan(MOST_EXCUSED);
    expect(rate(calm.writtenOver, calm)).toBeLessThan(MOST_WRITTEN_OVER);
    expect(calm.writes / calm.deeds).toBeLessThan(2);
  }, PATIENCE_MS);

  test(`in ${STORM_SEEDS} stormy runs; the named limits excuse less than one in a hundred human actions`, async () => {
    const storm = await season('storm', 1, STORM_SEEDS);
    expect(storm.failed).toEqual([]);
    expect(rate(excusedIn(storm), storm)).toBeLessThan(MOST_EXCUSED);
    expect(rate(storm.writtenOver, storm)).toBeLessThan(MOST_WRITTEN_OVER);
    expect(storm.writes / storm.deeds).toBeLessThan(2);
    expect(wronglyImpossible(storm.coverage)).toEqual([]);
    // So few seeds cannot fill each cell: each fault at least, whatever it struck, and each action.
    expect(FAULTS.filter((fault) => countsByFault(storm.coverage, fault) < 5)).toEqual([]);
    expect(ACTIONS.filter((action) => (storm.coverage[action] ?? 0) < 20)).toEqual([]);
  }, PATIENCE_MS);
});

test('a seed gives the same run each time', async () => {
  const [a, b] = [await simulate(drawSetting(5, STORM)), await simulate(drawSetting(5, STORM))];
  expect(b.history.wrote).toEqual(a.history.wrote);
  expect(b.history.mishaps).toEqual(a.history.mishaps);
});

test('a failing run is made small, and its story says what is left', async () => {
  // Nobody sweeps, so what a lost webhook told never arrives.
  const unswept = { sweeps: false };
  let from = drawSetting(1, { ...CALM, hookLost: 0.5 });
  for (let seed = 1; (await simulate(from, unswept)).failures.length === 0; seed += 1) from = drawSetting(seed + 1, { ...CALM, hookLost: 0.5 });
  const small = await shrink(from, async (setting) => (await simulate(setting, unswept)).failures.some(({ promise }) => promise === 'arrives'));
  expect(small.setting.deeds.length).toBeLessThanOrEqual(3);
  expect(small.setting.desks).toHaveLength(2);
  const told = storyOf(await simulate(small.setting, { ...unswept, telling: true }));
  expect(told).toMatch(/BROKEN arrives: tk\d+ is not on/);
  expect(told).toMatch(/faults: hookLost; processes: 1/);
  expect(await breaking(new Set(['arrives']))(small.setting)).toBe(false);
}, PATIENCE_MS);

describe('the proof', () => {
  test('knows of every cell of the coverage whether it is possible', () => {
    for (const fault of FAULTS) for (const phase of PHASES) expect(() => impossible(fault, phase)).not.toThrow();
  });

  test('has bugs that can still be made: each text stands once in its source', async () => {
    const root = new URL('../../', import.meta.url);
    for (const { name, edits } of MUTATIONS) {
      for (const { file, find } of edits) {
        const times = (await readFile(new URL(file, root), 'utf8')).split(find).length - 1;
        expect({ name, times }).toEqual({ name, times: 1 });
      }
    }
  });

  test('is written down: docs/proof.md names every promise, limit, staged situation and deliberate bug of today, and no other bug', async () => {
    const proof = await readFile(PROOF_FILE, 'utf8');
    expect(unnamed(proof)).toEqual([]);
    expect(unnamed(proof.replaceAll(MUTATIONS[0]?.name ?? '', ''))).toHaveLength(1);
    const bugs = proof.slice(proof.indexOf('\n## Deliberate bugs\n'), proof.indexOf('\n## Coverage\n')).split('\n').filter((line) => line.startsWith('| ')).length - 2;
    expect(bugs).toBe(MUTATIONS.length);
  });

  test('has a bug for each rule of the loop', () => {
    const rules = new Set(MUTATIONS.map(({ rule }) => rule));
    expect(Array.from({ length: 26 }, (_, i) => String(i + 1)).filter((rule) => !rules.has(rule))).toEqual([]);
  });
});
