import { expect, test } from '@jest/globals';
import { createRelease, type Release } from '../../src/engine/release.ts';
import { createRoster } from '../../src/engine/roster.ts';
import { USUAL_LIMITS } from '../../src/core/guards.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { fakeWorld, readTicket, toyConnector } from '../support/hook-fixture.ts';

/** Two accounts; nothing is parked but what is held of them. */
async function given() {
  const world = fakeWorld();
  const { accounts, lanes } = createMemoryStore(world);
  const draft = { service: 'toy', url: 'https://toy.example', credentials: {}, settings: {} };
  await accounts.apply([{ ...draft, name: 'one' }, { ...draft, name: 'two' }], []);
  const desk = { can: {} } as ReturnType<ReturnType<typeof toyConnector>['connect']>;
  const roster = createRoster({ accounts, connectors: { toy: { ...toyConnector(readTicket), connect: () => desk } }, world });
  await roster.refresh(true);
  const hastened: number[] = [];
  const release: Release = createRelease({
    parked: { parked: () => Promise.resolve([]), free: () => Promise.resolve([]), wake: () => Promise.resolve() },
    records: { receipt: () => Promise.resolve(null), receipts: () => Promise.resolve([]) },
    naming: {} as Parameters<typeof createRelease>[0]['naming'],
    replay: { replay: () => Promise.resolve([]) } as unknown as Parameters<typeof createRelease>[0]['replay'],
    roster,
    accounts,
    lanes: { hasten: (id) => lanes.hasten(id).then(() => void hastened.push(id)) },
    world,
  });
  return { accounts, roster, release, hastened };
}

test('held deletions of an account are listed with the reason, and go on when a person releases them', async () => {
  const { accounts, roster, release, hastened } = await given();
  await accounts.holdDeletions(2, 'many at once');
  await roster.refresh();
  const parked = { kind: 'deletions', account: 'two', account_id: 2, reason: 'many at once' };
  expect(await release.list({ named: null, account: null, kind: null })).toEqual({ parked: [parked], missed: [] });
  expect((await release.list({ named: null, account: 'one', kind: null })).parked).toEqual([]);
  expect((await release.list({ named: null, account: 'two', kind: 'deletions' })).parked).toEqual([parked]);
  expect((await release.list({ named: null, account: null, kind: 'receipt' })).parked).toEqual([]);

  const { parked: all } = await release.list({ named: null, account: 'two', kind: null });
  expect(await release.release(all)).toMatchObject([{ outcome: 'free', told: expect.stringContaining('not counted') }]);
  expect(hastened).toEqual([2]);
  await roster.refresh();
  expect(roster.byId(2)?.deletions_held).toBeUndefined();
  expect(await roster.believes(2, 10 * USUAL_LIMITS.deletions.count)).toBe(true);
});
