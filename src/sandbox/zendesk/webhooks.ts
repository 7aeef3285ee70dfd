/**
 * Zendesk's webhook management. Source: developer.zendesk.com "Webhooks" and recorded answers. The vendor takes only
 * https endpoints; this desk takes http as well, because on loopback nobody has a certificate.
 */
import { randomBytes } from 'node:crypto';
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type HandMadeWebhook, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { isJson, isTextList, printed } from '../kit/json.ts';
import { errorList, missingParameter, notFound } from './errors.ts';
import { EVENT_NAMES, EVENT_PREFIX, SILENT_NAMES, ulid, type Events, type Invocation, type Receiver } from './events.ts';
import type { User } from './model.ts';
import { paged } from './paging.ts';

interface Webhook extends Receiver {
  readonly number: number;
  readonly name: string;
  readonly description: string | null;
  readonly status: 'active' | 'inactive';
  readonly subscribed: readonly string[];
  readonly authentication: { readonly type: string; readonly data: Json; readonly add_position: string } | null;
  readonly customHeaders: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly updatedAt: string | null;
}

export interface Webhooks {
  readonly routes: readonly Route[];
  receivers(): Iterable<Receiver>;
  /** The webhook that a trigger names, if it is one that triggers may call. */
  receiver(id: string): Receiver | null;
  install(webhook: HandMadeWebhook): object;
  all(): object[];
  count(): number;
  clear(): void;
}

const ALL_TICKET_EVENTS = EVENT_NAMES.map((name) => EVENT_PREFIX + name);
const KNOWN_TICKET_EVENTS: ReadonlySet<string> = new Set([...ALL_TICKET_EVENTS, ...SILENT_NAMES.map((name) => EVENT_PREFIX + name)]);
/** What connects a webhook to triggers and automations instead of to events. */
const BY_TRIGGERS = 'conditional_ticket_events';
/** Test calls are signed with this before a webhook is saved. */
const TEST_SECRET = 'dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==';
const TEST_PATIENCE_MS = 10_000;
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

/** `events` is asked for late, because it needs the receivers first. */
export function createWebhooks(premises: Premises, admin: (call: Call) => User, events: () => Events): Webhooks {
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
    admin(call);
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
    const types = subscribed.filter((type) => type !== BY_TRIGGERS);
    if (types.length > 0 && (method !== 'POST' || format !== 'json')) throw invalid('event subscriptions need http_method POST and request_format json');
    if (types.length > 0 && types.length < subscribed.length) throw invalid('conditional_ticket_events cannot be combined with event subscriptions');
    if (before && before.subscribed.length > 0 && before.subscribed.includes(BY_TRIGGERS) !== subscribed.includes(BY_TRIGGERS)) {
      throw invalid('a webhook cannot change between triggers and event subscriptions');
    }
    const unknown = types.find((type) => !type.startsWith('zen:event-type:') || (type.startsWith(EVENT_PREFIX) && !KNOWN_TICKET_EVENTS.has(type)));
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
      subscriptions: new Set(types),
      authentication: auth,
      customHeaders,
      headers: { ...customHeaders, ...authHeaders(auth) },
      secret: before?.secret ?? newSecret(),
      createdAt: before?.createdAt ?? now,
      createdBy: before?.createdBy ?? String(admin(call).id),
      updatedAt: before ? now : null,
    };
  }

  const status = (attempt: Invocation['attempts'][number] | undefined): string => {
    if (attempt === undefined) return 'pending';
    if (attempt.timedOut) return 'timeout';
    if (attempt.status === null) return 'failed';
    return attempt.status < 300 ? 'success' : attempt.status === 429 || attempt.status === 503 ? 'throttled' : 'terminated';
  };
  const invocation = (one: Invocation): Json => {
    const last = one.attempts.at(-1);
    return { id: one.id, latest_completed_at: last?.at ?? null, status: status(last), status_code: last?.status == null ? null : String(last.status) };
  };

  /** A call of a webhook that is there, or of one that is only described; what its receiver answers is told, good or bad. */
  async function test(call: Call): Promise<Reply> {
    const id = call.query.get('webhook_id');
    const webhook = id === null ? read(call, null) : find({ ...call, params: { id } });
    const request = isJson(call.body) && isJson(call.body['request']) ? call.body['request'] : {};
    const payload = typeof request['payload'] === 'string' ? request['payload'] : '{"current_user": "{{current_user.name}}"}';
    const signer = { ...webhook, secret: id === null ? TEST_SECRET : webhook.secret };
    const headers = events().signed(signer, payload, ulid(Date.now()));
    const bodiless = webhook.method === 'GET' || webhook.method === 'HEAD';
    const options = { method: webhook.method, headers, signal: AbortSignal.timeout(TEST_PATIENCE_MS), redirect: 'manual' as const };
    try {
      const answer = await fetch(webhook.endpoint, bodiless ? options : { ...options, body: payload });
      const told = [...answer.headers].map(([key, value]) => ({ key, value }));
      return { status: 200, body: { response: { headers: told, status_code: answer.status, payload: (await answer.text()).slice(0, 10_000) } } };
    } catch {
      throw errorList(400, 'WebhookTestFailed', 'Webhook test failed', 'The endpoint gave no answer');
    }
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
      handle: (call) => {
        admin(call);
        const { query } = call;
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
    { method: 'POST', path: `${base}/test`, handle: test },
    {
      method: 'GET',
      path: `${base}/:id/invocations`,
      handle: (call) => {
        const rows = events().invocations(find(call).id).toReversed();
        return { status: 200, body: { invocations: rows.slice(0, 100).map(invocation), meta: { has_more: false, after_cursor: null, before_cursor: null }, links: { prev: null, next: null } } };
      },
    },
    {
      method: 'GET',
      path: `${base}/:id/invocations/:invocation/attempts`,
      handle: (call) => {
        const found = events().invocations(find(call).id).find(({ id }) => id === call.params['invocation']);
        if (!found) return notFound();
        const attempts = found.attempts.map((one) => ({ id: one.id, invocation_id: found.id, completed_at: one.at, status: status(one), status_code: one.status === null ? null : String(one.status) }));
        return { status: 200, body: { attempts } };
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
    receiver(id) {
      const webhook = webhooks.get(id);
      return webhook?.status === 'active' && webhook.subscribed.includes(BY_TRIGGERS) ? webhook : null;
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
