/** `deskmesh plan --event`: what the automations of a mesh.yaml would do for one event. */
import { AppError } from '../errors.ts';
import { isEventType, type Asked, type AutomationOutlook, type EventPreview } from '../engine/preview-event.ts';
import { stepJson, stepText } from './step-words.ts';
import { shownValues } from './words.ts';

/** The event that the options mean: an event's id, or a type together with a ticket. */
export function askedOf(event: string, ticket: string | undefined): Asked {
  if (isEventType(event)) {
    if (ticket === undefined) throw wrong('--ticket', `name the ticket that ${event} is about, as account:ticket-id; or give the id of an event that happened as --event`);
    return { type: event, ticket };
  }
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(event)) throw wrong('--event', 'give the id of an event, or a type such as ticket.created together with --ticket');
  if (ticket !== undefined) throw wrong('--ticket', 'leave it out: this event is about a ticket already');
  return { id: event };
}

function wrong(path: string, message: string): AppError {
  return new AppError('configuration', 'It is not clear which event is meant.', { faults: [{ path, message }] });
}

export function needsEvent(): AppError {
  return wrong('--event', 'give a type such as ticket.created together with --ticket');
}

export function unknownEvent(why: string): AppError {
  return wrong('--event', why);
}

export function eventJson({ event, automations, unasked }: EventPreview): readonly string[] {
  return [
    { event },
    ...unasked.map((one) => ({ unasked: one })),
    ...automations.map(({ replicas, ...automation }) => ({ automation: { ...automation, replicas: replicas.map(({ steps, ...replica }) => ({ ...replica, steps: steps.map(stepJson) })) } })),
    { plan: { automations: automations.length, steps: automations.reduce((sum, { replicas }) => sum + replicas.reduce((inner, { steps }) => inner + steps.length, 0), 0) } },
  ].map((line) => JSON.stringify(line));
}

export function eventText({ event, automations, unasked }: EventPreview): readonly string[] {
  const lines = [`${event.type} on ${event.account?.name ?? 'no account'}${event.ticket === null ? '' : `, ticket ${event.ticket.raw_id ?? event.ticket.id}`}`];
  for (const { account, why } of unasked) lines.push(`${account} was not asked for its fields (${why}): what is said of it below may be off`);
  if (automations.length === 0) return [...lines, 'No automation runs for it.'];
  return [...lines, ...automations.flatMap(automationText)];
}

function automationText({ name, notes, notify, replicas }: AutomationOutlook): readonly string[] {
  const lines = [`automation ${name}:`];
  for (const { account, ticket_id: ticket, steps, notes: said } of replicas) {
    for (const step of steps) lines.push(`  would write on ${account}${ticket === null ? '' : `, ticket ${ticket}`}: ${stepText(step)}`);
    for (const { what, field, because } of said) lines.push(`  ${account}: ${what}${field === undefined ? '' : ` ${field}`}: ${because}`);
  }
  for (const subscription of notify) lines.push(`  would tell ${subscription}`);
  for (const { what, field, because, values } of notes) lines.push(`  ${what}${field === undefined ? '' : ` ${field}`}: ${because}${values === undefined ? '' : ` (${shownValues(values)})`}`);
  if (lines.length === 1) lines.push('  would change nothing');
  return lines;
}
