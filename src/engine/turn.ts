/** The turn that commits a transition: the replica, what grew of the link, and everything that goes to the record and to subscribers with it. */
import { announce, type Announcement } from '../core/announce.ts';
import { missingAccounts } from '../core/foresee.ts';
import type { Moved } from '../core/look.ts';
import type { MeshEvent } from '../core/mesh-event.ts';
import { plan } from '../core/plan.ts';
import { pairedReplica, wantedReplica, type Intent, type Link, type Note, type Replica } from '../core/state.ts';
import { intended } from '../core/step.ts';
import { tell, tellParked, tellWrite, type Scene, type Telling } from '../core/telling.ts';
import type { Turn } from '../ports/store.ts';
import { NOBODY } from './audience.ts';
import { turnOf, type Change, type Hand, type SyncPorts } from './hand.ts';
import { notesOf, settledBecause } from './record.ts';

/** What follows from a transition: the next step's intent, a look before it, or nothing. */
export interface Decided {
  readonly replica: Replica;
  readonly notes: readonly Note[];
  readonly next: Intent | 'look' | 'idle';
  readonly waitMs: number | null;
}

export type TurnFor = (hand: Hand, moved: Moved, change: Change, decided: Decided, held: ReadonlySet<number>) => Turn;

/** `held`: the accounts that a known link is not taken to for now. */
export function createTurnFor(ports: SyncPorts): TurnFor {
  const { roster, world } = ports;
  return turnFor;

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
      ...tell(events, { before, after, replica, was: hand.stored }, scene),
      ...(audience.mirror && change.wrote !== undefined ? tellWrite(change.wrote, { after, replica, was: hand.stored }, scene) : []),
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
}
