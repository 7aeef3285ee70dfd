/** A classic Zendesk's error bodies: `<errors><error>…`, JSON, plain words, or one blank. The status says what is meant. */
import type { Complaint } from '../kit/failure.ts';
import type { Answer } from '../kit/http.ts';
import { maybe } from '../kit/shape.ts';
import { fromXml, xmlIn, type Wire } from './wire.ts';

/** The budget is counted by the minute, and nothing says when the minute ends. */
const THROTTLE_MS = 60_000;

interface ErrorBody {
  readonly error?: string;
  readonly description?: string;
  readonly message?: string;
  readonly errors?: readonly unknown[];
}

const TEXT = { type: 'string' };
const readBody = maybe<ErrorBody>({
  type: 'object',
  properties: { error: TEXT, description: TEXT, message: TEXT, errors: { type: 'array' } },
});

export function complaints(answer: Answer): Complaint {
  const { status } = answer;
  const xml = answer.body === undefined ? xmlIn(answer.text) : null;
  const json = readBody(answer.body);
  const said = xml !== null ? wordsIn(fromXml(xml)) : json === null ? [] : [json.description ?? json.message ?? json.error, ...(json.errors ?? [])].filter((word) => typeof word === 'string');
  const message = said.length === 0 ? {} : { message: said.slice(0, 10).join('; ') };
  // Told in words, 503 is the throttle (seen in clients' code); a page for people, or a blank, is an outage.
  if (status === 503 && inWords(answer)) return { ...message, kind: 'throttled', waitMs: THROTTLE_MS };
  // No more users may be added: a ticket whose requester is new is not made.
  if (status === 507) return { ...message, kind: 'refused', fields: ['requester'] };
  if (status === 404 && xml !== null) return { ...message, kind: 'missing' };
  return message;
}

function inWords({ text }: Answer): boolean {
  const said = text.trim();
  return said !== '' && !said.startsWith('<');
}

/** All texts inside, in their order. */
function wordsIn(value: Wire): readonly string[] {
  if (value === null) return [];
  if (typeof value === 'string') return [value.trim().slice(0, 300)];
  return Object.values(value).flatMap(wordsIn);
}
