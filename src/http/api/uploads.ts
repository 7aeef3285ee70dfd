/** Forms with files: fields into an object, files onto the disk, each within its limits. */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import type { Capabilities } from '../../core/capabilities.ts';
import { AppError, type Fault } from '../../errors.ts';
import { DeskFailure, type FileSource } from '../../ports/connector.ts';
import type { FileStore, KeptFile } from '../../ports/files.ts';
import { invalid, type ReadForm } from './input.ts';
import type { Call, UploadedFile } from './route.ts';

export interface FormLimits {
  /** UTF-8 bytes of one field. */
  readonly fieldBytes: number;
  readonly fileBytes: number;
  readonly timeoutMs: number;
}

const MOST_FIELDS = 50;
const MOST_FILES = 20;
const FILES_FIELD = 'attachments';
const NAME_BYTES = 100;
const LONGEST_FILENAME = 200;

/** Fields that are true or false in JSON; a form has texts only. */
const BOOLEANS: ReadonlySet<string> = new Set(['public']);

export function createFormReader(files: FileStore, limits: FormLimits): ReadForm {
  return (request) => readForm(request, files, limits);
}

async function readForm(request: IncomingMessage, files: FileStore, { fieldBytes, fileBytes, timeoutMs }: FormLimits): ReturnType<ReadForm> {
  const body: Record<string, unknown> = {};
  const keeping: Promise<UploadedFile | null>[] = [];
  const faults: Fault[] = [];
  const wrong = (path: string, message: string): void => void faults.push({ path: `/${path.slice(0, 100)}`, message });
  const parser = open(request, fieldBytes);

  parser.on('field', (name, text, nameCut, textCut) => {
    if (nameCut || textCut) wrong(name, `This must have at most ${textCut ? fieldBytes : NAME_BYTES} bytes.`);
    else if (Object.hasOwn(body, name)) wrong(name, 'This stands here twice: give it once.');
    else Object.defineProperty(body, name, { value: typed(name, text), enumerable: true });
  });
  parser.on('file', (name, stream, filename, _encoding, type) => {
    if (name !== FILES_FIELD) {
      wrong(name, `Files come in parts named ${FILES_FIELD}.`);
      stream.resume();
      return;
    }
    keeping.push(keep(files, stream, named(filename, keeping.length), type, fileBytes));
  });
  for (const [event, what] of [['fieldsLimit', 'fields'], ['filesLimit', 'files'], ['partsLimit', 'parts']] as const) {
    parser.on(event, () => wrong('', `There are more ${what} than are taken here (${MOST_FIELDS} fields, ${MOST_FILES} files).`));
  }

  let late = false;
  const timer = setTimeout(() => {
    late = true;
    parser.destroy(new Error('late'));
  }, timeoutMs);
  const ended = await piped(request, parser).finally(() => clearTimeout(timer));
  const kept = await Promise.allSettled(keeping);
  const whole = kept.flatMap((one) => (one.status === 'fulfilled' && one.value !== null ? [one.value] : []));
  const drop = (): Promise<unknown> => Promise.all(whole.map((file) => file.kept.drop()));
  if (ended === 'gone') {
    await drop();
    return null;
  }
  const broken = kept.find((one) => one.status === 'rejected' && !(one.reason instanceof DeskFailure));
  if (broken !== undefined || ended === 'broken' || faults.length > 0 || whole.length < keeping.length) {
    await drop();
    if (late) throw new AppError('request_timeout', `The form did not arrive within ${timeoutMs / 1_000} seconds.`, { headers: { Connection: 'close' } });
    if (broken?.status === 'rejected') throw broken.reason;
    if (faults.length > 0) throw invalid(faults);
    if (kept.some((one) => one.status === 'fulfilled' && one.value === null)) throw tooLarge(fileBytes);
    throw new AppError('bad_request', 'The form is not whole, or is none: send multipart/form-data as it is made by your client.');
  }
  return { body, files: whole };
}

function open(request: IncomingMessage, fieldBytes: number): BusboyInstance {
  try {
    return new Busboy({
      headers: request.headers as BusboyHeaders,
      limits: { fieldNameSize: NAME_BYTES, fieldSize: fieldBytes, fields: MOST_FIELDS, files: MOST_FILES, parts: MOST_FIELDS + MOST_FILES, headerPairs: 50 },
    });
  } catch {
    throw new AppError('bad_request', 'The form has no boundary: send multipart/form-data as it is made by your client.');
  }
}

/** How the form ended: whole, broken in itself, or cut off by its sender. */
function piped(request: IncomingMessage, parser: BusboyInstance): Promise<'whole' | 'broken' | 'gone'> {
  return new Promise((resolve) => {
    parser.once('finish', () => resolve('whole'));
    parser.once('error', () => {
      request.unpipe(parser);
      request.resume();
      resolve('broken');
    });
    request.once('aborted', () => {
      parser.destroy();
      resolve('gone');
    });
    request.pipe(parser);
  });
}

async function keep(files: FileStore, stream: Readable, filename: string, type: string, most: number): Promise<UploadedFile | null> {
  const kept = await files.keep({ stream, size: null, content_type: type }, most);
  stream.resume();
  return kept === null ? null : { filename, content_type: type, kept };
}

function typed(name: string, text: string): unknown {
  return BOOLEANS.has(name) && /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : text;
}

/** The last part of a path, without what no file system or header bears. */
function named(filename: string | undefined, at: number): string {
  const plain = (filename ?? '').replace(/^.*[/\\]/, '').replace(/[\u0000-\u001f\u007f"]/g, '').trim().toWellFormed();
  return plain === '' ? `file-${at + 1}` : plain.slice(0, LONGEST_FILENAME);
}

/** The files of a call as a desk takes them. Throws `payload_too_large` for more than this desk takes. */
export function sourcesOf({ files, member }: Pick<Call, 'files' | 'member'>, ticketId: string, { files: can }: Capabilities): readonly FileSource[] {
  if (files.some(({ kept }) => kept.size > can.maxBytes)) throw tooLarge(can.maxBytes);
  if (files.reduce((sum, { kept }) => sum + kept.size, 0) > can.maxTotalBytes) throw tooLarge(can.maxTotalBytes);
  return files.map(({ filename, content_type: type, kept }, at) => source(kept, { filename, type, at, accountId: member.account.id, ticketId }));
}

function source(kept: KeptFile, of: { readonly filename: string; readonly type: string; readonly at: number; readonly accountId: number; readonly ticketId: string }): FileSource {
  return {
    from: of.accountId,
    ticket_id: of.ticketId,
    comment_id: null,
    id: `upload-${of.at + 1}`,
    url: '',
    filename: of.filename,
    content_type: of.type,
    size: kept.size,
    sha256: kept.sha256,
    inline: false,
    open: () => kept.open(),
    blob: () => kept.blob(),
  };
}

function tooLarge(most: number): AppError {
  return new AppError('payload_too_large', `The files are larger than the ${most} bytes that are taken here.`);
}
