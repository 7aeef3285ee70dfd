import { describe, expect, test } from '@jest/globals';
import { changesBetween, shortened } from '../../../src/core/changes.ts';
import { field, link, utterance } from './given.ts';

describe('what entered a link', () => {
  const before = link({ comments: { '1:C1': utterance() } });

  test('is told with both values, all fields together', () => {
    const after = { ...before, version: 2, fields: { ...before.fields, status: field('pending', 5, 2), priority: field('high', 5, 2) } };
    expect(changesBetween(before, after)).toEqual([
      { what: 'changed', because: 'it was changed on this desk', values: { status: { was: 'open', is: 'pending' }, priority: { was: undefined, is: 'high' } } },
    ]);
  });

  test('is told apart where a desk only says what another one said before', () => {
    const after = { ...before, version: 2, fields: { ...before.fields, status: field('open', 5, 2) } };
    expect(changesBetween(before, after)).toMatchObject([{ what: 'said again', values: { status: { was: 'open', is: 'open' } } }]);
  });

  test('is told of comments that were written, edited and hidden', () => {
    const fresh = utterance({ uid: '2:C9', content: 'New', public: false });
    const after = { ...before, version: 2, comments: { '1:C1': utterance({ content: 'Edited', public: false }), '2:C9': fresh } };
    expect(changesBetween(before, after)).toEqual([
      { what: 'comment edited', because: 'it was edited on this desk', values: { uid: '1:C1', was: '<p>Hello</p>', is: 'Edited' } },
      { what: 'comment made private', because: 'it was made private on this desk', values: { uid: '1:C1' } },
      { what: 'comment written', because: 'it was written on this desk', values: { uid: '2:C9', public: false, is: 'New' } },
    ]);
  });

  test('is nothing where nothing changed, and nothing at the beginning of a link', () => {
    expect(changesBetween(before, before)).toEqual([]);
    expect(changesBetween(before, { ...before, version: 2, life: { ...before.life, alive: false } })).toEqual([]);
    expect(changesBetween({ ...before, version: 0, fields: {} }, before)).toEqual([]);
  });

  test('says which accounts it reaches since', () => {
    expect(changesBetween(before, { ...before, version: 2, accounts: [1, 2, 3] })).toMatchObject([{ what: 'reaches further', values: { accounts: [3] } }]);
  });
});

test('long texts are cut in the record, wherever they stand', () => {
  const long = 'x'.repeat(10_000);
  expect(JSON.stringify(shortened({ a: long, b: [{ c: long }] })).length).toBeLessThan(1_100);
  expect(shortened([null, undefined, 0, false, ''])).toEqual([null, undefined, 0, false, '']);
  expect(shortened(Array.from({ length: 100_000 }, () => 'tag'))).toHaveLength(50);
});
