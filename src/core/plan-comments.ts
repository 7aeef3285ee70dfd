/** The comments half of `plan`: copies in the order in which the comments were written. Pure. */
import { wordsDigest } from './compare.ts';
import { commentKey } from './keys.ts';
import type { CommentDraft } from './model.ts';
import { filesFor } from './plan-files.ts';
import { lineWords, renderComment } from './render.ts';
import { isCutOff, isPublicHere, type Sight } from './sight.ts';
import type { Copy, Link, LinkComment, Note, Replica } from './state.ts';
import { commentStepName, isHeld, NO_STEP_PARTS, type Plan, type Step } from './step.ts';

export function planComments(link: Link, replica: Replica, sight: Sight): Plan {
  const surplus = replica.surplus[0];
  if (surplus !== undefined && sight.can.comments.delete && !isHeld(replica, commentStepName('comment.delete', surplus, null), 1)) {
    return { replica, step: deletion(replica, null, surplus, 1), notes: [] };
  }
  const copies: Record<string, Copy> = { ...replica.copies };
  const notes: Note[] = [];
  const inOrder = Object.values(link.comments).sort((a, b) => a.created - b.created || (a.uid < b.uid ? -1 : 1));
  // What is to be hidden comes first, so that nothing that waits is in its way.
  for (const comment of inOrder) {
    if (isPublicHere(comment, sight) || copies[comment.uid]?.public !== true) continue;
    const step = planComment(comment, copies, { ...replica, copies }, [], sight);
    if (step !== null) return { replica: { ...replica, copies }, step, notes };
  }
  for (const comment of inOrder) {
    const step = planComment(comment, copies, { ...replica, copies }, notes, sight);
    if (step !== null) return { replica: { ...replica, copies }, step, notes };
  }
  return { replica: { ...replica, copies }, step: null, notes };
}

/** The step that one comment is due here, if any. Marks as caught up what needs none. */
function planComment(comment: LinkComment, copies: Record<string, Copy>, replica: Replica, notes: Note[], sight: Sight): Step | null {
  const copy = copies[comment.uid];
  const free = (step: Step | null): Step | null => {
    if (step === null || isHeld(replica, commentStepName(step.kind, comment.uid, step.draft), comment.clock)) return null;
    return step;
  };
  if (copy?.comment_id == null) return mayShow(comment, notes, sight) ? free(creation(comment, copy, replica, sight)) : null;
  if (copy.deleted) return null;
  const caughtUp = (): null => {
    copies[comment.uid] = { ...copy, applied: comment.clock };
    return null;
  };
  if (comment.deleted) {
    if (copy.applied >= comment.clock || isCutOff(comment.from, sight)) return null;
    if (sight.can.comments.delete && reaches(comment, sight)) return free(deletion(replica, comment.uid, copy.comment_id, comment.clock));
    notes.push({ what: 'kept', because: 'this desk cannot delete comments', values: { uid: comment.uid } });
    return caughtUp();
  }
  if (copy.public && !isPublicHere(comment, sight)) {
    const tighter = tightening(comment, copy, copy.comment_id, replica, sight);
    if (tighter !== null) return free(tighter);
    // Its later words were never public, so they do not come here either.
    notes.push({ what: 'still public', because: 'this desk can neither hide nor delete this comment', values: { uid: comment.uid } });
    return caughtUp();
  }
  if (comment.clock <= copy.applied || isCutOff(comment.from, sight)) return null;
  const draft = { ...draftOf(comment, copy, sight), public: copy.public };
  if (wordsDigest(sight.forecastComment(draft).content) === copy.text) return caughtUp();
  if (!sight.can.comments.edit || !reaches(comment, sight)) {
    notes.push({ what: 'not edited', because: 'this desk keeps the first text of a comment', values: { uid: comment.uid } });
    return caughtUp();
  }
  return free(update(comment, copy, copy.comment_id, replica, draft));
}

function update(comment: LinkComment, copy: Copy, commentId: string, replica: Replica, draft: CommentDraft): Step {
  return {
    ...NO_STEP_PARTS,
    kind: 'comment.update',
    key: commentKey(replica, comment.uid, copy.generation),
    uid: comment.uid,
    comment_id: commentId,
    draft,
    clock: comment.clock,
  };
}

/** Never wider: a private comment goes only where it can be private, and only under terms that carry it. */
function mayShow(comment: LinkComment, notes: Note[], sight: Sight): boolean {
  if (comment.deleted || !sight.can.comments.create || !reaches(comment, sight)) return false;
  if (!isPublicHere(comment, sight) && !sight.can.comments.private) {
    notes.push({ what: 'left out', because: 'this desk cannot hold a private comment', values: { uid: comment.uid } });
    return false;
  }
  return true;
}

function reaches(comment: LinkComment, sight: Sight): boolean {
  const terms = sight.rules.terms(comment.from, sight.account.id);
  if (terms === null || terms.comments === 'none') return comment.from === sight.account.id;
  return terms.comments !== 'public' || comment.public || comment.deleted;
}

function draftOf(comment: LinkComment, copy: Copy | undefined, sight: Sight): CommentDraft {
  const own = copy !== undefined && !copy.ours;
  return {
    content: own ? comment.content : renderComment(comment, sight.nameOfAccount(comment.from), lineWords(comment, sight.account.id, sight.rules.terms(comment.from, sight.account.id))),
    public: own ? comment.public : isPublicHere(comment, sight),
  };
}

function creation(comment: LinkComment, copy: Copy | undefined, replica: Replica, sight: Sight): Step {
  const { files, warnings } = filesFor(comment.files, sight.can.files.comment, sight.rules.terms(comment.from, sight.account.id));
  return {
    ...NO_STEP_PARTS,
    kind: 'comment.create',
    key: commentKey(replica, comment.uid, copy?.generation ?? 1),
    uid: comment.uid,
    draft: { ...draftOf(comment, undefined, sight), ...(files.length > 0 && { files }) },
    warnings,
    clock: comment.clock,
  };
}

function deletion(replica: Replica, uid: string | null, commentId: string, clock: number): Step {
  return { ...NO_STEP_PARTS, kind: 'comment.delete', key: commentKey(replica, uid ?? commentId, 0), uid, comment_id: commentId, clock };
}

/** A public copy of a comment that is private now: hidden where the desk can, else deleted (and made again, private, if it can hold that). */
function tightening(comment: LinkComment, copy: Copy, commentId: string, replica: Replica, sight: Sight): Step | null {
  if (sight.can.comments.makePrivate) return update(comment, copy, commentId, replica, { ...draftOf(comment, copy, sight), public: false });
  if (!sight.can.comments.delete || !copy.ours) return null;
  return deletion(replica, comment.uid, commentId, comment.clock);
}
