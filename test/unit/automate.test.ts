/** The engine's part in automations: what it does when a link moves on, the store is away, or something of ours is broken. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { compileWhere } from '../../src/contracts/where.ts';
import type { Automation, Happening } from '../../src/core/automation.ts';
import { newLink, strangerReplica, type Link } from '../../src/core/state.ts';
import { createAutomate, type Automate } from '../../src/engine/automate.ts';
import type { Roster } from '../../src/engine/roster.ts';
import type { AutomationStore } from '../../src/ports/automation.ts';
import type { World } from '../../src/ports/world.ts';
import { createMemoryStore, type MemoryStore } from '../../src/store/memory.ts';
import { createWorld } from '../../src/world.ts';
import { until } from '../support/until.ts';
import { rulesOf } from '../../src/core/rules.ts';
import { sight } from './core/given.ts';

const logged: string[] = [];
const log = (event: string): void => void logged.push(event);
const world: World = { ...createWorld({ level: 'silent' }), log: { debug: log, info: log, warn: log, error: log } };
const NOTE: Automation = { name: 'note', when: { events: ['ticket.created'], accounts: null, where: null }, then: [{ kind: 'create_comment', content: '<p>Seen</p>', public: false }] };
const TAG: Automation = { ...NOTE, name: 'tag', then: [{ kind: 'update_ticket', fields: { tags: { add: ['seen'] } } }] };

let store: MemoryStore;
let automate: Automate;
let link: Link;
let automations: readonly Automation[];
let compiled = 0;
let nudged = 0;

function start(more: Partial<AutomationStore> = {}, roster: Partial<Roster> = {}): void {
  const one = sight({ account: { id: 1, name: 'one' } });
  const all: Pick<Roster, 'rules' | 'pairings' | 'member' | 'byName' | 'automations'> = {
    rules: () => rulesOf([]),
    pairings: () => [],
    member: (id) => (id === 1 ? ({ sight: one } as ReturnType<Roster['member']>) : null),
    byName: () => null,
    automations: () => automations,
    ...roster,
  };
  automate = createAutomate({
    automations: { ...store.automations, ...more },
    roster: all as Roster,
    compileWhere(schema) {
      compiled += 1;
      return compileWhere(schema);
    },
    world,
    nudgeLanes: () => void (nudged += 1),
    nudgeDeliveries: () => undefined,
  });
}

beforeEach(async () => {
  logged.splice(0);
  nudged = 0;
  compiled = 0;
  automations = [NOTE];
  store = createMemoryStore(world);
  await store.accounts.apply([{ name: 'one', service: 'x', url: 'https://x.example', credentials: {}, settings: {} }], []);
  await store.lanes.signal(1, [{ ticketId: 'T', modified_at: null, is_deleted: false, force: true }]);
  const [lane] = await store.lanes.claim([{ account_id: 1, free: 1 }], 1, 30_000);
  const born = newLink(world.id(), 1, 1);
  link = { ...born, version: 1 };
  const replica = { ...(lane?.replica ?? strangerReplica('r', 1, 'T')), link_id: link.id, state: 'present' as const, version: 1 };
  await store.lanes.commit({
    lease: lane?.lease ?? '', before: lane?.replica ?? replica, replica, link: { before: born, after: link }, read: 1, settles: null, spawn: [], adopted_by: null, operations: [], notes: [], release: { inMs: null },
  });
});
afterEach(() => automate.stop());

const event = (draft: Partial<Happening> = {}): Happening => ({
  id: world.id(), type: 'ticket.created', time: '2026-01-05T09:00:00Z', account: { id: 1, name: 'one' }, link: link.id, cause: 'person', private: false, ticket: { id: 'T' }, ...draft,
});
const now = (): Link => store.state.links.get(link.id) ?? link;

describe('runs', () => {
  test('of several automations for several events are all done, and the lanes are told', async () => {
    automations = [NOTE, TAG];
    start();
    const events = [event(), event()];
    await store.automations.enqueue(events.flatMap((one) => automate.runs(one)));
    automate.nudge();
    await until(() => Object.keys(now().comments).length === 2, { what: 'the runs' });
    expect(now().fields.tags?.value).toEqual(['seen']);
    await until(() => logged.filter((what) => what === 'automation.ran').length === 4, { what: 'the runs' });
    // The tag was there already for the second event.
    expect([now().version, nudged]).toEqual([4, 3]);
  });

  test('are decided again where the link moved on meanwhile, with what it says then', async () => {
    let overtaken = false;
    const results: string[] = [];
    start({
      async commit(run, outcome) {
        if (!overtaken) (store.state.links as Map<string, Link>).set(link.id, { ...link, version: 2, fields: { tags: { value: ['theirs'], clock: 5, from: 1 } } });
        overtaken = true;
        const result = await store.automations.commit(run, outcome);
        results.push(result);
        return result;
      },
    });
    await store.automations.enqueue([{ automation: TAG, event: event() }]);
    automate.nudge();
    await until(() => JSON.stringify(now().fields.tags?.value) === '["theirs","seen"]', { what: 'the runs' });
    expect(now().fields.tags?.clock).toBe(6);
    expect(results).toEqual(['stale', 'done']);
  });

  test('that the store did not take are put off, and done later once', async () => {
    let away = 2;
    const waits: number[] = [];
    start({
      commit: (run, outcome) => ((away -= 1) >= 0 ? Promise.reject(new Error('the database is away')) : store.automations.commit(run, outcome)),
      putOff: (run, reason, ms) => {
        waits.push(ms);
        return store.automations.putOff(run, reason, 0);
      },
    });
    await store.automations.enqueue(automate.runs(event()));
    automate.nudge();
    await until(() => Object.keys(now().comments).length === 1, { what: 'the runs' });
    expect(waits).toHaveLength(2);
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0);
    expect(logged.filter((what) => what === 'automation.failed')).toHaveLength(2);
  });

  test('that cannot be decided for a fault of ours are noted, and hold up no later one', async () => {
    let broken = true;
    const one = sight({ account: { id: 1, name: 'one' } });
    start({}, {
      member() {
        if (broken) throw new TypeError('broken');
        return { sight: one } as ReturnType<Roster['member']>;
      },
    });
    await store.automations.enqueue(automate.runs(event()));
    automate.nudge();
    await until(() => store.state.notes.length === 1, { what: 'the runs' });
    expect(store.state.notes[0]).toMatchObject({ what: 'not done', because: 'automation note: it cannot be decided, which is a fault of Deskmesh; the log has it' });
    broken = false;
    await store.automations.enqueue(automate.runs(event()));
    automate.nudge();
    await until(() => Object.keys(now().comments).length === 1, { what: 'the runs' });
  });
});

describe('what is meant', () => {
  test('is made ready once, however often the same is read anew', () => {
    const where = { properties: { type: { const: 'ticket.created' } } };
    automations = [{ ...NOTE, when: { ...NOTE.when, where } }];
    start();
    expect(automate.runs(event())).toHaveLength(1);
    automations = structuredClone(automations);
    expect(automate.runs(event())).toHaveLength(1);
    expect(compiled).toBe(1);
    automations = [...automations, NOTE];
    expect(automate.runs(event())).toHaveLength(2);
    expect(compiled).toBe(2);
  });

  test('leaves out an automation whose where is none any more, and no other', () => {
    automations = [{ ...NOTE, name: 'broken', when: { ...NOTE.when, where: { propertes: {} } } }, NOTE];
    start();
    expect(automate.runs(event()).map(({ automation }) => automation.name)).toEqual(['note']);
    expect(logged).toEqual(['automation.where_broken']);
  });
});
