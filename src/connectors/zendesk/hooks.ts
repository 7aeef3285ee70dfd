/** Our event subscription at a Zendesk. https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/ */
import { DeskFailure, type Hook } from '../../ports/connector.ts';
import type { Http } from '../kit/http.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import { EVENTS } from './webhook.ts';
import { manyWebhooks, oneWebhook, signingSecret, type ZendeskWebhook } from './shapes.ts';

const NAME = 'Deskmesh';
const SUBSCRIPTIONS: readonly string[] = Object.keys(EVENTS).map((event) => `zen:event-type:ticket.${event}`);

/** Finds, repairs or makes the subscription for `url`. A stranger's webhook is never touched. */
export async function ensureWebhook(http: Http, url: string): Promise<Hook> {
  try {
    const ours = await find(http, url);
    const id = ours === null ? await create(http, url) : await repair(http, ours);
    const { signing_secret } = signingSecret(await http.get(`/webhooks/${encodeURIComponent(id)}/signing_secret`));
    return { status: 'registered', secrets: [signing_secret.secret] };
  } catch (error) {
    // Tickets may work where webhooks, which are for administrators, do not: that is no reason to stop the account.
    if (error instanceof DeskFailure && error.status === 403) return { status: 'manual', steps: steps(url) };
    throw error;
  }
}

async function find(http: Http, url: string): Promise<ZendeskWebhook | null> {
  let page: string | null = null;
  do {
    const turn = openPage(page);
    const after: string = turn.cursor === null ? '' : `&page%5Bafter%5D=${encodeURIComponent(turn.cursor)}`;
    const answer = manyWebhooks(await http.get(`/webhooks?page%5Bsize%5D=100${after}`));
    const found = answer.webhooks.find((hook) => hook.endpoint === url && hook.name?.startsWith(NAME) === true);
    if (found !== undefined) return found;
    page = nextPage(turn, answer.meta?.has_more === true ? (answer.meta.after_cursor ?? null) : null);
  } while (page !== null);
  return null;
}

async function create(http: Http, url: string): Promise<string> {
  const webhook = {
    name: `${NAME} ${new URL(url).host}`,
    description: 'Tells Deskmesh that a ticket changed. Kept up to date by Deskmesh.',
    status: 'active',
    endpoint: url,
    http_method: 'POST',
    request_format: 'json',
    subscriptions: SUBSCRIPTIONS,
  };
  return String(oneWebhook(await http.send('POST', '/webhooks', { json: { webhook } })).webhook.id);
}

async function repair(http: Http, ours: ZendeskWebhook): Promise<string> {
  const id = String(ours.id);
  const has = new Set(ours.subscriptions ?? []);
  const complete = has.size === SUBSCRIPTIONS.length && SUBSCRIPTIONS.every((subscription) => has.has(subscription));
  if (complete && ours.status === 'active') return id;
  const webhook = { subscriptions: SUBSCRIPTIONS, status: 'active' };
  await http.send('PATCH', `/webhooks/${encodeURIComponent(id)}`, { json: { webhook } });
  return id;
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
