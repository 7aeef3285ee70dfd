/**
 * URL targets and the two triggers that notify them: one on tickets created, one on tickets updated. A deletion runs no
 * trigger. `POST /__sandbox/webhook` stands for an administrator who makes all three; `secret` is the target's password.
 */
import type { Deliveries } from '../kit/deliveries.ts';
import type { HandMadeWebhook } from '../kit/desk.ts';
import type { Store, Ticket } from './model.ts';

export type Happening = 'created' | 'updated';

/** How the target sends its trigger's message, and what that says. */
export interface Format {
  readonly target_format: 'form' | 'xml' | 'json';
  /** The field of a form. */
  readonly target_attribute: string;
  /** Null for the usual one. `{{event}}` stands for the word that differs between the two triggers. */
  readonly target_message: string | null;
}

export interface Targets {
  fire(ticket: Ticket, happening: Happening): void;
  install(webhook: HandMadeWebhook): object;
  all(): object[];
  count(): number;
  clear(): void;
}

interface Target {
  readonly id: number;
  readonly title: string;
  readonly target_url: string;
  readonly method: 'post';
  readonly headers: Readonly<Record<string, string>>;
  readonly username: string;
  readonly password: string | null;
  failures: number;
  is_active: boolean;
}

/** After so many failures in a row the target is switched off, and its administrators are told. */
const MOST_FAILURES = 21;
const TARGET_USER = 'deskmesh';

const MESSAGES: Readonly<Record<Format['target_format'], string>> = {
  form: '{{ticket.id}} {{event}} {{ticket.updated_at_with_timestamp}}',
  xml: '<ticket><id>{{ticket.id}}</id><event>{{event}}</event><updated-at>{{ticket.updated_at_with_timestamp}}</updated-at></ticket>',
  json: '{"ticket_id":"{{ticket.id}}","event":"{{event}}","updated_at":"{{ticket.updated_at_with_timestamp}}"}',
};
const TYPES: Readonly<Record<Format['target_format'], string>> = {
  form: 'application/x-www-form-urlencoded',
  xml: 'application/xml; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

const STATUS_WORDS = ['New', 'Open', 'Pending', 'Solved', 'Closed'];

export function createTargets(parts: { readonly store: Store; readonly deliveries: Deliveries; readonly format: Format; url(): string }): Targets {
  const targets = new Map<string, Target>();
  let numbers = 0;

  /** Placeholders are put in as they are, whatever the message's format makes of them. */
  function filled(template: string, ticket: Ticket, happening: Happening): string {
    const requester = parts.store.users.get(ticket.requester_id);
    const last = ticket.comments.at(-1);
    const values: Readonly<Record<string, string>> = {
      event: happening,
      'ticket.id': String(ticket.id),
      'ticket.title': ticket.subject,
      'ticket.description': ticket.description,
      'ticket.status': STATUS_WORDS[ticket.status_id] ?? '',
      'ticket.tags': ticket.tags.join(' '),
      'ticket.url': `${parts.url().replace(/^https?:\/\//, '')}/tickets/${ticket.id}`,
      'ticket.requester.name': requester?.name ?? '',
      'ticket.requester.email': requester?.email ?? '',
      'ticket.latest_comment': last?.value ?? '',
      'ticket.updated_at_with_timestamp': `${ticket.updated_at.slice(0, 16)}Z`,
    };
    return template.replace(/\{\{\s*([a-z_.]+)\s*\}\}/g, (_whole, name: string) => (Object.hasOwn(values, name) ? (values[name] ?? '') : ''));
  }

  const bodyOf = (ticket: Ticket, happening: Happening): string => {
    const { target_format: format, target_attribute: attribute, target_message: message } = parts.format;
    const text = filled(message ?? MESSAGES[format], ticket, happening);
    return format === 'form' ? `${encodeURIComponent(attribute)}=${encodeURIComponent(text)}` : text;
  };

  return {
    fire(ticket, happening) {
      for (const target of targets.values()) {
        if (!target.is_active) continue;
        const body = bodyOf(ticket, happening);
        const type = TYPES[parts.format.target_format];
        const basic = target.password === null ? {} : { Authorization: `Basic ${Buffer.from(`${target.username}:${target.password}`).toString('base64')}` };
        parts.deliveries.send({
          url: filled(target.target_url, ticket, happening),
          method: target.method.toUpperCase(),
          compose: () => ({ body, headers: { 'Content-Type': type, 'User-Agent': 'Zendesk Target', ...basic, ...target.headers } }),
          retry() {
            target.failures += 1;
            if (target.failures >= MOST_FAILURES) target.is_active = false;
            return null;
          },
        });
      }
    },
    install({ url, headers, secret }) {
      const target: Target = {
        id: targets.get(url)?.id ?? (numbers += 1),
        title: 'Sandbox target',
        target_url: url,
        method: 'post',
        headers,
        username: TARGET_USER,
        password: secret,
        failures: 0,
        is_active: true,
      };
      targets.set(url, target);
      return { ...target, triggers: ['ticket created', 'ticket updated'] };
    },
    all: () => [...targets.values()],
    count: () => targets.size,
    clear: () => targets.clear(),
  };
}
