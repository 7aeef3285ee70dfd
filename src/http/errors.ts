/** The one door through which errors leave: their shape, their log line, and the request's id on every answer. */
import type Koa from 'koa';
import { AppError, HTTP_STATUS, type ErrorCode } from '../errors.ts';
import type { World } from '../ports/world.ts';
import { answerJson } from './answer.ts';
import { letRunDry } from './body.ts';

export const REQUEST_ID = 'X-Request-Id';

/** The first middleware. Everything after it may throw; an answer of 400 and above without a body gets one here. */
export function createErrorDoor({ world }: { readonly world: World }): Koa.Middleware {
  return async function errorDoor(ctx, next) {
    const id = world.id();
    ctx.res.setHeader(REQUEST_ID, id);
    try {
      await next();
      if (ctx.status >= 400 && ctx.body == null && ctx.respond !== false) answerError(ctx, id, bare(ctx));
    } catch (error) {
      answerError(ctx, id, publicError(error, id, world));
    }
  };
}

function answerError(ctx: Koa.Context, id: string, error: AppError): void {
  const status = HTTP_STATUS[error.code];
  ctx.set(error.headers);
  answerJson(ctx, status, errorBody(error, id));
  if (!ctx.req.complete) letRunDry(ctx.req);
}

/** The error object; `id` is that of the request. */
export function errorBody(error: AppError, id: string): object {
  return {
    status_code: HTTP_STATUS[error.code],
    error_code: error.code,
    message: error.message,
    id,
    ...(error.faults.length > 0 ? { faults: error.faults } : {}),
    ...error.details,
  };
}

/** What the caller may know of an error. The cause of everything from 500 up goes to the log, and nowhere else. */
function publicError(error: unknown, id: string, world: World): AppError {
  const told = known(error) ?? internal();
  if (HTTP_STATUS[told.code] >= 500 && !isTheirs(told)) {
    const cause = told === error ? (told.cause ?? told) : error;
    world.log.error('http.failed', { request_id: id, error_code: told.code, err: cause });
  }
  return told;
}

/** A desk's failure, or what a desk cannot do, is no fault of ours. */
function isTheirs({ code, details }: AppError): boolean {
  return code === 'not_implemented' || details.service !== undefined;
}

function known(error: unknown): AppError | null {
  if (error instanceof AppError) return error.code === 'configuration' ? null : error;
  // Koa's and its router's own errors say themselves whether their message may be shown.
  if (error instanceof Error && 'expose' in error && error.expose === true && 'status' in error && typeof error.status === 'number') {
    const code = codeOf(error.status);
    return code === null ? null : new AppError(code, error.message);
  }
  return null;
}

function internal(): AppError {
  return new AppError('internal_error', 'Something went wrong on our side. The log has the cause under the id of this answer.');
}

/** An answer that only got its status: an unknown path, or a method that a router refused. */
function bare(ctx: Koa.Context): AppError {
  if (ctx.status === 404) return new AppError('not_found', `There is nothing at ${clip(ctx.path)}: see the documentation for the paths.`);
  // The router calls a method that none of its routes has not implemented; Allow is set all the same.
  if (ctx.status === 405 || (ctx.status === 501 && ctx.response.get('Allow') !== '')) return new AppError('method_not_allowed', `${clip(ctx.method)} is not possible here: the Allow header lists what is.`);
  const code = codeOf(ctx.status);
  return code === null ? internal() : new AppError(code, ctx.message);
}

const CODES = new Map<number, ErrorCode>();
for (const code of Object.keys(HTTP_STATUS) as ErrorCode[]) {
  if (code !== 'configuration' && !CODES.has(HTTP_STATUS[code])) CODES.set(HTTP_STATUS[code], code);
}

function codeOf(status: number): ErrorCode | null {
  return CODES.get(status) ?? null;
}

function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
