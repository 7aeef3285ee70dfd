/** Helpdesk's error bodies: the codes are documented, the envelope is not (?). https://airclou.com/api/helpdesk/authentication */
import type { FailureKind } from '../../ports/connector.ts';
import type { Complaint } from '../kit/failure.ts';
import type { Answer } from '../kit/http.ts';
import { maybe, object } from '../kit/shape.ts';

interface ErrorBody {
  readonly error?: string | { readonly code?: string; readonly message?: string; readonly field?: string | null };
  readonly code?: string;
  readonly message?: string;
}

const TEXT = { type: 'string' };
const readBody = maybe<ErrorBody>(
  object({
    error: { anyOf: [TEXT, object({ code: TEXT, message: TEXT, field: { type: ['string', 'null'] } })] },
    code: TEXT,
    message: TEXT,
  }),
);

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
  customFields: 'description',
};

export function complaints(answer: Answer): Complaint {
  const body = readBody(answer.body) ?? {};
  const nested = typeof body.error === 'object' ? body.error : null;
  const code = nested?.code ?? body.code ?? (typeof body.error === 'string' ? body.error : null);
  const field = nested?.field ?? null;
  const known = code === null ? undefined : KINDS[code.toUpperCase()];
  return {
    ...(known !== undefined && answer.status < 500 && { kind: known }),
    code,
    message: nested?.message ?? body.message ?? null,
    fields: field === null ? [] : [Object.hasOwn(FIELDS, field) ? (FIELDS[field] ?? field) : field],
  };
}
