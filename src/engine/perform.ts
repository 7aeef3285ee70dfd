/** A step becomes a call, and the call's answer an outcome. */
import type { Outcome } from '../core/settle.ts';
import type { Intent, Replica } from '../core/state.ts';
import { DeskFailure, type Desk } from '../ports/connector.ts';

export interface Performed {
  readonly outcome: Outcome;
  readonly failure: DeskFailure | null;
}

const DONE = { kind: 'done', id: null, ticket: null, comment: null, warnings: [], adopted: false } as const;

/** Sends the step exactly once. A desk's failures come back as outcomes; anything else is a fault of ours and is thrown. */
export async function perform(desk: Desk, replica: Replica, intent: Intent): Promise<Performed> {
  try {
    return { outcome: await call(desk, replica, intent), failure: null };
  } catch (error) {
    if (!(error instanceof DeskFailure)) throw error;
    return { outcome: outcomeOf(error), failure: error };
  }
}

async function call(desk: Desk, replica: Replica, intent: Intent): Promise<Outcome> {
  const ticketId = replica.ticket_id ?? '';
  switch (intent.kind) {
    case 'ticket.create': {
      const written = await desk.createTicket(intent.fields ?? {}, intent.key);
      return { ...DONE, id: written.id, ticket: written.ticket, warnings: written.warnings, adopted: intent.tries > 1 };
    }
    case 'ticket.update': {
      const written = await desk.updateTicket(ticketId, intent.fields ?? {}, intent.key);
      return { ...DONE, ticket: written.ticket, warnings: written.warnings };
    }
    case 'ticket.delete':
      await desk.deleteTicket(ticketId, intent.key);
      return DONE;
    case 'ticket.restore':
      if (desk.restoreTicket === undefined) return cannot('restore tickets');
      await desk.restoreTicket(ticketId, intent.key);
      return DONE;
    case 'comment.create': {
      const written = await desk.createComment(ticketId, draftOf(intent), intent.key);
      return { ...DONE, comment: written.comment, warnings: written.warnings };
    }
    case 'comment.update': {
      if (desk.updateComment === undefined) return cannot('change comments');
      const written = await desk.updateComment(ticketId, intent.comment_id ?? '', draftOf(intent), intent.key);
      return { ...DONE, comment: written.comment, warnings: written.warnings };
    }
    case 'comment.delete':
      if (desk.deleteComment === undefined) return cannot('delete comments');
      await desk.deleteComment(ticketId, intent.comment_id ?? '', intent.key);
      return DONE;
  }
}

function draftOf(intent: Intent): { content: string; public: boolean } {
  return intent.draft ?? { content: '', public: false };
}

function cannot(what: string): Outcome {
  return { kind: 'refused', reason: `this desk cannot ${what}`, fields: [] };
}

function outcomeOf(failure: DeskFailure): Outcome {
  switch (failure.kind) {
    case 'throttled':
    case 'unavailable':
    case 'unauthorised':
      return { kind: 'undone' };
    case 'unsure':
      return { kind: 'unsure', answered: failure.status !== null };
    case 'surprise':
      return { kind: 'unsure', answered: true };
    case 'refused':
      return { kind: 'refused', reason: failure.message, fields: failure.fields };
    case 'missing':
      return { kind: 'missing' };
  }
}
