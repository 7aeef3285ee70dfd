/**
 * Custom fields: texts inside `ticket-field-entries`, whatever their type. What a field takes is known from
 * `ticket_fields.xml`; before that was read, every field is taken for a text.
 */
import type { CustomProperty, Warning } from '../../core/model.ts';
import { clean } from '../kit/text.ts';
import { xmlText } from '../kit/xml.ts';
import type { ClassicField } from './shapes.ts';

type Kind = 'text' | 'checkbox' | 'integer' | 'decimal' | 'date' | 'dropdown';

export interface FieldLore {
  readonly kind: Kind;
  /** By value and by name in lower case, the value. */
  readonly options: ReadonlyMap<string, string>;
}

/** The account's custom fields by id; null while they are not known. */
export type Fields = ReadonlyMap<string, FieldLore> | null;

/** Type names as the vendor's exports have them; the same in other spellings. */
const KINDS: Readonly<Record<string, Kind>> = {
  text: 'text', textarea: 'text', multiline: 'text', regexp: 'text', creditcard: 'text', partialcreditcard: 'text',
  checkbox: 'checkbox', integer: 'integer', numeric: 'integer', decimal: 'decimal', date: 'date', tagger: 'dropdown', dropdown: 'dropdown',
};
/** Fields that tickets have anyway are among the list and are no custom ones. */
const SYSTEM = /^field(?:subject|description|status|tickettype|priority|group|assignee)$/;

export function fieldsOf(rows: readonly ClassicField[]): NonNullable<Fields> {
  const known = new Map<string, FieldLore>();
  for (const { id, type, is_active: active, custom_field_options: options } of rows) {
    const name = (type ?? '').toLowerCase().replace(/[^a-z]/g, '');
    if (SYSTEM.test(name) || active === 'false') continue;
    const kind = KINDS[name.replace(/^field/, '')] ?? 'text';
    const values = (options ?? []).flatMap(({ name: shown, value }): [string, string][] =>
      value == null ? [] : [...(shown == null ? [] : [[shown.toLowerCase(), value] as [string, string]]), [value.toLowerCase(), value]],
    );
    known.set(id, { kind, options: new Map(values) });
  }
  return known;
}

/** A value as a reading shows it. */
export function readValue(raw: string | null | undefined, id: string, fields: Fields): unknown {
  const kind = fields?.get(id)?.kind;
  if (kind === 'checkbox') return raw === 'true' || raw === '1';
  if (raw == null || raw === '') return null;
  if (kind !== 'integer' && kind !== 'decimal') return raw;
  const number = Number(raw);
  const exact = kind === 'integer' ? Number.isSafeInteger(number) : Number.isFinite(number);
  return exact && /^[+-]?\d+(\.\d+)?$/.test(raw.trim()) ? number : raw;
}

/** What of the properties can be written, as it is written; what cannot is told. */
export function heldValues(
  properties: readonly CustomProperty[],
  fields: Fields,
): { readonly entries: readonly { readonly id: string; readonly value: string | null }[]; readonly warnings: readonly Warning[] } {
  const entries = new Map<string, { readonly id: string; readonly value: string | null }>();
  const warnings: Warning[] = [];
  const leaveOut = (id: string, reason: string): void => void warnings.push({ field: 'custom_properties', reason: `${id.slice(0, 60)}: ${reason}` });
  for (const { id, value } of properties) {
    if (!/^[1-9]\d{0,19}$/.test(id)) leaveOut(id, 'custom fields are known by their number here');
    else if (fields !== null && !fields.has(id)) leaveOut(id, 'this desk has no such custom field');
    else {
      const lore = fields?.get(id) ?? { kind: 'text', options: new Map() };
      const written = value === null || value === '' ? emptyOf(lore) : writtenValue(value, lore);
      if (written === undefined) leaveOut(id, `a field of type ${lore.kind} cannot hold this value`);
      else entries.set(id, { id, value: written });
    }
  }
  return { entries: [...entries.values()], warnings };
}

function emptyOf({ kind }: FieldLore): string | null {
  return kind === 'checkbox' ? 'false' : null;
}

/** Undefined for what cannot be written without loss. */
function writtenValue(value: unknown, { kind, options }: FieldLore): string | undefined {
  const text = typeof value === 'string' ? value.trim() : typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
  switch (kind) {
    case 'checkbox':
      if (typeof value === 'boolean') return String(value);
      return text === 'true' || text === 'false' ? text : text === '1' ? 'true' : text === '0' ? 'false' : undefined;
    case 'integer':
      return text !== undefined && /^-?\d{1,20}$/.test(text) ? text : undefined;
    case 'decimal':
      return text !== undefined && /^-?\d{1,20}(\.\d{1,20})?$/.test(text) ? text : undefined;
    case 'date':
      return text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
    case 'dropdown':
      return text === undefined ? undefined : options.get(text.toLowerCase());
    case 'text': {
      const plain = typeof value === 'boolean' ? String(value) : typeof value === 'string' ? value : text;
      if (plain === undefined) return undefined;
      const held = xmlText(clean(plain));
      return held === plain.replace(/\r\n?/g, '\n') ? held.trim() : undefined;
    }
  }
}
