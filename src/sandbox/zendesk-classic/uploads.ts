/** `uploads.xml`: bytes under a token, one or several files, until a comment takes them. Seen in clients' code, 2009 to 2013. */
import { randomBytes } from 'node:crypto';
import { Refused, type Call, type Premises, type Reply } from '../kit/desk.ts';
import { createFiles, type StoredFile } from '../kit/files.ts';
import { leaf, list, record, type Element } from './document.ts';
import { invalid, missing, refusal } from './errors.ts';

export interface Uploads {
  upload(call: Call): Element;
  /** The files of these tokens, which are used up by it. */
  taken(tokens: string | null): readonly StoredFile[];
  download(call: Call): Reply;
  clear(): void;
}

export function createUploads({ clock }: Pick<Premises, 'clock'>, maxBytes: () => number): Uploads {
  const files = createFiles(9001);
  const waiting = new Map<string, StoredFile[]>();
  return {
    upload(call) {
      const filename = call.query.get('filename') ?? '';
      if (filename === '') throw invalid(['Filename: cannot be blank']);
      if (call.bytes.length > maxBytes()) throw new Refused(refusal([`Attachment: the file is larger than ${maxBytes()} bytes`], 413));
      const given = call.query.get('token');
      const token = given !== null && given !== '' ? given : randomBytes(8).toString('hex');
      if (given !== null && given !== '' && !waiting.has(given)) throw invalid(['Token: is invalid']);
      const type = (call.headers['content-type'] ?? 'application/octet-stream').replace(/^application\/binary$/, 'application/octet-stream');
      const file = files.add({ filename, type, bytes: call.bytes }, clock.now());
      waiting.set(token, [...(waiting.get(token) ?? []), file]);
      const held = (waiting.get(token) ?? []).map(({ id, filename: name }) => record('attachment', [leaf('id', id), leaf('filename', name)]));
      return { ...record('uploads', [list('attachments', held, { type: 'array' })]), attributes: { token } };
    },
    taken(tokens) {
      const wanted = (tokens ?? '').split(/\s+/).filter((token) => token !== '');
      if (wanted.some((token) => !waiting.has(token))) throw invalid(['Attachment: the upload token is invalid']);
      return wanted.flatMap((token) => {
        const held = waiting.get(token) ?? [];
        waiting.delete(token);
        return held;
      });
    },
    download(call) {
      const file = files.byToken(call.params['token'] ?? '');
      if (file === undefined) return missing();
      return { status: 200, bytes: file.bytes, type: file.type, headers: { 'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.filename)}` } };
    },
    clear() {
      files.clear();
      waiting.clear();
    },
  };
}
