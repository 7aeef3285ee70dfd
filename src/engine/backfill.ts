/**
 * Brings history along: reads the accounts' lists to their ends, then signals the tickets that nobody has taken in yet, a few at a time,
 * so that the normal loop does the rest. How far it has come is in the database after every step: whichever process claims it next
 * goes on from there. Live work comes first: only so many tickets are under way at once that a webhook never waits behind history.
 */
import { sightingOf } from '../core/pairing.ts';
import type { Ticket } from '../core/model.ts';
import type { Backfill, BackfillList, BackfillStore } from '../ports/backfill.ts';
import type { Page } from '../ports/connector.ts';
import type { LaneStore } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import { isUnread, type Gentle, type Unread } from './gentle.ts';
import { signalPlaces } from './meetings.ts';
import type { Roster } from './roster.ts';

export interface Backfiller {
  /** Works on whatever backfill there is until the signal aborts. Never rejects. */
  run(stopping: AbortSignal): Promise<void>;
}

export interface BackfillPorts {
  readonly backfills: BackfillStore;
  readonly lanes: LaneStore;
  readonly roster: Roster;
  readonly gentle: Gentle;
  readonly world: World;
  readonly nudge: () => void;
}

/** A backfill outlives a process that died by so much. */
const LEASE_MS = 30_000;
const RENEW_MS = 10_000;
/** How often it is asked whether there is one. */
const IDLE_MS = 1_000;
/** Tickets of history that are under way at once. */
const WINDOW = 24;
/** How soon the next are let in when there is room. */
const ROUND_MS = 150;
/** A list that cannot be read is tried again after so long; and from its beginning after so many times, since its place may be forgotten. */
const LIST_AGAIN_MS = 5_000;
const TRIES_AT_PLACE = 3;
/** A list whose pages move is read so often at most until a whole reading brings nothing new. */
const MOST_TURNS = 5;
/** The share of a desk's calls that is left to live work, and the calls that one ticket takes about. */
const LEFT_TO_LIVE = 0.5;
const CALLS_EACH = 6;
/** What a desk told of its budget says nothing any more after this long. */
const BUDGET_MS = 60_000;
/** After a desk asked for a pause, less is let in at once for so long. */
const EASY_MS = 60_000;

/** A backfill while this process is at it. */
interface Hand {
  readonly mirror: string;
  readonly lease: string;
  readonly stopping: AbortSignal;
  /** Tries of each account's list since it last went well. */
  readonly tries: Map<number, number>;
  /** When a desk of it last asked for a pause (epoch milliseconds). */
  pausedAt: number;
  /** For the tickets a minute: since when they are counted, and how many there were. */
  readonly began: number;
  let: number;
}

/** The lease is somebody else's. */
class Lost extends Error {}

export function createBackfiller(ports: BackfillPorts): Backfiller {
  const { backfills, lanes, roster, gentle, world } = ports;

  async function run(stopping: AbortSignal): Promise<void> {
    while (!stopping.aborted) {
      try {
        const claimed = await backfills.claim(LEASE_MS);
        if (claimed !== null) await work({ mirror: claimed.backfill.mirror, lease: claimed.lease, stopping, tries: new Map(), pausedAt: 0, began: world.now(), let: 0 });
      } catch (error) {
        if (!stopping.aborted && !(error instanceof Lost)) world.log.warn('backfill.failed', { message: error instanceof Error ? error.message : String(error) });
      }
      await world.sleep(IDLE_MS, stopping);
    }
  }

  async function work(hand: Hand): Promise<void> {
    const { mirror, lease, stopping } = hand;
    const done = new AbortController();
    const giveBack = (): void => {
      done.abort();
      void backfills.giveBack(mirror, lease).catch((error: unknown) => world.log.debug('backfill.not_returned', { message: String(error) }));
    };
    stopping.addEventListener('abort', giveBack, { once: true });
    void keep(hand, done.signal);
    try {
      world.log.info('backfill.taken', { mirror });
      while (!stopping.aborted) {
        const backfill = await backfills.get(mirror);
        if (backfill === null || (backfill.state !== 'listing' && backfill.state !== 'bringing')) break;
        if (!roster.mirrors().has(mirror)) {
          world.log.warn('backfill.ended', { mirror, because: 'there is no such mirror any more' });
          await backfills.advance(mirror, lease, 'done', world.now());
          break;
        }
        await (backfill.state === 'listing' ? list(hand, backfill) : bring(hand, backfill));
      }
    } finally {
      stopping.removeEventListener('abort', giveBack);
      done.abort();
      if (!stopping.aborted) await backfills.giveBack(mirror, lease);
    }
  }

  async function keep({ mirror, lease }: Hand, done: AbortSignal): Promise<void> {
    while (!done.aborted) {
      await world.sleep(RENEW_MS, done);
      if (done.aborted) return;
      await backfills.renew(mirror, lease, LEASE_MS).catch((error: unknown) => world.log.debug('backfill.not_renewed', { message: String(error) }));
    }
  }

  /** The next page of every list that has not ended. */
  async function list(hand: Hand, backfill: Backfill): Promise<void> {
    const open = backfill.lists.filter(({ done }) => !done);
    const went = await Promise.all(open.map((one) => listOne(hand, backfill, one)));
    if (open.length > 0) {
      if (!went.includes(true)) await world.sleep(LIST_AGAIN_MS, hand.stopping);
      return;
    }
    await backfills.advance(hand.mirror, hand.lease, backfill.estimate ? 'listed' : 'bringing', world.now());
    world.log.info('backfill.listed', { mirror: hand.mirror });
    // Tickets that waited for it are due now.
    for (const id of backfill.accounts) await lanes.hasten(id);
    ports.nudge();
  }

  /** False if it could not be read. */
  async function listOne(hand: Hand, backfill: Backfill, from: BackfillList): Promise<boolean> {
    const { account_id: accountId, page } = from;
    const read: Page<Ticket> | Unread = await gentle.read(accountId, (desk) => desk.listTickets(page));
    const member = roster.member(accountId);
    if (isUnread(read) || member === null) {
      const tries = (hand.tries.get(accountId) ?? 0) + 1;
      hand.tries.set(accountId, tries);
      const problem = isUnread(read) ? read.unread : 'the account is connected no longer';
      const again: BackfillList = tries < TRIES_AT_PLACE || page === null ? { ...from, problem } : { ...from, page: null, turn: from.turn + 1, fresh: 0, problem };
      await held(backfills.saw(hand.mirror, hand.lease, [], again));
      return false;
    }
    hand.tries.delete(accountId);
    const terms = roster.pairings().find(({ mirror }) => mirror === hand.mirror)?.terms ?? null;
    // What carries our key is ours, and what is in the trash is nobody's counterpart.
    const seen = read.items.filter((ticket) => ticket.key === null && !ticket.is_deleted).map((ticket) => sightingOf(accountId, ticket, member.sight.lens.read(ticket), backfill.pairs ? terms : null));
    const unique = [...new Map(seen.map((one) => [one.ticket_id, one])).values()];
    const ended = read.next === null || read.next === page;
    const moves = member.desk.can.lists?.pages === 'move' && from.turn < MOST_TURNS;
    const place: BackfillList = { ...from, page: ended ? null : read.next, done: ended && !moves, problem: null, budget: member.desk.budget?.()?.limit ?? null };
    const fresh = from.fresh + (await held(backfills.saw(hand.mirror, hand.lease, unique, place)));
    // A reading of pages that moved, in which something was new, may have passed something over.
    if (ended && moves) await held(backfills.saw(hand.mirror, hand.lease, [], fresh > 0 ? { ...place, turn: from.turn + 1, fresh: 0 } : { ...place, fresh, done: true }));
    return true;
  }

  /** Lets the next tickets in, as far as there is room. */
  async function bring(hand: Hand, backfill: Backfill): Promise<void> {
    const underway = await backfills.settle(hand.mirror);
    const room = Math.min(roomNow(hand, backfill) - underway, paced(hand, backfill));
    const { places, left } = room <= 0 ? { places: [], left: true } : await backfills.next(hand.mirror, room);
    if (places.length > 0) {
      // Noted only after they are signalled: a crash in between signals again, and never forgets one.
      await signalPlaces(lanes, places);
      await backfills.signalled(hand.mirror, places);
      hand.let += places.length;
      ports.nudge();
    }
    if (!left && underway === 0) {
      await backfills.advance(hand.mirror, hand.lease, 'done', world.now());
      world.log.info('backfill.done', { mirror: hand.mirror });
      return;
    }
    // Some that were picked are mirrored by now: there is room left.
    if (left && room > 0 && places.length < room) return;
    await world.sleep(ROUND_MS, hand.stopping);
  }

  /** How many tickets may be under way at once just now, by what the desks allow. */
  function roomNow(hand: Hand, { accounts }: Backfill): number {
    const now = world.now();
    let room = WINDOW;
    for (const id of accounts) {
      if (roster.wait(id) !== 0) {
        hand.pausedAt = now;
        return 0;
      }
      const budget = roster.member(id)?.desk.budget?.() ?? null;
      if (budget === null || now - budget.at > BUDGET_MS) continue;
      room = Math.min(room, Math.floor((budget.left - LEFT_TO_LIVE * budget.limit) / CALLS_EACH));
    }
    return now - hand.pausedAt < EASY_MS ? Math.min(room, WINDOW / 4) : room;
  }

  /** How many the pace that a person asked for lets in now. */
  function paced(hand: Hand, { per_minute: pace }: Backfill): number {
    if (pace === null) return WINDOW;
    return Math.floor(((world.now() - hand.began) / 60_000) * pace) + 1 - hand.let;
  }

  return { run };
}

async function held<T>(result: Promise<T | null>): Promise<T> {
  const value = await result;
  if (value === null) throw new Lost();
  return value;
}
