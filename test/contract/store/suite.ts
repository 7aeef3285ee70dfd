/** What every store promises to the engine. Run against the database and against the store in memory. */
import { USUAL_LIMITS } from '../../../src/core/guards.ts';
import { USUAL_TERMS } from '../../../src/core/rules.ts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newLink, wantedReplica, type Link, type Replica } from '../../../src/core/state.ts';
import { ticketKey } from '../../../src/core/keys.ts';
import type { NewReceipt } from '../../../src/ports/intake.ts';
import type { Lane, Store, Turn } from '../../../src/ports/store.ts';
import type { World } from '../../../src/ports/world.ts';

export interface Subject {
  readonly store: Store;
  readonly world: World;
  close(): Promise<void>;
}

const LEASE_MS = 30_000;

export function storeSuite(name: string, make: () => Promise<Subject>): void {
  describe(`the ${name}`, () => {
    let subject: Subject;
    let store: Store;
    let account = 0;
    let serial = 0;

    beforeAll(async () => {
      subject = await make();
      store = subject.store;
    });
    afterAll(() => subject.close());

    /** Every test has an account to itself. */
    async function newAccount(): Promise<number> {
      serial += 1;
      const draft = { name: `account-${serial}`, service: 'helpdesk', url: 'https://desk.example', credentials: { key: 'k' }, settings: {} };
      await store.accounts.apply([draft], []);
      const { accounts } = await store.accounts.load();
      account = accounts.find((known) => known.name === draft.name)?.id ?? 0;
      return account;
    }

    function receipt(ticketId: string, more: Partial<NewReceipt> = {}): NewReceipt {
      serial += 1;
      return {
        account_id: account,
        dedupe: `occurrence-${serial}`,
        headers: { 'content-type': 'application/json' },
        raw_body: Buffer.from('{"a":"\u00e9"}'),
        state: 'accepted',
        reason: null,
        ticket_id: ticketId,
        event: 'ticket.created',
        snapshot: null,
        ...more,
      };
    }

    const claim = (leaseMs = LEASE_MS, free = 10): Promise<readonly Lane[]> => store.lanes.claim([{ account_id: account, free }], 100, leaseMs);

    async function claimOne(leaseMs = LEASE_MS): Promise<Lane> {
      const [lane, ...others] = await claim(leaseMs);
      expect(others).toEqual([]);
      if (lane === undefined) throw new Error('no lane is due');
      return lane;
    }

    function turn(lane: Lane, more: Partial<Turn> = {}): Turn {
      return {
        lease: lane.lease,
        before: lane.replica,
        replica: lane.replica,
        link: null,
        read: null,
        settles: null,
        spawn: [],
        adopted_by: null,
        operations: [],
        notes: [],
        release: { inMs: null },
        ...more,
      };
    }

    /** A ticket that has its link and is at rest. */
    async function linked(ticketId: string, spawn: (link: Link) => Turn['spawn'] = () => []): Promise<{ link: Link; replica: Replica }> {
      await store.intake.accept(receipt(ticketId));
      const lane = await claimOne();
      const born = newLink(subject.world.id(), account, subject.world.now());
      const link: Link = { ...born, version: 1, fields: { subject: { value: 'Hi', clock: 5, from: account } } };
      const replica: Replica = { ...lane.replica, link_id: link.id, state: 'present', base: { subject: 'Hi' }, applied: { subject: 5 }, version: 1, looked: 10, modified: 5_000 };
      const result = await store.lanes.commit(turn(lane, { replica, link: { before: born, after: link }, read: lane.signalled, spawn: spawn(link) }));
      expect(result).toBe('done');
      return { link, replica };
    }

    test('keeps a receipt once and says so when it comes again, but signals the ticket each time', async () => {
      await newAccount();
      const first = receipt('t1');
      const accepted = await store.intake.accept(first);
      expect(accepted.repeated).toBe(false);
      expect(await store.intake.accept(first)).toEqual({ id: accepted.id, repeated: true });
      const lane = await claimOne();
      expect(lane).toMatchObject({ signalled: 2, read: 0, receipt: accepted.id, link: null, replica: { state: 'unknown', ticket_id: 't1' } });
    });

    test('keeps many receipts that come at once, two of them the same, each answered on its own', async () => {
      await newAccount();
      const many = Array.from({ length: 50 }, (_, i) => receipt(`m${i % 7}`));
      const twice = receipt('m0');
      const results = await Promise.all([...many, twice, twice].map((one) => store.intake.accept(one)));
      expect(results.filter(({ repeated }) => repeated)).toHaveLength(1);
      expect(new Set(results.map(({ id }) => id)).size).toBe(51);
      expect(await claim()).toHaveLength(7);
    });

    test('names the newest new receipt of those that come at once, though an old one comes again behind it', async () => {
      await newAccount();
      const old = receipt('t1');
      await store.intake.accept(old);
      const [fresh] = await Promise.all([store.intake.accept(receipt('t1')), store.intake.accept(old)]);
      expect(await claimOne()).toMatchObject({ signalled: 3, receipt: fresh?.id });
    });

    test('keeps ignored and parked receipts without waking anybody', async () => {
      await newAccount();
      await store.intake.accept(receipt('t1', { state: 'ignored', reason: 'no ticket', ticket_id: null }));
      await store.intake.accept(receipt('t1', { state: 'parked', reason: 'does not fit', ticket_id: null }));
      expect(await claim()).toEqual([]);
    });

    test('gives a due lane to one of many takers', async () => {
      await newAccount();
      await Promise.all(Array.from({ length: 20 }, (_, i) => store.intake.accept(receipt(`c${i}`))));
      const takers = await Promise.all(Array.from({ length: 5 }, () => claim(LEASE_MS, 20)));
      const ids = takers.flat().map((lane) => lane.replica.id);
      expect(ids).toHaveLength(20);
      expect(new Set(ids).size).toBe(20);
    });

    test('gives no account more lanes than asked for', async () => {
      await newAccount();
      await Promise.all(Array.from({ length: 6 }, (_, i) => store.intake.accept(receipt(`f${i}`))));
      expect(await claim(LEASE_MS, 4)).toHaveLength(4);
      expect(await claim(LEASE_MS, 4)).toHaveLength(2);
    });

    test('gives no more lanes in all than asked for, in the order of the accounts', async () => {
      const one = await newAccount();
      await Promise.all(Array.from({ length: 3 }, (_, i) => store.intake.accept(receipt(`a${i}`))));
      const two = await newAccount();
      await Promise.all(Array.from({ length: 3 }, (_, i) => store.intake.accept(receipt(`b${i}`))));
      const slots = [one, two].map((id) => ({ account_id: id, free: 10 }));
      expect((await store.lanes.claim(slots, 4, LEASE_MS)).map(({ replica }) => replica.account_id).sort()).toEqual([one, one, one, two]);
      expect(await store.lanes.claim(slots, 4, LEASE_MS)).toHaveLength(2);
    });

    test('lets another take a lane whose lease ran out, and refuses the former holder', async () => {
      await newAccount();
      await store.intake.accept(receipt('t1'));
      const former = await claimOne(-1);
      const next = await claimOne();
      expect(next.lease).not.toBe(former.lease);
      expect(await store.lanes.commit(turn(former, { read: 1 }))).toBe('lost');
      expect(await store.lanes.commit(turn(next, { read: 1 }))).toBe('done');
      expect(await claim()).toEqual([]);
    });

    test('makes a released lane due again at once if a signal came meanwhile', async () => {
      await newAccount();
      await store.intake.accept(receipt('t1'));
      const lane = await claimOne();
      await store.intake.accept(receipt('t1'));
      await store.lanes.commit(turn(lane, { read: lane.signalled }));
      expect(await claimOne()).toMatchObject({ signalled: 2, read: 1 });
    });

    test('moves a deferred lane forward when a signal comes', async () => {
      await newAccount();
      await store.intake.accept(receipt('t1'));
      await store.lanes.commit(turn(await claimOne(), { release: { inMs: 3_600_000 } }));
      expect(await claim()).toEqual([]);
      await store.intake.accept(receipt('t1'));
      expect((await claimOne()).signalled).toBe(2);
    });

    test('reads back link, comments and copies as they were written, and forgets copies that are gone', async () => {
      await newAccount();
      const { link } = await linked('t1');
      await store.intake.accept(receipt('t1'));
      const lane = await claimOne();
      expect(lane.link).toEqual(link);
      const comment = { uid: 'u1', from: account, author: null, content: '<p>Hé</p>', public: false, deleted: false, clock: 7, created: 6, files: [] };
      const copy = { uid: 'u1', comment_id: '9', generation: 1, ours: false, text: 'x', public: false, applied: 7, since: 8, deleted: false };
      const after: Link = { ...link, version: 2, comments: { u1: comment } };
      const replica: Replica = { ...lane.replica, copies: { u1: copy }, version: 2 };
      expect(await store.lanes.commit(turn(lane, { replica, link: { before: link, after } }))).toBe('due');
      const again = await claimOne();
      expect(again.link).toEqual(after);
      expect(again.replica).toEqual(replica);
      await store.lanes.commit(turn(again, { replica: { ...again.replica, copies: {} }, release: { inMs: 0 } }));
      expect((await claimOne()).replica.copies).toEqual({});
    });

    test('refuses a change of a link that moved on, and writes nothing of it', async () => {
      await newAccount();
      const { link } = await linked('t1');
      await store.intake.accept(receipt('t1'));
      const lane = await claimOne();
      const moved: Link = { ...link, version: 2, fields: { subject: { value: 'Two', clock: 6, from: account } } };
      expect(await store.lanes.commit(turn(lane, { link: { before: link, after: moved }, release: 'keep' }))).toBe('done');
      const late: Link = { ...link, version: 2, fields: { subject: { value: 'Other', clock: 7, from: account } } };
      expect(await store.lanes.commit(turn(lane, { link: { before: link, after: late }, read: 2 }))).toBe('stale');
      expect((await store.lanes.link(link.id)).fields.subject?.value).toBe('Two');
      await store.lanes.giveBack([{ replica_id: lane.replica.id, lease: lane.lease }]);
      expect((await claimOne()).read).toBe(1);
    });

    test('makes the new replicas of a link due, those that are leased already excepted', async () => {
      await newAccount();
      const origin = account;
      const target = await newAccount();
      const leasedTo = await newAccount();
      account = origin;
      const lease = subject.world.id();
      let wanted: Replica | undefined;
      await linked('t1', (link) => {
        wanted = wantedReplica(subject.world.id(), link.id, target);
        return [
          { replica: wanted, lease: null },
          { replica: wantedReplica(subject.world.id(), link.id, leasedTo), lease },
        ];
      });
      account = leasedTo;
      expect(await claim()).toEqual([]);
      account = target;
      expect((await claimOne()).replica).toEqual(wanted);
    });

    test('wakes the other replicas when the link changes', async () => {
      await newAccount();
      const origin = account;
      const target = await newAccount();
      account = origin;
      const { link } = await linked('t1', (born) => [{ replica: wantedReplica(subject.world.id(), born.id, target), lease: null }]);
      account = target;
      const quiet = await claimOne();
      await store.lanes.commit(turn(quiet, { replica: { ...quiet.replica, ticket_id: 'x1', state: 'present', version: 1 } }));
      expect(await claim()).toEqual([]);
      account = origin;
      await store.intake.accept(receipt('t1'));
      const lane = await claimOne();
      await store.lanes.commit(turn(lane, { read: 2, link: { before: link, after: { ...link, version: 2 } }, replica: { ...lane.replica, version: 2 } }));
      expect(await claim()).toEqual([]);
      account = target;
      expect((await claimOne()).replica.ticket_id).toBe('x1');
    });

    test('gives way to a create that learns its ticket id: the stranger goes, its signal stays', async () => {
      await newAccount();
      const origin = account;
      const target = await newAccount();
      account = origin;
      await linked('t1', (born) => [{ replica: wantedReplica(subject.world.id(), born.id, target), lease: null }]);
      account = target;
      const creating = await claimOne();
      await store.intake.accept(receipt('echo'));
      const stranger = await claimOne();
      const present: Replica = { ...creating.replica, ticket_id: 'echo', state: 'present', version: 1 };
      expect(await store.lanes.commit(turn(creating, { replica: present }))).toBe('due');
      expect(await store.lanes.commit(turn(stranger))).toBe('lost');
      expect(await claimOne()).toMatchObject({ signalled: 1, read: 0, replica: { id: present.id, ticket_id: 'echo' } });
    });

    test('lets a stranger be recognised as the ticket of a create in flight', async () => {
      await newAccount();
      const origin = account;
      const target = await newAccount();
      account = origin;
      await linked('t1', (born) => [{ replica: wantedReplica(subject.world.id(), born.id, target), lease: null }]);
      account = target;
      const creating = await claimOne();
      await store.intake.accept(receipt('echo'));
      const stranger = await claimOne();
      const own = await store.lanes.byKey(target, ticketKey(creating.replica));
      expect(own?.id).toBe(creating.replica.id);
      expect(await store.lanes.commit(turn(stranger, { adopted_by: creating.replica.id }))).toBe('done');
      // The holder does not know the id yet: what it writes does not erase it.
      expect(await store.lanes.commit(turn(creating, { release: { inMs: 0 } }))).toBe('due');
      expect(await claimOne()).toMatchObject({ signalled: 1, replica: { id: creating.replica.id, ticket_id: 'echo' } });
    });

    test('settles what was heard of a ticket that is given up for a new one', async () => {
      await newAccount();
      const { replica } = await linked('t1');
      const heard = await store.intake.accept(receipt('t1'));
      const lane = await claimOne();
      const anew: Replica = { ...replica, generation: 2, ticket_id: null, state: 'wanted' };
      expect(await store.lanes.commit(turn(lane, { replica: anew, read: 2 }))).toBe('done');
      const later = subject.world.now() + 60_000;
      await store.retention.purge(later, later);
      expect(await store.intake.accept({ ...receipt('t1'), dedupe: 'after' })).toMatchObject({ repeated: false });
      const stranger = await claimOne();
      expect(stranger.replica).toMatchObject({ state: 'unknown', ticket_id: 't1' });
      expect(Number(stranger.receipt)).toBeGreaterThan(Number(heard.id));
    });

    test('counts deletions within a window, holds them until they are released, and then lets them pass for a while', async () => {
      const id = await newAccount();
      expect(await store.accounts.countDeletions(id, 3, 60_000)).toBe(3);
      expect(await store.accounts.countDeletions(id, 2, 60_000)).toBe(5);
      expect(await store.accounts.countDeletions(id, 1, -1)).toBe(1);
      const heldOf = async (): Promise<string | undefined> => (await store.accounts.load()).accounts.find((known) => known.id === id)?.deletions_held;
      expect(await heldOf()).toBeUndefined();
      const before = await store.accounts.version();
      await store.accounts.holdDeletions(id, 'a flood');
      await store.accounts.holdDeletions(id, 'another');
      expect(await heldOf()).toBe('a flood');
      expect(await store.accounts.version()).toBeGreaterThan(before);
      await store.accounts.releaseDeletions(id, 60_000);
      expect(await heldOf()).toBeUndefined();
      expect(await store.accounts.countDeletions(id, 100, 60_000)).toBe(0);
      await store.accounts.releaseDeletions(id, -1);
      expect(await store.accounts.countDeletions(id, 100, 60_000)).toBe(100);
    });

    test('counts the tickets of an account', async () => {
      const id = await newAccount();
      await linked('t1');
      await linked('t2');
      await store.intake.accept(receipt('stranger'));
      expect(await store.accounts.countTickets(id)).toBe(2);
    });

    test('holds what new rules bring on accounts for many of whose tickets they change, until it is released', async () => {
      const limits = { ...USUAL_LIMITS, rules: { count: 1, share: 0.5 } };
      const target = await newAccount();
      const origin = await newAccount();
      const { accounts } = await store.accounts.load();
      const nameOf = (id: number): string => accounts.find((known) => known.id === id)?.name ?? '';
      const spawn = (link: Link): Turn['spawn'] => [{ replica: wantedReplica(subject.world.id(), link.id, target), lease: null }];
      const mirror = (on_delete: 'delete' | 'close') => ({ name: 'm', lenses: {}, edges: [{ from: nameOf(origin), to: nameOf(target), terms: { ...USUAL_TERMS, owner: {}, on_delete } }] });
      const born = async (ticketId: string): Promise<void> => {
        await store.intake.accept(receipt(ticketId));
        const lane = await claimOne();
        const empty = newLink(subject.world.id(), account, subject.world.now());
        const link: Link = { ...empty, version: 1, accounts: [origin, target] };
        await store.lanes.commit(turn(lane, { replica: { ...lane.replica, link_id: link.id, state: 'present', version: 1 }, link: { before: empty, after: link }, read: lane.signalled, spawn: spawn(link) }));
      };
      const held = async (): Promise<readonly (string | undefined)[]> => {
        const now = (await store.accounts.load()).accounts;
        return [origin, target].map((id) => now.find((known) => known.id === id)?.rules_held);
      };
      await store.accounts.apply([], [mirror('delete')], limits);
      await born('r1');
      await store.accounts.apply([], [mirror('close')], limits);
      expect(await held()).toEqual([undefined, undefined]);
      await born('r2');
      await store.accounts.apply([], [mirror('close')], limits);
      expect(await held()).toEqual([undefined, undefined]);
      await store.accounts.apply([], [mirror('delete')], limits);
      expect(await held()).toEqual(['the rules changed for 2 of its 2 tickets', 'the rules changed for 2 of its 2 tickets']);
      await store.accounts.releaseDeletions(target, -1);
      await store.accounts.releaseRules(origin);
      expect(await held()).toEqual([undefined, 'the rules changed for 2 of its 2 tickets']);
      await store.accounts.releaseRules(target);
      expect(await held()).toEqual([undefined, undefined]);
      await store.accounts.apply([], []);
    });

    test('gives a stranger to no replica that has learnt its ticket meanwhile, and leaves its lane as it was', async () => {
      await newAccount();
      const { replica: own } = await linked('t1');
      await store.intake.accept(receipt('t2'));
      const lane = await claimOne();
      expect(await store.lanes.commit(turn(lane, { adopted_by: own.id }))).toBe('lost');
      expect(await store.lanes.commit(turn(lane, { read: 1 }))).toBe('done');
    });

    test('knows whether a create was sent before a moment', async () => {
      await newAccount();
      const now = subject.world.now();
      await linked('t1');
      await store.intake.accept(receipt('t2'));
      const lane = await claimOne();
      const intent = {
        kind: 'ticket.create', key: 'k', fields: {}, forecast: {}, clocks: {}, life: 1, uid: null, comment_id: null, draft: null, files: [], follows: null, warnings: [],
        clock: 1, first_sent: now, sent: now, answered: null, tries: 1, refused: null, landed: 0,
      } as const;
      await store.lanes.commit(turn(lane, { replica: { ...lane.replica, state: 'creating', intent }, release: { inMs: 60_000 } }));
      expect(await store.lanes.createsOpen(account, now - 1)).toBe(false);
      expect(await store.lanes.createsOpen(account, now)).toBe(true);
    });

    test('knows the closed tickets that others go on from, however many have gone on since', async () => {
      await newAccount();
      await store.intake.accept(receipt('t1'));
      const lane = await claimOne();
      const moves = (from: Lane, replica: Replica): Promise<unknown> => store.lanes.commit({ ...turn(from, { replica, release: 'keep' }), before: from.replica });
      const goesOn = async (replica: Replica, ticketId: string): Promise<Replica> => {
        const following: Replica = { ...replica, follows: replica.ticket_id, ticket_id: null, generation: replica.generation + 1 };
        expect(await moves({ ...lane, replica }, following)).toBe('done');
        const known: Replica = { ...following, ticket_id: ticketId };
        expect(await moves({ ...lane, replica: following }, known)).toBe('done');
        return known;
      };
      await goesOn(await goesOn(lane.replica, 't2'), 't3');
      const followed = await Promise.all(['t1', 't2', 't3'].map((id) => store.lanes.isFollowed(account, id)));
      expect([...followed, await store.lanes.isFollowed(account + 1, 't1')]).toEqual([true, true, false, false]);
    });

    test('is due at once after a release with an open intent', async () => {
      await newAccount();
      await store.intake.accept(receipt('t2'));
      const lane = await claimOne();
      const intent = {
        kind: 'ticket.delete', key: 'k', fields: null, forecast: {}, clocks: {}, life: 1, uid: null, comment_id: null, draft: null, files: [], follows: null, warnings: [],
        clock: 1, first_sent: 1, sent: 1, answered: null, tries: 1, refused: null, landed: 0,
      } as const;
      await store.lanes.commit(turn(lane, { read: 1, replica: { ...lane.replica, intent } }));
      expect((await claimOne()).replica.intent).toEqual(intent);
    });

    test('hears of a change only if it is newer than the last look can have seen', async () => {
      await newAccount();
      await linked('t1');
      const at = (ms: number): string => new Date(ms).toISOString();
      const change = { ticketId: 't1', is_deleted: false, force: false };
      expect(await store.lanes.signal(account, [{ ...change, modified_at: at(4_000) }])).toBe(0);
      expect(await store.lanes.signal(account, [{ ...change, modified_at: at(5_000) }])).toBe(1);
      await store.lanes.commit(turn(await claimOne(), { read: 2 }));
      expect(await store.lanes.signal(account, [{ ...change, modified_at: at(6_000) }])).toBe(1);
      await store.lanes.commit(turn(await claimOne(), { read: 3 }));
      expect(await store.lanes.signal(account, [{ ...change, modified_at: null, force: true }])).toBe(1);
      await store.lanes.commit(turn(await claimOne(), { read: 4 }));
      expect(await store.lanes.signal(account, [{ ...change, ticketId: 'never', modified_at: at(1), is_deleted: true }])).toBe(0);
      expect(await store.lanes.signal(account, [{ ...change, ticketId: 'new', modified_at: at(1) }])).toBe(1);
      expect((await claimOne()).replica).toMatchObject({ state: 'unknown', ticket_id: 'new' });
    });

    test('names the tickets that nobody looked at for longest', async () => {
      await newAccount();
      await linked('t1');
      expect(await store.lanes.leastLooked(account, 10, 5)).toEqual([]);
      expect(await store.lanes.leastLooked(account, 11, 5)).toEqual(['t1']);
    });

    test('hastens waiting lanes, and mends those that are behind without a wake-up', async () => {
      await newAccount();
      await store.intake.accept(receipt('t1'));
      await store.lanes.commit(turn(await claimOne(), { release: { inMs: 3_600_000 } }));
      await store.lanes.hasten(account);
      const lane = await claimOne();
      await store.lanes.commit(turn(lane, { read: lane.signalled }));
      expect(await store.lanes.mend()).toBe(0);
    });

    test('keeps lanes that are renewed', async () => {
      await newAccount();
      await store.intake.accept(receipt('t1'));
      const lane = await claimOne(-1);
      await store.lanes.renew([{ replica_id: lane.replica.id, lease: lane.lease }], LEASE_MS);
      expect(await claim()).toEqual([]);
      expect(await store.lanes.commit(turn(lane, { read: 1 }))).toBe('done');
    });

    test('applies accounts and mirrors idempotently, and keeps what belongs to an account', async () => {
      await newAccount();
      const name = (await store.accounts.load()).accounts.find(({ id }) => id === account)?.name ?? '';
      await store.accounts.setSecrets(account, ['s1', 's2']);
      await store.accounts.stop(account, 'its key was refused');
      const before = (await store.accounts.load()).accounts.find(({ id }) => id === account);
      expect(before).toMatchObject({ state: 'stopped', stopped_because: 'its key was refused', inbound_secrets: ['s1', 's2'] });
      const version = await store.accounts.version();
      await store.accounts.apply([{ name, service: 'helpdesk', url: 'https://desk.example', credentials: { key: 'k' }, settings: {} }], []);
      expect(await store.accounts.version()).toBeGreaterThan(version);
      const after = (await store.accounts.load()).accounts.find(({ id }) => id === account);
      expect(after).toMatchObject({ id: account, hook_token: before?.hook_token, inbound_secrets: ['s1', 's2'] });
      await store.accounts.resume(account);
      await store.accounts.swept(account, 'cursor-9');
      expect((await store.accounts.sweep(account)).cursor).toBe('cursor-9');
    });

    test('tells every process of the pause that a desk asked for, and forgets none of the longer ones', async () => {
      await newAccount();
      const until = Date.now() + 60_000;
      const version = await store.accounts.version();
      await store.accounts.pause(account, until);
      await store.accounts.pause(account, until - 30_000);
      expect(await store.accounts.version()).toBeGreaterThan(version);
      expect((await store.accounts.load()).accounts.find(({ id }) => id === account)?.paused_until).toBe(until);
    });

    test('gives the words of each account, of all mirrors together', async () => {
      const a = await newAccount();
      const name = (await store.accounts.load()).accounts.find(({ id }) => id === a)?.name ?? '';
      const lens = { custom: {}, values: {}, constants: {}, defaults: {} };
      await store.accounts.apply([], [
        { name: 'm1', edges: [], lenses: { [name]: { ...lens, custom: { serial: '1' } } } },
        { name: 'm2', edges: [], lenses: { [name]: { ...lens, custom: { model: '2' } } } },
      ]);
      expect((await store.accounts.load()).lenses.get(a)).toEqual({ ...lens, custom: { serial: '1', model: '2' } });
      await store.accounts.apply([], []);
    });

    test('gives mirrors as edges between account ids', async () => {
      const a = await newAccount();
      const b = await newAccount();
      const named = (await store.accounts.load()).accounts;
      const nameOf = (id: number): string => named.find((known) => known.id === id)?.name ?? '';
      const terms = { ...USUAL_TERMS, owner: { status: nameOf(b) }, where: { required: ['tags'] } };
      await store.accounts.apply([], [{ name: 'm', lenses: {}, edges: [{ from: nameOf(a), to: nameOf(b), terms }] }]);
      expect((await store.accounts.load()).edges).toEqual([{ mirror: 'm', from: a, to: b, terms: { ...terms, owner: { status: b } } }]);
      await store.accounts.apply([], []);
      expect((await store.accounts.load()).edges).toEqual([]);
    });

    test('removes old settled receipts and nothing that is open or parked', async () => {
      await newAccount();
      const open = await store.intake.accept(receipt('t1'));
      await store.intake.accept(receipt('x', { state: 'parked', reason: 'does not fit', ticket_id: null }));
      await store.intake.accept(receipt('x', { state: 'ignored', reason: 'no ticket', ticket_id: null }));
      const later = subject.world.now() + 60_000;
      expect(await store.retention.purge(later, later)).toBeGreaterThan(0);
      const lane = await claimOne();
      expect(lane.receipt).toBe(open.id);
      await store.lanes.commit(turn(lane, { read: 1, settles: { receipt: open.id, reason: 'absorbed' } }));
      expect(await store.retention.purge(later, later)).toBeGreaterThan(0);
      expect(await store.retention.purge(later, later)).toBe(0);
    });

  });
}
