/** The HTTP side: its middleware, in order. */
import Koa from 'koa';
import type { Receiver } from '../engine/receive.ts';
import type { World } from '../ports/world.ts';
import { createErrorDoor, REQUEST_ID } from './errors.ts';
import { createHealth, type Health } from './health.ts';
import { createHooks } from './hooks.ts';

export interface HttpParts {
  readonly receiver: Receiver;
  readonly health: () => Promise<Health>;
  readonly world: World;
  /** What comes after hooks and health, such as the API. */
  readonly routes?: readonly Koa.Middleware[];
  readonly maxBodyBytes?: number;
  readonly bodyTimeoutMs?: number;
}

const MAX_BODY_BYTES = 2 * 1024 * 1024;
const BODY_TIMEOUT_MS = 30_000;

export function createHttp({ receiver, health, world, routes = [], maxBodyBytes = MAX_BODY_BYTES, bodyTimeoutMs = BODY_TIMEOUT_MS }: HttpParts): Koa {
  // Named, because Koa would otherwise read the environment.
  const app = new Koa({ env: 'production' });
  app.on('error', (err: unknown, ctx?: Koa.Context) => logBeyondTheDoor(err, ctx?.response.get(REQUEST_ID), world));

  app.use(createErrorDoor({ world }));
  app.use(createHooks({ receiver, world, limits: { maxBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs } }));
  app.use(createHealth({ health, world }));
  for (const route of routes) app.use(route);
  return app;
}

/** What the error door did not see: a caller that went away while it was being answered, or a fault in the door itself. */
function logBeyondTheDoor(err: unknown, requestId: string | undefined, world: World): void {
  const answered = err instanceof Error && 'headerSent' in err && err.headerSent === true;
  if (answered) world.log.debug('http.cut_off', { request_id: requestId, err });
  else world.log.error('http.broken', { request_id: requestId, err });
}
