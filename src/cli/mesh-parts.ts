/** Parts of mesh.yaml before anybody knows that they are what they should be. */

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The entries of what should be an object; none of anything else. */
export function fieldsIn(value: unknown): [string, unknown][] {
  return isFields(value) ? Object.entries(value) : [];
}

/** The texts of what should be a list of them. */
export function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
