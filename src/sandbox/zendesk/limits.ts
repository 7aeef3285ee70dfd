/**
 * The budgets of single endpoints, beside that of the account: told by a header on every answer, and by 429 when they are
 * used up, though the account's own header still shows room. Source: developer.zendesk.com "Rate limits", recorded headers.
 */
import { createBudget, type Budget } from '../kit/budget.ts';
import type { Clock } from '../kit/clock.ts';
import type { Call, Reply, Route } from '../kit/desk.ts';
import { endpointLimit } from './errors.ts';

interface EndpointLimit {
  /** As the header names it. */
  readonly name: string;
  readonly total: number;
  readonly windowMs: number;
  /** The words between "allowed" and "API requests" in the refusal. */
  readonly what?: string;
  /** Whose budget it is; the whole account's where this is absent. */
  readonly whose?: (call: Call) => string;
}

const MINUTE = 60_000;
const target = (call: Call): string => {
  const body = typeof call.body === 'object' && call.body !== null ? JSON.stringify(Reflect.get(call.body, 'user') ?? null) : '';
  return call.params['id'] ?? /"email":"([^"]*)"/.exec(body)?.[1]?.toLowerCase() ?? body;
};

const exportLimit: EndpointLimit = { name: 'zendesk-ratelimit-incremental-exports', total: 10, windowMs: MINUTE, what: 'incremental export ' };
const userLimit: EndpointLimit = { name: 'zendesk-ratelimit-create-or-update-user', total: 5, windowMs: MINUTE, whose: target };

const LIMITS: Readonly<Record<string, EndpointLimit>> = {
  'GET /api/v2/tickets': { name: 'zendesk-ratelimit-tickets-index', total: 100, windowMs: MINUTE },
  'POST /api/v2/tickets': { name: 'zendesk-ratelimit-ticket-request-create-by-user-and-ip', total: 300, windowMs: 10 * MINUTE, whose: ({ who }) => who },
  'PUT /api/v2/tickets/:id': { name: 'zendesk-ratelimit-tickets-update', total: 100, windowMs: MINUTE },
  'DELETE /api/v2/tickets/:id': { name: 'zendesk-ratelimit-tickets-destroy', total: 400, windowMs: MINUTE },
  'GET /api/v2/incremental/tickets/cursor': exportLimit,
  'GET /api/v2/incremental/tickets': exportLimit,
  'GET /api/v2/incremental/ticket_events': exportLimit,
  'GET /api/v2/deleted_tickets': { name: 'zendesk-ratelimit-deleted-tickets-index', total: 10, windowMs: MINUTE },
  'GET /api/v2/search/export': { name: 'zendesk-ratelimit-search-export', total: 100, windowMs: MINUTE },
  'GET /api/v2/tickets/:id/audits': { name: 'zendesk-ratelimit-ticket-audits', total: 500, windowMs: MINUTE },
  'GET /attachments/token/:token': { name: 'zendesk-ratelimit-attachments-content', total: 2_500, windowMs: MINUTE },
  'POST /api/v2/users/create_or_update': userLimit,
  'PUT /api/v2/users/:id': userLimit,
};

export interface Limits {
  /** The same routes, each with its budget around it. */
  guard(routes: readonly Route[]): readonly Route[];
  clear(): void;
}

export function createLimits(clock: Clock, isOn: () => boolean): Limits {
  const budgets = new Map<string, Budget>();
  const budgetOf = ({ name, windowMs }: EndpointLimit): Budget => {
    let budget = budgets.get(name);
    if (!budget) budgets.set(name, (budget = createBudget(clock, windowMs)));
    return budget;
  };

  function guarded(route: Route, limit: EndpointLimit): Route {
    const headersOf = (remaining: number, reset: number): Readonly<Record<string, string>> => ({
      [limit.name]: `total=${limit.total}; remaining=${Math.max(0, remaining)}; resets=${reset}`,
    });
    return {
      ...route,
      handle(call) {
        if (!isOn()) return route.handle(call);
        const { remaining, resetSeconds } = budgetOf(limit).take(limit.whose?.(call) ?? 'account', limit.total);
        const headers = headersOf(remaining, resetSeconds);
        const told = (reply: Reply): Reply => ({ ...reply, headers: { ...reply.headers, ...headers } });
        if (remaining < 0) return told(endpointLimit(resetSeconds, limit.what));
        const reply = route.handle(call);
        return reply instanceof Promise ? reply.then(told) : told(reply);
      },
    };
  }

  return {
    guard: (routes) =>
      routes.map((route) => {
        const limit = LIMITS[`${route.method} ${route.path}`];
        return limit ? guarded(route, limit) : route;
      }),
    clear: () => budgets.forEach((budget) => budget.clear()),
  };
}
