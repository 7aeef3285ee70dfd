import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sharesOf } from '../../../src/core/shares.ts';

const NOTHING = { all: 0, failing: 0 };

test('an endpoint alone has its most, a failing one a single place', () => {
  expect(sharesOf([{ id: 'a', failing: false, busy: 0 }], 256, NOTHING, 0.9)).toEqual([{ id: 'a', free: 16, fresh: 12 }]);
  expect(sharesOf([{ id: 'a', failing: true, busy: 0 }], 256, NOTHING, 0.9)).toEqual([{ id: 'a', free: 1, fresh: 1 }]);
  expect(sharesOf([{ id: 'a', failing: true, busy: 1 }], 256, { all: 1, failing: 1 }, 0.9)).toEqual([]);
});

test('now and then the only place is for what was tried before', () => {
  expect(sharesOf([{ id: 'a', failing: true, busy: 0 }], 256, NOTHING, 0.1)).toEqual([{ id: 'a', free: 1, fresh: 0 }]);
});

test('few places go round, to those with the fewest first', () => {
  const shares = sharesOf([{ id: 'a', failing: false, busy: 3 }, { id: 'b', failing: false, busy: 0 }, { id: 'c', failing: false, busy: 0 }], 8, { all: 3, failing: 0 }, 0.9);
  expect(Object.fromEntries(shares.map(({ id, free }) => [id, free]))).toEqual({ b: 2, c: 2, a: 1 });
});

test('no number of endpoints that fail takes the places of those that do not', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 2, max: 256 }), (broken, well, width) => {
      const standing = [
        ...Array.from({ length: broken }, (_, n) => ({ id: `broken${n}`, failing: true, busy: 0 })),
        ...Array.from({ length: well }, (_, n) => ({ id: `well${n}`, failing: false, busy: 0 })),
      ];
      const shares = sharesOf(standing, width, NOTHING, 0.5);
      const sum = (of: string): number => shares.filter(({ id }) => id.startsWith(of)).reduce((all, { free }) => all + free, 0);
      expect(sum('broken')).toBeLessThanOrEqual(Math.floor(width / 2));
      expect(sum('well')).toBeGreaterThanOrEqual(Math.min(well, Math.ceil(width / 2)));
      expect(sum('broken') + sum('well')).toBeLessThanOrEqual(width);
      for (const { free, fresh } of shares) expect(fresh).toBeLessThanOrEqual(free);
    }),
  );
});
