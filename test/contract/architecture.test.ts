/** Who may import whom, and what may be used where: read from the sources as text. */
import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const SRC = new URL('../../src/', import.meta.url).pathname;

interface Source {
  /** Relative to src. */
  readonly path: string;
  readonly text: string;
  /** Files of ours, relative to src. */
  readonly files: readonly string[];
  /** Packages and `node:` modules. */
  readonly packages: readonly string[];
}

const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
    return {
      path,
      text,
      files: imports.filter((name) => name.startsWith('.')).map((name) => normalize(join(dirname(path), name))),
      packages: imports.filter((name) => !name.startsWith('.')),
    };
  });

/** The room that a file is in: its first folder, or its own name at the top. */
const roomOf = (path: string): string => path.split('/')[0] ?? path;

/** What each room may import of ours, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  'errors.ts': [],
  ports: ['core'],
  contracts: ['core', 'ports', 'errors.ts'],
  net: [],
  connectors: ['core', 'ports', 'net', 'errors.ts'],
  subscribers: ['core', 'ports', 'net', 'errors.ts'],
  store: ['core', 'ports', 'errors.ts'],
  engine: ['core', 'ports', 'contracts', 'errors.ts'],
  http: ['core', 'ports', 'contracts', 'engine', 'errors.ts'],
  'variables.ts': ['errors.ts'],
  'config.ts': ['variables.ts', 'errors.ts'],
  'world.ts': ['ports'],
  sandbox: [],
  'app.ts': ['core', 'ports', 'contracts', 'connectors', 'subscribers', 'net', 'store', 'engine', 'http', 'config.ts', 'errors.ts'],
  cli: ['core', 'ports', 'contracts', 'connectors', 'subscribers', 'net', 'engine', 'app.ts', 'config.ts', 'errors.ts', 'world.ts', 'sandbox'],
  'main.ts': ['cli', 'config.ts'],
};

/** Packages that a room may not use, and why. */
const MAY_NOT_USE: Readonly<Record<string, readonly [RegExp, string]>> = {
  core: [/^(?!node:crypto$)/, 'core is pure: nothing but itself and node:crypto'],
  ports: [/./, 'ports are interfaces: no package at all'],
  engine: [/^(koa|@koa\/|got|pg)/, 'the engine reaches desks, database and callers through ports only'],
};

/** Globals that would make a room depend on the world behind the port `world`. */
const WORLDLY = /Date\.now\(|new Date\(\)|Math\.random\(|\bsetTimeout\(|\bsetInterval\(/;

describe('the house', () => {
  test('has a rule for every room', () => {
    expect([...new Set(sources.map(({ path }) => roomOf(path)))].filter((room) => MAY_IMPORT[room] === undefined)).toEqual([]);
  });

  test('imports in one direction', () => {
    const wrong = sources.flatMap(({ path, files }) => {
      const room = roomOf(path);
      return files
        .filter((file) => !file.startsWith('..') && roomOf(file) !== room && !MAY_IMPORT[room]?.includes(roomOf(file)))
        .map((file) => `${path} imports ${file}: ${room} may import ${MAY_IMPORT[room]?.join(', ') || 'nothing else of ours'}`);
    });
    expect(wrong).toEqual([]);
  });

  test('reaches out of src for schemas and the package description only', () => {
    const wrong = sources.flatMap(({ path, files }) => files.filter((file) => file.startsWith('..') && !/^\.\.\/(schemas\/|package\.json$)/.test(file)).map((file) => `${path} → ${file}`));
    expect(wrong).toEqual([]);
  });

  test('keeps the packages out that a room must not know', () => {
    const wrong = sources.flatMap(({ path, packages }) => {
      const rule = MAY_NOT_USE[roomOf(path)];
      return rule === undefined ? [] : packages.filter((name) => rule[0].test(name)).map((name) => `${path} uses ${name}: ${rule[1]}`);
    });
    expect(wrong).toEqual([]);
  });

  test('keeps connectors, and sandbox desks, apart from each other', () => {
    const wrong = sources.flatMap(({ path, files }) => {
      const [room, folder] = path.split('/');
      if ((room !== 'connectors' && room !== 'sandbox') || path.split('/').length < 3) return [];
      return files.filter((file) => roomOf(file) === room && ![folder, 'kit'].includes(file.split('/')[1])).map((file) => `${path} imports ${file}: what two share moves to ${room}/kit`);
    });
    expect(wrong).toEqual([]);
  });

  test('asks the world for time and chance in core and engine', () => {
    expect(sources.filter(({ path, text }) => ['core', 'engine'].includes(roomOf(path)) && WORLDLY.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test('reads the environment in one place', () => {
    expect(sources.filter(({ path, text }) => path !== 'config.ts' && /process\.env/.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test('has no drawers', () => {
    expect(sources.filter(({ path }) => /(^|\/)(utils?|helpers?|common|shared|types|misc|lib)\//.test(path)).map(({ path }) => path)).toEqual([]);
  });

  test('keeps files short, or says at the top why not', () => {
    const long = sources.filter(({ text }) => text.split('\n').length > 301 && !/longer than most because/i.test(text.slice(0, 1_500)));
    expect(long.map(({ path, text }) => `${path}: ${text.split('\n').length} lines`)).toEqual([]);
  });

  test('is drawn in docs/architecture.md as it stands', () => {
    const page = readFileSync(join(SRC, '../docs/architecture.md'), 'utf8');
    const rooms = new Set(sources.map(({ path }) => roomOf(path)).filter((room) => !room.endsWith('.ts')));
    expect([...rooms].filter((room) => !page.includes(`${room}/`))).toEqual([]);
    const named = [...page.matchAll(/`src\/([^`]+)`/g)].map((match) => match[1] ?? '');
    expect(named.filter((path) => !sources.some((source) => source.path === path || source.path.startsWith(path)))).toEqual([]);
  });
});
