/** Replay and release with everything around them made up: a connector that learnt something, lanes that are in use. */
import { describe, expect, test } from '@jest/globals';
import { createRelease, type Selection } from '../../src/engine/release.ts';
import { createReplay, type Replay, type Reread } from '../../src/engine/replay.ts';
import type { Roster } from '../../src/engine/roster.ts';
import type { Records, WholeReceipt } from '../../src/ports/api.ts';
import { DeskFailure, type Connector, type Reading } from '../../src/ports/connector.ts';
import type { ParkedStore } from '../../src/ports/repair.ts';
import { ACCOUNT, fakeWorld, readTicket, toyConnector } from '../support/hook-fixture.ts';
import { replica } from './core/given.ts';

const roster = { byId: (id: number) => (id === ACCOUNT.id ? ACCOUNT : null), byName: (name: string) => (name === ACCOUNT.name ? ACCOUNT : null), all: () => [ACCOUNT] } as unknown as Roster;

const receipt = (id: string, draft: Partial<WholeReceipt> = {}): WholeReceipt => ({
  id, account_id: ACCOUNT.id, dedupe: id, headers: { 'content-type': 'application/json' }, raw_body: Buffer.from('{"id":"e","ticket":{"id":"t1"}}'),
  state: 'parked', reason: 'nobody understood it', ticket_id: null, event: null, received: 1, settled: null, ...draft,
});

interface Bench {
  readonly replay: Replay;
  readonly reread: ReadonlyMap<string, Reread>;
}

function bench(kept: readonly WholeReceipt[], connector: Connector = toyConnector(readTicket), look: () => Promise<never> = () => Promise.reject(new DeskFailure('unavailable', 'down'))): Bench {
  const reread = new Map<string, Reread>();
  const records: Pick<Records, 'receipt' | 'reread'> = {
    receipt: async (id) => kept.find((one) => one.id === id) ?? null,
    reread: async (id, { state, reason, ticket_id, event }) => void reread.set(id, { state, reason, ticket_id, event }),
  };
  return { replay: createReplay({ records, roster, connectors: { toy: connector }, rehearsal: { look }, world: fakeWorld() }), reread };
}

describe('replay', () => {
  test('reads a parked webhook by the connector of today: what it understands by now is accepted', async () => {
    const { replay, reread } = bench([receipt('1')]);
    expect(await replay.replay(['1', '1'])).toEqual([
      { id: '1', account: 'support', before: 'parked', now: { state: 'accepted', reason: null, ticket_id: 't1', event: 'ticket.updated' }, problem: null },
    ]);
    expect(reread.get('1')).toEqual({ state: 'accepted', reason: null, ticket_id: 't1', event: 'ticket.updated' });
  });

  test.each<[string, Reading | Error, object, string]>([
    ['is about no ticket', { kind: 'ignored', why: 'a survey', dedupe: 'x' }, {}, 'ignored'],
    ['cannot be understood', { kind: 'unreadable', why: 'no id' }, {}, 'parked'],
    ['breaks the connector', new Error('oops'), {}, 'parked'],
    ['does not fit its schema', { kind: 'ticket', ticketId: 't', dedupe: 'x' }, { raw_body: Buffer.from('{"no":1}') }, 'parked'],
  ])('leaves a webhook that %s with its reason', async (_what, reading, draft, state) => {
    const connector = toyConnector(() => {
      if (reading instanceof Error) throw reading;
      return reading;
    });
    const { replay, reread } = bench([receipt('1', draft)], connector);
    const [told] = await replay.replay(['1']);
    expect(told).toMatchObject({ problem: null, now: { state, ticket_id: null } });
    expect(told?.now?.reason).toBeTruthy();
    expect(reread.get('1')?.state).toBe(state);
  });

  test.each([
    ['is not there', [], '5', /no such receipt/],
    ['is named by no number', [receipt('1')], 'one', /no such receipt/],
    ['lost its account', [receipt('5', { account_id: 99 })], '5', /connected no longer/],
    ['is no JSON after all', [receipt('5', { raw_body: Buffer.from('{') })], '5', /JSON/],
    ['is of a type that nobody takes any more', [receipt('5', { headers: { 'content-type': 'text/xml' } })], '5', /content type/],
  ])('says so of a receipt that %s, and changes nothing', async (_what, kept, id, problem) => {
    const { replay, reread } = bench(kept);
    expect(await replay.replay([id])).toMatchObject([{ id, now: null, problem: expect.stringMatching(problem) }]);
    expect(reread.size).toBe(0);
  });

  test('in rehearsal says what keeps the desk from being looked at, and changes nothing', async () => {
    const { replay, reread } = bench([receipt('1')]);
    expect(await replay.rehearse(['1'])).toMatchObject([{ now: { state: 'accepted' }, outlook: null, problem: 'its ticket cannot be looked at just now: down' }]);
    expect(reread.size).toBe(0);
  });
});

describe('release', () => {
  const HELD = { clock: 1, count: 2, reason: 'no such group', at: 1 };
  const ALL: Selection = { named: null, account: null, kind: null };

  function releasing(busyFor: number, more: { readonly receipts?: readonly WholeReceipt[] } = {}) {
    let now = 0;
    const freed: unknown[] = [];
    const store: ParkedStore = {
      parked: async (account) => (account === null || account === ACCOUNT.id ? [replica({ account_id: ACCOUNT.id, held: { 'field:group': HELD, life: HELD } })] : []),
      free: async (steps) => {
        if (now < busyFor) return [];
        freed.push(...steps);
        return steps.map((step) => step.replica_id);
      },
      wake: async () => undefined,
    };
    const world = { ...fakeWorld(), now: () => now, sleep: async (ms: number) => void (now += ms) };
    const receipts = more.receipts ?? [];
    const records: Pick<Records, 'receipt' | 'receipts'> = { receipt: async (id) => receipts.find((one) => one.id === id) ?? null, receipts: async () => receipts };
    const { replay } = bench(receipts);
    const naming = { replicas: async (name: string) => (name === 'support:T2' ? [{ replica: replica({ account_id: ACCOUNT.id, held: { life: HELD } }), signalled: 0, read: 0, wanted: 1, due: null, leased: false }] : 'unknown') };
    return { release: createRelease({ parked: store, records, naming, replay, roster, accounts: { releaseRules: () => Promise.resolve(undefined), releaseDeletions: async () => undefined }, lanes: { hasten: async () => undefined }, world }), freed };
  }

  test('frees all steps of a replica together, and all receipts that are understood by now', async () => {
    const { release, freed } = releasing(0, { receipts: [receipt('4'), receipt('5', { raw_body: Buffer.from('{') })] });
    const { parked, missed } = await release.list(ALL);
    expect(missed).toEqual([]);
    const released = await release.release(parked);
    expect(released.map(({ parked: { kind }, outcome }) => [kind, outcome])).toEqual([['ticket.update', 'free'], ['ticket.delete', 'free'], ['receipt', 'free'], ['receipt', 'again']]);
    expect(freed).toEqual([{ replica_id: 'r2', names: ['field:group', 'life'] }]);
    expect(released[2]?.told).toBe('it is about ticket t1');
    expect(released[3]?.told).toMatch(/JSON/);
  });

  test('waits for a lane that is in use, and says so of one that is in use all the time', async () => {
    const soon = releasing(5_000);
    expect((await soon.release.release((await soon.release.list(ALL)).parked)).map(({ outcome }) => outcome)).toEqual(['free', 'free']);
    const never = releasing(Infinity);
    expect((await never.release.release((await never.release.list(ALL)).parked)).map(({ outcome }) => outcome)).toEqual(['busy', 'busy']);
    expect(never.freed).toEqual([]);
    expect(await never.release.releaseReplicas(['r2'], 1_000)).toEqual(['r2']);
  });

  test('chooses by name, account and kind, each thing once, and tells names that fit nothing', async () => {
    const { release } = releasing(0, { receipts: [receipt('4'), receipt('6', { state: 'settled' })] });
    const kinds = async (selection: Partial<Selection>): Promise<readonly string[]> => (await release.list({ ...ALL, ...selection })).parked.map(({ kind }) => kind);
    expect(await kinds({})).toEqual(['ticket.update', 'ticket.delete', 'receipt', 'receipt']);
    expect(await kinds({ kind: 'receipt' })).toEqual(['receipt', 'receipt']);
    expect(await kinds({ kind: 'ticket.create' })).toEqual([]);
    expect(await kinds({ named: ['support:T2', 'support:T2', '4'] })).toEqual(['ticket.delete', 'receipt']);
    expect(await kinds({ named: ['4'], account: 'other' })).toEqual([]);
    expect((await release.list({ ...ALL, named: ['6', '99', 'nobody'] })).missed).toEqual([
      { name: '6', why: 'it is not parked but settled' },
      { name: '99', why: 'there is no such receipt, and unknown' },
      { name: 'nobody', why: 'unknown' },
    ]);
  });
});
