import { describe, expect, test } from '@jest/globals';
import { CLOCKS_APART_MS } from '../../../src/core/landing.ts';
import { absorbComments } from '../../../src/core/absorb-comments.ts';
import { commentKey } from '../../../src/core/keys.ts';
import type { Comment } from '../../../src/core/model.ts';
import { rulesOf } from '../../../src/core/rules.ts';
import type { Link, Replica } from '../../../src/core/state.ts';
import { at, can, clock, comment, copy, edge, intent, link, look, RENDERED, replica, sight, utterance } from './given.ts';

const known = link({ comments: { '1:C1': utterance() } });
const shown = replica({ copies: { '1:C1': copy() } });
const key = commentKey({ id: 'r2', generation: 1 }, '1:C1', 1);

function seen(comments: readonly Comment[], before: Link = known, on: Replica = shown, eyes = sight(), began = clock(100)) {
  return absorbComments(before, on, look({}, comments, began), comments, eyes);
}

describe('new comments', () => {
  test('a comment that nobody knew is a person\'s and enters the link', () => {
    const moved = seen([comment(), comment({ id: 'K2', content: '<p>Hi</p>', public: false, created_at: at(50), modified_at: at(50) })]);
    expect(moved.link.comments['2:K2']).toEqual({
      uid: '2:K2', from: 2, author: null, content: '<p>Hi</p>', public: false, deleted: false, clock: clock(50), created: clock(50), files: [],
    });
    expect(moved.replica.copies['2:K2']).toMatchObject({ comment_id: 'K2', ours: false, applied: clock(50) });
  });

  test('what the link knows already is not said to by an old look', () => {
    const older = link({ comments: { '2:K2': utterance({ uid: '2:K2', from: 2, content: '<p>Later words</p>' }) } });
    const moved = seen([comment({ id: 'K2', content: '<p>First words</p>' })], older, replica());
    expect(moved.link).toBe(older);
    expect(moved.replica.copies['2:K2']).toMatchObject({ comment_id: 'K2', ours: false, applied: 0 });
  });
});

describe('our own comments', () => {
  const open = intent({ kind: 'comment.create', uid: '1:C1', key, draft: { content: RENDERED, public: true }, clock: clock(10) });
  const without = replica({ intent: open });

  test('rule 5: one that carries the key of an open create is adopted, and what was written is base, not what is seen', () => {
    const moved = seen([comment({ key, content: RENDERED.replace('Hello', 'Hello, edited'), modified_at: at(80) })], known, without);
    expect(moved.replica.copies['1:C1']).toMatchObject({ comment_id: 'K1', ours: true });
    expect(moved.link.comments['1:C1']).toMatchObject({ content: '<p>Hello, edited</p>', clock: clock(80) });
  });

  test('one that carries our key while nothing is open is adopted too, and written over if the link says otherwise', () => {
    const moved = seen([comment({ key, content: '<p>older</p>' })], known, replica());
    expect(moved.link).toBe(known);
    expect(moved.replica.copies['1:C1']).toMatchObject({ comment_id: 'K1', applied: 0, ours: true });
  });

  test('rule 3: a second one with our key and the same words is surplus', () => {
    const moved = seen([comment(), comment({ id: 'K9', key })]);
    expect(moved.replica.surplus).toEqual(['K9']);
    expect(moved.link).toBe(known);
  });

  test('rule 3: it is surplus too where the recorded one is seen edited in the same look', () => {
    const edited = comment({ content: RENDERED.replace('Hello', 'Hello, edited'), modified_at: at(80) });
    const known = seen([edited, comment({ id: 'K9', key })]);
    expect(known.replica.surplus).toEqual(['K9']);
    expect(Object.keys(known.link.comments)).toEqual(['1:C1']);
    const adopted = seen([{ ...edited, key }, comment({ id: 'K9', key })], undefined, without);
    expect(adopted.replica).toMatchObject({ surplus: ['K9'], copies: { '1:C1': { comment_id: 'K1' } } });
    expect(adopted.link.comments).toMatchObject({ '1:C1': { content: '<p>Hello, edited</p>' } });
    expect(Object.keys(adopted.link.comments)).toEqual(['1:C1']);
  });

  test('rule 3: a try that no look showed and that takes effect late is surplus, though its words have changed', () => {
    const before = link({ comments: { '1:C1': utterance({ content: '<p>Newer</p>', clock: clock(30) }) } });
    const on = replica({ copies: { '1:C1': copy({ text: RENDERED.replace('Hello', 'Newer'), applied: clock(30), tried: RENDERED }) } });
    const moved = seen([comment({ content: RENDERED.replace('Hello', 'Newer') }), comment({ id: 'K9', key })], before, on);
    expect(moved.replica.surplus).toEqual(['K9']);
    expect(moved.link).toBe(before);
  });

  test('rule 5: such a try is no edit where nothing else has been made yet, and the newer words are due', () => {
    const before = link({ comments: { '1:C1': utterance({ content: '<p>Newer</p>', clock: clock(30) }) } });
    const draft = { content: RENDERED.replace('Hello', 'Newer'), public: true };
    const again = replica({
      copies: { '1:C1': copy({ comment_id: null, text: null, applied: 0, tried: RENDERED }) },
      intent: intent({ kind: 'comment.create', uid: '1:C1', key, draft, clock: clock(30) }),
    });
    const moved = seen([comment({ key })], before, again);
    expect(moved.link).toBe(before);
    expect(moved.replica.copies['1:C1']).toMatchObject({ comment_id: 'K1', text: RENDERED, applied: 0 });
  });

  test('rule 4: one with our key and other words is a person who quoted us', () => {
    const moved = seen([comment(), comment({ id: 'K9', key, content: '<p>as you said</p>' })]);
    expect(moved.replica.surplus).toEqual([]);
    expect(moved.link.comments['2:K9']).toBeDefined();
  });

  test('rule 10: after an unanswered edit, what equals its forecast is our own', () => {
    const editing = replica({
      copies: { '1:C1': copy() },
      intent: intent({ kind: 'comment.update', uid: '1:C1', draft: { content: RENDERED.replace('Hello', 'Bye'), public: true }, clock: clock(60) }),
    });
    const moved = seen([comment({ content: RENDERED.replace('Hello', 'Bye') })], known, editing);
    expect(moved.link).toBe(known);
    expect(moved.replica.copies['1:C1']?.applied).toBe(clock(60));
  });
});

describe('edits', () => {
  const edited = comment({ content: RENDERED.replace('Hello', 'Bye'), modified_at: at(50) });

  test('an edited copy enters without its author line', () => {
    const moved = seen([edited]);
    expect(moved.link.comments['1:C1']).toMatchObject({ content: '<p>Bye</p>', clock: clock(50) });
    expect(moved.replica.copies['1:C1']?.applied).toBe(clock(50));
  });

  test('the author line is recognised in the form that the desk gave it', () => {
    const bold = (html: string): string => html.replaceAll('strong>', 'b>');
    const eyes = sight({ forecastComment: (draft) => ({ ...draft, content: bold(draft.content) }) });
    const on = replica({ copies: { '1:C1': copy({ text: bold(RENDERED) }) } });
    expect(seen([{ ...edited, content: bold(edited.content) }], known, on, eyes).link.comments['1:C1']?.content).toBe('<p>Bye</p>');
  });

  test('rule 14: an edit made with the latest words in view enters, whatever the clocks say', () => {
    expect(seen([{ ...edited, modified_at: '2020-01-01T00:00:00Z' }]).link.comments['1:C1']).toMatchObject({ content: '<p>Bye</p>', clock: clock(10) + 1 });
  });

  test('rule 14: an older edit that did not know of a newer one loses and stays due', () => {
    const newer = link({ comments: { '1:C1': utterance({ content: '<p>Newer</p>', clock: clock(70) }) } });
    const moved = seen([edited], newer);
    expect(moved.link).toBe(newer);
    expect(moved.replica.copies['1:C1']?.applied).toBe(clock(10));
    expect(moved.notes).toMatchObject([{ what: 'conflict' }]);
  });

  test('a deletion wins over an edit, and stays due here', () => {
    const gone = link({ comments: { '1:C1': utterance({ deleted: true, clock: clock(40) }) } });
    const moved = seen([edited], gone);
    expect(moved.link).toBe(gone);
    expect(moved.replica.copies['1:C1']?.applied).toBe(clock(10));
  });

  test('an edit on the receiving end of a one-way mirror stays there', () => {
    const moved = seen([edited], known, shown, sight({ rules: rulesOf([edge(1, 2)]) }));
    expect(moved.link).toBe(known);
    expect(moved.notes).toMatchObject([{ what: 'left alone' }]);
  });
});

describe('visibility', () => {
  test('rule 19: it tightens for all, and leaves the clock of the words alone', () => {
    const moved = seen([comment({ public: false })]);
    expect(moved.link).toMatchObject({ version: 2, comments: { '1:C1': { public: false, clock: clock(10) } } });
  });

  test('rule 19: it never widens', () => {
    const hidden = link({ comments: { '1:C1': utterance({ public: false }) } });
    const moved = seen([comment({ public: true })], hidden, replica({ copies: { '1:C1': copy({ public: false }) } }));
    expect(moved.link.comments['1:C1']?.public).toBe(false);
  });
});

describe('a second copy of ours', () => {
  const hidden = comment({ id: 'K9', key, public: false });

  test('rule 19: that a person hid hides the comment for all', () => {
    const first = seen([comment(), hidden]);
    expect(first.replica.surplus).toEqual(['K9']);
    expect(first.link.comments['1:C1']).toMatchObject({ public: false, clock: clock(10) });
    const later = seen([comment(), hidden], known, { ...shown, surplus: ['K9'] });
    expect(later.link.comments['1:C1']?.public).toBe(false);
  });

  test('hides nothing where no mirror carries that, and does not count while it is public', () => {
    expect(seen([comment(), hidden], known, shown, sight({ rules: rulesOf([edge(1, 2)]) })).link).toBe(known);
    expect(seen([comment(), { ...hidden, public: true }], known, { ...shown, surplus: ['K9'] }).link).toBe(known);
  });
});

describe('words that were hidden before anybody looked', () => {
  const edited = comment({ content: RENDERED.replace('Hello', 'Only for us'), public: false, modified_at: at(50) });
  const over = (comments: 'all' | 'public') => sight({ rules: rulesOf([edge(1, 2), edge(2, 1, { comments })]) });

  test('a mirror of public comments tells that it is private, and not what it says now', () => {
    const moved = seen([edited], known, shown, over('public'));
    expect(moved.link.comments['1:C1']).toMatchObject({ public: false, content: utterance().content, clock: clock(10) });
    expect(moved.replica.copies['1:C1']).toMatchObject({ public: false, text: edited.content });
    expect(moved.notes).toMatchObject([{ what: 'left alone' }]);
    expect(seen([edited], moved.link, moved.replica, over('public'), clock(200)).link).toBe(moved.link);
  });

  test('a mirror of all comments tells both', () => {
    expect(seen([edited], known, shown, over('all')).link.comments['1:C1']).toMatchObject({ public: false, content: '<p>Only for us</p>' });
  });
});

describe('absence', () => {
  const lagging = sight({ can: can({ comments: { listLagMs: 30_000 } }) });

  test('rule 18: a copy that is missing was deleted by a person, if the look began late enough to have shown it', () => {
    const moved = seen([], known, shown, lagging, clock(42) + CLOCKS_APART_MS);
    expect(moved.link.comments['1:C1']).toMatchObject({ deleted: true, clock: clock(42) + CLOCKS_APART_MS });
  });

  test('rule 18: a look that began within the list\'s lag proves nothing', () => {
    expect(seen([], known, shown, lagging, clock(41) + CLOCKS_APART_MS).link).toBe(known);
  });

  test('rule 13: a copy that we are deleting ourselves was not deleted by a person', () => {
    const moved = seen([], known, { ...shown, intent: intent({ kind: 'comment.delete', uid: '1:C1', comment_id: 'K1' }) });
    expect(moved.link).toBe(known);
  });

  test('a copy deleted on the receiving end of a one-way mirror is only gone there', () => {
    const moved = seen([], known, shown, sight({ rules: rulesOf([edge(1, 2)]) }));
    expect(moved.link).toBe(known);
    expect(moved.replica.copies['1:C1']?.deleted).toBe(true);
  });
});
