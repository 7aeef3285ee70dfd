/** Comments that stood on both tickets before they were one. Pure. */
import { timeOf } from './compare.ts';
import { wordsIn } from './drift-words.ts';
import type { Comment } from './model.ts';
import type { LinkComment } from './state.ts';

/** Two comments are one if they were written no further apart. */
export const COMMENTS_WITHIN_MS = 10 * 60_000;

/**
 * Which comment of the link each of these is, by its id: the same words, whatever their form, the same visibility, written within
 * ten minutes of each other. Each is taken once, in the order of time. Without words there is nothing to tell one by.
 */
export function pairComments(known: readonly LinkComment[], seen: readonly Comment[]): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  const left = new Set([...known].filter(({ deleted }) => !deleted).sort((a, b) => a.created - b.created));
  const inOrder = seen.map((comment) => ({ comment, at: timeOf(comment.created_at, 0) })).sort((a, b) => a.at - b.at);
  for (const { comment, at } of inOrder) {
    const words = wordsIn(comment.content);
    if (words === '' || at === 0) continue;
    for (const one of left) {
      if (one.public !== comment.public || Math.abs(one.created - at) > COMMENTS_WITHIN_MS || wordsIn(one.content) !== words) continue;
      pairs.set(comment.id, one.uid);
      left.delete(one);
      break;
    }
  }
  return pairs;
}
