/** ajv's errors as faults: a JSON pointer, and a sentence that says what would be right. */
import type { ErrorObject } from 'ajv/dist/2020.js';
import type { Fault } from '../errors.ts';

const MAX_PATH = 200;

/** Each fault once, without the errors that only repeat others. */
export function faultsOf(errors: readonly ErrorObject[]): readonly Fault[] {
  const faults = new Map<string, Fault>();
  for (const error of withoutEchoes(errors)) {
    const fault = { path: clip(pathOf(error)), message: sentence(error) };
    faults.set(`${fault.path}\n${fault.message}`, fault);
  }
  return [...faults.values()];
}

/**
 * A value that fits no branch of `anyOf` or `oneOf` gives an error for each branch and one for the whole. Where the branches
 * only ask for other types, or only for one property or another, the whole says it in one sentence; elsewhere the branches' own
 * errors say more. That the value is not the null that one branch allows says nothing.
 */
function withoutEchoes(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const dropped = new Set<ErrorObject>();
  for (const error of errors) {
    if (error.keyword === 'if' && errors.length > 1) dropped.add(error);
    if (error.keyword !== 'anyOf' && error.keyword !== 'oneOf') continue;
    const branches = errors.filter((other) => other.schemaPath.startsWith(`${error.schemaPath}/`));
    const here = branches.filter((branch) => branch.instancePath === error.instancePath);
    const types = here.filter((branch) => branch.keyword === 'type');
    if (branches.length === 0) {
      if (allowsNull(error)) dropped.add(error);
    } else if (types.length === branches.length || isChoice(error, here, branches)) {
      if (types.length === 1 && types[0]?.params['type'] === 'null' && allowsNull(error)) dropped.add(error);
      for (const branch of branches) dropped.add(branch);
    } else {
      dropped.add(error);
      for (const branch of types) if (branch.params['type'] === 'null') dropped.add(branch);
    }
  }
  return errors.filter((error) => !dropped.has(error));
}

/** The branches ask for one property or another, and for nothing else. */
function isChoice(error: ErrorObject, here: readonly ErrorObject[], branches: readonly ErrorObject[]): boolean {
  return error.keyword === 'anyOf' && here.length === branches.length && here.every(({ keyword }) => keyword === 'required');
}

/** Null is one of two branches, and the value is not null: what is wrong with it, the other branch says. */
function allowsNull({ schema, data }: ErrorObject): boolean {
  const branches: readonly unknown[] = Array.isArray(schema) ? schema : [];
  return data !== null && branches.length === 2 && branches.some((branch) => typeof branch === 'object' && branch !== null && 'type' in branch && branch.type === 'null');
}

/** The place of the fault: for a missing or a surplus property, of the property itself. */
function pathOf({ keyword, params, instancePath }: ErrorObject): string {
  const name: unknown =
    keyword === 'required' || keyword === 'dependentRequired' ? params['missingProperty']
    : keyword === 'additionalProperties' ? params['additionalProperty']
    : keyword === 'unevaluatedProperties' ? params['unevaluatedProperty']
    : keyword === 'propertyNames' ? params['propertyName']
    : undefined;
  return name === undefined ? instancePath : `${instancePath}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function sentence(error: ErrorObject): string {
  const { keyword, params, data } = error;
  switch (keyword) {
    case 'required': {
      const due = propertyType(error, String(params['missingProperty']));
      return due === null ? 'This is missing and must be given.' : `This is missing: give ${due}.`;
    }
    case 'dependentRequired':
      return `This is missing and must be given together with ${list(params['property'])}.`;
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return surplus(error);
    case 'type':
      return `This must be ${typesInWords(params['type'])}, not ${inWords(data)}.`;
    case 'enum':
      return `This must be one of ${list(params['allowedValues'])}.`;
    case 'const':
      return `This must be ${list(params['allowedValue'])}.`;
    case 'format':
      return `This must be ${formatInWords(String(params['format']))}.`;
    case 'pattern':
      return `This must match the pattern ${String(params['pattern'])}.`;
    case 'minLength':
      return params['limit'] === 1 ? 'This must not be empty.' : `This must have at least ${String(params['limit'])} characters.`;
    case 'maxLength':
      return `This must have at most ${String(params['limit'])} characters.`;
    case 'minItems':
      return `This list must have at least ${counted(params['limit'], 'entry', 'entries')}.`;
    case 'maxItems':
      return `This list must have at most ${counted(params['limit'], 'entry', 'entries')}.`;
    case 'minProperties':
      return `This object must have at least ${counted(params['limit'], 'property', 'properties')}.`;
    case 'maxProperties':
      return `This object must have at most ${counted(params['limit'], 'property', 'properties')}.`;
    case 'uniqueItems':
      return 'The entries of this list must all differ.';
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return `This must be ${String(params['comparison'])} ${String(params['limit'])}.`;
    case 'multipleOf':
      return `This must be a multiple of ${String(params['multipleOf'])}.`;
    case 'propertyNames':
      return 'This name is not allowed here.';
    case 'not':
    case 'false schema':
      return 'This is not allowed here.';
    case 'anyOf':
    case 'oneOf':
      return branchesInWords(error);
    default:
      return `This ${error.message ?? 'does not fit'}.`;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'null',
  array: 'a list',
  object: 'an object',
};

function typesInWords(type: unknown): string {
  const names = Array.isArray(type) ? type.map(String) : String(type).split(',');
  return names.map((name) => TYPES[name] ?? name).join(' or ');
}

function inWords(data: unknown): string {
  if (data === null) return 'null';
  if (Array.isArray(data)) return 'a list';
  return TYPES[typeof data] ?? 'what it is';
}

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': 'a time in ISO 8601, such as 2026-01-31T08:00:00Z',
  date: 'a date such as 2026-01-31',
  email: 'an e-mail address',
  uri: 'an absolute address such as https://desk.example',
  uuid: 'a UUID',
};

function formatInWords(format: string): string {
  return FORMATS[format] ?? `in the format ${format}`;
}

function counted(limit: unknown, one: string, many: string): string {
  return `${String(limit)} ${limit === 1 ? one : many}`;
}

function list(values: unknown): string {
  const all: readonly unknown[] = Array.isArray(values) ? values : [values];
  const shown = all.slice(0, 12).map((value) => JSON.stringify(value));
  return all.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ');
}

/** The parent schema's `properties`, if it has any. */
function propertiesOf(error: ErrorObject): Readonly<Record<string, unknown>> {
  const held: unknown = error.parentSchema?.['properties'];
  return typeof held === 'object' && held !== null ? Object.fromEntries(Object.entries(held)) : {};
}

function surplus(error: ErrorObject): string {
  const names = Object.keys(propertiesOf(error));
  return names.length === 0 ? 'This is not known here: leave it out.' : `This is not known here: leave it out, or name one of ${list(names)}.`;
}

function propertyType(error: ErrorObject, name: string): string | null {
  const schema = propertiesOf(error)[name];
  if (typeof schema !== 'object' || schema === null) return null;
  if ('const' in schema) return list(schema.const);
  if ('enum' in schema) return `one of ${list(schema.enum)}`;
  return 'type' in schema ? typesInWords(schema.type) : null;
}

/** The types that the branches ask for, if that is all they ask. */
function branchesInWords(error: ErrorObject): string {
  const branches: readonly unknown[] = Array.isArray(error.schema) ? error.schema : [];
  const types = branches.map((branch) => (typeof branch === 'object' && branch !== null && 'type' in branch ? branch.type : null));
  if (error.keyword === 'oneOf' && error.params['passingSchemas'] !== null) return 'This must fit exactly one of the shapes allowed here, and fits several.';
  const required = branches.flatMap((branch) => (typeof branch === 'object' && branch !== null && 'required' in branch && Array.isArray(branch.required) ? branch.required.map(String) : []));
  if (required.length > 0 && required.length === branches.length) return `This must have ${required.join(' or ')}.`;
  if (types.length === 0 || types.includes(null)) return 'This must fit one of the shapes allowed here, and fits none.';
  return `This must be ${types.map(typesInWords).join(' or ')}, not ${inWords(error.data)}.`;
}

function clip(path: string): string {
  return path.length > MAX_PATH ? `${path.slice(0, MAX_PATH - 1)}…` : path;
}
