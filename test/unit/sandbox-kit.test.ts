/** The pure parts of the sandbox's kit. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createChance, createClock, createIds, isoSeconds } from '../../src/sandbox/kit/clock.ts';
import type { Route } from '../../src/sandbox/kit/desk.ts';
import { createFaults } from '../../src/sandbox/kit/faults.ts';
import { cutBytes, htmlToText, sanitiseHtml, textToHtml } from '../../src/sandbox/kit/html.ts';
import { instant, wholeNumber } from '../../src/sandbox/kit/json.ts';
import { createRoutes } from '../../src/sandbox/kit/routes.ts';
import { braceText, humanDate } from '../../src/sandbox/freshdesk/hooks.ts';
import { retryAfter, signature, ulid } from '../../src/sandbox/zendesk/events.ts';

describe('text', () => {
  test('a cut is as long as it may be and never splits a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, bytes) => {
        const cut = cutBytes(text, bytes);
        expect(text.startsWith(cut)).toBe(true);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(Math.max(bytes, 0));
        const rest = [...text.slice(cut.length)];
        if (rest[0] !== undefined) expect(Buffer.byteLength(cut + rest[0])).toBeGreaterThan(bytes);
      }),
    );
  });

  test.each([
    ['<p>a</p><p>b &amp; c</p>', 'a\nb & c'],
    ['a<br/>b', 'a\nb'],
    ['x<!-- hidden -->y<script>alert(1)</script>', 'xy'],
    ['&#39;&#x41;&nbsp;&unknown;', "'A\u00a0&unknown;"],
  ])('%s reads as text', (html, text) => expect(htmlToText(html)).toBe(text));

  test.each([
    ['<a href="javascript:x()" onclick="y()">l</a>', '<a href="">l</a>'],
    ['<style>p{}</style><p style="color:red">a</p>', '<p style="color:red">a</p>'],
    ['plain', 'plain'],
  ])('%s is cleaned', (html, clean) => expect(sanitiseHtml(html)).toBe(clean));

  test('text becomes paragraphs and comes back', () => expect(htmlToText(textToHtml('a < b\nc'))).toBe('a < b\nc'));
});

describe('times and ids', () => {
  test('ids grow, also in a burst, and follow the time', () => {
    const next = createIds(2);
    const ids = Array.from({ length: 1000 }, next);
    expect(ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? 0))).toBe(true);
    expect(ids[0]).toBeGreaterThanOrEqual(2 * 1_700_000_000_000);
  });

  test('a clock that is shifted does not go back', () => {
    const clock = createClock();
    clock.shift(10_000);
    const ahead = clock.now();
    clock.shift(0);
    expect(clock.now()).toBeGreaterThanOrEqual(ahead);
    clock.rewind();
    expect(clock.now()).toBeLessThan(ahead);
    expect(isoSeconds(Date.UTC(2026, 0, 31, 8))).toBe('2026-01-31T08:00:00Z');
  });

  test('chance is the same for the same seed, within [0, 1)', () => {
    const [a, b] = [createChance(3), createChance(3)];
    for (let n = 0; n < 100; n += 1) {
      const value = a();
      expect(value).toBe(b());
      expect(value >= 0 && value < 1).toBe(true);
    }
  });

  test.each([
    ['2026-01-31', Date.UTC(2026, 0, 31)],
    ['2026-01-31T08:00:00', Date.UTC(2026, 0, 31, 8)],
    ['2026-01-31T08:00:00+05:30', Date.UTC(2026, 0, 31, 2, 30)],
    ['tomorrow', null],
    ['2026-13-01', null],
    [7, null],
  ])('%s is an instant or none', (text, ms) => expect(instant(text)).toBe(ms));

  test('a number is digits only', () => expect([wholeNumber('12'), wholeNumber('12a'), wholeNumber(''), wholeNumber(null)]).toEqual([12, null, null, null]));
});

describe('routes', () => {
  const route = (method: string, path: string): Route => ({ method, path, handle: () => ({ status: 200 }) });
  const routes = createRoutes([route('GET', '/t/:id'), route('GET', '/t/many'), route('PUT', '/t/:id/c/:comment'), route('GET', '/t/many/c')]);
  const found = (method: string, path: string): unknown => {
    const match = routes.find(method, path);
    return match.route ? [match.route.path, match.params] : match.allowed;
  };

  test('a fixed segment goes before a parameter, and the search turns back', () => {
    expect(found('GET', '/t/many')).toEqual(['/t/many', {}]);
    expect(found('GET', '/t/a%20b')).toEqual(['/t/:id', { id: 'a b' }]);
    expect(found('PUT', '/t/many/c/5')).toEqual(['/t/:id/c/:comment', { id: 'many', comment: '5' }]);
  });

  test('an unknown path has no methods, a known one tells them', () => {
    expect(found('GET', '/x')).toEqual([]);
    expect(found('POST', '/t/5')).toEqual(['GET']);
    expect(found('GET', '/t/')).toEqual([]);
  });

  test('two routes for one place are an error', () => expect(() => createRoutes([route('GET', '/a'), route('GET', '/a')])).toThrow('two routes for GET /a'));
});

describe('faults', () => {
  test('delays add up, the first that ends a request is the last asked', () => {
    const faults = createFaults();
    faults.add({ kind: 'latency', ms: 1 });
    faults.add({ kind: 'latency', ms: 2, times: 1 });
    faults.add({ kind: 'reset', times: 1 });
    faults.add({ kind: 'timeout' });
    expect(faults.forRequest('GET', '/').map(({ kind }) => kind)).toEqual(['latency', 'latency', 'reset']);
    expect(faults.forRequest('GET', '/').map(({ kind }) => kind)).toEqual(['latency', 'timeout']);
    expect(faults.active()).toEqual([{ kind: 'latency', ms: 1 }, { kind: 'timeout' }]);
  });

  test('a pattern’s other signs are plain text', () => {
    const faults = createFaults();
    faults.add({ kind: 'reset', path: '/a.b/*' });
    expect(faults.forRequest('GET', '/a.b/c')).toHaveLength(1);
    expect(faults.forRequest('GET', '/aXb/c')).toHaveLength(0);
  });
});

describe('vendors’ details', () => {
  test('Zendesk’s signature is that of the documented vector', () => {
    const secret = 'dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==';
    expect(signature(secret, '2021-03-25T05:09:27Z', '{"event":"ticket.updated","id":123}')).toBe('S/RDdU2ERmj7LHDDoWJ2onPYH+t7/f2+LTM4dL7UiLM=');
    expect(signature(secret, '2021-03-25T05:09:27Z', '')).toBe('wCdBvXaHttn0wRVIYctzZ9O6O0bnqWakJMEKZ9VoRWw=');
    expect(ulid(1_700_000_000_000)).toMatch(/^01HF[0-9A-HJKMNP-TV-Z]{22}$/);
  });

  test.each([
    [{ status: 409, timedOut: false, retryAfter: null }, 3, 4000],
    [{ status: 409, timedOut: false, retryAfter: null }, 4, null],
    [{ status: null, timedOut: true, retryAfter: null }, 5, 16_000],
    [{ status: null, timedOut: true, retryAfter: null }, 6, null],
    [{ status: 429, timedOut: false, retryAfter: 5 }, 1, 5000],
    [{ status: 503, timedOut: false, retryAfter: 60 }, 1, null],
    [{ status: 503, timedOut: false, retryAfter: null }, 1, null],
    [{ status: 500, timedOut: false, retryAfter: null }, 1, null],
    [{ status: null, timedOut: false, retryAfter: null }, 1, null],
  ])('Zendesk after %j, attempt %d: %p', (outcome, attempt, wait) => expect(retryAfter(outcome, attempt)).toBe(wait));

  test('Freshdesk’s brace texts and human dates', () => {
    expect(braceText({ kind: 'change', field: 'status', from: 4, to: 6 })).toBe('{status:{from:4,to:6}}');
    expect(braceText({ kind: 'note', private: true })).toBe('{note_type:private}');
    expect([humanDate('2016-03-23T10:06:00Z'), humanDate('2016-03-23T00:06:00Z'), humanDate(null)]).toEqual(['March 23 2016 at 10:06 AM', 'March 23 2016 at 12:06 AM', '']);
  });
});
