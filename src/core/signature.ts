/** Whether a webhook proves that it is its desk's own. Pure: the clock is handed in. */
import { createHmac, createSecretKey, hash, timingSafeEqual, type KeyObject } from 'node:crypto';

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
  /** Seconds that a signed timestamp may be away from now; null where the desk documents no window. */
  readonly toleranceSec: number | null;
}

export interface HeaderTokenScheme {
  readonly scheme: 'header-token';
  readonly header: string;
}

/** HMAC-SHA256 in hex with the secret as it stands, over timestamp, a full stop and raw body; the header is `t=…,v1=…`, as Stripe's. */
export interface StripeScheme {
  readonly scheme: 'stripe';
  readonly header: string;
  /** Seconds that the timestamp may be away from now; null for no window. */
  readonly toleranceSec: number | null;
}

/**
 * How a desk proves that a webhook is its own; data, verified by `core/signature`.
 * - `hmac`: HMAC-SHA256 with the secret as it stands, over the raw body or over timestamp followed by raw body.
 * - `standard-webhooks`: the specification of that name (`webhook-id`, `webhook-timestamp`, `webhook-signature`).
 * - `stripe`: a timestamp and signatures in one header, in the form of Stripe's webhooks.
 * - `header-token`: a secret that the desk sends in a header.
 * - `url-token`: nothing but the hook URL's own token: the desk can do no better.
 * - `none`: the account says aloud that it takes unsigned webhooks.
 */
export type SignatureScheme =
  | HmacScheme
  | HeaderTokenScheme
  | StripeScheme
  | { readonly scheme: 'standard-webhooks' }
  | { readonly scheme: 'url-token' }
  | { readonly scheme: 'none' };

/** Several secrets are accepted at once, so that one can be rotated. A list of secrets is replaced when it changes, never altered. */
export function verify(scheme: SignatureScheme, inbound: Signed, secrets: readonly string[], nowMs: number): Verdict {
  switch (scheme.scheme) {
    case 'hmac':
      return verifyHmac(scheme, inbound, secrets, nowMs);
    case 'standard-webhooks':
      return verifyStandard(inbound, secrets, nowMs);
    case 'stripe':
      return verifyStripe(scheme, inbound, secrets, nowMs);
    case 'header-token':
      return verifyHeaderToken(scheme, inbound, secrets);
    case 'url-token':
    case 'none':
      return GENUINE;
  }
}

/** Compares without telling by its duration where the difference lies. Only the length of the expected text could be told. */
export function sameText(given: string, expected: string): boolean {
  const left = Buffer.from(given);
  const right = Buffer.from(expected);
  return left.length === right.length ? timingSafeEqual(left, right) : !timingSafeEqual(left, left);
}

const GENUINE: Verdict = { ok: true };

function refuse(why: string): Verdict {
  return { ok: false, why };
}

function verifyHmac(scheme: HmacScheme, inbound: Signed, secrets: readonly string[], nowMs: number): Verdict {
  const keys = plainKeys(secrets);
  if (keys.length === 0) return noSecret();

  const header = scheme.header.toLowerCase();
  const given = inbound.headers[header];
  if (!given) return missing(header);
  const claimed = given.startsWith(scheme.prefix) ? digestIn(given.slice(scheme.prefix.length), scheme.encoding) : null;
  if (claimed === null) return malformed(header, scheme);

  let timestamp = '';
  if (scheme.timestampHeader !== null) {
    const name = scheme.timestampHeader.toLowerCase();
    timestamp = inbound.headers[name] ?? '';
    if (timestamp === '') return missing(name);
    const stale = scheme.toleranceSec === null ? null : judgeTimestamp(name, timestamp, scheme.toleranceSec, nowMs);
    if (stale !== null) return stale;
  } else if (scheme.signed === 'timestamp+body') {
    // Taken as an empty timestamp this would verify something, but not what the desk signs.
    return refuse('This account’s signature settings sign a timestamp but name no header for it: complete the settings.');
  }

  const lead = scheme.signed === 'timestamp+body' ? timestamp : '';
  return keys.some((key) => sameBytes(hmac(key, lead, inbound.rawBody), claimed)) ? GENUINE : mismatch(header);
}

/** What the specification's own libraries accept. */
const STANDARD_TOLERANCE_SEC = 300;
const SECONDS = /^[1-9]\d{0,11}$/;

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function verifyStandard({ headers, rawBody }: Signed, secrets: readonly string[], nowMs: number): Verdict {
  const keys = standardKeys(secrets);
  if (keys.length === 0) return secrets.some((secret) => secret !== '') ? unusableSecret() : noSecret();

  const id = headers['webhook-id'];
  if (!id) return missing('webhook-id');
  const timestamp = headers['webhook-timestamp'];
  if (!timestamp) return missing('webhook-timestamp');
  const signatures = headers['webhook-signature'];
  if (!signatures) return missing('webhook-signature');

  if (!SECONDS.test(timestamp)) return refuse('The header webhook-timestamp is malformed: it must be whole seconds since 1970.');
  const stale = staleness(Number(timestamp), STANDARD_TOLERANCE_SEC, nowMs);
  if (stale !== null) return stale;

  const claimed = standardDigests(signatures);
  if (claimed.length === 0) {
    return refuse('The header webhook-signature is malformed: it must hold "v1," and then base64 of 32 bytes; several are parted by a blank.');
  }
  const lead = `${id}.${timestamp}.`;
  for (const key of keys) {
    const expected = hmac(key, lead, rawBody);
    if (claimed.some((digest) => sameBytes(digest, expected))) return GENUINE;
  }
  return mismatch('webhook-signature');
}

/** Other versions than v1 are skipped, as the specification asks. */
function standardDigests(header: string): readonly Buffer[] {
  const found: Buffer[] = [];
  for (const part of header.split(' ')) {
    const digest = part.startsWith('v1,') ? digestIn(part.slice('v1,'.length), 'base64') : null;
    if (digest !== null) found.push(digest);
  }
  return found;
}

/** https://docs.stripe.com/webhooks#verify-manually: other versions than v1 are skipped, and several may stand there. */
function verifyStripe(scheme: StripeScheme, inbound: Signed, secrets: readonly string[], nowMs: number): Verdict {
  const keys = plainKeys(secrets);
  if (keys.length === 0) return noSecret();
  const header = scheme.header.toLowerCase();
  const given = inbound.headers[header];
  if (!given) return missing(header);
  const parts = given.split(',').map((part) => part.trim());
  const timestamp = parts.find((part) => part.startsWith('t='))?.slice(2) ?? '';
  const claimed = parts.flatMap((part) => (part.startsWith('v1=') ? (digestIn(part.slice(3), 'hex') ?? []) : []));
  if (!SECONDS.test(timestamp) || claimed.length === 0) {
    return refuse(`The header ${header} is malformed: it must hold "t=" and whole seconds since 1970, and "v1=" and 64 hexadecimal digits, parted by a comma.`);
  }
  const stale = scheme.toleranceSec === null ? null : staleness(Number(timestamp), scheme.toleranceSec, nowMs);
  if (stale !== null) return stale;
  return keys.some((key) => claimed.some((digest) => sameBytes(digest, hmac(key, `${timestamp}.`, inbound.rawBody)))) ? GENUINE : mismatch(header);
}

function verifyHeaderToken(scheme: HeaderTokenScheme, inbound: Signed, secrets: readonly string[]): Verdict {
  if (plainKeys(secrets).length === 0) return noSecret();
  const header = scheme.header.toLowerCase();
  const given = inbound.headers[header];
  if (!given) return missing(header);
  if (secrets.some((secret) => sameDigest(given, secret))) return GENUINE;
  return refuse(`The token in ${header} is none of this account's: set the same one here and at the desk.`);
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

/** For secrets of any length: digests have one, so not even that is told. */
function sameDigest(given: string, secret: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', secret, 'buffer'));
}

function hmac(key: KeyObject, lead: string, body: Uint8Array): Buffer {
  const made = createHmac('sha256', key);
  if (lead !== '') made.update(lead);
  return made.update(body).digest();
}

/** Prepares a list of secrets once: from a bare string, making the key costs several times the signature itself. */
function preparing(keyOf: (secret: string) => KeyObject | null): (secrets: readonly string[]) => readonly KeyObject[] {
  const known = new WeakMap<readonly string[], readonly KeyObject[]>();
  return function keysOf(secrets) {
    let keys = known.get(secrets);
    if (keys === undefined) {
      keys = secrets.map(keyOf).filter((key) => key !== null);
      known.set(secrets, keys);
    }
    return keys;
  };
}

/** With an empty secret anybody could sign, so it proves nothing. */
const plainKeys = preparing((secret) => (secret === '' ? null : createSecretKey(secret, 'utf8')));

const STANDARD_PREFIX = 'whsec_';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

const standardKeys = preparing((secret) => {
  const text = secret.startsWith(STANDARD_PREFIX) ? secret.slice(STANDARD_PREFIX.length) : secret;
  return text !== '' && BASE64.test(text) ? createSecretKey(text, 'base64') : null;
});

const BASE64_DIGEST = /^[A-Za-z0-9+/]{43}=?$/;
const HEX_DIGEST = /^[0-9a-fA-F]{64}$/;

/** The 32 bytes of a SHA-256 digest, or null if `text` is not one. */
function digestIn(text: string, encoding: 'base64' | 'hex'): Buffer | null {
  return (encoding === 'hex' ? HEX_DIGEST : BASE64_DIGEST).test(text) ? Buffer.from(text, encoding) : null;
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

/** Null when `seconds` is within the tolerance of now. */
function staleness(seconds: number, toleranceSec: number, nowMs: number): Verdict | null {
  const age = Math.round(nowMs / 1000 - seconds);
  if (Math.abs(age) <= toleranceSec) return null;
  const where = age > 0 ? `${age} seconds old` : `${-age} seconds in the future`;
  return refuse(`The signature's timestamp is ${where}, and at most ${toleranceSec} are accepted: set the clocks right and send the webhook anew.`);
}

function noSecret(): Verdict {
  return refuse('This account has no signing secret yet, so nothing can prove that the webhook is genuine: set the secret that the desk signs with.');
}

function unusableSecret(): Verdict {
  return refuse('This account has no usable signing secret: one of Standard Webhooks is "whsec_" and then base64.');
}

function missing(header: string): Verdict {
  return refuse(`The header ${header} is missing: the desk must sign its webhooks, and what lies between must pass the header on.`);
}

function malformed(header: string, scheme: HmacScheme): Verdict {
  const form = scheme.encoding === 'hex' ? '64 hexadecimal digits' : 'base64 of 32 bytes';
  const lead = scheme.prefix === '' ? '' : `"${scheme.prefix}" and then `;
  return refuse(`The header ${header} is malformed: it must be ${lead}${form}, once.`);
}

function mismatch(header: string): Verdict {
  return refuse(`The signature in ${header} fits none of this account's secrets: set the secret that the desk signs with, and let nothing change the body on its way.`);
}
