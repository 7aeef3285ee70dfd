/** Runs seeds from the command line: `node test/simulation/run.ts --seeds 1000 [--seed 17] [--calm] [--story]`. */
import { parseArgs } from 'node:util';
import { CALM, STORM } from './weather.ts';
import { simulateSeed } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    calm: { type: 'boolean', default: false },
    story: { type: 'boolean', default: false },
  },
});

const first = Number(values.seed);
const count = Number(values.seeds);
const began = performance.now();
const excused: Record<string, number> = {};
const promises: Record<string, number> = {};
let failed = 0;
let writes = 0;
let deeds = 0;
let writtenOver = 0;
for (let seed = first; seed < first + count; seed += 1) {
  const run = await simulateSeed(seed, values.calm ? CALM : STORM, { telling: values.story });
  writes += run.writes;
  deeds += run.deeds;
  writtenOver += run.writtenOver;
  for (const [limit, times] of Object.entries(run.excused)) excused[limit] = (excused[limit] ?? 0) + times;
  if (run.failures.length === 0) continue;
  failed += 1;
  const told = new Set<string>();
  for (const { promise, token, what } of run.failures) {
    if (told.has(promise)) continue;
    promises[promise] = (promises[promise] ?? 0) + 1;
    told.add(promise);
    console.log(`seed ${seed} ${promise}: ${token} ${what.slice(0, 300)}`);
  }
  if (values.story) {
    for (const token of new Set(run.failures.map((failure) => failure.token))) console.log(`--- ${token}\n${run.history.story(token)}\n${run.notes(token)}`);
  }
}
console.log(JSON.stringify({ seeds: count, failed, promises, excused, deeds, writtenOver, writesPerDeed: Number((writes / deeds).toFixed(2)), seconds: Number(((performance.now() - began) / 1000).toFixed(1)) }));
