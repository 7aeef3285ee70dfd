/** What a route of the API declares: enough to serve it, to check what comes, and to document it. */
import type { Readable } from 'node:stream';
import type { Member } from '../../engine/roster.ts';
import type { ErrorCode } from '../../errors.ts';
import type { JsonSchema } from '../../ports/connector.ts';
import type { Once } from '../../ports/api.ts';
import type { KeptFile } from '../../ports/files.ts';

/** Whoever calls, by their token. */
export interface Caller {
  /** The token's id; `setting` for the one in API_TOKEN. */
  readonly id: string;
  readonly name: string;
  /** The one account; null for every account. */
  readonly account_id: number | null;
  readonly read_only: boolean;
  readonly requests_per_minute: number;
}

/** A request that was let in: its caller may do this, and everything in it fits what the route declares. */
export interface Call {
  readonly caller: Caller;
  readonly requestId: string;
  /** By the names in the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** By the names that the route declares, of the types that it declares, with its defaults. */
  readonly query: Readonly<Record<string, unknown>>;
  /** Bytes where the route takes bytes. */
  readonly body: unknown;
  /** That came with the body; they are dropped when the call has ended. */
  readonly files: readonly UploadedFile[];
  header(name: string): string | undefined;
  /** The account in the path. Throws if the route has none. */
  readonly member: Member;
  /** Of a POST with an Idempotency-Key: what is kept of it. One without a key gets one that keeps nothing. */
  readonly once: Once;
}

/** A file that came with a form and waits on our disk. */
export interface UploadedFile {
  readonly filename: string;
  readonly content_type: string;
  readonly kept: KeptFile;
}

/** An answer. Without a body it has none at all. */
export interface Reply {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of a body: bytes as they are. */
  readonly bytes?: Uint8Array;
  /** Instead of a body: bytes as they come. */
  readonly stream?: Readable;
}

/** A parameter of the query. */
export interface Parameter {
  readonly about: string;
  readonly schema: JsonSchema;
}

export interface Answer {
  readonly about: string;
  /** A file of `schemas/api`, without `.json`; null for no body. */
  readonly schema: string | null;
  /** Anything but JSON. */
  readonly type?: string;
  readonly example?: unknown;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With `{names}`; without a trailing slash, which may be there. */
  readonly path: string;
  /** Other spellings that old clients know. */
  readonly also?: readonly string[];
  readonly operation: string;
  readonly tag: string;
  readonly summary: string;
  readonly about?: string;
  /** `any` token, or only one that reaches `all` accounts. */
  readonly scope: 'any' | 'all';
  /** What a token that is not known is answered with: 401 `invalid_token`, unless this says otherwise. */
  readonly unknownToken?: 'bad_request';
  /** Only for reading: a read-only token may call it. A GET is. */
  readonly reads?: true;
  readonly query?: Readonly<Record<string, Parameter>>;
  /** Headers of its own. */
  readonly headers?: Readonly<Record<string, Parameter>>;
  /** The body: JSON that fits a file of `schemas/api` (without `.json`), perhaps as a form with files; or bytes of any kind. */
  readonly body?: { readonly json: string; readonly files?: true } | 'bytes';
  readonly answers: Readonly<Record<number, Answer>>;
  /** Answers of any other status are not ours. */
  readonly passes?: Answer;
  /** A desk is called, and may fail in all its ways. */
  readonly desk?: true;
  /** Errors of its own, besides those that every route may give. */
  readonly errors: readonly ErrorCode[];
  handle(call: Call): Promise<Reply>;
}
