/**
 * Plain text ↔ HTML fragments, and one normal form for fragments. For showing and comparing only: nothing here makes
 * foreign HTML safe to render.
 *
 * Everything is one pass forward over the text, so that hostile input costs no more than its length.
 */
import { decodeEntity, ENTITY } from './entities.ts';
import { clean } from './text.ts';

/** `value` of an opening tag is its attributes, as they stand. */
interface Tag {
  readonly kind: 'open' | 'close';
  readonly name: string;
  readonly value: string;
}
type Token = { readonly kind: 'text'; readonly value: string } | Tag;

/** Elements that begin and end a line, and how many line breaks set them apart in plain text. */
const BLOCKS: Readonly<Record<string, number>> = {
  p: 2, h1: 2, h2: 2, h3: 2, h4: 2, h5: 2, h6: 2, blockquote: 2, pre: 2, table: 2,
  div: 1, li: 1, ul: 1, ol: 1, dl: 1, dt: 1, dd: 1, tr: 1, hr: 1, section: 1, article: 1, header: 1, footer: 1,
  address: 1, figure: 1, figcaption: 1, form: 1, fieldset: 1, main: 1, nav: 1, aside: 1, center: 1, body: 1, html: 1,
};
const RAW: ReadonlySet<string> = new Set(['script', 'style']);
const SILENT: ReadonlySet<string> = new Set(['head', 'title', 'template']);
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function breaksOf(name: string): number {
  return Object.hasOwn(BLOCKS, name) ? (BLOCKS[name] ?? 0) : 0;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => ESCAPES[sign] ?? sign);
}

/** Plain text as a fragment: line breaks and runs of blanks stay visible. */
export function textToHtml(text: string): string {
  return clean(text)
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) =>
      escapeHtml(line)
        .replace(/ (?= )|^ | $/g, '&nbsp;')
        .replace(/[\t\f]/g, (sign) => `&#${sign.charCodeAt(0)};`),
    )
    .join('<br>');
}

/** The words of a fragment with its line breaks; `htmlToText(textToHtml(text))` is `text` but for the kind of its blanks and line ends. */
export function htmlToText(html: string): string {
  const out: string[] = [];
  /** Line breaks that the blocks between the last word and the next ask for, and those that are there. */
  let due = 0;
  let have = 0;
  let blank = false;
  let lineStart = true;
  let silent = 0;
  let verbatim = 0;
  const settle = (): void => {
    if (due > have && out.length > 0) {
      out.push('\n'.repeat(due - have));
      have = due;
      lineStart = true;
    }
    due = 0;
  };
  const say = (word: string): void => {
    settle();
    if (blank && !lineStart) out.push(' ');
    blank = false;
    lineStart = false;
    have = 0;
    while (have < word.length && word.charAt(word.length - 1 - have) === '\n') have += 1;
    out.push(word);
  };
  for (const token of tokens(clean(html))) {
    if (token.kind === 'text') {
      if (silent > 0) continue;
      if (verbatim > 0) {
        if (token.value !== '') say(decode(token.value.replace(/\r\n?/g, '\n')));
        continue;
      }
      for (const part of token.value.split(/([ \t\n\r\f]+)/)) {
        if (part === '') continue;
        if (/^[ \t\n\r\f]/.test(part)) blank = true;
        else say(decode(part));
      }
      continue;
    }
    const opening = token.kind === 'open';
    if (SILENT.has(token.name)) silent = Math.max(0, silent + (opening ? 1 : -1));
    else if (token.name === 'br' && opening) {
      settle();
      out.push('\n');
      have += 1;
      blank = false;
      lineStart = true;
    } else if (token.name === 'td' || token.name === 'th') blank = true;
    else if (breaksOf(token.name) > 0) {
      due = Math.max(due, breaksOf(token.name));
      blank = false;
      if (token.name === 'pre') verbatim = Math.max(0, verbatim + (opening ? 1 : -1));
      if (token.name === 'li' && opening) {
        say('-');
        blank = true;
      }
    }
  }
  return out.join('');
}

function decode(text: string): string {
  return text.replace(ENTITY, (entity) => decodeEntity(entity) ?? entity).replaceAll('\u00a0', ' ');
}

/**
 * One normal form for what desks make of the same fragment: entities, tag case, blanks between blocks, text-direction
 * hints, wrapping `<div>`s, comments and scripts vary, the words do not. Idempotent. Readings and forecasts both pass through it, so that a
 * desk's reformatting of our own words is seldom taken for somebody's edit.
 */
export function tidy(html: string): string {
  const all = unwrap([...tokens(clean(html))]);
  let out = '';
  let verbatim = 0;
  for (const [i, token] of all.entries()) {
    if (token.kind === 'text') out += verbatim > 0 ? reescape(token.value) : flow(token.value, all[i - 1], all[i + 1]);
    else {
      if (token.name === 'pre') verbatim = Math.max(0, verbatim + (token.kind === 'open' ? 1 : -1));
      out += token.kind === 'open' ? `<${token.name}${attributes(token.value)}>` : `</${token.name}>`;
    }
  }
  return out;
}

/** Running text: blanks collapse, and vanish where a line begins or ends anyway. */
function flow(text: string, before: Token | undefined, after: Token | undefined): string {
  let words = reescape(text).replace(/[ \t\n\r\f]+/g, ' ');
  if (endsLine(before) && words.startsWith(' ')) words = words.slice(1);
  if (endsLine(after) && words.endsWith(' ')) words = words.slice(0, -1);
  return words;
}

function endsLine(token: Token | undefined): boolean {
  if (token === undefined) return true;
  return (token.kind === 'open' || token.kind === 'close') && (token.name === 'br' || breaksOf(token.name) > 0);
}

function reescape(text: string): string {
  return text.replace(/&(?:#x?[0-9a-f]+|[a-z][a-z0-9]*);|[&<>"]/gi, (found) => {
    if (found.length === 1) return ESCAPES[found] ?? found;
    const plain = decodeEntity(found);
    return plain === null ? found : (ESCAPES[plain] ?? plain);
  });
}

function attributes(value: string): string {
  const rest = value
    .replace(/(^|\s)dir\s*=\s*(["']?)(?:auto|ltr)\2(?=\s|\/|$)/i, '')
    .replace(/\/\s*$/, '')
    .trim();
  return rest === '' ? '' : ` ${rest}`;
}

/** Takes away `<div>`s that hold everything, unless they say that the text runs from right to left. */
function unwrap(all: readonly Token[]): readonly Token[] {
  const partner = partners(all);
  const empty = (i: number): boolean => {
    const token = all[i];
    return token?.kind === 'text' && /^[ \t\n\r\f]*$/.test(token.value);
  };
  let from = 0;
  let to = all.length - 1;
  for (;;) {
    while (from <= to && empty(from)) from += 1;
    while (to > from && empty(to)) to -= 1;
    const first = all[from];
    if (first?.kind !== 'open' || /rtl/i.test(first.value) || partner.get(from) !== to) return all.slice(from, to + 1);
    from += 1;
    to -= 1;
  }
}

/** Which closing tag belongs to each opening `<div>`. */
function partners(all: readonly Token[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  const open: number[] = [];
  for (const [i, token] of all.entries()) {
    if (token.kind === 'open' && token.name === 'div') open.push(i);
    if (token.kind !== 'close' || token.name !== 'div') continue;
    const opened = open.pop();
    if (opened !== undefined) found.set(opened, i);
  }
  return found;
}

/** Splits a fragment into tags and what stands between them. Comments, declarations, scripts and styles are left out. */
function* tokens(html: string): Generator<Token> {
  let at = 0;
  /** Where the text that is not yet given out begins, and what of it stood before a comment. */
  let text = 0;
  let before = '';
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open === -1) break;
    const found = markup(html, open);
    if (found === 'rest') break;
    if (found === null) {
      at = open + 1;
      continue;
    }
    before += html.slice(text, open);
    text = found.end;
    at = found.end;
    if (found.token === null) continue;
    if (RAW.has(found.token.name)) {
      if (found.token.kind === 'open') at = closed(html, found.token.name, at);
      text = at;
      continue;
    }
    if (before !== '') yield { kind: 'text', value: before };
    before = '';
    yield found.token;
  }
  before += html.slice(text);
  if (before !== '') yield { kind: 'text', value: before };
}

/** The tag, comment or declaration at `open`; null if the sign is only a sign, `rest` if it never ends. */
function markup(html: string, open: number): { readonly token: Tag | null; readonly end: number } | 'rest' | null {
  if (html.startsWith('<!--', open)) return upTo(html, '-->', open + 4);
  const next = html.charAt(open + 1);
  if (next === '!' || next === '?') return upTo(html, '>', open + 2);
  const close = next === '/';
  const nameAt = open + (close ? 2 : 1);
  const name = /[a-z][a-z0-9:-]*/iy;
  name.lastIndex = nameAt;
  const named = name.exec(html)?.[0];
  if (named === undefined) return null;
  const end = tagEnd(html, nameAt + named.length);
  if (end === -1) return 'rest';
  const value = html.slice(nameAt + named.length, end);
  return { token: { kind: close ? 'close' : 'open', name: named.toLowerCase(), value: close ? '' : value }, end: end + 1 };
}

function upTo(html: string, sign: string, from: number): { readonly token: null; readonly end: number } | 'rest' {
  const end = html.indexOf(sign, from);
  return end === -1 ? 'rest' : { token: null, end: end + sign.length };
}

/** Where a tag ends; a `>` inside a quoted attribute value is part of the value. */
function tagEnd(html: string, from: number): number {
  for (let at = from; at < html.length; at += 1) {
    const sign = html.charAt(at);
    if (sign === '>') return at;
    if (sign !== '=') continue;
    let value = at + 1;
    while (html.charAt(value) === ' ') value += 1;
    const quote = html.charAt(value);
    if (quote !== '"' && quote !== "'") continue;
    const end = html.indexOf(quote, value + 1);
    if (end === -1) return -1;
    at = end;
  }
  return -1;
}

/** Behind the closing tag of an element whose inside is no markup; the end where it is never closed. */
function closed(html: string, name: string, from: number): number {
  const end = new RegExp(`</${name}\\s*>`, 'gi');
  end.lastIndex = from;
  return end.exec(html) === null ? html.length : end.lastIndex;
}
