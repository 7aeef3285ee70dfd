/** Freshdesk's search language: `field:value`, `:>` (at least), `:<` (at most), AND, OR and parentheses; thirty rows a page, ten pages. */
import type { Call, Reply } from '../kit/desk.ts';
import { wholeNumber } from '../kit/json.ts';
import { CUSTOM_NAMES } from './catalog.ts';
import { notA, validationFailed } from './errors.ts';
import type { Ticket } from './model.ts';

/** How a field of a record is read; undefined: there is no such field to search by. */
type FieldOf<T> = (name: string) => ((record: T) => unknown) | undefined;
type Test<T> = (record: T) => boolean;

const PAGE_SIZE = 30;
const MAX_PAGES = 10;
const LONGEST_QUERY = 512;
const TOKEN = /\s*(?:(\()|(\))|(AND|OR)\b|([a-z_]+):([<>]?)(?:'((?:[^'\\]|\\.)*)'|([^\s()']+)))/gy;

const TICKET_FIELDS: Readonly<Record<string, (ticket: Ticket) => unknown>> = {
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
  ...Object.fromEntries(CUSTOM_NAMES.map((name) => [name, (ticket: Ticket) => ticket.custom_fields[name] ?? null])),
};
export const ticketField: FieldOf<Ticket> = (name) => (Object.hasOwn(TICKET_FIELDS, name) ? TICKET_FIELDS[name] : undefined);

const refuse = (field: string, code: string): Error => validationFailed([{ field, message: 'The query is not valid', code }]);

function term<T>(fieldOf: FieldOf<T>, name: string, operator: string, quoted: string | undefined, bare: string | undefined): Test<T> {
  const read = fieldOf(name);
  if (!read) throw refuse(name, 'invalid_field');
  const wanted: unknown = quoted !== undefined ? quoted.replaceAll(/\\(.)/g, '$1') : bare === 'null' ? null : bare === 'true' || bare === 'false' ? bare === 'true' : Number(bare);
  if (Number.isNaN(wanted)) throw refuse(name, 'invalid_value');
  return (record) => {
    const value = read(record);
    if (Array.isArray(value)) return wanted === null ? value.length === 0 : value.includes(wanted);
    if (operator === '') return typeof value === 'string' && typeof wanted === 'string' ? value.toLowerCase() === wanted.toLowerCase() : value === wanted;
    if (value === null || wanted === null) return false;
    return operator === '>' ? String(value) >= String(wanted) : String(value) <= String(wanted);
  };
}

/** OR binds less than AND. */
function testOf<T>(query: string, fieldOf: FieldOf<T>): Test<T> {
  const tokens = [...query.matchAll(TOKEN)];
  if (tokens.map(([whole]) => whole).join('').trim() !== query.trim() || tokens.length === 0) throw refuse('query', 'invalid_value');
  let at = 0;

  const single = (): Test<T> => {
    const token = tokens[at];
    at += 1;
    if (token?.[1]) {
      const inner = either();
      if (!tokens[at]?.[2]) throw refuse('query', 'invalid_value');
      at += 1;
      return inner;
    }
    if (token?.[4] === undefined) throw refuse('query', 'invalid_value');
    return term(fieldOf, token[4], token[5] ?? '', token[6], token[7]);
  };
  const both = (): Test<T> => {
    let test = single();
    while (tokens[at]?.[3] === 'AND') {
      at += 1;
      const [left, right] = [test, single()];
      test = (record) => left(record) && right(record);
    }
    return test;
  };
  function either(): Test<T> {
    let test = both();
    while (tokens[at]?.[3] === 'OR') {
      at += 1;
      const [left, right] = [test, both()];
      test = (record) => left(record) || right(record);
    }
    return test;
  }

  const test = either();
  if (at !== tokens.length) throw refuse('query', 'invalid_value');
  return test;
}

/** Answers a search among `records`, newest first: `{total, results}`, without a link to the next page. */
export function searchPage<T>({ query }: Call, records: readonly T[], fieldOf: FieldOf<T>, show: (record: T) => object): Reply {
  const text = query.get('query') ?? '';
  const quoted = /^"([^]*)"$/.exec(text);
  if (!quoted || text.length > LONGEST_QUERY) throw validationFailed([{ ...notA('query', `String in double quotes of at most ${LONGEST_QUERY} characters`), code: 'invalid_value' }]);
  const page = wholeNumber(query.get('page') ?? '1') ?? 0;
  if (page < 1 || page > MAX_PAGES) {
    throw validationFailed([{ field: 'page', message: `It should be a Positive Integer less than or equal to ${MAX_PAGES}`, code: 'invalid_value' }]);
  }
  const found = records.filter(testOf(quoted[1] ?? '', fieldOf)).toReversed();
  return { status: 200, body: { total: found.length, results: found.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE).map(show) } };
}
