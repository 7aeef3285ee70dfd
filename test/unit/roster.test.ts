import { describe, expect, test } from '@jest/globals';
import { createRoster, type Roster } from '../../src/engine/roster.ts';
import { DeskFailure } from '../../src/ports/connector.ts';
import type { AccountStore } from '../../src/ports/store.ts';
import { ACCOUNT, fakeWorld, readTicket, toyConnector } from '../support/hook-fixture.ts';

const DOWN = new DeskFailure('unavailable', 'the desk is down');

async function rosterAt(
  clock: { now: number },
  more: Partial<AccountStore> = {},
  { log = () => undefined, check = () => Promise.resolve() }: { readonly log?: (event: string) => void; readonly check?: () => Promise<void> } = {},
): Promise<Roster> {
  const nothing = (): Promise<void> => Promise.resolve();
  const accounts: AccountStore = {
    load: () => Promise.resolve({ accounts: [ACCOUNT], edges: [], lenses: new Map(), automations: [], version: 1 }),
    version: () => Promise.resolve(1),
    sweep: () => Promise.resolve({ cursor: null, since: 0 }),
    apply: nothing, setSecrets: nothing, stop: nothing, resume: nothing, pause: nothing, swept: nothing, holdDeletions: nothing, releaseDeletions: nothing, releaseRules: nothing,
    countDeletions: () => Promise.resolve(0), countTickets: () => Promise.resolve(0),
    ...more,
  };
  const toy = toyConnector(readTicket);
  const desk = { can: {}, check } as unknown as ReturnType<typeof toy.connect>;
  const logs = { debug: log, info: log, warn: log, error: log };
  const roster = createRoster({ accounts, connectors: { toy: { ...toy, connect: () => desk } }, world: { ...fakeWorld(), log: logs, now: () => clock.now, random: () => 0 } });
  await roster.refresh(true);
  return roster;
}

test('a desk that fails many calls at once is paused as briefly as one that fails three', async () => {
  const clock = { now: 1_000_000 };
  const roster = await rosterAt(clock);
  for (let call = 0; call < 46; call += 1) await roster.failed(ACCOUNT.id, DOWN);
  expect(roster.wait(ACCOUNT.id)).toBe(500);
});

test('the pause doubles with each failure after it, and ends with the first success', async () => {
  const clock = { now: 1_000_000 };
  const roster = await rosterAt(clock);
  for (let call = 0; call < 3; call += 1) await roster.failed(ACCOUNT.id, DOWN);
  const pauses: unknown[] = [];
  for (let turn = 0; turn < 7; turn += 1) {
    clock.now += roster.wait(ACCOUNT.id) ?? 0;
    await roster.failed(ACCOUNT.id, DOWN);
    pauses.push(roster.wait(ACCOUNT.id));
  }
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect(roster.succeeded(ACCOUNT.id)).toBe(true);
  expect(roster.wait(ACCOUNT.id)).toBe(0);
});

test('a desk that asks for a pause gets it as a whole; a budget of one ticket or endpoint keeps nobody else waiting', async () => {
  const roster = await rosterAt({ now: 1_000_000 });
  await roster.failed(ACCOUNT.id, new DeskFailure('throttled', 'enough of this ticket', { retryAt: 1_600_000, reach: 'call' }));
  expect(roster.wait(ACCOUNT.id)).toBe(0);
  expect(roster.succeeded(ACCOUNT.id)).toBe(false);
  await roster.failed(ACCOUNT.id, new DeskFailure('throttled', 'enough of everything', { retryAt: 1_060_000 }));
  expect(roster.wait(ACCOUNT.id)).toBe(60_000);
});

test('an account whose credentials fail is stopped and told once, however many calls fail, and resumes by itself', async () => {
  const told: string[] = [];
  const kept: string[] = [];
  let valid = false;
  const refused = new DeskFailure('unauthorised', 'the key was refused', { status: 401 });
  const roster = await rosterAt({ now: 0 }, {
    stop: (_, because) => Promise.resolve(void kept.push(`stopped: ${because}`)),
    resume: () => Promise.resolve(void kept.push('resumed')),
  }, { log: (event) => told.push(event), check: () => (valid ? Promise.resolve() : Promise.reject(refused)) });
  for (let call = 0; call < 20; call += 1) expect(await roster.failed(ACCOUNT.id, refused)).toBe('stopped');
  expect(roster.wait(ACCOUNT.id)).toBeNull();
  expect(await roster.probe(ACCOUNT.id)).toBe(false);
  valid = true;
  expect(await roster.probe(ACCOUNT.id)).toBe(true);
  expect(roster.wait(ACCOUNT.id)).toBe(0);
  expect({ told, kept }).toEqual({ told: ['account.stopped', 'account.resumed'], kept: ['stopped: the key was refused', 'resumed'] });
});

describe('deletions', () => {
  test('are believed while they are few, or a small share of the tickets', async () => {
    let recent = 0;
    const roster = await rosterAt({ now: 0 }, { countDeletions: (_, amount) => Promise.resolve((recent += amount)), countTickets: () => Promise.resolve(10_000) });
    expect(await roster.believes(ACCOUNT.id, 20)).toBe(true);
    expect(await roster.believes(ACCOUNT.id, 30)).toBe(true);
    expect(roster.byId(ACCOUNT.id)?.deletions_held).toBeUndefined();
  });

  test('are held from the moment that they are a flood, and the store is told once', async () => {
    let recent = 0;
    const held: string[] = [];
    const roster = await rosterAt({ now: 0 }, {
      countDeletions: (_, amount) => Promise.resolve((recent += amount)),
      countTickets: () => Promise.resolve(100),
      holdDeletions: (_, because) => Promise.resolve(void held.push(because)),
    });
    expect(await roster.believes(ACCOUNT.id, 20)).toBe(true);
    expect(await roster.believes(ACCOUNT.id, 1)).toBe(false);
    expect(await roster.believes(ACCOUNT.id, 1)).toBe(false);
    expect(held).toEqual(['21 deletions within 60 minutes, of some 121 tickets']);
    expect(roster.byId(ACCOUNT.id)?.deletions_held).toBe(held[0]);
    expect(await roster.believes(ACCOUNT.id, 0)).toBe(true);
  });
});

test('an account that cannot be connected is left out, told once a load, and harms nobody', async () => {
  const world = fakeWorld();
  const nothing = (): Promise<void> => Promise.resolve();
  const odd = { ...ACCOUNT, id: 8, name: 'odd' };
  const accounts: AccountStore = {
    load: () => Promise.resolve({ accounts: [odd, ACCOUNT], edges: [], lenses: new Map(), automations: [], version: 1 }),
    version: () => Promise.resolve(1),
    sweep: () => Promise.resolve({ cursor: null, since: 0 }),
    apply: nothing, setSecrets: nothing, stop: nothing, resume: nothing, pause: nothing, swept: nothing, holdDeletions: nothing, releaseDeletions: nothing, releaseRules: nothing,
    countDeletions: () => Promise.resolve(0), countTickets: () => Promise.resolve(0),
  };
  const toy = toyConnector(readTicket);
  const connect: typeof toy.connect = ({ name }) => {
    if (name === 'odd') throw new Error('these settings do not go together');
    return { can: {} } as ReturnType<typeof toy.connect>;
  };
  const roster = createRoster({ accounts, connectors: { toy: { ...toy, connect } }, world });
  await roster.refresh(true);
  expect(roster.all().map(({ name }) => name)).toEqual([ACCOUNT.name]);
  expect(world.lines).toMatchObject([{ level: 'error', event: 'account.unusable', fields: { account: 'odd', message: 'these settings do not go together' } }]);
});
