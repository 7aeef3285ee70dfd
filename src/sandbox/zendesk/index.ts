/** The fake Zendesk: Support API v2, OAuth, files, and webhooks of both kinds. */
import { randomUUID } from 'node:crypto';
import { createBudget } from '../kit/budget.ts';
import { createIds } from '../kit/clock.ts';
import type { Call, DeskModel, Premises, Reply } from '../kit/desk.ts';
import { BOT_EMAIL, HUMAN_EMAIL, TOKEN_BOT, TOKEN_HUMAN } from './account.ts';
import { createAdmission } from './admission.ts';
import { createBulk } from './bulk.ts';
import { createConfiguration } from './configuration.ts';
import { createConversation } from './conversation.ts';
import { accountLimit, invalidEndpoint, wording } from './errors.ts';
import { createEvents, type Happening } from './events.ts';
import { createFinding } from './finding.ts';
import { createGroups } from './groups.ts';
import { createHistory } from './history.ts';
import { createImports, createSuspended } from './imports.ts';
import { createJobs } from './jobs.ts';
import { createLimits } from './limits.ts';
import type { Ticket, User } from './model.ts';
import { createOAuth } from './oauth.ts';
import { createPeople } from './people.ts';
import { createRequests } from './requests.ts';
import { createSaves } from './saves.ts';
import { createShow } from './show.ts';
import { createStore } from './store.ts';
import { createTickets, type Desk } from './tickets.ts';
import { createTrash } from './trash.ts';
import { createTriggers } from './triggers.ts';
import { createUploads } from './uploads.ts';
import { createUsers } from './users.ts';
import { createWebhooks } from './webhooks.ts';

const MINUTE = 60_000;

/** The desk's switches. */
type Settings = {
  /** Calls a minute for the whole account; null for no limit. */
  rate_limit: number | null;
  /** Updates of one ticket by one user in ten minutes (the vendor: 30); null for no limit. */
  per_ticket_updates: number | null;
  /** The budgets of single endpoints, and thirty jobs at a time, as the vendor has them. */
  endpoint_limits: boolean;
  /** Seconds that the start time of an incremental export must be old (the vendor: 60). */
  export_min_age: number;
  search_lag_ms: number;
  /** Files are handed out to agents only. */
  private_attachments: boolean;
  ccs_and_followers: boolean;
  /** How long an OAuth access token lives. */
  access_token_seconds: number;
  /** What becomes of requests that nobody signed in for. */
  anonymous_requests: 'accepted' | 'suspended';
};

const limit = { type: ['integer', 'null'], minimum: 1 };
const FLAG = { type: 'boolean' };

export function createZendesk(premises: Premises): DeskModel {
  const settings: Settings = {
    rate_limit: 100_000, per_ticket_updates: null, endpoint_limits: false, export_min_age: 0, search_lag_ms: 0, private_attachments: true, ccs_and_followers: true,
    access_token_seconds: 1_800, anonymous_requests: 'accepted',
  };
  // Milliseconds times 50 stay within 14 digits for years, and 50 ids a millisecond are more than this desk can use.
  const nextId = createIds(50);
  const { clock } = premises;
  const store = createStore(clock, nextId);
  const people = createPeople(store, premises, nextId);
  const oauth = createOAuth(premises, nextId, () => settings.access_token_seconds, people.caller);
  const admission = createAdmission({ people, store, oauth });
  const uploads = createUploads(store, premises, () => settings.private_attachments);
  const jobs = createJobs(premises, () => settings.endpoint_limits);
  const limits = createLimits(clock, () => settings.endpoint_limits);
  const webhooks = createWebhooks(premises, people.admin, () => events);
  const events = createEvents({ ...premises, receivers: webhooks.receivers });
  const groups = createGroups({ store, people, premises, nextId });
  const show = createShow({ store, uploads, user: people.show, group: groups.showGroup, organization: groups.showOrganization, url: () => premises.url() });
  const reading = { store, people, uploads, copies: () => settings.ccs_and_followers };
  const saves = createSaves({ store, people, uploads, premises, nextId });
  const raise = (ticket: Ticket, actor: User, happenings: readonly Happening[]): void => {
    events.raise(ticket, actor, happenings);
    triggers.fire({ ticket, actor, happenings });
  };
  const trash = createTrash({ store, people, premises, jobs, raise });
  const desk: Desk = { store, people, reading, saves, show, jobs, trash, premises, nextId, raise };
  const triggers = createTriggers(desk, { receiver: webhooks.receiver, deliver: events.deliver });
  const account = createBudget(clock, MINUTE);
  const updates = createBudget(clock, 10 * MINUTE);
  const tickets = createTickets(desk, { updates, perTicket: () => settings.per_ticket_updates });
  const suspended = createSuspended(desk);
  let left: { remaining: number; resetSeconds: number } | null = null;

  function headerFault(call: Call): Reply | null {
    if (!call.path.startsWith('/api/v2/')) return null;
    const accept = call.headers.accept;
    if (accept !== undefined && !/application\/json|application\/\*|\*\/\*/i.test(accept)) return { status: 406, text: ' ' };
    if (call.bytes.length > 0 && call.path !== '/api/v2/uploads' && !/json/i.test(call.headers['content-type'] ?? '')) {
      return { status: 415, body: { error: 'UnsupportedMediaType', description: 'The content type of the request is not supported' } };
    }
    return null;
  }

  return {
    service: 'zendesk',
    credentials: { email: BOT_EMAIL, token: TOKEN_BOT },
    human: { email: HUMAN_EMAIL, token: TOKEN_HUMAN },
    routes: limits.guard([
      ...oauth.routes,
      ...createUsers({ store, people, premises, jobs, nextId }),
      ...groups.routes,
      ...tickets.routes,
      ...createBulk(desk, tickets, uploads),
      ...trash.routes,
      ...createConversation(desk, uploads),
      ...createHistory(desk, () => settings.export_min_age),
      ...createFinding(desk, () => settings.search_lag_ms),
      ...createImports(desk, uploads),
      ...suspended.routes,
      ...createRequests(desk, suspended, () => settings.anonymous_requests),
      ...createConfiguration({ store, people, premises, nextId, copies: () => settings.ccs_and_followers, privateAttachments: () => settings.private_attachments }),
      ...uploads.routes,
      ...jobs.routes,
      ...webhooks.routes,
      ...triggers.routes,
    ]),
    settings,
    settingsSchema: {
      rate_limit: limit,
      per_ticket_updates: limit,
      endpoint_limits: FLAG,
      export_min_age: { type: 'integer', minimum: 0 },
      search_lag_ms: { type: 'integer', minimum: 0 },
      private_attachments: FLAG,
      ccs_and_followers: FLAG,
      access_token_seconds: { type: 'integer', minimum: 1 },
      anonymous_requests: { enum: ['accepted', 'suspended'] },
    },
    normalise: (path) => path.replace(/\.json$/, '').replace(/(.)\/$/, '$1'),
    admit(call) {
      left = settings.rate_limit === null ? null : account.take('account', settings.rate_limit);
      if (left && left.remaining < 0) return { refusal: accountLimit(left.resetSeconds) };
      const admitted = admission(call);
      if ('refusal' in admitted) return admitted;
      const refusal = headerFault(call);
      return refusal ? { refusal } : admitted;
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
    // Beside the API the vendor answers with a single blank.
    unrouted: ({ path }) => (path.startsWith('/api/v2/') ? invalidEndpoint() : { status: 404, text: ' ' }),
    badBody: (why) =>
      why === 'size'
        ? { status: 413, text: 'Request Entity Too Large' }
        : { status: 422, body: { error: 'Unprocessable Entity', message: 'Server could not parse JSON' } },
    holds: () => ({
      tickets: [...store.tickets.values()].map((ticket) => ({ ...show.ticket(ticket), comments: ticket.comments.map((comment) => show.comment(comment, true)) })),
      users: [...store.users.values()].map(people.show),
      webhooks: webhooks.all(),
    }),
    counts: () => ({ tickets: store.tickets.size, users: store.users.size, webhooks: webhooks.count(), suspended_tickets: store.suspended.size }),
    installWebhook: webhooks.install,
    reset() {
      Object.values([account, updates, limits]).forEach((budget) => budget.clear());
      store.reset();
      uploads.clear();
      jobs.clear();
      webhooks.clear();
      triggers.clear();
      events.clear();
      oauth.reset();
      tickets.forget();
    },
  };
}
