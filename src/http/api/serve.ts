/** One request on its way through a route: who asks, may they, what is asked, is it new, and the answer. */
import { hash } from 'node:crypto';
import type Koa from 'koa';
import { retryAfter } from '../../engine/failures.ts';
import { unkept, type OnceRunner } from '../../engine/once.ts';
import type { Member, Roster } from '../../engine/roster.ts';
import { AppError, HTTP_STATUS, type ErrorCode } from '../../errors.ts';
import type { KeptAnswer, Once } from '../../ports/api.ts';
import type { World } from '../../ports/world.ts';
import { answerJson } from '../answer.ts';
import type { ReadBody } from '../body.ts';
import { errorBody, REQUEST_ID } from '../errors.ts';
import type { Callers } from './callers.ts';
import { inputOf, type Input, type ReadForm } from './input.ts';
import type { Limits, Taken } from './limits.ts';
import type { Call, Caller, Reply, Route } from './route.ts';

export interface ServeParts {
  readonly callers: Callers;
  readonly limits: Limits;
  readonly once: OnceRunner;
  readonly roster: Roster;
  readonly world: World;
  readonly readBody: ReadBody;
  readonly readForm: ReadForm;
}

/** What the router found in the path. */
interface Routed extends Koa.Context {
  readonly params: Readonly<Record<string, string>>;
}

export function serveRoute(route: Route, parts: ServeParts): (ctx: Routed) => Promise<void> {
  const { callers, limits, roster, world } = parts;
  const readInput = inputOf(route, parts.readBody, parts.readForm);

  async function admit(ctx: Routed): Promise<Caller> {
    const caller = await callers.of(ctx.get('authorization') || undefined).catch((error: unknown) => Promise.reject(unknown(error)));
    const taken = limits.take(caller.id, caller.requests_per_minute);
    ctx.set(limitHeaders(caller, taken));
    if (!taken.allowed) throw new AppError('too_many_requests', 'This token has made all the requests that it may make for now.', { headers: retryAfter(taken.againMs) });
    return caller;
  }

  function unknown(error: unknown): unknown {
    return route.unknownToken !== undefined && error instanceof AppError && error.code === 'invalid_token' ? new AppError(route.unknownToken, error.message) : error;
  }

  function mayCall(caller: Caller): void {
    if (route.scope === 'all' && caller.account_id !== null) throw new AppError('forbidden', 'This is for tokens that reach every account.');
    if (caller.read_only && route.method !== 'GET' && route.reads !== true) throw new AppError('forbidden', 'This token may only read.');
  }

  return async (ctx) => {
    const began = world.now();
    const requestId = ctx.response.get(REQUEST_ID);
    const told: Record<string, unknown> = { request_id: requestId, operation: route.operation };
    try {
      const caller = await admit(ctx);
      told['caller'] = caller.id;
      if (ctx.accepts(route.answers[200]?.type ?? 'application/json') === false && route.answers[200]?.type === undefined) {
        throw new AppError('not_acceptable', 'Answers here are application/json: let the Accept header allow it.');
      }
      mayCall(caller);
      const member = memberFor(ctx.params['account_id'], caller, roster);
      if (member !== null) told['account'] = member.account.name;
      const input = await readInput(ctx.req, ctx.querystring);
      if (input === null) {
        ctx.respond = false;
        world.log.debug('api.cut_off', told);
        return;
      }
      try {
        send(ctx, await answer(ctx, caller, member, input, requestId));
      } finally {
        await Promise.all(input.files.map(({ kept }) => kept.drop()));
      }
      world.log.info('api.answered', { ...told, status: ctx.status, ms: world.now() - began });
    } catch (error) {
      const code = error instanceof AppError ? error.code : 'internal_error';
      world.log.info('api.answered', { ...told, status: HTTP_STATUS[code], error_code: code, ms: world.now() - began });
      throw error;
    }
  };

  async function answer(ctx: Routed, caller: Caller, member: Member | null, input: Input, requestId: string): Promise<Reply> {
    const call = (once: Once): Call => ({
      caller,
      requestId,
      params: ctx.params,
      ...input,
      header: (name) => ctx.get(name) || undefined,
      get member() {
        if (member === null) throw new Error(`${route.operation} has no account in its path`);
        return member;
      },
      once,
    });
    const key = route.method === 'POST' ? ctx.get('idempotency-key') : '';
    if (key === '') return route.handle(call(unkept(world.id())));
    const { replayed, ...answered } = await parts.once.run(
      { caller: caller.id, key, digest: digestOf(route, ctx, member, input) },
      async (once) => kept(await route.handle(call(once))),
      (error) => keptFailure(error, requestId),
      requestId,
    );
    return given(answered, replayed);
  }
}

/** The account in the path: a number, or `me` for the one of the token. An account that a token does not reach is one that is not there. */
function memberFor(name: string | undefined, caller: Caller, roster: Roster): Member | null {
  if (name === undefined) return null;
  if (name === 'me' && caller.account_id === null) {
    throw new AppError('not_found', 'This token reaches every account, so `me` is none of them: name the account by its id, as GET /v1/accounts lists them.');
  }
  const id = name === 'me' ? caller.account_id : /^\d{1,9}$/.test(name) ? Number(name) : null;
  const reaches = id !== null && (caller.account_id === null || caller.account_id === id);
  const member = reaches ? roster.member(id) : null;
  if (member === null) throw new AppError('not_found', 'There is no such account, or this token does not reach it.');
  return member;
}

function limitHeaders(caller: Caller, taken: Taken): Readonly<Record<string, string>> {
  return {
    'RateLimit-Limit': String(caller.requests_per_minute),
    'RateLimit-Remaining': String(taken.remaining),
    'RateLimit-Reset': String(Math.ceil(taken.fullMs / 1_000)),
  };
}

function send(ctx: Koa.Context, { status, body, headers = {}, bytes, stream }: Reply): void {
  ctx.set({ 'Cache-Control': 'no-store', ...headers });
  if (bytes !== undefined || stream !== undefined) {
    ctx.status = status;
    ctx.body = bytes === undefined ? stream : Buffer.from(bytes);
    // Koa takes bytes for a stream of them if nobody says otherwise.
    if (headers['Content-Type'] !== undefined) ctx.set('Content-Type', headers['Content-Type']);
  } else if (body === undefined) {
    ctx.status = status;
    ctx.body = null;
    ctx.status = status;
  } else {
    answerJson(ctx, status, body);
  }
}

function kept({ status, body, bytes, headers }: Reply): KeptAnswer {
  if (bytes === undefined) return { status, body: body ?? null };
  return { status, body: null, bytes: Buffer.from(bytes).toString('base64'), ...(headers === undefined ? {} : { headers }) };
}

function given({ status, body, bytes, headers }: KeptAnswer, replayed: boolean): Reply {
  return {
    status,
    ...(body === null ? {} : { body }),
    ...(bytes === undefined ? {} : { bytes: Buffer.from(bytes, 'base64') }),
    headers: { ...headers, ...(replayed ? { 'Idempotent-Replayed': 'true' } : {}) },
  };
}

/** Failures that are answers for good: asking the same again cannot end otherwise. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['request_failed', 'invalid_parameters', 'invalid_resource_type', 'not_found', 'naming_conflict', 'not_implemented', 'unprocessable_entity']);

function keptFailure(error: unknown, requestId: string): KeptAnswer | null {
  if (!(error instanceof AppError) || !FINAL.has(error.code)) return null;
  return { status: HTTP_STATUS[error.code], body: errorBody(error, requestId) };
}

/** What makes a request what it is; the order of keys in its JSON does not. */
function digestOf(route: Route, ctx: Routed, member: Member | null, { query, body, files }: Input): string {
  const { account_id: _, ...params } = ctx.params;
  const bytes = Buffer.isBuffer(body) ? hash('sha256', body, 'hex') : body;
  const headers = Object.keys(route.headers ?? {}).map((name) => ctx.get(name));
  const attached = files.map(({ filename, content_type: type, kept: { sha256 } }) => [filename, type, sha256]);
  return hash('sha256', JSON.stringify(sorted([route.operation, member?.account.id ?? null, params, query, headers, bytes ?? null, attached])), 'hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}
