/** Sets of which some members may come to a desk and others not. */
import { describe, expect, test } from '@jest/globals';
import { compileWhere } from '../../../src/contracts/where.ts';
import { absorb } from '../../../src/core/absorb.ts';
import { changedSet } from '../../../src/core/members.ts';
import { plan } from '../../../src/core/plan.ts';
import { rulesOf } from '../../../src/core/rules.ts';
import { settle } from '../../../src/core/settle.ts';
import { wantedReplica, type Link, type Replica } from '../../../src/core/state.ts';
import { clock, edge, field, intent, link, look, replica, sight } from './given.ts';

const now = clock(100);
const APART = [edge(3, 2, { ignore: ['tags'] }), edge(2, 3, { ignore: ['tags'] }), edge(2, 1), edge(1, 2)];
const here = sight({ rules: rulesOf(APART) });
const there = sight({ account: { id: 1, name: 'a1' }, rules: rulesOf(APART) });

const born = (tags: Link['fields']['tags']): Link =>
  link({ origin: 3, accounts: [3, 2, 1], fields: { subject: field('Printer', 0, 3), status: field('open', 0, 3), ...(tags !== undefined && { tags }) } });

const showing = (tags: readonly string[], account = 2): Replica =>
  replica({ account_id: account, base: { subject: 'Printer', status: 'open', tags: [...tags] }, applied: { subject: clock(0), status: clock(0), tags: clock(0) } });

describe('who brought which member', () => {
  const of = (value: readonly string[], from: number, before?: ReturnType<typeof changedSet>): ReturnType<typeof changedSet> => changedSet(before, value, 1, from);

  test('one account needs no list', () => {
    expect(of(['a'], 1)).toEqual({ value: ['a'], clock: 1, from: 1 });
    expect(of(['a', 'b'], 1, of(['a'], 1))).toEqual({ value: ['a', 'b'], clock: 1, from: 1 });
  });

  test('what another brought before stays that one’s', () => {
    expect(of(['a', 'b'], 2, of(['a'], 1))).toEqual({ value: ['a', 'b'], clock: 1, from: 2, by: { a: [1] } });
  });

  test('who took a member away is remembered, of the last fifty', () => {
    expect(of([], 2, of(['a'], 1)).by).toEqual({ a: [2] });
    const many = Array.from({ length: 60 }, (_, i) => `t${i}`);
    const gone = of([], 2, of(many, 1)).by ?? {};
    expect(Object.keys(gone)).toEqual(many.slice(10));
  });

  test('a member that is brought again is nobody’s before', () => {
    expect(of(['a'], 3, of([], 2, of(['a'], 1)))).toEqual({ value: ['a'], clock: 1, from: 3 });
  });
});

test('members that no mirror brings to a desk are no part of what is changed there', () => {
  const moved = absorb(born(field(['secret'], 0, 3)), showing([]), look({ tags: ['mine'] }), here);
  expect(moved.link.fields.tags).toEqual({ value: ['secret', 'mine'], clock: expect.any(Number), from: 2, by: { secret: [3] } });
  expect(plan(moved.link, showing([], 1), there, now).step).toMatchObject({ kind: 'ticket.update', fields: { tags: ['mine'] }, forecast: { tags: ['mine'] } });
  expect(plan(moved.link, moved.replica, here, now).step).toBeNull();
});

test('the last change does not come here, but those before it do', () => {
  const tags = changedSet(field(['old', 'new'], 50, 2), ['old', 'new', 'secret'], clock(60), 3);
  const planned = plan(born(tags), showing(['old'], 1), there, now);
  expect(planned.step).toMatchObject({ kind: 'ticket.update', fields: { tags: ['old', 'new'] }, clocks: { tags: clock(60) } });
  const written = settle(born(tags), { ...planned.replica, intent: intent({ ...planned.step, forecast: { tags: ['new', 'old'] } }) }, { kind: 'done', id: null, ticket: null, comment: null, warnings: [], adopted: false }, there, now);
  expect(plan(born(tags), written.replica, there, now).step).toBeNull();
});

test('what was taken away by somebody whose changes do not come here stays here', () => {
  const tags = changedSet(field(['old', 'new'], 50, 2), ['new'], clock(60), 3);
  const planned = plan(born(tags), showing(['old'], 1), there, now);
  expect(planned.step).toMatchObject({ fields: { tags: ['new', 'old'] } });
  const untouched = plan(born(tags), showing(['new', 'old'], 1), there, now);
  expect(untouched.step).toBeNull();
  expect(untouched.notes).toEqual([{ what: 'not written', field: 'tags', because: 'no mirror carries this field to this account' }]);
});

test('a new ticket gets the members that come there', () => {
  const tags = changedSet(field(['open'], 50, 2), ['open', 'secret'], clock(60), 3);
  const step = plan(born(tags), { ...wantedReplica('R3', 'L1', 1) }, sight({ account: { id: 1, name: 'a1' }, rules: rulesOf([...APART, edge(3, 1, { ignore: ['tags'] })]) }), now).step;
  expect(step).toMatchObject({ kind: 'ticket.create', fields: { tags: ['open'] }, forecast: { tags: ['open'] } });
});

test('somebody who brings what another brought before, unknown here, brings it to those who hear of this one', () => {
  const known = born(field(['secret'], 0, 3));
  const moved = absorb(known, showing([]), look({ tags: ['secret'] }), here);
  expect(moved.link.fields.tags).toMatchObject({ value: ['secret'], by: { secret: [3, 2] } });
  expect(moved.link.version).toBe(known.version + 1);
  expect(plan(moved.link, showing([], 1), there, now).step).toMatchObject({ fields: { tags: ['secret'] } });
});

test('what only a condition keeps away comes when the ticket fits again, and keeps nothing else waiting', () => {
  const where = { properties: { priority: { const: 'high' } }, required: ['priority'] };
  const rules = rulesOf([edge(3, 1, { where, unmatched: 'freeze' }), edge(2, 1), edge(2, 3)], compileWhere);
  const eyes = sight({ account: { id: 1, name: 'a1' }, rules });
  const tags = changedSet(field(['new'], 50, 2), ['new', 'later'], clock(60), 3);
  const low = link({ origin: 2, accounts: [3, 2, 1], fields: { subject: field('Printer', 0, 2), status: field('open', 0, 2), priority: field('low', 0, 2), tags } });
  const base = { ...showing([], 1), base: { subject: 'Printer', status: 'open', priority: 'low', tags: [] }, applied: { subject: clock(0), status: clock(0), priority: clock(0), tags: clock(0) } };
  const first = plan(low, base, eyes, now);
  expect(first.step).toMatchObject({ fields: { tags: ['new'] }, clocks: { tags: clock(0) } });
  const shown: Replica = { ...base, base: { ...base.base, tags: ['new'] } };
  expect(plan(low, shown, eyes, now)).toMatchObject({ step: null, replica: { applied: { tags: clock(0) } } });
  const high = { ...low, fields: { ...low.fields, priority: field('high', 70, 2) } };
  expect(plan(high, { ...shown, base: { ...shown.base, priority: 'high' } }, eyes, now).step).toMatchObject({ fields: { tags: ['new', 'later'] }, clocks: { tags: clock(60) } });
});

describe('what a set had there when it was first read, though we did not bring it', () => {
  const eyes = sight();
  const elsewhere = sight({ account: { id: 1, name: 'one' } });
  const tagged = link({ fields: { subject: field('Printer'), status: field('open'), tags: field(['vip']) } });
  const first = absorb(tagged, replica(), look({ tags: ['mine'] }), eyes);

  test('stays, and goes nowhere', () => {
    expect(first.link.fields.tags).toEqual({ value: ['vip'], clock: clock(0), from: 1, by: { mine: [] } });
    expect(plan(first.link, first.replica, eyes, now).step).toMatchObject({ kind: 'ticket.update', fields: { tags: ['vip', 'mine'] } });
    const there = plan(first.link, replica({ account_id: 1, base: { subject: 'Printer', status: 'open', tags: ['vip'] } }), elsewhere, now);
    expect(there).toMatchObject({ step: null, notes: [] });
  });

  test('is written over by no later change, and needs no write or word of its own', () => {
    const empty = absorb(link({ fields: { ...tagged.fields, tags: field([]) } }), replica(), look({ tags: ['mine'] }), eyes);
    const settled = plan(empty.link, empty.replica, eyes, now);
    expect(settled).toMatchObject({ step: null, notes: [] });
    const tags = empty.link.fields.tags;
    const later = { ...empty.link, fields: { ...empty.link.fields, tags: changedSet(tags, ['new'], clock(60), 1) } };
    expect(plan(later, settled.replica, eyes, now).step).toMatchObject({ fields: { tags: ['new', 'mine'] } });
  });

  test('is gone where somebody takes it away there, and belongs to all once somebody else brings it', () => {
    const gone = absorb(first.link, { ...first.replica, base: { ...first.replica.base, tags: ['vip', 'mine'] } }, look({ tags: ['vip'] }, null, clock(50)), eyes);
    expect(plan(gone.link, gone.replica, eyes, now).step).toBeNull();
    const brought = { ...first.link, fields: { ...first.link.fields, tags: changedSet(first.link.fields.tags, ['vip', 'mine'], clock(60), 1) } };
    expect(brought.fields.tags.by).toBeUndefined();
  });

  test('is taken away if somebody elsewhere did that before', () => {
    const taken = { ...tagged, fields: { ...tagged.fields, tags: changedSet(field(['vip', 'mine']), ['vip'], clock(50), 1) } };
    const moved = absorb(taken, replica(), look({ tags: ['vip', 'mine'] }), eyes);
    expect(moved.link).toBe(taken);
    expect(plan(moved.link, moved.replica, eyes, now).step).toMatchObject({ fields: { tags: ['vip'] } });
  });
});
