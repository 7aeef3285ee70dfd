/** `deskmesh demo`: fake desks, a mirror between them and a small story, shown as it happens and judged at its end. */
import type { Environment } from '../config.ts';
import { judge, type Problem, type Verdict } from './demo/judge.ts';
import { createShow, type Show } from './demo/show.ts';
import { setStage, type Stage } from './demo/stage.ts';
import { createStory } from './demo/story.ts';
import { rowsOf } from './demo/table.ts';
import { createWatch, Overdue, type Watch } from './demo/watch.ts';

export interface DemoOptions {
  /** Stop after the story. */
  readonly once: boolean;
  readonly json: boolean;
}

/** How long the story may take in all. */
const LIMIT_MS = 60_000;
const INTERRUPTED = 130;

/** Gives the exit code: 0 if everything was mirrored exactly once, 130 if it was interrupted before that was known. */
export async function demoCommand(options: DemoOptions, env: Environment, signal: AbortSignal, print: (line: string) => void): Promise<number> {
  const show = createShow({ json: options.json, colour: wantsColour(env), print });
  const over = endOf(signal);
  show.starting();
  const stage = await setStage(env);
  let verdict: Verdict | null = null;
  try {
    const played = await perform(stage, show, over);
    verdict = played.verdict;
    if (!options.once) {
      show.verdict(verdict);
      show.goOn(stage.desks);
      await played.watch.until(() => false, '', Infinity);
    }
  } catch (error) {
    if (!over.aborted) throw error;
    show.stopping();
  } finally {
    await stage.close();
  }
  if (verdict === null) return INTERRUPTED;
  // The last line says that everything is stopped, too.
  if (options.once) show.verdict(verdict);
  return verdict.mirrored === verdict.wanted ? 0 : 1;
}

async function perform(stage: Stage, show: Show, signal: AbortSignal): Promise<{ readonly verdict: Verdict; readonly watch: Watch }> {
  signal.throwIfAborted();
  show.started(stage.desks, stage.url);
  /** What must not be seen even for a moment, kept should it be put right later. */
  const seen = new Map<string, Problem>();
  let playing = true;
  const watch = await createWatch({
    desks: stage.desks,
    signal,
    told(changes, views) {
      for (const change of changes) show.change(change);
      if (!playing) return;
      for (const problem of judge(story.done, views).problems)
        if (problem.kind === 'doubled' || problem.kind === 'wider') seen.set(JSON.stringify(problem), problem);
    },
  });
  const story = createStory({
    desks: stage.desks,
    watch,
    signal,
    deadline: performance.now() + LIMIT_MS,
    chapter: (title) => show.chapter(title),
    aside: (desk, text) => show.aside(desk, text),
  });
  const late = await story.play().then(
    () => null,
    (error: unknown) => {
      if (error instanceof Overdue) return error.message;
      throw error;
    },
  );
  playing = false;
  const verdict = withMore(judge(story.done, watch.views), [...seen.values()], late);
  show.outcome(rowsOf(story.done, watch.views, verdict), verdict.problems, watch.views);
  return { verdict, watch };
}

/** Adds what was wrong on the way to what is wrong at the end. */
function withMore(verdict: Verdict, seen: readonly Problem[], late: string | null): Verdict {
  const passed = seen.filter((problem) => !verdict.problems.some((one) => JSON.stringify(one) === JSON.stringify(problem)));
  const more: readonly Problem[] = [
    ...passed.map((problem) => ({ ...problem, what: `${problem.what} (for a while)` })),
    ...(late === null ? [] : [{ kind: 'late', desk: '', subject: '', what: `${late} within ${LIMIT_MS / 1_000} s` } as const]),
  ];
  return { ...verdict, mirrored: Math.max(0, verdict.mirrored - more.length), problems: [...verdict.problems, ...more] };
}

/** Ctrl-C, or a reader of our output that went away (`| head`): nobody is left to play for. */
function endOf(signal: AbortSignal): AbortSignal {
  const unread = new AbortController();
  process.stdout.on('error', () => unread.abort());
  return AbortSignal.any([signal, unread.signal]);
}

function wantsColour(env: Environment): boolean {
  return process.stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}
