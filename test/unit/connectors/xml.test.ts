import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { buildXml, parseXml, XmlFault, xmlText, type XmlElement } from '../../../src/connectors/kit/xml.ts';

const LIMITS = { depth: 8, nodes: 50 };
const faultOf = (text: string, limits = LIMITS): string => {
  try {
    parseXml(text, limits);
  } catch (error) {
    if (error instanceof XmlFault) return error.message;
    throw error;
  }
  return 'it was read';
};
const bomb = `<!DOCTYPE l [<!ENTITY a "${'a'.repeat(50)}">${Array.from({ length: 9 }, (_, i) => `<!ENTITY ${'bcdefghij'[i]} "${`&${'abcdefghij'[i]};`.repeat(10)}">`).join('')}]><l>&j;</l>`;

describe('reading', () => {
  test('gives names, attributes, children and texts, CDATA among them', () => {
    const root = parseXml('<?xml version="1.0"?><a b="1" c="&lt;"><!-- x -->1<![CDATA[<2>]]>3<d/><d>4</d></a>', LIMITS);
    expect([root.name, root.text, Object.fromEntries(root.attributes)]).toEqual(['a', '1<2>3', { b: '1', c: '<' }]);
    expect(root.children.map(({ name, text }: XmlElement) => [name, text])).toEqual([['d', ''], ['d', '4']]);
  });

  test.each([
    ['a bomb of entities', bomb, /document type/],
    ['an external entity', '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><l>&x;</l>', /document type/],
    ['an external document type', '<!DOCTYPE l SYSTEM "http://127.0.0.1:9/x.dtd"><l/>', /document type/],
    ['a parameter entity', '<!DOCTYPE l [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]><l/>', /document type/],
    ['an entity of nobody’s', '<l>&nbsp;</l>', /undefined entity/],
    ['a reference to a forbidden character', '<l>&#1;</l>', /malformed character entity/],
    ['a forbidden character', '<l>\u0008</l>', /disallowed character/],
    ['a document that does not end', '<l><m>', /unclosed/],
    ['crossed elements', '<l><m></l></m>', /unexpected close tag/],
    ['two roots', '<l/><m/>', /only one root|outside of root/],
    ['an attribute twice', '<l a="1" a="2"/>', /duplicate attribute/],
    ['nothing', '', /root element/],
    ['text', 'all is well', /outside of root/],
  ])('%s is not read', (_what, text, why) => {
    expect(faultOf(text)).toMatch(why);
  });

  test('depth and number of parts are bounded while they grow', () => {
    expect(faultOf(`${'<a>'.repeat(8)}${'</a>'.repeat(8)}`)).toBe('it was read');
    expect(faultOf(`${'<a>'.repeat(9)}${'</a>'.repeat(9)}`)).toMatch(/deeper than 8 levels/);
    expect(faultOf('<a>'.repeat(1_000_000))).toMatch(/deeper than 8 levels/);
    expect(faultOf(`<a>${'<b/>'.repeat(49)}</a>`)).toBe('it was read');
    expect(faultOf(`<a>${'<b/>'.repeat(50)}</a>`)).toMatch(/more than 50 parts/);
    expect(faultOf(`<a ${Array.from({ length: 50 }, (_, i) => `b${i}="1"`).join(' ')}/>`)).toMatch(/more than 50 parts/);
    expect(faultOf(`<a>${'<!---->'.repeat(50)}</a>`)).toMatch(/more than 50 parts/);
  });

  test('names that mean something to JavaScript are names like others', () => {
    const root = parseXml('<a __proto__="1"><constructor>2</constructor></a>', LIMITS);
    expect(root.attributes.get('__proto__')).toBe('1');
    expect(root.children[0]?.name).toBe('constructor');
  });
});

describe('writing', () => {
  test('every text arrives as xmlText makes it, whatever it holds', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.array(fc.constantFrom(']]>', '<![CDATA[', '&amp;', '<', '>', '"', "'", '\u0000', '\u0001', '\u000b', '\ud800', '\udc00', '\ufffe', '\uffff', '😀', 'שלום', '\r\n', '\r', '\t', '-->', '<?x?>')).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(any, any, (text, attribute) => {
        const held = xmlText(text);
        const said = xmlText(attribute).replace(/[\n\t]/g, ' ');
        const root = parseXml(buildXml({ name: 'a', attributes: { b: said }, content: [{ name: 'c', content: held }] }), { depth: 4, nodes: 100_000 });
        expect(root.children[0]?.text).toBe(held);
        expect(root.attributes.get('b')).toBe(said);
      }),
      { numRuns: 500 },
    );
  });

  test('what XML forbids shows as U+FFFD, each character once', () => {
    expect(xmlText('a\u0000b\u001fc\ud800d\ufffee')).toBe('a\ufffdb\ufffdc\ufffdd\ufffde');
    expect(xmlText('tab\tline\nreturn\r\nsmile 😀 \u0085\u2028')).toBe('tab\tline\nreturn\nsmile 😀 \u0085\u2028');
  });

  test('what was not made fit is refused, never written broken', () => {
    expect(() => buildXml({ name: 'a', content: '\u0001' })).toThrow();
    expect(() => buildXml({ name: 'a b', content: '' })).toThrow();
  });
});
