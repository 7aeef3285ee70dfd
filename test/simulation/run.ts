/**
 * `npm run sim -- --seeds N [--seed S] [--calm] [--story]`: seeds on all processors, the oracle's verdict, how much was met; a failing seed
 * is made small and told.
 * `--mutations` tries the deliberate bugs (each on at most `--seeds` of them; `--only WORD`: those with this in their rule or name), `--report` writes docs/proof.md after both.
 */
import { parseArgs } from 'node:util';
import { floorFor, holes, wronglyImpossible } from './coverage.ts';
import { MUTATIONS } from './mutations.ts';
import { mutate, processors, seasons, type Caught } from './pool.ts';
import { writeProof, type Proof } from './report.ts';
import { CALM_LIMITS, excusedIn, MOST_EXCUSED, MOST_WRITTEN_OVER, rate, type Season, type Sky } from './season.ts';
import { drawSetting } from './setting.ts';
import { breaking, shrink, storyOf } from './shrink.ts';
import { simulate } from './simulate.ts';
import { CALM, STORM } from './weather.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    calm: { type: 'boolean', default: false },
    story: { type: 'boolean', default: false },
    mutations: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    report: { type: 'boolean', default: false },
  },
});

const first = whole('seed', values.seed);
const count = whole('seeds', values.seeds ?? '1');
/** Within so many seeds each deliberate bug must be noticed. */
const MOST_MUTATION_SEEDS = 2_000;

function whole(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} is a whole number from 1: not ${text}`);
  return Number(text);
}

const seconds = (since: number): number => Number(((performance.now() - since) / 1_000).toFixed(1));

async function seeds(sky: Sky, many: number): Promise<{ readonly season: Season; readonly took: number }> {
  const began = performance.now();
  let told = performance.now();
  const season = await seasons(sky, first, many, (done) => {
    if (performance.now() - told < 10_000) return;
    told = performance.now();
    console.error(`${done.seeds} of ${many} ${sky} seeds, ${new Set(done.failed.map(({ seed }) => seed)).size} failed`);
  });
  return { season, took: seconds(began) };
}

/** What of a season is not as promised, a sentence each. */
function wrongWith(sky: Sky, season: Season): readonly string[] {
  const failed = new Set(season.failed.map(({ seed }) => seed));
  const excuses = excusedIn(season);
  const wrong: string[] = [];
  if (failed.size > 0) wrong.push(`${failed.size} of ${season.seeds} ${sky} seeds broke a promise: ${[...failed].slice(0, 20).join(', ')}`);
  if (rate(excuses, season) > MOST_EXCUSED) wrong.push(`limits excused ${excuses} of ${season.deeds} actions, which is more than one in a hundred`);
  if (rate(season.writtenOver, season) > MOST_WRITTEN_OVER) wrong.push(`${season.writtenOver} of ${season.deeds} changes were written over unseen, which is more than one in a hundred`);
  if (sky === 'calm') {
    const other = Object.keys(season.excused).filter((limit) => !CALM_LIMITS.has(limit));
    if (other.length > 0) wrong.push(`without faults, these limits excused something: ${other.join('; ')}`);
  }
  if (sky === 'storm') {
    wrong.push(...wronglyImpossible(season.coverage).map((cell) => `this cell is named impossible and was met: ${cell}`));
    const missing = holes(season.coverage, season.seeds);
    if (missing.length > 0) wrong.push(`${missing.length} cells were met less than ${floorFor(season.seeds)} times: ${missing.slice(0, 20).map(({ cell, times }) => `${cell} (${times})`).join(', ')}`);
  }
  return wrong;
}

/** The first failing seed, as small as it gets. */
async function tell(sky: Sky, seed: number): Promise<void> {
  const setting = drawSetting(seed, sky === 'calm' ? CALM : STORM);
  const run = await simulate(setting);
  console.log(`\nseed ${seed} (again: npm run sim -- --seed ${seed}${sky === 'calm' ? ' --calm' : ''} --story), made small:`);
  const small = await shrink(setting, breaking(new Set(run.failures.map(({ promise }) => promise))));
  console.log(storyOf(await simulate(small.setting, { telling: true })));
}

async function bugs(most: number): Promise<{ readonly caught: readonly Caught[]; readonly took: number }> {
  const began = performance.now();
  const caught = await mutate(MUTATIONS.filter(({ rule, name }) => `${rule} ${name}`.includes(values.only)), most, ({ name, by, seed, seeds: tried }) => {
    console.error(`${by === null ? 'NOT NOTICED' : 'noticed'}: ${name}${seed === null ? '' : ` by seed ${seed}`}${by === null ? ` in ${tried} seeds` : `: ${by}`}`);
  });
  return { caught, took: seconds(began) };
}

const wrong: string[] = [];
if (values.story) {
  const run = await simulate(drawSetting(first, values.calm ? CALM : STORM), { telling: true });
  console.log(storyOf(run));
  process.exitCode = run.failures.length > 0 ? 1 : 0;
} else if (values.report) {
  const storm = await seeds('storm', count);
  const calm = await seeds('calm', Math.max(1, Math.round(count / 5)));
  const most = Math.min(count, MOST_MUTATION_SEEDS);
  const { caught, took } = await bugs(most);
  wrong.push(...wrongWith('storm', storm.season), ...wrongWith('calm', calm.season), ...unnoticed(caught));
  const proof: Proof = { first, storm, calm, mutations: { caught, most, took }, processors: processors(), wrong };
  await writeProof(proof);
  console.log('docs/proof.md is written');
} else if (values.mutations) {
  wrong.push(...unnoticed((await bugs(values.seeds === undefined ? MOST_MUTATION_SEEDS : Math.min(count, MOST_MUTATION_SEEDS))).caught));
} else {
  const sky: Sky = values.calm ? 'calm' : 'storm';
  const { season, took } = await seeds(sky, count);
  const { coverage: _, failed, ...sums } = season;
  console.log(JSON.stringify({ ...sums, cpuMs: Math.round(sums.cpuMs), failed: new Set(failed.map(({ seed }) => seed)).size, seconds: took }));
  wrong.push(...wrongWith(sky, season));
  const [worst] = failed;
  if (worst !== undefined) await tell(sky, worst.seed);
}
for (const what of wrong) console.error(what);
if (wrong.length > 0) process.exitCode = 1;

function unnoticed(caught: readonly Caught[]): readonly string[] {
  return caught.filter(({ by }) => by === null).map(({ name, seeds: tried }) => `this bug was not noticed in ${tried} seeds: ${name}`);
}
