/**
 * Helpdesk's error bodies. The codes are documented; the envelope is not (?): taken are `{error: {code, message, …}}`, which is the
 * sister product's, `{code, message}`, and `{error: "CODE", message}`. https://airclou.com/api/helpdesk/authentication
 */
import type { FailureKind } from '../../ports/connector.ts';
import type { Complaint, Complaints } from '../kit/failure.ts';
import { maybe, object } from '../kit/shape.ts';

interface Flat {
  readonly code?: string;
  readonly message?: string;
  readonly field?: string | null;
  /** A list of problems, or an object of them by field. */
  readonly details?: unknown;
}
interface ErrorBody extends Flat {
  readonly error?: string | Flat;
  readonly errors?: unknown;
}

const TEXT = { type: 'string' };
const FLAT = { code: TEXT, message: TEXT, field: { type: ['string', 'null'] }, details: {} };
const readBody = maybe<ErrorBody>(object({ ...FLAT, error: { anyOf: [TEXT, object(FLAT)] }, errors: {} }));
const readProblem = maybe<{ readonly field: string }>(object({ field: TEXT }, ['field']));

const KINDS: Readonly<Record<string, FailureKind>> = {
  INVALID_API_KEY: 'unauthorised',
  // Answered with 400, but it is the credentials that lack something.
  MISSING_WORKSPACE: 'unauthorised',
  INSUFFICIENT_API_PERMISSION: 'unauthorised',
  NOT_FOUND: 'missing',
};

const FIELDS: Readonly<Record<string, string>> = {
  type: 'ticket_type',
  assigneeId: 'assignee',
  requesterEmail: 'requester',
  requesterName: 'requester',
  customFields: 'custom_properties',
};
const MOST_FIELDS = 20;

/** `descriptionField` is the custom field that holds the description. */
export function complaintsWith(descriptionField: string | undefined): Complaints {
  const unified = (field: string): string => {
    if (descriptionField !== undefined && field.startsWith('customFields') && field.includes(descriptionField)) return 'description';
    const [name = ''] = field.split(/[.[]/);
    return Object.hasOwn(FIELDS, name) ? (FIELDS[name] ?? name) : name.slice(0, 100);
  };
  return (answer): Complaint => {
    const body = readBody(answer.body) ?? {};
    const nested = typeof body.error === 'object' ? body.error : body;
    const code = nested.code ?? body.code ?? (typeof body.error === 'string' ? body.error : null);
    const known = code === null ? undefined : KINDS[code.toUpperCase()];
    const fields = [nested.field ?? null, ...problemsIn(nested.details), ...problemsIn(body.errors)].filter((field) => field !== null);
    return {
      ...(known !== undefined && answer.status < 500 && { kind: known }),
      code: code === null ? null : code.slice(0, 100),
      message: nested.message ?? body.message ?? null,
      fields: [...new Set(fields.slice(0, MOST_FIELDS).map(unified))],
    };
  };
}

function problemsIn(details: unknown): readonly string[] {
  if (Array.isArray(details)) return details.slice(0, MOST_FIELDS).flatMap((one) => readProblem(one)?.field ?? []);
  return typeof details === 'object' && details !== null ? Object.keys(details).slice(0, MOST_FIELDS) : [];
}
