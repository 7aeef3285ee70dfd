/** How two readings of one field are compared: in a normal form that is small, stable and JSON. */
import { createHash } from 'node:crypto';
import { FIELD_NAMES, MIRRORED, type FieldName, type Person, type TicketFields } from './model.ts';
import type { Normal } from './state.ts';

/** Texts up to this length are kept as they are; longer ones as a digest, since they are only ever compared. */
const KEPT_TEXT = 80;

/** The digest that stands for a text wherever only equality matters. */
export function digest(text: string): string {
  return text.length <= KEPT_TEXT ? text : `#${createHash('sha256').update(text).digest('base64url')}`;
}

/** The normal form of a field's value. Absent stays `undefined`; null and empty text are told apart, null and absent too. */
export function normal(field: FieldName, value: unknown): Normal | undefined {
  if (value === undefined) return undefined;
  if (value === null) return MIRRORED[field] === 'set' ? [] : null;
  switch (MIRRORED[field]) {
    case 'text':
      return digest(String(value));
    case 'set':
      return [...new Set(value as readonly string[])].sort();
    case 'person':
      return identity(value as Person);
    case 'exact':
      return value as Normal;
  }
}

/** Who somebody is across desks: the e-mail without case; on one desk, lacking that, the desk's id. */
export function identity(person: Person): string | null {
  if (person.email) return person.email.toLowerCase();
  return person.user_id === null ? null : `id:${person.user_id}`;
}

export function same(a: Normal | undefined, b: Normal | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => x === b[i]);
  return false;
}

/** The normal forms of all mirrored fields that are there. */
export function normalFields(fields: TicketFields): Partial<Record<FieldName, Normal>> {
  const out: Partial<Record<FieldName, Normal>> = {};
  for (const name of FIELD_NAMES) {
    const value = normal(name, fields[name]);
    if (value !== undefined) out[name] = value;
  }
  return out;
}

/** A desk's time as epoch milliseconds, or `otherwise` where there is none to read. */
export function timeOf(iso: string | null, otherwise: number): number {
  if (iso === null) return otherwise;
  const time = Date.parse(iso);
  return Number.isNaN(time) ? otherwise : time;
}
