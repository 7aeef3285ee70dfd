/** Runs lanes: takes what is due, a bounded number at a time, and never lets one account have them all. */
import type { FileStore } from '../ports/files.ts';
import type { Audience } from '../ports/subscriptions.ts';
import type { AccountStore, Lane, LaneStore } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import type { BackfillStore } from '../ports/backfill.ts';
import { createStepFiles } from './files.ts';
import { createMeetings } from './meetings.ts';
import type { Roster } from './roster.ts';
import { createSync } from './sync.ts';

/** A lease outlives a process that died by so much. */
export const LEASE_MS = 30_000;
const RENEW_MS = 10_000;
/** Calls that one desk may have to answer at the same time. */
const ACCOUNT_LANES = 64;
/** Lanes that were opened by others wait for a place, at most so many times the lanes that run. */
const LONGEST_QUEUE = 4;
const BETWEEN_CLAIMS_MS = 10;
/** How often due lanes are looked for without being told. */
const TICK_MS = 1_000;

export interface Worker {
  /** Begins to take lanes. Resolves at once. */
  start(): void;
  /** Looks for due lanes now. */
  nudge(): void;
  /** Whether a lane of this account would soon be run if it were handed over. */
  room(accountId: number): boolean;
  /** Resolves when the lanes that wait here have become few, or after `ms` milliseconds: whoever brings more may hold on so long. */
  relief(ms: number): Promise<void>;
  /** Takes lanes that are leased to this process already. */
  open(lanes: readonly Lane[]): void;
  /** Takes no more lanes, lets the running ones come to their end, and gives the others back. */
  stop(): Promise<void>;
  /** Lanes running or waiting here. */
  readonly size: number;
}

export interface WorkerPorts {
  readonly lanes: LaneStore;
  readonly backfills: BackfillStore;
  readonly accounts: Pick<AccountStore, 'sweep'>;
  readonly roster: Roster;
  readonly files: FileStore;
  readonly world: World;
  /** Lanes that run at once; at least 2. */
  readonly width: number;
  /** Who listens to events, and who brings them. */
  readonly audience?: () => Audience;
  readonly told?: () => void;
}

export function createWorker(ports: WorkerPorts): Worker {
  const { lanes, roster, world, width } = ports;
  /** One account may have all lanes but two, so that its trouble leaves room for others; and no desk is called more often at once than this. */
  const widest = Math.max(1, Math.min(width - 2, ACCOUNT_LANES));
  const listeners = { ...(ports.audience !== undefined && { audience: ports.audience }), ...(ports.told !== undefined && { told: ports.told }) };
  const waiting: Lane[] = [];
  const running = new Map<string, Lane>();
  const perAccount = new Map<number, number>();
  const queued = new Map<number, number>();
  const idle = new Set<() => void>();
  const pressing = new Set<() => void>();
  const stopping = new AbortController();
  let claiming = false;
  let again = false;
  let claimedAt = -Infinity;
  let first = 0;

  const meetings = createMeetings({ roster, backfills: ports.backfills, accounts: ports.accounts, lanes });
  const sync = createSync({ lanes, roster, world, files: createStepFiles({ roster, files: ports.files }), meetings, room, open, nudge, ...listeners });

  function busy(accountId: number): number {
    return perAccount.get(accountId) ?? 0;
  }

  /** What waits counts too: an account whose calls hang would otherwise fill the queue that all share. */
  function taken(accountId: number): number {
    return busy(accountId) + (queued.get(accountId) ?? 0);
  }

  function queue(accountId: number, by: number): void {
    queued.set(accountId, (queued.get(accountId) ?? 0) + by);
  }

  function room(accountId: number): boolean {
    return !stopping.signal.aborted && (queued.get(accountId) ?? 0) < width && waiting.length < width * LONGEST_QUEUE;
  }

  function pressed(): boolean {
    return waiting.length > width / 2;
  }

  async function relief(ms: number): Promise<void> {
    if (!pressed()) return;
    const waited = new AbortController();
    const go = (): void => waited.abort();
    pressing.add(go);
    await world.sleep(ms, waited.signal);
    pressing.delete(go);
  }

  function open(opened: readonly Lane[]): void {
    waiting.push(...opened);
    for (const lane of opened) queue(lane.replica.account_id, 1);
    pump();
  }

  /** Starts waiting lanes, oldest first, passing over accounts that have their share. */
  function pump(): void {
    for (let i = 0; i < waiting.length && running.size < width; ) {
      const lane = waiting[i];
      if (lane === undefined) break;
      if (busy(lane.replica.account_id) >= widest) {
        i += 1;
        continue;
      }
      waiting.splice(i, 1);
      queue(lane.replica.account_id, -1);
      begin(lane);
    }
  }

  function begin(lane: Lane): void {
    const accountId = lane.replica.account_id;
    running.set(lane.lease, lane);
    perAccount.set(accountId, busy(accountId) + 1);
    void sync(lane).finally(() => {
      running.delete(lane.lease);
      perAccount.set(accountId, busy(accountId) - 1);
      pump();
      if (again) nudge();
      if (pressing.size > 0 && !pressed()) for (const go of pressing) go();
      if (running.size === 0) for (const wake of idle) wake();
    });
  }

  function nudge(): void {
    again = true;
    if (!claiming && !stopping.signal.aborted) void claim();
  }

  /** Claims until nothing is due or nothing fits. `claiming` ends with it and not a moment later, so that no nudge falls between. */
  async function claim(): Promise<void> {
    claiming = true;
    try {
      while (again && !stopping.signal.aborted) {
        // With little room and a claim just made, a moment's wait makes one claim of many small ones.
        const early = claimedAt + BETWEEN_CLAIMS_MS - world.now();
        if (early > 0 && space() < width / 4) await world.sleep(early, stopping.signal);
        const callable = openAccounts();
        const slots = callable.filter(({ free }) => free > 0);
        // Everything is taken: the next lane that ends asks again.
        if (space() <= 0 || slots.length === 0) return;
        again = false;
        claimedAt = world.now();
        const claimed = await lanes.claim(slots, space(), LEASE_MS);
        open(claimed);
        // An account that has its share already may have more: the next lane that ends asks again.
        if (claimed.length > 0 || slots.length < callable.length) again = true;
        if (claimed.length === 0) return;
      }
    } catch (error) {
      world.log.warn('lanes.not_claimed', { message: error instanceof Error ? error.message : String(error) });
    } finally {
      claiming = false;
    }
  }

  /** How many lanes can be taken without making them wait; those that wait for their own account are in nobody's way. */
  function space(): number {
    let ready = 0;
    for (const [accountId, count] of queued) ready += Math.min(count, widest - busy(accountId));
    return width - running.size - ready;
  }

  /** The accounts that may be called now, with how many lanes each may still have; each time another comes first, since what is free may not be enough for all. */
  function openAccounts(): { account_id: number; free: number }[] {
    const members = roster.members();
    first = members.length === 0 ? 0 : (first + 1) % members.length;
    return [...members.slice(first), ...members.slice(0, first)]
      .filter(({ account }) => roster.wait(account.id) === 0)
      .map(({ account }) => ({ account_id: account.id, free: widest - taken(account.id) }));
  }

  async function tick(): Promise<void> {
    let renewed = world.now();
    while (!stopping.signal.aborted) {
      await world.sleep(TICK_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        await roster.refresh();
        if (world.now() - renewed >= RENEW_MS) {
          renewed = world.now();
          await lanes.renew(held(), LEASE_MS);
        }
      } catch (error) {
        world.log.warn('tick.failed', { message: error instanceof Error ? error.message : String(error) });
      }
      nudge();
    }
  }

  function held(): { replica_id: string; lease: string }[] {
    return [...running.values(), ...waiting].map((lane) => ({ replica_id: lane.replica.id, lease: lane.lease }));
  }

  return {
    start() {
      void tick();
      nudge();
    },
    nudge,
    room,
    relief,
    open,
    async stop() {
      stopping.abort();
      const unbegun = waiting.splice(0);
      queued.clear();
      if (unbegun.length > 0) {
        await lanes
          .giveBack(unbegun.map((lane) => ({ replica_id: lane.replica.id, lease: lane.lease })))
          .catch((error: unknown) => world.log.warn('lanes.not_returned', { message: String(error) }));
      }
      if (running.size > 0) {
        await new Promise<void>((resolve) => idle.add(resolve));
      }
    },
    get size() {
      return running.size + waiting.length;
    },
  };
}
