import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { verify, type HmacScheme } from '../../src/core/signature.ts';
import type { SignatureScheme } from '../../src/ports/connector.ts';

const NOW = Date.parse('2021-03-25T05:10:00Z');

/** Zendesk's scheme and its static test secret: https://developer.zendesk.com/documentation/webhooks/verifying/ */
const ZENDESK: HmacScheme = {
  scheme: 'hmac', header: 'X-Zendesk-Webhook-Signature', encoding: 'base64', prefix: '', signed: 'timestamp+body',
  timestampHeader: 'X-Zendesk-Webhook-Signature-Timestamp', toleranceSec: null,
};
const ZENDESK_SECRET = 'dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==';
const BODY = '{"event":"ticket.updated","id":123}';

function zendesk(body: string, signature: string, timestamp = '2021-03-25T05:09:27Z') {
  return {
    headers: { 'x-zendesk-webhook-signature': signature, 'x-zendesk-webhook-signature-timestamp': timestamp },
    rawBody: Buffer.from(body),
  };
}

const GOOD = 'S/RDdU2ERmj7LHDDoWJ2onPYH+t7/f2+LTM4dL7UiLM=';

test.each([
  ['a body', BODY, GOOD],
  ['an empty body', '', 'wCdBvXaHttn0wRVIYctzZ9O6O0bnqWakJMEKZ9VoRWw='],
])('Zendesk’s vector for %s is genuine', (_name, body, signature) => {
  expect(verify(ZENDESK, zendesk(body, signature), [ZENDESK_SECRET], NOW)).toEqual({ ok: true });
});

test('while a secret is rotated, either of the two is accepted', () => {
  expect(verify(ZENDESK, zendesk(BODY, GOOD), ['new', ZENDESK_SECRET], NOW)).toEqual({ ok: true });
  expect(verify(ZENDESK, zendesk(BODY, GOOD), [ZENDESK_SECRET, 'new'], NOW)).toEqual({ ok: true });
});

const windowed: SignatureScheme = { ...ZENDESK, toleranceSec: 300 };

test.each([
  ['the body changed', ZENDESK, zendesk(`${BODY} `, GOOD), [ZENDESK_SECRET], /fits none of this account's secrets/],
  ['the timestamp changed', ZENDESK, zendesk(BODY, GOOD, '2021-03-25T05:09:28Z'), [ZENDESK_SECRET], /fits none/],
  ['another secret', ZENDESK, zendesk(BODY, GOOD), ['other'], /fits none/],
  ['no secret yet', ZENDESK, zendesk(BODY, GOOD), [], /no signing secret yet/],
  ['an empty secret, with which anybody could sign', ZENDESK, zendesk(BODY, emptyKey()), [''], /no signing secret yet/],
  ['no signature', ZENDESK, { headers: {}, rawBody: Buffer.from(BODY) }, [ZENDESK_SECRET], /x-zendesk-webhook-signature is missing/],
  ['no timestamp', ZENDESK, zendesk(BODY, GOOD, ''), [ZENDESK_SECRET], /signature-timestamp is missing/],
  ['two signatures in one', ZENDESK, zendesk(BODY, `${GOOD}, ${GOOD}`), [ZENDESK_SECRET], /malformed: it must be base64 of 32 bytes/],
  ['an old timestamp', windowed, zendesk(BODY, GOOD, '2021-03-25T05:00:00Z'), [ZENDESK_SECRET], /600 seconds old, and at most 300/],
  ['a future timestamp', windowed, zendesk(BODY, GOOD, '2021-03-25T05:20:00Z'), [ZENDESK_SECRET], /600 seconds in the future/],
  ['a timestamp that is none', windowed, zendesk(BODY, GOOD, 'yesterday'), [ZENDESK_SECRET], /timestamp is malformed/],
  ['a timestamp signed but not named', { ...ZENDESK, timestampHeader: null }, zendesk(BODY, GOOD), [ZENDESK_SECRET], /name no header/],
] as const)('refused, with the fault named: %s', (_name, scheme, inbound, secrets, why) => {
  const verdict = verify(scheme, inbound, secrets, NOW);
  expect(verdict).toEqual({ ok: false, why: expect.stringMatching(why) });
  if (!verdict.ok) for (const secret of secrets) if (secret !== '') expect(verdict.why).not.toContain(secret);
});

function emptyKey(): string {
  return createHmac('sha256', '').update('2021-03-25T05:09:27Z').update(BODY).digest('base64');
}

test.each([
  ['within the window, in ISO 8601', '2021-03-25T05:05:30Z'],
  ['within the window, in seconds', String(NOW / 1000 - 299)],
  ['within the window, in milliseconds', String(NOW + 299_000)],
])('a timestamp %s is accepted', (_name, timestamp) => {
  const signature = createHmac('sha256', 's').update(timestamp).update(BODY).digest('base64');
  expect(verify(windowed, zendesk(BODY, signature, timestamp), ['s'], NOW)).toEqual({ ok: true });
});

const BODY_ONLY: SignatureScheme = {
  scheme: 'hmac', header: 'x-hub-signature-256', encoding: 'hex', prefix: 'sha256=', signed: 'body', timestampHeader: null, toleranceSec: null,
};

test('a hexadecimal signature of the body alone is verified, in either case of letters', () => {
  const hex = createHmac('sha256', 's').update(BODY).digest('hex');
  for (const digits of [hex, hex.toUpperCase()]) {
    expect(verify(BODY_ONLY, { headers: { 'x-hub-signature-256': `sha256=${digits}` }, rawBody: Buffer.from(BODY) }, ['s'], NOW)).toEqual({ ok: true });
  }
  const bare = verify(BODY_ONLY, { headers: { 'x-hub-signature-256': hex }, rawBody: Buffer.from(BODY) }, ['s'], NOW);
  expect(bare).toEqual({ ok: false, why: expect.stringContaining('"sha256=" and then 64 hexadecimal digits') });
});

test('a token in a header is compared with every secret of the account', () => {
  const scheme: SignatureScheme = { scheme: 'header-token', header: 'X-Desk-Token' };
  const given = (token: string) => ({ headers: { 'x-desk-token': token }, rawBody: Buffer.alloc(0) });
  expect(verify(scheme, given('b'), ['a', 'b'], NOW)).toEqual({ ok: true });
  expect(verify(scheme, given('c'), ['a', 'b'], NOW)).toEqual({ ok: false, why: expect.stringContaining('none of this account') });
  expect(verify(scheme, given('a'), [], NOW)).toEqual({ ok: false, why: expect.stringContaining('no signing secret yet') });
  expect(verify(scheme, { headers: {}, rawBody: Buffer.alloc(0) }, ['a'], NOW)).toEqual({ ok: false, why: expect.stringContaining('x-desk-token is missing') });
});

test.each(['url-token', 'none'] as const)('with the scheme %s nothing more than the hook URL is asked for', (scheme) => {
  expect(verify({ scheme }, { headers: {}, rawBody: Buffer.alloc(0) }, [], NOW)).toEqual({ ok: true });
});

/** The vector that the implementations of https://www.standardwebhooks.com share. */
const STANDARD = { scheme: 'standard-webhooks' } as const;
const STANDARD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const STANDARD_NOW = 1614265330_000;

function standard(headers: Record<string, string> = {}, body = '{"test": 2432232314}') {
  return {
    headers: {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      ...headers,
    },
    rawBody: Buffer.from(body),
  };
}

test.each([
  ['as it stands', {}],
  ['among others, of other versions too', { 'webhook-signature': `v1a,xyz v1,${GOOD} v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=` }],
])('the vector of Standard Webhooks is genuine, by the given clock: %s', (_name, headers) => {
  expect(verify(STANDARD, standard(headers), [STANDARD_SECRET], STANDARD_NOW)).toEqual({ ok: true });
  expect(verify(STANDARD, standard(headers), ['whsec_AAAA', STANDARD_SECRET], STANDARD_NOW + 300_000)).toEqual({ ok: true });
});

test.each([
  ['another body', standard({}, '{}'), [STANDARD_SECRET], STANDARD_NOW, /webhook-signature fits none/],
  ['another id', standard({ 'webhook-id': 'msg_2' }), [STANDARD_SECRET], STANDARD_NOW, /fits none/],
  ['no id', standard({ 'webhook-id': '' }), [STANDARD_SECRET], STANDARD_NOW, /webhook-id is missing/],
  ['no timestamp', standard({ 'webhook-timestamp': '' }), [STANDARD_SECRET], STANDARD_NOW, /webhook-timestamp is missing/],
  ['no signature', standard({ 'webhook-signature': '' }), [STANDARD_SECRET], STANDARD_NOW, /webhook-signature is missing/],
  ['a time that is none', standard({ 'webhook-timestamp': '1e9' }), [STANDARD_SECRET], STANDARD_NOW, /webhook-timestamp is malformed/],
  ['only other versions', standard({ 'webhook-signature': 'v2,abc' }), [STANDARD_SECRET], STANDARD_NOW, /webhook-signature is malformed/],
  ['too old', standard(), [STANDARD_SECRET], STANDARD_NOW + 301_000, /301 seconds old/],
  ['too new', standard(), [STANDARD_SECRET], STANDARD_NOW - 301_000, /301 seconds in the future/],
  ['no secret yet', standard(), [], STANDARD_NOW, /no signing secret yet/],
  ['a secret that is not base64', standard(), ['whsec_!'], STANDARD_NOW, /no usable signing secret/],
] as const)('Standard Webhooks, refused: %s', (_name, inbound, secrets, now, why) => {
  expect(verify(STANDARD, inbound, secrets, now)).toEqual({ ok: false, why: expect.stringMatching(why) });
});

test('what the library of Standard Webhooks signs is genuine', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 });
  fc.assert(fc.property(bytes, fc.stringMatching(/^[\w.-]{1,40}$/), fc.string({ unit: 'grapheme' }), (key, id, body) => {
    const secret = `whsec_${Buffer.from(key).toString('base64')}`;
    const signature = new Webhook(secret).sign(id, new Date(STANDARD_NOW), body);
    expect(verify(STANDARD, standard({ 'webhook-id': id, 'webhook-signature': signature }, body), [secret], STANDARD_NOW)).toEqual({ ok: true });
  }), { numRuns: 200, seed: 1 });
});

/** https://docs.stripe.com/webhooks#verify-manually */
const STRIPE: SignatureScheme = { scheme: 'stripe', header: 'Airclou-Signature', toleranceSec: 300 };
const STRIPE_SECRET = 'whsec_the_whole_text_is_the_key';
const SENT = String(NOW / 1000 - 10);
const stripeDigest = (body: string, timestamp = SENT, secret = STRIPE_SECRET): string => createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
const stripe = (header: string, body = BODY) => ({ headers: { 'airclou-signature': header }, rawBody: Buffer.from(body) });

test.each([
  ['one signature', `t=${SENT},v1=${stripeDigest(BODY)}`],
  ['another version and blanks beside it', `t=${SENT}, v0=abc, v1=${stripeDigest(BODY)}`],
  ['a signature of the old secret beside the new', `t=${SENT},v1=${stripeDigest(BODY, SENT, 'old')},v1=${stripeDigest(BODY)}`],
])('in Stripe’s form %s is genuine', (_name, header) => {
  expect(verify(STRIPE, stripe(header), ['new', STRIPE_SECRET], NOW)).toEqual({ ok: true });
});

test.each([
  ['the body changed', stripe(`t=${SENT},v1=${stripeDigest(BODY)}`, `${BODY} `), [STRIPE_SECRET], /fits none/],
  ['the timestamp changed', stripe(`t=${NOW / 1000},v1=${stripeDigest(BODY)}`), [STRIPE_SECRET], /fits none/],
  ['another version only', stripe(`t=${SENT},v0=${stripeDigest(BODY)}`), [STRIPE_SECRET], /malformed/],
  ['no timestamp', stripe(`v1=${stripeDigest(BODY, '')}`), [STRIPE_SECRET], /malformed/],
  ['an old timestamp', stripe(`t=${NOW / 1000 - 301},v1=${stripeDigest(BODY, String(NOW / 1000 - 301))}`), [STRIPE_SECRET], /301 seconds old/],
  ['no secret', stripe(`t=${SENT},v1=${stripeDigest(BODY)}`), [], /no signing secret yet/],
  ['no header', { headers: {}, rawBody: Buffer.from(BODY) }, [STRIPE_SECRET], /airclou-signature is missing/],
] as const)('in Stripe’s form, refused with the fault named: %s', (_name, inbound, secrets, why) => {
  expect(verify(STRIPE, inbound, secrets, NOW)).toEqual({ ok: false, why: expect.stringMatching(why) });
});
