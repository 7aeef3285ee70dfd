/** Texts on their way to a Zendesk: nothing in them is acted on, and they read back as forecast. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { imageTag } from '../../../src/connectors/kit/images.ts';
import { htmlToText } from '../../../src/connectors/kit/html.ts';
import { forecastComment, htmlOf, MAX_COMMENT_BYTES, neutralised, readText, shownText, toZendesk, wasCut } from '../../../src/connectors/zendesk/texts.ts';
import { DeskFailure } from '../../../src/ports/connector.ts';

const BASE = 'https://acme.zendesk.com';
const PLAIN = { mentions: true };
/** What a desk may make of placeholders, before or after it reads character references. */
const expanded = (html: string): string => html.replace(/(\\?)\{\{[^{}]*\}\}/g, (found, escaped: string) => (escaped === '' ? 'LEAKED' : found.slice(1))).replace(/\{%[^%]*%\}/g, 'LEAKED');
const decoded = (html: string): string => html.replace(/&(?:#0*123|#x0*7b|lbrace|lcub);/gi, '{');

const piece = fc.constantFrom('{', '{', '}', '}', '\\', '%', '&#123;', '&#x7B;', '&lcub;', 'ticket.requester.email', ' ', 'a', '<b>', '</b>', '&amp;', '@ann', 'a@b.example', ']]>');
const hostile = fc.array(piece, { maxLength: 30 }).map((pieces) => `<p>${pieces.join('')}</p>`);

describe('placeholders', () => {
  test('are never filled in, however they are spelt', () => {
    fc.assert(
      fc.property(hostile, (html) => {
        const sent = toZendesk(html, PLAIN);
        expect(expanded(sent)).not.toContain('LEAKED');
        // One more reading of references, after which placeholders are looked for once: no brace of ours is left that begins one.
        if (!sent.includes('{%') && !sent.includes('&#123;%')) expect(expanded(decoded(sent))).not.toContain('LEAKED');
      }),
      { numRuns: 2_000 },
    );
  });

  test('read back as they were meant, whether the desk shows the backslash or takes it away', () => {
    fc.assert(
      fc.property(hostile, fc.boolean(), (html, shows) => {
        const sent = toZendesk(html, PLAIN);
        const kept = shows ? sent : sent.replace(/\\(?=\{\{)/g, '');
        const read = readText({ html_body: `<div class="zd-comment" dir="auto">${kept}</div>` }, BASE).content;
        expect(read).toBe(forecastComment({ content: html, public: true }).content);
        expect(htmlToText(read)).toBe(htmlToText(shownText(html)));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['{{x}}', '\\{{x}}'],
    ['{{{x}}}', '{\\{{x}}}'],
    ['{{{{x', '\\{{\\{{x'],
    ['{% if %}', '&#123;% if %}'],
    ['{ {', '{ {'],
  ])('%s is written %s', (text, written) => {
    expect(neutralised(text)).toBe(written);
  });
});

describe('mentions', () => {
  test('are left as they are, or kept from being any', () => {
    const html = '<p>@ann, (@ben) x@acme.example @</p>';
    expect(toZendesk(html, PLAIN)).toBe(html);
    const careful = toZendesk(html, { mentions: false });
    expect(careful).toBe('<p>@\u2060ann, (@\u2060ben) x@acme.example @</p>');
    expect(readText({ html_body: careful }, BASE).content).toBe(shownText(html));
  });
});

describe('images', () => {
  const file = { url: 'https://elsewhere.example/f/1', filename: 'a "b".png' };
  test('of files point to where these are now, and read back by the files’ names', () => {
    const content = `<p>${imageTag(file.url, 'old name')}<img src='https://pics.example/x.gif'></p>`;
    const moved = new Map([[file.url, `${BASE}/attachments/token/abc/?name=a.png`]]);
    const sent = htmlOf(content, moved, PLAIN);
    expect(sent).toContain('/attachments/token/abc/');
    const listed = [{ id: 7, file_name: file.filename, content_url: 'https://help.acme.example/attachments/token/abc/?name=a.png', inline: true }];
    const read = readText({ html_body: sent, attachments: listed }, BASE);
    expect(read.content).toBe(`<p>${imageTag('https://help.acme.example/attachments/token/abc/?name=a.png', file.filename)}${imageTag('https://pics.example/x.gif', '')}</p>`);
    expect(read.attachments).toMatchObject([{ id: '7', inline: true }]);
    expect(shownText(content, [file])).toBe(`<p>${imageTag(file.url, file.filename)}${imageTag('https://pics.example/x.gif', '')}</p>`);
  });

  test('that are not listed are derived from the desk’s own addresses, and from no other', () => {
    const html = `<img src="/attachments/token/abc/?name=b.png"><img src="https://elsewhere.example/attachments/token/x/?name=c.png"><img src="not a url"><img alt="none">`;
    const read = readText({ html_body: html }, BASE);
    expect(read.attachments).toEqual([{ id: 'abc', filename: 'b.png', content_type: null, url: `${BASE}/attachments/token/abc/?name=b.png`, thumb_url: null, size: null, inline: true }]);
  });
});

describe('length', () => {
  test('what would be cut in silence is refused, with how long it is', () => {
    const long = `<p>${'ä'.repeat(MAX_COMMENT_BYTES / 2)}</p>`;
    expect(() => htmlOf(long, new Map(), PLAIN)).toThrow(DeskFailure);
    expect(() => htmlOf(long, new Map(), PLAIN)).toThrow(`${MAX_COMMENT_BYTES + 7} bytes`);
    expect(htmlOf(`<p>${'ä'.repeat(30_000)}</p>`, new Map(), PLAIN)).toHaveLength(30_007);
  });

  test('an answer that shows only the beginning is noticed', () => {
    expect(wasCut('<p>one two three</p>', '<div class="zd-comment"><p>one two</p></div>')).toBe(true);
    expect(wasCut('<p>one two</p>', '<div class="zd-comment"><p>one  two</p></div>')).toBe(false);
    expect(wasCut('<p>one two</p>', '<p>something else</p>')).toBe(false);
  });
});

test('text that only styles hide is read from the HTML, not from the text beside it', () => {
  const raw = { html_body: '<p>seen<span style="display:none">hidden</span></p>', body: 'seenhidden and more' };
  expect(readText(raw, BASE).content).toBe('<p>seen<span style="display:none">hidden</span></p>');
  expect(readText({ html_body: null, body: 'a < b\nc' }, BASE).content).toBe('a &lt; b<br>c');
});
