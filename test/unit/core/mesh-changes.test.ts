import { describe, expect, test } from '@jest/globals';
import type { Automation } from '../../../src/core/automation.ts';
import { anyChange, meshChanges, type AccountFacts, type MeshFacts } from '../../../src/core/mesh-changes.ts';
import { edge } from './given.ts';

const account = (id: number, draft: Partial<AccountFacts> = {}): AccountFacts => ({
  id, name: ['', 'one', 'two', 'three'][id] ?? '', service: 'zendesk', url: `https://${id}.example`, credentials: { token: 'secret-1' }, settings: { a: 1, b: { c: 2 } }, ...draft,
});
const mesh = (draft: Partial<MeshFacts> = {}): MeshFacts => ({ accounts: [account(1), account(2)], edges: [edge(1, 2), edge(2, 1)], lenses: new Map(), automations: [], ...draft });
const NAMED = new Set(['one', 'two', 'three']);

describe('what a new mesh.yaml changes', () => {
  test('is nothing where it says the same, in whatever order', () => {
    const same = mesh({ accounts: [account(1, { settings: { b: { c: 2 }, a: 1 } }), account(2)], edges: [edge(2, 1), edge(1, 2)] });
    const changes = meshChanges(mesh(), same, NAMED);
    expect(changes.accounts.map(({ change }) => change)).toEqual(['same', 'same']);
    expect(changes.mirrors).toMatchObject([{ name: 'm', change: 'same' }]);
    expect(anyChange(changes)).toBe(false);
  });

  test('is told of accounts by what differs, and never by a credential', () => {
    const lens = { custom: { serial: 'cf_1' }, values: {}, constants: {}, defaults: {} };
    const after = mesh({
      accounts: [account(1, { url: 'https://new.example', credentials: { token: 'secret-2' }, settings: { a: 1, d: 3 } }), account(2), account(3)],
      lenses: new Map([[2, lens]]),
    });
    const { accounts } = meshChanges(mesh(), after, new Set(['one', 'three']));
    expect(accounts).toEqual([
      { name: 'one', service: 'zendesk', change: 'changed', what: ['url', 'credentials', 'settings.b', 'settings.d'] },
      { name: 'two', service: 'zendesk', change: 'changed', what: ['custom'] },
      { name: 'three', service: 'zendesk', change: 'added', what: [] },
    ]);
    expect(JSON.stringify(accounts)).not.toMatch(/secret/);
    expect(meshChanges(mesh(), mesh(), new Set(['one'])).accounts[1]).toMatchObject({ name: 'two', change: 'unnamed' });
  });

  test('is told of automations by name, and they change nothing on tickets as they are', () => {
    const made = (name: string, content: string): Automation => ({
      name, when: { events: ['ticket.created'], accounts: null, where: null }, then: [{ kind: 'create_comment', content, public: false }],
    });
    const changes = meshChanges(mesh({ automations: [made('a', 'x'), made('b', 'x'), made('c', 'x')] }), mesh({ automations: [made('b', 'y'), made('c', 'x'), made('d', 'x')] }), NAMED);
    expect(changes.automations.map(({ name, change }) => `${name} ${change}`)).toEqual(['b changed', 'c same', 'd added', 'a removed']);
    expect(anyChange(changes)).toBe(false);
  });

  test('is told of mirrors way by way, with the terms that differ, owners by their names', () => {
    const before = mesh({ edges: [edge(1, 2), edge(2, 1), { ...edge(1, 2), mirror: 'old' }] });
    const after = mesh({ edges: [edge(1, 2, { comments: 'none', owner: { status: 2 } }), { ...edge(2, 1), mirror: 'new' }] });
    const changes = meshChanges(before, after, NAMED);
    expect(changes.mirrors).toEqual([
      {
        name: 'm', change: 'changed',
        ways: [
          { from: 'one', to: 'two', change: 'changed', terms: [{ name: 'owner', was: {}, is: { status: 'two' } }, { name: 'comments', was: 'all', is: 'none' }] },
          { from: 'two', to: 'one', change: 'removed', terms: [] },
        ],
      },
      { name: 'new', change: 'added', ways: [{ from: 'two', to: 'one', change: 'added', terms: [] }] },
      { name: 'old', change: 'removed', ways: [{ from: 'one', to: 'two', change: 'removed', terms: [] }] },
    ]);
    expect(anyChange(changes)).toBe(true);
  });
});
