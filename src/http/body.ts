/** Takes a request's body as bytes: whole, of the right kind, within its limits, or not at all. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { AppError } from '../errors.ts';
import { createDeadlines } from './deadlines.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** For the whole body, from the first look at it. */
  readonly timeoutMs: number;
}

const JSON_TYPE = /^application\/(?:json|[a-z0-9!#$&^_.-]{1,100}\+json)$/;

/** Throws unless the headers announce JSON in UTF-8 as it stands. */
export function requireJson(headers: IncomingHttpHeaders): void {
  const type = headers['content-type'];
  if (type !== 'application/json') judgeType(type);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    throw unsupported(`The content encoding ${clip(encoding)} is not taken here: send the body uncompressed.`);
  }
}

function judgeType(header: string | undefined): void {
  if (header === undefined) throw unsupported('The Content-Type header is missing: send application/json.');
  const [type = '', ...parameters] = header.toLowerCase().split(';');
  if (!JSON_TYPE.test(type.trim())) {
    throw unsupported(`The content type ${clip(header)} is not taken here: send application/json.`);
  }
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=');
    if (name.trim() !== 'charset') continue;
    const charset = value.trim().replace(/^"(.*)"$/, '$1');
    if (charset !== 'utf-8' && charset !== 'utf8') throw unsupported(`The charset ${clip(charset)} is not taken here: send UTF-8.`);
  }
}

function unsupported(message: string): AppError {
  return new AppError('unsupported_media_type', message);
}

function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

/** The bytes exactly as they came, or null when the sender went away. */
export type ReadBody = (req: IncomingMessage) => Promise<Buffer | null>;

/** Counts what comes, whatever the headers announce. */
export function createBodyReader({ maxBytes, timeoutMs }: BodyLimits): ReadBody {
  const deadlines = createDeadlines(timeoutMs);
  return (req) => new Promise((resolve, reject) => {
    const announced = req.headers['content-length'];
    if (announced !== undefined && Number(announced) > maxBytes) {
      reject(tooLarge(maxBytes));
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;

    function onData(chunk: Buffer): void {
      size += chunk.length;
      if (size > maxBytes) fail(tooLarge(maxBytes));
      else chunks.push(chunk);
    }
    function onEnd(): void {
      if (size === 0) {
        fail(new AppError('bad_request', 'The body is empty: send the webhook as JSON.'));
        return;
      }
      letGo();
      const [only] = chunks;
      resolve(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, size));
    }
    function onGone(): void {
      letGo();
      resolve(null);
    }
    function onLate(): void {
      fail(tooSlow(timeoutMs));
    }
    function fail(error: AppError): void {
      letGo();
      reject(error);
    }
    function letGo(): void {
      deadlines.clear(onLate);
      req.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      // A cut upload reports its error after its close; without a listener it would end the process.
      req.on('error', ignore);
    }
    deadlines.set(onLate);
    req.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

function ignore(): void {}

function tooLarge(maxBytes: number): AppError {
  return new AppError('payload_too_large', `The body is larger than ${maxBytes} bytes, which is the most that is taken here.`);
}

function tooSlow(timeoutMs: number): AppError {
  return new AppError('request_timeout', `The body did not arrive within ${timeoutMs / 1000} seconds: send it again, at once and whole.`, {
    headers: { Connection: 'close' },
  });
}

const DRY_BYTES = 16 * 1024 * 1024;
const DRY_MS = 5000;

/**
 * Reads on and throws away: closing on a sender in mid-upload resets its connection, and it never gets to see the
 * answer. One that goes on for long is cut off all the same.
 */
export function letRunDry(req: IncomingMessage): void {
  let rest = DRY_BYTES;
  const timer = setTimeout(() => req.socket.destroy(), DRY_MS);
  timer.unref();
  req.on('data', (chunk: Buffer) => {
    rest -= chunk.length;
    if (rest < 0) req.socket.destroy();
  });
  req.on('error', ignore);
  req.once('close', () => clearTimeout(timer));
  req.resume();
}
