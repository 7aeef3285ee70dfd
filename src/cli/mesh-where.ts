/** `where` in mesh.yaml: what is wrong with a condition that is a JSON Schema and still cannot mean what its writer wanted. */
import { compileWhere } from '../contracts/where.ts';
import { FIELD_NAMES } from '../core/model.ts';
import type { MeshFault, MeshFile, Path } from './mesh-file.ts';
import { didYouMean } from './mesh-shape.ts';
import { fieldsIn, isFields, type Fields } from './mesh-parts.ts';
import { WORDS } from './mesh-lenses.ts';

const EXAMPLE = 'For instance: { properties: { tags: { contains: { const: vendor } } } }.';
const CUSTOM = 'custom_properties';
/** What a condition can ask about. */
const ASKED: readonly string[] = [...FIELD_NAMES, 'group', CUSTOM];
/** Keywords that hold one schema, and a list of them, each over the same ticket. */
const ONE = ['not', 'if', 'then', 'else'] as const;
const SEVERAL = ['allOf', 'anyOf', 'oneOf'] as const;

/** `customs` are the names of the custom fields that the mesh knows. */
export function whereFaults(file: MeshFile, path: Path, schema: unknown, customs: readonly string[]): readonly MeshFault[] {
  if (!isFields(schema)) return [];
  const wrong = wrongWith(schema);
  if (wrong !== null) return [file.faultAt(path, `This is no JSON Schema: ${wrong}. ${EXAMPLE}`)];
  return overTicket(file, path, schema, customs);
}

/** A condition over a field that no ticket has would be true of all tickets or of none. */
function overTicket(file: MeshFile, path: Path, schema: Fields, customs: readonly string[]): readonly MeshFault[] {
  const unknown = (place: Path, name: string): MeshFault =>
    customs.includes(name)
      ? file.faultAt(place, `A custom field is asked about by its name within ${CUSTOM}. For instance: { properties: { ${CUSTOM}: { contains: { properties: { id: { const: ${name} }, value: { const: gold } } } } } }.`)
      : file.faultAt(place, `Tickets have no field ${name} that a condition could ask about: known are ${ASKED.join(', ')}.${didYouMean(name, ASKED)}`);
  const faults: MeshFault[] = [];
  const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
  for (const [at, name] of required.entries()) if (typeof name === 'string' && !ASKED.includes(name)) faults.push(unknown([...path, 'required', at], name));
  for (const [name, part] of fieldsIn(schema['properties'])) {
    const place = [...path, 'properties', name];
    if (!ASKED.includes(name)) faults.push(unknown(place, name));
    else if (isFields(part)) faults.push(...(name === CUSTOM ? overCustoms(file, place, part, customs) : overWords(file, place, name, part)));
  }
  for (const [place, part] of nested(path, schema)) faults.push(...overTicket(file, place, part, customs));
  return faults;
}

/** Status and priority have closed lists of words: another one is never met. */
function overWords(file: MeshFile, path: Path, field: string, schema: Fields): readonly MeshFault[] {
  const words = WORDS[field];
  if (words === undefined) return [];
  const wrong = (place: Path, word: unknown): readonly MeshFault[] =>
    word === null || words.includes(String(word)) ? [] : [file.faultAt(place, `No ticket ever has the ${field} ${String(word)}: the words are ${words.join(', ')}.${didYouMean(String(word), words)}`)];
  const choices = Array.isArray(schema['enum']) ? (schema['enum'] as unknown[]) : [];
  return [
    ...(schema['const'] === undefined ? [] : wrong([...path, 'const'], schema['const'])),
    ...choices.flatMap((word, at) => wrong([...path, 'enum', at], word)),
    ...nested(path, schema).flatMap(([place, part]) => overWords(file, place, field, part)),
  ];
}

/** The names by which custom fields are asked about are those of the mesh, and not a desk's ids. */
function overCustoms(file: MeshFile, path: Path, schema: Fields, customs: readonly string[]): readonly MeshFault[] {
  const item = schema['contains'];
  const id = isFields(item) && isFields(item['properties']) ? item['properties']['id'] : undefined;
  const name = isFields(id) ? id['const'] : undefined;
  const own =
    typeof name !== 'string' || customs.includes(name)
      ? []
      : [file.faultAt([...path, 'contains', 'properties', 'id', 'const'], `No mirror names a custom field ${name} under custom_fields: known are ${customs.join(', ') || 'none'}.${didYouMean(name, customs)}`)];
  return [...own, ...nested(path, schema).flatMap(([place, part]) => overCustoms(file, place, part, customs))];
}

function nested(path: Path, schema: Fields): readonly (readonly [Path, Fields])[] {
  const parts: readonly { readonly place: Path; readonly part: unknown }[] = [
    ...ONE.map((word) => ({ place: [...path, word], part: schema[word] })),
    ...SEVERAL.flatMap((word) => (Array.isArray(schema[word]) ? (schema[word] as unknown[]) : []).map((part, at) => ({ place: [...path, word, at], part }))),
  ];
  return parts.flatMap(({ place, part }) => (isFields(part) ? [[place, part] as const] : []));
}

/** Why this is no JSON Schema of which a condition can be made; null if it is one. */
export function wrongWith(schema: Fields): string | null {
  if (schema['$async'] !== undefined) return 'a condition answers at once, so $async has no place in it';
  try {
    compileWhere(schema);
    return null;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).slice(0, 200);
  }
}
