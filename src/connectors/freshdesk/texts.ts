/**
 * Texts and files of a Freshdesk, pure: descriptions and conversations as unified content, and back. Images in a text are
 * not among its files; they are derived from their tags.
 */
import type { Attachment, Comment, CommentDraft, Person } from '../../core/model.ts';
import { parseJson } from '../kit/answer.ts';
import { escapeHtml, htmlToText, textToHtml, tidy } from '../kit/html.ts';
import { imagesAsText, imageTag, withImages, type Image } from '../kit/images.ts';
import { takeMark, withMark } from '../kit/mark.ts';
import { clean } from '../kit/text.ts';
import { isoTime } from '../kit/time.ts';
import type { FreshdeskAttachment, FreshdeskConversation, StructuredBody } from './shapes.ts';

export interface Read {
  readonly content: string;
  /** The images that stand in the text. */
  readonly images: readonly Attachment[];
}

/** Answers to satisfaction surveys come as conversations; so do replies, which alone are public without saying so. */
const REPLY = 0;
export const SURVEY = 6;
const NOTE = 2;

/** Where Freshdesk keeps the images of its texts. */
const OWN_HOST = /(^|\.)(freshdesk|freshworks|freshdeskusercontent[a-z-]*)\.com$/;
const TOKEN_PATH = '/inline/attachment';
const LONGEST_TOKEN = 4_000;

export function readHtml(html: string): Read {
  const images = new Map<string, Attachment>();
  const content = withImages(tidy(html), (image) => {
    const own = inlineImage(image, images.size + 1);
    if (own === null) return unusable(image.src) ? nameless(image) : image.tag;
    images.set(own.id, own);
    return imageTag(own.url, own.filename);
  });
  return { content, images: [...images.values()] };
}

/** An image without an address, or with one that only a mail program or its own text can resolve. */
function unusable(src: string | null): boolean {
  return src === null || src === '' || /^(cid|data):/i.test(src);
}

/** Editors leave empty images behind where the cursor stood. */
function nameless({ src, alt }: Image): string {
  return src === null || src === '' ? '' : `[${escapeHtml(alt?.trim() || 'image')}]`;
}

/** The image as a file, if it is one of the desk's own: marked by its class, its number, or its address. */
function inlineImage({ src, alt, tag }: Image, place: number): Attachment | null {
  if (src === null || unusable(src) || !URL.canParse(src)) return null;
  const url = new URL(src);
  const number = /\sdata-id\s*=\s*["']?(\d{1,19})\b/i.exec(tag)?.[1] ?? numberIn(url);
  const marked = /\sclass\s*=\s*(["'])[^"']*\binline-image\b/i.test(tag);
  if (!/^https?:$/.test(url.protocol) || !(marked || number !== null || OWN_HOST.test(url.hostname) || url.pathname === TOKEN_PATH)) return null;
  // Without a number its place is the best name: addresses are signed anew.
  const id = number ?? `inline-${place}`;
  return { id, filename: filenameOf(alt, url) ?? `image-${id}`, content_type: null, url: src, thumb_url: null, size: null, inline: true };
}

/** The file's number inside the token of an address; the token proves nothing to us, it only names. */
function numberIn(url: URL): string | null {
  const token = url.pathname === TOKEN_PATH ? (url.searchParams.get('token') ?? '') : '';
  if (token === '' || token.length > LONGEST_TOKEN) return null;
  const payload = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const id: unknown = typeof payload === 'object' && payload !== null ? Reflect.get(payload, 'id') : null;
  return (typeof id === 'number' || typeof id === 'string') && /^\d{1,19}$/.test(String(id)) ? String(id) : null;
}

function filenameOf(alt: string | null, url: URL): string | null {
  const named = /^[^/\\]{1,200}\.[a-z0-9]{2,5}$/i;
  if (alt !== null && named.test(alt.trim())) return alt.trim();
  const last = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  try {
    return named.test(decodeURIComponent(last)) ? decodeURIComponent(last) : null;
  } catch {
    return null;
  }
}

/** Files as told, those that stand in the text marked so. */
export function filesOf(told: readonly FreshdeskAttachment[] | null | undefined, images: readonly Attachment[]): readonly Attachment[] {
  const shown = new Set(images.map(({ id }) => id));
  const files = (told ?? []).flatMap((raw) => fromAttachment(raw, shown));
  const known = new Set(files.map(({ id }) => id));
  return [...files, ...images.filter(({ id }) => !known.has(id))];
}

function fromAttachment(raw: FreshdeskAttachment, shown: ReadonlySet<string>): readonly Attachment[] {
  if (raw.attachment_url == null) return [];
  const id = String(raw.id);
  return [
    {
      id,
      filename: raw.name == null || raw.name.trim() === '' ? id : clean(raw.name),
      content_type: raw.content_type ?? null,
      url: raw.attachment_url,
      thumb_url: null,
      size: raw.file_size ?? raw.size ?? null,
      inline: shown.has(id),
    },
  ];
}

/** What a text becomes here: its images cannot be shown inside it, so their names stand there. */
export function heldHtml(html: string): string {
  return tidy(imagesAsText(html));
}

export function forecastComment(draft: CommentDraft): CommentDraft {
  return { content: heldHtml(draft.content), public: draft.public };
}

/** A line for people about files that stayed behind, above our key; taken off when it is read. */
const LEFT_BEHIND = /<p>Not attached here: [^<]*<\/p>$/;

/** The line that names files which stayed behind; empty where there are none. */
export function leftLine(filenames: readonly string[]): string {
  return filenames.length === 0 ? '' : `<p>Not attached here: ${escapeHtml(clean(filenames.join(', ')))}</p>`;
}

/** The same line as it stands in one of our own notes, so that an edit can keep it. */
export function leftLineIn({ body }: FreshdeskConversation): string {
  const { content, key } = takeMark(tidy(body ?? ''));
  return key === null ? '' : (LEFT_BEHIND.exec(content)?.[0] ?? '');
}

/** A note's text. `key` is null for a comment that is not ours and must not be made to look like it; `left` is the line about files. */
export function toBody(draft: CommentDraft, key: string | null, left = ''): string {
  const html = clean(imagesAsText(draft.content));
  return key === null ? html : withMark(`${html}${left}`, key);
}

/** The same for chats, which take no HTML: the words, and our key as a line of its own. */
export function toStructured(body: string): StructuredBody {
  const { content, key } = takeMark(tidy(body));
  const parts = [htmlToText(content), ...(key === null ? [] : [key])].filter((text) => text.trim() !== '');
  return { body_contents: parts.map((text) => ({ type: 'text', data: { content: text } })) };
}

function fromStructured(body: StructuredBody): string {
  return (body.body_contents ?? [])
    .map(({ data }) => data?.content)
    .map((text) => (typeof text === 'string' ? `<p>${textToHtml(text)}</p>` : ''))
    .join('');
}

export function fromConversation(raw: FreshdeskConversation, author: Person | null): Comment {
  const { content: said, images } = readHtml(raw.body ?? (raw.structured_body == null ? '' : fromStructured(raw.structured_body)));
  // What comes from a customer is never ours, whatever it quotes.
  const { content, key } = raw.incoming === true ? { content: said, key: null } : takeMark(said);
  return {
    id: String(raw.id),
    content: key === null ? content : tidy(content.replace(LEFT_BEHIND, '')),
    author,
    public: isPublic(raw),
    attachments: filesOf(raw.attachments, images),
    created_at: isoTime(raw.created_at),
    modified_at: isoTime(raw.updated_at),
    key,
  };
}

/** Where a row does not say, only what the customer wrote or was mailed is known to be seen by them. */
function isPublic({ private: hidden, incoming, source }: FreshdeskConversation): boolean {
  return hidden === false || (hidden == null && (incoming === true || source === REPLY));
}

/** What no person wrote: a rule's note, or the confirmation of a new ticket. */
export function isAutomatic(raw: FreshdeskConversation): boolean {
  return raw.automation_id != null || raw.auto_response === true;
}

/** The ticket that a note says this one was merged into; null for any other comment. `words` is how such notes begin. */
export function mergedInto(raw: FreshdeskConversation, comment: Comment, words: string): string | null {
  if (raw.source !== NOTE || raw.incoming === true || comment.key !== null || words === '') return null;
  const text = htmlToText(comment.content).replace(/\s+/g, ' ').trim().toLowerCase();
  const at = text.indexOf(words.toLowerCase());
  return at < 0 ? null : (/^[^\d]{0,20}(\d{1,18})\b/.exec(text.slice(at + words.length))?.[1] ?? null);
}

/** The words alone: what a chat's first message and its ticket's description are compared by. */
export function wordsOf(html: string | null): string {
  return htmlToText(html ?? '').replace(/\s+/g, ' ').trim();
}
