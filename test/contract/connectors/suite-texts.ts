/** Hostile texts: they arrive as they left, or are refused or left out aloud; nothing is lost in silence. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { escapeHtml, htmlToText } from '../../../src/connectors/kit/html.ts';
import { DeskFailure } from '../../../src/ports/connector.ts';
import type { Warning } from '../../../src/core/model.ts';
import { REQUESTER, type Bench } from './bench.ts';

/** Every control character that XML 1.0 forbids, besides NUL, which no store of ours can hold. */
const CONTROLS = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)).filter((sign) => !'\0\t\n\r'.includes(sign));

const TEXTS: readonly (readonly [string, string])[] = [
  ['control characters', CONTROLS.map((sign) => `a${sign}b`).join(' ')],
  ['NUL, lone surrogates and characters that are none', 'a\0b \ud800c d\udfff \ufffe \uffff \u007f \u0085 \u009f'],
  ['emoji, joined, flagged and coloured', '👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 1️⃣'],
  ['right to left, with marks and overrides', 'שלום \u202eمرحبا\u202c \u200f(abc)\u200e ﷽'],
  ['stacked and composed letters', 'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢ é e\u0301 ﬁ ẞ'],
  ['HTML as text', '<script>alert(1)</script> <b onclick="x">bold</b> </p></div> <img src=x onerror=alert(1)> & &amp; &#0; &bogus;'],
  ['markdown', 'a # not *a* _b_ [heading](x) `code` **bold** ~~gone~~ | table |'],
  ['templates', '{{ticket.id}} {{ nothing }} {% if x %} ${x} #{y} <%= z %>'],
  ['XML ends', 'a ]]> b <![CDATA[ c ]]> <!-- d --> <?xml version="1.0"?> <!DOCTYPE x>'],
  ['JSON and SQL', '{"a":"b\\"c"} \' OR 1=1; DROP TABLE tickets; -- \\u0000 \\n'],
  ['blanks of many kinds', 'a\u00a0b\u2003c\u3000d\u200be\ufefff'],
  ['numbers that are texts', '00012345678901234567890 1e400 -0 NaN null true'],
];

/** As words: what stores and desks may do to blanks does not count, nor what no store of ours can hold. */
const words = (text: string): string => text.toWellFormed().replaceAll('\0', '').replace(/[\s\u00a0\u200b\ufeff\u0085]+/g, ' ').trim();

interface Arrived {
  readonly told: readonly Warning[];
  readonly seen: string | null | undefined;
  readonly forecast: string | null | undefined;
}

export function textsSuite(bench: Bench): void {
  /** Writes `text` into one place and reads it back; null if the desk refuses it aloud. */
  const places: Readonly<Record<'subject' | 'description' | 'comment', (text: string) => Promise<Arrived | null>>> = {
    async subject(text) {
      const { desk } = bench;
      const written = await bench.create({ subject: text });
      return { told: written.warnings, seen: (await desk.getTicket(written.id)).subject, forecast: desk.forecast({ subject: text }).subject };
    },
    async description(text) {
      const { desk } = bench;
      if (desk.can.fields.description === undefined) return null;
      const description = `<p>${escapeHtml(text)}</p>`;
      const written = await bench.create({ description });
      return { told: written.warnings, seen: (await desk.getTicket(written.id)).description, forecast: desk.forecast({ subject: 'A ticket', description, requester: REQUESTER }).description };
    },
    async comment(text) {
      const { desk } = bench;
      if (!desk.can.comments.create) return null;
      const { id } = await bench.create();
      const draft = { content: `<p>${escapeHtml(text)}</p>`, public: desk.can.comments.private ? false : true };
      const { warnings } = await desk.createComment(id, draft, bench.newKey());
      const [comment] = await bench.allComments(id);
      return { told: warnings, seen: comment?.content, forecast: desk.forecastComment(draft).content };
    },
  };

  const arrives = async (place: keyof typeof places, text: string): Promise<void> => {
    const arrived = await places[place](text).catch((error: unknown) => {
      if (error instanceof DeskFailure && error.kind === 'refused') return null;
      throw error;
    });
    if (arrived === null) return;
    const { told, seen, forecast } = arrived;
    if (forecast === undefined || forecast === null) {
      expect(told.map(({ field }) => field)).toContain(place);
      return;
    }
    expect(seen).toBe(forecast);
    if (told.some(({ field }) => field === place || field === 'content')) return;
    expect(words(place === 'subject' ? (seen ?? '') : htmlToText(seen ?? ''))).toBe(words(text));
  };

  describe.each(['subject', 'description', 'comment'] as const)('hostile texts in a %s', (place) => {
    test.each(TEXTS)('%s', async (_what, text) => arrives(place, text));

    test('made up at random', async () => {
      const piece = fc.oneof(fc.constantFrom(...TEXTS.map(([, text]) => text.slice(0, 12).toWellFormed())), fc.string({ unit: 'grapheme', maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 6 }));
      const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => `a ${pieces.join(' ')} z`.replace(/[\r\n]+/g, ' '));
      await fc.assert(fc.asyncProperty(text, (made) => arrives(place, made)), { numRuns: 25, seed: 7 });
    });

    test('64 kB arrive whole or are refused', async () => {
      if (place === 'subject') return;
      const most = place === 'comment' ? Math.min(65_536, bench.desk.can.comments.maxBytes) : 65_536;
      await arrives(place, 'word ä 😀 '.repeat(10_000).slice(0, Math.floor((most - 400) / 2)).toWellFormed());
      await arrives(place, 'x'.repeat(most - 400));
    });
  });
}
