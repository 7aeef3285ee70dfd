/**
 * The hard cases of each service's vendor: `test/hard-cases/<service>.json` names for each the test that proves it, or the
 * answer why it cannot occur or what is done instead.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createValidator } from '../../src/contracts/validator.ts';

export interface HardCase {
  readonly number: string;
  readonly case: string;
  /** The title of a test, as it stands in the test's source. */
  readonly test?: string;
  readonly answer?: string;
}

const TEXT = { type: 'string', minLength: 1 };
const check = createValidator({
  type: 'array',
  minItems: 1,
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['number', 'case'],
    properties: { number: TEXT, case: TEXT, test: TEXT, answer: TEXT },
    oneOf: [{ required: ['test'] }, { required: ['answer'] }],
  },
});

const TESTS = new URL('../', import.meta.url);

/** Null if the service has no file yet. Throws for a file that is not as it should be. */
export function hardCasesOf(service: string): readonly HardCase[] | null {
  const file = new URL(`hard-cases/${service}.json`, TESTS);
  if (!existsSync(file)) return null;
  const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const faults = check(found);
  if (faults.length > 0) throw new Error(`hard-cases/${service}.json: ${faults.map(({ message }) => message).join('; ')}`);
  const cases = found as readonly HardCase[];
  const twice = cases.map(({ number }) => number).filter((number, i, all) => all.indexOf(number) !== i);
  if (twice.length > 0) throw new Error(`hard-cases/${service}.json: ${twice.join(', ')} stands there twice`);
  return cases;
}

/** A text that is handed over before a function, by `test` or by what `test.each` gave. */
const TITLE = /(?:\b(?:test|it)|\))\s*\(\s*(['"`])((?:\\.|(?!\1)[^\\])+)\1,\s*(?:async\s*)?(?:\(|function|_?[a-z]\w*\s*=>)/g;

/** The titles of all tests, as they stand in the sources and in the cases that are data, each with the files that have it. */
export function titlesOfTests(): ReadonlyMap<string, readonly string[]> {
  const titles = new Map<string, string[]>();
  const note = (title: string, path: string): void => void titles.set(title, [...new Set([...(titles.get(title) ?? []), `test/${path}`])]);
  for (const path of readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).sort()) {
    if (path.endsWith('.ts')) {
      const source = readFileSync(new URL(path, TESTS), 'utf8');
      for (const [, , title = ''] of source.matchAll(TITLE)) note(title.replace(/\\(.)/g, '$1'), path);
    } else if (/^contract\/connectors\/cases\/[^/]+\.json$/.test(path)) {
      const cases = JSON.parse(readFileSync(new URL(path, TESTS), 'utf8')) as readonly { readonly name: string }[];
      for (const { name } of cases) note(name, path);
    }
  }
  return titles;
}

/**
 * Of the files that have a test of some title those that speak of this service: its own, or else those that are about no single
 * one. Empty where only another service has it.
 */
export function filesFor(service: string, files: readonly string[], services: readonly string[]): readonly string[] {
  const longestFirst = services.toSorted((a, b) => b.length - a.length);
  const ownerOf = (path: string): string | undefined => longestFirst.find((name) => new RegExp(`(?:^|-)${name}[.-]`).test(path.slice(path.lastIndexOf('/') + 1)));
  const own = files.filter((path) => ownerOf(path) === service);
  return own.length > 0 ? own : files.filter((path) => ownerOf(path) === undefined);
}
