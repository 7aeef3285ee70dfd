/** The small parts of the core: rules between accounts, normal forms, keys, author lines, delays. */
import { FIELD_NAMES } from '../../../src/core/model.ts';
import { describe, expect, test } from '@jest/globals';
import { retryDelay } from '../../../src/core/backoff.ts';
import { digest, identity, normal, normalFields, same, timeOf } from '../../../src/core/compare.ts';
import { KEY_PATTERN, keyOf } from '../../../src/core/key.ts';
import { commentKey, ticketKey } from '../../../src/core/keys.ts';
import { authorLine, renderComment, unrenderComment } from '../../../src/core/render.ts';
import { rulesOf } from '../../../src/core/rules.ts';
import { ALL, ANN, edge } from './given.ts';

describe('rules', () => {
  test('mirrors close over paths, under the narrower terms', () => {
    const rules = rulesOf([edge(1, 2, { comments: 'public', ignore: ['priority'] }), edge(2, 3, { on_delete: 'ignore', ignore: ['due_at'] })]);
    expect(rules.terms(1, 3)).toMatchObject({ ignore: ['priority', 'due_at'], comments: 'public', on_delete: 'ignore' });
    expect(rules.reached(1)).toEqual([2, 3]);
  });

  test('between two paths the wider terms hold', () => {
    const rules = rulesOf([edge(1, 2, { comments: 'none', ignore: ['status'] }), edge(1, 2, { ignore: ['priority'] })]);
    expect(rules.terms(1, 2)).toEqual(ALL);
  });

  test('nothing travels against a one-way mirror, and an account reaches itself', () => {
    const rules = rulesOf([edge(1, 2)]);
    expect(rules.terms(2, 1)).toBeNull();
    expect(rules.terms(2, 2)).toEqual(ALL);
    expect([rules.inbound(1), rules.inbound(2)]).toEqual([false, true]);
  });

  test('a circle of mirrors comes to an end', () => {
    expect(rulesOf([edge(1, 2), edge(2, 3), edge(3, 1)]).reached(1)).toEqual([2, 3]);
  });
});

describe('normal forms', () => {
  test('absent, null and empty are three things, except that a set cannot be null', () => {
    expect([normal('subject', undefined), normal('subject', null), normal('subject', '')]).toEqual([undefined, null, '']);
    expect([normal('tags', undefined), normal('tags', null), normal('tags', [])]).toEqual([undefined, [], []]);
  });

  test('sets have no order and no repetition, people are their e-mail without case, long texts a digest', () => {
    expect(normal('tags', ['b', 'a', 'b'])).toEqual(['a', 'b']);
    expect(normal('assignee', { ...ANN, email: 'ANN@one.example' })).toBe('ann@one.example');
    expect(identity({ user_id: '7', email: null, name: 'Bob' })).toBe('id:7');
    expect(digest('x'.repeat(80))).toBe('x'.repeat(80));
    expect(digest('x'.repeat(81))).toMatch(/^#.{43}$/);
  });

  test('sets are the same by their members', () => {
    expect(same(['a'], ['a'])).toBe(true);
    expect(same(['a'], ['a', 'b'])).toBe(false);
    expect(same(null, undefined)).toBe(false);
  });

  test('only mirrored fields are compared', () => {
    expect(normalFields({ subject: 'x', group: 'sales' }, FIELD_NAMES)).toEqual({ subject: 'x' });
  });

  test('a time that cannot be read is another one', () => {
    expect([timeOf('1970-01-01T00:00:01Z', 5), timeOf(null, 5), timeOf('soon', 5)]).toEqual([1000, 5, 5]);
  });
});

describe('keys', () => {
  test('the same parts give the same key, in a form that is a tag, an id and a word', () => {
    expect(keyOf('a', 1)).toBe(keyOf('a', 1));
    expect(keyOf('a', 1)).toMatch(KEY_PATTERN);
    expect(keyOf('a', 1)).not.toBe(keyOf('a1'));
  });

  test('rule 7: every generation of a ticket, and of a copy, has its own', () => {
    const keys = [
      ticketKey({ id: 'r', generation: 1 }),
      ticketKey({ id: 'r', generation: 2 }),
      commentKey({ id: 'r', generation: 1 }, 'c', 1),
      commentKey({ id: 'r', generation: 1 }, 'c', 2),
      commentKey({ id: 'r', generation: 2 }, 'c', 1),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('the author line', () => {
  const asIs = (html: string): string => html;

  test('names are text, not HTML', () => {
    expect(authorLine({ author: { ...ANN, name: '<b>"A"&' } }, 'x')).toBe('<p><strong>&lt;b&gt;&quot;A&quot;&amp;</strong> (x):</p>');
    expect(authorLine({ author: null }, 'x')).toBe('<p><strong>Someone</strong> (x):</p>');
  });

  test('it is put on and taken off again', () => {
    const one = { author: ANN, content: '<p>Hello</p>' };
    expect(unrenderComment(renderComment(one, 'one'), one, 'one', asIs)).toBe('<p>Hello</p>');
    expect(unrenderComment('<p>all new</p>', one, 'one', asIs)).toBe('<p>all new</p>');
    expect(unrenderComment(renderComment(one, 'one').toUpperCase(), one, 'one', (html) => html.toUpperCase())).toBe('<P>HELLO</P>');
  });
});

test('delays double from a second to an hour, and chance takes up to a quarter off', () => {
  expect([1, 2, 3, 13, 50].map((failures) => retryDelay(failures, 0))).toEqual([1_000, 2_000, 4_000, 3_600_000, 3_600_000]);
  expect(retryDelay(3, 1)).toBe(3_000);
});
