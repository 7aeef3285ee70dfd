/** What of a ticket's fields a desk can hold: kept, or left out with the reason. Shared so that forecast and write cannot disagree. */
import type { Person, TicketFields, Warning } from '../../core/model.ts';
import { clean } from './text.ts';

export interface LeaveOut {
  readonly warnings: readonly Warning[];
  keep(fields: TicketFields): void;
  drop(field: keyof TicketFields, reason: string): void;
  /** Keeps somebody by e-mail, or nobody; drops whom no other desk can know. */
  keepPerson(field: 'requester' | 'assignee', person: Person | null): void;
  held(): TicketFields;
}

export function leaveOut(): LeaveOut {
  const warnings: Warning[] = [];
  const held: TicketFields = {};
  const keep = (fields: TicketFields): void => {
    Object.assign(held, fields);
  };
  const drop = (field: keyof TicketFields, reason: string): void => {
    warnings.push({ field, reason });
  };
  return {
    warnings,
    keep,
    drop,
    keepPerson(field, person) {
      const known = person === null ? null : reachable(person);
      if (person !== null && known === null) drop(field, 'without an e-mail address nobody is known on another desk');
      else keep({ [field]: known });
    },
    held: () => held,
  };
}

/** Somebody as another desk can know them: by e-mail, never by the id of the desk they come from. Null without one. */
function reachable(person: Person): Person | null {
  const email = person.email === null ? '' : clean(person.email).trim();
  if (!/^[^\s@"\\]+@[^\s@"\\]+$/.test(email)) return null;
  const name = person.name === null ? '' : clean(person.name).trim();
  return { user_id: null, email, name: name === '' ? null : name };
}

export function without(fields: TicketFields, names: readonly string[]): TicketFields {
  if (!names.some((name) => name in fields)) return fields;
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

/** Warnings for what was asked to be written and this connector never writes. */
export function unwritable(fields: TicketFields, written: ReadonlySet<string>): readonly Warning[] {
  return Object.entries(fields)
    .filter(([name, value]) => value !== undefined && value !== null && !written.has(name) && !(Array.isArray(value) && value.length === 0))
    .map(([field]) => ({ field, reason: 'this connector does not write it' }));
}

/** A desk's numeric id as it goes over the wire. */
export function wireId(id: string): number | string {
  const number = Number(id);
  return Number.isSafeInteger(number) ? number : id;
}
