/** Files: base64 in, bytes out. https://documentation.helpspace.com/api-message (media streams) */
import type { Files } from '../kit/files.ts';
import { isJson } from '../kit/json.ts';
import type { Call, Reply, Route } from '../kit/desk.ts';
import { wholeNumber } from '../kit/json.ts';
import { missing, problem, type Problems } from './errors.ts';
import type { Media, Store } from './model.ts';

/** All attachments of a message together, and its body. */
export const MOST_BYTES = 5 * 1024 * 1024;

export interface NewFile {
  readonly filename: string;
  readonly type: string;
  readonly bytes: Buffer;
}

/**
 * The attachments of a request. `names` are the keys that may hold a file's name: the vendor's page of tickets says `name`,
 * its client says `file_name` for messages.
 */
export function readAttachments(value: unknown, at: string, names: readonly string[], problems: Problems): readonly NewFile[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    problem(problems, at, `The ${at} must be an array.`);
    return [];
  }
  const files = value.flatMap((item: unknown, index): readonly NewFile[] => {
    const input = isJson(item) ? item : {};
    const name = names.map((key) => input[key]).find((found) => found !== undefined);
    const texts = { [names[0] ?? 'name']: name, mime_type: input['mime_type'], data: input['data'] };
    for (const [key, text] of Object.entries(texts)) {
      if (typeof text !== 'string' || text === '') problem(problems, `${at}.${index}.${key}`, `The ${at}.${index}.${key} field is required.`);
    }
    return [{ filename: String(name), type: String(input['mime_type']), bytes: Buffer.from(String(input['data']), 'base64') }];
  });
  if (files.reduce((sum, { bytes }) => sum + bytes.length, 0) > MOST_BYTES) problem(problems, at, `The ${at} must not be greater than 5 MB.`);
  return files;
}

const DATA_IMAGE = /<img\b(?:[^>"']|"[^"]*"|'[^']*')*>/gi;
const SOURCE = /\ssrc\s*=\s*(?:"data:([a-z]+\/[a-z0-9.+-]+);base64,([^"]*)"|'data:([a-z]+\/[a-z0-9.+-]+);base64,([^']*)')/i;
const ALT = /\salt\s*=\s*(?:"([^"]*)"|'([^']*)')/i;

/** Takes images out of the data URLs of a body: what is kept points to their own address. */
export function storeInline(body: string, store: Store, url: string, at: number): { readonly body: string; readonly images: readonly Media[] } {
  const images: Media[] = [];
  const kept = body.replace(DATA_IMAGE, (tag) => {
    const source = SOURCE.exec(tag);
    if (source === null) return tag;
    const type = source[1] ?? source[3] ?? 'application/octet-stream';
    const bytes = Buffer.from(source[2] ?? source[4] ?? '', 'base64');
    const alt = ALT.exec(tag);
    const filename = alt?.[1] ?? alt?.[2] ?? `image.${type.split('/')[1] ?? 'bin'}`;
    const file = store.inline.add({ filename, type, bytes }, at);
    images.push({ id: file.id, name: filename, mime_type: type, size: bytes.length });
    return tag.replace(source[0], ` src="${url}/api/v1/media/inline/${file.id}"`);
  });
  return { body: kept, images };
}

export function storeAttachments(files: readonly NewFile[], store: Store, at: number): readonly Media[] {
  return files.map((file) => {
    const { id } = store.attachments.add(file, at);
    return { id, name: file.filename, mime_type: file.type, size: file.bytes.length };
  });
}

export function mediaRoutes(store: Store): readonly Route[] {
  const stream = (files: Files, model: string, { params }: Call): Reply => {
    const file = files.byId(wholeNumber(params['id']) ?? 0);
    if (!file) return missing(model, params['id'] ?? '');
    const name = encodeURIComponent(file.filename);
    return { status: 200, bytes: file.bytes, type: file.type, headers: { 'Content-Disposition': `inline; filename*=UTF-8''${name}` } };
  };
  const inline = (call: Call): Reply => stream(store.inline, 'InlineImage', call);
  return [
    { method: 'GET', path: '/api/v1/media/attachment/:id', handle: (call) => stream(store.attachments, 'Attachment', call) },
    { method: 'GET', path: '/api/v1/media/inline/:id', handle: inline },
    {
      method: 'GET',
      path: '/api/v1/media/inline/:id/:size',
      handle: (call) => (['medium', 'large'].includes(call.params['size'] ?? '') ? inline(call) : missing('InlineImage', call.params['id'] ?? '')),
    },
  ];
}
