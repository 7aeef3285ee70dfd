/** A desk's failure as the callers of the API are told of it: which code, whose fault, and when to come again. */
import { AppError, type ErrorCode, type Fault } from '../errors.ts';
import type { DeskFailure, FailureKind } from '../ports/connector.ts';

/** Kind → code; where there are two, the second is for a failure that came without an answer, or for a 403. */
const CODES: Readonly<Record<FailureKind, readonly [ErrorCode, ErrorCode]>> = {
  throttled: ['too_many_service_requests', 'too_many_service_requests'],
  unavailable: ['service_not_available', 'gateway_timeout'],
  unsure: ['bad_gateway', 'gateway_timeout'],
  refused: ['request_failed', 'request_failed'],
  unauthorised: ['service_unauthorized', 'service_forbidden'],
  missing: ['not_found', 'not_found'],
  surprise: ['bad_gateway', 'bad_gateway'],
};

const SENTENCES: Readonly<Record<FailureKind, string>> = {
  throttled: 'The desk takes no more requests for now. Nothing was done: come again later.',
  unavailable: 'The desk cannot be reached, or cannot serve now. Nothing was done: come again later.',
  unsure: 'The desk did not say whether it did this.',
  refused: 'The desk refuses this, and would refuse it again.',
  unauthorised: 'The desk does not let this account do this: its credentials, or their rights, have to be mended.',
  missing: 'The desk has no such object.',
  surprise: 'The desk gave an answer that cannot be one.',
};

/** The longest that a caller is asked to wait without being told why: a desk that says nothing may be back at any time. */
const USUAL_WAIT_S = 5;

export interface Told {
  readonly service: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** What the object is called, for `missing`: `ticket`. */
  readonly what?: string;
  /** Epoch milliseconds from which the outcome of an unsure write can be found out by asking again with the same key; null without a key. */
  readonly knownAt?: number | null;
}

/** Holds what the desk said, which never holds anything of our request. */
export function toldFailure(failure: DeskFailure, { service, now, what, knownAt }: Told): AppError {
  const { kind, status, code, message, retryAt } = failure;
  const [usual, other] = CODES[kind];
  const second = kind === 'unauthorised' ? status === 403 : status === null && (kind === 'unsure' || failure.code === 'ETIMEDOUT');
  const faults: readonly Fault[] = kind === 'refused' ? failure.fields.map((field) => ({ path: `/${field}`, message: message })) : [];
  const sentence = kind === 'missing' && what !== undefined ? `There is no such ${what} on this desk.` : SENTENCES[kind];
  return new AppError(second ? other : usual, unsureAdvice(kind, sentence, knownAt), {
    faults,
    headers: retryHeaders(kind, retryAt ?? knownAt ?? null, now),
    details: { service: { name: service, status, code, message } },
  });
}

function unsureAdvice(kind: FailureKind, sentence: string, knownAt: number | null | undefined): string {
  if (kind !== 'unsure' && kind !== 'surprise') return sentence;
  if (knownAt === undefined) return sentence;
  return knownAt === null
    ? `${sentence} It may have been done: look before you send it again, or send an Idempotency-Key next time.`
    : `${sentence} Repeat the request with the same Idempotency-Key: it is looked up then, and not done twice.`;
}

function retryHeaders(kind: FailureKind, at: number | null, now: number): Readonly<Record<string, string>> {
  if (at !== null) return retryAfter(at - now);
  return kind === 'throttled' || kind === 'unavailable' ? retryAfter(USUAL_WAIT_S * 1_000) : {};
}

/** Whole seconds, at least one: old clients read nothing else. */
export function retryAfter(ms: number): Readonly<Record<string, string>> {
  return { 'Retry-After': String(Math.max(1, Math.ceil(ms / 1_000))) };
}
