/** Our event subscription at a Zendesk. https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/ */
import { DeskFailure, type Hook } from '../../ports/connector.ts';
import type { Http } from '../kit/http.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import { cursorOf, cursorQuery } from './pages.ts';
import { manyWebhooks, oneWebhook, signingSecret, type ZendeskWebhook } from './setup-shapes.ts';
import { EVENTS, LESS_COMMON_EVENTS } from './webhook.ts';

const NAME = 'Deskmesh';
const subscriptionsTo = (events: readonly string[]): readonly string[] => events.map((event) => `zen:event-type:ticket.${event}`);
/** What no account is without; an account may not know the rest yet. */
const NEEDED: readonly string[] = subscriptionsTo(Object.keys(EVENTS).filter((event) => !LESS_COMMON_EVENTS.includes(event)));
const ALL: readonly string[] = subscriptionsTo(Object.keys(EVENTS));
/** What connects a webhook to triggers; it cannot be turned into an event subscription. */
const BY_TRIGGERS = 'conditional_ticket_events';
/** Hooks of one URL whose secrets are asked for. */
const MOST_SECRETS = 5;

/**
 * Finds, repairs or makes the subscription for `url`. A stranger's webhook is never changed, unless `adopt` says that one which
 * already leads to `url` may be taken over; but whatever is signed for `url` is let in, so that a webhook of a trigger works too.
 */
export async function ensureWebhook(http: Http, url: string, adopt: boolean): Promise<Hook> {
  try {
    const here = await leadingTo(http, url);
    const ours = here.filter((hook) => isOurs(hook) && !isByTriggers(hook)).sort(byAge);
    const [kept, ...doubles] = ours;
    const taken = kept ?? (adopt ? here.find((hook) => !isByTriggers(hook)) : undefined);
    const id = taken === undefined ? await create(http, url) : await repair(http, taken, url);
    // A creation whose answer was lost leaves a second one behind.
    for (const double of doubles) await http.send('DELETE', path(double.id), { headers: { 'content-type': 'application/json' } });
    const others = here.filter((hook) => String(hook.id) !== id && !doubles.includes(hook) && hook.status === 'active' && hook.endpoint === url);
    const secrets: string[] = [];
    for (const one of [id, ...others.map((hook) => String(hook.id))].slice(0, MOST_SECRETS)) {
      secrets.push(signingSecret(await http.get(`${path(one)}/signing_secret`)).signing_secret.secret);
    }
    return { status: 'registered', secrets: [...new Set(secrets)] };
  } catch (error) {
    // Tickets may work where webhooks, which are for administrators, do not: that is no reason to stop the account.
    if (error instanceof DeskFailure && error.status === 403) return { status: 'manual', steps: steps(url) };
    throw error;
  }
}

const path = (id: string | number): string => `/webhooks/${encodeURIComponent(String(id))}`;
const isOurs = ({ name }: ZendeskWebhook): boolean => name?.startsWith(NAME) === true;
const isByTriggers = ({ subscriptions }: ZendeskWebhook): boolean => subscriptions?.includes(BY_TRIGGERS) === true;

function byAge(a: ZendeskWebhook, b: ZendeskWebhook): number {
  return String(a.created_at ?? '').localeCompare(String(b.created_at ?? '')) || String(a.id).localeCompare(String(b.id));
}

/** The webhooks that lead to this hook. Its address may have changed; its token, which nobody guesses, has not. */
async function leadingTo(http: Http, url: string): Promise<readonly ZendeskWebhook[]> {
  const place = new URL(url).pathname;
  const found: ZendeskWebhook[] = [];
  let page: string | null = null;
  do {
    const turn = openPage(page);
    const answer = manyWebhooks(await http.get(`/webhooks?${cursorQuery(turn.cursor)}`));
    for (const hook of answer.webhooks) {
      const endpoint = hook.endpoint ?? '';
      if (endpoint === url || (isOurs(hook) && URL.canParse(endpoint) && new URL(endpoint).pathname === place)) found.push(hook);
    }
    page = nextPage(turn, cursorOf(answer));
  } while (page !== null);
  return found;
}

async function create(http: Http, url: string): Promise<string> {
  const webhook = {
    name: `${NAME} ${new URL(url).host}`,
    description: 'Tells Deskmesh that a ticket changed. Kept up to date by Deskmesh.',
    status: 'active',
    endpoint: url,
    http_method: 'POST',
    request_format: 'json',
  };
  const answer = await withEvents((subscriptions) => http.send('POST', '/webhooks', { json: { webhook: { ...webhook, subscriptions } } }));
  return String(oneWebhook(answer).webhook.id);
}

async function repair(http: Http, hook: ZendeskWebhook, url: string): Promise<string> {
  const id = String(hook.id);
  const has = new Set(hook.subscriptions ?? []);
  const complete = NEEDED.every((subscription) => has.has(subscription));
  const calls = (hook.http_method ?? 'POST') === 'POST' && (hook.request_format ?? 'json') === 'json';
  if (complete && calls && hook.status === 'active' && hook.endpoint === url) return id;
  const webhook = { endpoint: url, status: 'active', http_method: 'POST', request_format: 'json' };
  await withEvents((subscriptions) => http.send('PATCH', path(id), { json: { webhook: { ...webhook, subscriptions } } }));
  return id;
}

/** All events, or where the desk refuses one that it does not know, those that every account has. */
async function withEvents<T>(send: (subscriptions: readonly string[]) => Promise<T>): Promise<T> {
  try {
    return await send(ALL);
  } catch (error) {
    if (!(error instanceof DeskFailure) || error.kind !== 'refused') throw error;
    return send(NEEDED);
  }
}

function steps(url: string): readonly string[] {
  return [
    'These credentials may not manage webhooks. Either give Deskmesh those of an administrator and apply again, or in Zendesk:',
    'Admin Center → Apps and integrations → Webhooks → Create webhook → Zendesk events.',
    `Choose the ticket events ${Object.keys(EVENTS).join(', ')}.`,
    `Endpoint URL: ${url} · request method POST · request format JSON · no authentication.`,
    'Reveal the signing secret of the new webhook and add it to this account’s credentials as webhook_secret.',
  ];
}
