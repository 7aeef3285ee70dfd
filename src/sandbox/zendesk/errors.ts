/**
 * How Zendesk says no. Five envelopes are in use at once and a client has to take all of them; the numbers are those of
 * the published error notes and of recorded answers: 1 RecordNotFound, 2 RecordInvalid with details, 3 an object under
 * `error`, 4 a list under `errors`, 5 plain text.
 */
import { Refused, type Reply } from '../kit/desk.ts';

export const notFound = (): Reply => ({ status: 404, body: { error: 'RecordNotFound', description: 'Not found' } });
export const invalidEndpoint = (): Reply => ({ status: 404, body: { error: 'InvalidEndpoint', description: 'Not found' } });

export const unauthorised = (): Reply => ({ status: 401, body: { error: "Couldn't authenticate you" } });
export const badBearer = (): Reply => ({
  status: 401,
  body: { error: 'invalid_token', error_description: 'The access token provided is expired, revoked, malformed or invalid for other reasons.' },
});

/** For who is known and may not. */
export const forbidden = (): Reply => ({
  status: 403,
  body: { error: { title: 'Forbidden', message: 'You do not have access to this page. Please contact the account owner of this help desk for further help.' } },
});
export const missingScopes = (scopes: string): Reply => ({
  status: 403,
  body: { error: 'Forbidden', description: `Missing the following required scopes: ${scopes}` },
});

export interface Detail {
  readonly description: string;
  readonly error?: string | null;
  readonly ticket_field_id?: number;
  readonly ticket_field_type?: string;
}

export const recordInvalid = (field: string, detail: Detail): Refused =>
  new Refused({ status: 422, body: { error: 'RecordInvalid', description: 'Record validation errors', details: { [field]: [detail] } } });

/** `where` is the vendor's name of the action, e.g. `api/v2/tickets/update`. */
export const invalidAttribute = (attribute: string, must: string, where: string): Refused =>
  new Refused({
    status: 400,
    body: {
      error: {
        title: 'Invalid attribute',
        message: `You passed an invalid value for the ${attribute} attribute. Invalid parameter: ${attribute} must be ${must} from ${where}`,
      },
    },
  });

export const missingParameter = (name: string): Refused => new Refused({ status: 400, text: `Required parameter missing: ${name}` });

export const tooManyValues = (): Refused =>
  // Two blanks after "Parameter": so the vendor writes it.
  new Refused({ status: 400, body: { error: 'TooManyValues', description: 'Parameter  cannot specify more than 100 values', max_count: 100 } });

export const errorList = (status: number, code: string, title: string, detail: string): Refused =>
  new Refused({ status, body: { errors: [{ code, title, detail }] } });

export const closedTicket = (): Refused => recordInvalid('status', { description: 'Status closed prevents ticket update' });

export const updateConflict = (): Refused =>
  new Refused({ status: 409, body: { error: 'UpdateConflict', description: 'Safe Update prevented the update due to outdated ticket data.' } });

/** A requester who is suspended can be given no ticket. */
export const userSuspended = (name: string): Refused => recordInvalid('requester', { description: `Requester: ${name} is suspended.`, error: 'UserSuspended' });

/** Whether the vendor uses 400 or 429 here is not certain. */
export const tooManyJobs = (): Refused =>
  new Refused({ status: 429, body: { error: 'TooManyJobs', description: 'You have too many jobs queued or running' }, headers: { 'Retry-After': '60' } });

export const commentRequired = (): Refused =>
  new Refused({ status: 406, body: { error: 'CommentRequired', description: 'A comment is required to update your request.' } });

/** The account's limit answers in plain text, an endpoint's own limit as JSON; both with `Retry-After`. */
export const accountLimit = (seconds: number): Reply => ({
  status: 429,
  text: 'Number of allowed API requests per minute exceeded',
  headers: { 'Retry-After': String(seconds) },
});
export const endpointLimit = (seconds: number, what = ''): Reply => ({
  status: 429,
  body: { error: 'APIRateLimitExceeded', description: `Number of allowed ${what}API requests per minute exceeded` },
  headers: { 'Retry-After': String(seconds) },
});

/** What a fault of that status looks like at this vendor. */
export function wording(status: number): Reply {
  switch (status) {
    case 400:
      return { status, body: { error: { title: 'Invalid attribute', message: 'You passed an invalid value for the attributes.' } } };
    case 401:
      return unauthorised();
    case 403:
      return forbidden();
    case 404:
      return notFound();
    case 409:
      return { status, body: { error: 'DatabaseConflict', description: 'Database collision' } };
    case 422:
      return recordInvalid('base', { description: 'Reference: is required when solving a ticket', error: null, ticket_field_id: 8447346600101, ticket_field_type: 'FieldText' }).reply;
    case 429:
      return { status, text: 'Number of allowed API requests per minute exceeded' };
    default:
      // Gateway pages of 5xx are not JSON.
      return status >= 500 ? { status, text: 'The service is temporarily unavailable. Please try again later.' } : { status, body: {} };
  }
}
