/** What a desk answered, and how its JSON is read. */
import type { IncomingHttpHeaders } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body read as JSON, whatever its content type says; undefined where it is not JSON. */
  readonly body: unknown;
}

/** Reads JSON by what it looks like. Whole numbers beyond 2^53 become strings, so that no id is rounded. */
export function parseJson(text: string): unknown {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  if (body.trim() === '' || body.trimStart().startsWith('<')) return undefined;
  try {
    return /[[:,\s]-?\d{16}/.test(body) ? parseExactly(body, keepLong) : JSON.parse(body);
  } catch {
    return undefined;
  }
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;
/** The library's types do not know the third argument of a reviver yet. */
const parseExactly = JSON.parse as (text: string, reviver: Reviver) => unknown;

const keepLong: Reviver = (_key, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source) ? source : value;
