/** A step: the next unified write that is due on a replica, before it is made. */
import type { CommentDraft, StepKind } from './model.ts';
import type { Clock, Intent, Link, Note, Replica } from './state.ts';

/** The step that is due, complete enough to be stored before it is done. */
export type Step = Omit<Intent, 'first_sent' | 'sent' | 'answered' | 'tries' | 'landed' | 'refused'>;

/** The step as it is stored before it is sent for the first time. */
export function intended(step: Step, now: number): Intent {
  return { ...step, first_sent: now, sent: now, answered: null, tries: 1, landed: 0, refused: null };
}

export interface Plan {
  /** The replica with everything marked as caught up that needs no write. */
  readonly replica: Replica;
  readonly step: Step | null;
  readonly notes: readonly Note[];
}

export const NO_STEP_PARTS = {
  fields: null,
  forecast: {},
  clocks: {},
  life: 0,
  uid: null,
  comment_id: null,
  draft: null,
  files: [],
  follows: null,
  warnings: [],
  clock: 0,
} as const;

/** Whether this write makes a new comment: alone, or along with an update. */
export function makesComment({ kind, uid }: Pick<Intent, 'kind' | 'uid'>): boolean {
  return kind === 'comment.create' || (kind === 'ticket.update' && uid !== null);
}

/** Whether this write makes a public copy private, or takes it away because it cannot be hidden. */
export function tightens(link: Link, { kind, uid, draft }: Pick<Intent, 'kind' | 'uid' | 'draft'>): boolean {
  if (kind === 'comment.update') return draft?.public === false;
  return kind === 'comment.delete' && uid !== null && link.comments[uid]?.deleted === false;
}

/** The name under which a refusal of a comment's step is remembered; hiding a comment is not held up by words that were refused. */
export function commentStepName(kind: StepKind, id: string, draft: CommentDraft | null): string {
  if (kind === 'comment.delete') return `gone:${id}`;
  return draft?.public === false ? `private:${id}` : `public:${id}`;
}

/** The step is refused for now: it was refused twice, and nothing newer is to be said. */
export function isHeld(replica: Replica, what: string, clock: Clock): boolean {
  const held = replica.held[what];
  return held !== undefined && held.count >= 2 && held.clock >= clock;
}
