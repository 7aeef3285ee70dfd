/**
 * Requests with an Idempotency-Key: the same request gets the same answer for 24 hours, however often it comes and wherever
 * the first one was cut off. One call at a time works on a request; what it writes to a desk is kept before it is sent.
 */
import { AppError } from '../errors.ts';
import type { KeptAnswer, Once, OnceRequest, OnceStore } from '../ports/api.ts';
import type { World } from '../ports/world.ts';
import { retryAfter } from './failures.ts';

export interface OnceRunner {
  /**
   * Does the work, or gives the answer that it had before. `keep` says which failures are answers for good; after the others
   * the same request may be made again. Rejects with `unprocessable_entity` for a key that was used for something else, and
   * with `conflict` while another call is at it. `requestId` is for the log.
   */
  run(
    request: OnceRequest,
    work: (once: Once) => Promise<KeptAnswer>,
    keep: (error: unknown) => KeptAnswer | null,
    requestId: string,
  ): Promise<KeptAnswer & { readonly replayed: boolean }>;
}

/** How long a call has a request in hand before another may take it, unless it says that it is still at it. */
const LEASE_MS = 30_000;

export function createOnceRunner({ store, world }: { readonly store: OnceStore; readonly world: World }): OnceRunner {
  return {
    async run(request, work, keep, requestId) {
      const standing = await store.begin(request, LEASE_MS);
      switch (standing.kind) {
        case 'done':
          return { ...standing.answer, replayed: true };
        case 'other':
          throw new AppError('unprocessable_entity', 'This Idempotency-Key was used for another request: give each request a key of its own.');
        case 'running':
          throw busy(standing.until - world.now());
        case 'ours':
      }
      const { id, lease } = standing;
      const stop = keepAlive(id, lease, requestId);
      try {
        const answer = await work({ id, intent: standing.intent, intend: (intent) => intend(id, lease, intent) });
        await store.finish(id, lease, answer);
        return { ...answer, replayed: false };
      } catch (error) {
        const answer = keep(error);
        await (answer === null ? store.release(id, lease) : store.finish(id, lease, answer)).catch((again: unknown) =>
          world.log.warn('once.not_kept', { request_id: requestId, once: id, message: String(again) }),
        );
        throw error;
      } finally {
        stop();
      }
    },
  };

  async function intend(id: string, lease: string, intent: Once['intent']): Promise<void> {
    if (!(await store.intend(id, lease, intent))) throw busy(LEASE_MS);
  }

  function keepAlive(id: string, lease: string, requestId: string): () => void {
    const stopping = new AbortController();
    const renew = async (): Promise<void> => {
      for (;;) {
        await world.sleep(LEASE_MS / 3, stopping.signal);
        if (stopping.signal.aborted) return;
        await store.renew(id, lease, LEASE_MS).catch((error: unknown) => world.log.warn('once.not_renewed', { request_id: requestId, once: id, message: String(error) }));
      }
    };
    void renew();
    return () => stopping.abort();
  }
}

/** Of a request without a key: nothing of it is kept. */
export function unkept(id: string): Once {
  return { id, intent: null, intend: () => Promise.resolve() };
}

function busy(ms: number): AppError {
  return new AppError('conflict', 'Another call with this Idempotency-Key is under way: come again for its answer.', { headers: retryAfter(ms) });
}
