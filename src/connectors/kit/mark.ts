/** Our key where a desk has nothing better: the last line of a text, or a tag. */
import { KEY_PATTERN } from '../../core/key.ts';

/** The whole last block of a tidied text. A mark inside a quotation is followed by the quotation's end, so it is not this. */
const LAST_LINE = /<(p|div)(?: [^>]*)?>\s*(dm-[a-z2-7]{16})\s*<\/\1>$/;

/** The text with the key as its very last line. */
export function withMark(html: string, key: string): string {
  return `${html}<p>${key}</p>`;
}

/** Splits a tidied text into what was said and the key of its last line; only a key at the very end counts. */
export function takeMark(tidied: string): { readonly content: string; readonly key: string | null } {
  const found = LAST_LINE.exec(tidied);
  return found?.[2] === undefined ? { content: tidied, key: null } : { content: tidied.slice(0, found.index), key: found[2] };
}

const LAST_TEXT_LINE = /(?:^|\n)[ \t]*(dm-[a-z2-7]{16})\s*$/;

/** The same for desks whose texts are plain: the key is the very last line. */
export function withTextMark(text: string, key: string): string {
  return text === '' ? key : `${text}\n\n${key}`;
}

export function takeTextMark(text: string): { readonly text: string; readonly key: string | null } {
  const found = LAST_TEXT_LINE.exec(text);
  return found?.[1] === undefined ? { text, key: null } : { text: text.slice(0, found.index), key: found[1] };
}

/** Splits a ticket's tags into people's own and our marks. A human's copy of a ticket may carry several. */
export function takeTags(tags: readonly string[]): { readonly tags: readonly string[]; readonly marks: readonly string[] } {
  const marks = tags.filter((tag) => KEY_PATTERN.test(tag));
  return marks.length === 0 ? { tags, marks } : { tags: tags.filter((tag) => !KEY_PATTERN.test(tag)), marks };
}

/** What another program wrote where a desk keeps such a name of a ticket; nothing if it is empty or our key. */
export function externalIdIn(value: unknown): { readonly external_id?: string } {
  return typeof value === 'string' && value.trim() !== '' && !KEY_PATTERN.test(value) ? { external_id: value } : {};
}

/** The key that a text of the desk's own, such as an external id, stands for. */
export function keyIn(value: unknown): string | null {
  return typeof value === 'string' && KEY_PATTERN.test(value) ? value : null;
}
