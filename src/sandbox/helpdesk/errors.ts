/** How Helpdesk says no: upper-case codes in one envelope (the vendor names the codes; the envelope is its sister product's). */
import { Refused, type Json, type Reply } from '../kit/desk.ts';
import { isJson } from '../kit/json.ts';

export interface Problem {
  readonly field: string;
  readonly message: string;
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details?: readonly Problem[];
}

export const failure = (status: number, code: string, message: string, details?: readonly Problem[]): Reply => ({
  status,
  body: { error: { code, message, ...(details ? { details } : {}) } satisfies Failure },
});

/** The same failure in another of the envelopes that the vendor may use: it prints the codes, and no body. */
export function dressed(reply: Reply, envelope: 'nested' | 'flat' | 'word'): Reply {
  if (envelope === 'nested' || reply.status < 400 || !isJson(reply.body) || !isJson(reply.body['error'])) return reply;
  const { code, ...rest } = reply.body['error'];
  return { ...reply, body: envelope === 'flat' ? { code, ...rest } : { error: code, ...rest } };
}

export const invalidKey = (): Reply => failure(401, 'INVALID_API_KEY', 'The API key is missing or invalid');
export const invalidSession = (): Reply => failure(401, 'UNAUTHORIZED', 'A signed-in user is required');
export const missingWorkspace = (): Reply => failure(400, 'MISSING_WORKSPACE', 'The X-Workspace-Id header is required');
export const tooMany = (seconds: number): Reply => ({ ...failure(429, 'RATE_LIMITED', 'Too many requests'), headers: { 'Retry-After': String(seconds) } });
export const forbidden = (): Reply => failure(403, 'INSUFFICIENT_API_PERMISSION', 'The API key is not permitted to do this');
export const notFound = (what = 'Resource'): Reply => failure(404, 'NOT_FOUND', `${what} not found`);
export const badRequest = (message: string): Refused => new Refused(failure(400, 'BAD_REQUEST', message));
export const invalid = (problems: readonly Problem[]): Refused =>
  new Refused(failure(422, 'VALIDATION_ERROR', problems.map(({ field, message }) => `${field} ${message}`).join('; '), problems));

/** The object under the envelope's key; the vendor answers 400 when it is missing. */
export function unwrap(body: unknown, key: string): Json {
  const inner = isJson(body) ? body[key] : undefined;
  if (!isJson(inner)) throw badRequest(`The request body must contain a ${key} object`);
  return inner;
}

/** What a fault of that status looks like at this vendor. */
export function wording(status: number): Reply {
  switch (status) {
    case 400:
      return failure(status, 'BAD_REQUEST', 'The request body must contain a ticket object');
    case 401:
      return invalidKey();
    case 403:
      return forbidden();
    case 404:
      return notFound();
    case 422:
      return failure(status, 'VALIDATION_ERROR', 'subject is required', [{ field: 'subject', message: 'is required' }]);
    case 429:
      return failure(status, 'RATE_LIMITED', 'Too many requests');
    default:
      return failure(status, 'INTERNAL_ERROR', 'Something went wrong');
  }
}
