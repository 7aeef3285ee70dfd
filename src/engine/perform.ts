/** A step becomes a call, and the call's answer an outcome. */
import type { CommentDraft } from '../core/model.ts';
import type { Outcome } from '../core/settle.ts';
import type { Intent, Replica } from '../core/state.ts';
import { makesComment } from '../core/step.ts';
import { DeskFailure, type Desk, type FileSource } from '../ports/connector.ts';
import type { SentFile } from '../ports/store.ts';
import type { Fetched, StepFiles } from './files.ts';

export interface Performed {
  readonly outcome: Outcome;
  readonly failure: DeskFailure | null;
  /** The files that went along. */
  readonly sent: readonly SentFile[];
  /** The failure is that of the desk which has the files, not of the one that was to be written to. */
  readonly elsewhere: boolean;
}

const DONE = { kind: 'done', id: null, ticket: null, comment: null, warnings: [], adopted: false } as const;

/** Sends the step exactly once. A desk's failures come back as outcomes; anything else is a fault of ours and is thrown. */
export async function perform(desk: Desk, replica: Replica, intent: Intent, files: StepFiles): Promise<Performed> {
  let fetched: Fetched;
  try {
    fetched = await files.fetch(intent, desk);
  } catch (error) {
    if (!(error instanceof DeskFailure)) throw error;
    return { outcome: { kind: 'undone' }, failure: error, sent: [], elsewhere: true };
  }
  try {
    const outcome = await call(desk, replica, intent, fetched.sources);
    const warnings = outcome.kind === 'done' ? [...intent.warnings, ...fetched.warnings, ...outcome.warnings] : [];
    return { outcome: outcome.kind === 'done' ? { ...outcome, warnings } : outcome, failure: null, sent: fetched.sources.map(sentFile), elsewhere: false };
  } catch (error) {
    if (!(error instanceof DeskFailure)) throw error;
    return { outcome: outcomeOf(error), failure: error, sent: [], elsewhere: false };
  } finally {
    await fetched.release();
  }
}

function sentFile({ filename, size, sha256 }: FileSource): SentFile {
  return { filename, size, sha256 };
}

async function call(desk: Desk, replica: Replica, intent: Intent, files: readonly FileSource[]): Promise<Outcome> {
  const ticketId = replica.ticket_id ?? '';
  switch (intent.kind) {
    case 'ticket.create': {
      const written = await desk.createTicket(intent.fields ?? {}, intent.key, files, intent.follows ?? undefined);
      return { ...DONE, id: written.id, ticket: written.ticket, warnings: written.warnings, adopted: intent.tries > 1 && desk.can.tickets.idempotentCreateMs > 0 };
    }
    case 'ticket.update': {
      const along = makesComment(intent) ? { draft: draftOf(intent), key: intent.key, files } : undefined;
      const written = await desk.updateTicket(ticketId, intent.fields ?? {}, intent.key, along);
      if (along !== undefined && written.comment == null) throw new DeskFailure('surprise', 'the answer does not show the new comment');
      return { ...DONE, ticket: written.ticket, comment: written.comment ?? null, warnings: written.warnings };
    }
    case 'ticket.delete':
      await desk.deleteTicket(ticketId, intent.key);
      return DONE;
    case 'ticket.restore':
      if (desk.restoreTicket === undefined) return cannot('restore tickets');
      await desk.restoreTicket(ticketId, intent.key);
      return DONE;
    case 'comment.create': {
      const written = await desk.createComment(ticketId, draftOf(intent), intent.key, files);
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

function draftOf(intent: Intent): CommentDraft {
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
