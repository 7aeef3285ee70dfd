/** One transition of a lane's state and the one commit after it: decided anew on a fresh link as long as others are quicker. */
import { missingAccounts } from '../core/foresee.ts';
import { deletes, DOUBT_MS } from '../core/guards.ts';
import type { Moved } from '../core/look.ts';
import { plan } from '../core/plan.ts';
import type { Intent, Link } from '../core/state.ts';
import { intended, tightens, type Step } from '../core/step.ts';
import type { Account } from '../ports/connector.ts';
import type { Lane, Turn } from '../ports/store.ts';
import { LaneLost, type Change, type Hand, type SyncPorts } from './hand.ts';
import { createTurnFor, type Decided } from './turn.ts';

/** Before such a step the ticket is looked at, unless that was done this recently: a person may just have changed it. */
const FRESH_LOOK_MS = 2_000;
/** A link that was read longer ago is read again before anything is planned by it: a comment may be private by now. */
const FRESH_LINK_MS = 2_000;
const MOST_STALE = 20;
/** How long what waits for a person is left before it is looked at again. */
export const HELD_MS = 5 * 60_000;

const NONE: ReadonlySet<number> = new Set();

export type Advance = (hand: Hand, change: Change, keep?: boolean) => Promise<Intent | 'look' | 'idle'>;

export function createAdvance(ports: SyncPorts): Advance {
  const { lanes, roster, world } = ports;
  const turnFor = createTurnFor(ports);
  return advance;

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

  /**
   * Deletions wait while they are held; and what only new rules bring: this version of the link had been caught up with, so that
   * nobody's change is due. What hides a comment never waits.
   */
  function waitsForPerson(hand: Hand, link: Link, step: Step): boolean {
    const { id } = hand.member.account;
    if (deletes(link, step) && heldBecause(roster.byId(id)) !== undefined) return true;
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
}

/** Why deletions of an account wait, if they do. */
export function heldBecause(account: Account | null): string | undefined {
  return account?.deletions_held ?? account?.rules_held;
}
