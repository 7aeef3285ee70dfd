/**
 * XML in and out. Reading is strict and streams, so that depth and size are bounded while they grow: saxes neither reads nor
 * resolves document types and entities, and a document type ends the reading here. Writing goes through xmldom's serializer,
 * which refuses whatever would not be well-formed.
 */
import { DOMImplementation, XMLSerializer } from '@xmldom/xmldom';
import { SaxesParser } from 'saxes';

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All text directly inside, CDATA sections included. */
  readonly text: string;
}

export interface XmlLimits {
  /** Elements inside each other. */
  readonly depth: number;
  /** Elements, attributes and pieces of text together. */
  readonly nodes: number;
}

/** What is not read: not well-formed, with a document type, or beyond the limits. Its message is for a person. */
export class XmlFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'XmlFault';
  }
}

interface Growing {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/** Throws `XmlFault`, and nothing else. */
export function parseXml(text: string, limits: XmlLimits): XmlElement {
  const parser = new SaxesParser();
  const open: Growing[] = [];
  let root: Growing | null = null;
  let nodes = 0;
  const count = (): void => {
    nodes += 1;
    if (nodes > limits.nodes) throw new XmlFault(`it has more than ${limits.nodes} parts`);
  };
  const say = (piece: string): void => {
    count();
    const into = open.at(-1);
    if (into !== undefined) into.text += piece;
  };
  parser.on('doctype', () => {
    throw new XmlFault('it has a document type, and none is taken');
  });
  parser.on('processinginstruction', count);
  parser.on('comment', count);
  parser.on('attribute', count);
  parser.on('opentag', ({ name, attributes }) => {
    count();
    if (open.length >= limits.depth) throw new XmlFault(`it is nested deeper than ${limits.depth} levels`);
    const element: Growing = { name, attributes: new Map(Object.entries(attributes)), children: [], text: '' };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('closetag', () => void open.pop());
  parser.on('text', say);
  parser.on('cdata', say);
  try {
    parser.write(text).close();
  } catch (error) {
    if (error instanceof XmlFault) throw error;
    throw new XmlFault(`it is not well-formed: ${error instanceof Error ? error.message.slice(0, 200) : 'unreadable'}`);
  }
  if (root === null) throw new XmlFault('it has no element');
  return root;
}

/** An element to be written: with texts or with elements inside. */
export interface XmlNode {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly content: string | readonly XmlNode[];
}

/** The whole document. Throws for names and characters that no XML can hold: texts go through `xmlText` first. */
export function buildXml(root: XmlNode): string {
  const document = new DOMImplementation().createDocument(null, '');
  const make = ({ name, attributes = {}, content }: XmlNode): ReturnType<typeof document.createElement> => {
    const element = document.createElement(name);
    for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
    if (typeof content === 'string') element.appendChild(document.createTextNode(content));
    else for (const child of content) element.appendChild(make(child));
    return element;
  };
  document.appendChild(make(root));
  return `<?xml version="1.0" encoding="UTF-8"?>${new XMLSerializer().serializeToString(document, { requireWellFormed: true })}`;
}

/** Everything outside of XML 1.0's production `Char`, lone surrogates included. */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** The text as XML can hold it: each character that it forbids shows as U+FFFD. Carriage returns, which a reader turns into line feeds, become them here. */
export function xmlText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(FORBIDDEN, '\ufffd');
}
