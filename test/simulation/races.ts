/** Staged: two things that happen within the time in which we do not know, or do not look. */
import { DeskFailure, type Desk } from '../../src/ports/connector.ts';
import { plainDesk, type Setting } from './setting.ts';
import type { Stage } from './simulate.ts';
import { broken, calmSetting, deskAt, MINUTE, run, stageOf, ticketOn, unheard, unless, type Staging } from './staged.ts';
import { CALM } from './weather.ts';

/** A stage on which the answers to these calls get lost, while `lost` says so. */
function unanswered(services: readonly string[], call: 'createTicket' | 'deleteTicket', lost: () => boolean): Stage {
  const answer = async <T>(asked: Promise<T>): Promise<T> => {
    const given = await asked;
    if (!lost()) return given;
    throw new DeskFailure('unsure', 'no answer', { status: null });
  };
  const bend = (desk: Desk): Desk => ({
    ...desk,
    ...(call === 'createTicket' && { createTicket: (...given) => answer(desk.createTicket(...given)) }),
    ...(call === 'deleteTicket' && { deleteTicket: (...given) => answer(desk.deleteTicket(...given)) }),
  });
  return stageOf(calmSetting(services, { processes: 1 }), { bend });
}

export const RACES = {
  /** Rule 8: our copy is in the trash before we learnt its id; that is a person's deletion, and nothing is made again. */
  async 'a copy that is in the trash before we learnt its id'() {
    const stage = unanswered(['z', 'f'], 'createTicket', () => true);
    const { people, faults } = stage;
    const [zendesk, freshdesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(zendesk);
    faults.weather = { ...CALM, hookLost: 1 };
    await run(stage, 5_000);
    const made = freshdesk.tickets.size === 1;
    people.remove(freshdesk, ticketOn(freshdesk, token));
    faults.weather = CALM;
    await run(stage, 5 * MINUTE);
    return [
      ...unless(made, 'it was not made'),
      ...unless(freshdesk.tickets.size === 1, `it was made ${freshdesk.tickets.size} times`),
      ...unless(ticketOn(zendesk, token).deleted, 'the deletion did not arrive'),
      ...broken(stage),
    ];
  },

  /** Rule 13: our delete was not answered, and a person restored the ticket elsewhere: that it is gone here is our own doing. */
  async 'restored elsewhere while our deletion is not answered'() {
    let lost = true;
    const stage = unanswered(['z', 'f'], 'deleteTicket', () => lost);
    const { people } = stage;
    const [zendesk, freshdesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(zendesk);
    await run(stage, MINUTE);
    people.remove(zendesk, ticketOn(zendesk, token));
    await run(stage, 5_000);
    const gone = ticketOn(freshdesk, token).deleted;
    people.restore(zendesk, ticketOn(zendesk, token));
    lost = false;
    await run(stage, 5 * MINUTE);
    return [
      ...unless(gone, 'it was not deleted'),
      ...unless(!ticketOn(zendesk, token).deleted, 'it was deleted again where a person had restored it'),
      ...unless(!ticketOn(freshdesk, token).deleted, 'it was not restored'),
      ...broken(stage),
    ];
  },

  /** Rule 15: two desks say the same, one of them by a clock that is ahead; what a person says after that stands. */
  async 'the same value on two desks, then another'() {
    const ahead: Setting['desks'] = [plainDesk('z'), { ...plainDesk('f'), skewMs: 5 * MINUTE }];
    const stage = stageOf({ ...calmSetting(['z', 'f']), desks: ahead });
    const { clock, people, faults } = stage;
    const [zendesk, freshdesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(zendesk);
    people.set(zendesk, ticketOn(zendesk, token), 'priority', 'low');
    await run(stage, MINUTE);
    const [own, twin] = [ticketOn(zendesk, token), ticketOn(freshdesk, token)];
    faults.down.set(2, clock.now() + 30_000);
    unheard(stage, () => people.set(freshdesk, twin, 'priority', 'high'));
    people.set(zendesk, own, 'priority', 'high');
    await run(stage, 10_000);
    faults.down.set(1, clock.now() + 110_000);
    await run(stage, 5_000);
    people.set(zendesk, own, 'priority', 'urgent');
    await run(stage, 5 * MINUTE);
    return [
      ...unless(own.native.priority === 'urgent' && twin.native.priority === 'urgent', `${String(own.native.priority)} and ${String(twin.native.priority)}, not what was said last`),
      ...broken(stage),
    ];
  },

  /** Rule 20: a ticket that was commented and closed before it was mirrored has its comment on a desk that changes closed tickets no more. */
  async 'closed before it was mirrored'() {
    const stage = stageOf(calmSetting(['p', 'z']));
    const { people } = stage;
    const [plain, zendesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(plain);
    const comment = people.comment(plain, ticketOn(plain, token), true);
    people.close(plain, ticketOn(plain, token));
    await run(stage, 3 * MINUTE);
    const twin = ticketOn(zendesk, token);
    return [
      ...unless(twin.comments.some((one) => one.token === comment), 'the comment did not arrive'),
      ...unless(twin.native.status === 'closed', `the other desk says ${String(twin.native.status)}`),
      ...broken(stage),
    ];
  },

  /** Rule 20: what was said and then closed while the other desk was down arrives in that order, on a desk that changes closed tickets no more. */
  async 'commented and closed while the other desk was down'() {
    const stage = stageOf(calmSetting(['p', 'z']));
    const { clock, people, faults } = stage;
    const [plain, zendesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(plain);
    await run(stage, MINUTE);
    const [own, twin] = [ticketOn(plain, token), ticketOn(zendesk, token)];
    faults.down.set(2, clock.now() + MINUTE);
    const said = [people.comment(plain, own, true), people.comment(plain, own, false)];
    people.close(plain, own);
    await run(stage, 40_000);
    const early = twin.comments.length > 0 || twin.native.status === 'closed';
    await run(stage, 4 * MINUTE);
    return [
      ...unless(!early, 'the other desk was not down'),
      ...unless(said.every((comment) => twin.comments.some((one) => one.token === comment)), `${twin.comments.length} of ${said.length} comments arrived`),
      ...unless(twin.native.status === 'closed', `the other desk says ${String(twin.native.status)}`),
      ...broken(stage),
    ];
  },

  /** Rule 17: a change that no webhook told is seen before our write, and stands, since it is the newer one. */
  async 'a newer change that no webhook told'() {
    const stage = stageOf(calmSetting(['z', 'f']));
    const { people, faults } = stage;
    const [zendesk, freshdesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(zendesk);
    people.set(zendesk, ticketOn(zendesk, token), 'priority', 'low');
    await run(stage, MINUTE);
    const [own, twin] = [ticketOn(zendesk, token), ticketOn(freshdesk, token)];
    // Our look at the one desk takes its time; meanwhile somebody is at work on the other.
    faults.weather = { ...CALM, slow: 1 };
    people.set(zendesk, own, 'priority', 'high');
    await run(stage, 450);
    faults.weather = CALM;
    await run(stage, 1_000);
    unheard(stage, () => people.set(freshdesk, twin, 'priority', 'urgent'));
    await run(stage, 5 * MINUTE);
    return [
      ...unless(own.native.priority === 'urgent' && twin.native.priority === 'urgent', `${String(own.native.priority)} and ${String(twin.native.priority)}, not what was said last`),
      ...broken(stage),
    ];
  },
} satisfies Readonly<Record<string, Staging>>;
