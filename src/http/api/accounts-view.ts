/** Accounts and what their desks can do, as the API shows them. Pure. */
import type { Capabilities } from '../../core/capabilities.ts';
import type { HookState } from '../../engine/hooks.ts';
import type { Account } from '../../ports/connector.ts';
import { TICKET_FIELDS, type Href } from './tickets-view.ts';

export interface AccountFacts {
  readonly title: string;
  /** Epoch milliseconds. */
  readonly created: number;
  readonly modified: number;
  readonly hook?: HookState | null;
}

/** Never its credentials. The hook's URL holds a secret too: it is shown to whoever has just connected the account. */
export function shownAccount(account: Account, { title, created, modified, hook }: AccountFacts, href: Href): object {
  const { id, name, service, url, credentials, settings, state, stopped_because: because } = account;
  return {
    id,
    api: 'core',
    type: 'account',
    href: href(`/v1/accounts/${id}`),
    account: credentials['email'] ?? name,
    name,
    service,
    service_name: title,
    url,
    admin: null,
    active: state === 'running',
    stopped_because: because,
    created: iso(created),
    modified: iso(modified),
    token_expiry: null,
    refresh_token_expiry: null,
    apis: ['helpdesk'],
    settings,
    ...(hook == null ? {} : { hook: { url: hook.hook_url, status: hook.hook, steps: hook.steps, problem: hook.problem } }),
  };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export function shownCapabilities(account: Account, can: Capabilities, raw: boolean, href: Href): object {
  const { comments, files, tickets, lists } = can;
  return {
    api: 'helpdesk',
    type: 'capabilities',
    href: href(`/v1/accounts/${account.id}/capabilities`),
    service: account.service,
    tickets: {
      fields: Object.fromEntries(TICKET_FIELDS.map((name) => [name, { read: can.reads.includes(name), write: can.fields[name] ?? 'never' }])),
      delete: tickets.delete,
      list: { filters: lists?.filters ?? [], order_by: lists?.orders ?? [] },
      raw,
    },
    comments: {
      list: comments.list,
      create: comments.create,
      private: comments.private,
      edit: comments.edit,
      delete: comments.delete,
      make_private: comments.makePrivate,
      max_bytes: comments.maxBytes,
    },
    files: { download: files.read, upload: files.comment, max_bytes: files.maxBytes, max_total_bytes: files.maxTotalBytes },
  };
}
