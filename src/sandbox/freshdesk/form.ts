/**
 * What a write brings, as JSON or as a multipart form. In a form everything is text: lists are `tags[]`, custom fields
 * `custom_fields[cf_ref]`, files `attachments[]`, and numbers and flags are read by what their key expects.
 */
import type { Call, Json } from '../kit/desk.ts';
import type { FormPart } from '../kit/form.ts';
import { isJson } from '../kit/json.ts';
import { CUSTOM_FIELDS } from './catalog.ts';
import { notA, validationFailed, type Problem } from './errors.ts';

export type FilePart = Extract<FormPart, { readonly filename: string }>;

export interface Input {
  readonly fields: Json;
  readonly files: readonly FilePart[];
  /** What is wrong with the form itself; reported with all the rest. */
  readonly problems: readonly Problem[];
}

const NUMBERS: ReadonlySet<string> = new Set([
  'status', 'priority', 'source', 'responder_id', 'group_id', 'company_id', 'requester_id', 'user_id', 'product_id', 'email_config_id', 'parent_id',
]);
const FLAGS: ReadonlySet<string> = new Set(['private', 'incoming']);
const NOT_A_FILE: Problem = { field: 'attachments', message: 'It should contain elements of type valid file format only', code: 'datatype_mismatch' };

const number = (text: string): unknown => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
const flag = (text: string): unknown => (text === 'true' ? true : text === 'false' ? false : text);

function custom(name: string, text: string): unknown {
  const type = CUSTOM_FIELDS.find((field) => field.name === name)?.type;
  if (type === 'custom_number' || type === 'custom_decimal') return number(text);
  return type === 'custom_checkbox' ? flag(text) : text;
}

/** Refuses a body that is neither an object nor a form. */
export function readInput({ form, body }: Call): Input {
  if (form === null) {
    if (!isJson(body)) throw validationFailed([notA('request', 'JSON object')]);
    const { attachments, ...fields } = body;
    // JSON holds no files: an empty list is let pass.
    const fits = attachments === undefined || (Array.isArray(attachments) && attachments.length === 0);
    return { fields, files: [], problems: fits ? [] : [Array.isArray(attachments) ? NOT_A_FILE : notA('attachments', 'Array')] };
  }
  const fields: Json = {};
  const files: FilePart[] = [];
  const problems: Problem[] = [];
  for (const part of form) {
    const [, key = '', inner] = /^([^[\]]+)(?:\[([^[\]]*)\])?$/.exec(part.name) ?? [];
    if ('filename' in part) {
      if (key === 'attachments' && inner === '') files.push(part);
      else problems.push(key === 'attachments' ? notA('attachments', 'Array') : notA(key === '' ? part.name : key, 'String'));
    } else if (key === 'attachments') problems.push(inner === '' ? NOT_A_FILE : notA('attachments', 'Array'));
    else if (inner === '') {
      const before: unknown = Object.hasOwn(fields, key) ? fields[key] : undefined;
      define(fields, key, Array.isArray(before) ? [...before, part.value] : [part.value]);
    } else if (inner !== undefined) {
      const before: unknown = Object.hasOwn(fields, key) ? fields[key] : undefined;
      const nested: Json = isJson(before) ? before : {};
      define(nested, inner, custom(inner, part.value));
      define(fields, key, nested);
    } else define(fields, key === '' ? part.name : key, NUMBERS.has(key) ? number(part.value) : FLAGS.has(key) ? flag(part.value) : part.value);
  }
  return { fields, files, problems };
}

/** A key such as `__proto__` is only a key. */
function define(into: Json, key: string, value: unknown): void {
  Object.defineProperty(into, key, { value, writable: true, enumerable: true, configurable: true });
}
