/** Whether a webhook proves that it is its desk's own: the schemes that need nothing but node:crypto. Pure. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The sentence in `why` names the fault and its cure; it may be shown to the caller and holds no secret. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly why: string };

/** What a proof is made of: header names are lower case. */
export interface Signed {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawBody: Uint8Array;
}

/** HMAC-SHA256 with the secret as it stands, over the raw body or over a timestamp followed by the raw body. */
export interface HmacScheme {
  readonly scheme: 'hmac';
  readonly header: string;
  readonly encoding: 'base64' | 'hex';
  readonly prefix: string;
  readonly signed: 'body' | 'timestamp+body';
  readonly timestampHeader: string | null;
  readonly toleranceSec: number | null;
}

export interface HeaderTokenScheme {
  readonly scheme: 'header-token';
  readonly header: string;
}

export type PlainScheme = HmacScheme | HeaderTokenScheme | { readonly scheme: 'url-token' } | { readonly scheme: 'none' };

export const GENUINE: Verdict = { ok: true };

/** Several secrets are accepted at once, so that one can be rotated. */
export function verify(scheme: PlainScheme, inbound: Signed, secrets: readonly string[], nowMs: number): Verdict {
  switch (scheme.scheme) {
    case 'hmac':
      return verifyHmac(scheme, inbound, secrets, nowMs);
    case 'header-token':
      return verifyHeaderToken(scheme, inbound, secrets);
    case 'url-token':
    case 'none':
      return GENUINE;
  }
}

/** Secrets that can prove something: with an empty one anybody could sign. */
export function usable(secrets: readonly string[]): readonly string[] {
  return secrets.includes('') ? secrets.filter((secret) => secret !== '') : secrets;
}

export function noSecret(): Verdict {
  return refuse('This account has no signing secret yet, so nothing can prove that the webhook is genuine: set the secret that the desk signs with.');
}

export function missingHeader(header: string): Verdict {
  return refuse(`The header ${header} is missing: the desk must sign its webhooks, and what lies between must pass the header on.`);
}

export function refuse(why: string): Verdict {
  return { ok: false, why };
}

/** Null when `seconds` is within the tolerance of now. */
export function staleness(seconds: number, toleranceSec: number, nowMs: number): Verdict | null {
  const age = Math.round(nowMs / 1000 - seconds);
  if (Math.abs(age) <= toleranceSec) return null;
  const where = age > 0 ? `${age} seconds old` : `${-age} seconds in the future`;
  return refuse(`The signature's timestamp is ${where}, and at most ${toleranceSec} are accepted: set the clocks right and send the webhook anew.`);
}

/** Compares without telling by its duration where the difference lies. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

const BASE64_DIGEST = /^[A-Za-z0-9+/]{43}=?$/;
const HEX_DIGEST = /^[0-9a-fA-F]{64}$/;

/** The 32 bytes of a SHA-256 digest, or null if `text` is not one. */
export function digestBytes(text: string, encoding: 'base64' | 'hex'): Buffer | null {
  return (encoding === 'hex' ? HEX_DIGEST : BASE64_DIGEST).test(text) ? Buffer.from(text, encoding) : null;
}

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function verifyHmac(scheme: HmacScheme, inbound: Signed, secrets: readonly string[], nowMs: number): Verdict {
  const keys = usable(secrets);
  if (keys.length === 0) return noSecret();

  const header = scheme.header.toLowerCase();
  const given = inbound.headers[header];
  if (!given) return missingHeader(header);
  const claimed = given.startsWith(scheme.prefix) ? digestBytes(given.slice(scheme.prefix.length), scheme.encoding) : null;
  if (claimed === null) return malformedHmac(header, scheme);

  let timestamp = '';
  if (scheme.timestampHeader !== null) {
    const name = scheme.timestampHeader.toLowerCase();
    timestamp = inbound.headers[name] ?? '';
    if (timestamp === '') return missingHeader(name);
    const fault = scheme.toleranceSec === null ? null : judgeTimestamp(name, timestamp, scheme.toleranceSec, nowMs);
    if (fault !== null) return fault;
  } else if (scheme.signed === 'timestamp+body') {
    // Taken as an empty timestamp this would verify something, but not what the desk signs.
    return refuse('This account’s signature settings sign a timestamp but name no header for it: complete the settings.');
  }

  for (const key of keys) {
    const hmac = createHmac('sha256', key);
    if (scheme.signed === 'timestamp+body') hmac.update(timestamp);
    if (sameBytes(hmac.update(inbound.rawBody).digest(), claimed)) return GENUINE;
  }
  return mismatch(header);
}

export function mismatch(header: string): Verdict {
  return refuse(`The signature in ${header} fits none of this account's secrets: set the secret that the desk signs with, and let nothing change the body on its way.`);
}

function malformedHmac(header: string, scheme: HmacScheme): Verdict {
  const form = scheme.encoding === 'hex' ? '64 hexadecimal digits' : 'base64 of 32 bytes';
  const lead = scheme.prefix === '' ? '' : `"${scheme.prefix}" and then `;
  return refuse(`The header ${header} is malformed: it must be ${lead}${form}, once.`);
}

function judgeTimestamp(header: string, text: string, toleranceSec: number, nowMs: number): Verdict | null {
  const seconds = secondsOf(text);
  if (seconds === null) return refuse(`The header ${header} is malformed: it must be a time in ISO 8601 or in seconds since 1970.`);
  return staleness(seconds, toleranceSec, nowMs);
}

const UNIX = /^\d{1,13}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/;

/** Twelve digits and more can only be milliseconds. */
function secondsOf(text: string): number | null {
  if (UNIX.test(text)) return text.length >= 12 ? Number(text) / 1000 : Number(text);
  const time = ISO.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : time / 1000;
}

function verifyHeaderToken(scheme: HeaderTokenScheme, inbound: Signed, secrets: readonly string[]): Verdict {
  const keys = usable(secrets);
  if (keys.length === 0) return noSecret();
  const header = scheme.header.toLowerCase();
  const given = inbound.headers[header];
  if (!given) return missingHeader(header);
  const claimed = sha256(given);
  // Digests have one length, so the comparison does not tell the secret's.
  if (keys.some((key) => sameBytes(sha256(key), claimed))) return GENUINE;
  return refuse(`The token in ${header} is none of this account's: set the same one here and at the desk.`);
}
