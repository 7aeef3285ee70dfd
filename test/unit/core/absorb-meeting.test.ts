import { describe, expect, test } from '@jest/globals';
import { absorb } from '../../../src/core/absorb.ts';
import { plan } from '../../../src/core/plan.ts';
import { rulesOf } from '../../../src/core/rules.ts';
import { pairedReplica, type Link } from '../../../src/core/state.ts';
import { ANN, at, can, clock, comment, edge, field, link, look, sight, utterance } from './given.ts';

const met = (of: Link = link()) => pairedReplica('r2', of, 2, 'T2');
const conflict = (name: string, won: unknown, lost: unknown) => expect.objectContaining({ what: 'conflict', field: name, values: { won, lost } });

describe('the first look at a ticket that was there already', () => {
  test('where both say the same nothing is due, and nothing is noted', () => {
    const moved = absorb(link(), met(), look({}, []), sight());
    expect(moved.link).toEqual(link());
    expect(moved.notes).toEqual([]);
    expect(moved.replica).toMatchObject({ state: 'present', meeting: false, base: { subject: 'Printer', status: 'open' } });
    expect(plan(moved.link, moved.replica, sight(), clock(200)).step).toBeNull();
  });

  test('the newer of two values wins, and the other is kept in a note', () => {
    const newer = absorb(link(), met(), look({ status: 'pending', modified_at: at(50) }, []), sight());
    expect(newer.link.fields.status).toMatchObject({ value: 'pending', from: 2 });
    expect(newer.notes).toEqual([conflict('status', 'pending', 'open')]);

    const older = absorb(link(), met(), look({ status: 'pending', modified_at: at(-50) }, []), sight());
    expect(older.link.fields).toEqual(link().fields);
    expect(older.notes).toEqual([conflict('status', 'open', 'pending')]);
    expect(plan(older.link, older.replica, sight(), clock(200)).step).toMatchObject({ kind: 'ticket.update', fields: { status: 'open' } });
  });

  test('its owner’s value counts, however old', () => {
    const here = absorb(link(), met(), look({ status: 'pending', modified_at: at(-50) }, []), sight({ rules: rulesOf([edge(1, 2, { owner: { status: 2 } }), edge(2, 1, { owner: { status: 2 } })]) }));
    expect(here.link.fields.status?.value).toBe('pending');
    const there = absorb(link(), met(), look({ status: 'pending', modified_at: at(50) }, []), sight({ rules: rulesOf([edge(1, 2, { owner: { status: 1 } }), edge(2, 1, { owner: { status: 1 } })]) }));
    expect(there.link.fields.status?.value).toBe('open');
    expect(there.notes).toEqual([conflict('status', 'open', 'pending')]);
  });

  test('one way, what differs there is written over and noted', () => {
    const moved = absorb(link(), met(), look({ status: 'pending', modified_at: at(50) }, []), sight({ rules: rulesOf([edge(1, 2)]) }));
    expect(moved.link).toEqual(link());
    expect(moved.notes).toEqual([conflict('status', 'open', 'pending')]);
  });

  test('an empty value gives way to one that is there, whichever is newer', () => {
    const of = link({ fields: { subject: field('Printer'), priority: field('high'), ticket_type: field(null) } });
    const moved = absorb(of, met(of), look({ priority: null, ticket_type: 'problem', modified_at: at(50) }, []), sight());
    expect(moved.link.fields).toMatchObject({ priority: { value: 'high' }, ticket_type: { value: 'problem' } });
    const older = absorb(of, met(of), look({ priority: null, ticket_type: 'problem', modified_at: at(-50) }, []), sight());
    expect(older.link.fields).toMatchObject({ priority: { value: 'high' }, ticket_type: { value: 'problem' } });
    expect([...moved.notes, ...older.notes]).toEqual([]);
  });

  test('the tags of both stay', () => {
    const of = link({ fields: { tags: field(['a', 'b']) } });
    const moved = absorb(of, met(of), look({ tags: ['b', 'c'] }, []), sight());
    expect(moved.link.fields.tags?.value).toEqual(['a', 'b', 'c']);
    expect(plan(moved.link, moved.replica, sight(), clock(200)).step).toMatchObject({ fields: { tags: ['a', 'b', 'c'] } });
  });

  test('the same words in another form are the same', () => {
    const of = link({ fields: { description: field('<p>It is on <b>fire</b></p>') } });
    const moved = absorb(of, met(of), look({ description: '<div>It is on fire</div>', modified_at: at(50) }, []), sight());
    expect(moved.link).toEqual(of);
    expect(moved.notes).toEqual([]);
    expect(plan(moved.link, moved.replica, sight(), clock(200)).step).toBeNull();
  });

  test('gone before it was looked at: nobody deleted anything, and a new one is made', () => {
    const moved = absorb(link(), met(), look(null), sight());
    expect(moved.link.life.alive).toBe(true);
    expect(moved.replica).toMatchObject({ state: 'wanted', ticket_id: null, generation: 2, meeting: false });
    expect(plan(moved.link, moved.replica, sight(), clock(200)).step?.kind).toBe('ticket.create');
  });

  test('what changed since is absorbed like any change', () => {
    const first = absorb(link(), met(), look({}, []), sight());
    const second = absorb(first.link, first.replica, look({ status: 'resolved', modified_at: at(300) }, [], clock(300)), sight());
    expect(second.link.fields.status?.value).toBe('resolved');
    expect(second.notes).toEqual([]);
  });
});

describe('comments that stood on both tickets', () => {
  const said = link({ comments: { '1:C1': utterance() } });
  const own = (draft: Parameters<typeof comment>[0]) => comment({ author: ANN, content: '<div>Hello</div>', created_at: at(20), ...draft });

  test('the same words, written near in time and shown to the same people, are one comment', () => {
    const moved = absorb(said, met(said), look({}, [own({})]), sight());
    expect(moved.link).toEqual(said);
    expect(moved.replica.copies['1:C1']).toMatchObject({ comment_id: 'K1', ours: false, applied: clock(10) });
    expect(plan(moved.link, moved.replica, sight(), clock(200)).step).toBeNull();
  });

  test.each([
    ['other words', own({ content: '<p>Hello!</p>' })],
    ['another visibility', own({ public: false })],
    ['another time', own({ created_at: at(11 + 601) })],
    ['no time at all', own({ created_at: null })],
  ])('%s make two', (_, other) => {
    const moved = absorb(said, met(said), look({}, [other]), sight());
    expect(Object.keys(moved.link.comments)).toEqual(['1:C1', '2:K1']);
    expect(plan(moved.link, moved.replica, sight(), clock(200)).step).toMatchObject({ kind: 'comment.create', uid: '1:C1' });
  });

  test('each is taken once, in the order of time', () => {
    const twice = link({ comments: { '1:C1': utterance(), '1:C2': utterance({ uid: '1:C2', created: clock(40) }) } });
    const moved = absorb(twice, met(twice), look({}, [own({ id: 'K2', created_at: at(41) }), own({}), own({ id: 'K3', created_at: at(42) })]), sight());
    expect(moved.replica.copies['1:C1']?.comment_id).toBe('K1');
    expect(moved.replica.copies['1:C2']?.comment_id).toBe('K2');
    expect(Object.keys(moved.link.comments)).toEqual(['1:C1', '1:C2', '2:K3']);
  });

  test('a later look pairs nothing any more', () => {
    const first = absorb(said, met(said), look({}, []), sight({ can: can({ comments: { create: false } }) }));
    const second = absorb(first.link, first.replica, look({}, [own({})], clock(200)), sight());
    expect(Object.keys(second.link.comments)).toEqual(['1:C1', '2:K1']);
  });

  test('an edit of one changes the other as its own words, without an author line', () => {
    const moved = absorb(said, met(said), look({}, [own({})]), sight());
    const edited = { ...moved.link, version: 2, comments: { '1:C1': utterance({ content: '<p>Hello all</p>', clock: clock(60) }) } };
    expect(plan(edited, moved.replica, sight(), clock(200)).step).toMatchObject({ kind: 'comment.update', comment_id: 'K1', draft: { content: '<p>Hello all</p>' } });
  });
});
