/**
 * Files go to `uploads.xml` first, as bytes, one after the other under one token; the ticket or comment then names the token.
 * Seen in clients of 2009 to 2013; https://www.zendesk.com/support/api/attachments
 */
import type { Warning } from '../../core/model.ts';
import { DeskFailure, type FileSource } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { notDone } from '../kit/failure.ts';
import { UPLOAD_TIMEOUT_MS, type Http } from '../kit/http.ts';
import { rootAttribute } from './wire.ts';

export interface Uploaded {
  readonly token: string | null;
  readonly warnings: readonly Warning[];
}

/** No upload is begun later than this after the first, so that the write that follows has an end. */
const BEGUN_WITHIN_MS = UPLOAD_TIMEOUT_MS;
export const FILES_TIMEOUT_MS = BEGUN_WITHIN_MS + UPLOAD_TIMEOUT_MS;

/** Whatever fails here, the write that the files were for was not sent. */
export async function upload(http: Http, files: readonly FileSource[], maxBytes: number, world: World): Promise<Uploaded> {
  const warnings: Warning[] = [];
  const began = world.now();
  let token: string | null = null;
  for (const file of files) {
    if (file.size > maxBytes) {
      warnings.push({ field: 'attachments', reason: `${file.filename.slice(0, 100)}: ${file.size} bytes are more than the ${maxBytes} that are written here` });
      continue;
    }
    if (world.now() - began > BEGUN_WITHIN_MS) throw new DeskFailure('unavailable', 'not sent: the files took too long');
    const before: string | null = token;
    token = await notDone(() => uploadOne(http, file, before));
  }
  return { token, warnings };
}

async function uploadOne(http: Http, file: FileSource, token: string | null): Promise<string> {
  const query = `filename=${encodeURIComponent(file.filename.toWellFormed())}${token === null ? '' : `&token=${encodeURIComponent(token)}`}`;
  const answer = await http.send('POST', `/uploads.xml?${query}`, {
    body: file.open(),
    headers: { 'content-type': mediaTypeOf(file), 'content-length': String(file.size) },
  });
  const given = rootAttribute(answer, 'uploads', 'token');
  if (given === null || given === '' || given.length > 200) throw new DeskFailure('surprise', 'the answer to an upload has no token', { status: answer.status });
  return given;
}

/** A header takes no more than a plain type. */
function mediaTypeOf({ content_type: type }: FileSource): string {
  return type !== null && /^[\w.+-]{1,60}\/[\w.+-]{1,100}(?:; ?charset=[\w-]{1,40})?$/.test(type) ? type : 'application/octet-stream';
}
