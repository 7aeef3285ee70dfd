import { describe, expect, test } from '@jest/globals';
import { absorb } from '../../../src/core/absorb.ts';
import { bouncing } from '../../../src/core/bounce.ts';
import { plan } from '../../../src/core/plan.ts';
import { rulesOf } from '../../../src/core/rules.ts';
import { newLink } from '../../../src/core/state.ts';
import { ANN, clock, comment, copy, edge, field, intent, link, look, replica, sight, utterance } from './given.ts';

const lower = sight({
  forecast: (fields) => (fields.tags === undefined ? fields : { ...fields, tags: fields.tags.map((tag) => tag.toLowerCase()) }),
});

describe('echoes and changes', () => {
  test('a look that differs from base in nothing changes nothing: an echo ends here', () => {
    const before = link();
    const moved = absorb(before, replica(), look({}), sight());
    expect(moved.link).toBe(before);
    expect(moved.replica.base).toEqual({ subject: 'Printer', status: 'open' });
  });

  test('the first look at a ticket that nobody knew fills its link', () => {
    const moved = absorb(newLink('l', 2, clock(0)), replica({ base: {}, applied: {} }), look({ priority: 'high' }), sight());
    expect(moved.link).toMatchObject({
      version: 1,
      fields: { subject: { value: 'Printer', clock: clock(100), from: 2 }, priority: { value: 'high' } },
    });
    expect(moved.replica.applied).toEqual({ subject: clock(100), status: clock(100), priority: clock(100) });
  });

  test('what differs from base was changed on that desk and enters the link', () => {
    const moved = absorb(link(), replica(), look({ subject: 'Scanner' }), sight());
    expect(moved.link.version).toBe(2);
    expect(moved.link.fields.subject).toEqual({ value: 'Scanner', clock: clock(100), from: 2 });
    expect(moved.replica.applied.subject).toBe(clock(100));
  });

  test('rule 14: a change made with the latest value in view is later by causality, whatever the desk\'s clock says', () => {
    const moved = absorb(link(), replica(), look({ subject: 'Scanner', modified_at: '2020-01-01T00:00:00Z' }), sight());
    expect(moved.link.fields.subject).toEqual({ value: 'Scanner', clock: clock(0) + 1, from: 2 });
  });

  test('rule 14: desk times are compared only where the replica was behind, and the loser stays due', () => {
    const ahead = link({ version: 2, fields: { subject: field('Fax', 200) } });
    const moved = absorb(ahead, replica(), look({ subject: 'Scanner' }), sight());
    expect(moved.link).toBe(ahead);
    expect(moved.replica).toMatchObject({ base: { subject: 'Scanner' }, applied: { subject: clock(0) } });
    expect(moved.notes).toMatchObject([{ what: 'conflict', field: 'subject' }]);
  });

  test('rule 14: of two changes that did not know of each other the later one wins', () => {
    const moved = absorb(link({ version: 2, fields: { subject: field('Fax', 50) } }), replica(), look({ subject: 'Scanner' }), sight());
    expect(moved.link.fields.subject).toMatchObject({ value: 'Scanner', from: 2 });
  });

  test('rule 15: a change to the value that the link has already moves no clock', () => {
    const before = link({ version: 2, fields: { subject: field('Scanner', 50) } });
    const moved = absorb(before, replica(), look({ subject: 'Scanner' }), sight());
    expect(moved.link).toBe(before);
    expect(moved.replica.applied.subject).toBe(clock(50));
  });

  test('a field that the link has never had: the first reading is base, a later change enters', () => {
    const first = absorb(link(), replica(), look({ priority: 'low' }), sight());
    expect(first.link.fields.priority).toBeUndefined();
    const second = absorb(link(), first.replica, look({ priority: 'high' }), sight());
    expect(second.link.fields.priority).toMatchObject({ value: 'high' });
  });

  test('absent is not empty: a field that was not read is left alone, one that was emptied is a change', () => {
    const { subject: _, ...read } = look({}).ticket ?? {};
    const silent = absorb(link(), replica(), { ...look({}), ticket: read as never }, sight());
    expect(silent.link.version).toBe(1);
    expect(absorb(link(), replica(), look({ subject: null }), sight()).link.fields.subject).toMatchObject({ value: null });
  });

  test('a person without an e-mail address is known to no other desk', () => {
    const known = replica({ base: { assignee: 'ann@one.example' }, applied: { assignee: clock(0) } });
    const moved = absorb(link({ fields: { assignee: field(ANN) } }), known, look({ assignee: { user_id: '7', email: null, name: 'Bob' } }), sight());
    expect(moved.link.version).toBe(1);
    expect(moved.notes).toMatchObject([{ what: 'left alone', field: 'assignee' }]);
  });

  test('nothing enters from an account that no mirror carries anything from', () => {
    const moved = absorb(link(), replica(), look({ subject: 'Scanner' }), sight({ rules: rulesOf([edge(1, 2)]) }));
    expect(moved.link.version).toBe(1);
    expect(moved.replica.base.subject).toBe('Scanner');
  });

  test('a field that every mirror ignores does not enter', () => {
    const rules = rulesOf([edge(1, 2), edge(2, 1, { ignore: ['subject'] })]);
    expect(absorb(link(), replica(), look({ subject: 'Scanner' }), sight({ rules })).link.version).toBe(1);
  });
});

describe('rule 10: an update whose answer was lost', () => {
  const open = intent({ fields: { status: 'pending' }, forecast: { status: 'pending' }, clocks: { status: clock(50) } });
  const ahead = link({ version: 2, fields: { status: field('pending', 50) } });

  test('what equals the forecast of the write is our own, and counts as applied', () => {
    const newer = link({ version: 3, fields: { status: field('resolved', 60) } });
    const moved = absorb(newer, replica({ intent: open }), look({ status: 'pending' }), sight());
    expect(moved.link).toBe(newer);
    expect(moved.replica).toMatchObject({ base: { status: 'pending' }, applied: { status: clock(50) } });
  });

  test('anything else is a person\'s, made with our write in view', () => {
    const moved = absorb(ahead, replica({ intent: open }), look({ status: 'closed', modified_at: '2020-01-01T00:00:00Z' }), sight());
    expect(moved.link.fields.status).toMatchObject({ value: 'closed', from: 2 });
  });
});

describe('rule 12: two desks that contradict each other', () => {
  function bounced(times: number, values: (i: number) => string) {
    let bouncy = replica({ wrote: { status: clock(90) } });
    for (let i = 0; i < times; i += 1) {
      // The other desk has put its own value back meanwhile, and we have written that here.
      const rewritten = { ...bouncy, base: { ...bouncy.base, status: 'open' } };
      bouncy = absorb(link(), rewritten, look({ status: values(i) as never }, null, clock(100 + i)), sight()).replica;
    }
    return bouncy;
  }

  test('a value that comes back three times at once after our write is held: seen, but neither taken in nor written', () => {
    const twice = bounced(2, () => 'closed');
    expect(bouncing(twice, 'status', clock(103))).toBe(false);
    const thrice = bounced(3, () => 'closed');
    expect(bouncing(thrice, 'status', clock(103))).toBe(true);
    expect(bouncing(thrice, 'status', clock(103 + 120))).toBe(false);
  });

  test('people who change the field again and again to something else are not a desk', () => {
    expect(bouncing(bounced(6, (i) => `value ${i}`), 'status', clock(110))).toBe(false);
  });

  test('a change long after our write is no bounce', () => {
    const moved = absorb(link(), replica({ wrote: { status: clock(1) } }), look({ status: 'closed' }), sight());
    expect(moved.replica.bounces).toEqual({});
  });
});

describe('rule 16: sets enter as added and removed', () => {
  test('two desks\' additions both stay', () => {
    const merged = link({ version: 2, fields: { tags: field(['a', 'b'], 50) } });
    const behind = replica({ base: { tags: ['a'] }, applied: { tags: clock(0) } });
    const moved = absorb(merged, behind, look({ tags: ['a', 'c'] }), sight());
    expect(moved.link.fields.tags?.value).toEqual(['a', 'b', 'c']);
    expect(moved.replica.applied.tags).toBe(clock(0));
  });

  test('members are matched through what the desk makes of them', () => {
    const own = link({ fields: { tags: field(['VIP', 'Old']) } });
    const moved = absorb(own, replica({ base: { tags: ['old', 'vip'] }, applied: { tags: clock(0) } }), look({ tags: ['vip', 'new'] }), lower);
    expect(moved.link.fields.tags?.value).toEqual(['VIP', 'new']);
  });

  test('rule 10: what an unanswered write added or removed is nobody else\'s change', () => {
    const open = intent({ forecast: { tags: ['ours'] }, clocks: { tags: clock(50) } });
    const own = link({ version: 3, fields: { tags: field([], 60) } });
    const on = replica({ intent: open, base: { tags: ['old'] }, applied: { tags: clock(0) } });
    expect(absorb(own, on, look({ tags: ['ours'] }), sight()).link).toBe(own);
    expect(absorb(own, on, look({ tags: ['ours', 'new'] }), sight()).link.fields.tags?.value).toEqual(['new']);
  });

  test('an open write never makes a set count as caught up', () => {
    const open = intent({ forecast: { tags: ['a', 'b'] }, clocks: { tags: clock(50) } });
    const own = link({ version: 2, fields: { tags: field(['a', 'b'], 50) } });
    const moved = absorb(own, replica({ intent: open, base: { tags: ['a'] }, applied: { tags: clock(0) } }), look({ tags: [] }), sight());
    expect(moved.link.fields.tags?.value).toEqual(['b']);
    // It may not have been done: 'b' is still to be written here.
    expect(moved.replica.applied.tags).toBe(clock(0));
  });
});

describe('life', () => {
  test('a ticket that is gone was deleted by a person', () => {
    const moved = absorb(link(), replica(), look(null), sight());
    expect(moved.link.life).toEqual({ alive: false, clock: clock(100), from: 2 });
    expect(moved.replica).toMatchObject({ state: 'deleted', life_applied: clock(100) });
  });

  test('a ticket in the trash is gone', () => {
    expect(absorb(link(), replica(), look({ is_deleted: true }), sight()).link.life.alive).toBe(false);
  });

  test('rule 13: not while our own delete is open', () => {
    const before = link({ life: { alive: true, clock: clock(60), from: 1 } });
    const moved = absorb(before, replica({ intent: intent({ kind: 'ticket.delete', life: clock(50) }) }), look(null), sight());
    expect(moved.link).toBe(before);
    expect(moved.replica).toMatchObject({ state: 'deleted', life_applied: clock(50), intent: null });
  });

  test('rule 13: not when the ticket was deleted or restored elsewhere since it was last seen here', () => {
    const before = link({ life: { alive: true, clock: clock(60), from: 1 } });
    expect(absorb(before, replica(), look(null), sight()).link).toBe(before);
  });

  test('a deletion stays where it was made if no mirror carries deletions', () => {
    const rules = rulesOf([edge(1, 2), edge(2, 1, { on_delete: 'ignore' })]);
    const moved = absorb(link(), replica(), look(null), sight({ rules }));
    expect(moved.link.life.alive).toBe(true);
    expect(moved.replica.state).toBe('deleted');
  });

  const dead = link({ life: { alive: false, clock: clock(50), from: 1 } });

  test('a ticket that was deleted everywhere and is alive again was restored', () => {
    const moved = absorb(dead, replica({ state: 'deleted', life_applied: clock(50) }), look({}), sight());
    expect(moved.link.life).toEqual({ alive: true, clock: clock(100), from: 2 });
    expect(moved.replica.state).toBe('present');
  });

  test('what was deleted elsewhere while the ticket was gone here has come back with it, and is due to be deleted', () => {
    const said = link({ comments: { '1:C1': utterance({ deleted: true, clock: clock(40) }), '2:K2': utterance({ uid: '2:K2', from: 2, deleted: true, clock: clock(40) }) } });
    const own = copy({ uid: '2:K2', comment_id: 'K2', ours: false, deleted: true, applied: clock(40) });
    const gone = replica({ state: 'deleted', copies: { '1:C1': copy({ deleted: true, applied: clock(40) }), '2:K2': own } });
    const moved = absorb(said, gone, look({}, [comment()]), sight());
    expect(moved.replica.copies).toMatchObject({ '1:C1': { deleted: false, applied: 0 }, '2:K2': { deleted: true } });
    expect(plan(moved.link, moved.replica, sight(), clock(100)).step).toMatchObject({ kind: 'comment.delete', comment_id: 'K1' });
    expect(absorb(said, gone, look({}, []), sight()).replica.copies['1:C1']?.deleted).toBe(true);
  });

  test('a ticket that we have yet to delete is not restored', () => {
    const moved = absorb(dead, replica({ life_applied: clock(0) }), look({}), sight());
    expect(moved.link).toBe(dead);
  });

  test('a restoration on the receiving end of a one-way mirror stays there', () => {
    const moved = absorb(dead, replica({ state: 'deleted', life_applied: clock(50) }), look({}), sight({ rules: rulesOf([edge(1, 2)]) }));
    expect(moved.link).toBe(dead);
    expect(moved.replica.state).toBe('present');
  });
});

describe('what a look is worth', () => {
  test('only a look at everything counts as a turn in the rotation', () => {
    expect(absorb(link(), replica(), look({}), sight()).replica.looked).toBe(clock(1));
    expect(absorb(link(), replica(), look({}, []), sight()).replica.looked).toBe(clock(100));
  });

  test('fields that a write had to leave out only become base', () => {
    const moved = absorb(link(), replica(), look({ status: 'pending' }), sight(), ['status']);
    expect(moved.link.version).toBe(1);
    expect(moved.replica.base.status).toBe('pending');
  });
});

test('a merge is told once, and what it changed on its desk is absorbed like everything else', () => {
  const moved = absorb(link(), replica(), look({ status: 'closed', merged_into: 'T7' }), sight());
  expect(moved.notes).toMatchObject([{ what: 'merged', values: { into: 'T7' } }]);
  expect(moved.link.fields.status?.value).toBe('closed');
  expect(absorb(moved.link, moved.replica, look({ status: 'closed', merged_into: 'T7' }), sight()).notes).toEqual([]);
});
