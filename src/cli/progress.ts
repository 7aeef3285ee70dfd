/** How far a long command has come: a line that is written over on a terminal, a plain line now and then elsewhere. On standard error. */
import { clearLine, cursorTo } from 'node:readline';
import type { WriteStream } from 'node:tty';
import type { World } from '../ports/world.ts';

export interface Progress {
  /** `all` null: nobody knows how many there are. */
  show(done: number, all: number | null, what: string): void;
  /** Leaves the line as it is last, or takes it away. */
  end(keep?: boolean): void;
}

/** What it is shown on: standard error, or a test's own. */
export type Screen = Pick<WriteStream, 'write'> & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

const ON_TERMINAL_MS = 100;
const ELSEWHERE_MS = 10_000;
const WIDTH = 24;

export function createProgress(world: Pick<World, 'now'>, screen: Screen = process.stderr): Progress {
  const terminal = screen.isTTY === true;
  const began = world.now();
  let shownAt = terminal ? -Infinity : began;
  let line = '';

  const wipe = (): void => {
    if (line === '') return;
    cursorTo(screen as WriteStream, 0);
    clearLine(screen as WriteStream, 0);
  };

  return {
    show(done, all, what) {
      const now = world.now();
      if (now - shownAt < (terminal ? ON_TERMINAL_MS : ELSEWHERE_MS)) return;
      shownAt = now;
      const text = progressLine({ done, all, what, ms: now - began, bar: terminal });
      if (!terminal) {
        screen.write(`${text}\n`);
        return;
      }
      wipe();
      line = text.slice(0, Math.max(10, (screen.columns ?? 80) - 1));
      screen.write(line);
    },
    end(keep = false) {
      if (!terminal || line === '') return;
      if (keep) screen.write('\n');
      else wipe();
      line = '';
    },
  };
}

/** One line: the bar, the counts, the rate and how long it will take about. */
export function progressLine({ done, all, what, ms, bar }: { readonly done: number; readonly all: number | null; readonly what: string; readonly ms: number; readonly bar: boolean }): string {
  const share = all === null || all === 0 ? null : Math.min(1, done / all);
  const full = share === null ? 0 : Math.round(share * WIDTH);
  const parts = [
    ...(bar && share !== null ? [`[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}]`] : []),
    ...(share === null ? [`${done}`] : [`${Math.floor(share * 100)} %`, `${done} of ${all}`]),
    what,
    ...(ms >= 1_000 && done > 0 ? [`${rate(done, ms)}/s`] : []),
    ...(share !== null && share < 1 && ms >= 1_000 && done > 0 ? [`about ${duration((ms / done) * ((all ?? 0) - done))} left`] : []),
  ];
  return parts.join('  ');
}

function rate(done: number, ms: number): string {
  const each = (done * 1_000) / ms;
  return each >= 10 ? String(Math.round(each)) : each.toFixed(1);
}

/** `45 s`, `12 min`, `3 h 20 min`. */
export function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
