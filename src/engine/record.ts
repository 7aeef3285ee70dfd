/** What goes to the record of a turn: the attempt that was made, and what a look brought. */
import { changesBetween, shortened } from '../core/changes.ts';
import type { Moved } from '../core/look.ts';
import type { Intent, Link, Note, Replica } from '../core/state.ts';
import { NOTHING_NEW } from '../core/story.ts';
import type { Answer, Operation, Wrote } from '../ports/store.ts';
import type { Performed } from './perform.ts';

/** The attempt, with what it carried and what the desk answered. */
export function operationOf(
  of: { readonly replica: Replica; readonly link: Link | null },
  intent: Intent,
  { outcome, failure, sent }: Pick<Performed, 'outcome' | 'failure' | 'sent'>,
  began: number,
  ended: number,
): Operation {
  return {
    replica_id: of.replica.id,
    link_id: of.link?.id ?? '',
    account_id: of.replica.account_id,
    kind: intent.kind,
    key: intent.key,
    attempt: intent.tries,
    outcome: outcome.kind,
    reason: failure?.message ?? (outcome.kind === 'refused' ? outcome.reason : null),
    wrote: wroteOf(intent),
    answer: answerOf({ outcome, failure }),
    warnings: outcome.kind === 'done' ? outcome.warnings : [],
    files: sent,
    began,
    ended,
  };
}

function wroteOf({ kind, fields, uid, comment_id: commentId, draft }: Intent): Wrote {
  const comment = kind.startsWith('comment.') || uid !== null;
  return {
    ...(fields !== null && { fields: shortened(fields) as Readonly<Record<string, unknown>> }),
    ...(comment && {
      comment: { uid, comment_id: commentId, ...(draft !== null && { public: draft.public, content: shortened(draft.content) as string }) },
    }),
  };
}

function answerOf({ outcome, failure }: Pick<Performed, 'outcome' | 'failure'>): Answer {
  const id = outcome.kind === 'done' ? (outcome.comment?.id ?? outcome.id) : null;
  return {
    ...(id !== null && { id }),
    ...(outcome.kind === 'done' && outcome.adopted && { found: true as const }),
    ...(failure !== null && { failure: failure.kind }),
    ...(failure !== null && failure.status !== null && { status: failure.status }),
    ...(failure !== null && failure.code !== null && { code: failure.code }),
  };
}

/** What a turn changed in the link, and what was decided on the way. */
export function notesOf(before: { readonly link: Link | null; readonly replica: Replica }, link: Link | null, replica: Replica, decided: readonly Note[]): readonly Note[] {
  const changes = before.link === null || link === null ? [] : changesBetween(before.link, link);
  const { ticket_id: ticketId } = before.replica;
  if (ticketId === null || replica.ticket_id === ticketId) return changes.length === 0 ? decided : [...changes, ...decided];
  const given: Note = { what: 'ticket given up', because: 'it is gone, and cannot be restored: a new one is made', values: { ticket_id: ticketId } };
  return [...changes, ...decided, given];
}

/** Why the receipts of a look are settled: what it brought. */
export function settledBecause(before: Link | null, moved: Moved): string {
  const decided = [...new Set(moved.notes.map(({ what }) => what))];
  const changed = before !== null && before.version > 0 ? changesBetween(before, moved.link).map(nameOf) : ['begins a link'];
  const all = [...new Set([...changed, ...decided])];
  return all.length === 0 ? NOTHING_NEW : `absorbed: ${all.join(', ')}`;
}

function nameOf({ what, values }: Note): string {
  return what === 'changed' ? Object.keys(values ?? {}).join(', ') : what;
}
