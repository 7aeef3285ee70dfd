/**
 * Event webhooks: what happened in one save, told one event at a time to every webhook that subscribed to its type.
 * Sources: developer.zendesk.com "Webhooks" (headers, signature, retries) and "Ticket events", recorded deliveries.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../kit/clock.ts';
import type { Deliveries, Outcome } from '../kit/deliveries.ts';
import { ACCOUNT_ID } from './account.ts';
import type { Comment, Ticket, User } from './model.ts';
import type { Store } from './store.ts';

export const EVENT_PREFIX = 'zen:event-type:ticket.';

/** The ticket events that this desk can raise. */
export const EVENT_NAMES = [
  'created', 'comment_added', 'comment_made_private', 'comment_redacted', 'attachment_linked_to_comment', 'attachment_redacted_from_comment', 'status_changed',
  'custom_status_changed', 'priority_changed', 'type_changed', 'subject_changed', 'tags_changed', 'agent_assignment_changed', 'group_assignment_changed',
  'requester_changed', 'organization_changed', 'external_id_changed', 'task_due_at_changed', 'problem_link_changed', 'brand_changed', 'form_changed',
  'email_ccs_changed', 'followers_changed', 'custom_field_changed', 'merged', 'marked_as_spam', 'soft_deleted', 'undeleted', 'permanently_deleted',
] as const;
export type EventName = (typeof EVENT_NAMES)[number];
/** Event types that a subscription may name though nothing here can cause them. */
export const SILENT_NAMES: readonly string[] = ['description_changed', 'submitter_changed', 'schedule_changed', 'sla_policy_changed', 'ola_policy_changed'];

/** One event of a save; the kit of the bodies (detail, sequence) comes from the save. */
export interface Happening {
  readonly name: EventName;
  readonly event: Readonly<Record<string, unknown>>;
}

/** A webhook as far as deliveries need it. */
export interface Receiver {
  readonly id: string;
  readonly endpoint: string;
  readonly method: string;
  readonly requestFormat: string;
  readonly secret: string;
  readonly subscriptions: ReadonlySet<string>;
  readonly headers: Readonly<Record<string, string>>;
}

/** One call of a webhook with all its attempts, as the vendor's activity page shows it. */
export interface Invocation {
  readonly id: string;
  readonly webhook: string;
  readonly attempts: { readonly id: string; readonly status: number | null; readonly timedOut: boolean; readonly at: string }[];
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Time and chance in 26 characters, the form of webhook and invocation ids. */
export function ulid(now: number): string {
  let time = '';
  for (let rest = now, place = 0; place < 10; place += 1, rest = Math.floor(rest / 32)) time = (CROCKFORD[rest % 32] ?? '0') + time;
  return time + Array.from(randomBytes(16), (byte) => CROCKFORD[byte % 32]).join('');
}

/** Key: the secret as it stands, not decoded. Signed: timestamp and raw body with nothing in between. */
export const signature = (secret: string, timestamp: string, body: string): string =>
  createHmac('sha256', secret).update(timestamp).update(body).digest('base64');

const MAX_TRIES = { conflict: 4, timeout: 6, throttled: 6 };
const RETRY_MS = 1_000;
const INVOCATIONS_KEPT = 1_000;

/** 409 up to three times, time-outs up to five, 429 and 503 when `Retry-After` is below a minute; all else is final. */
export function retryAfter(outcome: Outcome, attempt: number): number | null {
  if (outcome.timedOut) return attempt < MAX_TRIES.timeout ? RETRY_MS * 2 ** (attempt - 1) : null;
  if (outcome.status === 409) return attempt < MAX_TRIES.conflict ? RETRY_MS * 2 ** (attempt - 1) : null;
  if (outcome.status === 429 || outcome.status === 503) {
    const seconds = outcome.retryAfter ?? 60;
    return seconds < 60 && attempt < MAX_TRIES.throttled ? seconds * 1000 : null;
  }
  return null;
}

export const idText = (id: number | null): string | null => (id === null ? null : String(id));
const upper = (word: string | null): string | null => (word === null ? null : word.toUpperCase());

function detail(ticket: Ticket, actor: User): object {
  return {
    actor_id: String(actor.id),
    assignee_id: idText(ticket.assignee_id),
    brand_id: String(ticket.brand_id),
    created_at: ticket.created_at,
    custom_status: String(ticket.custom_status_id),
    description: ticket.comments[0]?.body ?? '',
    external_id: ticket.external_id,
    form_id: String(ticket.ticket_form_id),
    group_id: idText(ticket.group_id),
    id: String(ticket.id),
    is_public: ticket.comments.some((comment) => comment.public),
    organization_id: idText(ticket.organization_id),
    priority: upper(ticket.priority),
    requester_id: String(ticket.requester_id),
    status: ticket.deletion ? 'DELETED' : upper(ticket.status),
    subject: ticket.subject,
    submitter_id: String(ticket.submitter_id),
    tags: ticket.tags,
    type: upper(ticket.type),
    updated_at: ticket.updated_at,
    via: { channel: ticket.via.channel === 'api' ? 'web_service' : ticket.via.channel },
  };
}

export const commentEvent = (comment: Comment, store: Store): Readonly<Record<string, unknown>> => {
  const author = store.users.get(comment.author_id);
  return {
    comment: {
      id: String(comment.id),
      body: comment.body,
      html_body: comment.html_body,
      is_public: comment.public,
      author: { id: String(comment.author_id), is_staff: author !== undefined && author.role !== 'end-user', name: author?.name ?? '' },
    },
  };
};

/** Nine fractional digits, as the vendor sends them; strict parsers trip over these. */
const nanoTime = (now: number): string => `${new Date(now).toISOString().slice(0, 23)}${String(process.hrtime()[1] % 1_000_000).padStart(6, '0')}Z`;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  json: 'application/json; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
  form_encoded: 'application/x-www-form-urlencoded; charset=utf-8',
};

export interface Events {
  raise(ticket: Ticket, actor: User, happenings: readonly Happening[]): void;
  /** Sends one body to one webhook, signed, and again by the vendor's rules. */
  deliver(receiver: Receiver, body: string): void;
  /** Oldest first. */
  invocations(webhook: string): readonly Invocation[];
  /** The headers of one signed call, made at the machine's time: receivers compare it with their own. */
  signed(receiver: Receiver, body: string, invocation: string): Readonly<Record<string, string>>;
  clear(): void;
}

export function createEvents(parts: {
  readonly clock: Clock;
  readonly deliveries: Deliveries;
  readonly receivers: () => Iterable<Receiver>;
}): Events {
  const { clock, deliveries } = parts;
  let log: Invocation[] = [];

  const signed: Events['signed'] = (receiver, body, invocation) => {
    const timestamp = `${new Date().toISOString().slice(0, 19)}Z`;
    return {
      ...receiver.headers,
      'Content-Type': CONTENT_TYPES[receiver.requestFormat] ?? 'application/json; charset=utf-8',
      'User-Agent': 'Zendesk Webhook',
      'X-Zendesk-Account-Id': String(ACCOUNT_ID),
      'X-Zendesk-Webhook-Id': receiver.id,
      'X-Zendesk-Webhook-Invocation-Id': invocation,
      'X-Zendesk-Webhook-Signature': signature(receiver.secret, timestamp, body),
      'X-Zendesk-Webhook-Signature-Timestamp': timestamp,
    };
  };

  function deliver(receiver: Receiver, body: string): void {
    const invocation: Invocation = { id: ulid(Date.now()), webhook: receiver.id, attempts: [] };
    log.push(invocation);
    if (log.length > 2 * INVOCATIONS_KEPT) log = log.slice(-INVOCATIONS_KEPT);
    deliveries.send({
      url: receiver.endpoint,
      method: receiver.method,
      retry: retryAfter,
      compose: () => ({ body, headers: signed(receiver, body, invocation.id) }),
      settled: ({ status, timedOut }) => void invocation.attempts.push({ id: ulid(Date.now()), status, timedOut, at: new Date(clock.now()).toISOString() }),
    });
  }

  return {
    deliver,
    signed,
    invocations: (webhook) => log.filter((invocation) => invocation.webhook === webhook),
    clear() {
      log = [];
    },
    raise(ticket, actor, happenings) {
      const receivers = [...parts.receivers()];
      if (receivers.length === 0 || happenings.length === 0) return;
      const about = detail(ticket, actor);
      const sequence = randomUUID();
      happenings.forEach(({ name, event }, index) => {
        const type = EVENT_PREFIX + name;
        const wanting = receivers.filter(({ subscriptions }) => subscriptions.has(type));
        if (wanting.length === 0) return;
        const payload = {
          type,
          account_id: ACCOUNT_ID,
          id: randomUUID(),
          time: nanoTime(clock.now()),
          zendesk_event_version: '2022-11-06',
          subject: `zen:ticket:${ticket.id}`,
          detail: about,
          event: { ...event, meta: { sequence: { id: sequence, position: index + 1 } } },
        };
        // The real payload is printed with three blanks and ends with a newline; the signature covers exactly that.
        const body = `${JSON.stringify(payload, null, 3)}\n`;
        for (const receiver of wanting) deliver(receiver, body);
      });
    },
  };
}
