/**
 * The one webhook of an account. The vendor documents the object, the triggers and that failures switch it off; what a delivery
 * looks like besides `data` (where the event is named, how the payload is signed, when it is tried again) is an assumption, that
 * of the usual package of its framework, and a switch. https://documentation.helpspace.com/article/340/webhook
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Outcome } from '../kit/deliveries.ts';
import type { Call, HandMadeWebhook, Json, Premises, Reply, Route } from '../kit/desk.ts';
import { isJson } from '../kit/json.ts';
import { problem, refuseIf, type Problems } from './errors.ts';
import { iso } from './model.ts';

/** In the seed's vendor page but for `channel_updated`, which a receiver lists. */
const TRIGGERS: Readonly<Record<string, readonly string[]>> = {
  ticket: ['created', 'assigned', 'deleted', 'status_updated', 'channel_updated', 'tags_updated', 'customer_message_created', 'agent_message_created', 'note_created'],
  customer: ['created', 'updated', 'deleted'],
  tag: ['created', 'updated', 'deleted'],
};

interface Header {
  readonly key: string;
  readonly value: string;
}

interface Hook {
  readonly headers: readonly Header[];
  readonly enabled: boolean;
  readonly failed_count: number;
  readonly url: string | null;
  readonly secret: string;
  readonly trigger: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
}

interface LogRow {
  readonly created_at: string;
  readonly description: string;
  readonly properties: { readonly status_code: number | null; readonly response_body: string; readonly webhook_url: string };
}

export type WebhookSettings = {
  /** Where the name of the event stands: nobody has said. */
  webhook_event: 'body' | 'header' | 'none';
  webhook_signature_header: string;
  webhook_signature_encoding: 'hex' | 'base64';
  /** Failures after which it switches itself off. */
  webhook_failures_allowed: number;
  /** Milliseconds before each retry. */
  webhook_retry_ms: number[];
};

export interface Webhook {
  readonly routes: readonly Route[];
  fire(resource: 'ticket' | 'customer' | 'tag', event: string, data: object): void;
  install(webhook: HandMadeWebhook): object;
  /** Empty until one is set up. */
  all(): object[];
  clear(): void;
}

const MOST_LOG_ROWS = 50;
const all = (on: boolean): Hook['trigger'] =>
  Object.fromEntries(Object.entries(TRIGGERS).map(([resource, events]) => [resource, Object.fromEntries(events.map((event) => [event, on]))]));
const fresh = (): Hook => ({ headers: [], enabled: false, failed_count: 0, url: null, secret: randomBytes(15).toString('base64url'), trigger: all(false) });

export function createWebhook(premises: Premises, settings: WebhookSettings): Webhook {
  let hook = fresh();
  let log: LogRow[] = [];

  const show = (): Json => ({ version: 'V1', ...hook });

  /** Only what is named changes, inside `trigger` as well. */
  function update({ body }: Call): Reply {
    const wrapped = isJson(body) ? body['webhooks'] : undefined;
    const problems: Problems = new Map();
    if (!isJson(wrapped)) problem(problems, 'webhooks', 'The webhooks field is required.');
    const input: Json = isJson(wrapped) ? wrapped : {};
    const { url, enabled, secret, headers, trigger } = input;
    if (url !== undefined && url !== null && (typeof url !== 'string' || !/^https?:\/\//.test(url) || !URL.canParse(url))) {
      problem(problems, 'webhooks.url', 'The webhooks.url format is invalid.');
    }
    if (enabled !== undefined && typeof enabled !== 'boolean') problem(problems, 'webhooks.enabled', 'The webhooks.enabled field must be true or false.');
    if (secret !== undefined && secret !== null && typeof secret !== 'string') problem(problems, 'webhooks.secret', 'The webhooks.secret must be a string.');
    const rows = headers === undefined ? hook.headers : headersOf(headers, problems);
    if (trigger !== undefined && !isJson(trigger)) problem(problems, 'webhooks.trigger', 'The webhooks.trigger must be an array.');
    refuseIf(problems);
    hook = {
      headers: rows,
      enabled: typeof enabled === 'boolean' ? enabled : hook.enabled,
      failed_count: enabled === true ? 0 : hook.failed_count,
      url: url === undefined ? hook.url : typeof url === 'string' ? url : null,
      secret: typeof secret === 'string' ? secret : hook.secret,
      trigger: isJson(trigger) ? merged(trigger) : hook.trigger,
    };
    return { status: 201, body: { data: show() } };
  }

  const merged = (input: Json): Hook['trigger'] =>
    Object.fromEntries(
      Object.entries(hook.trigger).map(([resource, events]) => {
        const given = Object.hasOwn(input, resource) ? input[resource] : undefined;
        return [resource, Object.fromEntries(Object.entries(events).map(([event, on]) => [event, isJson(given) && typeof given[event] === 'boolean' ? given[event] : on]))];
      }),
    );

  function failed(outcome: Outcome, attempt: number, url: string): number | null {
    const row: LogRow = {
      created_at: iso(premises.clock.now()),
      description: outcome.timedOut ? 'Webhook timed out' : 'Webhook failed',
      properties: { status_code: outcome.status, response_body: '', webhook_url: url },
    };
    log = [row, ...log].slice(0, MOST_LOG_ROWS);
    const count = hook.failed_count + 1;
    const off = count >= settings.webhook_failures_allowed;
    hook = { ...hook, failed_count: count, enabled: hook.enabled && !off };
    return off ? null : (settings.webhook_retry_ms[attempt - 1] ?? null);
  }

  return {
    routes: [
      { method: 'GET', path: '/api/v1/webhook', handle: () => ({ status: 200, body: { data: show() } }) },
      { method: 'POST', path: '/api/v1/webhook', handle: update },
      { method: 'GET', path: '/api/v1/webhook/logs', handle: () => ({ status: 200, body: { data: log } }) },
    ],
    fire(resource, event, data) {
      const { url, enabled, headers, secret, trigger } = hook;
      if (!enabled || url === null || trigger[resource]?.[event] !== true) return;
      const name = `${resource}.${event}`;
      const body = JSON.stringify(settings.webhook_event === 'body' ? { event: name, data } : { data });
      premises.deliveries.send({
        url,
        method: 'POST',
        retry: (outcome, attempt) => failed(outcome, attempt, url),
        compose: () => ({
          body,
          headers: {
            'Content-Type': 'application/json',
            'User-Agent': 'HelpSpace Webhook',
            ...(settings.webhook_event === 'header' ? { 'X-HelpSpace-Event': name } : {}),
            [settings.webhook_signature_header]: createHmac('sha256', secret).update(body).digest(settings.webhook_signature_encoding),
            ...Object.fromEntries(headers.map(({ key, value }) => [key, value])),
          },
        }),
      });
    },
    install({ url, headers, secret }) {
      const rows = Object.entries(headers).map(([key, value]) => ({ key, value }));
      hook = { ...hook, url, headers: rows, secret: secret ?? hook.secret, enabled: true, failed_count: 0, trigger: all(true) };
      return show();
    },
    all: () => (hook.url === null ? [] : [show()]),
    clear() {
      hook = fresh();
      log = [];
    },
  };
}

function headersOf(value: unknown, problems: Problems): readonly Header[] {
  const rows = Array.isArray(value) ? value : [];
  if (!Array.isArray(value)) problem(problems, 'webhooks.headers', 'The webhooks.headers must be an array.');
  return rows.flatMap((row: unknown, index) => {
    const { key, value: text } = isJson(row) ? row : {};
    if (typeof key === 'string' && /^[\w-]+$/.test(key) && typeof text === 'string' && /^[\x20-\x7e]*$/.test(text)) return [{ key, value: text }];
    problem(problems, `webhooks.headers.${index}`, `The webhooks.headers.${index} is invalid.`);
    return [];
  });
}
