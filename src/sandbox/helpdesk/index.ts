/** The fake Helpdesk (Airclou): the API-key API of tickets, fields and webhooks, and the messages of signed-in users. */
import { randomUUID } from 'node:crypto';
import { createBudget } from '../kit/budget.ts';
import { Refused, type Call, type DeskModel, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { createFiles } from '../kit/files.ts';
import { dressed, failure, forbidden, invalidKey, invalidSession, missingWorkspace, notFound, tooMany, wording } from './errors.ts';
import { createFields } from './fields.ts';
import { createHooks } from './hooks.ts';
import { createMessages, FILES_PATH, MESSAGES_PATH } from './messages.ts';
import { createNames, createStore, KEYS, LEVELS, SESSIONS, sessionOf, USERS, WORKSPACE, type Level } from './model.ts';
import { DEFAULTS, settingsSchema, type Settings } from './settings.ts';
import { createTickets, showTicket } from './tickets.ts';

const keyOf = (user: string): string => Object.entries(KEYS).find(([, key]) => key.user === user)?.[0] ?? '';
const credentialsOf = (user: string): Readonly<Record<string, string>> => ({ key: keyOf(user), workspace: WORKSPACE, session_token: sessionOf(user) });
const MINUTE = 60_000;
const emailOf = (user: string): string => USERS.find(({ id }) => id === user)?.email ?? '';

/** The level that a call needs: webhooks are an administrator's, fields are read by all, tickets are read or written. */
function levelOf({ method, path }: Call): Level {
  if (path.startsWith('/helpdesk/api/v1/webhooks')) return 'admin';
  if (method === 'GET') return 'read';
  return path.startsWith('/helpdesk/api/v1/ticket_fields') ? 'admin' : 'write';
}

/** Whom the credentials of a call stand for; an API key opens nothing of the users' API, and a session nothing else. */
function callerOf(call: Call): { who: string; credential: string } | { refusal: Reply } {
  const bearer = /^bearer (.+)$/i.exec(call.headers.authorization ?? '')?.[1]?.trim();
  if ([MESSAGES_PATH, FILES_PATH].some((path) => call.path === path || call.path.startsWith(`${path}/`))) {
    const user = bearer === undefined || !Object.hasOwn(SESSIONS, bearer) ? undefined : SESSIONS[bearer];
    return user === undefined ? { refusal: invalidSession() } : { who: emailOf(user), credential: user };
  }
  const header = call.headers['x-api-key'];
  const given = bearer ?? (typeof header === 'string' ? header : '');
  const key = Object.hasOwn(KEYS, given) ? KEYS[given] : undefined;
  if (!key) return { refusal: invalidKey() };
  const workspace = call.headers['x-workspace-id'];
  if (workspace === undefined || workspace === '') return { refusal: missingWorkspace() };
  if (workspace !== WORKSPACE || LEVELS.indexOf(key.level) < LEVELS.indexOf(levelOf(call))) return { refusal: forbidden() };
  return { who: emailOf(key.user), credential: given };
}

export function createHelpdesk(premises: Premises): DeskModel {
  const settings: Settings = { ...DEFAULTS };
  const store = createStore();
  const files = createFiles(1);
  const name = createNames();
  const budget = createBudget(premises.clock, MINUTE);
  const now = (): string => new Date(premises.clock.now()).toISOString();
  let opened = premises.clock.now();

  const hooks = createHooks({ premises, deliveries: premises.deliveries, settings, name });
  const fields = createFields({
    name,
    now,
    form: () => settings.paging,
    dropped: (id) => {
      for (const ticket of store.tickets.values()) ticket.customFields = ticket.customFields.filter((value) => value.id !== id);
    },
  });
  const tickets = createTickets({ store, hooks, fields, premises, settings, name });
  const messages = createMessages({ store, files, hooks, premises, settings, name });

  const dress = (reply: Reply): Reply => dressed(reply, settings.error_envelope);
  const dressing = (route: Route): Route => ({
    ...route,
    async handle(call) {
      try {
        return dress(await route.handle(call));
      } catch (error) {
        if (error instanceof Refused) return dress(error.reply);
        throw error;
      }
    },
  });

  function admit(call: Call): { who: string } | { refusal: Reply } {
    const caller = callerOf(call);
    if ('refusal' in caller) return { refusal: dress(caller.refusal) };
    const ended = settings.session_minutes !== null && premises.clock.now() >= opened + settings.session_minutes * MINUTE;
    if (ended && !Object.hasOwn(KEYS, caller.credential)) return { refusal: dress(invalidSession()) };
    const { remaining, resetSeconds } = budget.take(caller.credential, settings.rate_limit);
    return remaining < 0 ? { refusal: dress(tooMany(resetSeconds)) } : { who: caller.who };
  }

  return {
    service: 'helpdesk',
    credentials: credentialsOf('usr_bot000'),
    human: credentialsOf('usr_abc123'),
    accountSettings: { description_field: 'cf_description', agents: Object.fromEntries(USERS.filter(({ role }) => role !== 'viewer').map(({ email, id }) => [email, id])) },
    routes: [...tickets, ...fields.routes, ...hooks.routes, ...messages].map(dressing),
    settings,
    settingsSchema,
    normalise: (path) => path,
    admit,
    stamp: () => ({ 'X-Request-Id': randomUUID() }),
    wording: (status) => dress(wording(status)),
    unrouted: (call, allowed) =>
      dress(allowed.length === 0 ? notFound() : { ...failure(405, 'METHOD_NOT_ALLOWED', `${call.method} is not allowed here`), headers: { Allow: allowed.join(', ') } }),
    badBody: (why) =>
      dress(why === 'size' ? failure(413, 'PAYLOAD_TOO_LARGE', 'The request body is too large') : failure(400, 'BAD_REQUEST', why === 'form' ? 'The form cannot be read' : 'The request body is not valid JSON')),
    holds: () => ({
      tickets: [...store.tickets.values()].map((ticket) => ({
        ...showTicket(ticket),
        comments: (store.byTicket.get(ticket.id) ?? []).map((message) => ({ ...message, mailed: store.mailed.has(message.id) })),
      })),
      // Whoever tests a role needs its credentials; who has no key has a session only.
      users: USERS.map((user) => ({ ...user, session_token: sessionOf(user.id), ...(keyOf(user.id) !== '' && { key: keyOf(user.id) }) })),
      webhooks: hooks.all(),
    }),
    counts: () => ({ tickets: store.tickets.size, messages: store.messages.size, mailed: store.mailed.size, ticket_fields: fields.count(), webhooks: hooks.count() }),
    installWebhook: hooks.install,
    reset() {
      store.clear();
      files.clear();
      fields.reset();
      hooks.clear();
      budget.clear();
      opened = premises.clock.now();
    },
  };
}
