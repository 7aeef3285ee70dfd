/** How answers leave. */
import type Koa from 'koa';

/**
 * JSON with a `Content-Type` of exactly `application/json`: clients of the Help Desk API compare it as a whole, and
 * Koa by itself adds a charset.
 */
export function answerJson(ctx: Koa.Context, status: number, body: object): void {
  ctx.status = status;
  ctx.set('Content-Type', 'application/json');
  ctx.body = JSON.stringify(body);
}

/** Plain text that no browser takes for anything else: part of it may be what the caller sent. */
export function answerText(ctx: Koa.Context, status: number, body: string): void {
  ctx.status = status;
  ctx.set('Content-Type', 'text/plain; charset=utf-8');
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.body = body;
}
