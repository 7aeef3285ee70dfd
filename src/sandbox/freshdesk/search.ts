/** Freshdesk's search language: `field:value`, `:>` (at least), `:<` (at most), AND, OR and parentheses. */
import { validationFailed } from './errors.ts';
import { CUSTOM_FIELDS, type Ticket } from './model.ts';

type Test = (ticket: Ticket) => boolean;

const TOKEN = /\s*(?:(\()|(\))|(AND|OR)\b|([a-z_]+):([<>]?)(?:'((?:[^'\\]|\\.)*)'|([^\s()']+)))/gy;

const FIELDS: Readonly<Record<string, (ticket: Ticket) => unknown>> = {
  agent_id: (ticket) => ticket.responder_id,
  group_id: (ticket) => ticket.group_id,
  priority: (ticket) => ticket.priority,
  status: (ticket) => ticket.status,
  tag: (ticket) => ticket.tags,
  type: (ticket) => ticket.type,
  due_by: (ticket) => ticket.due_by?.slice(0, 10) ?? null,
  fr_due_by: (ticket) => ticket.fr_due_by?.slice(0, 10) ?? null,
  created_at: (ticket) => ticket.created_at.slice(0, 10),
  updated_at: (ticket) => ticket.updated_at.slice(0, 10),
  ...Object.fromEntries(CUSTOM_FIELDS.map(({ name }) => [name, (ticket: Ticket) => ticket.custom_fields[name] ?? null])),
};

const refuse = (field: string, code: string): Error => validationFailed([{ field, message: 'The query is not valid', code }]);

function term(name: string, operator: string, quoted: string | undefined, bare: string | undefined): Test {
  const read = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (!read) throw refuse(name, 'invalid_field');
  const wanted: unknown = quoted !== undefined ? quoted.replaceAll(/\\(.)/g, '$1') : bare === 'null' ? null : bare === 'true' || bare === 'false' ? bare === 'true' : Number(bare);
  if (Number.isNaN(wanted)) throw refuse(name, 'invalid_value');
  return (ticket) => {
    const value = read(ticket);
    if (Array.isArray(value)) return wanted === null ? value.length === 0 : value.includes(wanted);
    if (operator === '') return typeof value === 'string' && typeof wanted === 'string' ? value.toLowerCase() === wanted.toLowerCase() : value === wanted;
    if (value === null || wanted === null) return false;
    return operator === '>' ? String(value) >= String(wanted) : String(value) <= String(wanted);
  };
}

/** OR binds less than AND. */
export function searchTickets(tickets: readonly Ticket[], query: string): Ticket[] {
  const tokens = [...query.matchAll(TOKEN)];
  if (tokens.map(([whole]) => whole).join('').trim() !== query.trim() || tokens.length === 0) throw refuse('query', 'invalid_value');
  let at = 0;

  const single = (): Test => {
    const token = tokens[at];
    at += 1;
    if (token?.[1]) {
      const inner = either();
      if (!tokens[at]?.[2]) throw refuse('query', 'invalid_value');
      at += 1;
      return inner;
    }
    if (token?.[4] === undefined) throw refuse('query', 'invalid_value');
    return term(token[4], token[5] ?? '', token[6], token[7]);
  };
  const both = (): Test => {
    let test = single();
    while (tokens[at]?.[3] === 'AND') {
      at += 1;
      const [left, right] = [test, single()];
      test = (ticket) => left(ticket) && right(ticket);
    }
    return test;
  };
  function either(): Test {
    let test = both();
    while (tokens[at]?.[3] === 'OR') {
      at += 1;
      const [left, right] = [test, both()];
      test = (ticket) => left(ticket) || right(ticket);
    }
    return test;
  }

  const test = either();
  if (at !== tokens.length) throw refuse('query', 'invalid_value');
  return tickets.filter(test);
}
