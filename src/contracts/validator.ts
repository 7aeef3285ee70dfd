/** Compiles JSON Schemas (2020-12) into functions that say what is wrong with a value, where, and what would be right. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Fault } from '../errors.ts';
import type { JsonSchema } from '../ports/connector.ts';
import { faultsOf } from './faults.ts';

/** The faults of a value, at most 20; none if it fits. */
export type Validate = (value: unknown) => readonly Fault[];

const MAX_FAULTS = 20;
/** Values of more parts than this get their first fault only: collecting every fault of a huge misfit costs memory without bound. */
const MAX_PARTS = 5000;
const NONE: readonly Fault[] = Object.freeze([]);

/** Throws when the schema itself is wrong. The first pass stops at the first fault; only a misfit pays for the second, which collects all. */
export function createValidator(schema: JsonSchema): Validate {
  const quick = compiler(false).compile(schema);
  let thorough: ValidateFunction | null = null;
  return function validate(value) {
    if (quick(value)) return NONE;
    if (!isSmall(value)) return report(quick.errors);
    thorough ??= compiler(true).compile(schema);
    thorough(value);
    return report(thorough.errors);
  };
}

function report(errors: readonly ErrorObject[] | null | undefined): readonly Fault[] {
  return faultsOf(errors ?? []).slice(0, MAX_FAULTS);
}

const compilers = new Map<boolean, Ajv2020>();

/** One for all schemas, because each has to compile the meta-schema first. */
function compiler(allErrors: boolean): Ajv2020 {
  let ajv = compilers.get(allErrors);
  if (ajv === undefined) {
    ajv = new Ajv2020({
      allErrors,
      strict: true,
      // A branch of `anyOf` may require what its parent describes, and lists of types are plain JSON Schema.
      strictRequired: false,
      strictTuples: false,
      allowUnionTypes: true,
      // Schemas of two connectors, or of two tests, may have the same `$id`.
      addUsedSchema: false,
      verbose: true,
      logger: false,
    });
    formats.default(ajv);
    compilers.set(allErrors, ajv);
  }
  return ajv;
}

function isSmall(value: unknown): boolean {
  const rest: unknown[] = [value];
  let seen = 0;
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    seen += 1;
    if (seen > MAX_PARTS) return false;
    if (typeof next !== 'object' || next === null) continue;
    for (const part of Object.values(next)) {
      if (rest.push(part) > MAX_PARTS) return false;
    }
  }
  return true;
}
