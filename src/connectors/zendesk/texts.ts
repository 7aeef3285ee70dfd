/**
 * Texts on the way to a Zendesk and back. Pure. Placeholders in a text would be filled in with the ticket's data; Zendesk wraps
 * what it keeps, shows images under addresses of its own, and cuts beyond 64 kB.
 * https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_comments/
 */
import { DeskFailure } from '../../ports/connector.ts';
import type { Attachment, CommentDraft, FileDraft } from '../../core/model.ts';
import { htmlToText, textToHtml, tidy } from '../kit/html.ts';
import { imagesMoved, imageTag, withImages } from '../kit/images.ts';
import { bytes, clean } from '../kit/text.ts';
import type { ZendeskAttachment } from './shapes.ts';

/** Zendesk keeps 64 kB, with the element it wraps around, and cuts what is longer in silence; this leaves room for that. */
export const MAX_COMMENT_BYTES = 65_300;

/** A brace written as a character reference: were it read before placeholders are looked for, it would begin one. */
const BRACE = /&(?:#0*123|#x0*7b|lbrace|lcub);/gi;
/** Comes between a sign and what it would mean; taken out of what is read. */
const JOINER = '\u2060';

export interface Wording {
  /** Keep `@name` from mentioning anybody. */
  readonly mentions: boolean;
}

/** A text as it is sent: complete, and with nothing in it that Zendesk would act on. */
export function toZendesk(html: string, { mentions }: Wording): string {
  const plain = neutralised(asMeant(clean(html).replace(BRACE, '{')));
  return mentions ? plain : plain.replace(/(^|[\s>(])@(?=[\p{L}\p{N}])/gu, `$1@${JOINER}`);
}

/** `{{…}}` stays as it is behind a backslash, in longer runs each pair; for `{%…%}` no such sign is known, so its brace is written as a reference. */
export function neutralised(html: string): string {
  return html.replace(/\{{2,}/g, (run) => (run.length % 2 === 1 ? '{' : '') + '\\{{'.repeat(run.length >> 1)).replaceAll('{%', '&#123;%');
}

/** Whether a desk shows the backslash or takes it away (?), both read as what was meant: among braces there are none. */
export function asMeant(text: string): string {
  const plain = text.replace(/[\\{]{2,}/g, (run) => {
    const last = run.lastIndexOf('{');
    return run.indexOf('{') === last ? run : run.slice(0, last).replaceAll('\\', '') + run.slice(last);
  });
  return plain.replaceAll(`@${JOINER}`, '@');
}

/** What reading a text of ours gives back: images named as every reading names them. */
export function shownText(html: string, files: readonly Pick<FileDraft, 'url' | 'filename'>[] = []): string {
  const named = withImages(asMeant(clean(html).replace(BRACE, '{')), ({ src, alt, tag }) => {
    if (src === null) return tag;
    const file = files.find(({ url }) => url === src);
    return file === undefined ? imageTag(src, alt ?? '') : imageTag(src, file.filename);
  });
  return asMeant(tidy(named));
}

/**
 * A text that Zendesk shows, with the files that came with it. Images that it does not list are those that are `known` to be
 * there, or are derived from their addresses.
 */
export function readText(
  raw: { readonly html_body?: string | null; readonly body?: string | null; readonly attachments?: readonly ZendeskAttachment[] | null },
  base: string,
  known: readonly Attachment[] = [],
): { readonly content: string; readonly attachments: readonly Attachment[] } {
  const attachments = (raw.attachments ?? []).flatMap(fromAttachment);
  const html = withImages(raw.html_body ?? textToHtml(raw.body ?? ''), ({ src, alt, tag }) => {
    if (src === null) return tag;
    const path = pathOf(src, base);
    const place = attachments.findIndex(({ url }) => url === src || (path !== null && pathOf(url, base) === path));
    const listed = attachments[place];
    if (listed !== undefined) {
      if (!listed.inline) attachments[place] = { ...listed, inline: true };
      return imageTag(listed.url, listed.filename);
    }
    const there = path === null ? undefined : known.find(({ url }) => pathOf(url, base) === path);
    const derived = there !== undefined ? { ...there, inline: true } : path === null ? null : deriveImage(src, base, alt);
    if (derived === null) return imageTag(src, alt ?? '');
    attachments.push(derived);
    return imageTag(derived.url, derived.filename);
  });
  return { content: asMeant(tidy(html)), attachments };
}

/** What an upload's address is known by: its secret part, whatever the host and the name behind it. */
function pathOf(url: string, base: string): string | null {
  if (!URL.canParse(url, base)) return null;
  return /^\/attachments\/token\/[^/]+/.exec(new URL(url, base).pathname)?.[0] ?? null;
}

function deriveImage(src: string, base: string, alt: string | null): Attachment | null {
  const url = new URL(src, base);
  if (url.origin !== new URL(base).origin) return null;
  const filename = url.searchParams.get('name') || alt || 'image';
  return { id: url.pathname.split('/')[3] ?? url.pathname, filename, content_type: null, url: url.href, thumb_url: null, size: null, inline: true };
}

export function fromAttachment(raw: ZendeskAttachment): readonly Attachment[] {
  if (raw.content_url == null) return [];
  return [
    {
      id: String(raw.id),
      filename: raw.file_name ?? String(raw.id),
      content_type: raw.content_type ?? null,
      url: raw.content_url,
      thumb_url: raw.thumbnails?.[0]?.content_url ?? null,
      size: raw.size ?? null,
      inline: raw.inline === true,
    },
  ];
}

/** What reading a comment gives back of a draft. */
export function forecastComment({ content, public: open, files = [] }: CommentDraft): CommentDraft {
  return { content: shownText(content, files), public: open };
}

/** The words of a comment with its images where they are now. `moved` knows the new address of each file by its old one. */
export function htmlOf(content: string, moved: ReadonlyMap<string, string>, wording: Wording): string {
  const html = toZendesk(imagesMoved(content, moved), wording);
  const length = bytes(html);
  if (length <= MAX_COMMENT_BYTES) return html;
  throw new DeskFailure('refused', `a text of ${length} bytes is longer than the ${MAX_COMMENT_BYTES} that Zendesk keeps`, { fields: ['description'] });
}

/** Whether the answer shows less than was sent: Zendesk cuts without a word. */
export function wasCut(sent: string, shown: string): boolean {
  const words = (html: string): string => htmlToText(asMeant(html)).replace(/\s+/g, ' ').trim();
  const kept = words(shown);
  const whole = words(sent);
  return kept.length < whole.length && whole.startsWith(kept);
}

