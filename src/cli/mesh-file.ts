/** mesh.yaml as a value: read within limits, parsed, its `${NAME}` filled in from the environment, every place with its line. */
import { open } from 'node:fs/promises';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type ErrorCode, type Node } from 'yaml';
import { AppError, type Fault } from '../errors.ts';

/** The keys and indexes that lead to a place in the file. */
export type Path = readonly (string | number)[];

export interface MeshFault extends Fault {
  /** Like `accounts[0].credentials.token`; empty for the whole file. */
  readonly path: string;
  readonly line: number | null;
}

/** The file's value with its faults so far. Values may be credentials: they never go into a fault. */
export interface MeshFile {
  readonly value: unknown;
  readonly faults: readonly MeshFault[];
  faultAt(path: Path, message: string): MeshFault;
  /** The text at this place holds something from the environment, so it is not to be shown. */
  isFilledIn(path: Path): boolean;
  /** The text at this place names a variable that is not there; other faults of it would only confuse. */
  isUnfilled(path: Path): boolean;
}

const MOST_BYTES = 1024 * 1024;
const MOST_ALIASES = 100;

/** What the parser's codes mean. Its own messages are not shown: they quote the file, and so perhaps a credential. */
const YAML_FAULTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  BAD_DQ_ESCAPE: 'This escape (\\) is not known in double quotes: write \\\\ for a plain backslash, or use single quotes.',
  BAD_INDENT: 'This is indented wrongly: what belongs together begins in the same column.',
  BAD_SCALAR_START: 'A text cannot begin with this character unless it stands in quotes.',
  BLOCK_AS_IMPLICIT_KEY: 'A colon too many: a text with ": " in it must stand in quotes.',
  DUPLICATE_KEY: 'This key stands here twice: remove one of the two.',
  MISSING_CHAR: 'A quote, comma, colon or closing bracket is missing here.',
  MULTILINE_IMPLICIT_KEY: 'A colon is missing after this key, or a quote is not closed.',
  MULTIPLE_DOCS: 'There is a second document (---): only one is read, so remove it.',
  TAB_AS_INDENT: 'This is indented with a tab: YAML takes spaces only.',
  TAG_RESOLVE_FAILED: 'This tag (!…) is not known: remove it.',
};
const ANY_YAML_FAULT = 'This is not valid YAML.';
const NO_ANCHOR = 'This alias (*name) has no anchor (&name) before it.';

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `configuration` when there is no value to look at: no such file, too large, not text, not YAML. */
export async function readMeshFile(path: string, env: Environment): Promise<MeshFile> {
  const lines = new LineCounter();
  const text = await readText(path);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, strict: true, logLevel: 'error' });
  const faults: MeshFault[] = [...document.errors, ...document.warnings].map(({ code, pos: [start] }) => {
    const { line } = lines.linePos(start);
    const inBraces = text.split('\n', line)[line - 1]?.includes('${') === true && code !== 'DUPLICATE_KEY';
    const hint = inBraces ? ' Within { } and [ ], ${NAME} must stand in quotes.' : '';
    return fault([], line, (YAML_FAULTS[code] ?? ANY_YAML_FAULT) + hint);
  });
  // A key that stands twice leaves the rest readable; after any other fault the rest is guesswork.
  if (document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')) throw invalid(path, faults);

  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined) faults.push(fault([], lines.linePos(alias.range?.[0] ?? 0).line, NO_ANCHOR));
    },
  });
  if (faults.some(({ message }) => message.startsWith(NO_ANCHOR))) throw invalid(path, faults);

  const faultAt = (place: Path, message: string): MeshFault => fault(place, lineOf(document, lines, place), message);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch {
    throw invalid(path, [...faults, fault([], null, `There are more than ${MOST_ALIASES} aliases (*name), or one contains itself: write the values out.`)]);
  }
  const filled = new Set<string>();
  const unfilled = new Set<string>();
  const filledIn = fillIn(value, [], env, (place, wrong) => {
    filled.add(JSON.stringify(place));
    if (wrong.length > 0) unfilled.add(JSON.stringify(place));
    for (const message of wrong) faults.push(faultAt(place, message));
  });
  return {
    value: filledIn,
    faults,
    faultAt,
    isFilledIn: (place) => filled.has(JSON.stringify(place)),
    isUnfilled: (place) => unfilled.has(JSON.stringify(place)),
  };
}

/** The one error for a file, with all that is wrong in it, from its top to its end. */
export function invalid(path: string, faults: readonly MeshFault[]): AppError {
  const sorted = faults.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  return new AppError('configuration', `${path} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}.`, { faults: sorted });
}

/** A place in words; a key that is no plain word is not shown, since a misplaced credential may stand there. */
export function inWords(path: Path): string {
  return path
    .map((part) => {
      if (typeof part === 'number') return `[${part}]`;
      return /^[A-Za-z][A-Za-z_-]{0,39}$/.test(part) ? `.${part}` : '.(a key that is not shown)';
    })
    .join('')
    .replace(/^\./, '');
}

function fault(path: Path, line: number | null, message: string): MeshFault {
  return { path: inWords(path), line, message: line === null ? message : `${message} (line ${line})` };
}

async function readText(path: string): Promise<string> {
  const unreadable = (why: string, cause?: unknown): AppError => new AppError('configuration', `The configuration file ${path} ${why}`, { cause });
  let bytes: Buffer;
  try {
    const file = await open(path, 'r');
    try {
      const buffer = Buffer.alloc(MOST_BYTES + 1);
      let length = 0;
      for (let read = 1; read > 0 && length < buffer.length; length += read) read = (await file.read(buffer, length)).bytesRead;
      bytes = buffer.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw unreadable('does not exist. Name another with --config or DESKMESH_CONFIG.', error);
    if (code === 'EISDIR') throw unreadable('is a folder. Name a file with --config or DESKMESH_CONFIG.', error);
    throw unreadable(`cannot be read (${code ?? 'unknown reason'}). Let this user read it.`, error);
  }
  if (bytes.length > MOST_BYTES) throw unreadable('is larger than 1 MB, which no configuration is.');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw unreadable('is not UTF-8 text. Save it as UTF-8.', error);
  }
}

/** The line of a place, or of the nearest that encloses it. */
function lineOf(document: Document, lines: LineCounter, path: Path): number | null {
  let node: unknown = document.contents;
  let start = offsetOf(node);
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(part));
      start = offsetOf(pair?.key) ?? start;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      start = offsetOf(node) ?? start;
    } else break;
  }
  return start === null ? null : lines.linePos(start).line;
}

function offsetOf(node: unknown): number | null {
  return (node as Node | null | undefined)?.range?.[0] ?? null;
}

/** Every text with its `${NAME}` filled in. `told` hears of every text that had one, with what is wrong with it. */
function fillIn(value: unknown, path: Path, env: Environment, told: (path: Path, wrong: readonly string[]) => void): unknown {
  if (Array.isArray(value)) return value.map((item: unknown, at) => fillIn(item, [...path, at], env, told));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]: [string, unknown]) => [key, fillIn(item, [...path, key], env, told)]));
  if (typeof value !== 'string' || !value.includes('${')) return value;
  const wrong: string[] = [];
  const text = value.replaceAll(/\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{/g, (found, name: string | undefined) => {
    if (found === '$${') return '${';
    if (name === undefined) {
      wrong.push('${ begins the name of a variable here, as in ${NAME}: letters, digits and _ only. For a plain ${ write $${.');
      return found;
    }
    const held = env[name];
    if (held === undefined || held === '') wrong.push(`The variable ${name} is ${held === '' ? 'empty' : 'not set'}: set it in the environment.`);
    return held ?? '';
  });
  told(path, wrong);
  return text;
}
