import { describe, expect, test } from '@jest/globals';
import { foresee, missingAccounts } from '../../../src/core/foresee.ts';
import { rulesOf } from '../../../src/core/rules.ts';
import { wantedReplica } from '../../../src/core/state.ts';
import { BOTH_WAYS, can, clock, edge, field, intent, link, replica, sight, utterance } from './given.ts';

const NOW = clock(200);
const kinds = (steps: readonly { readonly kind: string }[]): readonly string[] => steps.map(({ kind }) => kind);

describe('the steps that are foreseen', () => {
  test('of a new replica are its create, its comments in order, and closing it last', () => {
    const first = utterance();
    const second = utterance({ uid: '1:C2', content: 'More', created: clock(20), clock: clock(20) });
    const closed = link({ fields: { subject: field('Printer'), status: field('closed') }, comments: { '1:C2': second, '1:C1': first } });
    const { steps } = foresee(closed, wantedReplica('r9', 'l1', 2), sight(), NOW);
    expect(kinds(steps)).toEqual(['ticket.create', 'comment.create', 'comment.create', 'ticket.update']);
    expect(steps.map(({ uid }) => uid)).toEqual([null, '1:C1', '1:C2', null]);
    expect(steps[0]?.fields).toEqual({ subject: 'Printer' });
    expect(steps[3]?.fields).toEqual({ status: 'closed' });
  });

  test('are none of a replica that has caught up', () => {
    expect(foresee(link(), replica(), sight(), NOW)).toEqual({ steps: [], notes: [] });
  });

  test('begin with the one that is open', () => {
    const changed = link({ version: 2, fields: { subject: field('Printer'), status: field('pending', 50) } });
    const open = intent({ fields: { subject: 'Printer!' }, forecast: { subject: 'Printer!' }, clocks: { subject: clock(0) } });
    expect(foresee(changed, replica({ intent: open }), sight(), NOW).steps.map(({ fields }) => fields)).toEqual([{ subject: 'Printer!' }, { status: 'pending' }]);
  });

  test('leave out what is parked, and tell once why something is left out', () => {
    const held = { 'field:status': { clock: clock(50), count: 2, reason: 'no', at: 1 } };
    const changed = link({ version: 2, fields: { subject: field('Printer'), status: field('pending', 50), due_at: field('2026-02-01T00:00:00Z', 50) } });
    const poor = sight({ can: can({ fields: { subject: 'always', status: 'always' } }) });
    expect(foresee(changed, replica({ held }), poor, NOW)).toEqual({ steps: [], notes: [{ what: 'not written', field: 'due_at', because: 'this desk cannot change it' }] });
  });

  test('end, whatever a link holds', () => {
    const comments = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`1:C${n}`, utterance({ uid: `1:C${n}`, created: clock(n - 10_000) })]));
    expect(foresee(link({ comments }), replica(), sight(), NOW).steps).toHaveLength(300);
  });
});

test('the accounts that are missing are those that the rules reach from where a living ticket began', () => {
  const rules = rulesOf([...BOTH_WAYS, edge(1, 3)]);
  expect(missingAccounts(link(), rules)).toEqual([3]);
  expect(missingAccounts(link({ accounts: [1, 2, 3] }), rules)).toEqual([]);
  expect(missingAccounts(link({ life: { alive: false, clock: 1, from: 1 } }), rules)).toEqual([]);
});
