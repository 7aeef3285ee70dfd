/**
 * The one loop: `sync(lane)` catches a replica up with what its desk has said (pull, absorb) and with what its link wants
 * (plan, push, settle), all in the replica's own lane.
 *
 * Between two effects stands one pure transition and one commit. A transition is a function of the state, so that it can
 * be done again on a fresh link when another replica of the same ticket was quicker.
 *
 * This file is longer than most because the loop is best read in one piece.
 */
import { absorb } from '../core/absorb.ts';
import type { Look, Moved } from '../core/look.ts';
import { announce, type Announcement } from '../core/announce.ts';
import { retryDelay } from '../core/backoff.ts';
import { timeOf } from '../core/compare.ts';
import { deletes, deletionsTold, DOUBT_MS, heldDeletion } from '../core/guards.ts';
import { missingAccounts } from '../core/foresee.ts';
import { plan } from '../core/plan.ts';
import { CLOCKS_APART_MS, lookAllowedAt, mayResend, sentAgain } from '../core/landing.ts';
import { settle, settleByLook, type Outcome } from '../core/settle.ts';
import { newLink, pairedReplica, wantedReplica, type Intent, type Link, type Note, type Replica } from '../core/state.ts';
import { intended, tightens, type Step } from '../core/step.ts';
import type { MeshEvent } from '../core/mesh-event.ts';
import { tell, tellParked, tellWrite, type Scene, type Telling } from '../core/telling.ts';
import { AppError } from '../errors.ts';
import { NOBODY } from './audience.ts';
import { DeskFailure } from '../ports/connector.ts';
import type { Lane, LaneStore, Operation, Turn } from '../ports/store.ts';
import type { Audience } from '../ports/subscriptions.ts';
import type { World } from '../ports/world.ts';
import type { StepFiles } from './files.ts';
import { look, lookOf } from './look.ts';
import { perform, type Performed } from './perform.ts';
import type { Meetings } from './meetings.ts';
import { notesOf, operationOf, settledBecause } from './record.ts';
import type { Member, Roster } from './roster.ts';

/** Before such a step the ticket is looked at, unless that was done this recently: a person may just have changed it. */
const FRESH_LOOK_MS = 2_000;
/** A link that was read longer ago is read again before anything is planned by it: a comment may be private by now. */
const FRESH_LINK_MS = 2_000;
/** A stored intent that was not sent within this time gets a new time before it is: "when it was sent" must never be too early. */
const FRESH_INTENT_MS = 1_000;
/** A lane that has done so much in one go is put back, so that others get their turn. */
const MOST_ROUNDS = 40;
const MOST_STALE = 20;
/** How long what waits for a person is left before it is looked at again. */
const HELD_MS = 5 * 60_000;
/** How long an unknown ticket waits for creates in flight that it might be the echo of. */
const HELD_STRANGER_MS = 1_000;
/** How long a ticket that may be on both sides waits for the lists to be read. */
const HELD_UNLISTED_MS = 10_000;

export interface SyncPorts {
  readonly lanes: LaneStore;
  readonly roster: Roster;
  readonly world: World;
  readonly files: StepFiles;
  readonly meetings: Meetings;
  /** Whether a new lane of this account can be run at once by this process. */
  readonly room: (accountId: number) => boolean;
  /** Takes over lanes that were opened under our lease. */
  readonly open: (lanes: readonly Lane[]) => void;
  /** Others may be due now. */
  readonly nudge: () => void;
  /** Who listens to events. */
  readonly audience?: () => Audience;
  /** Events for them were committed. */
  readonly told?: () => void;
}

/** The lane was taken over by somebody else: nothing more may be done with it. */
class LaneLost extends Error {}

/** The link that a ticket was to join is not as it was when that was decided. */
class Overtaken extends Error {}

const NONE: ReadonlySet<number> = new Set();

/** A lane while it is being worked on. */
interface Hand {
  readonly member: Member;
  readonly lease: string;
  /** As it is in the store. */
  stored: Replica;
  replica: Replica;
  link: Link | null;
  readonly lane: Lane;
  read: number;
  /** When the last look of this run ended (epoch milliseconds). */
  lookedAt: number;
  /** When the link was last read (epoch milliseconds). */
  linkAt: number;
  /** What has to be looked at before anything is written. */
  mustLook: 'ticket' | 'all' | null;
  /** The open intent was stored a moment ago by the lane that opened this one: it has not been sent. */
  unsent: boolean;
  /** When the last look of this run ended that the comments were part of (epoch milliseconds). */
  sawCommentsAt: number;
  /** The tickets of other accounts that are one with the one that begins a link here, by account. */
  paired: ReadonlyMap<number, string>;
}

/** One transition of the state, and what goes to the record with it. */
interface Change {
  readonly move: (link: Link, replica: Replica) => Moved;
  readonly read?: number;
  readonly operations?: readonly Operation[];
  /** When the ticket that begins a link here was created (epoch milliseconds). */
  readonly born?: number;
  /** The step that has just been done. */
  readonly wrote?: Intent;
  /** Instead of planning on: give the lane back for so many milliseconds. */
  readonly waitMs?: number;
  readonly thenLook?: boolean;
}

const STAY: Change = { move: (link, replica) => ({ link, replica, notes: [] }) };

export function createSync(ports: SyncPorts): (lane: Lane) => Promise<void> {
  const { lanes, roster, world } = ports;

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

  /** A ticket that belongs to no link: our own, seen before its create was answered, or a person's new one. */
  async function meet(hand: Hand): Promise<boolean> {
    const { account, desk } = hand.member;
    const ticketId = hand.replica.ticket_id ?? '';
    // A ticket with our key, or one that was gone at the last look, may be gone by now: only the desk itself tells.
    const brought = hand.replica.looked > 0 || hand.lane.snapshot?.key != null ? null : lookOf(hand.lane, desk);
    const seen = brought ?? (await look(desk, ticketId, true, world));
    if (brought === null) {
      noteSuccess(hand);
      saw(hand, seen);
    }
    if (seen.ticket === null || seen.ticket.is_deleted) {
      hand.replica = { ...hand.replica, looked: seen.began };
      await dismiss(hand, 'the ticket was gone before it was ever seen');
      return false;
    }
    if (seen.ticket.key !== null) {
      const own = await lanes.byKey(account.id, seen.ticket.key);
      if (own !== null && own.ticket_id === null) {
        const turn: Turn = { ...turnOf(hand), adopted_by: own.id, release: { inMs: null } };
        await lanes.commit(turn);
        ports.nudge();
        return false;
      }
    } else if (!desk.can.tickets.keyVisible && (await lanes.createsOpen(account.id, hand.lane.signalled_at + CLOCKS_APART_MS))) {
      await dismiss(hand, null, HELD_STRANGER_MS);
      return false;
    }
    if (roster.rules().followsUp && (await lanes.isFollowed(account.id, ticketId))) {
      await dismiss(hand, 'it is closed, and another ticket goes on from it');
      return false;
    }
    const met = await ports.meetings.of(hand.member, seen.ticket);
    if (met.kind === 'wait' || met.kind === 'leave') {
      await dismiss(hand, met.kind === 'leave' ? met.because : null, met.kind === 'leave' ? null : HELD_UNLISTED_MS);
      return false;
    }
    if (met.kind === 'join') return join(hand, met.link, seen);
    const link = newLink(world.id(), account.id, world.now());
    hand.paired = new Map(met.others.map((one) => [one.account_id, one.ticket_id]));
    hand.replica = { ...hand.replica, link_id: link.id, life_applied: link.life.clock };
    hand.link = link;
    hand.linkAt = world.now();
    const more = await push(hand, {
      move: (before, replica) => absorb(before, replica, seen, hand.member.sight),
      read: hand.lane.signalled,
      born: timeOf(seen.ticket.created_at, world.now()),
    });
    // Those that this one does not reach may reach it, or begin links of their own.
    const unreached = met.others.filter((one) => hand.link?.accounts.includes(one.account_id) === false);
    if (unreached.length > 0) await ports.meetings.signal(unreached);
    return more;
  }

  /** A ticket that is one with those of a link: it becomes that link's replica here, with what it says. */
  async function join(hand: Hand, linkId: string, seen: Look): Promise<boolean> {
    const { id: accountId } = hand.member.account;
    const { replica, stored } = hand;
    const joined = await lanes.link(linkId);
    hand.link = joined;
    hand.linkAt = world.now();
    hand.replica = pairedReplica(replica.id, joined, accountId, replica.ticket_id ?? '');
    try {
      return await push(hand, {
        move(link, joining) {
          if (!link.life.alive || link.accounts.includes(accountId)) throw new Overtaken();
          const grown: Link = { ...link, accounts: [...link.accounts, accountId], version: link.version + 1 };
          return absorb(grown, { ...joining, life_applied: link.life.clock }, seen, hand.member.sight);
        },
        read: hand.lane.signalled,
      });
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      Object.assign(hand, { link: null, replica, stored });
      await dismiss(hand, null, HELD_STRANGER_MS);
      return false;
    }
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
        return { ...moved, replica: settleByLook(moved.link, moved.replica, seen) };
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
    if (await roster.believes(id, deletionsTold(hand.replica, seen))) return seen;
    if (seen.ticket !== null && !seen.ticket.is_deleted) return { ...seen, doubted: true };
    const because = heldBecause(id) ?? 'many deletions at once';
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

  /**
   * Applies a change to the state, plans on, and commits both. Gives the next step's intent, stored and ready to be sent;
   * or 'look' when the ticket has to be looked at before; or 'idle' when the lane was given back.
   */
  async function advance(hand: Hand, change: Change, keep = false): Promise<Intent | 'look' | 'idle'> {
    if (hand.link !== null && hand.link.version > 0 && world.now() - hand.linkAt > FRESH_LINK_MS) await readLink(hand, hand.link);
    for (let tries = 0; tries < MOST_STALE; tries += 1) {
      if (hand.link === null) throw new Error('a lane without a link cannot advance');
      const moved = change.move(hand.link, hand.replica);
      const decided = decide(hand, moved, change, keep);
      const turn = turnFor(hand, moved, change, decided, await heldBack(hand, moved));
      const unchanged = turn.link === null && turn.replica === hand.stored && turn.read === null && turn.release === 'keep' && turn.operations.length === 0;
      if (!unchanged) {
        const result = await lanes.commit(turn);
        if (result === 'lost') throw new LaneLost();
        if (result === 'due') ports.nudge();
        if (result !== 'stale' && turn.tellings !== undefined) ports.told?.();
        if (result === 'stale') {
          await readLink(hand, hand.link);
          continue;
        }
      }
      accept(hand, moved, turn, change);
      return decided.next;
    }
    throw new Error('the link would not hold still');
  }

  /** The accounts that a known link is not taken to for now, since tickets there may be one with it. */
  async function heldBack(hand: Hand, { link }: Moved): Promise<ReadonlySet<number>> {
    const { ticket_id: ticketId, account_id: accountId } = hand.stored;
    if (link === hand.link || hand.link === null || hand.link.version === 0 || ticketId === null || roster.pairings().length === 0) return NONE;
    const missing = missingAccounts(link, roster.rules());
    return missing.length === 0 ? NONE : ports.meetings.heldBack(accountId, ticketId, missing);
  }

  async function readLink(hand: Hand, link: Link): Promise<void> {
    hand.link = await lanes.link(link.id);
    hand.linkAt = world.now();
  }

  interface Decided {
    readonly replica: Replica;
    readonly notes: readonly Note[];
    readonly next: Intent | 'look' | 'idle';
    readonly waitMs: number | null;
  }

  function decide(hand: Hand, moved: Moved, change: Change, keep: boolean): Decided {
    const stay = { replica: moved.replica, notes: moved.notes, waitMs: null };
    if (change.waitMs !== undefined) return { ...stay, next: 'idle', waitMs: change.waitMs };
    if (keep || moved.replica.intent !== null) return { ...stay, next: 'look' };
    if (moved.replica.ticket_id !== null && (change.thenLook === true || hand.mustLook !== null)) {
      hand.mustLook ??= 'all';
      return { ...stay, next: 'look' };
    }
    if ((change.read ?? hand.read) < hand.lane.signalled && moved.replica.ticket_id !== null) return { ...stay, next: 'look' };
    const planned = plan(moved.link, moved.replica, hand.member.sight, world.now());
    if (planned.step === null) {
      const version = moved.link.version;
      const notes = version === hand.stored.version ? moved.notes : [...moved.notes, ...planned.notes];
      return { replica: { ...planned.replica, version, failures: 0 }, notes, next: 'idle', waitMs: moved.replica.doubt > 0 ? DOUBT_MS : null };
    }
    if (waitsForPerson(hand, moved.link, planned.step)) return { ...stay, next: 'idle', waitMs: HELD_MS };
    if (wantsLook(hand, moved.link, planned.step)) {
      hand.mustLook = planned.step.kind === 'ticket.update' ? 'ticket' : 'all';
      return { ...stay, next: 'look' };
    }
    const { notes } = moved;
    const intent = intended(planned.step, world.now());
    const state = intent.kind === 'ticket.create' ? 'creating' : planned.replica.state;
    return { replica: { ...planned.replica, state, intent }, notes, next: intent, waitMs: null };
  }

  /** Why deletions of an account wait, if they do. */
  function heldBecause(accountId: number): string | undefined {
    const account = roster.byId(accountId);
    return account?.deletions_held ?? account?.rules_held;
  }

  /**
   * Deletions wait while they are held; and what only new rules bring: this version of the link had been caught up with, so that
   * nobody's change is due. What hides a comment never waits.
   */
  function waitsForPerson(hand: Hand, link: Link, step: Step): boolean {
    const { id } = hand.member.account;
    if (deletes(link, step) && heldBecause(id) !== undefined) return true;
    return roster.byId(id)?.rules_held !== undefined && link.version === hand.stored.version && !tightens(link, step);
  }

  /** Never overwrite, close or delete what was not looked at just now. */
  function wantsLook(hand: Hand, link: Link, step: Step): boolean {
    const freshSince = world.now() - FRESH_LOOK_MS;
    if (step.kind === 'ticket.update') return hand.lookedAt < freshSince;
    // A comment that is deleted to be made again in private takes its latest words along.
    const remakes = step.kind === 'comment.delete' && step.uid !== null && link.comments[step.uid]?.deleted === false;
    if (step.kind === 'ticket.delete' || step.kind === 'comment.update' || remakes) return hand.sawCommentsAt < freshSince;
    return false;
  }

  function turnFor(hand: Hand, moved: Moved, change: Change, decided: Decided, held: ReadonlySet<number>): Turn {
    const before = hand.link;
    const grown = before !== null && moved.link !== before ? withReplicas(moved.link, hand.paired, held) : null;
    const events = grown === null || before === null ? [] : announce({ before, after: grown.link, replica: decided.replica, born: change.born ?? null, now: world.now() });
    const tellings = told(hand, { before, after: grown?.link ?? moved.link, replica: decided.replica }, events, change);
    return {
      ...turnOf(hand),
      replica: decided.replica,
      link: grown === null || before === null ? null : { before, after: grown.link },
      read: change.read ?? null,
      settles: change.read === undefined || hand.lane.receipt === null ? null : { receipt: hand.lane.receipt, reason: settledBecause(before, moved) },
      spawn: grown?.spawn ?? [],
      operations: change.operations ?? [],
      events,
      ...(tellings.length === 0 ? {} : { tellings }),
      notes: notesOf({ link: before, replica: hand.stored }, grown?.link ?? null, decided.replica, decided.notes),
      release: decided.next === 'idle' ? { inMs: decided.waitMs } : 'keep',
    };
  }

  /** The events of this turn in full, if anybody listens. */
  function told(hand: Hand, { before, after, replica }: { readonly before: Link | null; readonly after: Link; readonly replica: Replica }, events: readonly Announcement[], change: Change): readonly MeshEvent[] {
    const audience = ports.audience?.() ?? NOBODY;
    if (!audience.any || before === null) return [];
    const { account, desk } = hand.member;
    const scene: Scene = { account: { id: account.id, name: account.name, service: account.service }, page: (ticketId) => desk.page?.(ticketId) ?? null };
    const tellings: readonly Telling[] = [
      ...tell(events, { before, after, replica }, scene),
      ...(audience.mirror && change.wrote !== undefined ? tellWrite(change.wrote, hand.stored, { after, replica }, scene) : []),
      ...tellParked(hand.stored, replica, after, scene),
    ];
    if (tellings.length === 0) return [];
    const time = new Date(world.now()).toISOString();
    return tellings.map((telling) => ({ id: world.id(), time, ...telling }));
  }

  /** Accounts that the link should be on and is not yet get a replica; its create is planned at once where we have room for it. */
  function withReplicas(link: Link, paired: Hand['paired'], held: ReadonlySet<number>): { link: Link; spawn: { replica: Replica; lease: string | null }[] } {
    const missing = missingAccounts(link, roster.rules()).filter((id) => !held.has(id));
    if (missing.length === 0) return { link, spawn: [] };
    const grown: Link = { ...link, accounts: [...link.accounts, ...missing] };
    const spawn = missing.map((accountId) => {
      const there = paired.get(accountId);
      if (there !== undefined) return { replica: pairedReplica(world.id(), link, accountId, there), lease: null };
      const wanted = wantedReplica(world.id(), link.id, accountId);
      const member = roster.member(accountId);
      if (member === null || roster.wait(accountId) !== 0 || !roster.knows(accountId) || !ports.room(accountId)) return { replica: wanted, lease: null };
      const planned = plan(grown, wanted, member.sight, world.now());
      if (planned.step?.kind !== 'ticket.create') return { replica: wanted, lease: null };
      const intent = intended(planned.step, world.now());
      return { replica: { ...planned.replica, state: 'creating' as const, intent }, lease: world.id() };
    });
    return { link: grown, spawn };
  }

  /** The commit stands: memory follows it, and the lanes that it opened start. */
  function accept(hand: Hand, moved: Moved, turn: Turn, change: Change): void {
    const link = turn.link?.after ?? moved.link;
    hand.link = link;
    if (turn.link !== null) hand.linkAt = world.now();
    hand.replica = turn.replica;
    hand.stored = turn.replica;
    if (change.read !== undefined) hand.read = Math.max(hand.read, change.read);
    const opened: Lane[] = [];
    for (const { replica, lease } of turn.spawn) {
      if (lease === null) continue;
      opened.push({ lease, replica, link, signalled: 0, read: 0, receipt: null, signalled_at: 0, snapshot: null, fresh: true });
    }
    if (opened.length > 0) ports.open(opened);
    if (turn.link !== null && turn.spawn.length < link.accounts.length - 1) ports.nudge();
    else if (turn.spawn.some(({ lease }) => lease === null)) ports.nudge();
  }

  function turnOf(hand: Hand): Turn {
    return { ...emptyTurn(hand.lease, hand.stored), replica: hand.replica };
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

/** A turn that changes nothing and keeps the lane. */
function emptyTurn(lease: string, replica: Replica): Turn {
  return {
    lease,
    before: replica,
    replica,
    link: null,
    read: null,
    settles: null,
    spawn: [],
    adopted_by: null,
    operations: [],
    notes: [],
    release: 'keep',
  };
}

/** Without the step that was planned and certainly not sent. */
function unplanned(replica: Replica): Replica {
  return { ...replica, intent: null, state: replica.intent?.kind === 'ticket.create' ? 'wanted' : replica.state };
}
