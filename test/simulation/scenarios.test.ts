/** Situations that seeds hardly ever come to, staged: the real engine, fake desks, virtual time. */
import { describe, expect, test } from '@jest/globals';
import { judge } from './oracle.ts';
import { SWEEP_MS } from './simulate.ts';
import { calmSetting, deskAt, MINUTE, stageOf, ticketOn } from './staged.ts';
import { STAGINGS } from './stagings.ts';

test.each(Object.entries(STAGINGS))('%s', async (_, play) => {
  expect(await play()).toEqual([]);
});

describe('rule 3: a request that takes effect after our look', () => {
  test('a second copy of a comment is recognised as our own and deleted', async () => {
    const stage = stageOf(calmSetting(['z', 'f']));
    const { clock, people } = stage;
    const token = people.create(deskAt(stage, 0));
    await clock.run(clock.now() + MINUTE);
    people.comment(deskAt(stage, 0), ticketOn(deskAt(stage, 0), token), true);
    await clock.run(clock.now() + MINUTE);
    const freshdesk = deskAt(stage, 1);
    const ticket = ticketOn(freshdesk, token);
    const copy = ticket.comments[0];
    if (copy === undefined) throw new Error('the comment is not there');
    freshdesk.addComment(ticket, copy, copy.key, copy.author);
    freshdesk.emit(ticket, 'comment.created');
    await clock.run(clock.now() + 2 * SWEEP_MS);
    expect(ticket.comments.filter(({ deleted }) => !deleted)).toHaveLength(1);
    expect(judge(stage, clock.now()).failures).toEqual([]);
  });
});
