/** Takes a request's body as bytes: whole, of the right kind, within its limits, or not at all. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { decoderFor } from '../engine/decode.ts';
import { AppError } from '../errors.ts';
import { createDeadlines } from './deadlines.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** For the whole body, from the first look at it. */
  readonly timeoutMs: number;
  /** No body at all is no fault. */
  readonly emptyIsFine?: boolean;
}

/** Throws unless the headers announce JSON in UTF-8 as it stands. */
export function requireJson(headers: IncomingHttpHeaders): void {
  decoderFor(headers['content-type']);
  requireUnpacked(headers);
}

/** Throws unless the body comes as it stands: what is packed has no bound that could be known beforehand. */
export function requireUnpacked(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding.trim().toLowerCase() === 'identity') return;
  const shown = encoding.length > 100 ? `${encoding.slice(0, 99)}…` : encoding;
  throw new AppError('unsupported_media_type', `The content encoding ${shown} is not taken here: send the body uncompressed.`);
}

/** The bytes exactly as they came, or null when the sender went away. */
export type ReadBody = (req: IncomingMessage) => Promise<Buffer | null>;

/** Counts what comes, whatever the headers announce. */
export function createBodyReader({ maxBytes, timeoutMs, emptyIsFine = false }: BodyLimits): ReadBody {
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
      if (size === 0 && !emptyIsFine) {
        fail(new AppError('bad_request', 'The body is empty: send the whole webhook.'));
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
