/**
 * The one loop: `sync(lane)` catches a replica up with what its desk has said (pull, absorb) and with what its link wants
 * (plan, push, settle), all in the replica's own lane.
 *
 * Between two effects stands one pure transition and one commit. A transition is a function of the state, so that it can
 * be done again on a fresh link when another replica of the same ticket was quicker.
 *
 * Beside it: what a lane in hand is (hand.ts), the transition and its commit (advance.ts, turn.ts), and tickets that nobody knows (meet.ts).
 */
import { absorb } from '../core/absorb.ts';
import { retryDelay } from '../core/backoff.ts';
import { deletionsTold, DOUBT_MS, heldDeletion } from '../core/guards.ts';
import { lookAllowedAt, mayResend, sentAgain } from '../core/landing.ts';
import type { Look } from '../core/look.ts';
import { settle, settleByLook, type Outcome } from '../core/settle.ts';
import type { Intent } from '../core/state.ts';
import { AppError } from '../errors.ts';
import { DeskFailure } from '../ports/connector.ts';
import type { Lane } from '../ports/store.ts';
import { createAdvance, heldBecause, HELD_MS } from './advance.ts';
import { emptyTurn, LaneLost, STAY, turnOf, unplanned, type Change, type Hand, type SyncPorts } from './hand.ts';
import { look, lookOf } from './look.ts';
import { createMeet } from './meet.ts';
import { perform, type Performed } from './perform.ts';
import { operationOf } from './record.ts';

/** A stored intent that was not sent within this time gets a new time before it is: "when it was sent" must never be too early. */
const FRESH_INTENT_MS = 1_000;
/** A lane that has done so much in one go is put back, so that others get their turn. */
const MOST_ROUNDS = 40;

export function createSync(ports: SyncPorts): (lane: Lane) => Promise<void> {
  const { lanes, roster, world } = ports;
  const advance = createAdvance(ports);
  const meet = createMeet({ ...ports, push, dismiss, saw, noteSuccess });

  /** Runs a lane until nothing is due, or it has to wait. Never rejects. */
  return async function sync(lane) {
    const member = roster.member(lane.replica.account_id);
    if (member === null) {
      await giveBack(lane, 60_000).catch((error: unknown) => notReturned(lane.replica.id, error));
      return;
    }
    const hand: Hand = {
      member,
      lease: lane.lease,
      stored: lane.replica,
      replica: lane.replica,
      link: lane.link,
      lane,
      read: lane.read,
      lookedAt: 0,
      linkAt: world.now(),
      mustLook: null,
      unsent: lane.fresh,
      sawCommentsAt: 0,
      paired: new Map(),
    };
    try {
      await roster.ready(member.account.id);
      await run(hand);
    } catch (error) {
      if (error instanceof LaneLost) {
        world.log.debug('lane.lost', { replica: lane.replica.id });
        return;
      }
      await fail(hand, error);
    }
  };

  async function run(hand: Hand): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const wait = roster.wait(hand.member.account.id);
      if (wait === null || wait > 0) {
        await putOff(hand, wait ?? 60_000);
        return;
      }
      const more = await once(hand);
      if (!more) return;
    }
    await putOff(hand, 0);
  }

  async function putOff(hand: Hand, waitMs: number): Promise<void> {
    if (hand.link === null) await dismiss(hand, null, waitMs);
    else if (hand.unsent) await advance(hand, { move: (link, replica) => ({ link, replica: unplanned(replica), notes: [] }), waitMs });
    else await advance(hand, { ...STAY, waitMs });
  }

  /** One effect and the transition after it. False when the lane was given back. */
  async function once(hand: Hand): Promise<boolean> {
    if (hand.link === null) return meet(hand);
    const { intent, ticket_id: ticketId } = hand.replica;
    if (intent !== null) return hand.unsent ? send(hand, await stamped(hand, intent)) : resolve(hand, intent);
    if (hand.replica.doubt > 0 && hand.sawCommentsAt === 0 && world.now() >= hand.replica.doubt + DOUBT_MS) return pull(hand, true);
    if (ticketId === null) return push(hand, hand.lane.signalled > hand.read ? { ...STAY, read: hand.lane.signalled } : STAY);
    if (hand.lane.signalled > hand.read) return pull(hand, true);
    if (hand.mustLook !== null) return pull(hand, hand.mustLook === 'all');
    return push(hand, STAY);
  }

  /** Settles a step whose outcome is not known. */
  async function resolve(hand: Hand, intent: Intent): Promise<boolean> {
    const { desk, sight } = hand.member;
    const now = world.now();
    if (intent.kind === 'ticket.create' && hand.replica.ticket_id !== null) {
      return settleFound(hand, intent, await look(desk, hand.replica.ticket_id, false, world));
    }
    if (mayResend(intent, desk.can, now)) return resend(hand, intent);
    const allowed = lookAllowedAt(intent, desk.can);
    if (now < allowed) {
      await advance(hand, { ...STAY, waitMs: allowed - now });
      return false;
    }
    if (intent.kind === 'ticket.create') {
      const began = world.now();
      const found = await desk.find(intent.key, { sentAt: intent.first_sent });
      noteSuccess(hand);
      if (found !== null) return settleFound(hand, intent, { began, ticket: found, comments: null });
      if (intent.refused === null) return resend(hand, intent);
      const outcome: Outcome = { kind: 'refused', reason: intent.refused, fields: [] };
      return push(hand, { move: (link, replica) => settle(link, { ...replica, intent }, outcome, sight, world.now()) });
    }
    const looked = await look(desk, hand.replica.ticket_id ?? '', true, world);
    noteSuccess(hand);
    saw(hand, looked);
    const seen = await believed(hand, looked);
    if (seen === null) return false;
    return push(hand, {
      move(link, replica) {
        const moved = absorb(link, replica, seen, sight);
        return { ...moved, replica: settleByLook(moved.link, moved.replica, seen, sight) };
      },
      read: hand.lane.signalled,
    });
  }

  /** A create was done after all: what it wrote is base, what is seen now is absorbed. */
  async function settleFound(hand: Hand, intent: Intent, seen: Look): Promise<boolean> {
    const id = seen.ticket?.id ?? hand.replica.ticket_id;
    const outcome: Outcome = { kind: 'done', id, ticket: seen.ticket, comment: null, warnings: [], adopted: true };
    hand.mustLook = 'all';
    return push(hand, {
      move: (link, replica) => settle(link, { ...replica, intent }, outcome, hand.member.sight, world.now()),
      operations: [operationOf(hand, intent, { outcome, failure: null, sent: [] }, seen.began, world.now())],
      wrote: intent,
    });
  }

  async function resend(hand: Hand, intent: Intent): Promise<boolean> {
    const again = sentAgain(intent, hand.member.desk.can, world.now());
    await advance(hand, { move: (link, replica) => ({ link, replica: { ...replica, intent: again }, notes: [] }) }, true);
    return send(hand, await stamped(hand, again));
  }

  /** Reads what the desk says and absorbs it. */
  async function pull(hand: Hand, withComments: boolean): Promise<boolean> {
    const { desk, sight } = hand.member;
    const signalled = hand.lane.signalled;
    const brought = hand.read < signalled ? lookOf({ ...hand.lane, replica: hand.replica }, desk) : null;
    const looked = brought ?? (await look(desk, hand.replica.ticket_id ?? '', withComments, world));
    if (brought === null) {
      noteSuccess(hand);
      saw(hand, looked);
    }
    hand.mustLook = null;
    const seen = await believed(hand, looked);
    if (seen === null) return false;
    const complete = withComments || brought !== null;
    return push(hand, {
      move: (link, replica) => absorb(link, replica, seen, sight),
      ...(complete ? { read: signalled } : {}),
    });
  }

  /**
   * What a look says is gone counts only while that is no flood on this account. Null: the ticket itself is gone and that is not
   * believed; the lane was given back.
   */
  async function believed(hand: Hand, seen: Look): Promise<Look | null> {
    const { id } = hand.member.account;
    if (await roster.believes(id, deletionsTold(hand.replica, seen, hand.member.desk.can))) return seen;
    if (seen.ticket !== null && !seen.ticket.is_deleted) return { ...seen, doubted: true };
    const because = heldBecause(roster.byId(id)) ?? 'many deletions at once';
    await advance(hand, { move: (link, replica) => ({ link, replica: heldDeletion(replica, because, world.now()), notes: [] }), waitMs: HELD_MS });
    return null;
  }

  /** Commits a change together with the step that follows from it, which is then the next to be sent. */
  async function push(hand: Hand, change: Change): Promise<boolean> {
    const next = await advance(hand, change);
    if (next === 'idle') return false;
    hand.unsent = next !== 'look';
    return true;
  }

  /** An intent that has waited for its turn since it was stored is stored again, with the time at which it is really sent. */
  async function stamped(hand: Hand, intent: Intent): Promise<Intent> {
    const now = world.now();
    if (now - intent.sent <= FRESH_INTENT_MS) return intent;
    const late: Intent = { ...intent, first_sent: intent.tries > 1 ? intent.first_sent : now, sent: now };
    await advance(hand, { move: (link, replica) => ({ link, replica: { ...replica, intent: late }, notes: [] }) }, true);
    return late;
  }

  /** The call, and its outcome. */
  async function send(hand: Hand, intent: Intent): Promise<boolean> {
    const { desk, sight, account } = hand.member;
    const began = world.now();
    hand.unsent = false;
    let done = await perform(desk, hand.replica, intent, ports.files);
    if (done.failure === null) noteSuccess(hand);
    else if (!done.elsewhere) done = await weigh(hand, done);
    const { outcome, failure } = done;
    if (outcome.kind === 'done' && outcome.ticket !== null && !outcome.adopted) hand.lookedAt = world.now();
    if (outcome.kind === 'done' && outcome.adopted) hand.mustLook = 'all';
    if (outcome.kind === 'done' && intent.kind === 'ticket.update' && outcome.ticket === null) hand.mustLook = 'ticket';
    if (outcome.kind === 'done' && intent.kind === 'ticket.restore') hand.mustLook = 'all';
    world.log.debug('step', { account: account.name, replica: hand.replica.id, step: intent.kind, outcome: outcome.kind, ms: world.now() - began });
    const waitMs = waitAfter(hand, intent, outcome, failure);
    return push(hand, {
      move: (link, replica) => settle(link, { ...replica, intent }, outcome, sight, world.now()),
      operations: [operationOf(hand, intent, done, began, world.now())],
      ...(outcome.kind === 'done' ? { wrote: intent } : {}),
      ...(waitMs === null ? {} : { waitMs }),
      ...(outcome.kind === 'refused' || outcome.kind === 'missing' ? { thenLook: true } : {}),
    });
  }

  /** What a failure means for the account; a 403 that concerns only this ticket is a refusal. */
  async function weigh(hand: Hand, done: Performed): Promise<Performed> {
    if (done.failure === null) return done;
    const verdict = await roster.failed(hand.member.account.id, done.failure);
    if (verdict !== 'refused') return done;
    return { ...done, outcome: { kind: 'refused', reason: done.failure.message, fields: [] } };
  }

  function waitAfter(hand: Hand, intent: Intent, outcome: Outcome, failure: DeskFailure | null): number | null {
    if (outcome.kind !== 'undone' && outcome.kind !== 'unsure') return null;
    const now = world.now();
    const backoff = retryDelay(hand.replica.failures + 1, world.random());
    if (failure?.retryAt != null) return Math.max(failure.retryAt - now, 0);
    if (outcome.kind === 'undone' || mayResend(intent, hand.member.desk.can, now)) return backoff;
    const answered: Intent = { ...intent, answered: outcome.answered ? now : null };
    return Math.max(lookAllowedAt(answered, hand.member.desk.can) - now, backoff);
  }

  /** An unknown ticket that needs nothing, or has to wait. */
  async function dismiss(hand: Hand, reason: string | null, inMs: number | null = null): Promise<void> {
    const { receipt, signalled } = hand.lane;
    const result = await lanes.commit({
      ...turnOf(hand),
      read: reason === null ? null : signalled,
      settles: reason === null || receipt === null ? null : { receipt, reason },
      release: { inMs },
    });
    if (result === 'due') ports.nudge();
  }

  function saw(hand: Hand, seen: Look): void {
    hand.lookedAt = world.now();
    if (seen.comments !== null || seen.ticket === null || !hand.member.desk.can.comments.list) hand.sawCommentsAt = hand.lookedAt;
  }

  function noteSuccess(hand: Hand): void {
    const id = hand.member.account.id;
    if (roster.succeeded(id)) {
      void lanes.hasten(id).then(ports.nudge, (error: unknown) => world.log.warn('lanes.not_hastened', { message: String(error) }));
    }
  }

  /** A look that failed, or a fault of ours: the lane waits, and nothing of its state is lost. */
  async function fail(hand: Hand, error: unknown): Promise<void> {
    const failures = hand.replica.failures + 1;
    let waitMs = retryDelay(failures, world.random());
    try {
      if (error instanceof DeskFailure) {
        world.log.info('look.failed', { account: hand.member.account.name, replica: hand.replica.id, kind: error.kind, message: error.message });
        await roster.failed(hand.member.account.id, error);
        if (error.retryAt !== null) waitMs = Math.max(error.retryAt - world.now(), 0);
      } else if (error instanceof AppError) {
        world.log.warn('lane.failed', { replica: hand.replica.id, message: error.message });
      } else {
        world.log.error('lane.failed', { replica: hand.replica.id, error });
      }
      await lanes.commit({ ...turnOf(hand), replica: { ...hand.stored, failures }, release: { inMs: waitMs } });
    } catch (second) {
      notReturned(hand.replica.id, second);
    }
  }

  /** Without a database there is nothing to write to: the lease runs out by itself. */
  function notReturned(replica: string, error: unknown): void {
    world.log.warn('lane.not_returned', { replica, message: error instanceof Error ? error.message : String(error) });
  }

  async function giveBack(lane: Lane, inMs: number): Promise<void> {
    await lanes.commit({ ...emptyTurn(lane.lease, lane.replica), release: { inMs } });
  }
}
