/**
 * The account's ticket form: as any agent sees it (`/ticket_fields`: built-in names that differ from the ticket's keys,
 * choices in five shapes) and as administrators see it (`/admin/ticket_fields`: choices as lists, sections apart).
 */
import { Refused, type Json, type Route } from '../kit/desk.ts';
import { wholeNumber } from '../kit/json.ts';
import { CUSTOMER_LABELS, CUSTOM_FIELDS, PRIORITY_LABELS, SOURCE_LABELS, STATUS_LABELS, TICKET_TYPES, type CustomField } from './catalog.ts';
import { missing } from './errors.ts';
import type { Store } from './model.ts';
import type { People } from './people.ts';
import type { Settings } from './settings.ts';

const FIRST_ID = 1070000123450;
const SECTION_ID = 1070000777000;
const BORN = '2024-01-08T09:00:00Z';
const TYPE_POSITION = 3;

const byLabel = (labels: Readonly<Record<number, string>>): Json => Object.fromEntries(Object.entries(labels).map(([id, label]) => [label, Number(id)]));

/** A choice as administrators see it; ids follow from the places. */
const adminChoices = (field: number, values: readonly string[], parent: number | null = null): readonly Json[] =>
  values.map((value, index) => ({ id: field * 1000 + index + 1 + (parent === null ? 0 : (parent % 1000) * 20), position: index + 1, value, parent_choice_id: parent, choices: [] }));

function nestedChoices(field: number, tree: NonNullable<CustomField['tree']>): readonly Json[] {
  return adminChoices(field, Object.keys(tree)).map((top) => {
    const second = tree[String(top['value'])] ?? {};
    const middle = adminChoices(field, Object.keys(second), Number(top['id']));
    return { ...top, choices: middle.map((one) => ({ ...one, choices: adminChoices(field, second[String(one['value'])] ?? [], Number(one['id'])) })) };
  });
}

export function fieldRoutes(store: Store, people: People, settings: Settings): readonly Route[] {
  const required = (name: string): boolean => settings.required_fields.includes(name === 'ticket_type' ? 'type' : name === 'group' || name === 'company' ? `${name}_id` : name);

  const field = (position: number, name: string, label: string, type: string, always: boolean, rest: Json = {}): Json => ({
    id: FIRST_ID + position,
    name,
    label,
    description: label,
    position,
    required_for_closure: settings.required_for_closure.includes(name),
    required_for_agents: always || required(name),
    type,
    default: !name.startsWith('cf_'),
    customers_can_edit: true,
    label_for_customers: label,
    required_for_customers: always,
    displayed_to_customers: true,
    created_at: BORN,
    updated_at: BORN,
    ...rest,
  });
  const nested = (position: number, { levels, label }: CustomField): readonly Json[] =>
    (levels ?? []).map((name, index) => ({
      id: FIRST_ID + position * 10 + index, name, label: `${label}, level ${index + 2}`, label_in_portal: `${label}, level ${index + 2}`, description: null, level: index + 2,
      ticket_field_id: FIRST_ID + position, created_at: BORN, updated_at: BORN,
    }));
  const customOnes = (rest: (one: CustomField, position: number) => Json): readonly Json[] =>
    CUSTOM_FIELDS.map((one, index) => field(20 + index, one.name, one.label, one.type, false, rest(one, 20 + index)));

  const forAgents = (): readonly Json[] => [
    field(1, 'requester', 'Search a requester', 'default_requester', true, { portal_cc: false, portal_cc_to: 'company' }),
    field(2, 'subject', 'Subject', 'default_subject', true),
    field(TYPE_POSITION, 'ticket_type', 'Type', 'default_ticket_type', false, { choices: TICKET_TYPES }),
    field(4, 'source', 'Source', 'default_source', false, { choices: byLabel(SOURCE_LABELS) }),
    field(5, 'status', 'Status', 'default_status', true, {
      choices: Object.fromEntries(Object.entries(STATUS_LABELS).map(([id, label]) => [id, [label, CUSTOMER_LABELS[id] ?? label]])),
    }),
    field(6, 'priority', 'Priority', 'default_priority', true, { choices: byLabel(PRIORITY_LABELS) }),
    field(7, 'group', 'Group', 'default_group', false, { choices: Object.fromEntries([...store.groups.values()].map(({ id, name }) => [name, id])) }),
    field(8, 'agent', 'Agent', 'default_agent', false, {
      choices: Object.fromEntries([...store.people.values()].filter(({ agent }) => agent !== null).map(({ id, name }) => [name, id])),
    }),
    field(9, 'description', 'Description', 'default_description', true),
    field(10, 'company', 'Company', 'default_company', false),
    ...customOnes((one, position) => ({
      ...(one.choices !== undefined && { choices: one.choices }),
      ...(one.tree !== undefined && { choices: one.tree, nested_ticket_fields: nested(position, one) }),
    })),
  ];

  const sectioned = CUSTOM_FIELDS.filter(({ section }) => section !== undefined);
  const sectionIds = [...new Set(sectioned.map(({ section }) => section))];
  const forAdmins = (): readonly Json[] =>
    forAgents().map((shown) => {
      const id = Number(shown['id']);
      const one = CUSTOM_FIELDS.find(({ name }) => name === shown['name']);
      const { choices, nested_ticket_fields: dependent, ...rest } = shown;
      const values = one?.choices ?? (shown['name'] === 'ticket_type' ? TICKET_TYPES : shown['name'] === 'status' ? null : Object.keys(Object(choices)));
      return {
        ...rest,
        archived: false,
        has_section: shown['name'] === 'ticket_type',
        ...(choices === undefined
          ? {}
          : one?.tree !== undefined
            ? { choices: nestedChoices(id % 1000, one.tree), dependent_fields: dependent }
            : values === null
              ? { choices: Object.entries(STATUS_LABELS).map(([status, value], index) => ({ id: Number(status), position: index + 1, value, label_for_customers: CUSTOMER_LABELS[status] ?? value, stop_sla_timer: ['3', '6', '7'].includes(status), default: Number(status) < 6 })) }
              : { choices: adminChoices(id % 1000, values) }),
        ...(one?.section !== undefined && { section_mappings: [{ section_id: SECTION_ID + sectionIds.indexOf(one.section), position: 1 }] }),
      };
    });
  const sections = (): readonly Json[] =>
    sectionIds.map((type, index) => ({
      id: SECTION_ID + index,
      label: type,
      parent_ticket_field_id: FIRST_ID + TYPE_POSITION,
      choice_ids: adminChoices((FIRST_ID + TYPE_POSITION) % 1000, TICKET_TYPES).filter(({ value }) => value === type).map(({ id }) => id),
      ticket_field_ids: forAgents().filter(({ name }) => sectioned.some((one) => one.section === type && one.name === name)).map(({ id }) => id),
      is_fsm: false,
    }));

  const named = (id: number): Json => {
    const found = forAdmins().find((shown) => shown['id'] === id);
    if (found === undefined) throw new Refused(missing());
    return found;
  };
  return [
    { method: 'GET', path: '/api/v2/ticket_fields', handle: ({ query }) => {
      const type = query.get('type');
      return { status: 200, body: forAgents().filter((shown) => type === null || shown['type'] === type) };
    } },
    {
      method: 'GET',
      path: '/api/v2/admin/ticket_fields',
      handle: (call) => {
        people.demandAdmin(call);
        return { status: 200, body: forAdmins() };
      },
    },
    {
      method: 'GET',
      path: '/api/v2/admin/ticket_fields/:id',
      handle: (call) => {
        people.demandAdmin(call);
        return { status: 200, body: named(wholeNumber(call.params['id']) ?? 0) };
      },
    },
    {
      method: 'GET',
      path: '/api/v2/admin/ticket_fields/:id/sections',
      handle: (call) => {
        people.demandAdmin(call);
        const found = named(wholeNumber(call.params['id']) ?? 0);
        return { status: 200, body: sections().filter(({ parent_ticket_field_id: parent }) => parent === found['id']) };
      },
    },
  ];
}
