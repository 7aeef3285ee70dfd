/** A trigger for every event, by REST hooks: Zapier subscribes when a Zap is switched on, and unsubscribes when it is switched off. */
import type { Bundle, ZObject } from 'zapier-platform-core';
import samples from './samples.json' with { type: 'json' };

/** What Zapier keeps of a subscription. */
interface Subscribed {
  readonly id: string;
}

interface EventTrigger {
  readonly type: keyof typeof samples;
  readonly noun: string;
  readonly label: string;
  readonly description: string;
}

const EVENTS: readonly EventTrigger[] = [
  { type: 'ticket.created', noun: 'Ticket', label: 'New Ticket', description: 'Triggers when a person creates a ticket on a desk.' },
  { type: 'ticket.updated', noun: 'Ticket', label: 'Updated Ticket', description: 'Triggers when a person changes a ticket on a desk.' },
  { type: 'ticket.assignment.changed', noun: 'Ticket', label: 'Reassigned Ticket', description: 'Triggers when a ticket is assigned to somebody else.' },
  { type: 'ticket.deleted', noun: 'Ticket', label: 'Deleted Ticket', description: 'Triggers when a person deletes a ticket on a desk.' },
  { type: 'comment.created', noun: 'Comment', label: 'New Comment', description: 'Triggers when a person writes a comment on a desk.' },
  { type: 'comment.updated', noun: 'Comment', label: 'Updated Comment', description: 'Triggers when a person edits or hides a comment on a desk.' },
  { type: 'comment.deleted', noun: 'Comment', label: 'Deleted Comment', description: 'Triggers when a person deletes a comment on a desk.' },
  { type: 'account.stopped', noun: 'Account', label: 'Stopped Account', description: 'Triggers when a desk lets Deskmesh in no more.' },
  { type: 'account.resumed', noun: 'Account', label: 'Resumed Account', description: 'Triggers when a desk that was stopped works again.' },
  { type: 'operation.parked', noun: 'Operation', label: 'Parked Operation', description: 'Triggers when a write waits for a person.' },
];

const ACCOUNT = {
  key: 'account',
  label: 'Account',
  type: 'integer',
  required: false,
  dynamic: 'account.id.name',
  helpText: 'Only what happens on this desk; leave it empty for every desk.',
} as const;
const PRIVATE = {
  key: 'private',
  label: 'Private comments, too?',
  type: 'boolean',
  required: false,
  default: 'false',
  helpText: 'Whether this Zap is told of comments that customers do not see.',
} as const;

export const eventTriggers = EVENTS.map(({ type, noun, label, description }) => ({
  key: type.replaceAll('.', '_'),
  noun,
  display: { label, description },
  operation: {
    type: 'hook',
    inputFields: noun === 'Comment' ? [ACCOUNT, PRIVATE] : [ACCOUNT],
    async performSubscribe(z: ZObject, bundle: Bundle & { readonly targetUrl?: string }): Promise<Subscribed> {
      const { account, private: shut } = bundle.inputData;
      const response = await z.request<Subscribed>({
        method: 'POST',
        url: '/v1/subscriptions',
        body: {
          url: bundle.targetUrl,
          events: [type],
          format: 'zapier',
          description: `Zapier: ${label}`,
          ...(account === undefined ? {} : { accounts: [Number(account)] }),
          ...(shut === true ? { private: true } : {}),
        },
      });
      return { id: response.data.id };
    },
    async performUnsubscribe(z: ZObject, bundle: Bundle & { readonly subscribeData?: Subscribed }): Promise<object> {
      const response = await z.request<object>({ method: 'DELETE', url: `/v1/subscriptions/${encodeURIComponent(bundle.subscribeData?.id ?? '')}` });
      return response.data ?? {};
    },
    perform: (_z: ZObject, bundle: Bundle & { readonly cleanedRequest?: unknown }) => [bundle.cleanedRequest],
    async performList(z: ZObject, bundle: Bundle): Promise<readonly object[]> {
      const { account } = bundle.inputData;
      const response = await z.request<readonly object[]>({
        url: '/v1/subscriptions/samples',
        params: { events: type, ...(account === undefined ? {} : { account_id: String(account) }) },
      });
      return response.data;
    },
    sample: samples[type],
  },
}));

/** The connected desks, for the fields in which one is chosen. */
export const accountList = {
  key: 'account',
  noun: 'Account',
  display: { label: 'Accounts', description: 'The connected desks.', hidden: true },
  operation: {
    type: 'polling',
    canPaginate: true,
    async perform(z: ZObject, bundle: Bundle): Promise<readonly object[]> {
      const page = bundle.meta.page === 0 ? null : await z.cursor.get();
      const response = await z.request<{ readonly objects: readonly { readonly id: number; readonly name: string }[]; readonly next_page: string | null }>({
        url: '/v1/accounts',
        params: { page_size: 100, ...(page === null ? {} : { page }) },
      });
      const { objects, next_page: next } = response.data;
      if (next !== null) await z.cursor.set(next);
      return objects.map(({ id, name }) => ({ id, name }));
    },
    sample: { id: 1, name: 'support' },
  },
} as const;
