/**
 * Brings events to those who subscribed: makes deliveries of what was committed, and runs of the automations that are meant; takes what
 * is due, a fair share for each endpoint, and keeps what came of every attempt.
 */
import type { CompileWhere } from '../core/rules.ts';
import { sharesOf, type Share } from '../core/shares.ts';
import { laneOf, wants } from '../core/subscription.ts';
import type { MeshEvent } from '../core/mesh-event.ts';
import type { Automate } from './automate.ts';
import type { Claimed, DeliveryDraft, DeliverySlot, Dispatched, DeliveryStore, OpenSubscription, Settled } from '../ports/subscriptions.ts';
import { attempt, type AttemptPorts } from './attempt.ts';

/** Longer than any attempt and the commit of its outcome. */
const LEASE_MS = 60_000;
/** Events that are dispatched in one transaction. */
const MOST_EVENTS = 200;
const TICK_MS = 1_000;
const MEND_MS = 30_000;
const BETWEEN_CLAIMS_MS = 5;
/** A stop waits so long for answers that are on their way. */
const GRACE_MS = 5_000;
/** A database that did not take an outcome is asked again. */
const SETTLE_AGAIN_MS = 1_000;

export interface Deliverer {
  /** Begins to deliver. Resolves at once. */
  start(): void;
  /** Something was committed, or is due: looks now. */
  nudge(): void;
  /** Takes no more and waits for what is under way, for a while. */
  stop(): Promise<void>;
}

export interface DelivererPorts extends AttemptPorts {
  readonly deliveries: DeliveryStore;
  /** Without it no automation runs. */
  readonly automate?: Pick<Automate, 'runs' | 'nudge'>;
  readonly compileWhere: CompileWhere;
  /** Attempts under way at the same time. */
  readonly width: number;
}

export function createDeliverer(ports: DelivererPorts): Deliverer {
  const { deliveries, world, width } = ports;
  const stopping = new AbortController();
  const giveUp = new AbortController();
  const running = new Map<string, Claimed>();
  const busy = new Map<string, number>();
  const failing = new Set<string>();
  const idle = new Set<() => void>();
  const filters = new WeakMap<object, (event: unknown) => boolean>();
  let working: Promise<void> | null = null;
  let again = false;
  let committed = false;
  let claimedAt = -Infinity;

  /** A `where` that cannot be used any more fits nothing: it was checked when it was saved. */
  function fits({ id, where }: OpenSubscription, event: MeshEvent): boolean {
    if (where === null) return true;
    let filter = filters.get(where);
    if (filter === undefined) {
      try {
        filter = ports.compileWhere(where);
      } catch (error) {
        world.log.error('subscription.filter_broken', { subscription: id, message: error instanceof Error ? error.message : String(error) });
        filter = () => false;
      }
      filters.set(where, filter);
    }
    return filter(event);
  }

  function plan(event: MeshEvent, subscriptions: readonly OpenSubscription[]): Dispatched {
    return { deliveries: deliveriesOf(event, subscriptions), runs: ports.automate?.runs(event) ?? [] };
  }

  function deliveriesOf(event: MeshEvent, subscriptions: readonly OpenSubscription[]): readonly DeliveryDraft[] {
    return subscriptions
      .filter((subscription) => subscription.disabled_by !== 'gone' && ports.formats[subscription.format]?.takes?.(event) !== false && wants(subscription, event, (told) => fits(subscription, told)))
      .map(({ id, ordering }) => ({ id: world.id(), subscription_id: id, lane: laneOf(ordering, event) }));
  }

  function nudge(): void {
    committed = true;
    look();
  }

  function look(): void {
    again = true;
    if (working === null && !stopping.signal.aborted) working = work();
  }

  /** `working` ends with it and not a moment later, so that no nudge falls between. */
  async function work(): Promise<void> {
    try {
      while (again && !stopping.signal.aborted) {
        const early = claimedAt + BETWEEN_CLAIMS_MS - world.now();
        if (early > 0) await world.sleep(early, stopping.signal);
        again = false;
        await dispatch();
        claimedAt = world.now();
        if (running.size < width && (await take()) > 0) again = true;
      }
    } catch (error) {
      world.log.warn('deliveries.not_taken', { message: error instanceof Error ? error.message : String(error) });
    } finally {
      working = null;
    }
  }

  async function dispatch(): Promise<void> {
    while (committed && !stopping.signal.aborted) {
      committed = false;
      const events = await deliveries.dispatch(MOST_EVENTS, plan);
      if (events >= MOST_EVENTS) committed = true;
      if (events > 0) ports.automate?.nudge();
    }
  }

  /** First those that were never tried, over all endpoints; then, with what room is left of each share, those that were. */
  async function take(): Promise<number> {
    const { standing, subscriptions } = await deliveries.standing();
    if (standing.length === 0) return 0;
    const known = new Map(subscriptions.map((subscription) => [subscription.id, subscription]));
    for (const { id, failing: fails } of standing) (fails ? failing.add(id) : failing.delete(id));
    const failed = [...running.values()].filter(({ subscription_id: id }) => failing.has(id)).length;
    const shares = sharesOf(standing.map((one) => ({ ...one, busy: busy.get(one.id) ?? 0 })), width, { all: running.size, failing: failed }, world.random());
    const standings = new Map(standing.map((one) => [one.id, one]));
    const slots = (kind: 'fresh' | 'retries', free: (share: Share) => number): readonly DeliverySlot[] =>
      shares
        .map((share) => ({ subscription_id: share.id, free: free(share), tests_only: standings.get(share.id)?.tests_only === true }))
        .filter((slot) => slot.free > 0 && standings.get(slot.subscription_id)?.[kind] === true);
    // What is kept for retries is free for new ones where there are none.
    const fresh = await claim(slots('fresh', (share) => (standings.get(share.id)?.retries === true ? share.fresh : share.free)), false, known);
    const taken = new Map<string, number>();
    for (const { subscription_id: id } of fresh) taken.set(id, (taken.get(id) ?? 0) + 1);
    const retries = await claim(slots('retries', (share) => share.free - (taken.get(share.id) ?? 0)), true, known);
    return fresh.length + retries.length;
  }

  async function claim(slots: readonly DeliverySlot[], retries: boolean, known: ReadonlyMap<string, OpenSubscription>): Promise<readonly Claimed[]> {
    if (slots.length === 0) return [];
    const claimed = await deliveries.claim(slots, retries, LEASE_MS);
    begin(claimed, known);
    return claimed;
  }

  function begin(claimed: readonly Claimed[], known: ReadonlyMap<string, OpenSubscription>): void {
    for (const one of claimed) {
      const subscription = known.get(one.subscription_id);
      // Removed, or made, between two statements: the next look knows. And what is stopping begins nothing.
      if (subscription === undefined || stopping.signal.aborted) {
        void deliveries.giveBack([one]).catch((error: unknown) => world.log.warn('deliveries.not_returned', { message: String(error) }));
        continue;
      }
      running.set(one.lease, one);
      busy.set(one.subscription_id, (busy.get(one.subscription_id) ?? 0) + 1);
      void run(one, subscription).finally(() => end(one));
    }
  }

  function end({ lease, subscription_id: id }: Claimed): void {
    running.delete(lease);
    const left = (busy.get(id) ?? 1) - 1;
    if (left > 0) busy.set(id, left);
    else busy.delete(id);
    look();
    if (running.size === 0) for (const wake of idle) wake();
  }

  async function run(claimed: Claimed, subscription: OpenSubscription): Promise<void> {
    const settled = await attempt(ports, claimed, subscription, giveUp.signal);
    if (settled.endpoint === 'well') failing.delete(claimed.subscription_id);
    if (settled.endpoint === 'failing') failing.add(claimed.subscription_id);
    world.log.debug('delivery', { subscription: subscription.id, delivery: claimed.id, state: settled.state, status: settled.attempt.status, ms: settled.attempt.ms });
    await keep(settled);
  }

  /** An answer is not forgotten because the database is away for a moment; once the lease has run out, somebody else may have it. */
  async function keep(settled: Settled): Promise<void> {
    for (const until = world.now() + LEASE_MS; ; ) {
      try {
        await deliveries.settle(settled);
        return;
      } catch (error) {
        world.log.warn('delivery.not_kept', { delivery: settled.claimed.id, message: error instanceof Error ? error.message : String(error) });
        if (giveUp.signal.aborted || world.now() > until) return;
        await world.sleep(SETTLE_AGAIN_MS, giveUp.signal);
      }
    }
  }

  async function tick(): Promise<void> {
    for (let mended = -Infinity; !stopping.signal.aborted; ) {
      if (world.now() - mended >= MEND_MS) {
        mended = world.now();
        await deliveries.mend().catch((error: unknown) => world.log.warn('deliveries.not_mended', { message: String(error) }));
      }
      nudge();
      await world.sleep(TICK_MS, stopping.signal);
    }
  }

  return {
    start() {
      void tick();
    },
    nudge,
    async stop() {
      stopping.abort();
      await working;
      if (running.size === 0) return;
      const done = new Promise<void>((resolve) => idle.add(resolve));
      await Promise.race([done, world.sleep(GRACE_MS)]);
      giveUp.abort();
      await done;
    },
  };
}
