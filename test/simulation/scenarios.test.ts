/** Situations that seeds hardly ever come to, staged: the real engine, fake desks, virtual time. */
import { describe, expect, test } from '@jest/globals';
import { judge } from './oracle.ts';
import type { Trigger } from './setting.ts';
import { SWEEP_MS } from './simulate.ts';
import { calmSetting, deskAt, MINUTE, stageOf, ticketOn } from './staged.ts';

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? 0;

describe('promise 6: lanes', () => {
  test('a desk whose calls all hang delays no other desk, and has everything once it is back', async () => {
    const stage = stageOf(calmSetting(['z', 'z', 'f']));
    const { clock, people, faults, history } = stage;
    const tokens: { token: string; at: number }[] = [];
    clock.later(1_000, () => faults.down.set(3, clock.now() + 10 * MINUTE));
    for (let i = 0; i < 60; i += 1) {
      clock.later(5_000 + i * 1_000, () => tokens.push({ token: people.create(deskAt(stage, 0)), at: clock.now() }));
    }
    await clock.run(clock.now() + 3 * MINUTE);
    const delays = tokens.map(({ token, at }) => (history.wrote.find((one) => one.token === token && one.account === 2)?.at ?? Infinity) - at).sort((a, b) => a - b);
    expect(median(delays)).toBeLessThan(2_000);
    expect(delays.at(-1)).toBeLessThan(10_000);

    faults.down.clear();
    await clock.run(clock.now() + 3 * SWEEP_MS);
    expect(judge(stage, clock.now()).failures).toEqual([]);
    expect(tokens.map(({ token }) => ticketOn(deskAt(stage, 2), token).token)).toHaveLength(60);
  });
});

describe('rule 12: triggers that contradict each other', () => {
  test('come to rest, and the field that they fight over is explained', async () => {
    const up: Trigger = { field: 'priority', when: 'low', then: 'high', afterMs: 0 };
    const down: Trigger = { field: 'priority', when: 'high', then: 'low', afterMs: 0 };
    const stage = stageOf(calmSetting(['z', 'z'], { triggers: [up, down] }));
    const { clock, people, history, store } = stage;
    const token = people.create(deskAt(stage, 0));
    await clock.run(clock.now() + MINUTE);
    const ticket = ticketOn(deskAt(stage, 0), token);
    ticket.native.priority = 'high';
    deskAt(stage, 0).touch(ticket, 'ticket.updated');
    await clock.run(clock.now() + 10 * MINUTE);
    const writes = history.wrote.length;
    expect(writes).toBeLessThan(20);
    expect(store.state.notes).toContainEqual(expect.objectContaining({ what: 'held', field: 'priority' }));
    await clock.run(clock.now() + 10 * MINUTE);
    expect(history.wrote).toHaveLength(writes);
  });
});

describe('rule 4: a clone carries our mark', () => {
  test('it is a person\'s new ticket and is mirrored as one', async () => {
    const stage = stageOf(calmSetting(['z', 'f']));
    const { clock, people, history } = stage;
    const token = people.create(deskAt(stage, 0));
    await clock.run(clock.now() + MINUTE);
    const freshdesk = deskAt(stage, 1);
    const copied = ticketOn(freshdesk, token);
    expect(copied.key).not.toBeNull();
    const clone = freshdesk.add({ ...copied.native, subject: 'tk999 a clone' }, copied.key);
    history.tell('tk999', () => 'cloned');
    freshdesk.touch(clone, 'ticket.created');
    await clock.run(clock.now() + MINUTE);
    expect(ticketOn(deskAt(stage, 0), 'tk999').native.subject).toBe('tk999 a clone');
    expect([...deskAt(stage, 0).tickets.values()].map((ticket) => ticket.token)).toEqual([token, 'tk999']);
    expect(freshdesk.tickets.size).toBe(2);
  });
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

describe('rule 26: snapshots', () => {
  test('one that was taken before a deletion, and comes after it, restores nothing', async () => {
    const stage = stageOf(calmSetting(['z', 'h']));
    const { clock, people, store, history } = stage;
    const [zendesk, helpspace] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(zendesk);
    await clock.run(clock.now() + MINUTE);
    const copied = ticketOn(helpspace, token);
    const snapshot = { ...helpspace.read(copied), status: 'pending' as const, modified_at: new Date(clock.now()).toISOString() };
    ticketOn(zendesk, token).deleted = true;
    zendesk.touch(ticketOn(zendesk, token), 'ticket.deleted');
    await clock.run(clock.now() + MINUTE);
    expect(copied.gone).toBe(true);
    await store.intake.accept({
      account_id: 2, dedupe: 'late', headers: {}, raw_body: Buffer.alloc(0), state: 'accepted', reason: null,
      ticket_id: copied.id, event: 'ticket.updated', snapshot,
    });
    await clock.run(clock.now() + 2 * MINUTE);
    expect(ticketOn(zendesk, token).deleted).toBe(true);
    expect(history.wrote.map(({ kind }) => kind)).toEqual(['ticket.create', 'ticket.delete']);
    expect([...helpspace.tickets.values()].map(({ gone }) => gone)).toEqual([true]);
  });
});
