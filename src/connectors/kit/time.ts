/** Desks' times, brought to ISO 8601 in UTC. */

const PLAIN = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{3})?Z$/;
const ZONELESS = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/;

/** A desk's time with whatever fraction and offset, as `…Z`; milliseconds only if it has a fraction. Null if it is no time. */
export function isoTime(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (PLAIN.test(value)) return value;
  const time = Date.parse(ZONELESS.test(value) ? `${value.replace(' ', 'T')}Z` : value);
  if (Number.isNaN(time)) return null;
  const iso = new Date(time).toISOString();
  return /\.\d/.test(value) ? iso : wholeSeconds(iso);
}

/** The same in whole seconds: the form of `due_at`. */
export function isoSeconds(value: unknown): string | null {
  const iso = isoTime(value);
  return iso === null ? null : wholeSeconds(iso);
}

function wholeSeconds(iso: string): string {
  return iso.replace(/\.\d+Z$/, 'Z');
}
