import { describe, expect, test } from '@jest/globals';
import { isParked, parkedSteps } from '../../../src/core/parked.ts';
import { clock, copy, replica } from './given.ts';

const held = (count: number, at = 1): { clock: number; count: number; reason: string; at: number } => ({ clock: clock(5), count, reason: 'no', at });

describe('what is parked', () => {
  test('is what was refused twice, oldest first', () => {
    const parked = replica({ held: { 'field:status': held(2, 9), 'field:priority': held(1, 3), life: held(3, 4) } });
    expect(parkedSteps(parked)).toEqual([
      { name: 'life', kind: 'ticket.delete', reason: 'no', clock: clock(5), at: 4 },
      { name: 'field:status', kind: 'ticket.update', reason: 'no', clock: clock(5), at: 9 },
    ]);
    expect(isParked(parked)).toBe(true);
    expect(isParked(replica({ held: { life: held(1) } }))).toBe(false);
  });

  test.each([
    ['life', {}, 'ticket.delete'],
    ['life', { ticket_id: null }, 'ticket.create'],
    ['restore', {}, 'ticket.restore'],
    ['field:custom:serial', {}, 'ticket.update'],
    ['gone:1:C1', {}, 'comment.delete'],
    ['public:1:C1', {}, 'comment.create'],
    ['private:1:C1', { copies: { '1:C1': copy() } }, 'comment.update'],
    ['public:1:C1', { copies: { '1:C1': copy({ comment_id: null }) } }, 'comment.create'],
  ] as const)('%s of %j is a %s', (name, draft, kind) => {
    expect(parkedSteps(replica({ ...draft, held: { [name]: held(2) } }))).toMatchObject([{ name, kind }]);
  });
});
