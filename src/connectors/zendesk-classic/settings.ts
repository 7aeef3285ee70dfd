/** The settings of a classic Zendesk account. Much of what the vendor leaves open can be set. */
import type { Account } from '../../ports/connector.ts';
import { settingsReader } from '../kit/shape.ts';
import settingsSchema from '../../../schemas/desks/zendesk-classic/settings.schema.json' with { type: 'json' };

export interface Settings {
  readonly mode: 'agent' | 'end-user';
  readonly view?: number | string;
  readonly view_order: 'updated' | 'any';
  readonly on_behalf_of?: string;
  readonly mark_tickets: 'tag' | 'external-id';
  readonly comment_with_update: boolean;
  readonly twitter_handle?: string;
  readonly webhook_user?: string;
  readonly find_lag_seconds: number;
  readonly list_lag_seconds: number;
  readonly changes_overlap_seconds: number;
  readonly max_comment_bytes: number;
  readonly max_file_bytes: number;
}

export { settingsSchema };
export const settingsOf = settingsReader<Settings>('zendesk-classic', settingsSchema);

/** Throws for what the schemas let through and what cannot work. */
export function workable(account: Account): Settings {
  const settings = settingsOf(account.settings);
  const byHand = account.credentials.webhook_secret !== undefined;
  if (settings.mode === 'agent' && settings.view === undefined) {
    throw new Error('a classic Zendesk lists tickets through views only: name one in this account’s setting view, or set mode to end-user');
  }
  if (settings.mode === 'agent' && settings.on_behalf_of !== undefined) {
    throw new Error('on_behalf_of acts as an end user, who has no tickets.xml: set mode to end-user as well');
  }
  if (byHand !== (settings.webhook_user !== undefined)) {
    throw new Error('the URL target’s user name (setting webhook_user) and password (credential webhook_secret) go together');
  }
  return settings;
}
