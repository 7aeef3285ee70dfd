/** What is told beside a write that was done: fields that the desk, or the account's form, decided otherwise. */
import type { TicketFields, Warning } from '../../core/model.ts';
import type { Body } from './map.ts';
import type { FreshdeskTicket } from './shapes.ts';

/** An agent who is not in the ticket's group is dropped by the desk without a word (seen on live accounts). */
export function unassigned(raw: FreshdeskTicket, body: Body): readonly Warning[] {
  const asked = body.responder_id;
  if (asked == null || raw.responder_id !== null) return [];
  return [{ field: 'assignee', reason: 'Freshdesk did not assign this agent: most likely they are not in the ticket’s group' }];
}

/** Fields that the ticket brings empty and that the account's form wants filled: what is shown then is nobody's change. */
export function presets(fields: TicketFields, bare: Body, sent: Body): readonly Warning[] {
  const reason = 'this account’s form asks for it, so it has the default of its settings';
  const custom = (body: Body): Body => (body.custom_fields as Body | undefined) ?? {};
  const emptied = (fields.custom_properties ?? []).filter(({ id }) => custom(bare)[id] === undefined && custom(sent)[id] !== undefined);
  const filled = ([['ticket_type', 'type'], ['group', 'group_id'], ['company', 'company_id'], ['assignee', 'responder_id']] as const).filter(
    ([field, key]) => field in fields && bare[key] === undefined && sent[key] !== undefined,
  );
  return [...filled.map(([field]) => ({ field, reason })), ...emptied.map(({ id }) => ({ field: 'custom_properties', reason: `${id}: ${reason}` }))];
}

/** What a ticket here always has. */
export function cannotEmpty(patch: TicketFields): readonly Warning[] {
  const reasons = {
    requester: 'every ticket here has a requester',
    status: 'every ticket here has a status',
    priority: 'every ticket here has a priority',
    due_at: 'Freshdesk cannot take a due date back',
  } as const;
  return Object.entries(reasons).flatMap(([field, reason]) => (Reflect.get(patch, field) === null ? [{ field, reason }] : []));
}
