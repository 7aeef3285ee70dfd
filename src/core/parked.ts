/** What waits for a person on a replica: steps that its desk refused twice. Pure. */
import { DELETION } from './guards.ts';
import type { StepKind } from './model.ts';
import type { Clock, Held, Replica } from './state.ts';

/** So many refusals of the same thing park it. */
const PARKED = 2;

export interface ParkedStep {
  /** The name under which the refusal is remembered. */
  readonly name: string;
  readonly kind: StepKind;
  /** What the desk said. */
  readonly reason: string;
  /** What was refused; a newer change tries again by itself. */
  readonly clock: Clock;
  /** Epoch milliseconds of the last refusal. */
  readonly at: number;
}

/** The steps of this replica that wait for a person or for a newer change, oldest first. */
export function parkedSteps(replica: Replica): readonly ParkedStep[] {
  return Object.entries(replica.held)
    .filter(([, held]) => isParkedHold(held))
    .map(([name, { reason, clock, at }]) => ({ name, kind: kindOf(replica, name), reason, clock, at }))
    .sort((a, b) => a.at - b.at);
}

/** Whether anything of this replica waits for a person. */
export function isParked(replica: Pick<Replica, 'held'>): boolean {
  return Object.values(replica.held).some(isParkedHold);
}

function isParkedHold(held: Held): boolean {
  return held.count >= PARKED;
}

function kindOf(replica: Replica, name: string): StepKind {
  const [prefix = '', ...rest] = name.split(':');
  switch (prefix) {
    case 'life':
      return replica.ticket_id === null ? 'ticket.create' : 'ticket.delete';
    case 'restore':
      return 'ticket.restore';
    case DELETION:
      return 'ticket.delete';
    case 'gone':
      return 'comment.delete';
    case 'private':
    case 'public':
      return replica.copies[rest.join(':')]?.comment_id == null ? 'comment.create' : 'comment.update';
    default:
      return 'ticket.update';
  }
}
