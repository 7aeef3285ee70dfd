/** Due dates: those that are written, and those that the SLA policy fills in a moment later. */
import { isoSeconds } from '../kit/clock.ts';
import type { Json } from '../kit/desk.ts';
import { instant } from '../kit/json.ts';
import { PAUSED_STATUSES, SLA_MINUTES } from './catalog.ts';
import { badDate, type Problem } from './errors.ts';
import type { Fields, Ticket } from './model.ts';

const KEYS = ['due_by', 'fr_due_by'] as const;

/**
 * Both dates or none, later than the creation, the first response not after the solution, and none while the status stops
 * the SLA clock. (Partly seen on live accounts, partly pieced together: nothing of it is documented.)
 */
export function readDueDates(input: Json, before: Ticket | null, status: number, now: number, patch: Partial<Fields>, problems: Problem[]): void {
  const given = KEYS.filter((key) => input[key] !== undefined);
  if (given.length === 0) return;
  const malformed = given.filter((key) => instant(input[key]) === null);
  for (const key of malformed) problems.push(badDate(key));
  const lacking = KEYS.find((key) => input[key] === undefined);
  if (lacking) problems.push({ field: lacking, message: 'It should be present when the other due date is set', code: 'missing_field' });
  if (PAUSED_STATUSES.has(status)) {
    for (const key of given) problems.push({ field: key, message: "Can't be set as the status doesn't have sla timer on", code: 'incompatible_field' });
  }
  const [due, first] = KEYS.map((key) => instant(input[key]));
  if (due === null || due === undefined || first === null || first === undefined) return;
  const created = before ? (instant(before.created_at) ?? 0) : now;
  for (const [key, value] of [['due_by', due], ['fr_due_by', first]] as const) {
    if (value <= created) problems.push({ field: key, message: 'Has to be greater than ticket creation time', code: 'invalid_value' });
  }
  if (first > due) problems.push({ field: 'fr_due_by', message: 'It should be less than or equal to due_by', code: 'invalid_value' });
  patch.due_by = isoSeconds(due);
  patch.fr_due_by = isoSeconds(first);
}

/** Lets the policy do its work: `fillMs` after it had reason to, and never on dates that somebody set. Null: there is no policy. */
export function settleSla(ticket: Ticket, now: number, fillMs: number | null): void {
  if (fillMs === null || !ticket.slaDates || now < ticket.slaSince + fillMs) return;
  const minutes = SLA_MINUTES[ticket.priority] ?? 0;
  const created = instant(ticket.created_at) ?? 0;
  ticket.due_by = isoSeconds(created + minutes * 60_000);
  ticket.fr_due_by = isoSeconds(created + minutes * 30_000);
}
