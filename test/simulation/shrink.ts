/** A failing setting made small: as few desks, deeds, faults and rules as still break the same promise. */
import { simulate, type Run } from './simulate.ts';
import type { Mesh, Setting } from './setting.ts';
import { WEATHERS, type Weather } from './weather.ts';

/** Runs that a search makes at most. */
const MOST_RUNS = 400;

export interface Shrunk {
  readonly setting: Setting;
  readonly runs: number;
}

/** `breaks` tells whether a smaller setting is still worth having. */
export async function shrink(from: Setting, breaks: (setting: Setting) => Promise<boolean>): Promise<Shrunk> {
  let best = from;
  let runs = 0;
  const better = async (smaller: Setting): Promise<boolean> => {
    if (runs >= MOST_RUNS) return false;
    runs += 1;
    if (!(await breaks(smaller))) return false;
    best = smaller;
    return true;
  };
  for (let before = ''; before !== JSON.stringify(best) && runs < MOST_RUNS; ) {
    before = JSON.stringify(best);
    await fewerDeeds();
    await fewerFaults();
    await plainer();
    await fewerDesks();
    await shorter();
  }
  return { setting: best, runs };

  /** Halves first, then ever smaller pieces. */
  async function fewerDeeds(): Promise<void> {
    for (let size = Math.ceil(best.deeds.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < best.deeds.length; ) {
        const deeds = [...best.deeds.slice(0, at), ...best.deeds.slice(at + size)];
        if (deeds.length === 0 || !(await better({ ...best, deeds }))) at += size;
      }
    }
  }

  async function fewerFaults(): Promise<void> {
    for (const name of WEATHERS) {
      if (best.weather[name] > 0) await better({ ...best, weather: { ...best.weather, [name]: 0 } as Weather });
    }
  }

  async function plainer(): Promise<void> {
    if (best.processes > 1) await better({ ...best, processes: 1 });
    for (let i = best.rules.length - 1; i > 0; i -= 1) await better({ ...best, rules: best.rules.filter((_, at) => at !== i) });
    for (let i = 0; i < best.desks.length; i += 1) {
      for (const plain of [{ triggers: [] }, { refuses: [] }, { words: {} }, { skewMs: 0 }]) {
        const desks = best.desks.map((desk, at) => (at === i ? { ...desk, ...plain } : desk));
        if (JSON.stringify(desks) !== JSON.stringify(best.desks)) await better({ ...best, desks });
      }
    }
    for (const terms of [{ ignore: [] }, { owner: {} }, { comments: 'all' as const }, { author_line: null }, { on_delete: 'delete' as const }, { where: null }]) {
      const rules = best.rules.map(({ at, mesh }) => ({ at, mesh: mesh.map((edge) => ({ ...edge, ...terms })) }));
      if (JSON.stringify(rules) !== JSON.stringify(best.rules)) await better({ ...best, rules });
    }
  }

  async function fewerDesks(): Promise<void> {
    for (let account = best.desks.length; account >= 1 && best.desks.length > 2; account -= 1) {
      const renumbered = (one: number): number => (one > account ? one - 1 : one);
      const without = (mesh: Mesh): Mesh =>
        mesh
          .filter(({ from, to, owner }) => from !== account && to !== account && !Object.values(owner).includes(account))
          .map((edge) => ({ ...edge, from: renumbered(edge.from), to: renumbered(edge.to), owner: Object.fromEntries(Object.entries(edge.owner).map(([field, one]) => [field, renumbered(one)])) }));
      await better({ ...best, desks: best.desks.filter((_, i) => i + 1 !== account), rules: best.rules.map(({ at, mesh }) => ({ at, mesh: without(mesh) })) });
    }
  }

  async function shorter(): Promise<void> {
    const last = best.deeds.at(-1)?.at ?? 0;
    if (last + 5_000 < best.stormMs) await better({ ...best, stormMs: last + 5_000 });
  }
}

/** Whether a setting breaks one of these promises. */
export function breaking(promises: ReadonlySet<string>): (setting: Setting) => Promise<boolean> {
  return async (setting) => (await simulate(setting)).failures.some(({ promise }) => promises.has(promise));
}

/** The short story of a failing run: what is left of its setting, and what happened to the tickets that failed. */
export function storyOf(run: Run): string {
  const { setting, failures, history } = run;
  const desks = setting.desks.map((desk, i) => {
    const { service, ...more } = desk;
    const told = Object.entries(more).filter(([, value]) => value !== 0 && JSON.stringify(value) !== '[]' && JSON.stringify(value) !== '{}');
    return `${service}${i + 1}${told.length === 0 ? '' : ` ${JSON.stringify(Object.fromEntries(told))}`}`;
  });
  const faults = WEATHERS.filter((name) => setting.weather[name] > 0);
  const tokens = [...new Set(failures.map(({ token }) => token))];
  return [
    `desks: ${desks.join(', ')}`,
    ...setting.rules.map(({ at, mesh }) => `rules from ${at / 1000} s: ${mesh.map(edgeInWords).join('; ') || 'none'}`),
    `faults: ${faults.join(', ') || 'none'}; processes: ${setting.processes}; deeds: ${setting.deeds.map(({ at, action }) => `${action} at ${at / 1000} s`).join(', ')}`,
    ...failures.map(({ promise, token, what }) => `BROKEN ${promise}: ${token} ${what}`),
    ...tokens.map((token) => `--- ${token}\n${history.story(token)}\n${run.notes(token)}`),
  ].join('\n');
}

function edgeInWords({ from, to, ...terms }: Mesh[number]): string {
  const usual: Readonly<Record<string, unknown>> = { ignore: [], owner: {}, comments: 'all', author_line: null, on_delete: 'delete', where: null, unmatched: 'keep' };
  const told = Object.entries(terms).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(usual[name]));
  return `${from}→${to}${told.length === 0 ? '' : ` ${JSON.stringify(Object.fromEntries(told))}`}`;
}
