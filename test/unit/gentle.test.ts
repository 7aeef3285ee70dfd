/** Reading beside the live work, and waiting for lanes to rest: with a clock that only the waiting moves. */
import { describe, expect, test } from '@jest/globals';
import { createGentle, type Gentle } from '../../src/engine/gentle.ts';
import { isMoving, untilQuiet } from '../../src/engine/quiet.ts';
import type { Roster } from '../../src/engine/roster.ts';
import { DeskFailure, type Desk, type FailureKind } from '../../src/ports/connector.ts';
import type { Standing } from '../../src/ports/repair.ts';
import type { World } from '../../src/ports/world.ts';
import { fakeWorld } from '../support/hook-fixture.ts';
import { replica } from './core/given.ts';

interface Clock extends World {
  time: number;
}

function clock(): Clock {
  const world: Clock = { ...fakeWorld(), time: 0, now: () => world.time, sleep: async (ms) => void (world.time += ms) };
  return world;
}

function gentle(world: Clock, wait: (id: number) => number | null, failed: string[] = []): Gentle {
  const roster: Partial<Roster> = {
    wait, refresh: async () => undefined, ready: async () => undefined, succeeded: () => false,
    byId: () => ({ stopped_because: 'the key was taken back' }) as ReturnType<Roster['byId']>,
    member: () => ({ desk: {} as Desk }) as ReturnType<Roster['member']>,
    failed: async (_id, { kind }) => (failed.push(kind), 'noted'),
  };
  return createGentle({ roster: roster as Roster, world, width: 2 });
}

const failing = (kind: FailureKind, times: number): (() => Promise<string>) => {
  let left = times;
  return async () => {
    if (left-- > 0) throw new DeskFailure(kind, `it is ${kind}`);
    return 'read';
  };
};

describe('a gentle reader', () => {
  test('makes no more calls at a time on one desk than it may, and each in its turn', async () => {
    const { read } = gentle(clock(), () => 0);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const open: (() => void)[] = [];
    const all = Promise.all([0, 1, 2, 3, 4].map((n) => read(1, async () => {
      most = Math.max(most, (running += 1));
      order.push(n);
      await new Promise<void>((go) => open.push(go));
      running -= 1;
    })));
    const other = read(2, async () => 'elsewhere');
    expect(await other).toBe('elsewhere');
    while (open.length < 2) await Promise.resolve();
    for (let done = 0; done < 5; done += 1) {
      while (open[done] === undefined) await Promise.resolve();
      open[done]?.();
    }
    await all;
    expect({ most, order }).toEqual({ most: 2, order: [0, 1, 2, 3, 4] });
  });

  test('waits while the account is paused, and asks now and then whether it still is', async () => {
    const world = clock();
    const { read } = gentle(world, () => Math.max(0, 5_500 - world.time));
    expect(await read(1, async () => world.time)).toBe(5_500);
  });

  test('tries again what may go well later, told to the roster each time, and gives up on what will not', async () => {
    const failed: string[] = [];
    const { read } = gentle(clock(), () => 0, failed);
    expect(await read(1, failing('throttled', 2))).toBe('read');
    expect(await read(1, failing('unavailable', 99))).toEqual({ unread: 'it is unavailable' });
    expect(await read(1, failing('surprise', 1))).toEqual({ unread: 'it is surprise' });
    expect(failed).toEqual(['throttled', 'throttled', ...Array<string>(6).fill('unavailable'), 'surprise']);
  });

  test('says why nothing can be read from a stopped account, and passes on faults of ours', async () => {
    expect(await gentle(clock(), () => null).read(1, async () => 'x')).toEqual({ unread: 'the account is stopped: the key was taken back' });
    await expect(gentle(clock(), () => 0).read(1, async () => Promise.reject(new TypeError('ours')))).rejects.toThrow('ours');
  });
});

describe('rest', () => {
  const standing = (draft: Partial<Standing>, version = 1): Standing => ({ replica: replica({ version }), signalled: 0, read: 0, wanted: 1, due: null, leased: false, ...draft });
  const wait = (world: Clock, states: (now: number) => Standing) => untilQuiet(async () => [states(world.time)], { world, withinMs: 60_000, told: () => undefined });

  test('is what is neither due nor in use; what waits for a later try rests', () => {
    expect([{ due: null, leased: false }, { due: 50, leased: false }, { due: 49, leased: false }, { due: 99, leased: true }].map((one) => isMoving(one, 49))).toEqual([false, false, true, true]);
  });

  test('is reached when the last lane is, and not while anything moves', async () => {
    const world = clock();
    expect(await wait(world, (now) => standing({ due: now < 40_000 ? now : null }, Math.floor(now / 5_000)))).toBe('quiet');
    expect(world.time).toBeGreaterThanOrEqual(40_000);
  });

  test('never comes where nobody works, which is noticed; a long turn is not mistaken for that', async () => {
    const world = clock();
    expect(await wait(world, () => standing({ due: 0 }))).toBe('idle');
    expect(world.time).toBeLessThan(20_000);
    const busy = clock();
    expect(await wait(busy, (now) => standing({ due: now + 30_000, leased: true }))).toBe('late');
  });
});
