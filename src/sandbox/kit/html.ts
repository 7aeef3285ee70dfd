/** What desks do to the HTML they are given: take out what runs, and derive the plain text. */

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (char) => (char === '&' ? '&amp;' : char === '<' ? '&lt;' : char === '>' ? '&gt;' : '&quot;'));

const entity = (whole: string, name: string): string => {
  if (!name.startsWith('#')) return ENTITIES[name.toLowerCase()] ?? whole;
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  return Number.isInteger(code) && code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
};

/** Comments, scripts and event handlers do not survive at any of the vendors: a mark that is hidden there is lost. */
export const sanitiseHtml = (html: string): string =>
  html.includes('<')
    ? html
        .replace(/<!--[\s\S]*?(-->|$)/g, '')
        .replace(/<(script|style|iframe|object|embed|form)\b[\s\S]*?(<\/\1\s*>|$)/gi, '')
        .replace(/(<[^>]*?)\s+on[a-z]+\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, '$1')
        .replace(/(<[^>]*?\b(?:href|src)\s*=\s*)("\s*javascript:[^"]*"|'\s*javascript:[^']*')/gi, '$1""')
    : html;

export const htmlToText = (html: string): string => {
  const text = html.includes('<')
    ? sanitiseHtml(html)
        .replace(/\r?\n/g, ' ')
        .replace(/<br\s*\/?>/gi, '\n')
        .replace(/<\/(p|div|li|tr|h[1-6]|blockquote|pre)\s*>/gi, '\n')
        .replace(/<[^>]*>/g, '')
    : html;
  return (text.includes('&') ? text.replace(/&(#?[a-z0-9]+);/gi, entity) : text).trim();
};

/** Plain text as paragraphs: an empty line parts them, a single line break stays one. */
export const textToHtml = (text: string, paragraph = '<p>'): string =>
  text
    .split(/\n{2,}/)
    .map((part) => `${paragraph}${escapeHtml(part).replaceAll('\n', '<br>')}</p>`)
    .join('');

/** The longest beginning of `text` that fits into `bytes` of UTF-8 and ends between two characters. */
export function cutBytes(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  const cut = Buffer.from(text).subarray(0, bytes);
  let end = cut.length;
  while (end > 0 && ((cut[end - 1] ?? 0) & 0xc0) === 0x80) end -= 1;
  const lead = cut[end - 1] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return cut.subarray(0, end - 1 + length <= cut.length ? end - 1 + length : end - 1).toString('utf8');
}
