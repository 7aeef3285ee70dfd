/** The one error of our own, its codes, and the table that says how each is answered. */

/**
 * Codes a caller may see: those of the Help Desk API that Deskmesh serves. Where a fault may be ours or a desk's there is a
 * code for each: `unauthorized` and `service_unauthorized`, `too_many_requests` and `too_many_service_requests`.
 */
export type ErrorCode =
  | 'bad_request'
  | 'request_failed'
  | 'invalid_parameters'
  | 'invalid_resource_type'
  | 'authentication_required'
  | 'invalid_token'
  | 'unauthorized'
  | 'service_unauthorized'
  | 'forbidden'
  | 'service_forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'request_timeout'
  | 'conflict'
  | 'naming_conflict'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'unprocessable_entity'
  | 'too_many_requests'
  | 'too_many_service_requests'
  | 'internal_error'
  | 'not_implemented'
  | 'bad_gateway'
  | 'service_not_available'
  | 'gateway_timeout'
  /** Never leaves by HTTP: a setting or a file that a person has to mend. */
  | 'configuration';

/** Code → HTTP status. A new code does not compile until it is answered here. */
export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  request_failed: 400,
  invalid_parameters: 400,
  invalid_resource_type: 400,
  unauthorized: 401,
  authentication_required: 401,
  invalid_token: 401,
  service_unauthorized: 401,
  forbidden: 403,
  service_forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  request_timeout: 408,
  conflict: 409,
  naming_conflict: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  unprocessable_entity: 422,
  too_many_requests: 429,
  too_many_service_requests: 429,
  internal_error: 500,
  not_implemented: 501,
  bad_gateway: 502,
  service_not_available: 503,
  gateway_timeout: 504,
  configuration: 500,
};

/** One fault of an input, where it is and what would be right. `path` is a JSON pointer or a variable's name. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** What else a program may want to know of an error; each part is a field of the error object. */
export interface ErrorDetails {
  /** The desk whose failure this is: ours has none. */
  readonly service?: { readonly name: string; readonly status: number | null; readonly code: string | null; readonly message: string };
  /** What the desk would have to be able to do, as the capabilities name it. */
  readonly capability?: string;
  readonly conflicting_resource_id?: string | number;
  /** What stands in the way of a deletion. */
  readonly depends?: Readonly<Record<string, unknown>>;
}

/** An expected failure with a sentence for whoever can mend it. `message` may be shown to the caller; `cause` only to the log. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;
  readonly details: ErrorDetails;

  constructor(
    code: ErrorCode,
    message: string,
    more: {
      readonly faults?: readonly Fault[];
      readonly headers?: Readonly<Record<string, string>>;
      readonly details?: ErrorDetails;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'AppError';
    this.code = code;
    this.faults = more.faults ?? [];
    this.headers = more.headers ?? {};
    this.details = more.details ?? {};
  }
}
