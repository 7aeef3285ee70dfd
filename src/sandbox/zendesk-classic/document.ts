/**
 * What the desk answers, as XML the way Rails 2 wrote it and as the JSON of the same: names with dashes become names with
 * underscores, a record stands bare, a list is an array.
 */
import { DOMImplementation, XMLSerializer } from '@xmldom/xmldom';

export type Leaf = string | number | boolean | null;

export interface Element {
  readonly name: string;
  readonly value: Leaf | readonly Element[];
  readonly attributes?: Readonly<Record<string, string>>;
  /** Its children are a list, not fields. */
  readonly list?: boolean;
}

export const leaf = (name: string, value: Leaf): Element => ({ name, value });
/** Empty in the way that says so: `nil="true"`. */
export const nil = (name: string, value: Leaf): Element => (value === null ? { name, value, attributes: { nil: 'true' } } : { name, value });
export const record = (name: string, fields: readonly Element[]): Element => ({ name, value: fields });
export const list = (name: string, items: readonly Element[], attributes: Readonly<Record<string, string>> = {}): Element => ({ name, value: items, attributes, list: true });

/** Texts as XML 1.0 can hold them; a desk of that time would have broken instead. */
const holdable = (text: string): string => text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?');

export function toXml(root: Element): string {
  const document = new DOMImplementation().createDocument(null, '');
  const grow = ({ name, value, attributes = {} }: Element, depth: number): ReturnType<typeof document.createElement> => {
    const node = document.createElement(name);
    for (const [attribute, held] of Object.entries(attributes)) node.setAttribute(attribute, held);
    if (Array.isArray(value)) {
      for (const child of value as readonly Element[]) {
        node.appendChild(document.createTextNode(`\n${'  '.repeat(depth + 1)}`));
        node.appendChild(grow(child, depth + 1));
      }
      if (value.length > 0) node.appendChild(document.createTextNode(`\n${'  '.repeat(depth)}`));
      // `<external-id/>`, but `<organization-id nil="true"></organization-id>`.
    } else if (value !== null || attributes['nil'] === 'true') node.appendChild(document.createTextNode(holdable(String(value ?? ''))));
    return node;
  };
  document.appendChild(grow(root, 0));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(document)}\n`;
}

export function toJson({ value, list: isList }: Element): unknown {
  if (!Array.isArray(value)) return value;
  const children = value as readonly Element[];
  if (isList === true) return children.map(toJson);
  return Object.fromEntries(children.map((child) => [child.name.replaceAll('-', '_'), toJson(child)]));
}
