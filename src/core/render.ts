/** How a comment looks on the other desks: the words, and above them who wrote them and where. */
import type { Person } from './model.ts';
import type { Terms } from './rules.ts';
import type { LinkComment } from './state.ts';

/** A text as HTML that shows it. */
export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function nameOf(author: Person | null): string {
  return author?.name ?? author?.email ?? 'Someone';
}

/**
 * The line above a mirrored comment: its author, and the account it was written on. A mirror may have its own words for it,
 * with `{author}`, `{email}` and `{account}` in them; empty words make no line.
 */
export function authorLine(comment: Pick<LinkComment, 'author'>, accountName: string, words: string | null = null): string {
  if (words === null) return `<p><strong>${escape(nameOf(comment.author))}</strong> (${escape(accountName)}):</p>`;
  if (words.trim() === '') return '';
  const parts: Readonly<Record<string, string>> = { author: nameOf(comment.author), email: comment.author?.email ?? '', account: accountName };
  return `<p>${escape(words).replace(/\{(author|email|account)\}/g, (_, part: string) => escape(parts[part] ?? ''))}</p>`;
}

/**
 * The mirror's own words for the line above a copy on an account: null for the usual ones, empty for no line. What an automation
 * writes on the very account that it acts for is that account's own comment, so nothing stands above it.
 */
export function lineWords({ automation, from }: LinkComment, accountId: number, terms: Pick<Terms, 'author_line'> | null): string | null {
  return automation !== undefined && from === accountId ? '' : (terms?.author_line ?? null);
}

/** The content of a copy: author line and words. */
export function renderComment(comment: Pick<LinkComment, 'author' | 'content'>, accountName: string, words: string | null = null): string {
  return `${authorLine(comment, accountName, words)}${comment.content}`;
}

/**
 * The words of a copy that a person edited: without our author line, if it is still there. `shown` is what that desk makes
 * of a text: it may have changed the line's form.
 */
export function unrenderComment(
  content: string,
  comment: Pick<LinkComment, 'author'>,
  accountName: string,
  shown: (html: string) => string,
  words: string | null = null,
): string {
  const line = authorLine(comment, accountName, words);
  if (line === '') return content;
  return content.includes(line) ? content.replace(line, '') : content.replace(shown(line), '');
}
