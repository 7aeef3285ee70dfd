import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { absorb } from '../../../src/core/absorb.ts';
import { compare } from '../../../src/core/drift.ts';
import { lensesTogether, lensOf, NO_LENS_TERMS, type LensTerms } from '../../../src/core/lens.ts';
import { plan } from '../../../src/core/plan.ts';
import { rulesOf } from '../../../src/core/rules.ts';
import { settle } from '../../../src/core/settle.ts';
import { newLink, wantedReplica } from '../../../src/core/state.ts';
import { can, clock, edge, field, intent, link, look, replica, sight, ticket } from './given.ts';

const terms = (draft: Partial<LensTerms>): LensTerms => ({ ...NO_LENS_TERMS, ...draft });
const ALL_FIELDS = can({ fields: { subject: 'always', status: 'always', group: 'always', custom_properties: 'always' } });

describe('an account’s own words', () => {
  const lens = lensOf(terms({
    custom: { serial: '360001', kind: 'cf_kind' },
    values: { status: { pending: 'open' }, group: { Support: '2401' }, assignee: { 'ann@one.example': 'ann@two.example' }, 'custom:kind': { gold: 'tier_1' } },
  }));

  test('are written by their maps, and read back', () => {
    const values = { subject: 'S', group: 'Support', assignee: { user_id: null, email: 'Ann@One.example', name: 'Ann' }, 'custom:serial': 7, 'custom:kind': 'gold' };
    const written = lens.write(values);
    expect(written).toEqual({
      subject: 'S', group: '2401', assignee: { user_id: null, email: 'ann@two.example', name: 'Ann' },
      custom_properties: [{ id: '360001', value: 7 }, { id: 'cf_kind', value: 'tier_1' }],
    });
    expect(lens.read(written)).toEqual({ ...values, assignee: { user_id: null, email: 'ann@one.example', name: 'Ann' } });
  });

  test('a status that others are mapped to is read as itself', () => {
    expect(lens.write({ status: 'pending' })).toEqual({ status: 'open' });
    expect(lens.read({ status: 'open' })).toEqual({ status: 'open' });
    expect(lens.read({ status: 'pending' })).toEqual({ status: 'pending' });
  });

  test('a group without a word is neither written nor read; nobody’s group is', () => {
    expect(lens.write({ group: 'Sales' })).toEqual({});
    expect(lens.read({ group: '99' })).toEqual({});
    expect([lens.write({ group: null }), lens.read({ group: null })]).toEqual([{ group: null }, { group: null }]);
  });

  test('absent, null and empty stay apart', () => {
    expect(lens.read({ custom_properties: [{ id: '360001', value: null }] })).toEqual({ 'custom:serial': null });
    expect(lens.read({ custom_properties: [{ id: '360001', value: '' }] })).toEqual({ 'custom:serial': '' });
    expect(lens.read({ custom_properties: [] })).toEqual({});
    expect(lens.read({})).toEqual({});
  });

  test('without terms everything is what it was', () => {
    fc.assert(
      fc.property(fc.record({ subject: fc.string(), status: fc.constantFrom('open', 'closed'), tags: fc.array(fc.string()) }, { requiredKeys: [] }), (values) => {
        expect(lensOf(NO_LENS_TERMS).write(values)).toEqual(values);
      }),
    );
  });

  test('an invertible map gives every word back', () => {
    const word = fc.stringMatching(/^[a-z]{1,5}$/);
    fc.assert(
      fc.property(fc.uniqueArray(word, { minLength: 1, maxLength: 6 }), (words) => {
        const map = Object.fromEntries(words.map((one, i) => [one, `there_${i}`]));
        const turned = lensOf(terms({ custom: { x: '1' }, values: { 'custom:x': map, ticket_type: map } }));
        for (const one of words) {
          const values = { 'custom:x': one, ticket_type: one };
          expect(turned.read(turned.write(values))).toEqual(values);
        }
      }),
    );
  });

  test('constants and defaults are for new tickets', () => {
    const set = lensOf(terms({ custom: { serial: '360001' }, constants: { serial: 'from-mesh', ticket_type: 'question' }, defaults: { priority: 'low', subject: 'none' } }));
    expect(set.writeNew({ subject: 'S', ticket_type: 'incident' })).toEqual({
      subject: 'S', ticket_type: 'question', priority: 'low', custom_properties: [{ id: '360001', value: 'from-mesh' }],
    });
    expect(set.write({ subject: 'S' })).toEqual({ subject: 'S' });
  });

  test('several mirrors add up', () => {
    const both = lensesTogether(terms({ custom: { a: '1' }, values: { status: { pending: 'open' } } }), terms({ custom: { b: '2' }, values: { status: { closed: 'resolved' } } }));
    expect(both).toEqual(terms({ custom: { a: '1', b: '2' }, values: { status: { pending: 'open', closed: 'resolved' } } }));
  });
});

describe('what every new ticket of an account has', () => {
  const lens = lensOf(terms({ constants: { ticket_type: 'question' }, defaults: { priority: 'low' } }));
  const given = link({ fields: { ...link().fields, ticket_type: field('incident'), priority: field(null), subject: field('Printer') } });
  const eyes = sight({ lens });
  const { step } = plan(given, wantedReplica('r2', 'l1', 2), eyes, clock(100));
  const answer = ticket({ ...step?.fields, id: 'T2' });
  const made = settle(given, { ...wantedReplica('r2', 'l1', 2), intent: intent({ ...step }) }, { kind: 'done', id: 'T2', ticket: answer, comment: null, warnings: [], adopted: false }, eyes, clock(101));

  test('is written over what the link says, or where it says nothing', () => {
    expect(step?.fields).toMatchObject({ subject: 'Printer', ticket_type: 'question', priority: 'low' });
  });

  test('is nobody’s change there: it does not travel, nothing is written over it, and it is no drift', () => {
    expect(made.link).toBe(given);
    expect(made.notes).toEqual([]);
    expect(plan(made.link, made.replica, eyes, clock(102)).step).toBeNull();
    expect(compare(made.link, made.replica, { began: clock(103), ticket: answer, comments: [] }, eyes)).toMatchObject({ findings: [] });
  });

  test('nor is it if the answer was lost and the ticket is found later', () => {
    const found = settle(given, { ...wantedReplica('r2', 'l1', 2), intent: intent({ ...step, tries: 2 }) }, { kind: 'done', id: 'T2', ticket: answer, comment: null, warnings: [], adopted: true }, eyes, clock(101));
    expect(found.link).toBe(given);
  });

  test('a change elsewhere after that is written, and one there travels', () => {
    const later = { ...made.link, version: 2, fields: { ...made.link.fields, ticket_type: field('problem', 200) } };
    expect(plan(later, made.replica, eyes, clock(300)).step).toMatchObject({ kind: 'ticket.update', fields: { ticket_type: 'problem' } });
    expect(absorb(made.link, made.replica, look({ ...answer, priority: 'high' }), eyes).link.fields.priority).toMatchObject({ value: 'high', from: 2 });
  });
});

describe('custom fields in the loop', () => {
  const eyes = sight({ can: ALL_FIELDS, lens: lensOf(terms({ custom: { serial: '360001' } })) });
  const serial = (value: unknown) => ({ custom_properties: [{ id: '360001', value }, { id: 'other', value: 'x' }] });

  test('a change of one enters the link under the name that the mesh has for it', () => {
    const moved = absorb(link({ fields: { ...link().fields, 'custom:serial': field('A1') } }), replica({ base: { ...replica().base, 'custom:serial': 'A1' }, applied: { ...replica().applied, 'custom:serial': clock(0) } }), look(serial('B2')), eyes);
    expect(moved.link.fields['custom:serial']).toMatchObject({ value: 'B2', from: 2, clock: clock(100) });
    expect(Object.keys(moved.link.fields)).toEqual(['subject', 'status', 'custom:serial']);
  });

  test('what is due is written under the account’s id, and settled by the forecast', () => {
    const due = link({ version: 2, fields: { ...link().fields, 'custom:serial': field('B2', 50) } });
    const planned = plan(due, replica({ base: { ...replica().base, 'custom:serial': 'A1' } }), eyes, clock(100));
    expect(planned.step).toMatchObject({ fields: { custom_properties: [{ id: '360001', value: 'B2' }] }, forecast: { 'custom:serial': 'B2' }, clocks: { 'custom:serial': clock(50) } });
    const open = replica({ intent: intent({ ...planned.step }) });
    const moved = settle(due, open, { kind: 'done', id: null, ticket: ticket(serial('B2')), comment: null, warnings: [], adopted: false }, eyes, clock(100));
    expect(moved.replica).toMatchObject({ base: { 'custom:serial': 'B2' }, applied: { 'custom:serial': clock(50) }, intent: null });
    expect(moved.link).toBe(due);
  });

  test('what a desk cannot hold is named as the new ticket is made', () => {
    const poor = sight({ can: can({ fields: { subject: 'always', status: 'always' } }), lens: eyes.lens });
    const due = link({ fields: { ...link().fields, 'custom:serial': field('B2'), priority: field('high'), tags: field([]) } });
    expect(plan(due, wantedReplica('r2', 'l1', 2), poor, clock(100)).step?.warnings).toEqual([
      { field: 'priority', reason: 'this desk has no such field' },
      { field: 'custom:serial', reason: 'this desk has no such field' },
    ]);
  });

  test('what mesh.yaml has no name for on an account is named as the new ticket is made there', () => {
    const nameless = sight({ can: ALL_FIELDS });
    const due = link({ fields: { ...link().fields, 'custom:serial': field('B2'), 'custom:model': field(null), group: field('billing') } });
    const because = { reason: 'mesh.yaml has no name for it on this account' };
    expect(plan(due, wantedReplica('r2', 'l1', 2), nameless, clock(100)).step?.warnings).toEqual([{ field: 'custom:serial', ...because }, { field: 'group', ...because }]);
    expect(plan(due, wantedReplica('r2', 'l1', 2), eyes, clock(100)).step?.warnings).toEqual([{ field: 'group', ...because }]);
    const ignored = sight({ can: ALL_FIELDS, rules: rulesOf([edge(1, 2, { ignore: ['custom:serial', 'group'] })]) });
    expect(plan(due, wantedReplica('r2', 'l1', 2), ignored, clock(100)).step?.warnings).toEqual([]);
  });

  test('what no mesh has a name for is told once, when the ticket is first seen', () => {
    const properties = [['360001', 'A1'], ['cf_a', 'x'], ['cf_b', 0], ['cf_c', ['y']], ['cf_d', null], ['cf_e', ''], ['cf_f', false], ['cf_g', []], ['cf\u0000', 'z']].map(([id, value]) => ({ id: String(id), value }));
    const first = absorb(newLink('l', 2, clock(0)), replica({ base: {}, applied: {} }), look({ custom_properties: properties }), eyes);
    expect(first.notes).toContainEqual({ what: 'not mirrored', because: 'mesh.yaml has no name for these custom fields: cf_a, cf_b, cf_c' });
    expect(absorb(first.link, first.replica, look({ custom_properties: properties }), eyes).notes).toEqual([]);
    const all = absorb(newLink('l', 2, clock(0)), replica({ base: {}, applied: {} }), look({ custom_properties: properties.slice(0, 1) }), eyes);
    expect(all.notes.map(({ what }) => what)).not.toContain('not mirrored');
  });
});
