/**
 * Files: uploaded under a token that lives for an hour, taken by the comment that names it, handed out by an address that
 * nobody guesses. Sources: developer.zendesk.com "Attachments", "Adding ticket attachments with the API", recorded answers.
 */
import { randomBytes } from 'node:crypto';
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import type { StoredFile } from '../kit/files.ts';
import { wholeNumber } from '../kit/json.ts';
import { forbidden, missingParameter, notFound, recordInvalid } from './errors.ts';
import type { Attachment } from './model.ts';
import type { Store } from './store.ts';

const TOKEN_LIFE_MS = 60 * 60_000;
const MOST_BYTES = 50 * 1024 * 1024;

export interface Uploads {
  readonly routes: readonly Route[];
  /** The tokens that a comment names: a list, or one bare string. Refuses tokens that are unknown or too old. */
  read(value: unknown): readonly string[];
  /** Ties the files of these tokens to a comment: the tokens are used up. */
  take(tokens: readonly string[]): readonly Attachment[];
  /** Copies, for a comment that takes another's files along. */
  copy(attachments: readonly Attachment[]): readonly Attachment[];
  /** An attachment whose bytes are gone: an empty text in its place. */
  redact(attachment: Attachment): void;
  show(attachment: Attachment): Json;
  clear(): void;
}

interface Upload {
  readonly token: string;
  readonly attachments: Attachment[];
  readonly until: number;
}

export function createUploads(store: Store, premises: Premises, isPrivate: () => boolean): Uploads {
  const uploads = new Map<string, Upload>();

  const contentUrl = (file: StoredFile): string => `${premises.url()}/attachments/token/${file.token}/?name=${encodeURIComponent(file.filename)}`;
  const showFile = (file: StoredFile, inline: boolean): Json => ({
    url: `${premises.url()}/api/v2/attachments/${file.id}.json`,
    id: file.id,
    file_name: file.filename,
    content_url: contentUrl(file),
    mapped_content_url: contentUrl(file),
    content_type: file.type,
    size: file.bytes.length,
    width: null,
    height: null,
    inline,
    deleted: false,
    malware_access_override: false,
    malware_scan_result: 'malware_not_found',
  });
  const show = ({ file, thumbnail, inline }: Attachment): Json => ({
    ...showFile(file, inline),
    thumbnails: thumbnail === null ? [] : [showFile(thumbnail, false)],
  });

  const open = (token: string): Upload => {
    const upload = uploads.get(token);
    if (!upload || upload.until <= premises.clock.now()) throw new Refused(notFound());
    return upload;
  };

  const attach = (filename: string, type: string, bytes: Buffer): Attachment => {
    const now = premises.clock.now();
    const file = store.files.add({ filename, type, bytes }, now);
    const isImage = /^image\/(png|jpe?g|gif|webp)$/i.test(type);
    const thumbnail = isImage ? store.files.add({ filename: filename.replace(/(\.[^.]*)?$/, '_thumb$1'), type, bytes }, now) : null;
    return { file, thumbnail, inline: false };
  };

  function upload(call: Call): Reply {
    const filename = call.query.get('filename') ?? '';
    if (filename === '') throw missingParameter('filename');
    if (call.bytes.length === 0) throw recordInvalid('base', { description: 'Attachment: cannot be blank', error: 'BlankValue' });
    if (call.bytes.length > MOST_BYTES) throw new Refused({ status: 413, text: 'Request Entity Too Large' });
    const given = call.query.get('token') ?? '';
    const now = premises.clock.now();
    for (const [token, { until }] of uploads) if (until <= now) uploads.delete(token);
    const into: Upload = given === '' ? { token: randomBytes(12).toString('base64url'), attachments: [], until: now + TOKEN_LIFE_MS } : open(given);
    const type = (call.headers['content-type'] ?? 'application/octet-stream').split(';')[0]?.trim() ?? 'application/octet-stream';
    const attachment = attach(filename, type === 'application/binary' ? 'application/octet-stream' : type, call.bytes);
    into.attachments.push(attachment);
    uploads.set(into.token, into);
    const body = {
      upload: { token: into.token, expires_at: isoSeconds(into.until), attachments: into.attachments.map(show), attachment: show(attachment) },
    };
    // JSON under a content type that says otherwise: so the vendor answers.
    return { status: 201, text: JSON.stringify(body) };
  }

  function download(call: Call): Reply {
    const file = store.files.byToken(call.params['token'] ?? '');
    if (!file) return notFound();
    if (isPrivate() && call.who === '') return forbidden();
    const name = file.filename.replace(/[^\x20-\x7e]|["\\]/g, '_');
    return { status: 200, bytes: file.bytes, type: file.type, headers: { 'Content-Disposition': `attachment; filename="${name}"` } };
  }

  const routes: readonly Route[] = [
    { method: 'POST', path: '/api/v2/uploads', reads: 'bytes', handle: upload },
    {
      method: 'DELETE',
      path: '/api/v2/uploads/:token',
      handle: ({ params }) => {
        const { token } = open(params['token'] ?? '');
        uploads.delete(token);
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/api/v2/attachments/:id',
      handle: ({ params }) => {
        const file = store.files.byId(wholeNumber(params['id']) ?? 0);
        if (!file) return notFound();
        const held = [...store.tickets.values()].flatMap(({ comments }) => comments.flatMap(({ attachments }) => attachments));
        const attachment = held.find((one) => one.file.id === file.id);
        return { status: 200, body: { attachment: attachment ? show(attachment) : { ...showFile(file, false), thumbnails: [] } } };
      },
    },
    { method: 'GET', path: '/attachments/token/:token', handle: download },
  ];

  return {
    routes,
    show,
    read(value) {
      const tokens = typeof value === 'string' ? [value] : Array.isArray(value) ? value.filter((token) => typeof token === 'string') : [];
      const named = [...new Set(tokens.filter((token) => token !== ''))];
      named.forEach(open);
      return named;
    },
    take(tokens) {
      return tokens.flatMap((token) => {
        const { attachments } = open(token);
        uploads.delete(token);
        return attachments;
      });
    },
    copy: (attachments) => attachments.map(({ file }) => attach(file.filename, file.type, file.bytes)),
    redact(attachment) {
      const { file } = attachment;
      store.files.remove(file.id);
      if (attachment.thumbnail !== null) store.files.remove(attachment.thumbnail.id);
      attachment.file = store.files.add({ filename: 'redacted.txt', type: 'text/plain', bytes: Buffer.from('redacted') }, premises.clock.now());
    },
    clear: () => uploads.clear(),
  };
}
