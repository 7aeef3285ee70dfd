/** Keeps a roster that no worker refreshes up to date. */
import type { World } from '../ports/world.ts';
import type { Roster } from './roster.ts';

/** A process without a worker still has to notice new accounts and secrets. Gives what ends it. */
export function followAccounts(roster: Roster, world: World): () => Promise<void> {
  const stopping = new AbortController();
  const follow = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await world.sleep(1_000, stopping.signal);
      await roster.refresh().catch((error: unknown) => world.log.warn('accounts.not_refreshed', { message: String(error) }));
    }
  };
  void follow();
  return async () => stopping.abort();
}
