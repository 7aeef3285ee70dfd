import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { escapeHtml } from '../../../src/connectors/kit/html.ts';
import { imageTag } from '../../../src/connectors/kit/images.ts';
import { filesOf, forecastComment, fromConversation, leftLine, leftLineIn, mergedInto, readHtml, toBody, toStructured } from '../../../src/connectors/freshdesk/texts.ts';

const KEY = 'dm-abcdefghij234567';
const note = (body: string, more: object = {}) => fromConversation({ id: 1, body, private: true, source: 2, ...more }, null);

describe('comments', () => {
  test.each(['Hi', '<p>Hi</p>', '<div>Hi</div>', '<p>a</p><p>b</p>'])('the comment %s reads as forecast, with its key', (content) => {
    const draft = { content, public: false };
    expect(note(`<div>${toBody(draft, KEY)}</div>`)).toMatchObject({ ...forecastComment(draft), key: KEY });
  });

  test('what is wrapped, hinted and reformatted reads as what was written', () => {
    const text = '<p>First &amp; second</p><p>Third</p>';
    const noise = `<div style="font-family:-apple-system; font-size:14px">\n<div dir="ltr"><p dir="ltr">First &#38; second</p>\n<p>Third<img id="cursor"></p></div></div>`;
    expect(note(noise).content).toBe(forecastComment({ content: text, public: false }).content);
  });

  test('any text that was written reads as forecast', () => {
    const piece = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 10 }), fc.constantFrom('{{ticket.id}}', ']]>', '# not *a*', '😀', 'שלום', '\u0001', '\u001f', '<b>', KEY));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), fc.boolean(), (pieces, visible) => {
        const draft = { content: pieces.map((text) => `<p>${escapeHtml(text)}</p>`).join(''), public: visible };
        const read = note(`<div>${toBody(draft, KEY)}</div>`, { private: !visible });
        expect({ content: read.content, public: read.public, key: read.key }).toEqual({ ...forecastComment(draft), key: KEY });
      }),
      { numRuns: 300 },
    );
  });

  test('a customer who quotes us to the very end is not us', () => {
    const read = note(`<p>${KEY}</p>`, { incoming: true, private: false });
    expect(read).toMatchObject({ key: null, content: `<p>${KEY}</p>`, public: true });
  });

  test('what is not said to be private is public only where the customer wrote or was mailed it', () => {
    const visible = (row: object): boolean => fromConversation({ id: 1, body: 'x', ...row }, null).public;
    expect(visible({ private: true, source: 0 })).toBe(false);
    expect(visible({ private: false, source: 2 })).toBe(true);
    expect(visible({ source: 0 })).toBe(true);
    expect(visible({ source: 5, incoming: true })).toBe(true);
    expect(visible({ source: 2 })).toBe(false);
    expect(visible({ private: null, source: 8 })).toBe(false);
  });

  test('files that stayed behind are named for people, and the line is taken off again', () => {
    const draft = { content: '<p>See the log</p>', public: true };
    const body = toBody(draft, KEY, leftLine(['big <1>.zip', 'other.bin']));
    expect(body).toBe(`<p>See the log</p><p>Not attached here: big &lt;1&gt;.zip, other.bin</p><p>${KEY}</p>`);
    expect(note(body)).toMatchObject({ content: '<p>See the log</p>', key: KEY });
    expect(leftLineIn({ id: 1, body: `<div>${body}</div>` })).toBe(leftLine(['big <1>.zip', 'other.bin']));
    expect(leftLineIn({ id: 1, body: toBody(draft, KEY) })).toBe('');
    // Somebody's own words of the same sound are theirs.
    expect(note('<p>Not attached here: my heart</p>').content).toBe('<p>Not attached here: my heart</p>');
  });

  test('a structured body carries the words and the key, and reads as both', () => {
    const structured = toStructured(toBody({ content: '<p>One</p><ul><li>two</li></ul>', public: true }, KEY));
    expect(structured).toEqual({ body_contents: [{ type: 'text', data: { content: 'One\n\n- two' } }, { type: 'text', data: { content: KEY } }] });
    expect(fromConversation({ id: 1, structured_body: structured, private: false, source: 2 }, null)).toMatchObject({ content: '<p>One<br><br>- two</p>', key: KEY });
  });

  test.each([
    ['<div>This ticket is closed and merged into ticket <a href="/helpdesk/tickets/12">12</a></div>', '12'],
    ['<p>Twin.</p><div>This ticket is closed and merged into ticket #345.</div>', '345'],
    ['<p>We closed and merged it</p>', null],
    ['<p>closed and merged into ticket of somebody, who has 3 others</p>', null],
  ])('%s tells of a merge into %s', (body, ticket) => {
    const raw = { id: 1, body, private: true, source: 2 };
    expect(mergedInto(raw, fromConversation(raw, null), 'closed and merged into ticket')).toBe(ticket);
    expect(mergedInto({ ...raw, source: 0 }, fromConversation(raw, null), 'closed and merged into ticket')).toBeNull();
    expect(mergedInto(raw, fromConversation(raw, null), '')).toBeNull();
  });
});

describe('images in texts', () => {
  const token = (id: number): string => `${btoa('{"typ":"JWT"}')}.${Buffer.from(JSON.stringify({ id, domain: 'acme.freshdesk.com' })).toString('base64url')}.sig`;

  test('of the desk are files, by number, place or token', () => {
    const html = [
      '<img class="inline-image" data-id="12744808" src="http://cdn.freshdesk.com/data/guinea_pig.png?1383958880">',
      `<img src="https://attachment.freshdesk.com/inline/attachment?token=${token(22183681781)}" alt="image.png" width="716">`,
      '<img src="https://s3.amazonaws.com/x/photo.jpg" class="fr-fil inline-image fr-dib">',
    ].join('');
    const { content, images } = readHtml(`<p>${html}</p>`);
    expect(images).toMatchObject([
      { id: '12744808', filename: 'guinea_pig.png', inline: true, size: null },
      { id: '22183681781', filename: 'image.png', inline: true },
      { id: 'inline-3', filename: 'photo.jpg', inline: true },
    ]);
    expect(content).toBe(`<p>${images.map(({ url, filename }) => imageTag(url, filename)).join('')}</p>`);
  });

  test('of others stay, those that nobody can resolve become words, and cursors go', () => {
    const { content, images } = readHtml('<p><img src="https://elsewhere.example/logo.png"><img src="cid:a@b" alt="Logo"><img src="data:image/png;base64,AAAA"><img id="cursor"></p>');
    expect(images).toEqual([]);
    expect(content).toBe('<p><img src="https://elsewhere.example/logo.png">[Logo][image]</p>');
  });

  test.each(['https://attachment.freshdesk.com/inline/attachment?token=', 'https://attachment.freshdesk.com/inline/attachment?token=a.b.c', `https://attachment.freshdesk.com/inline/attachment?token=x.${'A'.repeat(5_000)}.y`])(
    'a token that says nothing (%#) is known by its place',
    (src) => {
      expect(readHtml(`<img src="${src}">`).images).toMatchObject([{ id: 'inline-1', filename: 'image-inline-1' }]);
    },
  );

  test('are told once with the files, and marked where the desk lists them as well', () => {
    const { images } = readHtml('<img data-id="5" src="https://cdn.freshdesk.com/a.png"><img data-id="6" src="https://cdn.freshdesk.com/b.png">');
    const files = filesOf([{ id: 5, name: 'a.png', attachment_url: 'https://x.example/a', size: 3 }, { id: 7, name: null, attachment_url: 'https://x.example/c', file_size: 4 }, { id: 8, name: 'gone' }], images);
    expect(files.map(({ id, filename, size, inline }) => [id, filename, size, inline])).toEqual([
      ['5', 'a.png', 3, true],
      ['7', '7', 4, false],
      ['6', 'b.png', null, true],
    ]);
  });

  test('of other desks are named where they stood: they cannot be shown inside a text here', () => {
    const draft = { content: `<p>Look: ${imageTag('https://elsewhere.example/1', 'pixel.png')}</p>`, public: true };
    expect(forecastComment(draft).content).toBe('<p>Look: [pixel.png]</p>');
    expect(note(toBody(draft, KEY)).content).toBe('<p>Look: [pixel.png]</p>');
  });
});
