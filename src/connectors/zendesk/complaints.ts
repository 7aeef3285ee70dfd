/**
 * Zendesk's error bodies, of which five shapes occur, and the codes that say more than the status.
 * https://developer.zendesk.com/api-reference/introduction/requests/#response-format
 */
import type { FailureKind } from '../../ports/connector.ts';
import type { Complaint } from '../kit/failure.ts';
import type { Answer } from '../kit/http.ts';
import { maybe } from '../kit/shape.ts';
import { budgetsOf, leftInAccount } from './limits.ts';

interface ErrorBody {
  readonly error?: string | { readonly title?: string; readonly message?: string };
  readonly description?: string;
  readonly error_description?: string;
  readonly message?: string;
  readonly details?: Readonly<Record<string, readonly { readonly description?: string; readonly error?: string | null }[]>>;
  readonly errors?: readonly { readonly code?: string; readonly title?: string; readonly detail?: string }[];
}

const TEXT = { type: 'string' };
const detail = { type: 'object', properties: { description: TEXT, error: { type: ['string', 'null'] } } };
const readBody = maybe<ErrorBody>({
  type: 'object',
  properties: {
    error: { anyOf: [TEXT, { type: 'object', properties: { title: TEXT, message: TEXT } }] },
    description: TEXT,
    error_description: TEXT,
    message: TEXT,
    details: { type: 'object', additionalProperties: { type: 'array', items: detail } },
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

/** Codes inside the details that say more than `RecordInvalid` does. */
const TELLING: ReadonlySet<string> = new Set(['UserSuspended']);

const FIELDS: Readonly<Record<string, string>> = {
  type: 'ticket_type',
  assignee_id: 'assignee',
  requester_id: 'requester',
  author: 'requester',
  group_id: 'group',
  organization: 'company',
  organization_id: 'company',
  custom_status: 'status',
  custom_status_id: 'status',
  collaborators: 'email_ccs',
  comment: 'description',
};

const COLLISION_MS = 1_000;

/** `random` spreads those who collided, so that they do not meet again. */
export function complaints(answer: Answer, random: () => number): Complaint {
  const body = readBody(answer.body) ?? {};
  const first = body.errors?.[0];
  const error = typeof body.error === 'object' ? body.error : null;
  const outer = (typeof body.error === 'string' ? body.error : (error?.title ?? first?.code)) ?? null;
  const details = Object.entries(body.details ?? {});
  const inner = details.flatMap(([, faults]) => faults.map((fault) => fault.error)).find((code) => code != null && TELLING.has(code));
  const said = [
    body.description ?? body.error_description ?? body.message ?? error?.message ?? first?.detail ?? first?.title,
    ...details.flatMap(([field, faults]) => faults.map(({ description }) => `${field}: ${description ?? 'not accepted'}`)),
  ].filter((part) => part !== undefined);
  const kind = kindOf(answer.status, outer);
  return {
    ...(kind !== undefined && { kind }),
    ...(answer.status === 409 && { waitMs: COLLISION_MS * (1 + random()) }),
    reach: answer.status === 409 || isNarrow(answer, outer) ? 'call' : 'account',
    code: inner ?? outer,
    message: said.length === 0 ? null : said.join('; '),
    fields: details.map(([field]) => (Object.hasOwn(FIELDS, field) ? (FIELDS[field] ?? field) : field)).filter((field) => field !== 'base'),
  };
}

function kindOf(status: number, code: string | null): FailureKind | undefined {
  // Collisions (DatabaseConflict, UpdateConflict, a requester made twice at once): not done, and soon worth another try.
  if (status === 409) return 'throttled';
  return code !== null && Object.hasOwn(KINDS, code) ? KINDS[code] : undefined;
}

/** Whose budget is used up: that of one ticket or endpoint, if its header says so or the account's still shows room. */
function isNarrow(answer: Answer, code: string | null): boolean {
  if (answer.status !== 429) return false;
  if (budgetsOf(answer.headers).some(({ remaining }) => remaining <= 0)) return true;
  const left = leftInAccount(answer.headers);
  return left === null ? code === 'APIRateLimitExceeded' : left > 0;
}
