/** A part of mesh.yaml held against its JSON Schema, and the faults told in the words of the file. */
import { createValidator } from '../contracts/validator.ts';
import type { Fault } from '../errors.ts';
import type { JsonSchema } from '../ports/connector.ts';
import type { MeshFault, MeshFile, Path } from './mesh-file.ts';

/** The faults of the value at `path` of the file. */
export type ShapeCheck = (file: MeshFile, path: Path, value: unknown) => readonly MeshFault[];

export function shapeCheck(schema: JsonSchema): ShapeCheck {
  const validate = createValidator(schema);
  const forms = formsOf(schema);
  return (file, path, value) => {
    const faults = validate(value);
    if (faults.length === 0) return [];
    return inFormWords(faults, forms, value)
      .map((fault) => ({ ...fault, place: placeOf(fault.path, value) }))
      .filter(({ place }) => !file.isUnfilled([...path, ...place]))
      .map(({ place, message }) => {
        const shown = file.isFilledIn([...path, ...place]) ? undefined : valueAt(value, place);
        return file.faultAt([...path, ...place], message + hint(message, schema, place, shown));
      });
  };
}

/** The one of `known` that was probably meant; null if none is near. */
export function nearest(word: string, known: readonly string[]): string | null {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_ ]/g, '');
  const ranked = known.map((name) => ({ name, far: distance(plain(word), plain(name)) })).sort((a, b) => a.far - b.far);
  const [best] = ranked;
  return best !== undefined && best.far <= Math.min(3, Math.floor(best.name.length / 2)) ? best.name : null;
}

export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === null ? '' : ` Did you mean ${meant}?`;
}

/** What would be right, from the schema at that place. `value` is undefined where it is not to be shown. */
function hint(message: string, schema: JsonSchema, place: Path, value: unknown): string {
  const { description, enum: choices } = schemaAt(schema, place) ?? {};
  const about = typeof description === 'string' ? description : '';
  if (message.startsWith('This is missing')) return about === '' ? '' : ` ${about}`;
  if (message.startsWith('This must match the pattern')) return about === '' ? '' : ` It is: ${about}`;
  if (message.startsWith('This is not known here')) {
    const properties = schemaAt(schema, place.slice(0, -1))?.['properties'];
    return didYouMean(String(place.at(-1)), Object.keys((properties as object | undefined) ?? {}));
  }
  if (Array.isArray(choices) && typeof value === 'string') return didYouMean(value, choices.map(String));
  if (message.startsWith('This must be a string')) {
    if (value === null) return ' Nothing stands after the colon.';
    if (typeof value === 'number' || typeof value === 'boolean') return ' Put it in quotes.';
    // What begins with a brace is an object to YAML, unless it stands in quotes.
    if (typeof value === 'object' && value !== null && Object.keys(value).some((key) => key.startsWith('{'))) return ' A text with places stands in quotes.';
  }
  return '';
}

/** The sets of keys of which a whole one must be given, where a schema has alternatives. */
function formsOf(schema: JsonSchema): readonly (readonly string[])[] {
  const root = schemaAt(schema, []);
  const branches: unknown = root?.['oneOf'] ?? root?.['anyOf'];
  if (!Array.isArray(branches)) return [];
  const forms = branches.map((branch: { readonly required?: readonly string[] }) => branch.required ?? []);
  return forms.every((form) => form.length > 0) ? forms : [];
}

/** Each alternative alone would call its own keys missing; together they are one choice, so it is told as one. */
function inFormWords(faults: readonly Fault[], forms: readonly (readonly string[])[], value: unknown): readonly Fault[] {
  if (forms.length === 0 || typeof value !== 'object' || value === null || Array.isArray(value)) return faults;
  const keys = new Set(Object.keys(value));
  const ofForms = new Set(forms.flat().filter((key) => !keys.has(key)).map((key) => `/${key}`));
  const others = faults.filter(({ path }) => path !== '' && !ofForms.has(path));
  if (others.length === faults.length) return faults;
  const choice = forms.map((form) => form.join(' and ')).join(', or ');
  const begun = forms.some((form) => form.every((key) => keys.has(key))) ? 'This mixes what excludes each other' : 'Something is missing here';
  return [{ path: '', message: `${begun}: give either ${choice}.` }, ...others];
}

function schemaAt(schema: JsonSchema, place: Path): Record<string, unknown> | null {
  let at: unknown = schema;
  for (const part of [null, ...place]) {
    if (part !== null) at = below(at as Record<string, unknown>, part);
    const reference = (at as { readonly $ref?: string } | null | undefined)?.$ref;
    if (reference !== undefined) at = valueAt(schema, reference.replace(/^#\//, '').split('/'));
    if (typeof at !== 'object' || at === null) return null;
  }
  return at as Record<string, unknown>;
}

function below({ properties, items, additionalProperties }: Record<string, unknown>, part: string | number): unknown {
  if (typeof part === 'number') return items;
  return valueAt(properties, [part]) ?? additionalProperties;
}

function valueAt(value: unknown, place: Path): unknown {
  let at = value;
  for (const part of place) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string | number, unknown>)[part];
  }
  return at;
}

/** A JSON pointer as keys and, within lists, indexes. */
function placeOf(pointer: string, value: unknown): Path {
  const place: (string | number)[] = [];
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    place.push(Array.isArray(valueAt(value, place)) ? Number(key) : key);
  }
  return place;
}

/** How many letters must be put in, taken out or exchanged to make one word of the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1)
      next.push(Math.min((row[j] ?? 0) + (b[j] === letter ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    row = next;
  }
  return row[b.length] ?? 0;
}
