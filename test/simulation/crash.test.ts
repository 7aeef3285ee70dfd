/**
 * A process that dies at any durable step of any kind of work: whatever it was doing, the next one brings it to the same end,
 * and the oracle finds nothing. The steps are taken from a run without a crash, not from a list; and what the stories do is held
 * against what the code can do, so that a new kind of step without a story fails here.
 */
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from '@jest/globals';
import { STEP_KINDS, type StepKind } from '../../src/core/model.ts';
import type { Intent } from '../../src/core/state.ts';
import { NO_STEP_PARTS } from '../../src/core/step.ts';
import type { Desk } from '../../src/ports/connector.ts';
import { CRASH_STORIES, shownBy, type CrashStory, type Scene } from './crash-stories.ts';
import type { FakeDesk } from './desk.ts';
import type { NativeTicket } from './native.ts';
import { judge } from './oracle.ts';
import { allWays } from './setting.ts';
import { createStage, simulateSeed, SWEEP_MS, sweepForEver, type Stage } from './simulate.ts';
import { calmSetting, deskAt } from './staged.ts';
import { CALM, STORM } from './weather.ts';

interface Crash {
  readonly index: number;
  readonly when: 'before' | 'after';
}

interface Played {
  /** The durable steps of what processes die over, up to the moment when nothing was left to do. */
  readonly steps: readonly { readonly name: string; readonly index: number }[];
  /** The writes that were done for it, and everything that was stored before a call. */
  readonly kinds: ReadonlySet<StepKind>;
  readonly calls: ReadonlySet<string>;
  readonly intents: readonly Intent[];
  readonly died: string | null;
  readonly failures: readonly string[];
  readonly excused: object;
  /** What the desks showed before, and at the end. */
  readonly yet: readonly string[];
  readonly shown: readonly string[];
  readonly story: string;
}

const QUIET_AFTER_MS = 20_000;
/** Longer than any list lags, so that the sweep that follows misses nothing. */
const BEFORE_SWEEP_MS = 45_000;
const AFTER_SWEEP_MS = 15_000;

async function play(story: CrashStory, crash: Crash | null): Promise<Played> {
  const props = story.props?.() ?? { bend: (desk: Desk) => desk };
  const calls = new Set<string>();
  let dying = false;
  const mesh = allWays(story.services.map((_, i) => i + 1), story.terms);
  const stage = createStage(calmSetting(story.services, { seed: 7, processes: 1, mesh }), {
    telling: true,
    backfilling: story.backfilling ?? false,
    bend: (desk) => props.bend(watched(desk, (call) => dying && calls.add(call))),
  });
  const { clock, faults, history } = stage;
  const desk = (at: number): FakeDesk => deskAt(stage, at);
  const ticket = (at: number): NativeTicket => {
    const found = [...desk(at).tickets.values()].at(-1);
    if (found === undefined) throw new Error(`no ticket on desk ${at}`);
    return found;
  };
  const scene: Scene = { stage, props, desk, ticket };
  await clock.run(clock.now() + 1_000);
  for (const happens of story.before ?? []) {
    happens(scene);
    await clock.run(clock.now() + BEFORE_SWEEP_MS);
    for (const { account } of stage.desks) stage.processes[0]?.sweep(account);
    await clock.run(clock.now() + AFTER_SWEEP_MS);
  }

  dying = true;
  const yet = shownBy(scene);
  const earlier = storedSteps(stage);
  const intents = new Set<Intent>();
  const wroteBefore = history.wrote.length;
  const steps: Played['steps'][number][] = [];
  let died: string | null = null;
  faults.crashAt = (step, when) => {
    if (when === 'before') steps.push(step);
    else for (const intent of storedSteps(stage)) if (!earlier.includes(intent)) intents.add(intent);
    if (died !== null || crash === null || step.index !== crash.index || when !== crash.when) return false;
    died = step.name;
    return true;
  };
  clock.later(0, () => story.then(scene));
  await clock.run(clock.now() + QUIET_AFTER_MS);
  const mirrored = [...steps];
  sweepForEver(stage);
  await clock.run(clock.now() + 3 * SWEEP_MS);
  const quietFrom = clock.now();
  await clock.run(clock.now() + SWEEP_MS);
  const { failures, excused } = judge(stage, quietFrom);
  return {
    steps: mirrored,
    kinds: new Set(history.wrote.slice(wroteBefore).map(({ kind }) => kind)),
    calls,
    intents: [...intents],
    died,
    failures: failures.map(({ what }) => what),
    excused,
    yet,
    shown: shownBy(scene),
    story: history.story(tokenOf(stage)),
  };
}

function tokenOf(stage: Stage): string {
  return stage.history.edits[0]?.token ?? '';
}

/** The steps that are stored now, before their calls. */
function storedSteps({ store }: Stage): readonly Intent[] {
  return [...store.state.rows.values()].flatMap(({ replica: { intent } }) => (intent === null ? [] : [intent]));
}

/** Whether a method of the port writes; complete, or it does not compile. */
const WRITES: Readonly<Record<keyof Desk, boolean>> = {
  can: false, learn: false, budget: false, forecast: false, forecastComment: false, getTicket: false, listTickets: false, listComments: false, changes: false, raw: false, pass: false,
  download: false, page: false, find: false, ensureWebhook: false, check: false,
  createTicket: true, updateTicket: true, deleteTicket: true, restoreTicket: true, createComment: true, updateComment: true, deleteComment: true,
};

/** Tells of every write what it was: its method, and which of the things that may go along did. */
function watched(desk: Desk, tell: (call: string) => void): Desk {
  return new Proxy(desk, {
    get(target, name: keyof Desk) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || !WRITES[name]) return value;
      return (...args: readonly unknown[]) => {
        tell([name, ...args.map(formOf)].join(' ').trim());
        return Reflect.apply(value, target, args) as unknown;
      };
    },
  });
}

/** What an argument is, apart from its value. */
function formOf(arg: unknown): string {
  if (arg === undefined || (Array.isArray(arg) && arg.length === 0)) return '-';
  if (Array.isArray(arg)) return 'files';
  if (typeof arg !== 'object' || arg === null) return 'text';
  if ('draft' in arg) return `along(${formOf(arg.draft)})`;
  return 'public' in arg && 'content' in arg ? (arg.public === true ? 'public' : 'private') : 'fields';
}

test.each(CRASH_STORIES.map((story) => [story.name, story] as const))('dying at any durable step of %s changes nothing of its end', async (_, story) => {
  const end = { failures: story.objections ?? [], excused: {}, shown: story.shown };
  /** With what was told, where it is another end. */
  const endOf = ({ failures, excused, shown, story: told }: Played): object => {
    const found = { failures, excused, shown };
    return isDeepStrictEqual(found, end) ? found : { ...found, told };
  };
  const whole = await play(story, null);
  expect(endOf(whole)).toEqual(end);
  if (story.yet !== undefined) expect(whole.yet).toEqual(story.yet);
  expect(whole.steps.length).toBeGreaterThan(3);
  for (const { index, name } of whole.steps) {
    for (const when of ['before', 'after'] as const) {
      const crashed = await play(story, { index, when });
      expect({ index, when, died: crashed.died, ...endOf(crashed) }).toEqual({ index, when, died: name, ...end });
    }
  }
}, 300_000);

test('the stories between them do everything that the code knows to do', async () => {
  const played = [];
  for (const story of CRASH_STORIES) played.push(await play(story, null));
  expect([...new Set(played.flatMap(({ kinds }) => [...kinds]))].sort()).toEqual([...STEP_KINDS].sort());

  // Every part that a step can have was part of one.
  const parts = Object.keys(NO_STEP_PARTS) as (keyof typeof NO_STEP_PARTS)[];
  const intents = played.flatMap((one) => one.intents);
  expect(parts.filter((part) => !intents.some((intent) => JSON.stringify(intent[part]) !== JSON.stringify(NO_STEP_PARTS[part])))).toEqual([]);

  // Nothing that people bring about by chance writes in a way that no story does.
  const told = new Set(played.flatMap(({ calls }) => [...calls]));
  const byChance = new Set<string>();
  const bend = (desk: Desk): Desk => watched(desk, (call) => byChance.add(call));
  for (let seed = 1; seed <= 40; seed += 1) await simulateSeed(seed, seed % 2 === 0 ? CALM : STORM, { bend });
  expect([...byChance].filter((call) => !told.has(call))).toEqual([]);
  expect(byChance.size).toBeGreaterThan(STEP_KINDS.length);
}, 300_000);
