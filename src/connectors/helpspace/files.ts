/**
 * Files of messages: base64 in both directions. How answers describe them and how a body names its inline images is not
 * documented, so several ways are tried. https://documentation.helpspace.com/api-message (media streams)
 */
import type { Attachment } from '../../core/model.ts';
import { DeskFailure, type Download, type FileSource } from '../../ports/connector.ts';
import { imagesMoved, imageTag, withImages } from '../kit/images.ts';
import { clean } from '../kit/text.ts';
import type { HelpspaceFile, HelpspaceMessage } from './shapes.ts';

export interface Place {
  /** The API's address. */
  readonly base: string;
  readonly ticketId: string;
}

const DATA_URL = /^data:([a-z0-9.+-]+\/[a-z0-9.+-]+)?(?:;[^,;]*)*;base64,/i;
const UNKNOWN_TYPE = 'application/octet-stream';

/** The body with its images under the addresses by which they can be fetched, and all files of the message. */
export function filesOf(raw: HelpspaceMessage, { base, ticketId }: Place): { readonly body: string; readonly attachments: readonly Attachment[] } {
  const stored = (raw.inline_images ?? []).map((file) => ({ file, image: inlineImage(file, base), shown: false }));
  const carried: Attachment[] = [];
  const loose = countLoose(raw.body ?? '', stored.map(({ file }) => file));
  const body = withImages(clean(raw.body ?? ''), ({ src, alt, tag }) => {
    if (src !== null && DATA_URL.test(src)) {
      const image = carriedImage(src, alt, carried.length, `${base}/tickets/${encodeURIComponent(ticketId)}/messages/${encodeURIComponent(String(raw.id))}`);
      carried.push(image);
      return imageTag(image.url, image.filename);
    }
    const found = stored.find(({ file }) => names(src, file)) ?? (isLoose(src) && loose === stored.length ? stored.find(({ shown }) => !shown) : undefined);
    if (found === undefined) return tag;
    found.shown = true;
    return imageTag(found.image.url, alt?.trim() || found.image.filename);
  });
  return {
    body,
    attachments: [...(raw.attachments ?? []).map((file) => attachment(file, base)), ...stored.map(({ image, shown }) => ({ ...image, inline: shown })), ...carried],
  };
}

function attachment(file: HelpspaceFile, base: string): Attachment {
  return { ...described(file), id: String(file.id), url: `${base}/media/attachment/${encodeURIComponent(String(file.id))}`, thumb_url: null, inline: false };
}

/** Attachments and inline images are numbered apart, so an image's id says what it is. */
function inlineImage(file: HelpspaceFile, base: string): Attachment {
  const url = `${base}/media/inline/${encodeURIComponent(String(file.id))}`;
  return { ...described(file), id: `inline-${file.id}`, url, thumb_url: `${url}/medium`, inline: true };
}

function described(file: HelpspaceFile): Pick<Attachment, 'filename' | 'content_type' | 'size'> {
  const size = typeof file.size === 'string' && /^\d{1,15}$/.test(file.size) ? Number(file.size) : file.size;
  return {
    filename: clean(file.name ?? file.file_name ?? '').trim() || String(file.id),
    content_type: file.mime_type?.trim() || null,
    size: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null,
  };
}

/** An image that the body itself carries: fetched by reading the message again. */
function carriedImage(src: string, alt: string | null, index: number, message: string): Attachment {
  const head = DATA_URL.exec(src);
  const type = head?.[1] ?? UNKNOWN_TYPE;
  const url = `${message}#image-${index}`;
  const size = Math.floor(((src.length - (head?.[0].length ?? 0)) * 3) / 4) - (src.endsWith('==') ? 2 : src.endsWith('=') ? 1 : 0);
  return { id: `image-${index}`, filename: alt?.trim() || `image-${index}`, content_type: type, url, thumb_url: null, size: Math.max(0, size), inline: true };
}

/** Whether an image's address means this file: its own address, or its id as the last part of the path or of a `cid:`. */
function names(src: string | null, file: HelpspaceFile): boolean {
  if (src === null) return false;
  if (file.url != null && src === file.url) return true;
  const id = String(file.id);
  if (/^cid:/i.test(src)) return src.slice(4) === id || src.slice(4).split('@')[0] === id;
  const path = src.split(/[?#]/)[0] ?? '';
  return new RegExp(`/inline/${id.replace(/[^\w-]/g, '\\$&')}(?:/(?:medium|large))?$`).test(path);
}

/** An address that leads nowhere by itself. */
function isLoose(src: string | null): boolean {
  return src === null || src === '' || /^cid:/i.test(src);
}

function countLoose(body: string, files: readonly HelpspaceFile[]): number {
  let count = 0;
  withImages(body, ({ src, tag }) => {
    if (isLoose(src) && !files.some((file) => names(src, file))) count += 1;
    return tag;
  });
  return count;
}

/** The bytes of an image that a body carries. */
export function carriedBytes(body: string, index: number): Download | null {
  let at = -1;
  let found: Download | null = null;
  withImages(body, ({ src, tag }) => {
    const head = src === null ? null : DATA_URL.exec(src);
    if (src !== null && head !== null) {
      at += 1;
      if (at === index) {
        const bytes = Buffer.from(src.slice(head[0].length), 'base64');
        found = { stream: once(bytes), size: bytes.length, content_type: head[1] ?? null };
      }
    }
    return tag;
  });
  return found;
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** A text and its files as they are sent. */
export interface Parcel {
  /** Images that are shown inside it are data URLs. */
  readonly body: string;
  readonly attachments: readonly { readonly name: string; readonly mime_type: string; readonly data: string }[];
}

/** Reads the files. An image that the text shows goes into the text, everything else beside it. */
export async function packed(html: string, files: readonly FileSource[]): Promise<Parcel> {
  const shown = new Set<string>();
  withImages(html, ({ src, tag }) => {
    if (src !== null) shown.add(src);
    return tag;
  });
  const moved = new Map<string, string>();
  const attachments: Parcel['attachments'][number][] = [];
  for (const file of files) {
    const data = (await read(file)).toString('base64');
    const type = file.content_type ?? UNKNOWN_TYPE;
    if (file.inline && shown.has(file.url)) moved.set(file.url, `data:${plainType(type)};base64,${data}`);
    else attachments.push({ name: clean(file.filename).trim() || 'file', mime_type: plainType(type), data });
  }
  return { body: imagesMoved(html, moved), attachments };
}

/** Without parameters. */
function plainType(type: string): string {
  const plain = type.split(';')[0]?.trim().toLowerCase() ?? '';
  return /^[a-z0-9.+-]+\/[a-z0-9.+-]+$/.test(plain) ? plain : UNKNOWN_TYPE;
}

async function read(file: FileSource): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of file.open()) {
    length += part.length;
    if (length > file.size) break;
    parts.push(part);
  }
  if (length !== file.size) throw new DeskFailure('unavailable', `not sent: the file ${file.filename} is not as long as it was`);
  return Buffer.concat(parts);
}
