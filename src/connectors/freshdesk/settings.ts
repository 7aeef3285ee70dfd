/** An account's settings, as its schema lets them through. */
import settingsSchema from '../../../schemas/desks/freshdesk/settings.schema.json' with { type: 'json' };
import type { Status } from '../../core/model.ts';
import { settingsReader } from '../kit/shape.ts';

export interface Settings {
  readonly find_lag_seconds: number;
  readonly list_lag_seconds: number;
  readonly changes_overlap_seconds: number;
  readonly statuses: Readonly<Record<string, Status>>;
  readonly types: readonly string[];
  readonly public_comments: 'note' | 'reply';
  readonly survey_answers: boolean;
  readonly automatic_comments: boolean;
  readonly requesters: 'create' | 'known' | 'default';
  readonly default_requester_email?: string;
  /** By a field's name in the ticket API, or a custom field's name. */
  readonly defaults: Readonly<Record<string, string | number | boolean>>;
  readonly read_due_dates: boolean;
  readonly merge_note: string;
  readonly max_comment_bytes: number;
  readonly max_attachment_bytes: number;
  readonly webhook_header?: string;
}

export const settingsOf = settingsReader<Settings>('freshdesk', settingsSchema);
