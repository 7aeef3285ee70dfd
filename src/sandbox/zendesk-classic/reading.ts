/** What a client sent: XML or JSON, as one tree of names with dashes. */
import { SaxesParser } from 'saxes';
import { Refused, type Call } from '../kit/desk.ts';
import { isJson } from '../kit/json.ts';
import { badRequest, invalid } from './errors.ts';

export interface Branch {
  readonly name: string;
  readonly text: string;
  readonly nil: boolean;
  readonly children: readonly Branch[];
}

/** The body's root; its name says what is asked for: a ticket, a comment, a user. */
export function readRoot(call: Call): Branch {
  const type = call.headers['content-type'] ?? '';
  if (call.raw.trim() === '') throw invalid(['Request: cannot be blank']);
  return /json/i.test(type) ? fromJson(call.raw) : fromXml(call.raw);
}

function fromXml(raw: string): Branch {
  interface Growing {
    readonly name: string;
    readonly nil: boolean;
    readonly children: Growing[];
    text: string;
  }
  const open: Growing[] = [];
  let root: Growing | null = null;
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    const grown: Growing = { name, nil: attributes['nil'] === 'true', children: [], text: '' };
    open.at(-1)?.children.push(grown);
    root ??= grown;
    open.push(grown);
  });
  const say = (text: string): void => {
    const into = open.at(-1);
    if (into !== undefined) into.text += text;
  };
  parser.on('text', say);
  parser.on('cdata', say);
  parser.on('closetag', () => void open.pop());
  try {
    parser.write(raw.trim()).close();
  } catch {
    throw new Refused(badRequest());
  }
  if (root === null) throw new Refused(badRequest());
  return root;
}

function fromJson(raw: string): Branch {
  let body: unknown;
  try {
    body = JSON.parse(raw);
  } catch {
    throw new Refused(badRequest());
  }
  const [name, value] = isJson(body) ? (Object.entries(body)[0] ?? []) : [];
  if (name === undefined || !isJson(value)) throw new Refused(badRequest());
  return branch(name, value);
}

/** No ticket is nested deeper. */
const MOST_DEPTH = 20;

function branch(name: string, value: unknown, depth = 0): Branch {
  if (depth > MOST_DEPTH) throw new Refused(badRequest());
  const dashed = name.replaceAll('_', '-');
  if (value === null) return { name: dashed, text: '', nil: true, children: [] };
  if (Array.isArray(value)) return { name: dashed, text: '', nil: false, children: value.map((item) => branch(dashed.replace(/ies$/, 'y').replace(/s$/, ''), item, depth + 1)) };
  if (isJson(value)) return { name: dashed, text: '', nil: false, children: Object.entries(value).map(([key, held]) => branch(key, held, depth + 1)) };
  return { name: dashed, text: String(value), nil: false, children: [] };
}

export const child = (parent: Branch, name: string): Branch | undefined => parent.children.find((one) => one.name === name);

/** Undefined if it is not there, null if it is there and empty. */
export function textAt(parent: Branch, name: string): string | null | undefined {
  const found = child(parent, name);
  if (found === undefined) return undefined;
  return found.nil || found.text.trim() === '' ? null : found.text;
}

export function idAt(parent: Branch, name: string, label: string): number | null | undefined {
  const text = textAt(parent, name);
  if (text === undefined || text === null) return text;
  if (!/^\d{1,16}$/.test(text.trim())) throw invalid([`${label}: is invalid`]);
  return Number(text);
}
