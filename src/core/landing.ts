/** When a call whose outcome is open has had its effect or never will, and when it may be made again. Pure. */
import type { Capabilities } from './capabilities.ts';
import type { Intent } from './state.ts';
import { makesComment } from './step.ts';

/**
 * How far apart the clocks of our machines may be, and by how much one may be set. What one process wrote down another may compare
 * with its own time, so every wait for a desk to have shown something is longer by this.
 */
export const CLOCKS_APART_MS = 5_000;

/** When a look can settle an open intent: earlier, "absent" would prove nothing (epoch milliseconds). */
export function lookAllowedAt(intent: Intent, can: Capabilities): number {
  const landed = landedAt(intent, can) + CLOCKS_APART_MS;
  if (intent.kind === 'ticket.create') return landed + can.tickets.findLagMs;
  if (makesComment(intent)) return landed + can.comments.listLagMs;
  return landed;
}

/** When every try has had its effect or never will: one that was not answered may take its whole time. */
function landedAt(intent: Intent, can: Capabilities): number {
  const longest = carriesFiles(intent) ? Math.max(can.callTimeoutMs, can.files.callTimeoutMs) : can.callTimeoutMs;
  return Math.max(intent.landed, intent.answered ?? intent.sent + longest);
}

function carriesFiles(intent: Intent): boolean {
  return intent.files.length > 0 || (intent.draft?.files?.length ?? 0) > 0;
}

/** The same step, sent once more. */
export function sentAgain(intent: Intent, can: Capabilities, now: number): Intent {
  return { ...intent, tries: intent.tries + 1, landed: landedAt(intent, can), sent: now, answered: null };
}

/** Whether a create may simply be sent again: the desk remembers the key and gives the first answer. */
export function mayResend(intent: Intent, can: Capabilities, now: number): boolean {
  return intent.kind === 'ticket.create' && intent.refused === null && now - intent.first_sent < can.tickets.idempotentCreateMs - CLOCKS_APART_MS;
}
