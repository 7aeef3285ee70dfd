/** Steps that would be made, for people and as JSON. */
import { shortened } from '../core/changes.ts';
import type { Step } from '../core/step.ts';
import { shownValue, shownValues } from './words.ts';

/** A step as it is shown: what is decided, not how it is remembered. */
export function stepJson({ kind, key, fields, uid, comment_id: commentId, draft, warnings }: Step): object {
  return { kind, key, fields: shortened(fields), uid, comment_id: commentId, comment: draft === null ? null : shortened({ content: draft.content, public: draft.public }), warnings };
}

export function stepText({ kind, fields, draft, uid }: Step): string {
  const parts = [
    ...(fields === null || Object.keys(fields).length === 0 ? [] : [shownValues(fields as Record<string, unknown>)]),
    ...(draft === null ? (uid === null ? [] : [`comment ${uid}`]) : [`a ${draft.public ? 'public' : 'private'} comment ${shownValue(draft.content)}`]),
  ];
  return parts.length === 0 ? kind : `${kind}: ${parts.join('; ')}`;
}
