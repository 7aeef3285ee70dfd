/** Narrowing of what a client sent, before anything is believed. */
import type { Json } from './desk.ts';

export const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object under `key`, or undefined where there is none. */
export function objectAt(body: unknown, key: string): Json | undefined {
  const value = isJson(body) ? body[key] : undefined;
  return isJson(value) ? value : undefined;
}

export const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** The number that a path or query names, or null: digits only, so `12abc` is not 12. */
export function wholeNumber(text: string | null | undefined): number | null {
  if (text === null || text === undefined || !/^\d{1,16}$/.test(text)) return null;
  return Number(text);
}

/** Milliseconds of an ISO 8601 date or time, offsets included; null when it is none. No zone means UTC. */
export function instant(value: unknown): number | null {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}/.test(value)) return null;
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/i.test(value) || value.length === 10 ? value : `${value}Z`;
  const ms = Date.parse(zoned);
  return Number.isNaN(ms) ? null : ms;
}

export const EMAIL = /^[^\s@<>()[\],;:"\\]+@[^\s@<>()[\],;:"\\]+\.[^\s@<>()[\],;:"\\]+$/;

export const sameValue = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/** As text, whatever it is: an object with a `toString` of its own must not break the desk. */
export const printed = (value: unknown): string => (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value));

/** The number that an id stands for, written as a number or as text; NaN when it is none. */
export const idNumber = (value: unknown): number => (typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN);
