/**
 * Files on the way to a Zendesk and back. They are uploaded just before the write that names them, because a token lives for
 * an hour only; tokens are kept for as long as the same write may be sent again, so that its repetition has the same body.
 * https://developer.zendesk.com/api-reference/ticketing/tickets/ticket-attachments/
 */
import { DeskFailure, type Download, type FileSource } from '../../ports/connector.ts';
import type { Attachment, Warning } from '../../core/model.ts';
import type { World } from '../../ports/world.ts';
import { notDone } from '../kit/failure.ts';
import { UPLOAD_TIMEOUT_MS, type Http } from '../kit/http.ts';
import { memory } from '../kit/remember.ts';
import { clean } from '../kit/text.ts';
import { oneAttachment, uploaded } from './shapes.ts';
import { fromAttachment } from './texts.ts';

/** An upload that waits for the write that names it. */
export interface Upload {
  readonly token: string;
  /** Where the file came from, and where it is now. */
  readonly from: string;
  readonly attachment: Attachment | null;
  readonly filename: string;
  readonly sha256: string;
}

export interface Files {
  /** Uploads the files of the write with this key. Rejects with what says that the write was not sent. */
  upload(key: string, files: readonly FileSource[]): Promise<readonly Upload[]>;
  /** The write is over, or its tokens are no good: they are made anew should it be sent again. */
  forget(key: string): void;
  download(attachment: Pick<Attachment, 'id' | 'url'>): Promise<Download>;
}

/** Zendesk's own time for a token, less what an upload and a write may take. */
const TOKEN_MS = 50 * 60_000;
/** All uploads of one write together. */
const UPLOADS_MS = 150_000;
/** The longest that a write with files can take: the last upload may begin just in time. */
export const WRITE_WITH_FILES_MS = UPLOADS_MS + 2 * UPLOAD_TIMEOUT_MS;

export function openFiles(http: Http, world: World, base: string): Files {
  const now = (): number => world.now();
  const kept = memory<readonly Upload[]>({ max: 1_000, ttlMs: TOKEN_MS, now });

  async function send(file: FileSource): Promise<Upload> {
    const filename = nameOf(file.filename);
    const answer = await http.send('POST', `/uploads?filename=${encodeURIComponent(filename)}`, {
      body: file.open(),
      headers: { 'content-type': typeOf(file.content_type), 'content-length': String(file.size) },
    });
    const { upload } = uploaded(answer);
    return { token: upload.token, from: file.url, attachment: fromAttachment(upload.attachment)[0] ?? null, filename, sha256: file.sha256 };
  }

  /** An upload that nobody names is forgotten by the desk, so one that went wrong may be made again. */
  async function sendTwice(file: FileSource): Promise<Upload> {
    try {
      return await send(file);
    } catch (error) {
      if (!(error instanceof DeskFailure) || !['unavailable', 'unsure', 'surprise'].includes(error.kind)) throw error;
      return send(file);
    }
  }

  return {
    async upload(key, files) {
      if (files.length === 0) return [];
      const before = kept.get(key);
      if (before !== undefined && before.length === files.length && before.every(({ sha256 }, at) => sha256 === files[at]?.sha256)) return before;
      const began = world.now();
      const uploads: Upload[] = [];
      for (const file of files) {
        if (world.now() - began > UPLOADS_MS) throw new DeskFailure('unavailable', 'not sent: its files took too long to upload');
        uploads.push(await notDone(() => sendTwice(file)));
      }
      kept.set(key, uploads);
      return uploads;
    },
    forget: (key) => kept.set(key, [], 0),
    async download({ id, url }) {
      try {
        return await http.download(ownLink(url, base), { credentials: true });
      } catch (error) {
        const lost = error instanceof DeskFailure && (error.kind === 'missing' || error.status === 403);
        if (!lost || !/^[1-9]\d{0,19}$/.test(id)) throw error;
        // A link may have changed since it was read.
        const fresh = oneAttachment(await http.look(`/attachments/${id}`)).attachment.content_url;
        if (fresh == null || fresh === url) throw error;
        return http.download(ownLink(fresh, base), { credentials: true });
      }
    },
  };
}

/** A file of a Zendesk that also goes by a name of its owner's lies at the same place under the desk's own. */
function ownLink(url: string, base: string): string {
  if (!URL.canParse(url, base)) return url;
  const link = new URL(url, base);
  return link.pathname.startsWith('/attachments/token/') ? new URL(link.pathname + link.search, base).href : link.href;
}

function nameOf(filename: string): string {
  const plain = clean(filename).replace(/[\u0000-\u001f\u007f/\\]/g, '_').trim();
  return plain === '' ? 'file' : plain.slice(0, 200);
}

function typeOf(contentType: string | null): string {
  return contentType !== null && /^[\w.+-]+\/[\w.+-]+$/.test(contentType) ? contentType : 'application/octet-stream';
}

/** Files that were sent and are not among those that the answer shows. */
export function notTaken(uploads: readonly Upload[], shown: readonly Attachment[]): readonly Warning[] {
  const names = shown.map(({ filename }) => filename);
  return uploads.flatMap(({ filename }) => {
    const at = names.indexOf(filename);
    if (at >= 0) names.splice(at, 1);
    return at >= 0 ? [] : [{ field: 'attachments', reason: `${filename}: Zendesk did not keep it` }];
  });
}
