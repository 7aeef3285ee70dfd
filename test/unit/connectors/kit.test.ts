import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { judge, retryAt, safely, scrubber } from '../../../src/connectors/kit/failure.ts';
import { parseJson, type Answer } from '../../../src/connectors/kit/http.ts';
import { takeMark, takeTags, withMark } from '../../../src/connectors/kit/mark.ts';
import { nextPage, openPage } from '../../../src/connectors/kit/paging.ts';
import { memory } from '../../../src/connectors/kit/remember.ts';
import { object, shape } from '../../../src/connectors/kit/shape.ts';
import { isoSeconds, isoTime } from '../../../src/connectors/kit/time.ts';
import { tidy } from '../../../src/connectors/kit/html.ts';
import { DeskFailure, type FailureKind } from '../../../src/ports/connector.ts';

const KEY = 'dm-abcdefghij234567';
const NOW = Date.parse('2026-03-01T12:00:00Z');

function answer(status: number, text = '', headers: Answer['headers'] = {}): Answer {
  return { status, text, headers, body: parseJson(text) };
}

describe('the mark in a text', () => {
  test('is found at the very end and taken away', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('<p>a</p>', 'b', '<div>c</div>', ' ', '<br>')), (parts) => {
        const said = tidy(parts.join(''));
        expect(takeMark(tidy(withMark(said, KEY)))).toEqual({ content: said, key: KEY });
      }),
    );
  });

  test.each([
    `<p>As ${KEY} said</p><p>yes</p>`,
    `<p>Thanks</p><blockquote><p>Hello</p><p>${KEY}</p></blockquote>`,
    `<div>reply</div><div>quoted<p>${KEY}</p></div>`,
    `<p>&gt; ${KEY}</p>`,
    `<p>see ${KEY}</p>`,
    KEY.slice(0, -1),
  ])('is not found in %j', (html) => {
    expect(takeMark(tidy(html)).key).toBeNull();
  });

  test('survives a desk that wraps and decorates', () => {
    const html = `<div class="x" dir="ltr"><p dir="ltr">Hi</p>\n<p dir="ltr">${KEY}</p>\n</div>`;
    expect(takeMark(tidy(html))).toEqual({ content: '<p>Hi</p>', key: KEY });
  });

  test('as a tag is told apart from people’s tags', () => {
    expect(takeTags(['a', KEY, 'dm-short'])).toEqual({ tags: ['a', 'dm-short'], marks: [KEY] });
  });
});

describe('an answer that is not 2xx', () => {
  const cases: readonly [number, string, Answer['headers'], FailureKind, FailureKind][] = [
    [302, '', { location: 'https://elsewhere.example/' }, 'surprise', 'surprise'],
    [304, '', {}, 'surprise', 'surprise'],
    [400, '{}', {}, 'refused', 'refused'],
    [401, '', {}, 'unauthorised', 'unauthorised'],
    [403, '<html>', {}, 'unauthorised', 'unauthorised'],
    [404, '', {}, 'missing', 'missing'],
    [404, ' ', {}, 'missing', 'missing'],
    [404, '{"error":"RecordNotFound"}', {}, 'missing', 'missing'],
    [404, '<html><body>No such host</body></html>', {}, 'surprise', 'surprise'],
    [404, '404 page not found', {}, 'surprise', 'surprise'],
    [408, '', {}, 'unavailable', 'unsure'],
    [410, '', {}, 'missing', 'missing'],
    [413, '', {}, 'refused', 'refused'],
    [422, '{}', {}, 'refused', 'refused'],
    [425, '', {}, 'unavailable', 'unsure'],
    [429, '', {}, 'throttled', 'throttled'],
    [500, '', {}, 'unavailable', 'unsure'],
    [503, '', {}, 'unavailable', 'unsure'],
    [503, '', { 'retry-after': '3' }, 'throttled', 'throttled'],
    [504, '<html>', {}, 'unavailable', 'unsure'],
  ];
  test.each(cases)('%i %j is told by its class', (status, text, headers, reading, writing) => {
    const judging = { service: 'desk', now: NOW, scrub: (said: string) => said };
    expect(judge(answer(status, text, headers), {}, { ...judging, write: false })).toMatchObject({ kind: reading, status });
    expect(judge(answer(status, text, headers), {}, { ...judging, write: true })).toMatchObject({ kind: writing, status });
  });

  test.each<[string, Answer['headers'], number | null]>([
    ['seconds', { 'retry-after': '30' }, NOW + 30_000],
    ['a fraction', { 'retry-after': '1.5' }, NOW + 1_500],
    ['a date by the desk’s own clock', { 'retry-after': 'Sun, 01 Mar 2026 15:00:20 GMT', date: 'Sun, 01 Mar 2026 15:00:00 GMT' }, NOW + 20_000],
    ['a date in the past', { 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' }, NOW],
    ['too long', { 'retry-after': '99999999' }, NOW + 86_400_000],
    ['rubbish', { 'retry-after': 'soon' }, null],
    ['nothing', {}, null],
  ])('Retry-After as %s', (_form, headers, expected) => {
    expect(retryAt({ headers }, NOW)).toBe(expected);
  });

  test('without a Retry-After a throttled call waits ten seconds', () => {
    const failure = judge(answer(429), {}, { service: 'desk', write: true, now: NOW, scrub: (said) => said });
    expect(failure.retryAt).toBe(NOW + 10_000);
  });

  test('is put into words without HTML and without secrets, at most 500 characters', () => {
    const scrub = scrubber(['s3cret-token', 'x']);
    const html = `<html><head><title>no</title></head><body><h1>Bad gateway</h1> for s3cret-token ${'y'.repeat(3000)}</body></html>`;
    const failure = judge(answer(502, html), {}, { service: 'desk', write: false, now: NOW, scrub });
    expect(failure.message).toMatch(/^desk answered 502: Bad gateway for ••• y+/);
    expect(failure.message.length).toBeLessThanOrEqual(500);
  });
});

describe('JSON', () => {
  test.each<[string, unknown]>([
    ['', undefined],
    [' ', undefined],
    ['<html>', undefined],
    ['{"a":1', undefined],
    ['\ufeff{"a":1}', { a: 1 }],
    ['{"id":12345678901234567890,"n":9007199254740991,"f":1.5}', { id: '12345678901234567890', n: 9007199254740991, f: 1.5 }],
    ['[1234567890123456789]', ['1234567890123456789']],
    ['{"text":"12345678901234567890"}', { text: '12345678901234567890' }],
  ])('%j', (text, expected) => {
    expect(parseJson(text)).toEqual(expected);
  });
});

describe('times', () => {
  test.each([
    ['2026-01-31T08:00:00Z', '2026-01-31T08:00:00Z', '2026-01-31T08:00:00Z'],
    ['2025-01-08T10:12:07.672717030Z', '2025-01-08T10:12:07.672Z', '2025-01-08T10:12:07Z'],
    ['2026-01-31T13:30:00+05:30', '2026-01-31T08:00:00Z', '2026-01-31T08:00:00Z'],
    ['2026-01-31 08:00:00', '2026-01-31T08:00:00Z', '2026-01-31T08:00:00Z'],
    ['2026-01-31', '2026-01-31T00:00:00Z', '2026-01-31T00:00:00Z'],
    ['never', null, null],
    [17, null, null],
    [null, null, null],
  ])('%j is %j, in seconds %j', (value, time, seconds) => {
    expect(isoTime(value)).toBe(time);
    expect(isoSeconds(value)).toBe(seconds);
  });
});

describe('a memory', () => {
  test('forgets what is old and what is too much', () => {
    let now = 0;
    const known = memory<number>({ max: 2, ttlMs: 100, now: () => now });
    known.set('a', 1);
    known.set('b', 2, 50);
    known.set('c', 3);
    expect([known.get('a'), known.get('b'), known.get('c')]).toEqual([undefined, 2, 3]);
    now = 60;
    expect([known.get('b'), known.get('c')]).toEqual([undefined, 3]);
  });

  test('asks once for many, keeps a "no", and keeps no failure', async () => {
    const known = memory<{ readonly who: string | null }>({ max: 10, ttlMs: 100, now: () => 0 });
    const ask = jest.fn(() => Promise.resolve({ who: null }));
    await Promise.all([known.recall('x', ask), known.recall('x', ask)]);
    await known.recall('x', ask);
    expect(ask).toHaveBeenCalledTimes(1);
    const fail = jest.fn(() => Promise.reject(new Error('no')));
    await expect(known.recall('y', fail)).rejects.toThrow('no');
    await expect(known.recall('y', fail)).rejects.toThrow('no');
    expect(fail).toHaveBeenCalledTimes(2);
  });
});

describe('pages', () => {
  test('carry the desk’s cursor and how many were turned', () => {
    const first = openPage(null);
    const second = nextPage(first, 'a:b c');
    expect(second).toBe('1:a:b c');
    expect(openPage(second)).toEqual({ turned: 1, cursor: 'a:b c' });
    expect(nextPage(openPage(second), null)).toBeNull();
  });

  test('that never end are a surprise', () => {
    expect(() => nextPage({ turned: 1, cursor: 'a' }, 'a')).toThrow(DeskFailure);
    expect(() => nextPage({ turned: 10_000, cursor: 'a' }, 'b')).toThrow(DeskFailure);
    expect(() => openPage('rubbish')).toThrow(DeskFailure);
  });
});

describe('the edge', () => {
  test('a misfit tells the place, not the value', () => {
    const read = shape<{ readonly id: number }>('a thing', object({ id: { type: 'integer' } }, ['id']));
    expect(() => read({ status: 200, body: { id: 'secret' } })).toThrow('the answer is not a thing: /id must be integer');
    expect(() => read({ status: 200, body: undefined })).toThrow('it is not JSON');
  });

  test('nothing but a DeskFailure leaves a method', async () => {
    const broken = safely(() => Promise.reject(new TypeError('authorization: secret')));
    const failure = await broken().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DeskFailure);
    expect(String(failure)).not.toContain('secret');
  });
});
