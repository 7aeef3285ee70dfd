/** Texts that PostgreSQL can keep: without NUL and without halves of surrogate pairs, which JSON's escapes can bring in. */
import type { Ticket } from '../core/model.ts';

const MAX_REASON = 2000;

export function storableText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  return whole.includes('\u0000') ? whole.replaceAll('\u0000', '') : whole;
}

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
