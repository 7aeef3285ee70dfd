/**
 * Zendesk's error bodies, of which five shapes occur, and the codes that say more than the status.
 * https://developer.zendesk.com/api-reference/introduction/requests/#response-format
 */
import type { FailureKind } from '../../ports/connector.ts';
import type { Complaint } from '../kit/failure.ts';
import type { Answer } from '../kit/http.ts';
import { maybe } from '../kit/shape.ts';

interface ErrorBody {
  readonly error?: string | { readonly title?: string; readonly message?: string };
  readonly description?: string;
  readonly error_description?: string;
  readonly details?: Readonly<Record<string, readonly { readonly description?: string }[]>>;
  readonly errors?: readonly { readonly code?: string; readonly title?: string; readonly detail?: string }[];
}

const TEXT = { type: 'string' };
const readBody = maybe<ErrorBody>({
  type: 'object',
  properties: {
    error: { anyOf: [TEXT, { type: 'object', properties: { title: TEXT, message: TEXT } }] },
    description: TEXT,
    error_description: TEXT,
    details: { type: 'object', additionalProperties: { type: 'array', items: { type: 'object', properties: { description: TEXT } } } },
    errors: { type: 'array', items: { type: 'object', properties: { code: TEXT, title: TEXT, detail: TEXT } } },
  },
});

/** Codes whose meaning the status alone does not give. */
const KINDS: Readonly<Record<string, FailureKind>> = {
  // The key was used before with another body, so a create with it was sent: look for its ticket.
  IdempotentRequestError: 'unsure',
  // The path or the feature does not exist here: never to be taken for a ticket that is gone.
  InvalidEndpoint: 'surprise',
  TooManyJobs: 'throttled',
};

const FIELDS: Readonly<Record<string, string>> = {
  type: 'ticket_type',
  assignee_id: 'assignee',
  requester_id: 'requester',
  comment: 'description',
};

export function complaints(answer: Answer): Complaint {
  const body = readBody(answer.body) ?? {};
  const first = body.errors?.[0];
  const error = typeof body.error === 'object' ? body.error : null;
  const code = (typeof body.error === 'string' ? body.error : (error?.title ?? first?.code)) ?? null;
  const details = Object.entries(body.details ?? {});
  const said = [
    body.description ?? body.error_description ?? error?.message ?? first?.detail ?? first?.title,
    ...details.flatMap(([field, faults]) => faults.map(({ description }) => `${field}: ${description ?? 'not accepted'}`)),
  ].filter((part) => part !== undefined);
  const kind = kindOf(answer.status, code);
  return {
    ...(kind !== undefined && { kind }),
    ...(answer.status === 409 && { waitMs: 1_000 }),
    code,
    message: said.length === 0 ? null : said.join('; '),
    fields: details.map(([field]) => (Object.hasOwn(FIELDS, field) ? (FIELDS[field] ?? field) : field)).filter((field) => field !== 'base'),
  };
}

function kindOf(status: number, code: string | null): FailureKind | undefined {
  // Collisions (DatabaseConflict, UpdateConflict, a requester made twice at once): not done, and soon worth another try.
  if (status === 409) return 'throttled';
  return code !== null && Object.hasOwn(KINDS, code) ? KINDS[code] : undefined;
}
