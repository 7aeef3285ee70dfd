/**
 * Comments carry no id here, so one is made of what stays:
 *
 * - A comment that ends with our key is known by the key, and so it is known before it was ever read back.
 * - Any other is known by the second in which it was made, and by its place among the comments of that second. Comments are only
 *   ever appended, so both stay. Text, visibility and author are left out: the first two may be redacted or turned, and the
 *   author becomes another when two users are merged.
 *
 * What remains uncertain: if the desk does not always list the comments of one second in the same order, they change their ids;
 * and a redaction that takes our last line away makes a comment of ours look like a new one.
 */
import type { Comment, Person } from '../../core/model.ts';
import { isoTime } from '../kit/time.ts';
import { filesOf, type Who } from './map.ts';
import { idOf, type ClassicComment, type ClassicTicket } from './shapes.ts';
import { readMarked } from './text.ts';

/** The comments of a ticket, oldest first, without the first of all, which is its description. */
export function fromComments(raw: ClassicTicket, who: Who): readonly Comment[] {
  const seconds = new Map<string, number>();
  const keys = new Set<string>();
  const all = (raw.comments ?? []).map((comment): Comment => {
    const { html, key } = readMarked(comment.value ?? '');
    const created = isoTime(comment.created_at);
    const second = created === null ? 'undated' : created.replace(/\.\d+Z$/, 'Z').replace(/[-:]/g, '');
    const place = (seconds.get(second) ?? 0) + 1;
    seconds.set(second, place);
    // A second one with the same key is a copy of the first, or quotes it: it needs an id of its own.
    const ours = key !== null && !keys.has(key);
    if (key !== null) keys.add(key);
    return {
      id: ours ? key : `${second}-${place}`,
      content: html,
      author: authorOf(comment, key, who),
      public: comment.is_public !== 'false',
      attachments: filesOf(comment.attachments),
      created_at: created,
      modified_at: null,
      key,
    };
  });
  return all.slice(1);
}

/** Who wrote our own is no question worth a call. */
function authorOf({ author_id: author }: ClassicComment, key: string | null, who: Who): Person | null {
  const id = idOf(author);
  if (id === null) return null;
  const unknown = { user_id: id, email: null, name: null };
  return key === null ? (who(id) ?? unknown) : unknown;
}

/** The authors that a reading has to ask for. */
export function authorsOf(raw: ClassicTicket): readonly string[] {
  const ids = (raw.comments ?? []).slice(1).flatMap((comment) => (readMarked(comment.value ?? '').key === null ? (idOf(comment.author_id) ?? []) : []));
  return [...new Set(ids)];
}
