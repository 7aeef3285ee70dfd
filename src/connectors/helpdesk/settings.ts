/** The settings of a Helpdesk account. Much of what they say is not documented by the vendor, so it can be set. */
import { settingsReader } from '../kit/shape.ts';
import settingsSchema from '../../../schemas/desks/helpdesk/settings.schema.json' with { type: 'json' };

export interface Settings {
  readonly find_lag_seconds: number;
  readonly list_lag_seconds: number;
  readonly changes_overlap_seconds: number;
  /** E-mail address → agent id. */
  readonly agents?: Readonly<Record<string, string>>;
  /** The custom field that holds the description. */
  readonly description_field?: string;
  /** The description is the ticket's first message, which is one of type `request`. */
  readonly description_message: boolean;
  readonly max_comment_bytes: number;
  /** With `{id}` and `{token}`. */
  readonly attachment_url?: string;
  readonly envelope: { readonly idPath: string; readonly typePath: string; readonly ticketPath: string; readonly timePath: string };
  readonly signature: {
    readonly scheme: 'standard-webhooks' | 'stripe' | 'hmac' | 'header-token' | 'url-token' | 'none';
    readonly header: string;
    readonly encoding: 'base64' | 'hex';
    readonly prefix: string;
    readonly timestampHeader: string | null;
    readonly toleranceSec: number | null;
  };
}

export { settingsSchema };
export const settingsOf = settingsReader<Settings>('helpdesk', settingsSchema);
