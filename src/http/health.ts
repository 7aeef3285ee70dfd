/** `/healthz`: the process is up. `/readyz`: it can do its work, and how each account fares. */
import type Koa from 'koa';
import { AppError } from '../errors.ts';
import type { World } from '../ports/world.ts';
import { answerJson } from './answer.ts';

export interface PartHealth {
  readonly ok: boolean;
  readonly message?: string;
}

export interface Health {
  readonly database: PartHealth;
  readonly queue: PartHealth;
  /** A stopped account waits for its owner, one with something held for a release; neither makes the whole unready. */
  readonly accounts: readonly { readonly name: string; readonly state: string; readonly reason?: string; readonly deletions_held?: string; readonly rules_held?: string }[];
}

export interface HealthParts {
  readonly health: () => Promise<Health>;
  readonly world: World;
}

export function createHealth({ health, world }: HealthParts): Koa.Middleware {
  async function readiness(): Promise<Health> {
    try {
      return await health();
    } catch (cause) {
      world.log.error('health.failed', { err: cause });
      throw new AppError('service_not_available', 'The state of the system could not be found out: the log has the cause.');
    }
  }

  return async function healthRoutes(ctx, next) {
    const path = ctx.path;
    if (path !== '/healthz' && path !== '/readyz') return next();
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      throw new AppError('method_not_allowed', 'Health is asked for by GET.', { headers: { Allow: 'GET, HEAD' } });
    }
    ctx.set('Cache-Control', 'no-store');
    if (path === '/healthz') {
      answerJson(ctx, 200, { status: 'ok' });
      return;
    }
    const state = await readiness();
    answerJson(ctx, state.database.ok && state.queue.ok ? 200 : 503, state);
  };
}
