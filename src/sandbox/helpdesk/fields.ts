/**
 * `/ticket_fields`: the definitions of a workspace's fields, those of the system first (doc). Their options have a sub-resource
 * whose path the vendor does not print: `/ticket_fields/:id/options` is an assumption, and so is what an option looks like.
 */
import { Refused, type Call, type Json, type Route } from '../kit/desk.ts';
import { isJson, printed } from '../kit/json.ts';
import { invalid, notFound, unwrap, type Problem } from './errors.ts';
import { blank, compiled, FIELD_TYPES, fits, founding, type Field, type Option } from './field-types.ts';
import type { CustomFieldValue } from './model.ts';
import { pageOf, type PagingForm } from './paging.ts';

export interface Fields {
  readonly routes: readonly Route[];
  /** The values of a ticket after a write, each of its field's type. `before` is null for a create, which brings the defaults along. */
  values(given: unknown, before: readonly CustomFieldValue[] | null, problems: Problem[]): readonly CustomFieldValue[];
  count(): number;
  reset(): void;
}

const BASE = '/helpdesk/api/v1/ticket_fields';
const NOT_A_KEY = /[^a-z0-9]+/g;

export function createFields(parts: {
  readonly name: (prefix: string) => string;
  readonly now: () => string;
  readonly form: () => PagingForm;
  /** A field is gone: so are its values. */
  readonly dropped: (id: string) => void;
}): Fields {
  const fields = new Map<string, Field>();
  const reset = (): void => {
    fields.clear();
    for (const field of founding()) fields.set(field.id, field);
  };
  reset();

  const inOrder = (): readonly Field[] => [...fields.values()].sort((a, b) => a.position - b.position);
  const show = (field: Field): Json => ({ ...field });
  const find = ({ params }: Call): Field => {
    const field = fields.get(params['id'] ?? '');
    if (!field) throw new Refused(notFound('Ticket field'));
    return field;
  };
  const own = (call: Call): Field => {
    const field = find(call);
    if (field.id.startsWith('system_')) throw invalid([{ field: 'id', message: 'is a field of the system' }]);
    return field;
  };

  function optionsIn(value: unknown, problems: Problem[]): readonly Option[] {
    if (!Array.isArray(value)) {
      problems.push({ field: 'options', message: 'must be a list' });
      return [];
    }
    return value.flatMap((one: unknown) => {
      const text: unknown = isJson(one) ? one['value'] : one;
      const label: unknown = isJson(one) ? (one['label'] ?? text) : text;
      if (typeof text === 'string' && text !== '' && typeof label === 'string') return [{ id: parts.name('opt'), value: text, label }];
      problems.push({ field: 'options', message: 'each needs a value' });
      return [];
    });
  }

  /** What a body may set, checked; `before` is null for a create. */
  function changes(input: Json, before: Field | null): Partial<Field> {
    const problems: Problem[] = [];
    const patch: Record<string, unknown> = {};
    const take = (key: keyof Field, fits: (value: unknown) => boolean, message: string): void => {
      const value = input[key];
      if (value === undefined) return;
      if (fits(value)) patch[key] = value;
      else problems.push({ field: key, message });
    };
    const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';
    const isTruth = (value: unknown): boolean => typeof value === 'boolean';
    if (before === null && input['title'] === undefined) problems.push({ field: 'title', message: 'is required' });
    take('title', isText, 'must be text');
    take('description', (value) => value === null || typeof value === 'string', 'must be text');
    take('position', (value) => Number.isInteger(value), 'must be a whole number');
    for (const key of ['active', 'requiredForAgents', 'requiredForEndUsers', 'visibleToEndUsers', 'editableByEndUsers'] as const) take(key, isTruth, 'must be true or false');
    take('regexPattern', (value) => value === null || (typeof value === 'string' && compiled(value) !== null), 'is not a pattern');
    if (input['options'] !== undefined) patch['options'] = optionsIn(input['options'], problems);
    if (before === null) {
      take('type', (value) => FIELD_TYPES.includes(String(value)), `must be one of ${FIELD_TYPES.join(', ')}`);
      take('fieldKey', (value) => typeof value === 'string' && /^[a-z][a-z0-9_]*$/.test(value), 'must be lower-case letters, digits and underscores');
      if (input['type'] === undefined) problems.push({ field: 'type', message: 'is required' });
      if (input['type'] === 'regex' && patch['regexPattern'] == null) problems.push({ field: 'regexPattern', message: 'is required' });
    } else {
      for (const key of ['type', 'fieldKey'] as const) {
        if (input[key] !== undefined && input[key] !== before[key]) problems.push({ field: key, message: 'cannot be changed' });
      }
    }
    if (problems.length > 0) throw invalid(problems);
    return patch as Partial<Field>;
  }

  function create(call: Call): Field {
    const input = unwrap(call.body, 'ticketField');
    const patch = changes(input, null);
    const now = parts.now();
    const fieldKey = patch.fieldKey ?? (String(patch.title).toLowerCase().replace(NOT_A_KEY, '_').replace(/^_|_$/g, '') || 'field');
    if ([...fields.values()].some((field) => field.fieldKey === fieldKey)) throw invalid([{ field: 'fieldKey', message: 'is taken' }]);
    const field: Field = {
      ...blank(parts.name('cf'), fieldKey, String(patch.type), String(patch.title), Math.max(...inOrder().map(({ position }) => position)) + 1),
      ...patch,
      createdAt: now,
      updatedAt: now,
    };
    return withDefault(field, input);
  }

  /** A default is a value like any other. */
  function withDefault(field: Field, input: Json): Field {
    const given = input['defaultValue'];
    if (given === undefined) return field;
    if (!fits(field, given)) throw invalid([{ field: 'defaultValue', message: `must be a ${field.type} value` }]);
    return { ...field, defaultValue: given };
  }

  const keep = (field: Field): Field => {
    fields.set(field.id, { ...field, updatedAt: parts.now() });
    return fields.get(field.id) ?? field;
  };
  const one = (status: number, field: Field) => ({ status, body: { ticketField: show(field) } });

  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: BASE,
      handle: ({ query }) => {
        const order = { place: ({ position }: Field) => position, id: ({ id }: Field) => id, descending: false };
        return { status: 200, body: pageOf('ticketFields', inOrder(), show, order, query, '/api/v1/ticket_fields', parts.form()) };
      },
    },
    { method: 'POST', path: BASE, handle: (call) => one(201, keep(create(call))) },
    { method: 'GET', path: `${BASE}/:id`, handle: (call) => one(200, find(call)) },
    {
      method: 'PUT',
      path: `${BASE}/:id`,
      handle: (call) => {
        const before = own(call);
        const input = unwrap(call.body, 'ticketField');
        return one(200, keep(withDefault({ ...before, ...changes(input, before) }, input)));
      },
    },
    {
      method: 'DELETE',
      path: `${BASE}/:id`,
      handle: (call) => {
        const { id } = own(call);
        fields.delete(id);
        parts.dropped(id);
        return { status: 204 };
      },
    },
    { method: 'GET', path: `${BASE}/:id/options`, handle: (call) => ({ status: 200, body: { options: find(call).options } }) },
    {
      method: 'POST',
      path: `${BASE}/:id/options`,
      handle: (call) => {
        const field = own(call);
        const problems: Problem[] = [];
        const [option] = optionsIn([unwrap(call.body, 'option')], problems);
        if (option === undefined) throw invalid(problems);
        keep({ ...field, options: [...field.options, option] });
        return { status: 201, body: { option } };
      },
    },
    {
      method: 'DELETE',
      path: `${BASE}/:id/options/:option`,
      handle: (call) => {
        const field = own(call);
        const left = field.options.filter(({ id }) => id !== call.params['option']);
        if (left.length === field.options.length) return notFound('Option');
        keep({ ...field, options: left });
        return { status: 204 };
      },
    },
  ];

  return {
    routes,
    values(given, before, problems) {
      const merged = new Map((before ?? []).map((item) => [item.id, item.value]));
      if (before === null) for (const { id, defaultValue } of fields.values()) if (defaultValue !== null) merged.set(id, defaultValue);
      if (given !== undefined && !Array.isArray(given)) problems.push({ field: 'customFields', message: 'must be a list' });
      for (const item of Array.isArray(given) ? given : []) {
        const id: unknown = isJson(item) ? item['id'] : undefined;
        const value: unknown = isJson(item) ? (item['value'] ?? null) : null;
        const field = typeof id === 'string' && !id.startsWith('system_') ? fields.get(id) : undefined;
        if (!field) problems.push({ field: 'customFields', message: `has no field ${printed(id)}` });
        else if (!fits(field, value)) problems.push({ field: `customFields.${field.id}`, message: `must be a ${field.type} value` });
        else merged.set(field.id, value);
      }
      if (before === null) {
        for (const { id, active, requiredForAgents } of fields.values()) {
          if (active && requiredForAgents && !id.startsWith('system_') && (merged.get(id) ?? '') === '') problems.push({ field: `customFields.${id}`, message: 'is required' });
        }
      }
      return [...merged].map(([id, value]) => ({ id, value }));
    },
    count: () => fields.size,
    reset,
  };
}
