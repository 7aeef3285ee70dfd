/**
 * Automation-rule webhooks: a fixed wrapper, labels instead of numbers, no actor, no comment id and no signature; or, with
 * the switch `webhook_content`, what a person wrote into the rule, its `{{placeholders}}` filled in without any escaping.
 * Sources: what receivers' code expects of `freshdesk_webhook`; the retry times are the vendor's, 2023.
 *
 * `POST /__sandbox/webhook` stands for an administrator who makes two rules with the same URL: one on creation, and one
 * on update, deletion, and new notes and replies. Edited or deleted notes and restored tickets are in no rule's events.
 */
import type { Deliveries } from '../kit/deliveries.ts';
import type { HandMadeWebhook, Json } from '../kit/desk.ts';
import { CUSTOM_NAMES, PRIORITY_LABELS, SOURCE_LABELS, STATUS_LABELS } from './catalog.ts';
import type { Conversation, Store, Ticket } from './model.ts';

/** What a rule reports of a save. */
export type Trigger =
  | { readonly kind: 'created' | 'update' | 'delete' }
  | { readonly kind: 'change'; readonly field: string; readonly from: unknown; readonly to: unknown }
  | { readonly kind: 'note'; readonly private: boolean }
  | { readonly kind: 'reply' };

export interface Hooks {
  fire(ticket: Ticket, trigger: Trigger): void;
  install(webhook: HandMadeWebhook): object;
  all(): object[];
  count(): number;
  clear(): void;
}

interface Rule {
  readonly id: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secret: string | null;
}

const MINUTE = 60_000;
/** Five minutes, then half an hour, then an hour; after that the administrators get a mail. */
const RETRY_MS: readonly number[] = [5 * MINUTE, 30 * MINUTE, 60 * MINUTE];

/** `{status:{from:2,to:4}}`: braces, but no JSON. */
export function braceText(trigger: Trigger): string {
  switch (trigger.kind) {
    case 'change':
      return `{${trigger.field}:{from:${String(trigger.from ?? '')},to:${String(trigger.to ?? '')}}}`;
    case 'note':
      return `{note_type:${trigger.private ? 'private' : 'public'}}`;
    case 'reply':
      return '{reply_sent:sent}';
    default:
      return `{ticket_action:${trigger.kind}}`;
  }
}

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** `March 23 2016 at 10:06 AM`: for people, without a zone. */
export function humanDate(iso: string | null): string {
  if (iso === null) return '';
  const date = new Date(iso);
  const hour = date.getUTCHours();
  const minutes = String(date.getUTCMinutes()).padStart(2, '0');
  return `${MONTHS[date.getUTCMonth()] ?? ''} ${date.getUTCDate()} ${date.getUTCFullYear()} at ${String(hour % 12 || 12).padStart(2, '0')}:${minutes} ${hour < 12 ? 'AM' : 'PM'}`;
}

export function createHooks(parts: {
  readonly store: Store;
  readonly deliveries: Deliveries;
  readonly url: () => string;
  /** Milliseconds before each retry. */
  readonly retryMs: () => readonly number[] | null;
  /** The rules' advanced content; null for simple content. */
  readonly content: () => string | null;
}): Hooks {
  const { store, deliveries } = parts;
  const rules = new Map<string, Rule>();
  let numbers = 0;

  function latest(ticket: Ticket, hidden: boolean): string {
    const found: Conversation | undefined = ticket.conversations.findLast((conversation) => conversation.private === hidden);
    const author = found?.user_id == null ? undefined : store.people.get(found.user_id);
    return found ? `${author?.name ?? ''} : ${found.body}` : '';
  }

  function simple(ticket: Ticket, trigger: Trigger): Json {
    const requester = store.people.get(ticket.requester_id);
    const agent = ticket.responder_id === null ? undefined : store.people.get(ticket.responder_id);
    const [first = '', ...last] = (requester?.name ?? '').split(' ');
    return {
      freshdesk_webhook: {
        ticket_id: ticket.id,
        ticket_subject: ticket.subject,
        ticket_description: ticket.description,
        ticket_url: `${parts.url()}/helpdesk/tickets/${ticket.id}`,
        ticket_portal_url: `${parts.url()}/support/tickets/${ticket.id}`,
        ticket_due_by_time: humanDate(ticket.due_by),
        ticket_tags: ticket.tags.join(', '),
        ticket_latest_public_comment: latest(ticket, false),
        ticket_latest_private_comment: latest(ticket, true),
        ticket_group_name: ticket.group_id === null ? '' : (store.groups.get(ticket.group_id)?.name ?? ''),
        ticket_agent_name: agent?.name ?? '',
        ticket_agent_email: agent?.email ?? '',
        ticket_satisfaction_survey: '',
        ticket_status: STATUS_LABELS[ticket.status] ?? '',
        ticket_priority: PRIORITY_LABELS[ticket.priority] ?? '',
        ticket_source: SOURCE_LABELS[ticket.source] ?? '',
        ticket_type: ticket.type ?? '',
        requester_name: requester?.name ?? '',
        ticket_requester_name: requester?.name ?? '',
        ticket_requester_firstname: first,
        ticket_requester_lastname: last.join(' '),
        ticket_requester_email: requester?.email ?? '',
        ticket_requester_phone: requester?.phone ?? '',
        ticket_company_name: ticket.company_id === null ? '' : (store.companies.get(ticket.company_id)?.name ?? ''),
        helpdesk_name: 'Sandbox',
        ticket_portal_name: 'Sandbox',
        ...Object.fromEntries(CUSTOM_NAMES.map((name) => [`ticket_${name}`, ticket.custom_fields[name] ?? null])),
        triggered_event: braceText(trigger),
      },
    };
  }

  /** A placeholder that the rule's author misspelt stays as it stands. */
  function advanced(template: string, ticket: Ticket, trigger: Trigger): string {
    const requester = store.people.get(ticket.requester_id);
    const agent = ticket.responder_id === null ? undefined : store.people.get(ticket.responder_id);
    const values: Readonly<Record<string, unknown>> = {
      'ticket.id': ticket.id,
      'ticket.url': `${parts.url()}/helpdesk/tickets/${ticket.id}`,
      'ticket.subject': ticket.subject,
      'ticket.description': ticket.description,
      'ticket.status': STATUS_LABELS[ticket.status],
      'ticket.status_id': ticket.status,
      'ticket.priority': PRIORITY_LABELS[ticket.priority],
      'ticket.priority_id': ticket.priority,
      'ticket.ticket_type': ticket.type,
      'ticket.tags': ticket.tags.join(', '),
      'ticket.requester.id': ticket.requester_id,
      'ticket.requester.name': requester?.name,
      'ticket.requester.email': requester?.email,
      'ticket.contact.email': requester?.email,
      'ticket.agent.id': ticket.responder_id,
      'ticket.agent.name': agent?.name,
      'ticket.group.id': ticket.group_id,
      'ticket.latest_public_comment': latest(ticket, false),
      'ticket.latest_private_comment': latest(ticket, true),
      ...Object.fromEntries(CUSTOM_NAMES.map((name) => [`ticket.${name}`, ticket.custom_fields[name]])),
      triggered_event: braceText(trigger),
    };
    return template.replace(/{{\s*([a-z0-9_.]+)\s*}}/gi, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name] ?? '') : whole));
  }

  return {
    fire(ticket, trigger) {
      if (rules.size === 0) return;
      const template = parts.content();
      const body = template === null ? JSON.stringify(simple(ticket, trigger)) : advanced(template, ticket, trigger);
      for (const { url, headers, secret } of rules.values()) {
        deliveries.send({
          url,
          method: 'POST',
          compose: () => ({
            body,
            headers: {
              'Content-Type': 'application/json',
              Accept: '*/*',
              'User-Agent': 'Freshdesk',
              ...(secret === null ? {} : { 'X-Deskmesh-Secret': secret }),
              ...headers,
            },
          }),
          retry: (_outcome, attempt) => (parts.retryMs() ?? RETRY_MS)[attempt - 1] ?? null,
        });
      }
    },
    install({ url, headers, secret }) {
      const rule = { id: rules.get(url)?.id ?? (numbers += 1), url, headers, secret };
      rules.set(url, rule);
      return { ...rule, rules: ['ticket creation', 'ticket updates'] };
    },
    all: () => [...rules.values()],
    count: () => rules.size,
    clear: () => rules.clear(),
  };
}
