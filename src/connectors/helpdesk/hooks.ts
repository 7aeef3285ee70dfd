/** Our webhook at a Helpdesk workspace. https://airclou.com/api/helpdesk/webhooks */
import { DeskFailure, type Account, type Hook } from '../../ports/connector.ts';
import type { Http } from '../kit/http.ts';
import { nextPage, openPage } from '../kit/paging.ts';
import { cursorOf } from './client.ts';
import { manyWebhooks, oneWebhook, type HelpdeskWebhook } from './shapes.ts';

const EVENTS: readonly string[] = ['ticket.created', 'ticket.updated', 'ticket.deleted', 'ticket.assignment.changed', 'ticket.resolved'];

/**
 * Finds, repairs or makes the webhook for `url`, which nobody else can know. Its secret is told only when it is made: if it
 * exists and the secret is not known here, it is made anew.
 */
export async function ensureWebhook(http: Http, account: Account, url: string): Promise<Hook> {
  try {
    const ours = await find(http, url);
    if (ours !== null && account.inbound_secrets.length > 0) {
      await repair(http, ours);
      return { status: 'registered', secrets: account.inbound_secrets };
    }
    if (ours !== null) await http.send('DELETE', `/v1/webhooks/${encodeURIComponent(String(ours.id))}`);
    return { status: 'registered', secrets: [await create(http, url)] };
  } catch (error) {
    // Webhooks need a key of level admin; tickets do not.
    if (error instanceof DeskFailure && error.status === 403) return { status: 'manual', steps: steps(url) };
    throw error;
  }
}

async function find(http: Http, url: string): Promise<HelpdeskWebhook | null> {
  let page: string | null = null;
  do {
    const turn = openPage(page);
    const from: string = turn.cursor === null ? '' : `&after=${encodeURIComponent(turn.cursor)}`;
    const answer = manyWebhooks(await http.get(`/v1/webhooks?page_size=100${from}`));
    const found = answer.webhooks.find((hook) => hook.targetUrl === url);
    if (found !== undefined) return found;
    page = nextPage(turn, cursorOf(answer, turn.cursor));
  } while (page !== null);
  return null;
}

async function repair(http: Http, ours: HelpdeskWebhook): Promise<void> {
  const has = new Set(ours.events ?? []);
  if (ours.active !== false && EVENTS.every((event) => has.has(event))) return;
  const webhook = { events: EVENTS, active: true };
  await http.send('PUT', `/v1/webhooks/${encodeURIComponent(String(ours.id))}`, { json: { webhook } });
}

async function create(http: Http, url: string): Promise<string> {
  const webhook = { name: `Deskmesh ${new URL(url).host}`, targetUrl: url, events: EVENTS, active: true };
  const answer = await http.send('POST', '/v1/webhooks', { json: { webhook } });
  const made = oneWebhook(answer);
  const { signingSecret } = 'webhook' in made ? made.webhook : made;
  if (!signingSecret) throw new DeskFailure('surprise', 'the new webhook has no signing secret', { status: answer.status });
  return signingSecret;
}

function steps(url: string): readonly string[] {
  return [
    'This API key may not manage webhooks. Either give Deskmesh one of level admin and apply again, or in Helpdesk:',
    `Settings → Webhooks → new webhook · target URL ${url} · events ${EVENTS.join(', ')} · active.`,
    'Add the signing secret, which is shown only once, to this account’s credentials as webhook_secret.',
  ];
}
