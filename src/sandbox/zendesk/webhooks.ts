/**
 * Zendesk's webhook management. Source: developer.zendesk.com "Webhooks" and recorded answers. The vendor takes only
 * https endpoints; this desk takes http as well, because on loopback nobody has a certificate.
 */
import { randomBytes } from 'node:crypto';
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type HandMadeWebhook, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { isJson, isTextList, printed } from '../kit/json.ts';
import { errorList, missingParameter, notFound } from './errors.ts';
import { EVENT_NAMES, EVENT_PREFIX, ulid, type Receiver } from './events.ts';
import type { User } from './model.ts';
import { paged } from './paging.ts';

interface Webhook extends Receiver {
  readonly number: number;
  readonly name: string;
  readonly description: string | null;
  readonly status: 'active' | 'inactive';
  readonly subscribed: readonly string[];
  readonly requestFormat: string;
  readonly authentication: { readonly type: string; readonly data: Json; readonly add_position: string } | null;
  readonly customHeaders: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly updatedAt: string | null;
}

export interface Webhooks {
  readonly routes: readonly Route[];
  receivers(): Iterable<Receiver>;
  install(webhook: HandMadeWebhook): object;
  all(): object[];
  count(): number;
  clear(): void;
}

const ALL_TICKET_EVENTS = EVENT_NAMES.map((name) => EVENT_PREFIX + name);
const newSecret = (): string => randomBytes(33).toString('base64');

const invalid = (detail: string): Refused => errorList(400, 'InvalidWebhook', 'Invalid webhook', detail);

/** The headers that an authentication turns into. */
function authHeaders(authentication: Webhook['authentication']): Readonly<Record<string, string>> {
  const data = authentication?.data ?? {};
  const text = (key: string): string => printed(data[key] ?? '');
  switch (authentication?.type) {
    case 'basic_auth':
      return { Authorization: `Basic ${Buffer.from(`${text('username')}:${text('password')}`).toString('base64')}` };
    case 'bearer_token':
      return { Authorization: `Bearer ${text('token')}` };
    case 'api_key':
      return { [text('name') || 'X-Api-Key']: text('value') };
    default:
      return {};
  }
}

export function createWebhooks(premises: Premises, caller: (call: Call) => User): Webhooks {
  const webhooks = new Map<string, Webhook>();
  let numbers = 0;
  const base = '/api/v2/webhooks';

  /** Secrets of an authentication are never shown again. */
  const show = (webhook: Webhook): Json => ({
    id: webhook.id,
    name: webhook.name,
    description: webhook.description,
    status: webhook.status,
    subscriptions: webhook.subscribed,
    created_at: webhook.createdAt,
    created_by: webhook.createdBy,
    updated_at: webhook.updatedAt,
    endpoint: webhook.endpoint,
    http_method: webhook.method,
    request_format: webhook.requestFormat,
    ...(webhook.authentication
      ? {
          authentication: {
            type: webhook.authentication.type,
            data: Object.fromEntries(Object.entries(webhook.authentication.data).filter(([key]) => key === 'username' || key === 'name')),
            add_position: webhook.authentication.add_position,
          },
        }
      : {}),
    ...(Object.keys(webhook.customHeaders).length > 0 ? { custom_headers: webhook.customHeaders } : {}),
  });

  const find = (call: Call): Webhook => {
    const webhook = webhooks.get(call.params['id'] ?? '');
    if (!webhook) throw new Refused(notFound());
    return webhook;
  };

  function read(call: Call, before: Webhook | null): Webhook {
    const input = isJson(call.body) ? call.body['webhook'] : undefined;
    if (!isJson(input)) throw missingParameter('webhook');
    const value = (key: string, old: unknown): unknown => (input[key] === undefined ? old : input[key]);
    const name = value('name', before?.name);
    const endpoint = value('endpoint', before?.endpoint);
    const method = value('http_method', before?.method);
    const format = value('request_format', before?.requestFormat);
    const status = value('status', before?.status ?? 'active');
    const subscribed = value('subscriptions', before?.subscribed ?? []);
    const authentication = value('authentication', before?.authentication ?? null);
    const custom = value('custom_headers', before?.customHeaders ?? {});
    if (typeof name !== 'string' || name === '') throw invalid('name is required');
    if (typeof endpoint !== 'string' || !/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) throw invalid('endpoint must be a valid URL');
    if (typeof method !== 'string' || !['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(method)) throw invalid('http_method is not valid');
    if (typeof format !== 'string' || !['json', 'xml', 'form_encoded'].includes(format)) throw invalid('request_format is not valid');
    if (status !== 'active' && status !== 'inactive') throw invalid('status must be active or inactive');
    if (!isTextList(subscribed)) throw invalid('subscriptions must be a list of event types');
    const events = subscribed.filter((type) => type !== 'conditional_ticket_events');
    if (events.length > 0 && (method !== 'POST' || format !== 'json')) throw invalid('event subscriptions need http_method POST and request_format json');
    if (events.length > 0 && events.length < subscribed.length) throw invalid('conditional_ticket_events cannot be combined with event subscriptions');
    const unknown = events.find((type) => !type.startsWith('zen:event-type:'));
    if (unknown !== undefined) throw invalid(`${unknown} is not an event type`);
    const auth = isJson(authentication) && isJson(authentication['data'])
      ? { type: printed(authentication['type']), data: authentication['data'], add_position: 'header' }
      : null;
    const customHeaders = isJson(custom) ? Object.fromEntries(Object.entries(custom).map(([key, header]) => [key, printed(header)])) : {};
    const now = isoSeconds(premises.clock.now());
    return {
      id: before?.id ?? ulid(Date.now()),
      number: before?.number ?? (numbers += 1),
      name,
      description: typeof input['description'] === 'string' ? input['description'] : (before?.description ?? null),
      status,
      endpoint,
      method,
      requestFormat: format,
      subscribed,
      subscriptions: new Set(events),
      authentication: auth,
      customHeaders,
      headers: { ...customHeaders, ...authHeaders(auth) },
      secret: before?.secret ?? newSecret(),
      createdAt: before?.createdAt ?? now,
      createdBy: before?.createdBy ?? String(caller(call).id),
      updatedAt: before ? now : null,
    };
  }

  const secretBody = (webhook: Webhook): Json => ({ signing_secret: { secret: webhook.secret, algorithm: 'SHA256' } });
  const change = (call: Call): Reply => {
    const webhook = read(call, find(call));
    webhooks.set(webhook.id, webhook);
    return { status: 204 };
  };

  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: base,
      handle: ({ query }) => {
        const cursor = new URLSearchParams(query);
        // This list has no offset pages.
        if (!cursor.has('page[size]')) cursor.set('page[size]', '100');
        const order = { place: () => 0, id: ({ number }: Webhook) => number, descending: false };
        const part = query.get('filter[name_contains]') ?? '';
        const rows = [...webhooks.values()].filter(({ name }) => name.includes(part));
        return { status: 200, body: paged({ key: 'webhooks', rows, order, show, address: `${premises.url()}${base}` }, cursor) };
      },
    },
    {
      method: 'POST',
      path: base,
      handle: (call) => {
        const webhook = read(call, null);
        webhooks.set(webhook.id, webhook);
        return { status: 201, body: { webhook: show(webhook) } };
      },
    },
    { method: 'GET', path: `${base}/:id`, handle: (call) => ({ status: 200, body: { webhook: show(find(call)) } }) },
    { method: 'PUT', path: `${base}/:id`, handle: change },
    { method: 'PATCH', path: `${base}/:id`, handle: change },
    {
      method: 'DELETE',
      path: `${base}/:id`,
      handle: (call) => {
        webhooks.delete(find(call).id);
        return { status: 204 };
      },
    },
    { method: 'GET', path: `${base}/:id/signing_secret`, handle: (call) => ({ status: 200, body: secretBody(find(call)) }) },
    {
      method: 'POST',
      path: `${base}/:id/signing_secret`,
      handle: (call) => {
        const webhook = { ...find(call), secret: newSecret() };
        webhooks.set(webhook.id, webhook);
        return { status: 201, body: secretBody(webhook) };
      },
    },
  ];

  return {
    routes,
    *receivers() {
      for (const webhook of webhooks.values()) if (webhook.status === 'active') yield webhook;
    },
    install({ url, headers, secret }) {
      const old = [...webhooks.values()].find(({ endpoint }) => endpoint === url);
      const webhook: Webhook = {
        id: old?.id ?? ulid(Date.now()),
        number: old?.number ?? (numbers += 1),
        name: 'Set up by hand',
        description: null,
        status: 'active',
        endpoint: url,
        method: 'POST',
        requestFormat: 'json',
        subscribed: ALL_TICKET_EVENTS,
        subscriptions: new Set(ALL_TICKET_EVENTS),
        authentication: null,
        customHeaders: headers,
        headers,
        secret: secret ?? old?.secret ?? newSecret(),
        createdAt: isoSeconds(premises.clock.now()),
        createdBy: 'sandbox',
        updatedAt: null,
      };
      webhooks.set(webhook.id, webhook);
      return { ...show(webhook), secret: webhook.secret };
    },
    all: () => [...webhooks.values()].map((webhook) => ({ ...show(webhook), signing_secret: webhook.secret })),
    count: () => webhooks.size,
    clear: () => webhooks.clear(),
  };
}
