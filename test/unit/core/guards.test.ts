import { describe, expect, test } from '@jest/globals';
import { absorbComments } from '../../../src/core/absorb-comments.ts';
import { absorb } from '../../../src/core/absorb.ts';
import { BUDGET, DELETION, deletes, deletionsTold, DOUBT_MS, heldDeletion, isFlood, limitsOf, spend, touchedByRules, USUAL_LIMITS } from '../../../src/core/guards.ts';
import { plan } from '../../../src/core/plan.ts';
import { settle } from '../../../src/core/settle.ts';
import type { Replica } from '../../../src/core/state.ts';
import { can, clock, comment, copy, edge, field, intent, link, look, replica, sight, utterance } from './given.ts';

const now = clock(200);
const HOUR = 3_600_000;

describe('the write budget of a ticket', () => {
  const newer = link({ fields: { status: field('pending', 50) }, version: 2 });
  const spent = (level: number, at = now): Partial<Replica> => ({ spent: { level, at } });

  test('is used by every write but those of a new ticket and of old comments', () => {
    const said = link({ comments: { old: utterance({ uid: 'old', created: now - 2 * HOUR }), new: utterance({ uid: 'new', created: now - 1_000 }) } });
    const full = { level: 5, at: now };
    const after = (kind: Parameters<typeof spend>[1]['kind'], uid: string | null = null, generation = 1): number => spend(full, { kind, uid }, said, { generation }, now).level;
    expect([after('ticket.update'), after('ticket.delete'), after('comment.update', 'old'), after('comment.create', 'new'), after('ticket.create', null, 2)]).toEqual([6, 6, 6, 6, 6]);
    expect([after('ticket.create'), after('comment.create', 'old')]).toEqual([5, 5]);
  });

  test('drains by one an hour, and never because a clock goes back', () => {
    const update = intent();
    expect(spend({ level: 5, at: now - 2 * HOUR }, update, newer, replica(), now).level).toBe(4);
    expect(spend({ level: 5, at: now + 9 * HOUR }, update, newer, replica(), now).level).toBe(6);
  });

  test('is used by writes that were done and by those that may have been', () => {
    const open = replica({ intent: intent({ clocks: { status: clock(50) }, forecast: { status: 'pending' } }) });
    expect(settle(newer, open, { kind: 'unsure', answered: true }, sight(), now).replica.spent.level).toBe(1);
    expect(settle(newer, open, { kind: 'undone' }, sight(), now).replica.spent.level).toBe(0);
    expect(settle(newer, open, { kind: 'done', id: null, ticket: null, comment: null, warnings: [], adopted: false }, sight(), now).replica.spent.level).toBe(1);
  });

  test('holds the ticket when it is used up, until a person releases it, whatever changes', () => {
    expect(plan(newer, replica(spent(99)), sight(), now).step?.kind).toBe('ticket.update');
    const held = plan(newer, replica(spent(100)), sight(), now);
    expect(held.step).toBeNull();
    expect(held.replica.held[BUDGET]?.count).toBe(2);
    expect(held.notes).toEqual([{ what: 'held', because: expect.stringContaining('another program') }]);
    const newest = link({ fields: { status: field('resolved', 900) }, version: 3 });
    expect(plan(newest, held.replica, sight(), now + 500 * HOUR)).toMatchObject({ step: null, notes: [] });
    expect(plan(newest, { ...held.replica, held: {} }, sight(), now).step?.kind).toBe('ticket.update');
  });

  test('holds nothing back that hides a comment', () => {
    const hidden = link({ comments: { '1:C1': utterance({ public: false }) } });
    expect(plan(hidden, replica({ ...spent(500), copies: { '1:C1': copy() } }), sight(), now).step).toMatchObject({ kind: 'comment.update', draft: { public: false } });
  });
});

test('the settings of a fresh installation are the usual limits', () => {
  expect(limitsOf({ writes: 100, deletions: 20, deletionsPercent: 5, deletionsMinutes: 60, rulesPercent: 25 })).toEqual(USUAL_LIMITS);
});

describe('a flood of deletions', () => {
  test('is more than the count and more than the share', () => {
    expect(isFlood(20, 30, USUAL_LIMITS)).toBe(false);
    expect(isFlood(21, 30, USUAL_LIMITS)).toBe(true);
    expect(isFlood(21, 420, USUAL_LIMITS)).toBe(false);
    expect(isFlood(22, 420, USUAL_LIMITS)).toBe(true);
  });

  test('counts tickets and comments that a look does not show any more, and not what we deleted', () => {
    const two = replica({ copies: { a: copy({ uid: 'a', comment_id: 'K1' }), b: copy({ uid: 'b', comment_id: 'K2' }), c: copy({ uid: 'c', comment_id: 'K3', deleted: true }) } });
    expect(deletionsTold(two, look({}, [comment({ id: 'K2' })]), can())).toBe(1);
    expect(deletionsTold(two, look({}, null), can())).toBe(0);
    expect(deletionsTold(two, look(null), can())).toBe(1);
    expect(deletionsTold(two, look({ is_deleted: true }), can())).toBe(1);
    expect(deletionsTold(replica({ state: 'deleted' }), look(null), can())).toBe(0);
    expect(deletionsTold(replica({ intent: intent({ kind: 'ticket.delete' }) }), look(null), can())).toBe(0);
    expect(deletionsTold(replica({ link_id: null }), look(null), can())).toBe(0);
  });

  test('counts no comment that the desk may not list yet, and none that we are deleting', () => {
    const lagging = can({ comments: { listLagMs: 40_000 } });
    const fresh = replica({ copies: { a: copy({ uid: 'a', comment_id: 'K1', since: clock(70) }) } });
    expect(deletionsTold(fresh, look({}, [], clock(100)), lagging)).toBe(0);
    expect(deletionsTold(fresh, look({}, [], clock(116)), lagging)).toBe(1);
    expect(deletionsTold({ ...fresh, intent: intent({ kind: 'comment.delete', uid: 'a' }) }, look({}, [], clock(116)), lagging)).toBe(0);
  });

  test('stops what deletes, and not what makes way for a private copy', () => {
    const said = link({ comments: { gone: utterance({ uid: 'gone', deleted: true }), hidden: utterance({ uid: 'hidden', public: false }) } });
    expect(deletes(said, { kind: 'ticket.delete', uid: null, draft: null })).toBe(true);
    expect(deletes(said, { kind: 'comment.delete', uid: 'gone', draft: null })).toBe(true);
    expect(deletes(said, { kind: 'comment.delete', uid: 'hidden', draft: null })).toBe(false);
    expect(deletes(said, { kind: 'ticket.update', uid: null, draft: null })).toBe(false);
  });

  test('leaves a reason on the ticket, which goes with the next look that is believed', () => {
    const waiting = heldDeletion(replica(), 'many at once', now);
    expect(waiting.held[DELETION]).toMatchObject({ count: 2, reason: 'gone on its desk, which waits for a person: many at once' });
    expect(heldDeletion(waiting, 'again', now + 1)).toBe(waiting);
    expect(absorb(link(), waiting, look({}), sight()).replica.held).toEqual({});
  });
});

describe('a list of comments that is suddenly empty', () => {
  const uids = ['1:C1', '1:C2', '1:C3'];
  const said = link({ comments: Object.fromEntries(uids.map((uid) => [uid, utterance({ uid })])) });
  const shown = replica({ copies: Object.fromEntries(uids.map((uid) => [uid, copy({ uid, comment_id: `K${uid}` })])) });
  const empty = (on: Replica, began: number) => absorbComments(said, on, look({}, [], began), [], sight());

  test('deletes nothing until it is seen again some time later', () => {
    const first = empty(shown, now);
    expect(first.link).toBe(said);
    expect(first.replica.doubt).toBe(now);
    const soon = empty(first.replica, now + DOUBT_MS - 1);
    expect(soon.link).toBe(said);
    expect(soon.replica.doubt).toBe(now);
    const later = empty(soon.replica, now + DOUBT_MS);
    expect(Object.values(later.link.comments).map(({ deleted }) => deleted)).toEqual([true, true, true]);
    expect(later.replica.doubt).toBe(0);
  });

  test('is forgotten when the comments are there again', () => {
    const back = uids.map((uid) => comment({ id: `K${uid}` }));
    expect(absorbComments(said, { ...shown, doubt: now }, look({}, back, now + 1), back, sight()).replica.doubt).toBe(0);
  });

  test('is believed at once where there were few comments', () => {
    const { '1:C3': _, ...two } = shown.copies;
    expect(empty({ ...shown, copies: two }, now).link.comments['1:C1']?.deleted).toBe(true);
  });

  test('and what a look may have missed is not deleted at all', () => {
    const missing = { ...look({}, [comment({ id: 'K1:C1' })], now), doubted: true };
    expect(absorbComments(said, shown, missing, missing.comments ?? [], sight()).link).toBe(said);
  });
});

describe('a change of the rules', () => {
  const before = [edge(1, 2), edge(2, 1), edge(1, 3), edge(3, 1)];
  const groups = [{ accounts: [1, 2], links: 60 }, { accounts: [1, 3], links: 400 }];

  test('holds the deletions of accounts of which it touches many tickets', () => {
    const ignored = before.map((one) => (one.to === 2 || one.from === 2 ? edge(one.from, one.to, { on_delete: 'close' }) : one));
    expect([...touchedByRules(before, ignored, groups, USUAL_LIMITS)]).toEqual([[2, 'the rules changed for 60 of its 60 tickets']]);
  });

  test('holds nothing where few tickets are touched, or none', () => {
    const ignored = before.map((one) => (one.to === 2 ? edge(one.from, one.to, { on_delete: 'close' }) : one));
    expect(touchedByRules(before, ignored, [{ accounts: [1, 2], links: 50 }], USUAL_LIMITS).size).toBe(0);
    expect(touchedByRules(before, [...before].reverse(), groups, USUAL_LIMITS).size).toBe(0);
    const stored = before.map(({ terms, ...one }) => ({ ...one, terms: Object.fromEntries(Object.entries(terms).reverse()) as typeof terms }));
    expect(touchedByRules(before, stored, groups, USUAL_LIMITS).size).toBe(0);
    expect(touchedByRules(before, [...before, edge(1, 4)], groups, USUAL_LIMITS).size).toBe(0);
  });

  test('counts a new condition as touching all tickets between the two', () => {
    const narrowed = before.map((one) => (one.to === 3 ? edge(1, 3, { where: { required: ['tags'] } }) : one));
    expect([...touchedByRules(before, narrowed, groups, USUAL_LIMITS).keys()]).toEqual([1, 3]);
  });
});
