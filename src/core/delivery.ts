/** When a delivery is tried, and what an endpoint's answer means. Pure. */

/** First at once, then after these pauses (seconds), each with jitter: three days in all. */
const PAUSES_S = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 43_200, 57_600, 57_600] as const;
/** The longest pause that an endpoint may ask for. */
const LONGEST_ASKED_MS = 24 * 60 * 60 * 1_000;

/** An endpoint of which every attempt failed for so long is disabled: longer than any one delivery is tried. */
export const DISABLE_AFTER_MS = 4 * 24 * 60 * 60 * 1_000;

export interface EndpointAnswer {
  /** HTTP status; null if there was no answer. */
  readonly status: number | null;
  /** `Retry-After`, as milliseconds from now; null if absent. */
  readonly retryAfterMs: number | null;
}

export type DeliveryVerdict =
  | { readonly kind: 'delivered' }
  /** Not before so many milliseconds from now. */
  | { readonly kind: 'again'; readonly inMs: number }
  /** The endpoint says that it is gone: it wants nothing any more. */
  | { readonly kind: 'gone' }
  /** Tried to the end. */
  | { readonly kind: 'dead' };

/** `attempt` counts from 1; `chance` is in [0, 1). Only a 2xx is a success; redirects are failures like others. */
export function judgeDelivery(attempt: number, { status, retryAfterMs }: EndpointAnswer, chance: number): DeliveryVerdict {
  if (status !== null && status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  const pause = PAUSES_S[attempt - 1];
  if (pause === undefined) return { kind: 'dead' };
  const planned = pause * 1_000 * (0.8 + 0.4 * chance);
  return { kind: 'again', inMs: Math.round(Math.max(planned, askedPause({ status, retryAfterMs }) ?? 0)) };
}

/** The pause that an endpoint asks for with its answer (milliseconds): everything for it waits so long. Null if it asks for none. */
export function askedPause({ status, retryAfterMs }: EndpointAnswer): number | null {
  const asks = status === 429 || status === 502 || status === 503 || status === 504;
  return asks && retryAfterMs !== null && retryAfterMs > 0 ? Math.min(retryAfterMs, LONGEST_ASKED_MS) : null;
}

/** Attempts that a delivery has at most. */
export const MOST_ATTEMPTS = PAUSES_S.length + 1;
