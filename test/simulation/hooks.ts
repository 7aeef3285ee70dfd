/** Webhooks on their way: what desks send, what strangers make up, and how the network treats both. */
import type { EventType } from '../../src/core/model.ts';
import type { Inbound, Reading } from '../../src/ports/connector.ts';
import type { Dice, VirtualClock } from './clock.ts';
import type { FakeDesk } from './desk.ts';
import type { Faults } from './faults.ts';
import type { History } from './history.ts';
import type { NativeTicket } from './native.ts';
import type { Process } from './process.ts';

/** What a desk of the simulation puts into its webhooks. */
export interface Body {
  readonly id: string;
  readonly ticket_id: string;
  readonly event: EventType;
  readonly snapshot?: object;
}

/** The header that proves a webhook, and the secret of every desk. */
export const PROOF = 'x-desk-proof';
export const SECRET = 'the desk and we know this';
/** A sign in what strangers make up: nothing with it may ever be kept. */
export const FORGED = 'forged';
/** A webhook that no connector can read. */
export const UNREADABLE = 'nobody can read this';

/** As the connectors of the simulation read webhooks. */
export function readHook(body: unknown): Reading {
  const { id, ticket_id: ticketId, event, snapshot } = body as Body;
  if (ticketId === UNREADABLE) return { kind: 'unreadable', why: UNREADABLE };
  return { kind: 'ticket', ticketId, event, dedupe: id, ...(snapshot !== undefined && { snapshot: snapshot as never }) };
}

export interface Hooks {
  send(desk: FakeDesk, ticket: NativeTicket, event: EventType): void;
}

export function createHooks(parts: {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly history: History;
  readonly faults: Faults;
  readonly processes: readonly Process[];
}): Hooks {
  const { clock, dice, history, faults, processes } = parts;
  let ids = 0;

  function send(desk: FakeDesk, ticket: NativeTicket, event: EventType): void {
    ids += 1;
    const { weather } = faults;
    const chance = dice(`hook ${desk.account} ${ticket.token}`);
    const befall = (probability: number, fate: string): boolean => {
      if (!chance.hit(probability)) return false;
      history.mishaps.push({ at: clock.now(), account: desk.account, token: ticket.token, call: 'webhook', phase: 'webhook', fate });
      history.tell(ticket.token, () => `${desk.name} webhook ${event}: ${fate}`);
      return true;
    };
    const body: Body = {
      id: desk.profile.coarseDedupe ? `${ticket.id} ${Math.floor(ticket.updated / 1000)}` : String(ids),
      ticket_id: ticket.id,
      event,
      ...(desk.profile.can.snapshots && !ticket.gone && { snapshot: desk.read(ticket) }),
    };
    const times = befall(weather.hookLost, 'hookLost') ? 0 : befall(weather.hookTwice, 'hookTwice') ? 2 : 1;
    for (let i = 0; i < times; i += 1) {
      clock.later(befall(weather.hookLate, 'hookLate') ? chance.between(2_000, 90_000) : chance.between(10, 800), () => void deliver(desk, inboundOf(body, SECRET), 3));
    }
    if (befall(weather.hookForged, 'hookForged')) {
      const lie: Body = { ...body, id: FORGED, event: 'ticket.deleted', snapshot: { ...desk.read(ticket), subject: FORGED, is_deleted: true } };
      clock.later(chance.between(10, 800), () => void deliver(desk, inboundOf(lie, FORGED), 0));
    }
    if (befall(weather.hookUnreadable, 'hookUnreadable')) {
      clock.later(chance.between(10, 800), () => void deliver(desk, inboundOf({ ...body, id: `odd ${ids}`, ticket_id: UNREADABLE }, SECRET), 0));
    }
  }

  /** Desks send again when they get no 2xx. */
  async function deliver(desk: FakeDesk, inbound: Inbound, tries: number): Promise<void> {
    const living = processes.filter(({ alive }) => alive);
    if (living.length === 0) return;
    try {
      await dice(`door ${desk.account}`).pick(living).receive(desk.account, inbound);
    } catch {
      if (tries > 0) clock.later(5_000, () => void deliver(desk, inbound, tries - 1));
    }
  }

  return { send };
}

/** As it comes to our door. */
export function inboundOf(body: Body, proof: string): Inbound {
  return { headers: { 'content-type': 'application/json', [PROOF]: proof }, rawBody: Buffer.from(JSON.stringify(body)), query: {} };
}
