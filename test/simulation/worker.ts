/** One worker of the simulation: some seeds as they are, or seeds against an engine with one deliberate bug. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Caught, Task } from './pool.ts';
import { bendSources, type Mutation } from './mutations.ts';

const task = workerData as Task;
parentPort?.postMessage('mutation' in task ? await tried(task.mutation, task.seeds) : await (await import('./season.ts')).season(task.sky, task.from, task.count));

/** Seeds of a storm and of calm by turns, until one notices. */
async function tried(mutation: Mutation, seeds: number): Promise<Caught> {
  const { name } = mutation;
  const applied = bendSources(mutation.edits);
  if (mutation.staging !== undefined) {
    const { STAGINGS } = await import('./stagings.ts');
    const [what] = await STAGINGS[mutation.staging]();
    applied();
    return { name, by: what === undefined ? null : `staged: ${mutation.staging}: ${what}`, seed: null, seeds: 0 };
  }
  const { season, together, emptySeason, rate, excusedIn, MOST_EXCUSED, MOST_WRITTEN_OVER } = await import('./season.ts');
  applied();
  let sum = emptySeason();
  for (let seed = 1; seed <= seeds; seed += 1) {
    const one = await season(seed % 3 === 0 ? 'calm' : 'storm', seed, 1);
    const [failed] = one.failed;
    // A bug that ends in such an error is no bug of the product, but an edit that does not fit its source any more.
    if (failed !== undefined && /ReferenceError|SyntaxError/.test(failed.what)) throw new Error(`${name}: ${failed.what}`);
    if (failed !== undefined) return { name, by: `${failed.promise}: ${failed.token} ${failed.what.slice(0, 120)}`, seed, seeds: seed };
    sum = together(sum, one);
    if (sum.seeds < 150) continue;
    if (rate(sum.writtenOver, sum) > 2 * MOST_WRITTEN_OVER) return { name, by: `${sum.writtenOver} of ${sum.deeds} changes were written over unseen`, seed: null, seeds: seed };
    if (rate(excusedIn(sum), sum) > 2 * MOST_EXCUSED) return { name, by: `${excusedIn(sum)} of ${sum.deeds} actions needed an excuse`, seed: null, seeds: seed };
  }
  return { name, by: null, seed: null, seeds };
}
