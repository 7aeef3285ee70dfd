/** Looks at the desks again and again through their own HTTP, tells what happened there, and waits for what should happen. */
import { setTimeout as pause } from 'node:timers/promises';
import got from 'got';
import type { SandboxDesk } from '../../sandbox/index.ts';
import { changesBetween, type Change } from './changes.ts';
import { viewOf, type DeskView, type State } from './views.ts';

const PAUSE_MS = 80;
const CALL_MS = 10_000;

/** What was waited for did not come. */
export class Overdue extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'Overdue';
  }
}

export interface Watch {
  /** What the desks showed at the last look. */
  readonly views: readonly DeskView[];
  /**
   * Looks until it holds. Rejects with `Overdue` when the deadline (by `performance.now()`) passes, and with the signal's
   * reason when it is aborted.
   */
  until(holds: (views: readonly DeskView[]) => boolean, what: string, deadline: number): Promise<void>;
}

export async function createWatch(parts: {
  readonly desks: readonly Pick<SandboxDesk, 'url'>[];
  readonly signal: AbortSignal;
  /** Hears of every change, and of every look. */
  told(changes: readonly Change[], views: readonly DeskView[]): void;
}): Promise<Watch> {
  const { desks, signal } = parts;
  const read = async ({ url }: Pick<SandboxDesk, 'url'>): Promise<DeskView> =>
    viewOf(await got(`${url}/__sandbox/state`, { signal, timeout: { request: CALL_MS }, retry: { limit: 0 } }).json<State>());

  let views = await Promise.all(desks.map(read));

  async function look(): Promise<void> {
    const before = views;
    views = await Promise.all(desks.map(read));
    parts.told(views.flatMap((view, at) => changesBetween(before[at], view)), views);
  }

  return {
    get views() {
      return views;
    },
    async until(holds, what, deadline) {
      for (;;) {
        await look();
        if (holds(views)) return;
        if (performance.now() > deadline) throw new Overdue(what);
        await pause(PAUSE_MS, undefined, { signal });
      }
    },
  };
}
