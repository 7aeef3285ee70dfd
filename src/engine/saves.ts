/**
 * One save on a desk may ring several times, once for each thing that it changed. The look that the first of these webhooks leads
 * to begins after the save, so it shows all of it, and the others need none. Kept in the memory of one process and for
 * seconds only: what is not known here costs one look more, and nothing else.
 */
import type { Accepted, NewReceipt } from '../ports/intake.ts';

export interface Saves {
  /**
   * Keeps the receipt by `accept`: as it is, or, where another of the same save was kept just now, as one that leads to nothing.
   * `save` is what the webhook says of it; undefined where it says nothing.
   */
  keep(receipt: NewReceipt, save: string | undefined, accept: (receipt: NewReceipt) => Promise<Accepted>): Promise<Accepted>;
}

/** A save's webhooks come within a second or two; one that comes later may have been tried again, and is a reason to look again. */
const TOGETHER_MS = 10_000;
/** Saves that are remembered at most. */
const MOST = 10_000;

interface First {
  readonly at: number;
  readonly kept: Promise<Accepted>;
}

export function createSaves(now: () => number): Saves {
  const firsts = new Map<string, First>();

  function remember(name: string, first: First): void {
    firsts.delete(name);
    firsts.set(name, first);
    for (const [old, { at }] of firsts) {
      if (firsts.size <= MOST && first.at - at <= TOGETHER_MS) break;
      firsts.delete(old);
    }
  }

  return {
    async keep(receipt, save, accept) {
      if (save === undefined || receipt.state !== 'accepted') return accept(receipt);
      const name = `${receipt.account_id} ${receipt.ticket_id ?? ''} ${save}`;
      const first = firsts.get(name);
      if (first === undefined || now() - first.at > TOGETHER_MS) {
        // Remembered before anything is awaited, so that whatever arrives meanwhile finds it.
        const kept = accept(receipt);
        remember(name, { at: now(), kept });
        return kept;
      }
      const relied = await first.kept.catch(() => null);
      if (relied === null) return accept(receipt);
      return accept({ ...receipt, state: 'ignored', reason: `It tells of the same save as receipt ${relied.id}, which leads to the look.` });
    },
  };
}
