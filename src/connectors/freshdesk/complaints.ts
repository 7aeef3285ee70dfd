/** Freshdesk's error bodies: nested, flat, or none at all. https://developers.freshdesk.com/api/#error */
import type { DeskFailure } from '../../ports/connector.ts';
import { answerOf, type Complaint } from '../kit/failure.ts';
import type { Answer } from '../kit/http.ts';
import { hasCallsLeft } from './limits.ts';
import { errorBody, type FreshdeskProblem } from './shapes.ts';

/** Unified names of what a ticket's keys are called on the wire. */
const FIELDS: Readonly<Record<string, string>> = {
  type: 'ticket_type',
  responder_id: 'assignee',
  requester_id: 'requester',
  email: 'requester',
  name: 'requester',
  phone: 'requester',
  due_by: 'due_at',
  fr_due_by: 'due_at',
  group_id: 'group',
  company_id: 'company',
  cc_emails: 'email_ccs',
};

export function unifiedName(key: string): string {
  return Object.hasOwn(FIELDS, key) ? (FIELDS[key] ?? key) : key;
}

export function complaints(answer: Answer): Complaint {
  const body = errorBody(answer.body) ?? {};
  const errors = body.errors ?? [];
  const said = [
    body.description ?? body.message,
    ...errors.map(({ field, message }) => `${field == null ? '' : `${field}: `}${message ?? 'not accepted'}`),
  ].filter((part) => part !== undefined);
  return {
    // A ticket (or contact) in the trash or marked as spam answers its writes so; the verbs used here exist.
    ...(answer.status === 405 && { kind: 'missing' as const }),
    ...(answer.status === 429 && hasCallsLeft(answer.headers) && { reach: 'call' as const }),
    code: body.code ?? errors[0]?.code ?? null,
    message: said.length === 0 ? null : said.join('; '),
    fields: errors.flatMap(({ field }) => (field == null ? [] : [unifiedName(keyIn(field))])),
  };
}

/** One thing that a refused write was blamed for. */
export interface Blame {
  /** The key of a ticket, or the name of a custom field. */
  readonly key: string;
  readonly custom: boolean;
  readonly code: string;
  readonly message: string;
  /** The user who holds an address that is taken. */
  readonly holder: string | null;
}

/** What exactly was refused; empty where the desk did not say, or did not refuse. */
export function blamesOf(failure: DeskFailure): readonly Blame[] {
  if (failure.status !== 400 && failure.status !== 409) return [];
  const errors = errorBody(answerOf(failure)?.body)?.errors ?? [];
  return errors.every(({ field }) => field != null) ? errors.map(blameOf) : [];
}

function blameOf({ field, code, message, additional_info: info }: FreshdeskProblem): Blame {
  const key = keyIn(field ?? '');
  return {
    key,
    custom: (field ?? '') !== key || key.startsWith('cf_'),
    code: code ?? '',
    message: message ?? 'not accepted',
    holder: info?.user_id == null ? null : String(info.user_id),
  };
}

/** Custom fields are blamed with `custom_fields.` before their names, or without. */
function keyIn(field: string): string {
  return field.startsWith('custom_fields.') ? field.slice('custom_fields.'.length) : field;
}
