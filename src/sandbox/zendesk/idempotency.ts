/**
 * `Idempotency-Key` on ticket creation: two hours long the same key gives the first answer again, and another body under
 * the same key is refused. Source: developer.zendesk.com "Idempotency".
 */
import { hash } from 'node:crypto';
import type { Clock } from '../kit/clock.ts';
import { Refused, type Reply } from '../kit/desk.ts';

const LIFE_MS = 2 * 3_600_000;

interface First {
  readonly digest: string;
  readonly until: number;
  readonly status: number;
  readonly json: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Idempotency {
  /** Only successes are kept; a refused request may be mended and sent again under its key. */
  once(key: string | null, raw: string, act: () => Reply): Reply;
  clear(): void;
}

export function createIdempotency(clock: Clock): Idempotency {
  /** In the order of their age, so that the old ones are found at the front. */
  const kept = new Map<string, First>();

  const dropOld = (now: number): void => {
    for (const [key, { until }] of kept) {
      if (until > now) return;
      kept.delete(key);
    }
  };

  return {
    once(key, raw, act) {
      if (key === null) return act();
      if (key === '' || key.length > 255) {
        throw new Refused({ status: 400, body: { error: 'IdempotentRequestError', description: 'The idempotency key is not valid' } });
      }
      const now = clock.now();
      dropOld(now);
      const digest = hash('sha1', raw);
      const first = kept.get(key);
      if (first && first.digest !== digest) {
        throw new Refused({
          status: 400,
          body: { error: 'IdempotentRequestError', description: "Request parameters don't match the given idempotency key" },
        });
      }
      if (first) {
        return { status: first.status, json: first.json, headers: { ...first.headers, 'x-idempotency-lookup': 'hit' }, replayed: true };
      }
      const reply = act();
      const { status, headers = {} } = reply;
      const json = JSON.stringify(reply.body);
      kept.set(key, { digest, until: now + LIFE_MS, status, json, headers });
      return { status, json, headers: { ...headers, 'x-idempotency-lookup': 'miss' } };
    },
    clear() {
      kept.clear();
    },
  };
}
