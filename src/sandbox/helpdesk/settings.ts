/** The switches of the fake Helpdesk. Most of them stand where the vendor's pages disagree or are silent, so that every guess can be tried. */

export type Settings = {
  /** Which spelling of pages the desk knows: that of the ticket page, that of the pagination page, or both. */
  paging: 'both' | 'tickets' | 'pagination';
  /** Calls a minute for each key or user. */
  rate_limit: number;
  /** `{error: {code, …}}`, `{code, …}` or `{error: "CODE", message}`. */
  error_envelope: 'nested' | 'flat' | 'word';
  /** What an update of a ticket is answered with. */
  update_answer: 'ticket' | 'bare' | 'empty';
  /** `{messages: […]}`, `{data: […]}` or `[…]`; single messages likewise. */
  message_envelope: 'messages' | 'data' | 'bare';
  /** A new message moves its ticket and dispatches `ticket.updated`. */
  message_moves_ticket: boolean;
  /** Sessions end this many minutes after the last reset, by the desk's clock; null: never. */
  session_minutes: number | null;
  webhook_signature: 'standard-webhooks' | 'stripe' | 'hmac' | 'none';
  /** `{id, type, createdAt, data: {ticket}}`, the ticket with `event` and `sentAt` beside it, or an event that names the id only. */
  webhook_envelope: 'event' | 'flat' | 'thin';
  /** Milliseconds before each retry of a webhook; null for the specification's (5 s to a day, with jitter). */
  webhook_retry_ms: number[] | null;
  /** Refuse webhook targets that are not https, as the vendor does. */
  require_https: boolean;
};

export const DEFAULTS: Settings = {
  paging: 'both',
  rate_limit: 100_000,
  error_envelope: 'nested',
  update_answer: 'ticket',
  message_envelope: 'messages',
  message_moves_ticket: true,
  session_minutes: null,
  webhook_signature: 'standard-webhooks',
  webhook_envelope: 'event',
  webhook_retry_ms: null,
  require_https: false,
};

export const settingsSchema: Readonly<Record<keyof Settings, object>> = {
  paging: { enum: ['both', 'tickets', 'pagination'] },
  rate_limit: { type: 'integer', minimum: 1 },
  error_envelope: { enum: ['nested', 'flat', 'word'] },
  update_answer: { enum: ['ticket', 'bare', 'empty'] },
  message_envelope: { enum: ['messages', 'data', 'bare'] },
  message_moves_ticket: { type: 'boolean' },
  session_minutes: { type: ['integer', 'null'], minimum: 0 },
  webhook_signature: { enum: ['standard-webhooks', 'stripe', 'hmac', 'none'] },
  webhook_envelope: { enum: ['event', 'flat', 'thin'] },
  webhook_retry_ms: { type: ['array', 'null'], items: { type: 'integer', minimum: 0 } },
  require_https: { type: 'boolean' },
};
