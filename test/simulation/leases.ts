/** Staged: who may write for a ticket, and when somebody comes back to it. Time is virtual, so that how long something takes can be asked exactly. */
import { DeskFailure, type Desk } from '../../src/ports/connector.ts';
import type { FakeDesk } from './desk.ts';
import type { NativeTicket } from './native.ts';
import { inboundOf, SECRET } from './hooks.ts';
import { sweepForEver, type Stage } from './simulate.ts';
import { broken, calmSetting, deskAt, MINUTE, run, stageOf, ticketOn, unheard, unless, type Staging } from './staged.ts';

/** The desk's webhook about this ticket, taken in by the first process. */
function tell({ processes }: Stage, desk: FakeDesk, { id }: NativeTicket, hook: string): void {
  void processes[0]?.receive(desk.account, inboundOf({ id: hook, ticket_id: id, event: 'ticket.updated' }, SECRET));
}

const down = (): never => {
  throw new DeskFailure('unavailable', 'down', { status: 503 });
};

export const LEASES = {
  /**
   * A process stands still between its look and its commit, for longer than its lease; another one takes the lane over and writes the
   * comment. What the first one had decided is void when it comes back: the comment is there once, on a desk that could not take a second one away.
   */
  async 'a lane that was taken over while its process stood still'() {
    let unreachable = false;
    let armed = false;
    let stood = 0;
    const listed = (id: string): void => {
      if (!armed || id !== twinId) return;
      armed = false;
      stood = stage.clock.now();
      stage.processes[0]?.freeze(MINUTE);
    };
    const bend = (desk: Desk): Desk => ({
      ...desk,
      getTicket: async (id) => (unreachable && id === twinId ? down() : desk.getTicket(id)),
      createComment: async (id, ...given) => (unreachable && id === twinId ? down() : desk.createComment(id, ...given)),
      async listComments(id, page) {
        const comments = await desk.listComments(id, page);
        listed(id);
        return comments;
      },
    });
    const stage = stageOf(calmSetting(['z', 'p']), { bend, sweeps: false });
    const { people, processes, store, clock } = stage;
    const [zendesk, plain] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(zendesk);
    await run(stage, MINUTE);
    const [own, twin] = [ticketOn(zendesk, token), ticketOn(plain, token)];
    const twinId = twin.id;
    const lease = (): string | null => [...store.state.rows.values()].find(({ replica }) => replica.ticket_id === twinId)?.lease ?? null;
    // The second process sleeps through what comes before; the first alone hears of the comment, and cannot bring it.
    processes[1]?.freeze(90_000);
    unreachable = true;
    let said = '';
    unheard(stage, () => (said = people.comment(zendesk, own, true)));
    tell(stage, zendesk, own, 'the comment');
    await run(stage, 30_000);
    tell(stage, plain, twin, 'something else');
    await run(stage, 10_000);
    unreachable = false;
    armed = true;
    processes[0]?.sweep(2);
    await run(stage, 10_000);
    const held = lease();
    await clock.run(stood + 50_000);
    const copies = (): number => twin.comments.filter((one) => one.token === said && !one.deleted).length;
    const [takenOver, meanwhile] = [lease() !== held, copies()];
    sweepForEver(stage);
    await run(stage, 5 * MINUTE);
    return [
      ...unless(stood > 0 && held !== null, 'no process stood still with the lane in hand'),
      ...unless(takenOver && meanwhile === 1, `nobody took the lane over: the comment was there ${meanwhile} times`),
      ...unless(copies() === 1, `the comment is there ${copies()} times`),
      ...broken(stage),
    ];
  },

  /** Rule 21: the time at which a lane is due was taken out of the database by hand; the next sweep finds that it has something to do. */
  async 'a wake-up that somebody took out of the database'() {
    let unreachable = true;
    const bend = (desk: Desk): Desk => ({ ...desk, createTicket: async (...given) => (unreachable && desk.can.comments.edit ? down() : desk.createTicket(...given)) });
    const stage = stageOf(calmSetting(['z', 'f']), { bend });
    const { people, store } = stage;
    const [zendesk, freshdesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(zendesk);
    await run(stage, 20_000);
    const rows = [...store.state.rows.values()].filter(({ replica, lease }) => replica.account_id === 2 && replica.state === 'wanted' && lease === null);
    for (const row of rows) row.due_at = null;
    unreachable = false;
    await run(stage, 3 * MINUTE);
    return [
      ...unless(rows.length === 1, `${rows.length} lanes were waiting`),
      ...unless([...freshdesk.tickets.values()].some((ticket) => ticket.token === token), 'the ticket did not arrive'),
      ...broken(stage),
    ];
  },

  /** Rule 22: a lane that waits because looks at its ticket failed for a while is woken at once by what its desk tells, not when its wait is over. */
  async 'a change while the lane of its ticket waits'() {
    let odd = false;
    let looks = 0;
    const bend = (desk: Desk): Desk => ({
      ...desk,
      async getTicket(id) {
        if (!odd || id !== twinId) return desk.getTicket(id);
        looks += 1;
        throw new DeskFailure('surprise', 'what is this', { status: 200 });
      },
    });
    const stage = stageOf(calmSetting(['z', 'f'], { processes: 1 }), { bend, sweeps: false });
    const { clock, people, store } = stage;
    const [zendesk, freshdesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(zendesk);
    await run(stage, MINUTE);
    const [own, twin] = [ticketOn(zendesk, token), ticketOn(freshdesk, token)];
    const twinId = twin.id;
    const waits = (): number => ([...store.state.rows.values()].find(({ replica }) => replica.ticket_id === twinId)?.due_at ?? 0) - clock.now();
    odd = true;
    people.set(freshdesk, twin, 'subject', `${token} said before`);
    for (let i = 0; i < 600 && !(looks > 4 && waits() > 20_000); i += 1) await run(stage, 1_000);
    const waited = waits();
    odd = false;
    people.set(freshdesk, twin, 'subject', `${token} said meanwhile`);
    await run(stage, 10_000);
    const after = String(own.native.subject);
    sweepForEver(stage);
    await run(stage, 5 * MINUTE);
    return [
      ...unless(waited > 20_000, `the lane waited ${waited} ms, which is too short to tell`),
      ...unless(after === `${token} said meanwhile`, `after ten seconds the other desk says "${after}"`),
      ...broken(stage),
    ];
  },

  /** A desk tells two changes of one second in the same words: that the second is no new receipt does not keep it from being looked at. */
  async 'two changes that their desk tells in the same words'() {
    const stage = stageOf(calmSetting(['f', 'z']), { sweeps: false });
    const { people, store } = stage;
    const [freshdesk, zendesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(freshdesk);
    await run(stage, MINUTE);
    const [own, twin] = [ticketOn(freshdesk, token), ticketOn(zendesk, token)];
    unheard(stage, () => people.set(freshdesk, own, 'subject', `${token} said first`));
    tell(stage, freshdesk, own, 'this second');
    await run(stage, 10_000);
    const first = String(twin.native.subject);
    const receipts = store.state.receipts.length;
    unheard(stage, () => people.set(freshdesk, own, 'subject', `${token} said then`));
    tell(stage, freshdesk, own, 'this second');
    await run(stage, 10_000);
    const then = String(twin.native.subject);
    const kept = store.state.receipts.filter(({ account_id: account }) => account === 1).length;
    sweepForEver(stage);
    await run(stage, 5 * MINUTE);
    return [
      ...unless(first === `${token} said first`, `after the first the other desk says "${first}"`),
      ...unless(kept <= receipts, 'the second was taken for a new receipt'),
      ...unless(then === `${token} said then`, `ten seconds after the second the other desk says "${then}"`),
      ...broken(stage),
    ];
  },
} satisfies Readonly<Record<string, Staging>>;
