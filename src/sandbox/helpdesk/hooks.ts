/**
 * Helpdesk's webhooks. The vendor documents the five events and the `whsec_` secret, not the delivery: envelope, signature
 * and retries are assumptions, by default those of the Standard Webhooks specification, which the secret's prefix suggests; switches give
 * others. The vendor takes only https targets; this desk takes http as well unless told not to, because on loopback nobody has a
 * certificate.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { Webhook as Signer } from 'standardwebhooks';
import type { Deliveries, Outcome } from '../kit/deliveries.ts';
import { Refused, type Call, type HandMadeWebhook, type Json, type Premises, type Route } from '../kit/desk.ts';
import { isTextList } from '../kit/json.ts';
import { invalid, notFound, unwrap, type Problem } from './errors.ts';
import { pageOf } from './paging.ts';
import type { Settings } from './settings.ts';

export const EVENTS: readonly string[] = ['ticket.created', 'ticket.updated', 'ticket.deleted', 'ticket.assignment.changed', 'ticket.resolved'];

interface Webhook {
  readonly id: string;
  readonly name: string;
  readonly targetUrl: string;
  readonly events: readonly string[];
  readonly active: boolean;
  readonly secret: string;
  readonly signer: Signer;
  readonly headers: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Hooks {
  readonly routes: readonly Route[];
  fire(events: readonly string[], ticket: object): void;
  install(webhook: HandMadeWebhook): object;
  all(): object[];
  count(): number;
  clear(): void;
}

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
/** The specification's own example of a schedule. */
const RETRY_MS: readonly number[] = [5 * SECOND, 300 * SECOND, HOUR / 2, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
/** A secret that is set up by hand is any text; without the prefix its bytes are the key. */
const normalised = (secret: string): string =>
  /^whsec_[A-Za-z0-9+/]{4,}={0,2}$/.test(secret) ? secret : `whsec_${Buffer.from(secret).toString('base64')}`;

interface Event {
  readonly id: string;
  readonly type: string;
  readonly createdAt: string;
}

function enveloped(envelope: Settings['webhook_envelope'], event: Event, ticket: object): object {
  switch (envelope) {
    case 'event':
      return { ...event, data: { ticket } };
    case 'flat':
      return { event: event.type, sentAt: event.createdAt, ...ticket };
    case 'thin':
      return { ...event, data: { ticketId: 'id' in ticket ? ticket.id : null } };
  }
}

/** By the machine's time, not the desk's: receivers compare it with their own. */
function signatureOf(scheme: Settings['webhook_signature'], { secret, signer }: Webhook, id: string, body: string): Record<string, string> {
  const now = new Date();
  const seconds = String(Math.floor(now.getTime() / 1000));
  const hmac = (text: string): string => createHmac('sha256', secret).update(text).digest('hex');
  switch (scheme) {
    case 'standard-webhooks':
      return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signer.sign(id, now, body) };
    case 'stripe':
      return { 'Airclou-Signature': `t=${seconds},v1=${hmac(`${seconds}.${body}`)}` };
    case 'hmac':
      return { 'X-Webhook-Signature': `sha256=${hmac(body)}` };
    case 'none':
      return {};
  }
}

export function createHooks(parts: {
  readonly premises: Premises;
  readonly deliveries: Deliveries;
  readonly settings: Settings;
  readonly name: (prefix: string) => string;
}): Hooks {
  const { premises, deliveries, settings } = parts;
  const webhooks = new Map<string, Webhook>();
  const base = '/helpdesk/api/v1/webhooks';
  const nowText = (): string => new Date(premises.clock.now()).toISOString();

  const show = ({ id, name, targetUrl, events, active, createdAt, updatedAt }: Webhook): Json => ({ id, name, targetUrl, events, active, createdAt, updatedAt });

  const find = (call: Call): Webhook => {
    const webhook = webhooks.get(call.params['id'] ?? '');
    if (!webhook) throw new Refused(notFound('Webhook'));
    return webhook;
  };

  function read(call: Call, before: Webhook | null): Webhook {
    const input = unwrap(call.body, 'webhook');
    const problems: Problem[] = [];
    const value = (key: 'name' | 'targetUrl' | 'events' | 'active'): unknown => (input[key] === undefined ? before?.[key] : input[key]);
    const [name, targetUrl, events, active] = [value('name'), value('targetUrl'), value('events'), value('active') ?? true];
    if (typeof name !== 'string' || name === '') problems.push({ field: 'name', message: 'is required' });
    if (typeof targetUrl !== 'string' || !/^https?:\/\//.test(targetUrl) || !URL.canParse(targetUrl)) problems.push({ field: 'targetUrl', message: 'must be a URL' });
    else if (settings.require_https && !targetUrl.startsWith('https:')) problems.push({ field: 'targetUrl', message: 'must use HTTPS' });
    if (!isTextList(events) || events.length === 0 || events.some((event) => !EVENTS.includes(event))) {
      problems.push({ field: 'events', message: `must be a list of ${EVENTS.join(', ')}` });
    }
    if (typeof active !== 'boolean') problems.push({ field: 'active', message: 'must be true or false' });
    if (problems.length > 0) throw invalid(problems);
    const secret = before?.secret ?? newSecret();
    return {
      id: before?.id ?? parts.name('whk'),
      name: String(name),
      targetUrl: String(targetUrl),
      events: isTextList(events) ? events : [],
      active: active === true,
      secret,
      signer: before?.signer ?? new Signer(secret),
      headers: before?.headers ?? {},
      createdAt: before?.createdAt ?? nowText(),
      updatedAt: nowText(),
    };
  }

  /** 410 says that nobody wants it any more; everything else but 2xx is tried again, with jitter, over days. */
  function retry(webhook: Webhook, outcome: Outcome, attempt: number): number | null {
    if (outcome.status === 410) {
      const kept = webhooks.get(webhook.id);
      if (kept) webhooks.set(webhook.id, { ...kept, active: false });
      return null;
    }
    const own = settings.webhook_retry_ms;
    const wait = (own ?? RETRY_MS)[attempt - 1];
    if (wait === undefined) return null;
    return own ? wait : Math.round(wait * (0.8 + 0.4 * Math.random()));
  }

  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: base,
      handle: ({ query }) => {
        const order = { place: ({ id }: Webhook) => id, id: ({ id }: Webhook) => id, descending: false };
        return { status: 200, body: pageOf('webhooks', [...webhooks.values()], show, order, query, '/api/v1/webhooks', settings.paging) };
      },
    },
    {
      method: 'POST',
      path: base,
      handle: (call) => {
        const webhook = read(call, null);
        webhooks.set(webhook.id, webhook);
        // The only answer that ever shows the secret.
        return { status: 201, body: { webhook: { ...show(webhook), signingSecret: webhook.secret } } };
      },
    },
    { method: 'GET', path: `${base}/:id`, handle: (call) => ({ status: 200, body: { webhook: show(find(call)) } }) },
    {
      method: 'PUT',
      path: `${base}/:id`,
      handle: (call) => {
        const webhook = read(call, find(call));
        webhooks.set(webhook.id, webhook);
        return { status: 200, body: { webhook: show(webhook) } };
      },
    },
    {
      method: 'DELETE',
      path: `${base}/:id`,
      handle: (call) => {
        webhooks.delete(find(call).id);
        return { status: 204 };
      },
    },
  ];

  return {
    routes,
    fire(events, ticket) {
      if (webhooks.size === 0) return;
      for (const type of events) {
        const wanting = [...webhooks.values()].filter((webhook) => webhook.active && webhook.events.includes(type));
        if (wanting.length === 0) continue;
        const id = `evt_${randomUUID().replaceAll('-', '')}`;
        const body = JSON.stringify(enveloped(settings.webhook_envelope, { id, type, createdAt: nowText() }, ticket));
        const scheme = settings.webhook_signature;
        for (const webhook of wanting) {
          deliveries.send({
            url: webhook.targetUrl,
            method: 'POST',
            retry: (outcome, attempt) => retry(webhook, outcome, attempt),
            compose: () => ({
              body,
              headers: { ...webhook.headers, 'Content-Type': 'application/json', 'User-Agent': 'Airclou-Webhooks', ...signatureOf(scheme, webhook, id, body) },
            }),
          });
        }
      }
    },
    install({ url, headers, secret }) {
      const old = [...webhooks.values()].find(({ targetUrl }) => targetUrl === url);
      // Only Standard Webhooks says what a secret looks like; for the others any text is one.
      const key = secret === null ? (old?.secret ?? newSecret()) : settings.webhook_signature === 'standard-webhooks' ? normalised(secret) : secret;
      const webhook: Webhook = {
        id: old?.id ?? parts.name('whk'),
        name: 'Set up by hand',
        targetUrl: url,
        events: EVENTS,
        active: true,
        secret: key,
        signer: new Signer(normalised(key)),
        headers,
        createdAt: old?.createdAt ?? nowText(),
        updatedAt: nowText(),
      };
      webhooks.set(webhook.id, webhook);
      return { ...show(webhook), secret: key };
    },
    all: () => [...webhooks.values()].map((webhook) => ({ ...show(webhook), signingSecret: webhook.secret })),
    count: () => webhooks.size,
    clear: () => webhooks.clear(),
  };
}
