/** Custom fields: their types, dependent levels, sections, and what the account's form asks for. */
import type { Json } from '../kit/desk.ts';
import { isJson } from '../kit/json.ts';
import { CUSTOM_FIELDS, type CustomField } from './catalog.ts';
import { badDate, invalidField, notA, notOneOf, type Problem } from './errors.ts';

const keyOf = (name: string): string => `custom_fields.${name}`;

function typeProblem(field: CustomField, value: unknown): Problem | null {
  const name = keyOf(field.name);
  if (value === null) return null;
  switch (field.type) {
    case 'custom_checkbox':
      return typeof value === 'boolean' ? null : notA(name, 'Boolean');
    case 'custom_number':
      return Number.isInteger(value) ? null : notA(name, 'Integer');
    case 'custom_decimal':
      return typeof value === 'number' ? null : notA(name, 'Float');
    case 'custom_date':
      return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? null : badDate(name, 'yyyy-mm-dd');
    case 'custom_dropdown':
      return typeof value === 'string' && field.choices?.includes(value) ? null : notOneOf(name, field.choices ?? []);
    case 'nested_field':
      return null;
    default:
      return typeof value === 'string' ? null : notA(name, 'String');
  }
}

const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === '';
const own = <T>(of: Readonly<Record<string, T>> | undefined, key: unknown): T | undefined =>
  of !== undefined && typeof key === 'string' && Object.hasOwn(of, key) ? of[key] : undefined;

/**
 * The three levels of a dependent field, checked as a chain: a lower one needs the one above it. One that no longer fits
 * the level above, and is not written anew, is emptied. (The rule is pieced together.)
 */
function checkNested(field: CustomField, given: Json, merged: Json, problems: Problem[]): void {
  const [second, third] = field.levels ?? ['', ''];
  const names = [field.name, second, third];
  if (!names.some((name) => name in given)) return;
  const [one, two] = [merged[field.name], merged[second]];
  const middle = own(field.tree, one);
  const allowed = [Object.keys(field.tree ?? {}), Object.keys(middle ?? {}), own(middle, two) ?? []];
  names.forEach((name, level) => {
    const value = merged[name];
    if (isEmpty(value) || (typeof value === 'string' && allowed[level]?.includes(value))) return;
    if (name in given) problems.push(notOneOf(keyOf(name), allowed[level] ?? []));
    else merged[name] = null;
  });
}

/** All custom fields after the write; what is wrong goes to `problems`. A field of a section that is not shown cannot be set. */
export function readCustom(input: unknown, before: Json, type: string | null, problems: Problem[]): Json {
  if (!isJson(input)) {
    problems.push(notA('custom_fields', 'key/value pair'));
    return before;
  }
  const merged: Json = { ...before };
  for (const [name, value] of Object.entries(input)) {
    const field = CUSTOM_FIELDS.find((known) => known.name === name || known.levels?.includes(name));
    if (field === undefined) problems.push(invalidField(keyOf(name)));
    else if (field.section !== undefined && field.section !== type && !isEmpty(value)) {
      problems.push({ ...invalidField(keyOf(name)), code: 'incompatible_field' });
    } else {
      const problem = field.name === name ? typeProblem(field, value) : typeof value === 'string' || value === null ? null : notA(keyOf(name), 'String');
      if (problem) problems.push(problem);
    }
    Object.defineProperty(merged, name, { value, writable: true, enumerable: true, configurable: true });
  }
  for (const field of CUSTOM_FIELDS) if (field.type === 'nested_field') checkNested(field, input, merged, problems);
  return merged;
}

/** What a field of this type is told to be when it is missing, as live accounts word it. */
export function absent(name: string): Problem {
  const field = CUSTOM_FIELDS.find((known) => known.name === name);
  const key = field === undefined ? name : keyOf(name);
  switch (field?.type) {
    case 'custom_checkbox':
      return notA(key, 'Boolean', 'missing_field');
    case 'custom_number':
      return notA(key, 'Integer', 'missing_field');
    case 'custom_decimal':
      return notA(key, 'Float', 'missing_field');
    case 'custom_dropdown':
      return notOneOf(key, field.choices ?? [], 'missing_field');
    case 'custom_date':
      return { ...badDate(key, 'yyyy-mm-dd'), code: 'missing_field' };
    default:
      return notA(key, 'String', 'missing_field');
  }
}

/** Which of the named fields are empty: custom ones, or a ticket's own by their key there. */
export function unfilled(names: readonly string[], ticket: Json, custom: Json, type: string | null): readonly string[] {
  return names.filter((name) => {
    const field = CUSTOM_FIELDS.find((known) => known.name === name);
    if (field === undefined) return isEmpty(ticket[name]);
    const shown = field.section === undefined || field.section === type;
    return shown && isEmpty(custom[name]);
  });
}
