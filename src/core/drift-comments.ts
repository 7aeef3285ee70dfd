/** The comments half of `compare`: each comment of the link has its one copy, says what it should and to whom, and nothing else is there. Pure. */
import { timeOf, wordsDigest } from './compare.ts';
import { hasWords } from './drift-words.ts';
import { waiting, type Difference, type Finding } from './finding.ts';
import { commentKey } from './keys.ts';
import type { Comment } from './model.ts';
import { isPublicHere, type Sight } from './sight.ts';
import type { Copy, Link, LinkComment, Replica } from './state.ts';

export function compareComments(link: Link, replica: Replica, seen: readonly Comment[], began: number, sight: Sight): readonly Finding[] {
  const byId = new Map(seen.map((comment) => [comment.id, comment]));
  const known = Object.values(link.comments).flatMap((comment) => {
    const finding = compareOne(comment, replica.copies[comment.uid], byId, replica, began, sight);
    return finding === null ? [] : [finding];
  });
  return [...known, ...strangers(link, replica, seen, began, sight)];
}

function compareOne(comment: LinkComment, copy: Copy | undefined, byId: ReadonlyMap<string, Comment>, replica: Replica, began: number, sight: Sight): Finding | null {
  const of = { what: 'comment', uid: comment.uid, comment_id: copy?.comment_id ?? null, differences: [] } as const;
  if (copy?.comment_id == null) {
    if (!belongs(comment, sight)) return null;
    const because = parked(comment, replica) ?? 'it was not written here yet';
    return { ...of, kind: 'missing', because, since: comment.created };
  }
  // It was deleted here, or left behind with an earlier ticket; nothing more is expected of it.
  if (copy.deleted) return null;
  const shown = byId.get(copy.comment_id);
  if (comment.deleted) {
    const gone = shown === undefined || !sight.can.comments.delete || !reaches(comment, sight);
    return gone ? null : { ...of, kind: 'extra', because: waiting(replica, `gone:${comment.uid}`) ?? 'it was deleted elsewhere, and not here yet', since: comment.clock };
  }
  if (shown === undefined) {
    // A list may be late to show what was just written.
    if (began <= copy.since + sight.can.comments.listLagMs) return null;
    return { ...of, kind: 'missing', because: 'it is gone on this desk, which was not taken in yet', since: copy.since };
  }
  const differences = differencesOf(comment, copy, shown, replica, sight);
  if (differences.length === 0) return null;
  const because = [...new Set(differences.map((one) => one.because))].join('; ');
  return { ...of, kind: 'differing', differences, because, since: Math.min(comment.clock, timeOf(shown.modified_at, began)) };
}

function differencesOf(comment: LinkComment, copy: Copy, shown: Comment, replica: Replica, sight: Sight): readonly Difference[] {
  const differences: Difference[] = [];
  const wanted = isPublicHere(comment, sight);
  if (shown.public !== wanted && (shown.public || shown.public !== copy.public)) {
    const because = shown.public ? (parked(comment, replica) ?? 'it is private, and can be read by the customer here') : 'it was made private on this desk, which was not taken in yet';
    differences.push({ field: 'public', link: wanted, desk: shown.public, because, settled: false });
  }
  const unchanged = wordsDigest(shown.content) === copy.text;
  const caughtUp = copy.applied >= comment.clock;
  const words = sight.forecastComment({ content: comment.content, public: wanted }).content;
  if (hasWords(shown.content, words)) return differences;
  // What a desk keeps for good, and what its mirror does not carry any more, stays as it was first written.
  if (unchanged && (!sight.can.comments.edit || !reaches(comment, sight))) return differences;
  const because = !unchanged ? 'it was edited on this desk, which was not taken in yet' : caughtUp ? 'it differs though it was written here' : (parked(comment, replica) ?? 'it was edited elsewhere, and not here yet');
  differences.push({ field: 'content', link: comment.content, desk: shown.content, because, settled: unchanged && caughtUp });
  return differences;
}

/** Comments that are on record nowhere: ours by their key, or a person's that was not taken in. */
function strangers(link: Link, replica: Replica, seen: readonly Comment[], began: number, sight: Sight): readonly Finding[] {
  const recorded = new Set(Object.values(replica.copies).flatMap((copy) => (copy.comment_id === null ? [] : [copy.comment_id])));
  const unknown = seen.filter(({ id }) => !recorded.has(id));
  if (unknown.length === 0) return [];
  const keys = new Set(Object.keys(link.comments).flatMap((uid) => {
    const generation = replica.copies[uid]?.generation ?? 1;
    return Array.from({ length: generation }, (_, n) => commentKey(replica, uid, n + 1));
  }));
  const surplus = new Set(replica.surplus);
  return unknown.flatMap(({ id, key, created_at: created }): Finding[] => {
    const of = { what: 'comment', uid: null, comment_id: id, differences: [], since: timeOf(created, began) } as const;
    if (surplus.has(id) || (key !== null && keys.has(key))) return [{ ...of, kind: 'extra', because: 'it is a second copy of a comment that was written here' }];
    return travels(sight) ? [{ ...of, kind: 'missing', because: 'it was written on this desk, and is on no other yet' }] : [];
  });
}

/** Whether comments of this account are carried to any other. */
function travels(sight: Sight): boolean {
  return sight.rules.reached(sight.account.id).some((account) => sight.rules.terms(sight.account.id, account)?.comments !== 'none');
}

function belongs(comment: LinkComment, sight: Sight): boolean {
  return !comment.deleted && sight.can.comments.create && reaches(comment, sight) && (isPublicHere(comment, sight) || sight.can.comments.private);
}

function reaches(comment: LinkComment, sight: Sight): boolean {
  if (comment.from === sight.account.id) return true;
  const terms = sight.rules.terms(comment.from, sight.account.id);
  return terms !== null && (terms.comments === 'all' || terms.comments === 'all_as_public' || (terms.comments === 'public' && (comment.public || comment.deleted)));
}

function parked(comment: LinkComment, replica: Replica): string | null {
  return waiting(replica, `public:${comment.uid}`) ?? waiting(replica, `private:${comment.uid}`) ?? waiting(replica, 'writes');
}
