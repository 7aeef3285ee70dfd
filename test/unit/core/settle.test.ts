import { describe, expect, test } from '@jest/globals';
import { CLOCKS_APART_MS, lookAllowedAt, mayResend, sentAgain } from '../../../src/core/landing.ts';
import { absorb } from '../../../src/core/absorb.ts';
import { commentKey } from '../../../src/core/keys.ts';
import { plan } from '../../../src/core/plan.ts';
import { parkedNotes, settle, settleByLook, type Outcome } from '../../../src/core/settle.ts';
import type { Intent, Replica } from '../../../src/core/state.ts';
import { at, can, clock, comment, copy, field, intent, link, look, RENDERED, replica, sight, ticket, utterance } from './given.ts';

const now = clock(100);
const done = (draft: Partial<Extract<Outcome, { kind: 'done' }>> = {}): Outcome => ({
  kind: 'done', id: null, ticket: null, comment: null, warnings: [], adopted: false, ...draft,
});
const refused: Outcome = { kind: 'refused', reason: 'no', fields: [] };
const holding = (open: Partial<Intent>, more: Partial<Replica> = {}): Replica => replica({ intent: intent(open), ...more });

describe('create', () => {
  const create: Partial<Intent> = {
    kind: 'ticket.create', fields: { subject: 'Printer', status: 'open' }, forecast: { subject: 'Printer', status: 'open' },
    clocks: { subject: clock(0), status: clock(0) }, life: clock(0),
  };
  const creating = holding(create, { state: 'creating', ticket_id: null, base: {}, applied: {} });

  test('rule 6: what is applied is what the intent carried, not what the link says by now', () => {
    const moved = settle(link({ fields: { subject: field('Newer', 95) } }), creating, done({ id: 'T9' }), sight(), now);
    expect(moved.replica).toMatchObject({ state: 'present', ticket_id: 'T9', intent: null, applied: { subject: clock(0) }, base: { subject: 'Printer' } });
  });

  test('an adopted ticket without the assignee that was written unassigns nobody elsewhere: this desk may not know them', () => {
    const ann = { user_id: null, email: 'ann@example.com', name: null };
    const assigned = holding(
      { ...create, fields: { assignee: ann }, forecast: { assignee: 'ann@example.com' }, clocks: { assignee: clock(0) } },
      { state: 'creating', ticket_id: null, base: {}, applied: {} },
    );
    const before = link({ fields: { assignee: field(ann, 0) } });
    const moved = settle(before, assigned, done({ id: 'T2', adopted: true, ticket: ticket({ assignee: null }) }), sight(), now);
    expect(moved.link.fields.assignee).toEqual(before.fields.assignee);
    expect(moved.replica.base.assignee).toBeNull();
  });

  test('rule 5: an adopted ticket has what was written as base, so that a person\'s edit since then enters', () => {
    const outcome = done({ id: 'T2', adopted: true, ticket: ticket({ subject: 'Edited' }) });
    const moved = settle(link(), creating, outcome, sight(), now);
    expect(moved.link.fields.subject).toMatchObject({ value: 'Edited', from: 2 });
  });

  test('rule 8: one that is found in the trash was deleted by a person', () => {
    const moved = settle(link(), creating, done({ id: 'T2', adopted: true, ticket: ticket({ is_deleted: true }) }), sight(), now);
    expect(moved.link.life.alive).toBe(false);
    expect(moved.replica.state).toBe('deleted');
  });

  test('unsure keeps the intent, and remembers whether an answer came', () => {
    expect(settle(link(), creating, { kind: 'unsure', answered: true }, sight(), now).replica.intent?.answered).toBe(now);
    expect(settle(link(), creating, { kind: 'unsure', answered: false }, sight(), now).replica.intent?.answered).toBeNull();
  });

  test('not done at the first try leaves nothing open', () => {
    expect(settle(link(), creating, { kind: 'undone' }, sight(), now).replica).toMatchObject({ intent: null, state: 'wanted', failures: 1 });
  });

  test.each<[string, Outcome, object]>([
    ['not done', { kind: 'undone' }, { answered: now }],
    ['refused', refused, { answered: now, refused: 'no' }],
  ])('rule 6: %s at a later try does not erase what an earlier one may have done', (_, outcome, open) => {
    const again = holding({ ...create, tries: 2 }, { state: 'creating', ticket_id: null });
    expect(settle(link(), again, outcome, sight(), now).replica.intent).toMatchObject({ clocks: create.clocks, ...open });
  });
});

describe('update', () => {
  const status: Partial<Intent> = { fields: { status: 'pending' }, forecast: { status: 'pending' }, clocks: { status: clock(50) } };
  const newer = link({ version: 2, fields: { subject: field('Printer'), status: field('pending', 50) } });

  test('rule 9: the answer is a look: what a person changed in other fields enters', () => {
    const moved = settle(newer, holding(status), done({ ticket: ticket({ status: 'pending', subject: 'Edited' }) }), sight(), now);
    expect(moved.link.fields).toMatchObject({ subject: { value: 'Edited', from: 2 }, status: { value: 'pending', from: 1 } });
  });

  test('rule 11: an exact field that the answer shows otherwise was changed by that desk', () => {
    const moved = settle(newer, holding(status), done({ ticket: ticket({ status: 'resolved' }) }), sight(), now);
    expect(moved.link.fields.status).toMatchObject({ value: 'resolved', from: 2 });
  });

  test('rule 11: a text that the answer shows otherwise was only reformatted', () => {
    const text = holding({ fields: { subject: 'Two  words' }, forecast: { subject: 'Two  words' }, clocks: { subject: clock(50) } });
    const before = link({ version: 2, fields: { subject: field('Two  words', 50) } });
    const moved = settle(before, text, done({ ticket: ticket({ subject: 'Two words' }) }), sight(), now);
    expect(moved.link).toBe(before);
    expect(moved.replica).toMatchObject({ base: { subject: 'Two words' }, applied: { subject: clock(50) }, wrote: { subject: now } });
  });

  test('what the desk left out of the write is not a change made there', () => {
    const outcome = done({ ticket: ticket({ status: 'open' }), warnings: [{ field: 'status', reason: 'not in the list' }] });
    expect(settle(newer, holding(status), outcome, sight(), now).link.fields.status).toMatchObject({ value: 'pending' });
  });

  test('missing deletes nothing elsewhere: a look has to say that the ticket is gone', () => {
    const moved = settle(newer, holding(status), { kind: 'missing' }, sight(), now);
    expect(moved.link).toBe(newer);
    expect(moved.replica).toMatchObject({ state: 'present', intent: null, held: { 'field:status': { count: 1 } } });
  });

  test('rule 25: a refusal is counted for the fields that the desk blames; the second holds them', () => {
    const both = { ...status, clocks: { status: clock(50), subject: clock(40) } };
    const first = settle(newer, holding(both), { ...refused, fields: ['status'] }, sight(), now).replica;
    expect(first.held).toEqual({ 'field:status': { clock: clock(50), count: 1, reason: 'no', at: now } });
    const second = settle(newer, { ...first, intent: intent(both) }, { ...refused, fields: ['status'] }, sight(), now).replica;
    expect(parkedNotes(second)).toEqual([{ what: 'field:status', because: 'no' }]);
  });

  test('a success clears what was held', () => {
    const held = holding(status, { held: { 'field:status': { clock: clock(40), count: 2, reason: 'no', at: now } }, failures: 3 });
    expect(settle(newer, held, done(), sight(), now).replica).toMatchObject({ held: {}, failures: 0 });
  });
});

describe('delete and restore', () => {
  test.each<[string, Outcome]>([['done', done()], ['missing', { kind: 'missing' }]])('rule 13: a delete that is %s is our own', (_, outcome) => {
    const before = link({ life: { alive: false, clock: clock(50), from: 1 } });
    const moved = settle(before, holding({ kind: 'ticket.delete', life: clock(50) }), outcome, sight(), now);
    expect(moved.link).toBe(before);
    expect(moved.replica).toMatchObject({ state: 'deleted', life_applied: clock(50) });
  });

  test('a restore brings the replica back', () => {
    const gone = holding({ kind: 'ticket.restore', life: clock(60) }, { state: 'deleted' });
    expect(settle(link(), gone, done(), sight(), now).replica).toMatchObject({ state: 'present', life_applied: clock(60) });
  });

  test('a restore brings back the copies whose deletion counted as done while the ticket was gone', () => {
    const said = link({ comments: { '1:C1': utterance({ deleted: true, clock: clock(40) }) } });
    const gone = holding({ kind: 'ticket.restore', life: clock(60) }, { state: 'deleted', copies: { '1:C1': copy({ deleted: true, applied: clock(40) }) } });
    expect(settle(said, gone, done(), sight(), now).replica.copies['1:C1']).toMatchObject({ deleted: false, applied: 0 });
  });
});

describe('comments', () => {
  const one = link({ comments: { '1:C1': utterance() } });
  const removing = holding({ kind: 'comment.delete', uid: '1:C1', comment_id: 'K1', clock: clock(50) }, { copies: { '1:C1': copy() } });

  test('a created copy is on record with the clock that its draft carried', () => {
    const open = holding({ kind: 'comment.create', uid: '1:C1', draft: { content: RENDERED, public: true }, clock: clock(10) });
    const moved = settle(one, open, done({ comment: comment({ id: 'K7' }) }), sight(), now);
    expect(moved.replica.copies['1:C1']).toEqual(copy({ comment_id: 'K7', since: now }));
  });

  test('rule 19: a copy that was deleted to be made again starts a new generation', () => {
    expect(settle(one, removing, done(), sight(), now).replica.copies['1:C1']).toMatchObject({ comment_id: null, generation: 2, applied: 0 });
  });

  test('rule 13: a comment to be deleted that is missing is deleted', () => {
    const gone = link({ comments: { '1:C1': utterance({ deleted: true, clock: clock(50) }) } });
    expect(settle(gone, removing, { kind: 'missing' }, sight(), now).replica.copies['1:C1']).toMatchObject({ deleted: true });
  });

  test('a copy that is missing though it should live may have been deleted by a person: the next look may believe its absence', () => {
    const moved = settle(one, removing, { kind: 'missing' }, sight(), now);
    expect(moved.replica.copies['1:C1']).toMatchObject({ comment_id: 'K1', since: 0, generation: 1 });
  });

  test('a surplus copy that is deleted is off the list', () => {
    const surplus = holding({ kind: 'comment.delete', uid: null, comment_id: 'K9' }, { surplus: ['K9'] });
    expect(settle(one, surplus, done(), sight(), now).replica.surplus).toEqual([]);
  });
});

describe('a look settles what was unsure', () => {
  test('a comment that we were deleting and that is not there is deleted', () => {
    const open = holding({ kind: 'comment.delete', uid: '1:C1', comment_id: 'K1' }, { copies: { '1:C1': copy() } });
    const settled = settleByLook(link({ comments: { '1:C1': utterance() } }), open, look({}, []), sight());
    expect(settled).toMatchObject({ intent: null, copies: { '1:C1': { comment_id: null, generation: 2 } } });
  });

  test('a comment that no look shows is made anew, and what was tried stays known', () => {
    const open = holding({ kind: 'comment.create', uid: '1:C1', draft: { content: RENDERED, public: true }, clock: clock(10) });
    const closed = settleByLook(link({ comments: { '1:C1': utterance() } }), open, look({}, []), sight());
    expect(closed).toMatchObject({ intent: null, copies: { '1:C1': { comment_id: null, applied: 0, tried: RENDERED } } });
    const made = settle(link({ comments: { '1:C1': utterance() } }), { ...closed, intent: open.intent }, done({ comment: comment() }), sight(), now);
    expect(made.replica.copies['1:C1']).toMatchObject({ comment_id: 'K1', tried: RENDERED });
  });

  test('a ticket that we were restoring and that is there is restored', () => {
    expect(settleByLook(link(), holding({ kind: 'ticket.restore', life: clock(60) }), look({}), sight())).toMatchObject({ intent: null, life_applied: clock(60) });
  });

  test('what was being updated on a ticket that is gone is not known any more', () => {
    const open = holding({ clocks: { status: clock(50) } });
    expect(settleByLook(link(), open, look(null), sight()).base).toEqual({ subject: 'Printer' });
  });

  test.each<[string, Partial<Intent>]>([
    ['a comment', { kind: 'comment.create' }],
    ['a comment along with an update', { kind: 'ticket.update', clocks: { status: clock(50) } }],
  ])('%s that may have been made on a ticket that is gone is known when it comes back, with what a person made of it', (_, kind) => {
    const said = link({ comments: { '1:C1': utterance() } });
    const key = commentKey({ id: 'r2', generation: 1 }, '1:C1', 1);
    const open = holding({ ...kind, key, uid: '1:C1', draft: { content: RENDERED, public: true }, clock: clock(10) });
    const gone = { ...settleByLook(said, open, look(null), sight()), state: 'deleted' as const };
    const back = absorb(said, gone, look({}, [comment({ key, content: RENDERED.replace('Hello', 'Hello, edited'), modified_at: at(80) })]), sight());
    expect(back.link.comments['1:C1']).toMatchObject({ content: '<p>Hello, edited</p>', clock: clock(80) });
    expect(back.replica.copies['1:C1']).toMatchObject({ comment_id: 'K1', applied: clock(80) });
    expect(plan(said, { ...gone, state: 'present' }, sight(), now).step).toMatchObject({ kind: 'comment.create', uid: '1:C1', key });
  });
});

describe('rule 1: looking too early is not looking', () => {
  const lagging = can({ tickets: { findLagMs: 40_000 }, comments: { listLagMs: 10_000 } });

  test.each<[string, Partial<Intent>, number]>([
    ['a create without an answer', { kind: 'ticket.create' }, 90_000 + 20_000 + 40_000],
    ['a create that was answered', { kind: 'ticket.create', answered: clock(95) }, 95_000 + 40_000],
    ['a comment without an answer', { kind: 'comment.create' }, 90_000 + 20_000 + 10_000],
    ['an update without an answer', { kind: 'ticket.update' }, 90_000 + 20_000],
  ])('%s: only when it must have landed and be visible', (_, open, afterT) => {
    expect(lookAllowedAt(intent(open), lagging) - clock(0)).toBe(afterT + CLOCKS_APART_MS);
  });

  test('an earlier try that was not answered may still be under way when a later one is', () => {
    const again = sentAgain(intent({ kind: 'ticket.create' }), lagging, clock(95));
    expect(again).toMatchObject({ tries: 2, sent: clock(95), first_sent: clock(90) });
    expect(lookAllowedAt({ ...again, answered: clock(96) }, lagging)).toBe(clock(90 + 20 + 40) + CLOCKS_APART_MS);
  });

  test('a create may be sent again at once while the desk remembers its key, unless it was refused then', () => {
    const remembering = can({ tickets: { idempotentCreateMs: 60_000 } });
    const create = intent({ kind: 'ticket.create' });
    expect(mayResend(create, remembering, clock(100))).toBe(true);
    expect(mayResend(create, remembering, clock(150))).toBe(false);
    expect(mayResend({ ...create, refused: 'no' }, remembering, clock(100))).toBe(false);
    expect(mayResend(create, can({ tickets: { idempotentCreateMs: 0 } }), create.first_sent - 1_000)).toBe(false);
    expect(mayResend(intent({ kind: 'comment.create' }), remembering, clock(100))).toBe(false);
  });
});

describe('an update with a comment along', () => {
  const along: Partial<Intent> = {
    kind: 'ticket.update', fields: { subject: 'Scanner' }, forecast: { subject: 'Scanner' }, clocks: { subject: clock(50) },
    uid: '1:C1', draft: { content: RENDERED, public: true }, clock: clock(10),
  };
  const due = link({ version: 2, fields: { subject: field('Scanner', 50), status: field('open') }, comments: { '1:C1': utterance() } });

  test('done, settles both', () => {
    const outcome = done({ ticket: ticket({ subject: 'Scanner' }), comment: comment() });
    const moved = settle(due, holding(along), outcome, sight(), now);
    expect(moved.replica).toMatchObject({ intent: null, applied: { subject: clock(50) }, base: { subject: 'Scanner' }, copies: { '1:C1': { comment_id: 'K1', ours: true, applied: clock(10) } } });
  });

  test('refused, counts against both, or against the field that the desk blames', () => {
    expect(Object.keys(settle(due, holding(along), refused, sight(), now).replica.held)).toEqual(['field:subject', 'public:1:C1']);
    expect(Object.keys(settle(due, holding(along), { ...refused, fields: ['subject'] }, sight(), now).replica.held)).toEqual(['field:subject']);
  });

  test('unsure, waits until the list shows comments, and is settled by what is seen', () => {
    const lagging = can({ comments: { listLagMs: 7_000 } });
    const open = holding({ ...along, sent: now, answered: null });
    expect(lookAllowedAt(open.intent!, lagging)).toBe(now + 20_000 + 7_000 + CLOCKS_APART_MS);
    const seen = look({ subject: 'Scanner' }, [comment({ key: along.key ?? null })], now + 60_000);
    expect(settleByLook(due, open, seen, sight()).intent).toBeNull();
  });

  test('with files, is given the time that these take', () => {
    const slow = { ...can(), files: { ...can().files, callTimeoutMs: 90_000 } };
    const file = { from: 1, ticket_id: 'T1', comment_id: 'C1', id: 'a', url: 'u', filename: 'f', content_type: null, size: 1, inline: false };
    const open = intent({ ...along, draft: { content: RENDERED, public: true, files: [file] }, sent: now });
    expect(lookAllowedAt(open, slow)).toBe(now + 90_000 + CLOCKS_APART_MS);
  });
});
