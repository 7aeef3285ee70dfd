/** Reads desks beside the live work: few calls at a time, none while the account is paused, and tried again when it is over. */
import { retryDelay } from '../core/backoff.ts';
import { DeskFailure, type Desk } from '../ports/connector.ts';
import type { World } from '../ports/world.ts';
import type { Roster } from './roster.ts';

/** What could not be read, with the reason. */
export interface Unread {
  readonly unread: string;
}

export interface Gentle {
  /** Rejects only for faults of ours. */
  read<T>(accountId: number, task: (desk: Desk) => Promise<T>): Promise<T | Unread>;
}

export function isUnread(result: unknown): result is Unread {
  return typeof result === 'object' && result !== null && 'unread' in result;
}

/** A call that fails is tried so often; what the desk asks to wait is waited besides. */
const TRIES = 6;
/** How often a pause is asked about: another process may have ended or made it. */
const AGAIN_MS = 1_000;

/** `width` calls at a time on each account. */
export function createGentle({ roster, world, width }: { readonly roster: Roster; readonly world: World; readonly width: number }): Gentle {
  const turns = new Map<number, { busy: number; readonly waiting: (() => void)[] }>();

  async function take(accountId: number): Promise<() => void> {
    const turn = turns.get(accountId) ?? { busy: 0, waiting: [] };
    turns.set(accountId, turn);
    if (turn.busy >= width) await new Promise<void>((go) => turn.waiting.push(go));
    else turn.busy += 1;
    return () => {
      const next = turn.waiting.shift();
      if (next === undefined) turn.busy -= 1;
      else next();
    };
  }

  /** Resolves when the account may be called; with the reason if it is stopped. */
  async function open(accountId: number): Promise<string | null> {
    for (;;) {
      const wait = roster.wait(accountId);
      if (wait === null) return `the account is stopped: ${roster.byId(accountId)?.stopped_because ?? 'it is connected no longer'}`;
      if (wait === 0) return null;
      await world.sleep(Math.min(wait, AGAIN_MS));
      await roster.refresh();
    }
  }

  async function attempt<T>(accountId: number, task: (desk: Desk) => Promise<T>): Promise<T | DeskFailure | Unread> {
    const stopped = await open(accountId);
    const member = roster.member(accountId);
    if (stopped !== null || member === null) return { unread: stopped ?? 'the account is connected no longer' };
    try {
      await roster.ready(accountId);
      const result = await task(member.desk);
      roster.succeeded(accountId);
      return result;
    } catch (error) {
      if (!(error instanceof DeskFailure)) throw error;
      await roster.failed(accountId, error);
      return error;
    }
  }

  return {
    async read(accountId, task) {
      const release = await take(accountId);
      try {
        for (let tries = 1; ; tries += 1) {
          const result = await attempt(accountId, task);
          if (!(result instanceof DeskFailure)) return result;
          const again = result.kind === 'throttled' || result.kind === 'unavailable' || result.kind === 'unsure';
          if (!again || tries === TRIES) return { unread: result.message };
          await world.sleep(retryDelay(tries, world.random()));
        }
      } finally {
        release();
      }
    },
  };
}
