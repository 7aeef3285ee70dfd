/** What a caller of the API is told of each failure that a desk can have: whose it is, whether something was done, and when to come again. */
import { expect, test } from '@jest/globals';
import { toldFailure } from '../../src/engine/failures.ts';
import { HTTP_STATUS, type ErrorCode } from '../../src/errors.ts';
import { DeskFailure, type FailureKind } from '../../src/ports/connector.ts';

const NOW = Date.UTC(2026, 0, 31);

test.each<[name: string, kind: FailureKind, more: { status?: number; code?: string; retryAt?: number }, code: ErrorCode, wait: string | undefined]>([
  ['takes no more requests', 'throttled', { status: 429, retryAt: NOW + 17_200 }, 'too_many_service_requests', '18'],
  ['takes no more requests and says no more', 'throttled', { status: 429 }, 'too_many_service_requests', '5'],
  ['cannot be reached', 'unavailable', { code: 'ECONNREFUSED' }, 'service_not_available', '5'],
  ['is down', 'unavailable', { status: 503 }, 'service_not_available', '5'],
  ['is too slow for a read', 'unavailable', { code: 'ETIMEDOUT' }, 'gateway_timeout', '5'],
  ['is too slow for a write', 'unsure', { code: 'ETIMEDOUT' }, 'gateway_timeout', undefined],
  ['breaks down over a write', 'unsure', { status: 500 }, 'bad_gateway', undefined],
  ['answers nonsense', 'surprise', { status: 200 }, 'bad_gateway', undefined],
  ['does not accept our credentials', 'unauthorised', { status: 401 }, 'service_unauthorized', undefined],
  ['does not let our account do this', 'unauthorised', { status: 403 }, 'service_forbidden', undefined],
  ['refuses a value', 'refused', { status: 422 }, 'request_failed', undefined],
  ['has no such object', 'missing', { status: 404 }, 'not_found', undefined],
])('a desk that %s', (_name, kind, more, code, wait) => {
  const told = toldFailure(new DeskFailure(kind, 'its own words', more), { service: 'zendesk', now: NOW, what: 'ticket' });
  expect([told.code, told.headers['Retry-After'], told.details.service]).toEqual([
    code,
    wait,
    { name: 'zendesk', status: more.status ?? null, code: more.code ?? null, message: 'its own words' },
  ]);
  // Never a fault of ours.
  expect(HTTP_STATUS[told.code]).not.toBe(500);
});

test('an unsure write is told how it is found out: by the same key, from a time on, or not at all', () => {
  const failure = new DeskFailure('unsure', 'no answer', { code: 'ETIMEDOUT' });
  const keyed = toldFailure(failure, { service: 'zendesk', now: NOW, knownAt: NOW + 20_000 });
  expect([keyed.message, keyed.headers]).toEqual([expect.stringContaining('same Idempotency-Key'), { 'Retry-After': '20' }]);
  const unkeyed = toldFailure(failure, { service: 'zendesk', now: NOW, knownAt: null });
  expect([unkeyed.message, unkeyed.headers]).toEqual([expect.stringContaining('look before you send it again'), {}]);
});

test('a refused value is named', () => {
  const told = toldFailure(new DeskFailure('refused', 'no such type', { status: 422, fields: ['ticket_type'] }), { service: 'zendesk', now: NOW });
  expect(told.faults).toEqual([{ path: '/ticket_type', message: 'no such type' }]);
});
