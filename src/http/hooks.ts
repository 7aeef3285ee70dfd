/** `POST /hooks/{account_id}/{token}`: the door for the desks' webhooks. */
import type { IncomingHttpHeaders } from 'node:http';
import type Koa from 'koa';
import { unknownHook, type Receiver } from '../engine/receive.ts';
import { AppError, HTTP_STATUS } from '../errors.ts';
import type { World } from '../ports/world.ts';
import { answerAtOnce, answerText } from './answer.ts';
import { createBodyReader, requireUnpacked, type BodyLimits } from './body.ts';
import { REQUEST_ID } from './errors.ts';

const HOOK = /^\/hooks\/(\d{1,15})\/([^/]{1,500})\/?$/;
const NO_QUERY: Readonly<Record<string, string>> = Object.freeze({});

export interface HooksParts {
  readonly receiver: Receiver;
  readonly world: World;
  readonly limits: BodyLimits;
}

/** Without a router: this is the path that must be fast, and it is one path. */
export function createHooks({ receiver, world, limits }: HooksParts): Koa.Middleware {
  const readBody = createBodyReader(limits);

  async function take(ctx: Koa.Context, hook: RegExpExecArray | null): Promise<void> {
    if (ctx.method !== 'POST') {
      throw new AppError('method_not_allowed', 'Webhooks are taken by POST only.', { headers: { Allow: 'POST' } });
    }
    const [, account, token] = hook ?? [];
    if (account === undefined || token === undefined) throw unknownHook();

    requireUnpacked(ctx.req.headers);
    const rawBody = await readBody(ctx.req);
    if (rawBody === null) {
      ctx.respond = false;
      world.log.debug('webhook.aborted', { request_id: ctx.response.get(REQUEST_ID), account_id: Number(account) });
      return;
    }
    const { status, body } = await receiver.receive(Number(account), token, {
      headers: plainHeaders(ctx.req.headers),
      rawBody,
      query: ctx.querystring === '' ? NO_QUERY : Object.fromEntries(new URLSearchParams(ctx.querystring)),
    });
    if (typeof body === 'string') answerText(ctx, status, body);
    else answerAtOnce(ctx, status, body);
    world.log.debug('webhook.answered', { request_id: ctx.response.get(REQUEST_ID), account_id: Number(account), status });
  }

  /** One line for each webhook that is turned away. The path is left out of it, because it holds the token. */
  function logRejection(ctx: Koa.Context, hook: RegExpExecArray | null, error: unknown): void {
    if (!(error instanceof AppError) || HTTP_STATUS[error.code] >= 500) return;
    world.log.warn('webhook.rejected', {
      account_id: hook?.[1] === undefined ? null : Number(hook[1]),
      status: HTTP_STATUS[error.code],
      why: error.message,
      ...(error.faults.length > 0 ? { faults: error.faults } : {}),
      request_id: ctx.response.get(REQUEST_ID),
    });
  }

  return async function hooks(ctx, next) {
    const path = ctx.path;
    if (!path.startsWith('/hooks/') && path !== '/hooks') return next();
    const hook = HOOK.exec(path);
    try {
      await take(ctx, hook);
    } catch (error) {
      logRejection(ctx, hook, error);
      throw error;
    }
  };
}

/** Node gives one text for each header but `set-cookie`, which no request has a reason to carry. */
function plainHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  if (headers['set-cookie'] === undefined) return headers as Readonly<Record<string, string>>;
  const { 'set-cookie': _, ...rest } = headers;
  return rest as Readonly<Record<string, string>>;
}
