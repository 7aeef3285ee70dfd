/** Custom fields: values as their types want them, where nothing is lost by it. */
import { clean } from '../kit/text.ts';
import { isoTime } from '../kit/time.ts';
import type { CustomField } from './settings.ts';

/** The value as HelpSpace would show it, or why it cannot be held. */
export type Coerced = { readonly value: unknown } | { readonly reason: string };

const WHOLE = /^[+-]?\d{1,15}$/;
const DECIMAL = /^[+-]?\d{1,15}(?:\.\d{1,15})?$/;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** Empty is empty in every type; everything else has to be that type's own, or a text or number that says exactly the same. */
export function coerced(value: unknown, field: CustomField): Coerced {
  if (value === null || value === undefined || value === '') return { value: null };
  switch (field.type) {
    case 'text':
      return isScalar(value) ? { value: clean(String(value)) } : { reason: 'it is no text' };
    case 'number':
      return numberFrom(value, WHOLE, Number.isSafeInteger) ?? { reason: 'it is no whole number' };
    case 'decimal':
      return numberFrom(value, DECIMAL, Number.isFinite) ?? { reason: 'it is no number' };
    case 'boolean':
      return truthFrom(value) ?? { reason: 'it is neither true nor false' };
    case 'date':
      return dayFrom(value) ?? { reason: 'it is no date' };
    case 'dropdown':
      return optionFrom(value, field.options) ?? { reason: 'it is none of the options' };
    case 'multiselect':
      return optionsFrom(value, field.options) ?? { reason: 'not each of them is one of the options' };
  }
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function numberFrom(value: unknown, form: RegExp, good: (number: number) => boolean): Coerced | null {
  if (typeof value === 'number') return good(value) ? { value } : null;
  if (typeof value !== 'string' || !form.test(value.trim())) return null;
  const number = Number(value.trim());
  return good(number) ? { value: number } : null;
}

function truthFrom(value: unknown): Coerced | null {
  if (typeof value === 'boolean') return { value };
  const word = typeof value === 'string' ? value.trim().toLowerCase() : value;
  if (word === 'true' || word === 1) return { value: true };
  return word === 'false' || word === 0 ? { value: false } : null;
}

/** A day, or a moment that begins one in UTC: any other moment would lose its hours. */
function dayFrom(value: unknown): Coerced | null {
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (DAY.test(text)) return Number.isNaN(Date.parse(text)) ? null : { value: text };
  const iso = isoTime(text);
  return iso !== null && /T00:00:00(?:\.0+)?Z$/.test(iso) ? { value: iso.slice(0, 10) } : null;
}

/** In the desk's own spelling; without a list of options any text is one. */
function optionFrom(value: unknown, options: readonly string[] | undefined): Coerced | null {
  if (!isScalar(value)) return null;
  const text = clean(String(value)).trim();
  if (options === undefined) return { value: text };
  const known = options.find((option) => option === text) ?? options.find((option) => option.toLowerCase() === text.toLowerCase());
  return known === undefined ? null : { value: known };
}

function optionsFrom(value: unknown, options: readonly string[] | undefined): Coerced | null {
  const chosen: unknown[] = [];
  for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
    const found = optionFrom(one, options);
    if (found === null || !('value' in found)) return null;
    if (!chosen.includes(found.value)) chosen.push(found.value);
  }
  return { value: chosen };
}
