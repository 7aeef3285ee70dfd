/** The settings of a HelpSpace account. What the vendor does not document can be set. */
import type { Status } from '../../core/model.ts';
import { settingsReader } from '../kit/shape.ts';
import settingsSchema from '../../../schemas/desks/helpspace/settings.schema.json' with { type: 'json' };

export type CustomType = 'text' | 'number' | 'decimal' | 'boolean' | 'date' | 'dropdown' | 'multiselect';

export interface CustomField {
  readonly type: CustomType;
  readonly options?: readonly string[];
}

export interface Settings {
  readonly channel_id?: number | string;
  readonly default_requester_email?: string;
  readonly sender?: { readonly email: string; readonly name?: string };
  readonly create_tags: boolean;
  readonly custom_fields: Readonly<Record<string, CustomField>>;
  readonly status_words: Readonly<Record<Status, string | number>>;
  readonly status_meanings: Readonly<Record<string, Status>>;
  readonly private_messages: boolean;
  readonly public_types: readonly string[];
  readonly run_rules: boolean;
  readonly notify_agents: boolean;
  readonly find_lag_seconds: number;
  readonly list_lag_seconds: number;
  readonly changes_overlap_seconds: number;
  readonly sweep_pages: number;
  readonly newest_changes_first: boolean;
  readonly max_comment_bytes: number;
  readonly max_files_bytes: number;
  readonly replace_webhook: boolean;
  readonly webhook_header: string;
  readonly event_path: string;
  readonly signature: {
    readonly scheme: 'header-token' | 'hmac' | 'url-token';
    readonly header: string;
    readonly encoding: 'hex' | 'base64';
    readonly prefix: string;
  };
}

export { settingsSchema };
export const settingsOf = settingsReader<Settings>('helpspace', settingsSchema);
