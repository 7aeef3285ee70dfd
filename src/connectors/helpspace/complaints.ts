/** HelpSpace's error bodies: not documented. Read as Laravel's, which its API resembles, and as the one that a client's tests have. */
import type { Complaint } from '../kit/failure.ts';
import type { Answer } from '../kit/http.ts';
import { maybe, object } from '../kit/shape.ts';

interface ErrorBody {
  readonly message?: string | null;
  readonly error?: unknown;
  /** `{"field": ["sentence", …]}`. */
  readonly errors?: unknown;
}

const TEXT = { type: ['string', 'null'] };
const readBody = maybe<ErrorBody>(object({ message: TEXT }));
const MOST_FIELDS = 20;

const FIELDS: Readonly<Record<string, string>> = {
  from_contact: 'requester',
  message: 'description',
  team: 'group',
  custom_fields: 'custom_properties',
  body: 'content',
};

export function complaints(answer: Answer): Complaint {
  const body = readBody(answer.body) ?? {};
  const errors = entriesOf(body.errors);
  const first = errors.flatMap(([, said]) => (Array.isArray(said) ? said : [said])).find((said) => typeof said === 'string');
  const message = body.message || (typeof body.error === 'string' ? body.error : null) || (typeof first === 'string' ? first : null);
  const fields = errors.map(([name]) => unified(name));
  return { message, fields: [...new Set(fields)] };
}

function entriesOf(errors: unknown): readonly (readonly [string, unknown])[] {
  if (typeof errors !== 'object' || errors === null || Array.isArray(errors)) return [];
  return Object.entries(errors).slice(0, MOST_FIELDS);
}

/** `message.attachments.0.name` is a matter of the message. */
function unified(name: string): string {
  const field = name.split('.')[0] ?? name;
  return Object.hasOwn(FIELDS, field) ? (FIELDS[field] ?? field) : field;
}
