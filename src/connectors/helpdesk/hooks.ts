/**
 * Our webhook at a Helpdesk workspace. Its signing secret is told only in the answer of its creation, so its name carries the
 * secret's fingerprint: a webhook whose secret is none of ours is made anew, since what it sends could not be verified.
 * https://airclou.com/api/helpdesk/webhooks
 */
import { hash } from 'node:crypto';
import { DeskFailure, type Account, type Hook } from '../../ports/connector.ts';
import type { Http } from '../kit/http.ts';
import { pageQuery, placeAfter } from './paging.ts';
import { manyWebhooks, oneWebhook, type HelpdeskWebhook } from './shapes.ts';

const EVENTS: readonly string[] = ['ticket.created', 'ticket.updated', 'ticket.deleted', 'ticket.assignment.changed', 'ticket.resolved'];
const MOST_PAGES = 100;

/** Finds, repairs or makes the webhook for `url`. Only those with this account's token in their path are ours; all others stay. */
export async function ensureWebhook(http: Http, account: Account, url: string): Promise<Hook> {
  try {
    const ours = await findOurs(http, account, url);
    const known = ours.find(({ name }) => account.inbound_secrets.some((secret) => name?.endsWith(fingerprint(secret)) === true));
    for (const hook of ours) if (hook !== known) await remove(http, hook);
    if (known === undefined) return { status: 'registered', secrets: [await create(http, url)] };
    await repair(http, known, url);
    return { status: 'registered', secrets: account.inbound_secrets };
  } catch (error) {
    // Webhooks need a key of level admin; tickets do not.
    if (error instanceof DeskFailure && error.status === 403) return { status: 'manual', steps: steps(url) };
    throw error;
  }
}

/** Also those that led to an earlier address of this server: nobody else can know the token. */
async function findOurs(http: Http, account: Account, url: string): Promise<readonly HelpdeskWebhook[]> {
  const end = `/hooks/${account.id}/${account.hook_token}`;
  const found: HelpdeskWebhook[] = [];
  let place: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const answer = manyWebhooks(await http.get(`/v1/webhooks?${pageQuery(place)}`));
    found.push(...answer.webhooks.filter(({ targetUrl }) => targetUrl === url || targetUrl?.endsWith(end) === true));
    place = placeAfter(answer, place);
    if (place === null) return found;
  }
  throw new DeskFailure('surprise', `the webhooks do not end after ${MOST_PAGES} pages`);
}

async function repair(http: Http, ours: HelpdeskWebhook, url: string): Promise<void> {
  const has = new Set(ours.events ?? []);
  if (ours.active !== false && ours.targetUrl === url && EVENTS.every((event) => has.has(event))) return;
  await put(http, ours, { targetUrl: url, events: EVENTS, active: true });
}

async function create(http: Http, url: string): Promise<string> {
  const webhook = { name: nameOf(url, null), targetUrl: url, events: EVENTS, active: true };
  const answer = await http.send('POST', '/v1/webhooks', { json: { webhook } });
  const made = oneWebhook(answer);
  const ours = 'webhook' in made ? made.webhook : made;
  if (!ours.signingSecret) throw new DeskFailure('surprise', 'the new webhook has no signing secret', { status: answer.status });
  // Without the fingerprint the webhook would be taken for one of unknown secret, and made anew.
  await put(http, ours, { name: nameOf(url, ours.signingSecret) });
  return ours.signingSecret;
}

async function put(http: Http, { id }: HelpdeskWebhook, webhook: Readonly<Record<string, unknown>>): Promise<void> {
  await http.send('PUT', `/v1/webhooks/${encodeURIComponent(String(id))}`, { json: { webhook } });
}

async function remove(http: Http, { id }: HelpdeskWebhook): Promise<void> {
  try {
    await http.send('DELETE', `/v1/webhooks/${encodeURIComponent(String(id))}`);
  } catch (error) {
    if (!(error instanceof DeskFailure) || error.kind !== 'missing') throw error;
  }
}

function nameOf(url: string, secret: string | null): string {
  return `Deskmesh ${new URL(url).host}${secret === null ? '' : ` ${fingerprint(secret)}`}`;
}

/** Tells secrets apart, and tells nothing else of them. */
function fingerprint(secret: string): string {
  return `#${hash('sha256', `deskmesh webhook ${secret}`).slice(0, 12)}`;
}

function steps(url: string): readonly string[] {
  return [
    'This API key may not manage webhooks. Either give Deskmesh one of level admin and apply again, or in Helpdesk:',
    `Settings → Webhooks → new webhook · target URL ${url} · events ${EVENTS.join(', ')} · active.`,
    'Add the signing secret, which is shown only once, to this account’s credentials as webhook_secret.',
  ];
}
