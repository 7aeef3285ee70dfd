/** The fake Freshdesk: API v2 and automation-rule webhooks. */
import { randomUUID } from 'node:crypto';
import { createBudget } from '../kit/budget.ts';
import { createIds } from '../kit/clock.ts';
import type { Call, DeskModel, Premises, Reply } from '../kit/desk.ts';
import { createAttachments } from './attachments.ts';
import { createBatches } from './batches.ts';
import { browserRoutes } from './browser.ts';
import { AGENTS, KEY_BOT, KEY_HUMAN } from './catalog.ts';
import { contactRoutes } from './contacts.ts';
import { createConversations } from './conversations.ts';
import { invalidCredentials, missing, notAllowed, rateLimited, wording } from './errors.ts';
import { fieldRoutes } from './fields.ts';
import { createHooks } from './hooks.ts';
import { createListing } from './listing.ts';
import { createStore } from './model.ts';
import { organisationRoutes } from './organisation.ts';
import { createPeople } from './people.ts';
import { defaultSettings, PLANS, settingsSchema, type Kind, type Settings } from './settings.ts';
import { createTickets } from './tickets.ts';
import { createViews } from './views.ts';

/** Ticket ids are the account's own small numbers at the vendor; these count from here, so that restarts stay apart. */
const TICKETS_SINCE = Date.UTC(2025, 0, 1);

/** What a call costs beyond itself: two credits an include on lists, one on a ticket (two for conversations). */
function extraCost({ method, path, query }: Call): number {
  const included = (query.get('include') ?? '').split(',').filter((word) => word !== '');
  if (method !== 'GET' || included.length === 0) return 0;
  return path === '/api/v2/tickets' ? 2 * included.length : included.reduce((sum, word) => sum + (word === 'conversations' ? 2 : 1), 0);
}

/** Which limit of its own a call has. */
function kindOf({ method, path }: Call): Kind | null {
  if (path === '/api/v2/tickets') return method === 'POST' ? 'ticket_create' : 'tickets_list';
  if (path === '/api/v2/contacts' && method === 'GET') return 'contacts_list';
  return method === 'PUT' && /^\/api\/v2\/tickets\/\d+$/.test(path) ? 'ticket_update' : null;
}

/** As the vendor writes them. */
const credits = (count: number): string => count.toFixed(1);

export function createFreshdesk(premises: Premises): DeskModel {
  const settings: Settings = defaultSettings();
  const nextTicketId = createIds(10, TICKETS_SINCE);
  const nextId = createIds(5);
  const store = createStore();
  const { clock, deliveries, url } = premises;
  const people = createPeople(store, clock, nextId);
  const attachments = createAttachments({
    premises, tickets: () => store.tickets.values(), limitBytes: () => settings.attachment_limit_bytes, linkMs: () => settings.link_expires_ms,
  });
  const views = createViews({ store, attachments, premises, settings });
  const hooks = createHooks({ store, deliveries, url, retryMs: () => settings.webhook_retry_ms, content: () => settings.webhook_content });
  const tickets = createTickets({ store, people, hooks, attachments, views, premises, settings, nextId: nextTicketId });
  const conversations = createConversations({ store, people, tickets, hooks, attachments, views, premises, settings, nextId });
  const batches = createBatches({ store, people, tickets, conversations, views, premises, settings });
  const account = createBudget(clock, 60_000);
  let left: { total: number; remaining: number; cost: number } | null = null;

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
    if (call.bytes.length > 0 && !/^(application\/json|multipart\/form-data)\b/i.test(type ?? '')) {
      const message = `Content-Type header is set to ${type ?? ''}. It should be set to application/json`;
      return { status: 415, body: { code: 'invalid_content_type', message } };
    }
    return null;
  }

  /** Takes what the call costs; the seconds to wait if there is no more. Invalid requests count, too. */
  function spend(call: Call): number | null {
    const plan = settings.plan === null ? null : PLANS[settings.plan];
    const total = plan?.account ?? settings.rate_limit;
    const cost = 1 + extraCost(call);
    const taken = total === null ? null : account.take('account', total, cost);
    left = taken && total !== null ? { total, remaining: Math.max(0, taken.remaining), cost } : null;
    if (taken && taken.remaining < 0) return taken.resetSeconds;
    const kind = kindOf(call);
    const limit = kind === null ? undefined : plan?.[kind];
    const own = kind === null || limit === undefined ? null : account.take(kind, limit);
    return own && own.remaining < 0 ? own.resetSeconds : null;
  }

  return {
    service: 'freshdesk',
    credentials: { key: KEY_BOT },
    human: { key: KEY_HUMAN },
    routes: [
      ...createListing({ store, people, tickets, views, premises, settings }),
      ...tickets.routes,
      ...batches.routes,
      ...conversations.routes,
      ...attachments.routes,
      ...contactRoutes(store, people, clock, url),
      ...organisationRoutes(store, people, clock, url, nextId),
      ...fieldRoutes(store, people, settings),
      ...browserRoutes({ store, people, tickets, conversations, attachments, hooks, views, premises }),
    ],
    settings,
    settingsSchema,
    normalise: (path) => path,
    admit(call) {
      left = null;
      if (attachments.isPublic(call.path)) return { who: '' };
      const wait = spend(call);
      if (wait !== null) return { refusal: rateLimited(wait) };
      const who = authenticate(call);
      if (who === null) return { refusal: invalidCredentials() };
      const refusal = headerFault(call);
      return refusal ? { refusal } : { who };
    },
    stamp: ({ path }) =>
      attachments.isPublic(path)
        ? {}
        : {
            'X-Request-Id': randomUUID(),
            'X-Freshdesk-Api-Version': 'latest=v2; requested=v2',
            ...(left === null
              ? {}
              : {
                  'X-RateLimit-Total': credits(left.total),
                  'X-RateLimit-Remaining': credits(left.remaining),
                  'X-RateLimit-Used-CurrentRequest': String(left.cost),
                }),
          },
    wording,
    unrouted: (call, allowed) => (allowed.length === 0 ? missing() : notAllowed(call.method, allowed)),
    badBody: (why) => (why === 'size' ? { status: 413 } : { status: 400, body: { code: 'invalid_json', message: 'Request body has invalid json format' } }),
    holds: () => ({
      tickets: [...store.tickets.values()].map((ticket) => ({
        ...views.whole(ticket),
        comments: ticket.conversations.map((item) => views.conversation(ticket, item)),
      })),
      users: [...store.people.values()],
      webhooks: hooks.all(),
    }),
    counts: () => ({ tickets: store.tickets.size, users: store.people.size, webhooks: hooks.count() }),
    installWebhook: hooks.install,
    reset() {
      account.clear();
      attachments.clear();
      batches.clear();
      store.reset();
      hooks.clear();
    },
  };
}
