/** The comments half of `absorb`: matched by id and by key, never by text or author. Pure. */
import { wordsDigest, timeOf } from './compare.ts';
import { commentKey } from './keys.ts';
import { pairComments } from './pair-comments.ts';
import type { Comment } from './model.ts';
import { lineWords, renderComment, unrenderComment } from './render.ts';
import { isDoubtful, wasDeleted } from './guards.ts';
import type { Look, Moved } from './look.ts';
import { isCutOff, type Sight } from './sight.ts';
import { makesComment } from './step.ts';
import type { Copy, Link, LinkComment, Note, Replica } from './state.ts';

interface Draft {
  readonly comments: Record<string, LinkComment>;
  readonly copies: Record<string, Copy>;
  readonly notes: Note[];
  readonly surplus: Set<string>;
  changed: boolean;
}

export function absorbComments(link: Link, replica: Replica, look: Look, seen: readonly Comment[], sight: Sight): Moved {
  const { began } = look;
  const doubtful = isDoubtful(replica, look);
  const byId = new Map<string, string>();
  for (const copy of Object.values(replica.copies)) if (copy.comment_id !== null) byId.set(copy.comment_id, copy.uid);
  const seenIds = new Set(seen.map((comment) => comment.id));
  const draft: Draft = {
    comments: { ...link.comments },
    copies: { ...replica.copies },
    notes: [],
    surplus: new Set(replica.surplus.filter((id) => seenIds.has(id))),
    changed: false,
  };
  const byKey = keysOf(link, replica, seen);
  const paired = pairedWith(link, replica, seen);
  for (const comment of seen) {
    if (draft.surplus.has(comment.id)) {
      hideWith(draft, byKey.get(comment.key ?? ''), comment, sight);
      continue;
    }
    const uid = byId.get(comment.id);
    if (uid !== undefined) {
      absorbKnown(draft, uid, replica, comment, began, sight);
      continue;
    }
    const twin = paired.get(comment.id);
    if (twin !== undefined) {
      absorbTwin(draft, twin, comment, began);
      continue;
    }
    const ours = comment.key === null ? undefined : byKey.get(comment.key);
    if (ours === undefined || !claim(draft, ours, link, replica, comment, began, sight)) {
      absorbNew(draft, comment, replica.ticket_id ?? '', began, sight);
    }
  }
  if (!doubtful && look.doubted !== true) absorbAbsences(draft, replica, seenIds, began, sight);
  const changed = draft.changed || draft.surplus.size !== replica.surplus.length;
  return {
    link: draft.changed ? { ...link, comments: draft.comments, version: link.version + 1 } : link,
    replica: {
      ...replica,
      copies: draft.copies,
      surplus: changed ? [...draft.surplus] : replica.surplus,
      doubt: doubtful ? replica.doubt || began : 0,
    },
    notes: draft.notes,
  };
}

/** Which comment of the link each key belongs to; worked out only if an unfamiliar key was seen. */
function keysOf(link: Link, replica: Replica, seen: readonly Comment[]): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  if (!seen.some((comment) => comment.key !== null)) return keys;
  for (const uid of Object.keys(link.comments)) {
    const generation = replica.copies[uid]?.generation ?? 1;
    for (let g = 1; g <= generation; g += 1) keys.set(commentKey(replica, uid, g), uid);
  }
  return keys;
}

/** By id, the comments that stood here already and say what a comment of the link says: only where two tickets meet. */
function pairedWith(link: Link, replica: Replica, seen: readonly Comment[]): ReadonlyMap<string, string> {
  if (!replica.meeting) return new Map();
  const known = Object.values(link.comments).filter(({ uid, from }) => from !== replica.account_id && replica.copies[uid] === undefined);
  return pairComments(known, seen.filter(({ key }) => key === null));
}

/** A person's own comment that is one with a comment of the link: nothing is due of it. */
function absorbTwin(draft: Draft, uid: string, comment: Comment, began: number): void {
  draft.copies[uid] = {
    uid,
    comment_id: comment.id,
    generation: 1,
    ours: false,
    text: wordsDigest(comment.content),
    public: comment.public,
    applied: draft.comments[uid]?.clock ?? 0,
    since: began,
    deleted: false,
  };
}

/**
 * A comment with one of our keys whose id is not on record. Ours, if its copy has no id yet; a surplus copy, if it says
 * the same as the recorded one, or as that one did before this look. Otherwise somebody quoted us: a person's comment.
 */
function claim(draft: Draft, uid: string, link: Link, replica: Replica, comment: Comment, began: number, sight: Sight): boolean {
  const copy = draft.copies[uid];
  const source = draft.comments[uid];
  if (source === undefined) return false;
  const intent = replica.intent?.uid === uid && makesComment(replica.intent) ? replica.intent : null;
  if (copy?.comment_id == null) {
    // What was written is base, so that what a person changed since is seen as theirs. Where nothing is known of what was
    // written, the words are taken as they are and are written over if the link says otherwise.
    const wrote = intent?.draft == null ? null : sight.forecastComment(intent.draft);
    const known = wrote !== null ? { text: wordsDigest(wrote.content), public: wrote.public } : copy !== undefined && copy.text !== null ? copy : null;
    // An earlier try that took effect late says what the comment said then: nobody has changed it, and what is said now is due.
    const early = copy?.tried !== undefined && copy.tried === wordsDigest(comment.content) && copy.tried !== known?.text;
    const told = early ? null : known;
    draft.copies[uid] = {
      uid,
      comment_id: comment.id,
      generation: copy?.generation ?? 1,
      ours: true,
      text: told?.text ?? wordsDigest(comment.content),
      public: told?.public ?? comment.public,
      applied: early ? 0 : (intent?.clock ?? copy?.applied ?? 0),
      since: began,
      deleted: false,
      ...(copy?.tried !== undefined && { tried: copy.tried }),
    };
    absorbKnown(draft, uid, replica, comment, began, sight);
    return true;
  }
  const rendered = (one: LinkComment): string =>
    wordsDigest(sight.forecastComment({ content: renderComment(one, sight.nameOfAccount(one.from), wordsFor(one, sight)), public: comment.public }).content);
  const said = wordsDigest(comment.content);
  // This very look may have shown first that somebody edited the recorded copy.
  if (said !== copy.text && said !== copy.tried && said !== rendered(source) && said !== replica.copies[uid]?.text && said !== rendered(link.comments[uid] ?? source)) return false;
  draft.surplus.add(comment.id);
  draft.notes.push({ what: 'surplus', because: 'a second copy of a comment that we wrote', values: { comment_id: comment.id, uid } });
  hideWith(draft, uid, comment, sight);
  return true;
}

/** A second copy of ours that a person hid: whichever of the two they saw, they meant the comment. */
function hideWith(draft: Draft, uid: string | undefined, surplus: Comment, sight: Sight): void {
  const source = uid === undefined ? undefined : draft.comments[uid];
  if (uid === undefined || source === undefined || surplus.public || !source.public || source.deleted || !carries(source, sight)) return;
  // Hidden by us it can not be: a comment that is public in the link was never private.
  if (draft.copies[uid]?.public !== true) return;
  draft.comments[uid] = { ...source, public: false };
  draft.changed = true;
}

/** A comment on record: edited, or made private, if it differs from what was last seen. */
function absorbKnown(draft: Draft, uid: string, replica: Replica, comment: Comment, began: number, sight: Sight): void {
  const copy = draft.copies[uid];
  const source = draft.comments[uid];
  if (copy === undefined || source === undefined) return;
  const text = wordsDigest(comment.content);
  if (text === copy.text && comment.public === copy.public) return;
  const intent = replica.intent?.kind === 'comment.update' && replica.intent.uid === uid ? replica.intent : null;
  if (intent?.draft != null && text === wordsDigest(sight.forecastComment(intent.draft).content)) {
    draft.copies[uid] = { ...copy, text, public: comment.public, applied: Math.max(copy.applied, intent.clock) };
    return;
  }
  if (source.deleted) {
    // A deletion wins over an edit.
    draft.copies[uid] = { ...copy, text, public: comment.public };
    return;
  }
  if (!carries(source, sight)) {
    // Once it is mirrored again, what the others say is written over it.
    const apart = isCutOff(source.from, sight);
    draft.copies[uid] = { ...copy, text, public: comment.public, ...(apart && { applied: 0 }) };
    draft.notes.push({ what: 'left alone', because: 'no mirror carries comments from this account to where this one was written', values: { uid } });
    return;
  }
  const time = timeOf(comment.modified_at, began);
  let next: LinkComment = source;
  let applied = copy.applied;
  if (text !== copy.text && copy.text !== null && !carriesWords(source, comment, sight)) {
    // It was edited and hidden between two looks: nobody knows whether these words ever were public.
    draft.notes.push({ what: 'left alone', because: 'the mirror to where this comment was written carries no private words', values: { uid } });
  } else if (text !== copy.text && copy.text !== null) {
    // An open write may have been what this person saw: their change counts as made with it in view.
    const caughtUp = Math.max(copy.applied, intent?.clock ?? 0) >= source.clock;
    const content = copy.ours ? wordsOf(comment, source, sight) : comment.content;
    if (caughtUp || time > source.clock) {
      const clock = Math.max(time, source.clock + 1);
      next = { ...next, content, clock };
      applied = clock;
      if (!caughtUp) {
        draft.notes.push({ what: 'conflict', because: 'this comment was edited here later than elsewhere', values: { uid, won: content, lost: source.content } });
      }
    } else {
      draft.notes.push({ what: 'conflict', because: 'this comment was edited elsewhere later than here', values: { uid, won: source.content, lost: content } });
    }
  }
  // Visibility only ever tightens, whoever tightens it; so it needs no clock, and leaves that of the words alone.
  if (copy.public && !comment.public && next.public) next = { ...next, public: false };
  draft.copies[uid] = { ...copy, text, public: comment.public, applied, deleted: false };
  if (next !== source) {
    draft.comments[uid] = next;
    draft.changed = true;
  }
}

function wordsOf(comment: Comment, source: LinkComment, sight: Sight): string {
  const shown = (html: string): string => sight.forecastComment({ content: html, public: comment.public }).content;
  return unrenderComment(comment.content, source, sight.nameOfAccount(source.from), shown, wordsFor(source, sight));
}

/** The author line's words under the terms by which this comment came here. */
function wordsFor(source: LinkComment, sight: Sight): string | null {
  return lineWords(source, sight.account.id, sight.rules.terms(source.from, sight.account.id));
}

/** Whether what people here do to this comment travels to where it was written, and from there to all copies. */
function carries(source: LinkComment, sight: Sight): boolean {
  const terms = sight.rules.terms(sight.account.id, source.from);
  return terms !== null && (terms.comments === 'all' || terms.comments === 'all_as_public' || (terms.comments === 'public' && source.public));
}

/** Whether the words that a copy shows now travel as well: words that are private here only where private comments do. */
function carriesWords(source: LinkComment, shown: Comment, sight: Sight): boolean {
  return shown.public || source.from === sight.account.id || sight.rules.terms(sight.account.id, source.from)?.comments !== 'public';
}

/** A comment that no copy is on record for: a person wrote it here. */
function absorbNew(draft: Draft, comment: Comment, ticketId: string, began: number, sight: Sight): void {
  const uid = `${sight.account.id}:${comment.id}`;
  const created = timeOf(comment.created_at, began);
  const clock = timeOf(comment.modified_at, created);
  // The link may know it already: then it says what the comment should be, and is not said to by an old look.
  const known = draft.comments[uid];
  draft.copies[uid] = {
    uid,
    comment_id: comment.id,
    generation: 1,
    ours: false,
    text: wordsDigest(comment.content),
    public: comment.public,
    applied: known === undefined ? clock : 0,
    since: began,
    deleted: false,
  };
  if (known !== undefined) return;
  const { account } = sight;
  const { author, content } = comment;
  const files = comment.attachments.map(({ id, url, filename, content_type, size, inline }) => ({
    from: account.id, ticket_id: ticketId, comment_id: comment.id, id, url, filename, content_type, size, inline,
  }));
  draft.comments[uid] = { uid, from: account.id, author, content, public: comment.public, deleted: false, clock, created, files };
  draft.changed = true;
}

/** A copy that is missing from a list that began late enough to have shown it was deleted by a person. */
function absorbAbsences(draft: Draft, replica: Replica, seenIds: ReadonlySet<string>, began: number, sight: Sight): void {
  for (const copy of Object.values(draft.copies)) {
    if (copy.comment_id === null || copy.deleted || seenIds.has(copy.comment_id)) continue;
    if (!wasDeleted(copy, replica, began, sight.can.comments.listLagMs)) continue;
    draft.copies[copy.uid] = { ...copy, deleted: true };
    const source = draft.comments[copy.uid];
    if (source === undefined || source.deleted) continue;
    if (!carries(source, sight)) {
      draft.notes.push({ what: 'deletion kept here', because: 'no mirror carries comments from this account to where this one was written', values: { uid: copy.uid } });
      continue;
    }
    draft.comments[copy.uid] = { ...source, deleted: true, clock: Math.max(began, source.clock + 1) };
    draft.copies[copy.uid] = { ...copy, deleted: true, applied: Math.max(began, source.clock + 1) };
    draft.notes.push({ what: 'comment deleted', because: 'it was deleted on this desk', values: { uid: copy.uid } });
    draft.changed = true;
  }
}
