/**
 * Values of custom fields: brought to the form that the field's type has, where nothing of them is lost. Pure. What a desk
 * gives back for numbers is not certain (?), a number or its digits, so both read alike.
 * https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_fields/#setting-custom-field-values
 */
import { clean } from '../kit/text.ts';

export interface CustomField {
  readonly type: string;
  readonly active: boolean;
  /** The options of a dropdown: what they are called → the tag that stands for them. */
  readonly options: readonly { readonly name: string; readonly value: string }[];
}

export type Coerced = { readonly value: unknown } | { readonly reason: string };

const WHOLE = /^-?\d{1,15}$/;
const DECIMAL = /^-?\d{1,15}(\.\d{1,15})?$/;
const DAY = /^(\d{4}-\d\d-\d\d)(?:T00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?)?$/;

/** As it is written, and as it reads back. */
export function coerced(field: CustomField, value: unknown): Coerced {
  if (!field.active) return { reason: 'this field is not in use' };
  if (value === null || value === undefined) return { value: emptyOf(field) };
  switch (field.type) {
    case 'text':
    case 'textarea':
    case 'regexp':
      return isScalar(value) ? { value: clean(String(value)) } : { reason: 'a text is needed' };
    case 'checkbox':
      return typeof value === 'boolean' ? { value } : /^(true|false)$/.test(String(value)) ? { value: String(value) === 'true' } : { reason: 'true or false is needed' };
    case 'integer':
      return numberOf(value, WHOLE, 'a whole number is needed');
    case 'decimal':
      return numberOf(value, DECIMAL, 'a number is needed');
    case 'date': {
      const day = DAY.exec(String(value))?.[1];
      return day === undefined || Number.isNaN(Date.parse(day)) ? { reason: 'a day without a time is needed' } : { value: day };
    }
    case 'tagger': {
      const option = isScalar(value) ? optionOf(field, String(value)) : undefined;
      if (value === '') return { value: null };
      return option === undefined ? { reason: 'there is no such option' } : { value: option };
    }
    case 'multiselect': {
      const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
      const options = parts.map((part) => (isScalar(part) ? optionOf(field, String(part)) : undefined));
      const known = options.filter((option) => option !== undefined);
      return known.length < options.length ? { reason: 'there is no such option' } : { value: [...new Set(known)].sort() };
    }
    case 'lookup':
      return isScalar(value) && typeof value !== 'boolean' ? { value: String(value) } : { reason: 'an id is needed' };
    default:
      return { reason: `fields of type ${field.type.slice(0, 40)} are not written` };
  }
}

/** A value as the desk shows it, in the same form. A field of a type that is not known stays as it is. */
export function readCustom(field: CustomField | undefined, raw: unknown): unknown {
  if (field === undefined) return raw ?? null;
  if (raw === null || raw === undefined || raw === '') return field.type === 'text' || field.type === 'textarea' ? (raw ?? null) : emptyOf(field);
  const read = coerced({ ...field, active: true }, raw);
  if ('value' in read) return read.value;
  return field.type === 'multiselect' && Array.isArray(raw) ? [...new Set(raw.map(String))].sort() : raw;
}

/** A checkbox is never without a value, and nothing chosen is an empty choice. */
function emptyOf({ type }: CustomField): unknown {
  return type === 'checkbox' ? false : type === 'multiselect' ? [] : null;
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}

function numberOf(value: unknown, form: RegExp, reason: string): Coerced {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : '';
  if (text === '') return value === '' ? { value: null } : { reason };
  if (!form.test(text)) return { reason };
  const number = Number(text);
  // Digits that a number cannot hold would be lost.
  return plainDigits(text) === plainDigits(String(number)) ? { value: number } : { reason: 'more digits than a number holds' };
}

function plainDigits(text: string): string {
  const [whole = '', fraction = ''] = text.replace(/^-?0+(?=\d)/, (sign) => (sign.startsWith('-') ? '-' : '')).split('.');
  const rest = fraction.replace(/0+$/, '');
  return rest === '' ? whole.replace(/^-0$/, '0') : `${whole}.${rest}`;
}

/** By its tag, or else by its name. */
function optionOf({ options }: CustomField, wanted: string): string | undefined {
  const lower = wanted.trim().toLowerCase();
  return (options.find(({ value }) => value === wanted) ?? options.find(({ value }) => value.toLowerCase() === lower) ?? options.find(({ name }) => name.trim().toLowerCase() === lower))?.value;
}
