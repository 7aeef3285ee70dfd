/** Spreads work over the processors: each worker has the whole simulation, and is given one piece after the other. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Mutation } from './mutations.ts';
import { emptySeason, together, type Season, type Sky } from './season.ts';

/** What a worker is for. */
export type Task = { readonly sky: Sky; readonly from: number; readonly count: number } | { readonly mutation: Mutation; readonly seeds: number };

const PIECE = 25;

async function each<T, R>(items: readonly T[], width: number, work: (item: T) => Promise<R>, told: (result: R) => void): Promise<void> {
  const left = [...items];
  await Promise.all(
    Array.from({ length: Math.min(width, items.length) }, async () => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) told(await work(item));
    }),
  );
}

function runIn<R>(task: Task): Promise<R> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: task });
    worker.once('message', (result: R) => {
      resolve(result);
      void worker.terminate();
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a worker ended with ${code} and said nothing`)));
  });
}

export const processors = (): number => availableParallelism();

/** `told` hears how many seeds are done. */
export async function seasons(sky: Sky, from: number, count: number, told: (done: Season) => void): Promise<Season> {
  // A worker begins with the whole simulation to load and to warm up, so a few long pieces do better than many short ones.
  const piece = Math.max(PIECE, Math.min(500, Math.ceil(count / (processors() * 4))));
  const pieces = Array.from({ length: Math.ceil(count / piece) }, (_, i) => ({ sky, from: from + i * piece, count: Math.min(piece, count - i * piece) }));
  let sum = emptySeason();
  await each(pieces, processors(), (one) => runIn<Season>(one), (done) => {
    sum = together(sum, done);
    told(sum);
  });
  return sum;
}

/** What came of a mutation. */
export interface Caught {
  readonly name: string;
  /** Null: nobody noticed. */
  readonly by: string | null;
  /** The seed that noticed; null where a staged scenario or a rate did. */
  readonly seed: number | null;
  readonly seeds: number;
}

export async function mutate(mutations: readonly Mutation[], seeds: number, told: (caught: Caught) => void): Promise<readonly Caught[]> {
  const all: Caught[] = [];
  await each(mutations, processors(), (mutation) => runIn<Caught>({ mutation, seeds }), (caught) => {
    all.push(caught);
    told(caught);
  });
  return mutations.map(({ name }) => {
    const caught = all.find((one) => one.name === name);
    if (caught === undefined) throw new Error(`nothing came of ${name}`);
    return caught;
  });
}
