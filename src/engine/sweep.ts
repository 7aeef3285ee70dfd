/**
 * The net under webhooks: asks a desk what changed since a cursor, looks in turn at tickets that nobody looked at for long
 * (hard deletes and silent edits are in no feed), and tries a stopped account's credentials again.
 */
import { DeskFailure } from '../ports/connector.ts';
import type { AccountStore, LaneStore } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import type { Roster } from './roster.ts';

/** Pages of the change feed that one sweep reads at most; the cursor keeps the rest for the next. */
const MOST_PAGES = 100;

export interface SweepPorts {
  readonly lanes: LaneStore;
  readonly accounts: AccountStore;
  readonly roster: Roster;
  readonly world: World;
  readonly nudge: () => void;
  /** Tickets that one sweep looks at in turn, whether or not anything was heard of them. */
  readonly rotation: number;
  /** Tickets looked at within so many milliseconds are passed over. */
  readonly rotationRestMs: number;
}

/** Sweeps one account. Never rejects: what failed is told to the roster and tried again by the next sweep. */
export function createSweep(ports: SweepPorts): (accountId: number) => Promise<void> {
  const { lanes, accounts, roster, world } = ports;

  return async function sweep(accountId) {
    try {
      await lanes.mend();
      const wait = roster.wait(accountId);
      if (wait === null && !(await roster.probe(accountId))) return;
      if (wait !== null && wait > 0) return;
      await readFeed(accountId);
      await rotate(accountId);
      if (roster.succeeded(accountId) || wait === null) await lanes.hasten(accountId);
    } catch (error) {
      const account = roster.byId(accountId)?.name ?? accountId;
      if (error instanceof DeskFailure) {
        world.log.info('sweep.failed', { account, kind: error.kind, message: error.message });
        await roster.failed(accountId, error).catch((again: unknown) => world.log.warn('account.not_stopped', { account, message: String(again) }));
      } else {
        world.log.warn('sweep.failed', { account, message: error instanceof Error ? error.message : String(error) });
      }
    } finally {
      ports.nudge();
    }
  };

  async function readFeed(accountId: number): Promise<void> {
    const member = roster.member(accountId);
    if (member === null) return;
    const state = await accounts.sweep(accountId);
    let cursor = state.cursor;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const changes = await member.desk.changes(cursor, state.since);
      if (changes.items.length > 0) {
        const signalled = await lanes.signal(accountId, changes.items.map((change) => ({ ...change, force: false })));
        if (signalled > 0) ports.nudge();
      }
      // The cursor moves only after what it passed is signalled: a crash in between repeats, never misses.
      if (changes.cursor !== cursor) await accounts.swept(accountId, changes.cursor);
      if (!changes.more || changes.cursor === cursor) return;
      cursor = changes.cursor;
    }
  }

  async function rotate(accountId: number): Promise<void> {
    const before = world.now() - ports.rotationRestMs;
    const tickets = await lanes.leastLooked(accountId, before, ports.rotation);
    if (tickets.length === 0) return;
    await lanes.signal(accountId, tickets.map((ticketId) => ({ ticketId, modified_at: null, is_deleted: false, force: true })));
  }
}
