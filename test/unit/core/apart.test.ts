/** Tickets that are no longer, or not everywhere, one: cut off by a condition, deleted here and kept or closed there. */
import { describe, expect, test } from '@jest/globals';
import { compileWhere } from '../../../src/contracts/where.ts';
import { absorb } from '../../../src/core/absorb.ts';
import { announce } from '../../../src/core/announce.ts';
import { lensOf } from '../../../src/core/lens.ts';
import { plan } from '../../../src/core/plan.ts';
import { rulesOf } from '../../../src/core/rules.ts';
import { settle } from '../../../src/core/settle.ts';
import { wantedReplica } from '../../../src/core/state.ts';
import { BOTH_WAYS, can, clock, comment, copy, edge, field, intent, link, look, replica, sight, utterance } from './given.ts';

const now = clock(100);

describe('a ticket that a condition cuts off', () => {
  const where = { properties: { tags: { contains: { const: 'vip' } } }, required: ['tags'] };
  const rules = rulesOf([edge(1, 2, { where, unmatched: 'freeze' }), edge(2, 1, { where, unmatched: 'freeze' })], compileWhere);
  const there = sight({ rules });
  const off = link({ version: 2, fields: { subject: field('Printer'), status: field('open'), tags: field([]) } });
  const on = link({ version: 3, fields: { ...off.fields, tags: field(['vip'], 60) } });
  const frozen = replica({ base: { subject: 'Printer', status: 'open', tags: [] }, applied: { subject: clock(0), status: clock(0), tags: clock(0) } });

  test('what is changed there stays, and gives way to the others once it fits again', () => {
    const changed = absorb(off, frozen, look({ subject: 'Mine', tags: [] }), there);
    expect(changed.link).toBe(off);
    expect(changed.notes).toMatchObject([{ what: 'left alone', field: 'subject', values: { won: 'Printer', lost: 'Mine' } }]);
    expect(plan(off, changed.replica, there, now).step).toBeNull();
    expect(plan(on, plan(off, changed.replica, there, now).replica, there, now).step).toMatchObject({ kind: 'ticket.update', fields: { subject: 'Printer', tags: ['vip'] } });
  });

  test('what its own desk says enters: it may make it fit again', () => {
    const own = sight({ rules, account: { id: 1, name: 'one' } });
    const here = { ...frozen, account_id: 1 };
    expect(absorb(off, here, look({ tags: ['vip'] }), own).link.fields.tags).toMatchObject({ value: ['vip'], from: 1 });
  });

  test('a comment that was edited there gives way as well', () => {
    const said = link({ ...off, comments: { '1:C1': utterance() } });
    const known = { ...frozen, copies: { '1:C1': copy() } };
    const edited = absorb(said, known, look({ subject: 'Printer', tags: [] }, [comment({ content: '<p>Mine</p>' })]), there);
    expect(edited.notes).toMatchObject([{ what: 'left alone' }]);
    expect(plan(said, edited.replica, there, now).step).toBeNull();
    const again = link({ ...on, comments: { '1:C1': utterance() } });
    expect(plan(again, { ...edited.replica, applied: { ...edited.replica.applied, tags: clock(60) } }, there, now).step).toMatchObject({ kind: 'comment.update', uid: '1:C1' });
  });

  test('a ticket that is on one account alone takes in whatever is changed there, for those who follow it', () => {
    const alone = link({ accounts: [2], origin: 2 });
    expect(absorb(alone, replica(), look({ subject: 'Scanner' }), sight({ rules: rulesOf([edge(1, 2)]) })).link.fields.subject).toMatchObject({ value: 'Scanner' });
  });
});

describe('a ticket that was deleted elsewhere', () => {
  const dead = link({ version: 2, life: { alive: false, clock: clock(50), from: 1 }, accounts: [1, 2, 3] });
  const eyes = (on_delete: 'ignore' | 'close') => sight({ rules: rulesOf([edge(1, 2, { on_delete }), edge(2, 1, { on_delete }), edge(2, 3), edge(3, 2), edge(1, 3, { on_delete }), edge(3, 1)]) });
  const ended = replica({ base: { subject: 'Printer', status: 'closed' }, life_applied: clock(50) });

  test('lives on where deletions are ignored: what changes there still travels', () => {
    const later = link({ ...dead, version: 3, fields: { subject: field('Scanner', 60, 3), status: field('open') } });
    expect(plan(later, replica({ life_applied: clock(50) }), eyes('ignore'), now).step).toMatchObject({ kind: 'ticket.update', fields: { subject: 'Scanner' } });
  });

  test('is closed where the mirror says so, and stays closed until somebody gives it another status', () => {
    const closing = plan(dead, replica(), eyes('close'), now).step;
    expect(closing).toMatchObject({ kind: 'ticket.update', fields: { status: 'closed' }, life: clock(50) });
    if (closing === null) return;
    const closed = settle(dead, { ...replica(), intent: intent(closing) }, { kind: 'done', id: null, ticket: null, comment: null, warnings: [], adopted: false }, eyes('close'), now).replica;
    expect(plan(dead, closed, eyes('close'), now).step).toBeNull();
    const reopened = link({ ...dead, version: 3, fields: { ...dead.fields, status: field('open', 70, 3) } });
    expect(plan(reopened, closed, eyes('close'), now).step).toMatchObject({ fields: { status: 'open' } });
  });

  test('is opened again by whoever opens it, though the link never said that it was closed', () => {
    const moved = absorb(dead, ended, look({ status: 'open' }), eyes('close'));
    expect(moved.link.fields.status).toMatchObject({ value: 'open', from: 2 });
  });

  test('gets its status back when it is restored', () => {
    const restored = link({ ...dead, version: 3, life: { alive: true, clock: clock(60), from: 1 } });
    expect(plan(restored, ended, eyes('close'), now).step).toMatchObject({ fields: { status: 'open' } });
  });

  test('can be deleted here as well, which is told', () => {
    const moved = absorb(dead, replica({ life_applied: clock(50) }), look(null), eyes('ignore'));
    expect(moved.link.life).toMatchObject({ alive: false, from: 2 });
    expect(announce({ before: dead, after: moved.link, replica: moved.replica, born: null, now })).toMatchObject([{ type: 'ticket.deleted' }]);
  });

  test('still gets to where it was on its way to, if deletions are ignored there', () => {
    expect(plan(dead, wantedReplica('r2', 'l1', 2), eyes('ignore'), now).step?.kind).toBe('ticket.create');
    expect(plan(dead, wantedReplica('r2', 'l1', 2), eyes('close'), now).step).toBeNull();
  });
});

test('an owner whose word does not come here sets nothing back', () => {
  const owned = { owner: { status: 3 } };
  const eyes = sight({ rules: rulesOf([edge(1, 2, owned), edge(2, 1, owned), edge(1, 3, owned)]) });
  const moved = absorb(link(), replica(), look({ status: 'pending' }), eyes);
  expect(moved.notes).toMatchObject([{ what: 'conflict' }]);
  expect(plan(moved.link, moved.replica, eyes, now).step).toBeNull();
});

test('a restored ticket is asked anew what it refused while it was gone', () => {
  const gone = replica({ state: 'deleted', held: { 'public:1:C1': { clock: clock(1), count: 1, reason: 'no such ticket', at: now } } });
  const eyes = sight({ can: can() });
  expect(absorb(link({ life: { alive: true, clock: clock(60), from: 1 } }), gone, look({}), eyes).replica.held).toEqual({});
});

test('a word of a desk that its map would never write is left for another one by whoever chose both', () => {
  const mapped = sight({ lens: lensOf({ custom: {}, values: { status: { pending: 'open' } }, constants: {}, defaults: {} }) });
  const pending = link({ fields: { subject: field('Printer'), status: field('pending', 50, 2) } });
  const here = replica({ base: { subject: 'Printer', status: 'pending' }, applied: { subject: clock(0), status: clock(50) } });
  expect(absorb(pending, here, look({ status: 'open' }), mapped).link.fields.status).toMatchObject({ value: 'open', from: 2 });
});

test('who says what another said before, unheard here, says it for those who hear of this account', () => {
  const rules = rulesOf([edge(3, 2, { ignore: ['priority'] }), edge(2, 3, { ignore: ['priority'] }), edge(2, 1), edge(1, 2)]);
  const eyes = sight({ rules });
  const born = link({ origin: 3, accounts: [3, 2, 1], fields: { subject: field('Printer', 0, 3), status: field('open', 0, 3), priority: field('high', 0, 3) } });
  const applied = { subject: clock(0), status: clock(0), priority: clock(0) };
  const here = replica({ base: { subject: 'Printer', status: 'open', priority: 'low' }, applied });
  const moved = absorb(born, here, look({ priority: 'high' }), eyes);
  expect(moved.link.fields.priority).toMatchObject({ value: 'high', from: 2 });
  const there = replica({ id: 'r3', account_id: 1, base: { subject: 'Printer', status: 'open', priority: 'low' }, applied });
  expect(plan(moved.link, there, sight({ account: { id: 1, name: 'three' }, rules }), now).step).toMatchObject({ kind: 'ticket.update', fields: { priority: 'high' } });
  // Where the account hears of whoever said it first, nothing is said anew.
  const open = sight({ rules: rulesOf([edge(3, 2), edge(2, 3), edge(2, 1), edge(1, 2)]) });
  expect(absorb(born, here, look({ priority: 'high' }), open).link).toBe(born);
});

describe('what an account said before it left the mirrors', () => {
  const born = link({ origin: 1, accounts: [1, 2, 3], fields: { subject: field('Printer', 0, 1), status: field('pending', 50, 3) } });
  const behind = replica({ base: { subject: 'Printer', status: 'open' }, applied: { subject: clock(0), status: clock(0) } });

  test('comes to a desk that had not heard it yet, from where the ticket is brought', () => {
    expect(plan(born, behind, sight({ rules: rulesOf(BOTH_WAYS) }), now).step).toMatchObject({ kind: 'ticket.update', fields: { status: 'pending' } });
  });

  test('comes neither to the ticket’s own desk nor where the one that brings it may not say it', () => {
    const own = replica({ ...behind, id: 'r1', account_id: 1 });
    expect(plan(born, own, sight({ account: { id: 1, name: 'one' }, rules: rulesOf([edge(1, 2)]) }), now).step).toBeNull();
    expect(plan(born, behind, sight({ rules: rulesOf([edge(1, 2, { ignore: ['status'] }), edge(2, 1)]) }), now).step).toBeNull();
  });
});
