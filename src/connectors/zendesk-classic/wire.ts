/**
 * Answers of a classic Zendesk as plain values. XML by the conventions of Rails (`type="array"`, `nil="true"`, names with
 * dashes), or JSON, which some `.xml` calls answer since 2011: everything above this file sees the same. Scalars are texts, so
 * that no id is rounded; an empty element is null, because `<external-id/>` and an empty text are one thing in XML.
 */
import { DeskFailure } from '../../ports/connector.ts';
import type { Answer } from '../kit/http.ts';
import { parseXml, XmlFault, type XmlElement, type XmlLimits } from '../kit/xml.ts';

export type Wire = string | null | readonly Wire[] | { readonly [name: string]: Wire };

/** A page of fifteen long tickets stays well below. */
const LIMITS: XmlLimits = { depth: 32, nodes: 400_000 };
/** What Rails calls a list without entries, and one whose entries have no class of their own. */
const ANY_LIST: ReadonlySet<string> = new Set(['nil-classes', 'records']);

/** Elements that hold a list even where they do not say so. */
const LISTS: ReadonlySet<string> = new Set([
  'tickets', 'comments', 'ticket-field-entries', 'attachments', 'users', 'groups', 'organizations', 'ticket-fields',
  'custom-field-options', 'monitored-twitter-handles', 'errors', ...ANY_LIST,
]);

type Told = Pick<Answer, 'body' | 'status' | 'text'>;

/** One object, alone or under its own name. For `shape`. */
export function one(answer: Told, name: string): { readonly body: unknown; readonly status: number } {
  const body = answer.body === undefined ? fromRoot(root(answer), name) : unwrapped(fromJson(answer.body), underscored(name));
  return { body: isRecord(body) ? body : null, status: answer.status };
}

/** A list, with what it says of its whole length. For `shape`. */
export function many(answer: Told, name: string): { readonly body: unknown; readonly status: number } {
  const { status } = answer;
  if (answer.body === undefined) {
    const element = root(answer);
    if (element.name !== name && !ANY_LIST.has(element.name)) throw misfit(answer, name);
    return { body: { rows: element.children.map(fromXml), count: element.attributes.get('count') ?? null }, status };
  }
  const told = fromJson(answer.body);
  if (Array.isArray(told)) return { body: { rows: told, count: null }, status };
  const rows = isRecord(told) ? told[underscored(name)] : undefined;
  return { body: { rows: rows ?? null, count: isRecord(told) ? (told['count'] ?? null) : null }, status };
}

/** The attribute of an answer's root element, or the JSON property of the same name. */
export function rootAttribute(answer: Told, name: string, attribute: string): string | null {
  if (answer.body === undefined) {
    const element = root(answer);
    return element.name === name ? (element.attributes.get(attribute) ?? null) : null;
  }
  const told = unwrapped(fromJson(answer.body), name);
  const value = isRecord(told) ? told[attribute] : null;
  return typeof value === 'string' ? value : null;
}

/** The root element; null if the text is no XML, or is a page for people. */
export function xmlIn(text: string): XmlElement | null {
  if (!text.trimStart().startsWith('<')) return null;
  try {
    const element = parseXml(text.trim(), LIMITS);
    return element.name.toLowerCase() === 'html' ? null : element;
  } catch (error) {
    if (error instanceof XmlFault) return null;
    throw error;
  }
}

function root(answer: Told): XmlElement {
  try {
    return parseXml(answer.text.trim(), LIMITS);
  } catch (error) {
    if (!(error instanceof XmlFault)) throw error;
    throw new DeskFailure('surprise', `the answer is neither XML nor JSON: ${error.message}`, { status: answer.status });
  }
}

function fromRoot(element: XmlElement, name: string): Wire {
  return element.name === name ? fromXml(element) : null;
}

/** Children of one name that come several times, outside of a list, are a list too. */
export function fromXml(element: XmlElement): Wire {
  if (element.attributes.get('nil') === 'true') return null;
  if (element.attributes.get('type') === 'array' || LISTS.has(element.name)) return element.children.map(fromXml);
  if (element.children.length === 0) return element.text === '' ? null : element.text;
  const found = new Map<string, Wire>();
  const lists = new Map<string, Wire[]>();
  for (const child of element.children) {
    const name = underscored(child.name);
    const value = fromXml(child);
    const list = lists.get(name);
    if (list !== undefined) list.push(value);
    else if (!found.has(name)) found.set(name, value);
    else {
      const both = [found.get(name) ?? null, value];
      lists.set(name, both);
      found.set(name, both);
    }
  }
  return Object.fromEntries(found);
}

function fromJson(value: unknown): Wire {
  if (typeof value === 'string') return value === '' ? null : value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [underscored(name), fromJson(held)]));
}

function unwrapped(value: Wire, name: string): Wire {
  const inside = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return inside !== undefined && isRecord(inside) ? inside : value;
}

function isRecord(value: Wire | undefined): value is { readonly [name: string]: Wire } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function underscored(name: string): string {
  return name.replaceAll('-', '_');
}

function misfit(answer: Told, name: string): DeskFailure {
  return new DeskFailure('surprise', `the answer is not a list of ${name}`, { status: answer.status });
}
