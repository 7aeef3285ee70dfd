import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { escapeHtml, htmlToText, textToHtml, tidy } from '../../../src/connectors/kit/html.ts';

const pieces = fc.constantFrom(
  '<p>', '</p>', '<div>', '</div>', '<div class="x" dir="auto">', '<br>', '<br/>', '<b>', '</b>', '<pre>', '</pre>', '<li>', '<script>', '</script>', '<!--', '-->',
  '<a href="x>y">', '<a', '&amp;', '&nbsp;', '&#39;', '&#x1F600;', '&unknown;', '&', '<', '>', '"', "'", ' ', '  ', '\n', '\t', 'word', 'é', '😀', '\u0000', '\ud800',
);
const markup = fc.array(pieces, { maxLength: 25 }).map((parts) => parts.join(''));
const normal = (text: string): string => text.toWellFormed().replaceAll('\u0000', '').replace(/\r\n?/g, '\n').replaceAll('\u00a0', ' ');

describe('plain text and HTML', () => {
  test.each([
    ['', ''],
    ['a\nb', 'a<br>b'],
    ['a\r\nb\rc', 'a<br>b<br>c'],
    ['1 < 2 & "3"', '1 &lt; 2 &amp; &quot;3&quot;'],
    [' a  b ', '&nbsp;a&nbsp; b&nbsp;'],
    ['a\tb', 'a&#9;b'],
  ])('%j becomes %j', (text, html) => {
    expect(textToHtml(text)).toBe(html);
  });

  test.each([
    ['<p>a</p><p>b</p>', 'a\n\nb'],
    ['<div>a<br></div><div><br></div><div>b</div>', 'a\n\nb'],
    ['  <p>\n a\n <b>b</b>c </p>\n', 'a bc'],
    ['<ul><li>x</li><li>y</li></ul>', '- x\n- y'],
    ['<pre>a\n  b</pre>c', 'a\n  b\n\nc'],
    ['<style>p{}</style><p>x</p><script>alert("<p>y</p>")</script>', 'x'],
    ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
    ['&lt;b&gt; &amp;amp; &eacute;&#233;&#xE9; &hellip; &nope;', '<b> &amp; ééé … &nope;'],
    ['a < b and <c isn\'t closed', "a < b and <c isn't closed"],
    ['<a href="x>y">link</a>', 'link'],
    ['&#0;&#xD800;&#99999999;', '\ufffd\ufffd\ufffd'],
  ])('%j reads %j', (html, text) => {
    expect(htmlToText(html)).toBe(text);
  });

  test('text survives the way to HTML and back', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => expect(htmlToText(textToHtml(text))).toBe(normal(text))));
    fc.assert(fc.property(markup, (text) => expect(htmlToText(textToHtml(text))).toBe(normal(text))));
  });

  test('escaping leaves nothing that could be markup', () => {
    fc.assert(fc.property(markup, (text) => expect(escapeHtml(text)).not.toMatch(/[<>"]/)));
  });
});

describe('tidy', () => {
  test.each([
    ['<div class="zd-comment" dir="auto"><p dir="auto">Hi &amp; "you"<br/>x</p>\n<p dir="auto">y</p></div>', '<p>Hi &amp; &quot;you&quot;<br>x</p><p>y</p>'],
    ['<DIV><P Class="a">x</P></DIV>', '<p Class="a">x</p>'],
    ['<div>plain</div>', 'plain'],
    ['<div>a</div><div>b</div>', '<div>a</div><div>b</div>'],
    ['<div dir="rtl">שלום</div>', '<div dir="rtl">שלום</div>'],
    ['x<!-- hidden --> y<style>p{}</style>', 'x y'],
    ['<pre> kept\n  as is </pre>', '<pre> kept\n  as is </pre>'],
    ['it&#39;s &nope; &nbsp;', "it's &nope; \u00a0"],
  ])('%j is %j', (html, expected) => {
    expect(tidy(html)).toBe(expected);
  });

  test('is settled after once, and keeps the words', () => {
    fc.assert(
      fc.property(markup, (html) => {
        const once = tidy(html);
        expect(tidy(once)).toBe(once);
        expect(htmlToText(once).replace(/\s+/g, '')).toBe(htmlToText(html).replace(/\s+/g, ''));
      }),
      { numRuns: 500 },
    );
  });

  test('leaves the author line of a mirrored comment recognisable', () => {
    const line = '<p><strong>Ann &quot;A&quot; O&amp;C</strong> (desk &lt;1&gt;):</p>';
    expect(tidy(`<div class="zd-comment" dir="auto"><p dir="auto"><strong>Ann "A" O&amp;C</strong> (desk &lt;1&gt;):</p><p dir="auto">Hi</p></div>`)).toBe(
      `${line}<p>Hi</p>`,
    );
  });

  test('costs no more than the length of what it is given', () => {
    const many = 10_000;
    const hostile = ['<div>'.repeat(many), '<a "'.repeat(many), '<a href="'.repeat(many), '<!--'.repeat(many), '<script>'.repeat(many), `<a ${' '.repeat(many)}x>`, '&amp'.repeat(many)];
    const began = performance.now();
    for (const html of hostile) {
      tidy(html);
      htmlToText(html);
    }
    textToHtml(' '.repeat(many) + '\n'.repeat(many));
    expect(performance.now() - began).toBeLessThan(4_000);
  });
});
