/** `where`: which tickets a mirror is for, as a JSON Schema (2020-12) over the unified ticket. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { CompileWhere } from '../core/rules.ts';

let compiler: Ajv2020 | null = null;

/** Throws for a schema that is none, or that has a word JSON Schema does not know. */
export const compileWhere: CompileWhere = (schema) => {
  if (compiler === null) {
    // People leave out what goes without saying: that tags are a list, for instance.
    compiler = new Ajv2020({ strictSchema: true, strictTypes: false, strictTuples: false, strictRequired: false, addUsedSchema: false, logger: false });
    formats.default(compiler);
  }
  const fits = compiler.compile(schema);
  return (ticket) => fits(ticket) === true;
};
