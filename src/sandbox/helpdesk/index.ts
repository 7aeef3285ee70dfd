/** The fake Helpdesk (Airclou): the API-key API of tickets, fields and webhooks, and the messages of signed-in users. */
import { randomUUID } from 'node:crypto';
import type { Call, DeskModel, Premises, Reply } from '../kit/desk.ts';
import { failure, forbidden, invalidKey, invalidSession, missingWorkspace, notFound, wording } from './errors.ts';
import { createHooks } from './hooks.ts';
import { createMessages, MESSAGES_PATH } from './messages.ts';
import { createNames, createStore, KEYS, LEVELS, SESSIONS, sessionOf, USERS, WORKSPACE, type Level } from './model.ts';
import { createTickets, showTicket } from './tickets.ts';

/** The desk's switches. */
type Settings = {
  /** Milliseconds before each retry of a webhook; null for the specification's (5 s to a day, with jitter). */
  webhook_retry_ms: number[] | null;
};

const keyOf = (user: string): string => Object.entries(KEYS).find(([, key]) => key.user === user)?.[0] ?? '';
const credentialsOf = (user: string): Readonly<Record<string, string>> => ({ key: keyOf(user), workspace: WORKSPACE, session_token: sessionOf(user) });
const emailOf = (user: string): string => USERS.find(({ id }) => id === user)?.email ?? '';

/** The level that a call needs: webhooks are an administrator's, fields are read by all, tickets are read or written. */
function levelOf({ method, path }: Call): Level {
  if (path.startsWith('/helpdesk/api/v1/webhooks')) return 'admin';
  if (method === 'GET') return 'read';
  return path.startsWith('/helpdesk/api/v1/ticket_fields') ? 'admin' : 'write';
}

function admit(call: Call): { who: string } | { refusal: Reply } {
  const bearer = /^bearer (.+)$/i.exec(call.headers.authorization ?? '')?.[1]?.trim();
  // An API key opens nothing here, and a session nothing elsewhere.
  if (call.path === MESSAGES_PATH || call.path.startsWith(`${MESSAGES_PATH}/`)) {
    const user = bearer === undefined || !Object.hasOwn(SESSIONS, bearer) ? undefined : SESSIONS[bearer];
    return user === undefined ? { refusal: invalidSession() } : { who: emailOf(user) };
  }
  const header = call.headers['x-api-key'];
  const given = bearer ?? (typeof header === 'string' ? header : '');
  const key = Object.hasOwn(KEYS, given) ? KEYS[given] : undefined;
  if (!key) return { refusal: invalidKey() };
  const workspace = call.headers['x-workspace-id'];
  if (workspace === undefined || workspace === '') return { refusal: missingWorkspace() };
  if (workspace !== WORKSPACE || LEVELS.indexOf(key.level) < LEVELS.indexOf(levelOf(call))) return { refusal: forbidden() };
  return { who: emailOf(key.user) };
}

export function createHelpdesk(premises: Premises): DeskModel {
  const settings: Settings = { webhook_retry_ms: null };
  const store = createStore();
  const name = createNames();
  const hooks = createHooks({ premises, deliveries: premises.deliveries, name, retryMs: () => settings.webhook_retry_ms });
  const tickets = createTickets({ store, hooks, premises, name });
  const messages = createMessages({ store, hooks, premises, name });

  return {
    service: 'helpdesk',
    credentials: credentialsOf('usr_bot000'),
    human: credentialsOf('usr_abc123'),
    routes: [...tickets, ...hooks.routes, ...messages],
    settings,
    settingsSchema: { webhook_retry_ms: { type: ['array', 'null'], items: { type: 'integer', minimum: 0 } } },
    normalise: (path) => path,
    admit,
    stamp: () => ({ 'X-Request-Id': randomUUID() }),
    wording,
    unrouted: (call, allowed) =>
      allowed.length === 0 ? notFound() : { ...failure(405, 'METHOD_NOT_ALLOWED', `${call.method} is not allowed here`), headers: { Allow: allowed.join(', ') } },
    badBody: (why) =>
      why === 'size' ? failure(413, 'PAYLOAD_TOO_LARGE', 'The request body is too large') : failure(400, 'BAD_REQUEST', 'The request body is not valid JSON'),
    holds: () => ({
      tickets: [...store.tickets.values()].map((ticket) => ({ ...showTicket(ticket), comments: store.byTicket.get(ticket.id) ?? [] })),
      users: USERS,
      webhooks: hooks.all(),
    }),
    counts: () => ({ tickets: store.tickets.size, messages: store.messages.size, webhooks: hooks.count() }),
    installWebhook: hooks.install,
    reset() {
      store.clear();
      hooks.clear();
    },
  };
}
