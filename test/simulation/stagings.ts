/** Situations that seeds hardly ever come to, each played out and judged: the real engine, fake desks, virtual time. */
import { DeskFailure } from '../../src/ports/connector.ts';
import { words } from './native.ts';
import { allWays, type Trigger } from './setting.ts';
import { SWEEP_MS } from './simulate.ts';
import { broken, calmSetting, deskAt, MINUTE, run, stageOf, ticketOn, unless, type Staging } from './staged.ts';
import { LEASES } from './leases.ts';
import { RACES } from './races.ts';
import { inboundOf, SECRET } from './hooks.ts';

export const STAGINGS = {
  ...RACES,
  ...LEASES,

  /** Promise 6, rule 23: a desk whose calls all hang until they time out delays no other, and has everything once it is back. */
  async 'a desk whose calls all hang'() {
    const many = 60;
    const stage = stageOf(calmSetting(['z', 'z', 'f']));
    const { clock, people, faults, history } = stage;
    const tokens: { token: string; at: number }[] = [];
    clock.later(1_000, () => faults.hanging.set(3, clock.now() + 10 * MINUTE));
    for (let i = 0; i < many; i += 1) clock.later(5_000 + i * 500, () => tokens.push({ token: people.create(deskAt(stage, 0)), at: clock.now() }));
    await run(stage, 3 * MINUTE);
    const delays = tokens.map(({ token, at }) => (history.wrote.find((one) => one.token === token && one.account === 2)?.at ?? Infinity) - at).sort((a, b) => a - b);
    const [median = Infinity, last = Infinity] = [delays[Math.floor(delays.length / 2)], delays.at(-1)];
    faults.hanging.clear();
    await run(stage, 6 * SWEEP_MS);
    return [
      ...unless(median < 2_000 && last < 10_000, `the other desk waited: ${Math.round(median)} ms in the middle, ${Math.round(last)} ms at most`),
      ...unless(deskAt(stage, 2).tickets.size === many, `the desk has ${deskAt(stage, 2).tickets.size} of ${many} tickets`),
      ...broken(stage),
    ];
  },

  /** Rule 4: a person's clone of a mirrored ticket carries our mark; it is a ticket of its own all the same. */
  async 'a clone that carries our mark'() {
    const stage = stageOf(calmSetting(['z', 'f']));
    const { people } = stage;
    const [zendesk, freshdesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(zendesk);
    await run(stage, MINUTE);
    const clone = people.clone(freshdesk, ticketOn(freshdesk, token));
    const carries = ticketOn(freshdesk, clone).key !== null;
    await run(stage, 3 * MINUTE);
    return [
      ...unless(carries, 'the clone carries no mark'),
      ...unless(freshdesk.tickets.size === 2 && zendesk.tickets.size === 2, `${zendesk.tickets.size} and ${freshdesk.tickets.size} tickets, not two on each`),
      ...broken(stage),
    ];
  },

  /** Rule 4: the create was not answered, our look found it; a clone that somebody makes of it then is theirs. */
  async 'a clone after a create that was not answered'() {
    let cut = true;
    const stage = stageOf(
      calmSetting(['z', 'f'], { processes: 1 }),
      {
        bend: (desk) => ({
          ...desk,
          async createTicket(...given) {
            const answer = await desk.createTicket(...given);
            if (!cut) return answer;
            cut = false;
            throw new DeskFailure('unsure', 'no answer', { status: null });
          },
        }),
      },
    );
    const { people } = stage;
    const [zendesk, freshdesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(zendesk);
    await run(stage, 3 * MINUTE);
    const clone = people.clone(freshdesk, ticketOn(freshdesk, token));
    await run(stage, 3 * MINUTE);
    const there = [...zendesk.tickets.values()].map((ticket) => ticket.token);
    return [
      ...unless(!cut, 'every create was answered'),
      ...unless(there.includes(clone), 'the clone is not on the other desk'),
      ...unless(freshdesk.tickets.size === 2 && zendesk.tickets.size === 2, `${zendesk.tickets.size} and ${freshdesk.tickets.size} tickets, not two on each`),
      ...broken(stage),
    ];
  },

  /** A ticket that fitted a condition, does not, and fits again by what its own desk says: all that was said there meanwhile arrives. */
  async 'a ticket that fits a condition again'() {
    const stage = stageOf(calmSetting(['z', 'f'], { mesh: allWays([1, 2], { where: { field: 'priority', among: ['high', 'urgent'] }, unmatched: 'freeze' }) }));
    const { people } = stage;
    const [zendesk, freshdesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(zendesk);
    const own = ticketOn(zendesk, token);
    people.set(zendesk, own, 'priority', 'high');
    await run(stage, MINUTE);
    const came = freshdesk.tickets.size === 1;
    people.set(zendesk, own, 'priority', 'low');
    await run(stage, MINUTE);
    const cutOff = freshdesk.tickets.size === 1 && ticketOn(freshdesk, token).native.priority === 'high';
    people.set(zendesk, own, 'subject', `${token} said while it did not fit`);
    await run(stage, MINUTE);
    people.set(zendesk, own, 'priority', 'urgent');
    await run(stage, 3 * MINUTE);
    const twin = ticketOn(freshdesk, token);
    return [
      ...unless(came, 'it did not arrive'),
      ...unless(cutOff, 'it was not cut off'),
      ...unless(twin.native.priority === 'urgent' && twin.native.subject === own.native.subject, `the other desk says ${String(twin.native.priority)}, "${String(twin.native.subject)}"`),
      ...broken(stage),
    ];
  },

  /** What somebody changes on the far side while a condition cuts the ticket off gives way when it fits again. */
  async 'a change on the far side of a condition'() {
    const stage = stageOf(calmSetting(['z', 'f'], { mesh: allWays([1, 2], { where: { field: 'priority', among: ['high', 'urgent'] }, unmatched: 'freeze' }) }));
    const { people } = stage;
    const [zendesk, freshdesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(zendesk);
    const own = ticketOn(zendesk, token);
    people.set(zendesk, own, 'priority', 'high');
    await run(stage, MINUTE);
    const twin = ticketOn(freshdesk, token);
    people.set(zendesk, own, 'priority', 'low');
    await run(stage, MINUTE);
    people.set(freshdesk, twin, 'subject', `${token} said on the far side`);
    await run(stage, MINUTE);
    const meanwhile = [own.native.subject, twin.native.subject];
    people.set(zendesk, own, 'priority', 'urgent');
    await run(stage, 3 * MINUTE);
    return [
      ...unless(meanwhile[0] !== meanwhile[1], 'what was said on the far side was heard though it was cut off'),
      ...unless(own.native.subject === meanwhile[0], 'the ticket’s own desk was written over'),
      ...unless(words(String(twin.native.subject)) === words(String(own.native.subject)), `"${String(own.native.subject)}" and "${String(twin.native.subject)}" for ever`),
      ...broken(stage),
    ];
  },

  /** A deletion goes where a mirror carries it, and nowhere else. */
  async 'a deletion that one mirror carries and another does not'() {
    const mesh = allWays([1, 2, 3]).map((edge) => (edge.to === 3 ? { ...edge, on_delete: 'ignore' as const } : edge));
    const stage = stageOf(calmSetting(['z', 'f', 'f'], { mesh }));
    const { people } = stage;
    const token = people.create(deskAt(stage, 0));
    await run(stage, MINUTE);
    people.remove(deskAt(stage, 0), ticketOn(deskAt(stage, 0), token));
    await run(stage, 3 * MINUTE);
    return [
      ...unless(ticketOn(deskAt(stage, 1), token).deleted, 'it was not carried where it should be'),
      ...unless(!ticketOn(deskAt(stage, 2), token).deleted, 'it was carried where no mirror brings it'),
      ...broken(stage),
    ];
  },

  /** An outage of an hour and 500 changes: one write for each changed ticket and target, not 500. */
  async 'a desk that is down for an hour'() {
    const stage = stageOf(calmSetting(['z', 'f', 'f']));
    const { clock, people, faults, history } = stage;
    const tokens = Array.from({ length: 20 }, () => people.create(deskAt(stage, 0)));
    await run(stage, 2 * MINUTE);
    const before = history.wrote.length;
    faults.down.set(3, clock.now() + 60 * MINUTE);
    const began = clock.now();
    for (let i = 0; i < 500; i += 1) {
      const at = (i * 60 * MINUTE) / 500 / 1.01;
      clock.later(at, () => {
        const desk = deskAt(stage, 0);
        const ticket = ticketOn(desk, tokens[i % tokens.length] ?? '');
        ticket.native.priority = i % 2 === Math.floor(i / tokens.length) % 2 ? 'high' : 'urgent';
        ticket.native.subject = `${ticket.token} change ${i}`;
        for (const field of ['priority', 'subject'] as const) {
          const edit = history.edit({ account: 1, token: ticket.token, what: field, value: desk.mesh(ticket, field), parents: ticket.shown.get(field) ?? [], by: 'person' });
          ticket.shown.set(field, [edit.id]);
        }
        history.deeds.push({ at: clock.now(), action: 'edit a field', account: 1, token: ticket.token });
        desk.touch(ticket, 'ticket.updated');
      });
    }
    await clock.run(began + 60 * MINUTE);
    const during = history.wrote.slice(before).filter(({ account }) => account === 3).length;
    await run(stage, 3 * MINUTE);
    const after = history.wrote.filter(({ account, at, kind }) => account === 3 && at >= began && kind === 'ticket.update');
    const other = history.wrote.filter(({ account, at }) => account === 2 && at >= began).length;
    return [
      ...unless(during === 0, `${during} writes on the desk that was down`),
      ...unless(after.length === tokens.length && new Set(after.map(({ token }) => token)).size === tokens.length, `${after.length} writes afterwards, not one for each of ${tokens.length} tickets`),
      ...unless(other >= 400, `the other desk got only ${other} of 500 changes meanwhile`),
      ...broken(stage),
    ];
  },

  /** Rule 12. */
  async 'rules of two desks that contradict each other'() {
    const up: Trigger = { field: 'priority', when: 'low', then: 'high', afterMs: 0 };
    const down: Trigger = { field: 'priority', when: 'high', then: 'low', afterMs: 0 };
    const stage = stageOf(calmSetting(['z', 'z'], { triggers: [up, down] }));
    const { people, history, store } = stage;
    const token = people.create(deskAt(stage, 0));
    await run(stage, MINUTE);
    const ticket = ticketOn(deskAt(stage, 0), token);
    ticket.native.priority = 'high';
    deskAt(stage, 0).touch(ticket, 'ticket.updated');
    await run(stage, 10 * MINUTE);
    const writes = history.wrote.length;
    await run(stage, 10 * MINUTE);
    return [
      ...unless(writes < 20, `${writes} writes`),
      ...unless(history.wrote.length === writes, 'it does not come to rest'),
      ...unless(store.state.notes.some(({ what, field }) => what === 'held' && field === 'priority'), 'the field that they fight over is not explained'),
    ];
  },

  /** Rule 26: a snapshot that was taken before a deletion, and comes after it, restores nothing. */
  async 'a snapshot that comes after the deletion'() {
    const stage = stageOf(calmSetting(['z', 'h']));
    const { clock, people, history, processes } = stage;
    const [zendesk, helpspace] = [deskAt(stage, 0), deskAt(stage, 1)];
    const token = people.create(zendesk);
    await run(stage, MINUTE);
    const copied = ticketOn(helpspace, token);
    const snapshot = { ...helpspace.read(copied), status: 'pending' as const, modified_at: new Date(clock.now()).toISOString() };
    ticketOn(zendesk, token).deleted = true;
    zendesk.touch(ticketOn(zendesk, token), 'ticket.deleted');
    await run(stage, MINUTE);
    const gone = copied.gone;
    void processes[0]?.receive(2, inboundOf({ id: 'late', ticket_id: copied.id, event: 'ticket.updated', snapshot }, SECRET));
    await run(stage, 2 * MINUTE);
    const kinds = history.wrote.map(({ kind }) => kind).join(', ');
    return [
      ...unless(gone, 'the deletion did not arrive'),
      ...unless(ticketOn(zendesk, token).deleted && helpspace.tickets.size === 1, 'the ticket is there again'),
      ...unless(kinds === 'ticket.create, ticket.delete', `written: ${kinds}`),
    ];
  },

  /** Guard: a flood of deletions stops, asks, and goes on when a person says so. */
  async 'a flood of deletions'() {
    const stage = stageOf(calmSetting(['f', 'z']));
    const { people, store } = stage;
    const [freshdesk, zendesk] = [deskAt(stage, 0), deskAt(stage, 1)];
    for (let i = 0; i < 40; i += 1) people.create(freshdesk);
    await run(stage, 2 * MINUTE);
    for (const ticket of freshdesk.tickets.values()) {
      ticket.deleted = true;
      freshdesk.touch(ticket, 'ticket.deleted');
    }
    await run(stage, 10 * MINUTE);
    const living = [...zendesk.tickets.values()].filter(({ deleted }) => !deleted).length;
    const held = (await store.accounts.load()).accounts.find(({ id }) => id === 1)?.deletions_held ?? '';
    await store.accounts.releaseDeletions(1, 60 * MINUTE);
    await run(stage, 12 * MINUTE);
    const after = [...zendesk.tickets.values()].filter(({ deleted }) => !deleted).length;
    return [
      ...unless(living >= 20, `only ${living} of 40 tickets are left on the other desk`),
      ...unless(held.includes('deletions'), 'the account does not say why its deletions wait'),
      ...unless(after === 0, `${after} tickets are still there after a person released the deletions`),
    ];
  },

  /** Guard: a list of comments that is empty once deletes nothing. */
  async 'a list of comments that is empty once'() {
    let empty = false;
    const stage = stageOf(calmSetting(['f', 'f']), { bend: (desk) => ({ ...desk, listComments: async (id, page) => (empty ? { items: [], next: null } : desk.listComments(id, page)) }) });
    const { people } = stage;
    const token = people.create(deskAt(stage, 0));
    await run(stage, MINUTE);
    for (let i = 0; i < 5; i += 1) people.comment(deskAt(stage, 0), ticketOn(deskAt(stage, 0), token), true);
    await run(stage, 2 * MINUTE);
    empty = true;
    deskAt(stage, 0).touch(ticketOn(deskAt(stage, 0), token), 'ticket.updated');
    await run(stage, 20_000);
    empty = false;
    await run(stage, 5 * MINUTE);
    return broken(stage);
  },
} satisfies Readonly<Record<string, Staging>>;

export type StagingName = keyof typeof STAGINGS;
