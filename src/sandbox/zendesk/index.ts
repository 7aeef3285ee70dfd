/** The fake Zendesk: Support API v2 and event webhooks. */
import { randomUUID } from 'node:crypto';
import { createBudget } from '../kit/budget.ts';
import { createIds } from '../kit/clock.ts';
import type { Call, DeskModel, Premises, Reply } from '../kit/desk.ts';
import { accountLimit, badBearer, invalidEndpoint, unauthorised, wording } from './errors.ts';
import { createEvents } from './events.ts';
import { AGENTS, TOKEN_BOT, TOKEN_HUMAN, createStore } from './model.ts';
import { createPeople } from './people.ts';
import { createReads } from './reads.ts';
import { createSaves } from './saves.ts';
import { createTickets } from './tickets.ts';
import { createWebhooks } from './webhooks.ts';

const MINUTE = 60_000;

/** The desk's switches. */
type Settings = {
  /** Calls a minute for the whole account; null for no limit. */
  rate_limit: number | null;
  /** Updates of one ticket by one user in ten minutes (the vendor: 30); null for no limit. */
  per_ticket_updates: number | null;
  /** Seconds that the start time of an incremental export must be old (the vendor: 60). */
  export_min_age: number;
  search_lag_ms: number;
};

const limit = { type: ['integer', 'null'], minimum: 1 };

export function createZendesk(premises: Premises): DeskModel {
  const settings: Settings = { rate_limit: 100_000, per_ticket_updates: null, export_min_age: 0, search_lag_ms: 0 };
  // Milliseconds times 50 stay within 14 digits for years, and 50 ids a millisecond are more than this desk can use.
  const nextId = createIds(50);
  const store = createStore(premises.clock);
  const people = createPeople(store, premises, nextId);
  const webhooks = createWebhooks(premises, people.caller);
  const { raise } = createEvents({ ...premises, receivers: webhooks.receivers });
  const account = createBudget(premises.clock, MINUTE);
  const updates = createBudget(premises.clock, 10 * MINUTE);
  const saves = createSaves(store, people, premises, nextId);
  const tickets = createTickets({ store, people, saves, premises, nextId, updates, perTicket: () => settings.per_ticket_updates, raise });
  const reads = createReads({ store, people, tickets, premises, exportAge: () => settings.export_min_age, searchLag: () => settings.search_lag_ms, raise });
  let left: { remaining: number; resetSeconds: number } | null = null;

  /** `{email}/token:{api token}`; a token is the account's, so it goes with any agent's address. */
  function basic(encoded: string): string | null {
    const [, email, token] = /^([^/]+)\/token:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
    const agent = email === undefined ? undefined : people.findByEmail(email);
    return agent && agent.role !== 'end-user' && (token === TOKEN_BOT || token === TOKEN_HUMAN) ? (agent.email ?? null) : null;
  }

  function authenticate(call: Call): { who: string } | { refusal: Reply } {
    const header = call.headers.authorization ?? '';
    if (/^bearer /i.test(header)) return { refusal: badBearer() };
    const encoded = /^basic (.+)$/i.exec(header)?.[1];
    const who = encoded === undefined ? null : basic(encoded);
    if (who !== null) return { who };
    // The trap: nobody, or somebody with a wrong password, is told 200 here; only a wrong API token is refused.
    const triesToken = encoded !== undefined && Buffer.from(encoded, 'base64').toString('utf8').includes('/token:');
    return call.path === '/api/v2/users/me' && !triesToken ? { who: '' } : { refusal: unauthorised() };
  }

  function headerFault(call: Call): Reply | null {
    const accept = call.headers.accept;
    if (accept !== undefined && !/application\/json|application\/\*|\*\/\*/i.test(accept)) return { status: 406, text: ' ' };
    if (call.raw !== '' && !/json/i.test(call.headers['content-type'] ?? '')) {
      return { status: 415, body: { error: 'UnsupportedMediaType', description: 'The content type of the request is not supported' } };
    }
    return null;
  }

  return {
    service: 'zendesk',
    credentials: { email: AGENTS[0]?.email ?? '', token: TOKEN_BOT },
    human: { email: AGENTS[1]?.email ?? '', token: TOKEN_HUMAN },
    routes: [...people.routes, ...tickets.routes, ...reads, ...webhooks.routes],
    settings,
    settingsSchema: {
      rate_limit: limit,
      per_ticket_updates: limit,
      export_min_age: { type: 'integer', minimum: 0 },
      search_lag_ms: { type: 'integer', minimum: 0 },
    },
    normalise: (path) => path.replace(/\.json$/, ''),
    admit(call) {
      left = settings.rate_limit === null ? null : account.take('account', settings.rate_limit);
      if (left && left.remaining < 0) return { refusal: accountLimit(left.resetSeconds) };
      const admission = authenticate(call);
      if ('refusal' in admission) return admission;
      const refusal = headerFault(call);
      return refusal ? { refusal } : admission;
    },
    stamp() {
      const total = String(settings.rate_limit ?? 0);
      return {
        'X-Request-Id': randomUUID(),
        ...(left
          ? {
              'x-rate-limit': total,
              'x-rate-limit-remaining': String(Math.max(0, left.remaining)),
              'ratelimit-limit': total,
              'ratelimit-remaining': String(Math.max(0, left.remaining)),
              'ratelimit-reset': String(left.resetSeconds),
            }
          : {}),
      };
    },
    wording,
    unrouted: () => invalidEndpoint(),
    badBody: (why) =>
      why === 'size'
        ? { status: 413, text: 'Request Entity Too Large' }
        : { status: 422, body: { error: 'Unprocessable Entity', message: 'Server could not parse JSON' } },
    holds: () => ({
      tickets: [...store.tickets.values()].map((ticket) => ({ ...tickets.show(ticket), comments: ticket.comments })),
      users: [...store.users.values()].map(people.show),
      webhooks: webhooks.all(),
    }),
    counts: () => ({ tickets: store.tickets.size, users: store.users.size, webhooks: webhooks.count() }),
    installWebhook: webhooks.install,
    reset() {
      Object.values([account, updates]).forEach((budget) => budget.clear());
      store.reset();
      webhooks.clear();
      tickets.forget();
    },
  };
}
