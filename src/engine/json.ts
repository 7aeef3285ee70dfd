/** Bytes to JSON, strictly: UTF-8, a depth that nothing later can trip over, and a fault that says where it is. */
import { isUtf8 } from 'node:buffer';
import { AppError } from '../errors.ts';
import { findJsonFault } from './json-fault.ts';

export const MAX_DEPTH = 64;

export interface Decoded {
  readonly value: unknown;
  /** The text holds escapes from which a NUL or half a surrogate pair can come. */
  readonly odd: boolean;
}

/** Throws `bad_request`. A byte order mark is tolerated. */
export function decodeJson(raw: Buffer): Decoded {
  if (!isUtf8(raw)) {
    throw new AppError('bad_request', 'The body is not valid UTF-8: send JSON encoded in UTF-8.');
  }
  const { tooDeepAt, odd } = survey(raw);
  if (tooDeepAt >= 0) {
    throw new AppError('bad_request', `The body is nested deeper than ${MAX_DEPTH} levels (at byte ${tooDeepAt}): send flatter JSON.`);
  }
  const start = raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf ? 3 : 0;
  const text = raw.toString('utf8', start);
  try {
    return { value: JSON.parse(text), odd };
  } catch (cause) {
    throw new AppError('bad_request', complaint(text), { cause });
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

interface Survey {
  readonly tooDeepAt: number;
  readonly odd: boolean;
}

const ESCAPED_CHARACTER = '\\u';

/** What has so few brackets cannot be deep: a body as desks send them is found harmless without a look at each byte. */
function isFlat(raw: Buffer): boolean {
  let brackets = 0;
  for (const bracket of [0x7b, 0x5b]) {
    for (let at = raw.indexOf(bracket); at >= 0; at = raw.indexOf(bracket, at + 1)) {
      brackets += 1;
      if (brackets > MAX_DEPTH) return false;
    }
  }
  return true;
}

/** One pass over the bytes; in UTF-8 no part of a longer character looks like one of those sought. */
function survey(raw: Buffer): Survey {
  if (isFlat(raw) && !raw.includes(ESCAPED_CHARACTER)) return { tooDeepAt: -1, odd: false };
  let depth = 0;
  let inText = false;
  let odd = false;
  for (let at = 0; at < raw.length; at += 1) {
    const byte = raw[at];
    if (inText) {
      if (byte === BACKSLASH) {
        at += 1;
        odd ||= raw[at] === 0x75 && isOddEscape(raw, at + 1);
      } else if (byte === QUOTE) {
        inText = false;
      }
    } else if (byte === QUOTE) {
      inText = true;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > MAX_DEPTH) return { tooDeepAt: at, odd };
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1;
    }
  }
  return { tooDeepAt: -1, odd };
}

/** `0000`, or `d` with 8 to f: the first digits after `\u` tell. */
function isOddEscape(raw: Buffer, at: number): boolean {
  const first = raw[at];
  const second = raw[at + 1];
  if (first === 0x64 || first === 0x44) return second !== undefined && second >= 0x38;
  return first === 0x30 && second === 0x30 && raw[at + 2] === 0x30 && raw[at + 3] === 0x30;
}

function complaint(text: string): string {
  const fault = findJsonFault(text);
  if (fault === null) return 'The body is not valid JSON.';
  if (fault.at >= text.length) {
    return `The body is not whole JSON: it ends after ${text.length} characters, where ${fault.expected} is due. Send all of it.`;
  }
  const before = text.slice(0, fault.at);
  const line = before.split('\n').length;
  const column = fault.at - before.lastIndexOf('\n');
  return `The body is not valid JSON: at line ${line}, column ${column}, ${fault.expected} is due.`;
}
