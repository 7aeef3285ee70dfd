/** Values made from a JSON Schema: such as fit it, and such as break it in one named place. Seeded, so that a run can be repeated. */

export type Schema = Readonly<Record<string, unknown>>;

/** Numbers in [0, 1), always the same ones for the same seed. */
export type Chance = () => number;

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = <T>(chance: Chance, all: readonly T[]): T => {
  const found = all[Math.floor(chance() * all.length)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
};

export interface Broken {
  readonly value: unknown;
  /** A JSON pointer to what is wrong. */
  readonly path: string;
}

export interface Maker {
  fitting(schema: Schema): unknown;
  /** Null where nothing can break it. */
  breaking(schema: Schema): Broken | null;
}

const WORDS = ['printer', 'on fire', 'Größe', 'zażółć', '火事', '🙂', '<b>bold</b>', 'a & b', '{{ticket.id}}', "O'Brien", 'x'.repeat(300), '%20', '../..', '"quoted"', '\\', ' spaced ', '\u200b', '0', 'null', 'nul \u0000 inside', 'half \ud800 a pair'];

export function makerOf(chance: Chance, resolve: (ref: string) => Schema): Maker {
  const int = (least: number, most: number): number => least + Math.floor(chance() * (most - least + 1));
  const open = (schema: Schema): Schema => (typeof schema['$ref'] === 'string' ? open(resolve(schema['$ref'])) : schema);
  const properties = (schema: Schema): readonly (readonly [string, Schema])[] => Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
  const required = (schema: Schema): readonly string[] => (schema['required'] ?? []) as readonly string[];
  const typesOf = (schema: Schema): readonly string[] => [(schema['type'] ?? []) as string | readonly string[]].flat();

  function text(schema: Schema): string {
    const { format, pattern, minLength = 0, maxLength = 60 } = schema as { format?: string; pattern?: string; minLength?: number; maxLength?: number };
    if (format === 'date-time') return pick(chance, ['2026-01-31T08:00:00Z', '2030-12-01T23:59:59+05:30', '2027-06-01T12:00:00.123Z']);
    if (format === 'uri') return pick(chance, ['https://hooks.invalid/in', 'https://hooks.invalid/x?y=1']);
    if (format === 'uuid') return '0198c5b2-7b1e-7c3a-9d55-0f5e8f6f2a10';
    if (pattern !== undefined) return fitPattern(pattern);
    let made = '';
    while (made.length < Math.max(1, minLength)) made += pick(chance, WORDS);
    return [...made].slice(0, Math.max(minLength, Math.min(maxLength, int(1, 80)))).join('').slice(0, maxLength);
  }

  function fitPattern(pattern: string): string {
    for (const sample of ['ann@example.com', 'acme-3', 'true', '3', 'a-key-of-our-own', 'dm-abcdefghijklmnop']) if (new RegExp(pattern, 'u').test(sample)) return sample;
    throw new Error(`no sample fits ${pattern}`);
  }

  function fitting(given: Schema): unknown {
    const schema = open(given);
    if (schema['const'] !== undefined) return schema['const'];
    if (Array.isArray(schema['enum'])) return pick(chance, schema['enum']);
    if (Array.isArray(schema['anyOf']) && schema['type'] === undefined) return fitting(pick(chance, schema['anyOf'] as Schema[]));
    switch (pick(chance, typesOf(schema).length === 0 ? ['string', 'number', 'boolean', 'null', 'object', 'array'] : typesOf(schema))) {
      case 'string':
        return text(schema);
      case 'integer':
        return int(Number(schema['minimum'] ?? 0), Math.min(Number(schema['maximum'] ?? 1_000), 1_000_000));
      case 'number':
        return chance() * 1_000;
      case 'boolean':
        return chance() < 0.5;
      case 'null':
        return null;
      case 'array':
        return Array.from({ length: int(Number(schema['minItems'] ?? 0), 3) }, () => fitting((schema['items'] ?? {}) as Schema));
      default:
        return object(schema);
    }
  }

  function object(schema: Schema): Record<string, unknown> {
    const made: Record<string, unknown> = {};
    for (const [name, part] of properties(schema)) {
      if ((part as unknown) === false || (part as unknown) === true) continue;
      if (required(schema).includes(name) || chance() < 0.4) made[name] = fitting(part);
    }
    for (const [name, part] of properties(schema)) if (Object.keys(made).length < Number(schema['minProperties'] ?? 0) && typeof part !== 'boolean') made[name] = fitting(part);
    const choices = (schema['anyOf'] ?? []) as readonly Schema[];
    if (choices.length > 0) {
      const choice = pick(chance, choices);
      for (const name of required(choice)) made[name] = fitting({ ...open(Object.fromEntries(properties(schema))[name] ?? {}), type: 'string' });
    }
    return made;
  }

  /** A value of a type that is not among these. */
  function misfit(types: readonly string[]): unknown {
    const all: readonly (readonly [string, unknown])[] = [['string', 'text'], ['integer', 7], ['number', 7.5], ['boolean', true], ['array', [[]]], ['object', { a: 1 }], ['null', null]];
    const fits = (type: string): boolean => types.includes(type) || (type === 'integer' && types.includes('number'));
    return pick(chance, all.filter(([type]) => !fits(type)))[1];
  }

  /** `also`: types that fit although the schema does not name them. */
  function breaking(given: Schema, also: readonly string[] = []): Broken | null {
    const schema = open(given);
    if (Array.isArray(schema['anyOf']) && schema['type'] === undefined) {
      const branch = pick(chance, (schema['anyOf'] as Schema[]).filter((one) => open(one)['type'] !== 'null'));
      if (chance() < 0.3) return { value: misfit([...typesOf(open(branch)), 'null']), path: '' };
      return breaking(branch, ['null']);
    }
    const types = typesOf(schema);
    const ways: (() => Broken | null)[] = [];
    if (Array.isArray(schema['enum'])) ways.push(() => ({ value: pick(chance, ['nonsense', 99, {}]), path: '' }));
    else if (types.length > 0) ways.push(() => ({ value: misfit([...types, ...also]), path: '' }));
    if (types.includes('string')) {
      if (Number(schema['minLength'] ?? 0) > 0) ways.push(() => ({ value: '', path: '' }));
      if (Number(schema['maxLength'] ?? Infinity) < 5_000) ways.push(() => ({ value: 'y'.repeat(Number(schema['maxLength']) + 1), path: '' }));
      if (schema['format'] === 'date-time') ways.push(() => ({ value: pick(chance, ['yesterday', '2026-13-01T00:00:00Z', '2026-01-31']), path: '' }));
      if (schema['pattern'] !== undefined) ways.push(() => ({ value: '!! nothing like it ä', path: '' }));
    }
    if (types.includes('integer')) {
      if (schema['minimum'] !== undefined) ways.push(() => ({ value: Number(schema['minimum']) - 1, path: '' }));
      if (schema['maximum'] !== undefined) ways.push(() => ({ value: Number(schema['maximum']) + 1, path: '' }));
    }
    if (types.includes('array') && schema['items'] !== undefined) {
      ways.push(() => {
        const inner = breaking(schema['items'] as Schema);
        return inner === null ? null : { value: [inner.value], path: `/0${inner.path}` };
      });
    }
    if (types.includes('object')) {
      for (const name of required(schema)) {
        ways.push(() => {
          const { [name]: _, ...rest } = object(schema);
          return { value: rest, path: `/${name}` };
        });
      }
      for (const [name, part] of properties(schema)) {
        if (typeof part === 'boolean') continue;
        ways.push(() => {
          const inner = breaking(part);
          return inner === null ? null : { value: { ...object(schema), [name]: inner.value }, path: `/${name}${inner.path}` };
        });
      }
      if (schema['additionalProperties'] === false) ways.push(() => ({ value: { ...object(schema), surplus: 1 }, path: '/surplus' }));
    }
    if (ways.length === 0) return null;
    return pick(chance, ways)();
  }

  return { fitting, breaking: (schema) => breaking(schema) };
}
