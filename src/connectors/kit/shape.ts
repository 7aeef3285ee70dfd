/** What comes from outside is validated here, and only then typed: desks' answers, and the settings of an account. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { DeskFailure, type JsonSchema } from '../../ports/connector.ts';
import type { Answer } from './answer.ts';

const answers = new Ajv2020({ strict: true, allowUnionTypes: true });
const defaults = new Ajv2020({ strict: true, allowUnionTypes: true, useDefaults: true });

/** An id as desks write it: a number or a string. */
export const ID = { type: ['integer', 'string'] } as const;
export const TEXT = { type: ['string', 'null'] } as const;
export const NULLABLE_ID = { type: ['integer', 'string', 'null'] } as const;

/** An open object that must have the `required` properties. */
export function object(properties: Readonly<Record<string, unknown>>, required: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, required };
}

export function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

/**
 * A reader of answers: `schema` is the check, `T` is what it promises, so the two stand side by side and name only the
 * fields that are used. A misfit is a `surprise`; its message holds places, never values.
 */
export function shape<T>(what: string, schema: JsonSchema): (answer: Pick<Answer, 'body' | 'status'>) => T {
  const fits = answers.compile<T>(schema);
  return (answer) => {
    const { body } = answer;
    if (fits(body)) return body;
    throw new DeskFailure('surprise', `the answer is not ${what}: ${misfit(fits, body)}`, { status: answer.status });
  };
}

/** The same for a value inside an answer that is one of several shapes: null where it does not fit. */
export function maybe<T>(schema: JsonSchema): (value: unknown) => T | null {
  const fits = answers.compile<T>(schema);
  return (value) => (fits(value) ? value : null);
}

function misfit(fits: ValidateFunction, body: unknown): string {
  if (body === undefined) return 'it is not JSON';
  const fault = fits.errors?.[0];
  return fault === undefined ? 'it does not fit' : `${fault.instancePath === '' ? 'it' : fault.instancePath} ${fault.message ?? 'does not fit'}`;
}

/** A reader of an account's settings, with the schema's defaults filled in; remembered per settings object. */
export function settingsReader<T extends object>(service: string, schema: JsonSchema): (settings: Readonly<Record<string, unknown>>) => T {
  const fits = defaults.compile<T>(schema);
  const known = new WeakMap<object, T>();
  return (settings) => {
    const before = known.get(settings);
    if (before !== undefined) return before;
    const filled: unknown = structuredClone(settings);
    if (!fits(filled)) throw new Error(`settings of ${service}: ${misfit(fits, filled)}`);
    known.set(settings, filled);
    return filled;
  };
}
