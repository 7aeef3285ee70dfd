/** Freshdesk's error bodies: nested, flat, or none at all. https://developers.freshdesk.com/api/#error */
import type { Complaint } from '../kit/failure.ts';
import type { Answer } from '../kit/http.ts';
import { errorBody } from './shapes.ts';

const FIELDS: Readonly<Record<string, string>> = {
  type: 'ticket_type',
  responder_id: 'assignee',
  requester_id: 'requester',
  email: 'requester',
  name: 'requester',
  due_by: 'due_at',
  fr_due_by: 'due_at',
};

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
    code: body.code ?? errors[0]?.code ?? null,
    message: said.length === 0 ? null : said.join('; '),
    fields: errors.flatMap(({ field }) => (field == null ? [] : [Object.hasOwn(FIELDS, field) ? (FIELDS[field] ?? field) : field])),
  };
}
