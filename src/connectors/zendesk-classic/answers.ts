/** What writes are answered with: a status, and hardly more. */
import { DeskFailure } from '../../ports/connector.ts';
import type { Answer, Http } from '../kit/http.ts';
import { buildXml, type XmlNode } from '../kit/xml.ts';
import { oneTicket } from './shapes.ts';
import { one } from './wire.ts';

const XML = { 'content-type': 'application/xml; charset=utf-8' };

export function sendXml(http: Http, method: 'POST' | 'PUT', path: string, root: XmlNode): Promise<Answer> {
  return http.send(method, path, { body: buildXml(root), headers: XML });
}

/** Done is said by the status alone, with a blank or with the ticket; a page for people is no answer of the desk. */
export function requireDone(answer: Answer): void {
  if (answer.text.trim() !== '') oneTicket(one(answer, 'ticket'));
}

/** The number of a new ticket, from `Location`: `303.xml`, or a whole address that ends so. */
export function numberIn(answer: Answer): string {
  const { location = '' } = answer.headers;
  const number = /(?:^|\/)([1-9]\d{0,19})(?:\.(?:xml|json))?\/?(?:[?#].*)?$/.exec(location.trim())?.[1];
  if (number === undefined) throw new DeskFailure('surprise', 'the answer to a create does not say which ticket it made', { status: answer.status });
  return number;
}
