/** What is used of Zendesk's configuration: fields, statuses, groups, organizations, webhooks, tokens. */
import { ID, list, object, shape, TEXT } from '../kit/shape.ts';
import type { Id, Paged } from './shapes.ts';

/** https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_fields/ */
export interface ZendeskField {
  readonly id: Id;
  readonly type: string;
  readonly active?: boolean | null;
  readonly removable?: boolean | null;
  readonly custom_field_options?: readonly { readonly name?: string | null; readonly value: string }[] | null;
}

/** https://developer.zendesk.com/api-reference/ticketing/tickets/custom_ticket_statuses/ */
export interface ZendeskStatus {
  readonly id: Id;
  readonly status_category: string;
  readonly active?: boolean | null;
}

export interface ZendeskNamed {
  readonly id: Id;
  readonly name: string;
  readonly deleted?: boolean | null;
}

export interface ZendeskWebhook {
  readonly id: Id;
  readonly name?: string | null;
  readonly status?: string | null;
  readonly endpoint?: string | null;
  readonly http_method?: string | null;
  readonly request_format?: string | null;
  readonly subscriptions?: readonly string[] | null;
  readonly created_at?: string | null;
}

const FLAG = { type: ['boolean', 'null'] };
const meta = { type: ['object', 'null'], properties: { has_more: { type: 'boolean' }, after_cursor: TEXT }, required: ['has_more'] };
const WORD = { type: 'string' };
const SECRET = { type: 'string', minLength: 1 };

const field = object(
  {
    id: ID, type: WORD, active: FLAG, removable: FLAG,
    custom_field_options: { type: ['array', 'null'], items: object({ name: TEXT, value: WORD }, ['value']) },
  },
  ['id', 'type'],
);
const named = object({ id: ID, name: WORD, deleted: FLAG }, ['id', 'name']);
const webhook = object(
  {
    id: ID, name: TEXT, status: TEXT, endpoint: TEXT, http_method: TEXT, request_format: TEXT, created_at: TEXT,
    subscriptions: { type: ['array', 'null'], items: WORD },
  },
  ['id'],
);

export const manyFields = shape<{ readonly ticket_fields: readonly ZendeskField[] } & Paged>(
  'a list of ticket fields',
  object({ ticket_fields: list(field), meta }, ['ticket_fields']),
);

export const manyStatuses = shape<{ readonly custom_statuses: readonly ZendeskStatus[] }>(
  'a list of statuses',
  object({ custom_statuses: list(object({ id: ID, status_category: WORD, active: FLAG }, ['id', 'status_category'])) }, ['custom_statuses']),
);

export const manyGroups = shape<{ readonly groups: readonly ZendeskNamed[] } & Paged>('a list of groups', object({ groups: list(named), meta }, ['groups']));

export const manyOrganizations = shape<{ readonly organizations: readonly ZendeskNamed[] } & Paged>(
  'a list of organizations',
  object({ organizations: list(named), meta }, ['organizations']),
);

export const manyWebhooks = shape<{ readonly webhooks: readonly ZendeskWebhook[] } & Paged>(
  'a list of webhooks',
  object({ webhooks: list(webhook), meta }, ['webhooks']),
);

export const oneWebhook = shape<{ readonly webhook: ZendeskWebhook }>('a webhook', object({ webhook }, ['webhook']));

export const signingSecret = shape<{ readonly signing_secret: { readonly secret: string } }>(
  'a signing secret',
  object({ signing_secret: object({ secret: SECRET }, ['secret']) }, ['signing_secret']),
);

/** https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/ */
export const granted = shape<{ readonly access_token: string; readonly refresh_token?: string | null }>(
  'a grant of tokens',
  object({ access_token: SECRET, refresh_token: { type: ['string', 'null'], minLength: 1 } }, ['access_token']),
);
