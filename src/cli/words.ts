/** How values and times are shown to people. */

const LONGEST = 100;

/** A value in one line, cut where it is long. Absent is told apart from null and from empty. */
export function shownValue(value: unknown): string {
  if (value === undefined) return 'absent';
  const text = typeof value === 'string' ? `“${value}”` : isPerson(value) ? (value.email ?? value.name ?? 'somebody without an address') : (JSON.stringify(value) ?? 'absent');
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}

function isPerson(value: unknown): value is { readonly email: string | null; readonly name: string | null } {
  return typeof value === 'object' && value !== null && 'email' in value && 'name' in value && 'user_id' in value;
}

/** Several values by name: `status “open”, tags []`. */
export function shownValues(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values).map(([name, value]) => `${name} ${shownValue(value)}`).join(', ');
}

/** `2026-01-31T08:00:00.123Z`, or null for no time. */
export function isoOf(ms: number): string;
export function isoOf(ms: number | null): string | null;
export function isoOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** `1 ticket`, `2 tickets`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
