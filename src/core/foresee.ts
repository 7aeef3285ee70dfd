/** Which steps a replica would be made to take from here on, if nothing else happened and its desk did everything it was asked. Pure. */
import { plan } from './plan.ts';
import type { Comment } from './model.ts';
import type { Rules } from './rules.ts';
import { settle, type Outcome } from './settle.ts';
import type { Sight } from './sight.ts';
import { valuesOf, type Intent, type Link, type Note, type Replica } from './state.ts';
import { intended, makesComment, type Step } from './step.ts';

export interface Foreseen {
  readonly steps: readonly Step[];
  /** What the plans had to say, each thing once: what is left out, kept or held, and why. */
  readonly notes: readonly Note[];
}

/** More steps than a ticket with very many comments could be due at once. */
const MOST_STEPS = 10_000;

/** `now` in epoch milliseconds. An intent that is open already comes first: it is being done, or has to be found. */
export function foresee(link: Link, replica: Replica, sight: Sight, now: number): Foreseen {
  const steps: Step[] = [];
  const notes = new Map<string, Note>();
  let state = { link, replica };
  const take = (intent: Intent): void => {
    steps.push(intent);
    state = settle(state.link, { ...state.replica, intent }, doneAsForeseen(intent, sight), sight, now);
  };
  if (replica.intent !== null) take(replica.intent);
  while (steps.length < MOST_STEPS) {
    const planned = plan(state.link, state.replica, sight, now);
    for (const note of planned.notes) notes.set(JSON.stringify(note), note);
    if (planned.step === null) break;
    state = { ...state, replica: planned.replica };
    take(intended(planned.step, now));
  }
  return { steps, notes: [...notes.values()] };
}

/** The accounts that the rules reach from where this ticket began, and on which it has no replica yet. */
export function missingAccounts(link: Link, rules: Rules): readonly number[] {
  if (!link.life.alive) return [];
  const own = rules.of({ values: valuesOf(link), accounts: link.accounts });
  return own.reached(link.origin).filter((id) => !link.accounts.includes(id));
}

/** The desk did what it was asked, and shows it as its connector forecasts. */
function doneAsForeseen(intent: Intent, sight: Sight): Outcome {
  return {
    kind: 'done',
    id: intent.kind === 'ticket.create' ? `foreseen ${intent.key}` : null,
    ticket: null,
    comment: makesComment(intent) || intent.kind === 'comment.update' ? commentOf(intent, sight) : null,
    warnings: [],
    adopted: false,
  };
}

function commentOf(intent: Intent, sight: Sight): Comment | null {
  if (intent.draft === null) return null;
  const shown = sight.forecastComment(intent.draft);
  return {
    id: intent.comment_id ?? `foreseen ${intent.key}`,
    content: shown.content,
    public: shown.public,
    author: null,
    attachments: [],
    created_at: null,
    modified_at: null,
    key: null,
  };
}

/** The steps of `after` that are not among those of `before`: the same write of the same values counts as one, whatever its key. */
export function newSteps(before: readonly Step[], after: readonly Step[]): readonly Step[] {
  const known = new Set(before.map(nameOf));
  return after.filter((step) => !known.has(nameOf(step)));
}

function nameOf({ kind, uid, comment_id: commentId, fields, draft }: Step): string {
  return JSON.stringify([kind, uid, commentId, fields, draft]);
}
