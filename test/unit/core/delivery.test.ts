import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { judgeDelivery, MOST_ATTEMPTS } from '../../../src/core/delivery.ts';

const answer = (status: number | null, retryAfterMs: number | null = null) => ({ status, retryAfterMs });

describe('a delivery', () => {
  test.each([200, 201, 204, 299])('is done with a %i', (status) => {
    expect(judgeDelivery(1, answer(status), 0)).toEqual({ kind: 'delivered' });
  });

  test.each([null, 301, 302, 400, 404, 429, 500, 503])('is tried again after %s', (status) => {
    expect(judgeDelivery(1, answer(status), 0.5)).toEqual({ kind: 'again', inMs: 5_000 });
  });

  test('is wanted no more after a 410', () => {
    expect(judgeDelivery(3, answer(410), 0)).toEqual({ kind: 'gone' });
  });

  test('waits as long as it is asked to, within a day, and only where that is how the status is meant', () => {
    expect(judgeDelivery(1, answer(503, 60_000), 0)).toEqual({ kind: 'again', inMs: 60_000 });
    expect(judgeDelivery(1, answer(429, 9e9), 0)).toEqual({ kind: 'again', inMs: 86_400_000 });
    expect(judgeDelivery(1, answer(500, 60_000), 0)).toEqual({ kind: 'again', inMs: 4_000 });
  });

  test('is given up after about three days, never sooner', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: MOST_ATTEMPTS, maxLength: MOST_ATTEMPTS }), (chances) => {
        let waited = 0;
        for (let attempt = 1; attempt < MOST_ATTEMPTS; attempt += 1) {
          const verdict = judgeDelivery(attempt, answer(500), chances[attempt] ?? 0);
          if (verdict.kind !== 'again') throw new Error('given up too soon');
          waited += verdict.inMs;
        }
        expect(judgeDelivery(MOST_ATTEMPTS, answer(500), 0)).toEqual({ kind: 'dead' });
        const days = waited / 86_400_000;
        expect(days).toBeGreaterThan(2.3);
        expect(days).toBeLessThan(3.7);
      }),
    );
  });
});
