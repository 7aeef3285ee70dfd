import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formOf, type Form } from '../../../src/connectors/freshdesk/form.ts';
import { hold, hasTwins, type Words } from '../../../src/connectors/freshdesk/map.ts';
import { holdProperties, lacksChain, withChains } from '../../../src/connectors/freshdesk/properties.ts';
import type { FreshdeskField } from '../../../src/connectors/freshdesk/shapes.ts';

const custom = (name: string, type: string, more: object = {}): FreshdeskField => ({ name, type, default: false, required_for_agents: false, ...more });
const TREE = { Printer: { 'P-100': ['Drum', 'Tray'], 'P-200': [] }, Scanner: {} };
const LEVELS = [{ name: 'cf_part', level: 3 }, { name: 'cf_model', level: 2 }];

const AGENTS: readonly FreshdeskField[] = [
  { name: 'requester', type: 'default_requester', default: true, required_for_agents: true },
  { name: 'ticket_type', type: 'default_ticket_type', default: true, required_for_agents: true, choices: ['Question', 'Complaint'] },
  { name: 'status', type: 'default_status', default: true, required_for_agents: true, choices: { 2: ['Open', 'Being Processed'], 3: ['Pending', 'x'], 4: ['Resolved', 'x'], 5: ['Closed', 'x'], 6: ['Waiting on Customer', 'x'] } },
  { name: 'group', type: 'default_group', default: true, choices: { Support: 1070000441221, 'Second Line': 1070000441222 } },
  { name: 'company', type: 'default_company', default: true, required_for_agents: true },
  custom('cf_ref', 'custom_text', { required_for_agents: true }),
  custom('cf_plan', 'custom_dropdown', { choices: ['Free', 'Pro'] }),
  custom('cf_escalated', 'custom_checkbox'),
  custom('cf_order', 'custom_number'),
  custom('cf_amount', 'custom_decimal'),
  custom('cf_day', 'custom_date'),
  custom('cf_colours', 'custom_multi_select_dropdown', { choices: ['Red', 'Blue'] }),
  custom('cf_product', 'nested_field', { choices: TREE, nested_ticket_fields: LEVELS }),
  custom('category', 'custom_paragraph'),
];
const listed = (values: readonly string[]): readonly object[] => values.map((value, index) => ({ id: index + 1, position: index + 1, value, parent_choice_id: null, choices: [] }));
const ADMINS: readonly FreshdeskField[] = AGENTS.map(({ nested_ticket_fields: levels, choices, ...field }) => ({
  ...field,
  ...(field.name === 'status'
    ? { choices: Object.entries(choices as Record<string, readonly string[]>).map(([id, labels]) => ({ id: Number(id), value: labels[0] })) }
    : field.name === 'cf_product'
      ? { choices: Object.entries(TREE).map(([value, below]) => ({ value, choices: Object.entries(below).map(([middle, last]) => ({ value: middle, choices: listed(last) })) })) }
      : Array.isArray(choices)
        ? { choices: listed(choices as string[]) }
        : { choices }),
  ...(levels != null && { dependent_fields: levels }),
}));

const FORM = formOf(AGENTS);
const words = (form: Form | null): Words => ({ statuses: { 8: 'open' }, types: ['Question', 'Incident'], requesters: 'create', read_due_dates: true, form });

describe('the account’s form', () => {
  test.each([['agents', AGENTS], ['administrators', ADMINS]])('reads the same in the form of %s', (_who, fields) => {
    const form = formOf(fields);
    expect([...form.statuses]).toEqual([[2, 'Open'], [3, 'Pending'], [4, 'Resolved'], [5, 'Closed'], [6, 'Waiting on Customer']]);
    expect(form.types).toEqual(['Question', 'Complaint']);
    expect([...form.required].sort()).toEqual(['company_id', 'type']);
    expect(form.fields.get('cf_ref')).toMatchObject({ kind: 'text', required: true });
    expect(form.fields.get('cf_plan')).toMatchObject({ kind: 'choice', choices: ['Free', 'Pro'] });
    expect(form.fields.get('cf_model')).toMatchObject({ kind: 'choice', choices: ['P-100', 'P-200'], chain: ['cf_product', 'cf_model'] });
    expect(form.fields.get('cf_part')).toMatchObject({ choices: ['Drum', 'Tray'], chain: ['cf_product', 'cf_model', 'cf_part'] });
    expect(form.fields.get('category')).toMatchObject({ kind: 'text' });
    expect(form.fields.has('company')).toBe(false);
  });

  test('takes any shape of choices without breaking', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ name: fc.string(), type: fc.constantFrom('default_status', 'default_group', 'default_ticket_type', 'nested_field', 'custom_dropdown', 'x'), choices: fc.jsonValue() })), (fields) => {
        expect(formOf(fields)).toHaveProperty('statuses');
      }),
    );
  });

  test('groups are written by name or number and read by number; a name that nobody has is left out', () => {
    expect(hold({ group: 'second line' }, words(FORM)).held).toEqual({ group: '1070000441222' });
    expect(hold({ group: '1070000441221' }, words(FORM)).held).toEqual({ group: '1070000441221' });
    expect(hold({ group: '77' }, words(FORM))).toMatchObject({ held: {}, warnings: [{ field: 'group' }] });
    expect(hold({ group: 'Nobody' }, words(FORM))).toMatchObject({ held: {}, warnings: [{ field: 'group' }] });
    expect(hold({ group: null }, words(FORM)).held).toEqual({ group: null });
    expect(hold({ group: 'Support' }, words(null))).toMatchObject({ held: {}, warnings: [{ field: 'group', reason: expect.stringContaining('not known yet') }] });
    expect(hold({ group: '77' }, words(null)).held).toEqual({ group: '77' });
  });

  test('types come from the form once it was read, and from the settings before', () => {
    expect(hold({ ticket_type: 'COMPLAINT' }, words(FORM)).held).toEqual({ ticket_type: 'Complaint' });
    expect(hold({ ticket_type: 'incident' }, words(FORM))).toMatchObject({ held: {}, warnings: [{ field: 'ticket_type' }] });
    expect(hold({ ticket_type: 'incident' }, words(null)).held).toEqual({ ticket_type: 'incident' });
  });

  test('a status may have a twin of the account’s own', () => {
    expect(hasTwins('pending', words(FORM))).toBe(true);
    expect(hasTwins('open', words(FORM))).toBe(false);
    expect(hasTwins('open', words(null))).toBe(true);
    expect(hasTwins('closed', words(null))).toBe(false);
  });
});

describe('custom fields', () => {
  test.each<[string, unknown, unknown]>([
    ['cf_ref', 12, '12'],
    ['cf_ref', true, 'true'],
    ['cf_order', '42', 42],
    ['cf_order', -7, -7],
    ['cf_amount', '3.50', 3.5],
    ['cf_escalated', 'TRUE', true],
    ['cf_escalated', false, false],
    ['cf_day', '2026-03-01', '2026-03-01'],
    ['cf_day', '2026-03-01T00:00:00Z', '2026-03-01'],
    ['cf_plan', 'pro', 'Pro'],
    ['cf_colours', 'red', ['Red']],
    ['cf_colours', ['Blue', 'red'], ['Blue', 'Red']],
    ['cf_model', 'p-100', 'P-100'],
    ['cf_order', '', null],
    ['cf_plan', null, null],
    ['cf_colours', [], null],
  ])('%s takes %j as %j', (id, value, held) => {
    expect(holdProperties([{ id, value }], FORM)).toEqual({ held: [{ id, value: held }], dropped: [] });
  });

  test.each<[string, unknown]>([
    ['cf_ref', { a: 1 }],
    ['cf_order', '12.5'],
    ['cf_order', 1.5],
    ['cf_order', true],
    ['cf_amount', 'much'],
    ['cf_amount', Number.NaN],
    ['cf_escalated', 'yes'],
    ['cf_escalated', 1],
    ['cf_day', '2026-03-01T10:00:00Z'],
    ['cf_day', '2026-02-31'],
    ['cf_day', 'tomorrow'],
    ['cf_plan', 'Gold'],
    ['cf_plan', ['Free', 'Pro']],
    ['cf_colours', ['Red', 'Green']],
    ['cf_part', 'Wheel'],
    ['cf_none', 'x'],
  ])('%s leaves out %j and names itself', (id, value) => {
    const { held, dropped } = holdProperties([{ id, value }], FORM);
    expect([held, dropped]).toEqual([[], [expect.stringMatching(new RegExp(`^${id}: `))]]);
  });

  test('before the form was read plain values are taken as they are', () => {
    expect(holdProperties([{ id: 'x', value: '1' }, { id: 'y', value: { a: 1 } }, { id: 'x', value: 2 }], null)).toEqual({ held: [{ id: 'x', value: 2 }], dropped: ['y: this is no plain value'] });
  });

  test('a lower level brings the levels above it along', () => {
    const current = { cf_product: 'Printer', cf_model: 'P-100', cf_part: null };
    expect(lacksChain({ cf_part: 'Tray' }, FORM)).toBe(true);
    expect(lacksChain({ cf_product: 'Printer', cf_model: 'P-100' }, FORM)).toBe(false);
    expect(withChains({ cf_part: 'Tray' }, current, FORM)).toEqual({ cf_part: 'Tray', cf_product: 'Printer', cf_model: 'P-100' });
    expect(withChains({ cf_part: null }, current, FORM)).toEqual({ cf_part: null });
    expect(withChains({ cf_product: 'Scanner' }, current, FORM)).toEqual({ cf_product: 'Scanner' });
  });
});
