/** The fake Freshdesk: API v2 and automation-rule webhooks. */
import { randomUUID } from 'node:crypto';
import { createBudget } from '../kit/budget.ts';
import { createIds } from '../kit/clock.ts';
import type { Call, DeskModel, Premises, Reply } from '../kit/desk.ts';
import { createConversations, showConversation } from './conversations.ts';
import { invalidCredentials, missing, notAllowed, rateLimited, wording } from './errors.ts';
import { fieldRoutes } from './fields.ts';
import { createHooks } from './hooks.ts';
import { AGENTS, KEY_BOT, KEY_HUMAN, createStore } from './model.ts';
import { createPeople } from './people.ts';
import { createTickets } from './tickets.ts';

/** The desk's switches. */
type Settings = {
  /** Calls a minute for the whole account; null for no limit. */
  rate_limit: number | null;
  search_lag_ms: number;
  /** Milliseconds before each retry of a webhook; null for the vendor's own (5, 30 and 60 minutes). */
  webhook_retry_ms: number[] | null;
};

/** Ticket ids are the account's own small numbers at the vendor; these count from here, so that restarts stay apart. */
const TICKETS_SINCE = Date.UTC(2025, 0, 1);

/** What a call costs beyond itself: two credits an include on lists, one on a ticket (two for conversations). */
function extraCost({ method, path, query }: Call): number {
  const included = (query.get('include') ?? '').split(',').filter((word) => word !== '');
  if (method !== 'GET' || included.length === 0) return 0;
  return path === '/api/v2/tickets' ? 2 * included.length : included.reduce((sum, word) => sum + (word === 'conversations' ? 2 : 1), 0);
}

export function createFreshdesk(premises: Premises): DeskModel {
  const settings: Settings = { rate_limit: 100_000, search_lag_ms: 0, webhook_retry_ms: null };
  const nextTicketId = createIds(10, TICKETS_SINCE);
  const nextId = createIds(5);
  const store = createStore();
  const people = createPeople(store, premises, nextId);
  const hooks = createHooks({ store, deliveries: premises.deliveries, url: premises.url, retryMs: () => settings.webhook_retry_ms });
  const tickets = createTickets({ store, people, hooks, premises, nextId: nextTicketId, searchLag: () => settings.search_lag_ms, showConversation });
  const conversations = createConversations({ store, people, tickets, hooks, premises, nextId });
  const account = createBudget(premises.clock, 60_000);
  let left: { remaining: number; cost: number } | null = null;

  const owner: Readonly<Record<string, string | null>> = { [KEY_BOT]: AGENTS[0]?.email ?? null, [KEY_HUMAN]: AGENTS[1]?.email ?? null };

  /** The key is the user name; the password may be anything. */
  function authenticate(call: Call): string | null {
    const encoded = /^basic (.+)$/i.exec(call.headers.authorization ?? '')?.[1];
    const key = encoded === undefined ? '' : (Buffer.from(encoded, 'base64').toString('utf8').split(':')[0] ?? '');
    return Object.hasOwn(owner, key) ? (owner[key] ?? null) : null;
  }

  function headerFault(call: Call): Reply | null {
    const accept = call.headers.accept;
    if (accept !== undefined && !/application\/json|\*\/\*/i.test(accept)) {
      return { status: 406, body: { code: 'invalid_accept_header', message: 'Accept header should be application/json or */*' } };
    }
    const type = call.headers['content-type'];
    if (call.raw !== '' && !/^application\/json\b/i.test(type ?? '')) {
      const message = `Content-Type header is set to ${type ?? ''}. It should be set to application/json`;
      return { status: 415, body: { code: 'invalid_content_type', message } };
    }
    return null;
  }

  return {
    service: 'freshdesk',
    credentials: { key: KEY_BOT },
    human: { key: KEY_HUMAN },
    routes: [...tickets.routes, ...conversations, ...people.routes, ...fieldRoutes],
    settings,
    settingsSchema: {
      rate_limit: { type: ['integer', 'null'], minimum: 1 },
      search_lag_ms: { type: 'integer', minimum: 0 },
      webhook_retry_ms: { type: ['array', 'null'], items: { type: 'integer', minimum: 0 } },
    },
    normalise: (path) => path,
    admit(call) {
      const cost = 1 + extraCost(call);
      const taken = settings.rate_limit === null ? null : account.take('account', settings.rate_limit, cost);
      left = taken && { remaining: Math.max(0, taken.remaining), cost };
      // Invalid requests count, too.
      if (taken && taken.remaining < 0) return { refusal: rateLimited(taken.resetSeconds) };
      const who = authenticate(call);
      if (who === null) return { refusal: invalidCredentials() };
      const refusal = headerFault(call);
      return refusal ? { refusal } : { who };
    },
    stamp: () => ({
      'X-Request-Id': randomUUID(),
      'X-Freshdesk-Api-Version': 'latest=v2; requested=v2',
      ...(left
        ? {
            'X-RateLimit-Total': String(settings.rate_limit ?? 0),
            'X-RateLimit-Remaining': String(left.remaining),
            'X-RateLimit-Used-CurrentRequest': String(left.cost),
          }
        : {}),
    }),
    wording,
    unrouted: (call, allowed) => (allowed.length === 0 ? missing() : notAllowed(call.method, allowed)),
    badBody: (why) =>
      why === 'size'
        ? { status: 413 }
        : { status: 400, body: { code: 'invalid_json', message: 'Request body has invalid json format' } },
    holds: () => ({
      tickets: [...store.tickets.values()].map((ticket) => ({
        ...tickets.show(ticket),
        comments: ticket.conversations.map((item) => showConversation(ticket, item)),
      })),
      users: [...store.people.values()],
      webhooks: hooks.all(),
    }),
    counts: () => ({ tickets: store.tickets.size, users: store.people.size, webhooks: hooks.count() }),
    installWebhook: hooks.install,
    reset() {
      account.clear();
      store.reset();
      hooks.clear();
    },
  };
}
