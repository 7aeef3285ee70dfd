/** Many seeds, added up; the same in the test, in the command and in each of its workers. */
import { countOf, type Counts } from './coverage.ts';
import type { Limit } from './limits.ts';
import { simulateSeed } from './simulate.ts';
import { CALM, STORM } from './weather.ts';

export interface Failed {
  readonly seed: number;
  readonly promise: string;
  readonly token: string;
  readonly what: string;
}

export interface Season {
  seeds: number;
  readonly failed: Failed[];
  readonly excused: Record<string, number>;
  /** Fields held by rule 12: no limit, and counted apart. */
  held: number;
  readonly coverage: Counts;
  writes: number;
  deeds: number;
  writtenOver: number;
  /** Milliseconds of the processor. */
  cpuMs: number;
}

export const emptySeason = (): Season => ({ seeds: 0, failed: [], excused: {}, held: 0, coverage: {}, writes: 0, deeds: 0, writtenOver: 0, cpuMs: 0 });

export type Sky = 'calm' | 'storm';

export async function season(sky: Sky, from: number, count: number): Promise<Season> {
  const sum = emptySeason();
  const began = process.threadCpuUsage?.() ?? process.cpuUsage();
  for (let seed = from; seed < from + count; seed += 1) {
    const run = await simulateSeed(seed, sky === 'calm' ? CALM : STORM);
    for (const { promise, token, what } of run.failures) sum.failed.push({ seed, promise, token, what });
    for (const [limit, times] of Object.entries(run.excused)) sum.excused[limit] = (sum.excused[limit] ?? 0) + times;
    sum.held += run.held;
    countOf(run.history, sum.coverage);
    sum.seeds += 1;
    sum.writes += run.writes;
    sum.deeds += run.deeds;
    sum.writtenOver += run.writtenOver;
  }
  const { user, system } = process.threadCpuUsage?.(began) ?? process.cpuUsage(began);
  sum.cpuMs = (user + system) / 1_000;
  return sum;
}

export function together(a: Season, b: Season): Season {
  const added = (x: Readonly<Record<string, number>>, y: Readonly<Record<string, number>>): Record<string, number> => {
    const sum = { ...x };
    for (const [name, times] of Object.entries(y)) sum[name] = (sum[name] ?? 0) + times;
    return sum;
  };
  return {
    seeds: a.seeds + b.seeds,
    failed: [...a.failed, ...b.failed].sort((x, y) => x.seed - y.seed),
    excused: added(a.excused, b.excused),
    held: a.held + b.held,
    coverage: added(a.coverage, b.coverage),
    writes: a.writes + b.writes,
    deeds: a.deeds + b.deeds,
    writtenOver: a.writtenOver + b.writtenOver,
    cpuMs: a.cpuMs + b.cpuMs,
  };
}

/** What the rates of a season must stay under: limits for each action of people, changes written over before they were seen. */
export const MOST_EXCUSED = 1 / 100;
export const MOST_WRITTEN_OVER = 1 / 100;

/** What a calm run may need an excuse for: these need no fault, only two things within a moment. */
export const CALM_LIMITS: ReadonlySet<string> = new Set<Limit>([
  'changed and deleted before we looked',
  'tags changed between our look and our write of all of them',
]);

export const rate = (times: number, of: Season): number => (of.deeds === 0 ? 0 : times / of.deeds);
export const excusedIn = ({ excused }: Season): number => Object.values(excused).reduce((sum, times) => sum + times, 0);
