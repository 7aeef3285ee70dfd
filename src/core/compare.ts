/** How two readings of one field are compared: in a normal form that is small, stable and JSON. */
import { createHash } from 'node:crypto';
import type { Values } from './lens.ts';
import { kindOf, type LinkField, type Person } from './model.ts';
import type { Normal } from './state.ts';

/** Texts up to this length are kept as they are; longer ones as a digest, since they are only ever compared. */
const KEPT_TEXT = 80;

/** The digest that stands for a text wherever only equality matters. */
export function digest(text: string): string {
  return text.length <= KEPT_TEXT ? text : `#${createHash('sha256').update(text).digest('base64url')}`;
}

/** The normal form of a field's value. Absent stays `undefined`; null and empty text are told apart, null and absent too. */
export function normal(field: LinkField, value: unknown): Normal | undefined {
  if (value === undefined) return undefined;
  if (value === null) return kindOf(field) === 'set' ? [] : null;
  switch (kindOf(field)) {
    case 'text':
      return wordsDigest(String(value));
    case 'set':
      return [...new Set(value as readonly string[])].sort();
    case 'person':
      return identity(value as Person);
    case 'exact':
      return value as Normal;
    case 'any':
      return anything(value);
  }
}

/** A custom field's value: several are a set, an empty text is none, and what is neither text, number nor truth value is compared as JSON. */
function anything(value: unknown): Normal {
  if (Array.isArray(value)) return [...new Set(value.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))))].sort();
  if (typeof value === 'string') return value === '' ? null : digest(value);
  return typeof value === 'number' || typeof value === 'boolean' ? value : digest(JSON.stringify(value));
}

const IMAGES = /<img\b(?:[^>"']|"[^"]*"|'[^']*')*>/gi;

/** The digest of a text's words. Every desk keeps its images at addresses of its own, so these are no part of them. */
export function wordsDigest(html: string): string {
  return digest(html.includes('<img') || html.includes('<IMG') ? html.replace(IMAGES, '<img>') : html);
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

/** The normal forms of the values that are there, of these fields. */
export function normalFields(values: Values, names: readonly LinkField[]): Partial<Record<LinkField, Normal>> {
  const out: Partial<Record<LinkField, Normal>> = {};
  for (const name of names) {
    const value = normal(name, values[name]);
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
