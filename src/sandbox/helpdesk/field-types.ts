/** What a ticket field is, which values fit it, and which fields a new workspace has. */
import { PRIORITIES, STATUSES, TYPES } from './model.ts';

export const FIELD_TYPES: readonly string[] = ['text', 'textarea', 'number', 'decimal', 'checkbox', 'date', 'dropdown', 'multiselect', 'regex'];

export interface Option {
  readonly id: string;
  readonly value: string;
  readonly label: string;
}

export interface Field {
  readonly id: string;
  readonly fieldKey: string;
  readonly type: string;
  title: string;
  description: string | null;
  position: number;
  active: boolean;
  requiredForAgents: boolean;
  requiredForEndUsers: boolean;
  visibleToEndUsers: boolean;
  editableByEndUsers: boolean;
  regexPattern: string | null;
  defaultValue: unknown;
  options: readonly Option[];
  readonly createdAt: string;
  updatedAt: string;
}

const BORN = '2024-01-08T09:00:00.000Z';

/** A value of the type that the field's definition says; null empties any. */
export function fits({ type, options, regexPattern }: Field, value: unknown): boolean {
  const isOption = (one: unknown): boolean => options.some((option) => option.value === one);
  if (value === null) return true;
  switch (type) {
    case 'number':
      return Number.isInteger(value);
    case 'decimal':
      return typeof value === 'number';
    case 'checkbox':
      return typeof value === 'boolean';
    case 'date':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value));
    case 'dropdown':
      return isOption(value);
    case 'multiselect':
      return Array.isArray(value) && value.every(isOption);
    case 'regex':
      return typeof value === 'string' && value.length <= 1_000 && compiled(regexPattern ?? '')?.test(value) === true;
    default:
      return typeof value === 'string';
  }
}

/** Null for what is no pattern. */
export function compiled(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern);
  } catch {
    return null;
  }
}

export const blank = (id: string, fieldKey: string, type: string, title: string, position: number): Field => ({
  id, fieldKey, type, title, position, description: null, active: true, requiredForAgents: false, requiredForEndUsers: false,
  visibleToEndUsers: true, editableByEndUsers: false, regexPattern: null, defaultValue: null, options: [], createdAt: BORN, updatedAt: BORN,
});

const listed = (values: readonly string[]): readonly Option[] => values.map((value, at) => ({ id: `opt_${value.toLowerCase()}_${at}`, value, label: value }));

/** The fields of a new workspace: the system's, and some that the tests of many need. */
export function founding(): readonly Field[] {
  const system: readonly (readonly [key: string, title: string, type: string, values?: readonly string[]])[] = [
    ['subject', 'Subject', 'text'], ['status', 'Status', 'dropdown', STATUSES], ['priority', 'Priority', 'dropdown', PRIORITIES],
    ['type', 'Type', 'dropdown', TYPES], ['assignee', 'Assignee', 'text'], ['requester', 'Requester', 'text'], ['tags', 'Tags', 'text'],
  ];
  const custom: readonly (readonly [id: string, key: string, title: string, type: string, values?: readonly string[]])[] = [
    ['cf_description', 'description', 'Description', 'textarea'], ['cf_ref', 'ref', 'Reference', 'text'],
    ['cf_abc', 'plan', 'Plan', 'dropdown', ['Free', 'Pro', 'Enterprise']], ['cf_escalated', 'escalated', 'Escalated', 'checkbox'],
    ['cf_seats', 'seats', 'Seats', 'number'], ['cf_hours', 'hours', 'Hours', 'decimal'], ['cf_renewal', 'renewal', 'Renewal', 'date'],
    ['cf_regions', 'regions', 'Regions', 'multiselect', ['North', 'South', 'East', 'West']],
  ];
  return [
    ...system.map(([key, title, type, values = []], at) => ({
      ...blank(`system_${key}`, key, type, title, at),
      options: listed(values),
      requiredForAgents: key === 'subject',
      requiredForEndUsers: key === 'subject',
    })),
    ...custom.map(([id, key, title, type, values = []], at) => ({ ...blank(id, key, type, title, system.length + at), options: listed(values) })),
  ];
}
