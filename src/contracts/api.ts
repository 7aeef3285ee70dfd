/** The schemas of the API, `schemas/api/*.json`, under their names; each refers to others by file name. */
import { readdirSync, readFileSync } from 'node:fs';
import type { JsonSchema } from '../ports/connector.ts';
import { createValidator, type Validate } from './validator.ts';

export interface ApiSchemas {
  /** Without `.json`. */
  readonly names: readonly string[];
  /** One schema, with its references written as `prefix` and the name that `rename` makes of the other's. Throws for an unknown name. */
  schema(name: string, prefix: string, rename?: (name: string) => string): JsonSchema;
  /** Compiled on the first call. */
  validator(name: string): Validate;
}

const FOLDER = new URL('../../schemas/api/', import.meta.url);

let loaded: ApiSchemas | null = null;

/** Reads the folder on the first call. */
export function apiSchemas(): ApiSchemas {
  loaded ??= load();
  return loaded;
}

function load(): ApiSchemas {
  const files = new Map<string, JsonSchema>();
  for (const file of readdirSync(FOLDER).sort()) {
    if (file.endsWith('.json')) files.set(file.slice(0, -'.json'.length), JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as JsonSchema);
  }
  const validators = new Map<string, Validate>();

  function schema(name: string, prefix: string, rename = (other: string): string => other): JsonSchema {
    const found = files.get(name);
    if (found === undefined) throw new Error(`There is no schema schemas/api/${name}.json.`);
    const { $schema: _, $id: __, ...rest } = found;
    return moved(rest, (other) => `${prefix}${rename(other)}`) as JsonSchema;
  }

  return {
    names: [...files.keys()],
    schema,
    validator(name) {
      let validate = validators.get(name);
      if (validate === undefined) {
        const $defs = Object.fromEntries([...files.keys()].map((other) => [other, schema(other, '#/$defs/')]));
        validate = createValidator({ $ref: `#/$defs/${name}`, $defs });
        validators.set(name, validate);
      }
      return validate;
    },
  };
}

/** The same value with every `"$ref": "<name>.json"` pointing elsewhere. */
function moved(value: unknown, to: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => moved(item, to));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]: [string, unknown]) =>
      key === '$ref' && typeof part === 'string' && part.endsWith('.json') ? [key, to(part.slice(0, -'.json'.length))] : [key, moved(part, to)],
    ),
  );
}
