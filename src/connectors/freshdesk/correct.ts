/**
 * Writes that the desk refuses because of single values. A refusal with 400 names every value that it blames and means that
 * nothing was done, so what can be left out is left out, with a warning, and the rest is sent as another write. What cannot
 * be known before (values not on a list that changed, hidden sections, dates in the past, a full ticket) is dealt with so.
 */
import type { Warning } from '../../core/model.ts';
import { DeskFailure } from '../../ports/connector.ts';
import type { Answer } from '../kit/http.ts';
import { blamesOf, unifiedName, type Blame } from './complaints.ts';
import type { Body } from './map.ts';

/** A write as far as it can be sent. */
export interface Attempt {
  readonly body: Body;
  readonly warnings: readonly Warning[];
}

/** Another attempt, or null: the refusal stands. */
export type Correction = (attempt: Attempt, blames: readonly Blame[], failure: DeskFailure) => Promise<Attempt | null> | Attempt | null;

const MOST_ATTEMPTS = 4;

/** `inTime` says whether one more call still ends within the longest time of a write. */
export async function sendCorrected(
  attempt: Attempt,
  send: (body: Body) => Promise<Answer>,
  correct: Correction,
  inTime: () => boolean,
): Promise<{ readonly answer: Answer; readonly attempt: Attempt }> {
  let now = attempt;
  for (let tries = 1; ; tries += 1) {
    try {
      return { answer: await send(now.body), attempt: now };
    } catch (error) {
      if (!(error instanceof DeskFailure) || error.status === null || error.status < 400 || error.status >= 429 || tries === MOST_ATTEMPTS) throw error;
      const next = await correct(now, blamesOf(error), error);
      if (next === null) throw error;
      if (!inTime()) throw new DeskFailure('unavailable', `not sent: ${error.message}`, { status: error.status, code: error.code });
      now = next;
    }
  }
}

/** Keys whose value may be left out of a write: the ticket is worth more than any of them. */
const SPARED: ReadonlySet<string> = new Set(['type', 'responder_id', 'group_id', 'company_id', 'due_by', 'fr_due_by', 'cc_emails']);
/** Codes that say that a value cannot be written at all, so that of an update it is left out whatever it is. */
const UNWRITABLE: ReadonlySet<string> = new Set(['invalid_field', 'readonly_field', 'inaccessible_field', 'incompatible_field', 'require_feature']);
const LACKING = 'missing_field';

export interface Leaving {
  /** Values for fields that the desk asks for, by key or by custom field's name. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** An update may leave out anything that cannot be written. */
  readonly update: boolean;
}

/** Leaves out what is blamed and fills in what is lacking; null if any of it can be neither. */
export function leaveOutBlamed({ body, warnings }: Attempt, blames: readonly Blame[], { defaults, update }: Leaving): Attempt | null {
  if (blames.length === 0) return null;
  const next: Record<string, unknown> = { ...body };
  const custom: Record<string, unknown> = { ...(body.custom_fields as Body | undefined) };
  const told: Warning[] = [...warnings];
  for (const { key, code, message, custom: isCustom } of blames) {
    const inCustom = Object.hasOwn(custom, key);
    const value = inCustom ? custom[key] : body[key];
    const preset = Object.hasOwn(defaults, key) ? defaults[key] : undefined;
    const lacking = value === undefined || value === null || code === LACKING;
    // The account's own default is refused, or what is lacking has none: that is for a person to mend.
    if (preset === undefined ? lacking && value !== null : value === preset) return null;
    if (lacking && preset !== undefined) {
      if (isCustom) custom[key] = preset;
      else next[key] = preset;
      told.push({ field: isCustom ? 'custom_properties' : unifiedName(key), reason: `${key}: Freshdesk asks for it, so it has the default of this account’s settings` });
    } else if (inCustom) {
      delete custom[key];
      told.push({ field: 'custom_properties', reason: `${key}: Freshdesk refused it: ${message}` });
    } else if (SPARED.has(key) || (update && UNWRITABLE.has(code))) {
      // One due date without the other is refused.
      for (const one of key === 'due_by' || key === 'fr_due_by' ? ['due_by', 'fr_due_by'] : [key]) delete next[one];
      if (!told.some(({ field }) => field === unifiedName(key))) told.push({ field: unifiedName(key), reason: `Freshdesk refused it: ${message}` });
    } else return null;
  }
  if (Object.keys(custom).length > 0) next.custom_fields = custom;
  else delete next.custom_fields;
  return { body: next, warnings: told };
}
