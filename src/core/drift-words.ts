/** The words of an HTML text, for telling whether two desks say the same, however each has written it down. Pure. */

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** Without tags and without any blank: what is left is what people read. */
export function wordsIn(html: string): string {
  return html
    .replaceAll(/<(?:[^>"']|"[^"]*"|'[^']*')*>/g, '')
    .replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
      const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : null;
      if (code !== null) return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
      return NAMED[(name ?? '').toLowerCase()] ?? whole;
    })
    .replaceAll(/\s+/g, '');
}

export function sameWords(a: string, b: string): boolean {
  return wordsIn(a) === wordsIn(b);
}

/** Whether the words of `part` stand in `whole` as they are. */
export function hasWords(whole: string, part: string): boolean {
  return wordsIn(whole).includes(wordsIn(part));
}
