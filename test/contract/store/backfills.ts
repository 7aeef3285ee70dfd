/** What every store promises of backfills. Run against the database and against the store in memory. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ALONE, joinedTrait, type Sighting, type TicketPlace } from '../../../src/core/pairing.ts';
import { newLink, pairedReplica, wantedReplica, type Link, type Replica } from '../../../src/core/state.ts';
import type { BackfillDraft, BackfillList } from '../../../src/ports/backfill.ts';
import type { Lane, Store, Turn } from '../../../src/ports/store.ts';
import type { Subject } from './suite.ts';

const LEASE_MS = 30_000;

export function backfillSuite(name: string, make: () => Promise<Subject>): void {
  describe(`backfills in the ${name}`, () => {
    let subject: Subject;
    let store: Store;
    let serial = 0;
    let here = 0;
    let there = 0;

    beforeAll(async () => {
      subject = await make();
      store = subject.store;
    });
    afterAll(() => subject.close());

    async function newAccount(): Promise<number> {
      serial += 1;
      const draft = { name: `account-${serial}`, service: 'helpdesk', url: 'https://desk.example', credentials: { key: 'k' }, settings: {} };
      await store.accounts.apply([draft], []);
      return (await store.accounts.load()).accounts.find((known) => known.name === draft.name)?.id ?? 0;
    }

    /** A mirror of its own between two new accounts; all other backfills are at their end. */
    async function draftOf(more: Partial<BackfillDraft> = {}): Promise<BackfillDraft> {
      [here, there] = [await newAccount(), await newAccount()];
      return { mirror: `m${serial}`, since: 1_000, accounts: [here, there], sources: [here, there], pairs: true, per_minute: null, estimate: false, ...more };
    }

    const sighting = (ticketId: string, more: Partial<Sighting> = {}): Sighting => ({ account_id: here, ticket_id: ticketId, created: 2_000, traits: [`id:${ticketId}`], ...more });
    const list = (more: Partial<BackfillList> = {}): BackfillList => ({ account_id: here, page: null, turn: 1, fresh: 0, done: false, problem: null, budget: null, ...more });

    async function claimed(mirror: string): Promise<string> {
      const taken = await store.backfills.claim(LEASE_MS);
      expect(taken?.backfill.mirror).toBe(mirror);
      return taken?.lease ?? '';
    }

    async function end(mirror: string, lease: string): Promise<void> {
      await store.backfills.advance(mirror, lease, 'done', subject.world.now());
      await store.backfills.giveBack(mirror, lease);
    }

    async function laneOf(place: TicketPlace): Promise<Lane> {
      const lanes = await store.lanes.claim([{ account_id: place.account_id, free: 10 }], 100, LEASE_MS);
      const lane = lanes.find(({ replica }) => replica.ticket_id === place.ticket_id);
      if (lane === undefined) throw new Error(`${place.ticket_id} is not due`);
      return lane;
    }

    function birth(lane: Lane, spawn: (link: Link) => readonly Replica[] = () => []): Turn {
      const born = newLink(subject.world.id(), lane.replica.account_id, subject.world.now());
      const spawned = spawn(born);
      const link: Link = { ...born, version: 1, accounts: [born.origin, ...spawned.map(({ account_id: id }) => id)] };
      const replica: Replica = { ...lane.replica, link_id: link.id, state: 'present', version: 1 };
      return {
        lease: lane.lease, before: lane.replica, replica, link: { before: born, after: link }, read: lane.signalled, settles: null,
        spawn: spawned.map((one) => ({ replica: one, lease: null })), adopted_by: null, operations: [], notes: [], release: { inMs: null },
      };
    }

    const signal = (accountId: number, ticketId: string): Promise<number> => store.lanes.signal(accountId, [{ ticketId, modified_at: null, is_deleted: false, force: false }]);

    test('one that is not done goes on where it was; another day, or one that is done, begins anew', async () => {
      const draft = await draftOf({ estimate: true });
      const first = await store.backfills.begin(draft, 5_000);
      expect(first).toMatchObject({ ...draft, state: 'listing', began: 5_000, ended: null, leased: false, lists: [list(), list({ account_id: there })] });
      const lease = await claimed(draft.mirror);
      await store.backfills.saw(draft.mirror, lease, [sighting('a')], list({ page: 'two', budget: 700 }));
      expect(await store.backfills.begin({ ...draft, per_minute: 9 }, 6_000)).toMatchObject({ began: 5_000, per_minute: 9, leased: true, lists: [list({ page: 'two', fresh: 1, budget: 700 }), list({ account_id: there })] });
      await store.backfills.advance(draft.mirror, lease, 'listed', 7_000);
      expect(await store.backfills.claim(LEASE_MS)).toBeNull();
      expect((await store.backfills.begin({ ...draft, estimate: false }, 8_000)).state).toBe('bringing');
      await end(draft.mirror, lease);
      expect(await store.backfills.get(draft.mirror)).toMatchObject({ state: 'done', ended: expect.any(Number), leased: false });
      expect(await store.backfills.begin({ ...draft, estimate: false }, 9_000)).toMatchObject({ state: 'listing', began: 9_000, lists: [list(), list({ account_id: there })] });
      expect(await store.backfills.begin({ ...draft, since: 1, estimate: false }, 9_500)).toMatchObject({ state: 'listing', began: 9_500 });
      expect(await store.backfills.counts(draft.mirror)).toEqual([]);
      expect(await store.backfills.get('nobody')).toBeNull();
      await end(draft.mirror, await claimed(draft.mirror));
    });

    test('one process at a time is at it; who lost the lease writes nothing more', async () => {
      const draft = await draftOf();
      await store.backfills.begin(draft, 5_000);
      const gone = (await store.backfills.claim(0))?.lease ?? '';
      const lease = await claimed(draft.mirror);
      expect(await store.backfills.claim(LEASE_MS)).toBeNull();
      expect(await store.backfills.saw(draft.mirror, gone, [sighting('a')], list())).toBeNull();
      expect(await store.backfills.renew(draft.mirror, gone, LEASE_MS)).toBe(false);
      expect(await store.backfills.renew(draft.mirror, lease, LEASE_MS)).toBe(true);
      await store.backfills.giveBack(draft.mirror, gone);
      expect(await store.backfills.claim(LEASE_MS)).toBeNull();
      expect(await store.backfills.counts(draft.mirror)).toEqual([]);
      await end(draft.mirror, lease);
    });

    test('tickets are brought oldest first, those before the day not at all, and each is followed until it rests', async () => {
      const draft = await draftOf({ sources: [] });
      const { mirror } = draft;
      await store.backfills.begin({ ...draft, sources: [here] }, 5_000);
      const lease = await claimed(mirror);
      await signal(here, 'linked');
      expect(await store.lanes.commit(birth(await laneOf(sighting('linked'))))).toBe('done');
      expect(await store.backfills.saw(mirror, lease, [sighting('b', { created: 3_000 }), sighting('a'), sighting('old', { created: 999 }), sighting('linked'), sighting('untold', { created: 0 })], list({ done: true }))).toBe(5);
      expect(await store.backfills.saw(mirror, lease, [sighting('a')], list({ fresh: 5, done: true }))).toBe(0);
      await store.backfills.saw(mirror, lease, [sighting('x', { account_id: there })], list({ account_id: there, done: true }));
      await store.backfills.advance(mirror, lease, 'bringing', 6_000);
      const count = async (): Promise<object | undefined> => (await store.backfills.counts(mirror)).find(({ account_id: id }) => id === here);
      expect(await count()).toEqual({ account_id: here, seen: 5, waiting: 3, underway: 0, brought: 0, linked: 1, gone: 0, doubtful: 0 });

      const places = ['untold', 'a'].map((ticket_id) => ({ account_id: here, ticket_id }));
      expect(await store.backfills.next(mirror, 2)).toEqual({ places, left: true });
      await signal(here, 'untold');
      await signal(here, 'a');
      await store.backfills.signalled(mirror, places);
      expect(await store.backfills.next(mirror, 5)).toEqual({ places: [{ account_id: here, ticket_id: 'b' }], left: true });
      expect(await store.backfills.settle(mirror)).toBe(2);
      const [untold, a] = await store.lanes.claim([{ account_id: here, free: 10 }], 100, LEASE_MS);
      if (untold === undefined || a === undefined) throw new Error('not due');
      const born = [untold, a].find(({ replica }) => replica.ticket_id === 'a') as Lane;
      const other = born === a ? untold : a;
      const turn = birth(born, (link) => [wantedReplica(subject.world.id(), link.id, there)]);
      expect(await store.lanes.commit(turn)).toBe('done');
      // Its copy is due still; the other one rests without a link, and is tried once more.
      expect(await store.backfills.settle(mirror)).toBe(2);
      await store.lanes.commit({ ...birth(other), link: null, spawn: [], replica: other.replica });
      const [copy] = await store.lanes.claim([{ account_id: there, free: 10 }], 100, LEASE_MS);
      if (copy === undefined) throw new Error('no copy is due');
      await store.lanes.commit({ ...birth(copy), link: null, spawn: [], replica: { ...copy.replica, ticket_id: 'A', state: 'present', version: 1 } });
      expect(await store.backfills.settle(mirror)).toBe(0);
      expect(await count()).toMatchObject({ waiting: 2, underway: 0, brought: 1, linked: 1, gone: 0 });
      expect((await store.backfills.next(mirror, 1)).places).toEqual([{ account_id: here, ticket_id: 'untold' }]);
      await store.backfills.signalled(mirror, [{ account_id: here, ticket_id: 'untold' }]);
      expect(await store.backfills.settle(mirror)).toBe(0);
      expect(await count()).toMatchObject({ waiting: 1, gone: 1 });

      // Taken in meanwhile by somebody else's signal: passed over.
      await signal(here, 'b');
      await store.lanes.commit(birth(await laneOf(sighting('b'))));
      expect(await store.backfills.next(mirror, 5)).toEqual({ places: [], left: true });
      expect(await store.backfills.next(mirror, 5)).toEqual({ places: [], left: false });
      expect(await count()).toMatchObject({ waiting: 0, brought: 2 });
      await end(mirror, lease);
    });

    test('counterparts are found by what they wear, within their time, with the links that they have', async () => {
      const draft = await draftOf();
      const { mirror } = draft;
      await store.backfills.begin(draft, 5_000);
      const lease = await claimed(mirror);
      await store.backfills.saw(mirror, lease, [sighting('a', { traits: ['id:a', 'fields:f'] }), sighting('b', { created: 9_000, traits: ['id:b', 'fields:f'] })], list());
      await store.backfills.saw(mirror, lease, [sighting('x', { account_id: there, traits: ['id:x', 'fields:f'] })], list({ account_id: there }));
      const seek = async (trait: string, from = 0, to = 10_000, limit = 10): Promise<string[]> => (await store.backfills.seek(mirror, [{ trait, from, to }], limit)).map(({ ticket_id: id }) => id).sort();
      expect(await seek('fields:f')).toEqual(['a', 'b', 'x']);
      expect(await seek('fields:f', 1_000, 3_000)).toEqual(['a', 'x']);
      expect(await seek('fields:f', 0, 10_000, 2)).toHaveLength(2);
      expect(await seek('id:b')).toEqual(['b']);
      expect(await store.backfills.seek(mirror, [], 10)).toEqual([]);
      // A later list replaces what was worn.
      await store.backfills.saw(mirror, lease, [sighting('a', { traits: ['id:a', 'fields:g'] })], list());
      expect(await seek('fields:f')).toEqual(['b', 'x']);
      expect(await store.backfills.sighting(mirror, { account_id: here, ticket_id: 'a' })).toMatchObject({ created: 2_000, traits: expect.arrayContaining(['id:a', 'fields:g']) });
      expect(await store.backfills.sighting(mirror, { account_id: there, ticket_id: 'a' })).toBeNull();
      await signal(here, 'b');
      const turn = birth(await laneOf(sighting('b')));
      await store.lanes.commit(turn);
      const link = { id: turn.link?.after.id, accounts: [here], alive: true };
      expect((await store.backfills.seek(mirror, [{ trait: 'fields:f', from: 0, to: 10_000 }], 10)).map(({ ticket_id: id, link: of }) => [id, of]).sort()).toEqual([['b', link], ['x', null]]);
      await end(mirror, lease);
    });

    test('a link takes the tickets that are there already, in the place of their strangers, and with what these were told', async () => {
      const draft = await draftOf();
      await store.backfills.begin(draft, 5_000);
      const lease = await claimed(draft.mirror);
      await store.backfills.saw(draft.mirror, lease, [sighting('a')], list());
      await store.backfills.saw(draft.mirror, lease, [sighting('x', { account_id: there })], list({ account_id: there }));
      await signal(here, 'a');
      const { id: receipt } = await store.intake.accept({
        account_id: there, dedupe: `x-${serial}`, headers: {}, raw_body: Buffer.from('{}'), state: 'accepted', reason: null, ticket_id: 'x', event: null, snapshot: null,
      });
      const stranger = await laneOf({ account_id: there, ticket_id: 'x' });
      expect(await store.lanes.commit(birth(await laneOf(sighting('a')), (link) => [pairedReplica(subject.world.id(), link, there, 'x')]))).toBe('done');
      // Who had the stranger in hand has nothing any more.
      expect(await store.lanes.commit({ ...birth(stranger), link: null, spawn: [], replica: stranger.replica })).toBe('lost');
      const lane = await laneOf({ account_id: there, ticket_id: 'x' });
      expect(lane).toMatchObject({ signalled: 1, read: 0, receipt, link: { accounts: [here, there] }, replica: { state: 'present', meeting: true } });
      expect(await store.backfills.pairs(draft.mirror)).toBe(1);
      // One that has a link by now is not taken.
      await signal(here, 'b');
      const late = await laneOf({ account_id: here, ticket_id: 'b' });
      const turn = birth(late, (link) => [pairedReplica(subject.world.id(), link, there, 'x')]);
      expect(await store.lanes.commit(turn)).toBe('lost');
      await expect(store.lanes.link(turn.link?.after.id ?? '')).rejects.toThrow();
      expect(await store.lanes.commit(birth(late))).toBe('done');
      await end(draft.mirror, lease);
    });

    test('a doubt waits for a decision; a decision outlives a new beginning', async () => {
      const draft = await draftOf();
      const { mirror } = draft;
      await store.backfills.begin(draft, 5_000);
      const lease = await claimed(mirror);
      await store.backfills.saw(mirror, lease, [sighting('a'), sighting('c')], list());
      await store.backfills.saw(mirror, lease, [sighting('x', { account_id: there })], list({ account_id: there }));
      const [a, c, x] = [{ account_id: here, ticket_id: 'a' }, { account_id: here, ticket_id: 'c' }, { account_id: there, ticket_id: 'x' }];
      await store.backfills.doubt(mirror, [{ ...a, because: 'two fit', candidates: [x, c] }, { ...x, because: 'two fit', candidates: [a, c] }, { account_id: here, ticket_id: 'never listed', because: 'so', candidates: [] }]);
      expect(await store.backfills.doubtful(mirror)).toEqual([
        { account_id: here, ticket_id: 'never listed', because: 'so', candidates: [] }, { ...a, because: 'two fit', candidates: [x, c] }, { ...x, because: 'two fit', candidates: [a, c] },
      ]);
      expect((await store.backfills.next(mirror, 10)).places).toEqual([c]);
      await end(mirror, lease);

      const joined = joinedTrait(a, x);
      expect(await store.backfills.decide(mirror, [{ place: a, trait: joined }, { place: { account_id: here, ticket_id: 'z' }, trait: joined }])).toEqual([{ account_id: here, ticket_id: 'z' }]);
      expect(await store.backfills.doubtful(mirror)).toHaveLength(3);
      expect(await store.backfills.decide(mirror, [{ place: a, trait: ALONE }])).toEqual([]);
      expect((await store.backfills.sighting(mirror, a))?.traits).toContain(ALONE);
      expect(await store.backfills.decide(mirror, [{ place: a, trait: joined }, { place: x, trait: joined }])).toEqual([]);
      expect((await store.backfills.sighting(mirror, a))?.traits).not.toContain(ALONE);
      expect((await store.backfills.seek(mirror, [{ trait: joined, from: 0, to: 10_000 }], 10)).map(({ ticket_id: id }) => id).sort()).toEqual(['a', 'x']);
      expect((await store.backfills.doubtful(mirror)).map(({ ticket_id: id }) => id)).toEqual(['never listed']);
      expect((await store.backfills.get(mirror))?.state).toBe('bringing');
      const again = await claimed(mirror);
      expect((await store.backfills.next(mirror, 10)).places).toEqual(expect.arrayContaining([a, x, c]));
      await end(mirror, again);

      // Doubted in spite of it, and mirrored: neither is a doubt when it is begun anew.
      await store.backfills.doubt(mirror, [{ ...a, because: 'its counterpart was deleted', candidates: [x] }]);
      await signal(here, 'c');
      expect(await store.lanes.commit(birth(await laneOf(c)))).toBe('done');
      await store.backfills.doubt(mirror, [{ ...c, because: 'two fit', candidates: [a] }]);
      expect((await store.backfills.doubtful(mirror)).map(({ ticket_id: id }) => id)).toEqual(['never listed', 'a']);
      expect((await store.backfills.counts(mirror)).find(({ account_id: id }) => id === here)).toMatchObject({ brought: 1, doubtful: 2 });
      await store.backfills.begin(draft, 9_000);
      expect(await store.backfills.doubtful(mirror)).toEqual([]);
      const anew = await claimed(mirror);
      await store.backfills.saw(mirror, anew, [sighting('a')], list());
      expect((await store.backfills.sighting(mirror, a))?.traits).toEqual(expect.arrayContaining(['id:a', joined]));
      expect(await store.backfills.sighting(mirror, c)).toBeNull();
      await end(mirror, anew);
    });
  });
}
