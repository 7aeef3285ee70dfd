/** The one webhook of a HelpSpace account. https://documentation.helpspace.com/article/340/webhook */
import { randomBytes } from 'node:crypto';
import { DeskFailure, type Account, type Hook } from '../../ports/connector.ts';
import type { Http } from '../kit/http.ts';
import type { Settings } from './settings.ts';
import { oneWebhook, type HelpspaceWebhook } from './shapes.ts';

/** There is no "something changed": what fires nothing (subject, team, requester, custom fields) is seen by sweeps. */
const TRIGGERS = [
  'created', 'assigned', 'deleted', 'status_updated', 'tags_updated', 'customer_message_created', 'agent_message_created', 'note_created',
] as const;
const SHORTEST_SECRET = 16;

/** Registers, repairs or leaves alone. A webhook is ours if it goes to our URL, or if it brings a secret of ours along. */
export async function ensureWebhook(http: Http, account: Account, settings: Settings, url: string): Promise<Hook> {
  try {
    const before = await read(http);
    const ours = before.url === url || holdsOurSecret(before, account, settings);
    if (!ours && (before.url ?? '') !== '' && !settings.replace_webhook) return { status: 'manual', steps: steps(url, settings, 'taken') };
    const secret = secretOf(before, account, settings, ours);
    const headers = [...(ours ? (before.headers ?? []).filter(({ key }) => !isOurs(key, settings)) : []), { key: settings.webhook_header, value: secret }];
    if (before.url === url && isWhole(before, secret, settings)) return { status: 'registered', secrets: [secret] };
    const webhooks = { enabled: true, url, secret, headers, trigger: { ...(ours ? {} : NOTHING_ELSE), ticket: ticketTriggers() } };
    await http.send('POST', '/webhook', { json: { webhooks } });
    await prove(http, url, secret, settings);
    return { status: 'registered', secrets: [secret] };
  } catch (error) {
    if (error instanceof DeskFailure && error.status === 403) return { status: 'manual', steps: steps(url, settings, 'forbidden') };
    throw error;
  }
}

const NOTHING_ELSE = {
  customer: { created: false, updated: false, deleted: false },
  tag: { created: false, updated: false, deleted: false },
};

function ticketTriggers(): Record<string, boolean> {
  return Object.fromEntries(TRIGGERS.map((name) => [name, true]));
}

async function read(http: Http): Promise<HelpspaceWebhook> {
  const answer = oneWebhook(await http.get('/webhook'));
  return 'data' in answer ? answer.data : answer.webhooks;
}

function isOurs(key: string, { webhook_header: header }: Settings): boolean {
  return key.toLowerCase() === header.toLowerCase();
}

function secretIn(hook: HelpspaceWebhook, settings: Settings): string | null {
  return hook.headers?.find(({ key }) => isOurs(key, settings))?.value ?? null;
}

/** Ours from before the address changed. */
function holdsOurSecret(hook: HelpspaceWebhook, account: Account, settings: Settings): boolean {
  const secret = secretIn(hook, settings);
  return secret !== null && secret.length >= SHORTEST_SECRET && account.inbound_secrets.includes(secret);
}

/** The one that is known here; else the one that our own webhook shows; else a new one. */
function secretOf(hook: HelpspaceWebhook, account: Account, settings: Settings, ours: boolean): string {
  const known = account.inbound_secrets[0];
  if (known !== undefined) return known;
  const shown = ours ? secretIn(hook, settings) : null;
  return shown !== null && shown.length >= SHORTEST_SECRET ? shown : randomBytes(24).toString('base64url');
}

/** Nothing to repair: on, without failures, with our secret and all triggers. */
function isWhole(hook: HelpspaceWebhook, secret: string, settings: Settings): boolean {
  const on = hook.trigger;
  const ticket: unknown = on == null || Array.isArray(on) ? undefined : Reflect.get(on, 'ticket');
  const complete = typeof ticket === 'object' && ticket !== null && TRIGGERS.every((name) => Reflect.get(ticket, name) === true);
  const enabled = hook.enabled === true || hook.enabled === 1;
  const hashed = settings.signature.scheme !== 'hmac' || hook.secret === secret;
  return enabled && hashed && complete && (hook.failed_count ?? 0) === 0 && secretIn(hook, settings) === secret;
}

/** How the request is wrapped is seen in clients only, so what came of it is looked at. */
async function prove(http: Http, url: string, secret: string, settings: Settings): Promise<void> {
  const after = await read(http);
  if (after.url === url && secretIn(after, settings) === secret) return;
  throw new DeskFailure('surprise', 'HelpSpace answered that it has changed the webhook, but shows another one');
}

function steps(url: string, { webhook_header: header }: Settings, why: 'taken' | 'forbidden'): readonly string[] {
  const reason =
    why === 'taken'
      ? 'HelpSpace has one webhook for each account, and it is set to another address. Deskmesh leaves it alone: changes are then seen by sweeps only.'
      : 'This access token may not change the webhook of the account.';
  return [
    reason,
    `Either let its receiver pass every request on to ${url}, body unchanged, with a secret of your own in the header ${header},`,
    'and add that secret to this account’s credentials as webhook_secret;',
    why === 'taken' ? 'or set replace_webhook: true in this account’s settings, and apply again: the other address gets nothing from then on.' : 'or set it up by hand, with all triggers of tickets, and that header.',
  ];
}
