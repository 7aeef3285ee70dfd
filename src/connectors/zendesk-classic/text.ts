/**
 * Texts of a classic Zendesk are plain, inside XML. What is written and what is read pass through the same normal form, so
 * that blanks at the ends of lines, which desks take away, are nobody's edit.
 */
import { htmlToText, textToHtml } from '../kit/html.ts';
import { imagesAsText } from '../kit/images.ts';
import { takeTextMark, withTextMark } from '../kit/mark.ts';
import { clean } from '../kit/text.ts';
import { xmlText } from '../kit/xml.ts';

/** A fragment's words as this desk keeps them. */
export function plainOf(html: string): string {
  return normal(xmlText(clean(htmlToText(imagesAsText(html)))));
}

/** A text of the desk as a fragment. */
export function readText(text: string): string {
  return textToHtml(asMeant(text));
}

/** The same for a text that may bear a mark: what it says, and the key of its last line. */
export function readMarked(text: string): { readonly html: string; readonly key: string | null } {
  const { text: said, key } = takeTextMark(asMeant(text));
  return { html: textToHtml(normal(said)), key };
}

/** Plain words as they are written. `{{…}}` would be filled in with the ticket's data; behind a backslash it stays as it is (?). */
export function writtenText(plain: string, key: string | null): string {
  const safe = plain.replaceAll('{{', '\\{{');
  return key === null ? safe : withTextMark(safe, key);
}

/** One line, as subjects are. */
export function lineOf(text: string): string {
  return xmlText(clean(text)).replace(/[\t\n]+/g, ' ').trim();
}

/** Whether a text loses characters on its way: XML has no place for them. */
export function losesCharacters(text: string): boolean {
  const whole = clean(text).replace(/\r\n?/g, '\n');
  return xmlText(whole) !== whole;
}

/** The same for the words of a fragment. */
export function losesWords(html: string): boolean {
  return losesCharacters(htmlToText(imagesAsText(html)));
}

export const LOST_CHARACTERS = 'characters that XML cannot hold are shown as \ufffd';

function asMeant(text: string): string {
  return normal(clean(text).replaceAll('\\{{', '{{'));
}

function normal(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();
}
