/** How Freshdesk says no. Source: developers.freshdesk.com "Errors" and what clients report of real answers. */
import { Refused, type Reply } from '../kit/desk.ts';

export interface Problem {
  readonly field: string;
  readonly message: string;
  readonly code: string;
  readonly additional_info?: object;
}

export const validationFailed = (problems: readonly Problem[], status = 400): Refused =>
  new Refused({ status, body: { description: 'Validation failed', errors: problems } });

export const invalidField = (field: string): Problem => ({ field, message: 'Unexpected/invalid field in request', code: 'invalid_field' });
export const notOneOf = (field: string, values: readonly (string | number)[], code = 'invalid_value'): Problem => ({
  field,
  message: `It should be one of these values: '${values.join(',')}'`,
  code,
});
export const notA = (field: string, type: string, code = 'datatype_mismatch'): Problem => ({ field, message: `It should be a/an ${type}`, code });
export const blank = (field: string): Problem => ({ field, message: 'It should not be blank as this is a mandatory field', code: 'invalid_value' });
export const nobody = (field: string, who = 'contact'): Problem => ({ field, message: `There is no ${who} matching the given ${field}`, code: 'invalid_value' });

const NO_BODY = { 'Content-Type': 'text/html; charset=utf-8' };

export const badEmail = (field: string): Problem => ({ field, message: "It should be in the 'valid email address' format", code: 'invalid_value' });
export const badDate = (field: string, format = 'combined date and time ISO8601'): Problem => ({ field, message: `It should be in the '${format}' format`, code: 'invalid_value' });

/** Nothing there: the vendor sends no body at all, and its type is not JSON (clients that go by the type rely on it). */
export const missing = (): Reply => ({ status: 404, headers: NO_BODY });
export const invalidCredentials = (): Reply => ({
  status: 401,
  body: { code: 'invalid_credentials', message: 'You have to be logged in to perform this action.' },
});
export const accessDenied = (): Reply => ({ status: 403, body: { code: 'access_denied', message: 'You are not authorized to perform this action.' } });

/** A wrong verb, and just so a write to what is deleted, spam or blocked. */
export const notAllowed = (method: string, allowed: readonly string[]): Reply => ({
  status: 405,
  body: { message: `${method} method is not allowed. It should be one of these method(s): ${allowed.join(', ')}` },
  headers: { Allow: allowed.join(', ') },
});

/** The plan does not have it. */
export const featureMissing = (feature: string): Reply => ({
  status: 403,
  body: { code: 'require_feature', message: `The ${feature} feature(s) is/are not supported in your plan. Please upgrade your account to use it.` },
});
/** One key cannot speak for another agent. */
export const notOnBehalf = (): Reply => ({
  status: 403,
  body: { code: 'invalid_user', message: 'You are not authorized to perform this action on behalf of this user' },
});

export const rateLimited = (seconds: number): Reply => ({
  status: 429,
  body: { message: 'You have exceeded the limit of requests per minute' },
  headers: { 'Retry-After': String(seconds) },
});

/** What a fault of that status looks like at this vendor. */
export function wording(status: number): Reply {
  switch (status) {
    case 400:
      return validationFailed([blank('subject')]).reply;
    case 401:
      return invalidCredentials();
    case 403:
      return accessDenied();
    case 404:
      return missing();
    case 405:
      return notAllowed('PUT', ['GET']);
    case 409:
      return validationFailed([{ field: 'email', message: 'It should be a unique value', code: 'duplicate_value' }], 409).reply;
    case 429:
      return { status, body: { message: 'You have exceeded the limit of requests per minute' } };
    default:
      return status === 500 ? { status, body: { code: 'internal_error', message: 'We are sorry, but something went wrong.' } } : { status, headers: NO_BODY };
  }
}
