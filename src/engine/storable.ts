/** What PostgreSQL can keep of reasons, tickets and ids. */
import type { Ticket } from '../core/model.ts';
import { storableText } from '../core/storable.ts';

const MAX_REASON = 2000;

/** A reason for a person to read: storable, and not longer than anybody reads. */
export function storableReason(text: string): string {
  const cut = text.length > MAX_REASON ? `${text.slice(0, MAX_REASON - 1)}…` : text;
  return storableText(cut);
}

export function storableTicket(ticket: Ticket): Ticket {
  return clean(ticket) as Ticket;
}

/** Any JSON value, with every text in it made storable. */
export function storableJson(value: unknown): unknown {
  return clean(value);
}

/** An id or a key as a desk would give it: neither empty nor long, and nothing invisible in it. */
export function isPlainId(text: string): boolean {
  return text.length > 0 && text.length <= 200 && !CONTROLS.test(text) && text.isWellFormed();
}

const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/;

function clean(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [storableText(name), clean(held)]));
}
