import { expect, test } from '@jest/globals';
import { createRoster, type Roster } from '../../src/engine/roster.ts';
import { DeskFailure } from '../../src/ports/connector.ts';
import type { AccountStore } from '../../src/ports/store.ts';
import { ACCOUNT, fakeWorld, readTicket, toyConnector } from '../support/hook-fixture.ts';

const DOWN = new DeskFailure('unavailable', 'the desk is down');

async function rosterAt(clock: { now: number }): Promise<Roster> {
  const nothing = (): Promise<void> => Promise.resolve();
  const accounts: AccountStore = {
    load: () => Promise.resolve({ accounts: [ACCOUNT], edges: [], version: 1 }),
    version: () => Promise.resolve(1),
    sweep: () => Promise.resolve({ cursor: null, since: 0 }),
    apply: nothing, setSecrets: nothing, stop: nothing, resume: nothing, swept: nothing,
  };
  const toy = toyConnector(readTicket);
  const desk = { can: {} } as ReturnType<typeof toy.connect>;
  const roster = createRoster({ accounts, connectors: { toy: { ...toy, connect: () => desk } }, world: { ...fakeWorld(), now: () => clock.now, random: () => 0 } });
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
