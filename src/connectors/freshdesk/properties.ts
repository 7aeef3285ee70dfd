/** Custom fields: a value of any desk as this account's form takes it, where nothing of it is lost. Pure. */
import type { CustomProperty } from '../../core/model.ts';
import { clean } from '../kit/text.ts';
import { isoSeconds } from '../kit/time.ts';
import type { Field, Form } from './form.ts';

export interface HeldProperties {
  /** What the desk will show, in the order given; a field that is named twice has its last value. */
  readonly held: readonly CustomProperty[];
  /** Sentences that name the field. */
  readonly dropped: readonly string[];
}

type Coerced = { readonly value: unknown } | { readonly reason: string };

/** Before the form was read, plain values are taken as they are: the desk will say what it does not take. */
export function holdProperties(properties: readonly CustomProperty[], form: Form | null): HeldProperties {
  const last = new Map(properties.map((property) => [property.id, property.value]));
  const held: CustomProperty[] = [];
  const dropped: string[] = [];
  for (const [id, value] of last) {
    const field = form?.fields.get(id);
    if (form !== null && field === undefined) {
      dropped.push(`${id}: there is no such field here`);
      continue;
    }
    const coerced = coerce(field, value);
    if ('reason' in coerced) dropped.push(`${id}: ${coerced.reason}`);
    else held.push({ id, value: coerced.value });
  }
  return { held, dropped };
}

function coerce(field: Field | undefined, given: unknown): Coerced {
  const value = typeof given === 'string' ? clean(given) : given;
  if (value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)) return { value: null };
  switch (field?.kind) {
    case 'text':
      return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? { value: String(value) } : { reason: 'this is a field of text' };
    case 'whole':
      return wholeOf(value);
    case 'decimal':
      return decimalOf(value);
    case 'flag':
      return flagOf(value);
    case 'date':
      return dateOf(value);
    case 'choice':
      return choiceOf(value, field.choices);
    case 'choices':
      return choicesOf(value, field.choices);
    case 'other':
    case undefined:
      return isPlain(value) || (Array.isArray(value) && value.every(isPlain)) ? { value } : { reason: 'this is no plain value' };
  }
}

const isPlain = (value: unknown): boolean => typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));

function wholeOf(value: unknown): Coerced {
  const number = typeof value === 'string' && /^\s*-?\d{1,16}\s*$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) ? { value: number } : { reason: 'this is a field of whole numbers' };
}

function decimalOf(value: unknown): Coerced {
  const number = typeof value === 'string' && /^\s*-?\d{1,15}(\.\d{1,15})?\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? { value: number } : { reason: 'this is a field of numbers' };
}

function flagOf(value: unknown): Coerced {
  if (typeof value === 'boolean') return { value };
  const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return word === 'true' || word === 'false' ? { value: word === 'true' } : { reason: 'this is a box that is checked or not' };
}

/** A day; a time of day would be lost, so only midnight is taken as one. */
function dateOf(value: unknown): Coerced {
  const text = typeof value === 'string' ? value.trim() : '';
  const iso = /^\d{4}-\d\d-\d\d/.test(text) ? isoSeconds(text) : null;
  const day = iso?.endsWith('T00:00:00Z') === true ? iso.slice(0, 10) : null;
  // A day that no calendar has is moved on to one that it has.
  return day === null || (text.length === 10 && text !== day) ? { reason: 'this is a field of days (YYYY-MM-DD)' } : { value: day };
}

function choiceOf(value: unknown, choices: readonly string[] | null): Coerced {
  if (typeof value !== 'string' && typeof value !== 'number') return { reason: 'one value is chosen here' };
  const found = spelt(String(value), choices);
  return found === undefined ? { reason: notOn(choices) } : { value: found };
}

function choicesOf(value: unknown, choices: readonly string[] | null): Coerced {
  const all = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  const found = all.map((one) => (typeof one === 'string' || typeof one === 'number' ? spelt(String(one), choices) : undefined));
  return found.includes(undefined) ? { reason: notOn(choices) } : { value: found };
}

/** The list's own spelling. */
function spelt(value: string, choices: readonly string[] | null): string | undefined {
  if (choices === null || choices.includes(value)) return value;
  const wanted = value.trim().toLowerCase();
  return choices.find((choice) => choice.toLowerCase() === wanted);
}

const notOn = (choices: readonly string[] | null): string => `its values here are ${(choices ?? []).slice(0, 20).join(', ')}${(choices?.length ?? 0) > 20 ? ' …' : ''}`;

/** What is written, with the levels above a dependent field's level: a lower one is refused without them. `current` is what the ticket has. */
export function withChains(written: Readonly<Record<string, unknown>>, current: Readonly<Record<string, unknown>> | null, form: Form | null): Readonly<Record<string, unknown>> {
  const all: Record<string, unknown> = { ...written };
  for (const [name, value] of Object.entries(written)) {
    if (value === null) continue;
    for (const above of form?.fields.get(name)?.chain ?? []) {
      const there = current?.[above];
      if (!(above in all) && there !== undefined && there !== null) all[above] = there;
    }
  }
  return all;
}

/** Whether a write names a lower level without all those above it, so that the ticket has to be looked at. */
export function lacksChain(written: Readonly<Record<string, unknown>>, form: Form | null): boolean {
  return Object.keys(written).some((name) => (form?.fields.get(name)?.chain ?? []).some((above) => !(above in written)));
}
