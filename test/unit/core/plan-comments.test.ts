import { describe, expect, test } from '@jest/globals';
import { commentKey } from '../../../src/core/keys.ts';
import { planComments } from '../../../src/core/plan-comments.ts';
import { rulesOf } from '../../../src/core/rules.ts';
import { can, clock, copy, edge, link, RENDERED, replica, sight, utterance } from './given.ts';

const on = (draft = {}) => link({ comments: { '1:C1': utterance(draft) } });
const bare = replica();
const shown = replica({ copies: { '1:C1': copy() } });
const cannot = (comments: object) => sight({ can: can({ comments }) });

describe('create', () => {
  test('a copy says who wrote it and where', () => {
    expect(planComments(on(), bare, sight()).step).toMatchObject({
      kind: 'comment.create', uid: '1:C1', key: commentKey({ id: 'r2', generation: 1 }, '1:C1', 1), draft: { content: RENDERED, public: true }, clock: clock(10),
    });
  });

  test('comments are made in the order in which they were written', () => {
    const two = link({ comments: { '1:C2': utterance({ uid: '1:C2', created: clock(20) }), '1:C1': utterance({ created: clock(10) }) } });
    expect(planComments(two, bare, sight()).step?.uid).toBe('1:C1');
  });

  test('rule 19: a private comment does not go where it would be public', () => {
    const planned = planComments(on({ public: false }), bare, cannot({ private: false }));
    expect(planned).toMatchObject({ step: null, notes: [{ what: 'left out' }] });
  });

  test('rule 19: a private comment is made private', () => {
    expect(planComments(on({ public: false }), bare, sight()).step?.draft?.public).toBe(false);
  });

  test('a mirror of public comments carries no private one, a mirror of none carries none', () => {
    const rules = (comments: 'public' | 'none') => sight({ rules: rulesOf([edge(1, 2, { comments })]) });
    expect(planComments(on({ public: false }), bare, rules('public')).step).toBeNull();
    expect(planComments(on(), bare, rules('public')).step).not.toBeNull();
    expect(planComments(on(), bare, rules('none')).step).toBeNull();
  });

  test('a comment that was deleted before it was copied is not copied', () => {
    expect(planComments(on({ deleted: true }), bare, sight()).step).toBeNull();
  });
});

describe('update', () => {
  const edited = on({ content: '<p>Bye</p>', clock: clock(50) });

  test('newer words are written over older ones', () => {
    expect(planComments(edited, shown, sight()).step).toMatchObject({
      kind: 'comment.update', comment_id: 'K1', draft: { content: RENDERED.replace('Hello', 'Bye'), public: true }, clock: clock(50),
    });
  });

  test('a desk that cannot edit keeps the first words: never deleted and made again for an edit', () => {
    const planned = planComments(edited, shown, cannot({ edit: false }));
    expect(planned).toMatchObject({ step: null, notes: [{ what: 'not edited' }] });
    expect(planned.replica.copies['1:C1']?.applied).toBe(clock(50));
  });

  test('on the desk where it was written a comment has no author line', () => {
    const home = sight({ account: { id: 1, name: 'one' } });
    const own = replica({ account_id: 1, copies: { '1:C1': copy({ ours: false, text: '<p>Hello</p>' }) } });
    expect(planComments(edited, own, home).step?.draft?.content).toBe('<p>Bye</p>');
  });
});

describe('rule 19: made private later', () => {
  const hidden = on({ public: false });

  test('the copy is made private where the desk can', () => {
    expect(planComments(hidden, shown, sight()).step).toMatchObject({ kind: 'comment.update', draft: { public: false } });
  });

  test('elsewhere it is deleted, and made again in private under a new key', () => {
    const deletes = cannot({ makePrivate: false });
    expect(planComments(hidden, shown, deletes).step).toMatchObject({ kind: 'comment.delete', uid: '1:C1', comment_id: 'K1' });
    const dropped = replica({ copies: { '1:C1': copy({ comment_id: null, generation: 2 }) } });
    expect(planComments(hidden, dropped, deletes).step).toMatchObject({
      kind: 'comment.create', key: commentKey({ id: 'r2', generation: 1 }, '1:C1', 2), draft: { public: false },
    });
  });

  test('a person\'s own comment is not deleted for it', () => {
    const planned = planComments(hidden, replica({ copies: { '1:C1': copy({ ours: false }) } }), cannot({ makePrivate: false }));
    expect(planned).toMatchObject({ step: null, notes: [{ what: 'still public' }] });
  });

  test('what stays public gets none of the later words', () => {
    const later = on({ public: false, content: '<p>secret</p>', clock: clock(60) });
    expect(planComments(later, shown, cannot({ makePrivate: false, delete: false })).step).toBeNull();
  });

  test('words that were refused do not keep a copy public', () => {
    const held = { ...shown, held: { 'public:1:C1': { clock: clock(10), count: 2, reason: 'no', at: clock(90) } } };
    expect(planComments(hidden, held, sight()).step?.kind).toBe('comment.update');
  });
});

describe('delete', () => {
  const gone = on({ deleted: true, clock: clock(50) });

  test('a deleted comment is deleted everywhere', () => {
    expect(planComments(gone, shown, sight()).step).toMatchObject({ kind: 'comment.delete', comment_id: 'K1', clock: clock(50) });
  });

  test('a desk that cannot delete keeps it, and that is explained', () => {
    expect(planComments(gone, shown, cannot({ delete: false }))).toMatchObject({ step: null, notes: [{ what: 'kept' }] });
  });

  test('rule 3: a surplus copy of our own is deleted first', () => {
    const planned = planComments(on(), { ...bare, surplus: ['K9'] }, sight());
    expect(planned.step).toMatchObject({ kind: 'comment.delete', uid: null, comment_id: 'K9' });
  });

  test('rule 25: a deletion that was refused twice is not tried again', () => {
    const held = { ...shown, held: { 'gone:1:C1': { clock: clock(50), count: 2, reason: 'no', at: clock(90) } } };
    expect(planComments(gone, held, sight()).step).toBeNull();
  });
});
