/** The one error of our own, its codes, and the table that says how each is answered. */

/** Codes a caller may see: those of the Help Desk API that Deskmesh serves. */
export type ErrorCode =
  | 'bad_request'
  | 'invalid_parameters'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'request_timeout'
  | 'conflict'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'unprocessable_entity'
  | 'too_many_requests'
  | 'internal_error'
  | 'not_implemented'
  | 'service_not_available'
  /** Never leaves by HTTP: a setting or a file that a person has to mend. */
  | 'configuration';

/** Code → HTTP status. A new code does not compile until it is answered here. */
export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  invalid_parameters: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  request_timeout: 408,
  conflict: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  unprocessable_entity: 422,
  too_many_requests: 429,
  internal_error: 500,
  not_implemented: 501,
  service_not_available: 503,
  configuration: 500,
};

/** One fault of an input, where it is and what would be right. `path` is a JSON pointer or a variable's name. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** An expected failure with a sentence for whoever can mend it. `message` may be shown to the caller; `cause` only to the log. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string,
    more: {
      readonly faults?: readonly Fault[];
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'AppError';
    this.code = code;
    this.faults = more.faults ?? [];
    this.headers = more.headers ?? {};
  }
}
