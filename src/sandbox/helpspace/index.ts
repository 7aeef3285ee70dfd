/** The fake HelpSpace: tickets, messages, people, tags, files and the one webhook of `api.helpspace.com/api/v1`. */
import { createBudget } from '../kit/budget.ts';
import { createIds } from '../kit/clock.ts';
import type { Call, DeskModel, Premises, Reply } from '../kit/desk.ts';
import { directoryRoutes } from './directory.ts';
import { noRoute, notAllowed, says, tooMany, unauthenticated, wording } from './errors.ts';
import { mediaRoutes } from './media.ts';
import { createMessages, type MessageSettings } from './messages.ts';
import { AGENTS, CHANNELS, createStore, CUSTOM_FIELDS } from './model.ts';
import { createPeople, type People } from './people.ts';
import { createTickets, type TicketSettings } from './tickets.ts';
import { createWebhook, type WebhookSettings } from './webhook.ts';

/** The desk's switches: nearly each is something that the vendor does not say. */
type Settings = TicketSettings &
  MessageSettings &
  WebhookSettings & {
    /** Calls a minute for each token; null for no limit. */
    rate_limit: number | null;
  };

const CLIENT_ID = 'hs-sandbox-0001';
/** Access tokens and the agents who made them. */
const TOKENS: Readonly<Record<string, string>> = {
  'hs_5a6db0c5e1b04be5deskmesh': 'bot@example.com',
  'hs_5a6db0c5a99e0001ann': 'ann@example.com',
};
const tokenOf = (email: string): string => Object.entries(TOKENS).find(([, owner]) => owner === email)?.[0] ?? '';

/** Ids are small numbers at the vendor; these count from here, so that restarts stay apart. */
const SINCE = Date.UTC(2025, 0, 1);

function authenticate(call: Call): string | null {
  const token = /^bearer (.+)$/i.exec(call.headers.authorization ?? '')?.[1]?.trim() ?? '';
  const client = call.headers['hs-client-id'];
  return client === CLIENT_ID && Object.hasOwn(TOKENS, token) ? (TOKENS[token] ?? null) : null;
}

export function createHelpspace(premises: Premises): DeskModel {
  const settings: Settings = {
    rate_limit: 100_000,
    list_order: 'created_desc',
    trash: 'shown',
    escalated_spelling: 'escaleted',
    search_lag_ms: 0,
    message_order: 'oldest_first',
    internal_messages: 'accepted',
    webhook_event: 'body',
    webhook_signature_header: 'Signature',
    webhook_signature_encoding: 'hex',
    webhook_failures_allowed: 10,
    webhook_retry_ms: [10_000, 100_000],
  };
  const nextId = createIds(10, SINCE);
  const store = createStore();
  const webhook = createWebhook(premises, settings);
  const people: People = createPeople({ store, premises, webhook, nextId, forget: (customer) => tickets.forgetCustomer(customer) });
  const tickets = createTickets({ store, people: () => people, messages: () => messages, webhook, premises, settings, nextId });
  const messages = createMessages({ store, people: () => people, tickets, webhook, premises, settings, nextId });
  const minute = createBudget(premises.clock, 60_000);
  let left: { readonly limit: number; readonly remaining: number } | null = null;

  return {
    service: 'helpspace',
    credentials: { token: tokenOf('bot@example.com'), client_id: CLIENT_ID },
    human: { token: tokenOf('ann@example.com'), client_id: CLIENT_ID },
    accountSettings: { channel_id: CHANNELS[0]?.id, custom_fields: CUSTOM_FIELDS },
    routes: [...tickets.routes, ...messages.routes, ...people.routes, ...directoryRoutes({ store, premises, nextId, webhook }), ...mediaRoutes(store), ...webhook.routes],
    settings,
    settingsSchema: {
      rate_limit: { type: ['integer', 'null'], minimum: 1 },
      list_order: { enum: ['created_desc', 'created_asc', 'updated_desc'] },
      trash: { enum: ['shown', 'hidden'] },
      escalated_spelling: { enum: ['escaleted', 'escalated'] },
      search_lag_ms: { type: 'integer', minimum: 0 },
      message_order: { enum: ['oldest_first', 'newest_first'] },
      internal_messages: { enum: ['accepted', 'refused', 'ignored'] },
      webhook_event: { enum: ['body', 'header', 'none'] },
      webhook_signature_header: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9-]*$' },
      webhook_signature_encoding: { enum: ['hex', 'base64'] },
      webhook_failures_allowed: { type: 'integer', minimum: 1 },
      webhook_retry_ms: { type: 'array', items: { type: 'integer', minimum: 0 } },
    },
    normalise: (path) => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path),
    admit(call): { readonly who: string } | { readonly refusal: Reply } {
      left = null;
      const who = authenticate(call);
      if (who === null) return { refusal: unauthenticated() };
      if (settings.rate_limit !== null) {
        const { remaining, resetSeconds } = minute.take(who, settings.rate_limit);
        left = { limit: settings.rate_limit, remaining: Math.max(0, remaining) };
        if (remaining < 0) return { refusal: tooMany(resetSeconds) };
      }
      return { who };
    },
    stamp: (): Readonly<Record<string, string>> =>
      left === null ? {} : { 'X-RateLimit-Limit': String(left.limit), 'X-RateLimit-Remaining': String(left.remaining) },
    wording,
    unrouted: (call, allowed) => (allowed.length === 0 ? noRoute(call.path) : notAllowed(call.method, call.path, allowed)),
    badBody: (why) => (why === 'size' ? says(413, 'Payload Too Large') : says(400, 'The request body is not valid JSON.')),
    holds: () => ({
      tickets: [...store.tickets.values()].map((ticket) => ({
        ...tickets.show(ticket),
        comments: ticket.messages.map((message) => ({ ...messages.show(message), mailed: message.mailed })),
      })),
      users: [...AGENTS, ...store.customers.values()],
      webhooks: webhook.all(),
    }),
    counts: () => ({ tickets: store.tickets.size, mails: store.sent.mails, notices: store.sent.notices, webhooks: webhook.all().length }),
    installWebhook: webhook.install,
    reset() {
      minute.clear();
      store.reset();
      webhook.clear();
    },
  };
}
