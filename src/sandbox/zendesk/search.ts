/** The part of Zendesk's search language that finds tickets and users by their own fields. */
import { instant } from '../kit/json.ts';
import { STATUSES, type Ticket, type User } from './model.ts';
import type { Store } from './store.ts';

interface Term {
  readonly key: string;
  readonly operator: string;
  readonly value: string;
  readonly negated: boolean;
}

/** `key:value`, `key<value`, `-key:value`, "quoted words"; a word alone has the empty key. */
function parse(text: string): Term[] {
  const terms: Term[] = [];
  for (const found of text.matchAll(/(-?)(?:([a-z_]+)(:|<=|>=|<|>))?(?:"([^"]*)"|(\S+))/gi)) {
    const [, minus, key, operator, quoted, plain] = found;
    terms.push({ key: (key ?? '').toLowerCase(), operator: operator ?? ':', value: (quoted ?? plain ?? '').toLowerCase(), negated: minus === '-' });
  }
  return terms;
}

function compare(left: number, operator: string, right: number): boolean {
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    default:
      return left === right;
  }
}

const day = (ms: number): number => Math.floor(ms / 86_400_000);

function date(value: string, { operator, value: wanted }: Term): boolean {
  const [left, right] = [instant(value), instant(wanted.toUpperCase())];
  if (left === null || right === null) return false;
  return wanted.length === 10 ? compare(day(left), operator, day(right)) : compare(left, operator, right);
}

const isPerson = (user: User | undefined, value: string): boolean =>
  user !== undefined && (String(user.id) === value || user.email?.toLowerCase() === value || user.name.toLowerCase().includes(value));

function holds(ticket: Ticket, term: Term, store: Store): boolean {
  const { key, operator, value } = term;
  switch (key) {
    case 'type':
    case 'ticket_type':
      return value === 'ticket' || ticket.type === value;
    case 'status':
      return compare(STATUSES.indexOf(ticket.status), operator, STATUSES.indexOf(value));
    case 'priority':
      return (ticket.priority ?? 'none') === value;
    case 'tags':
    case 'tag':
      return value === 'none' ? ticket.tags.length === 0 : ticket.tags.includes(value);
    case 'subject':
      return (ticket.subject ?? '').toLowerCase().includes(value.replaceAll('*', ''));
    case 'description':
    case 'comment':
      return ticket.comments.some(({ body }) => body.toLowerCase().includes(value));
    case 'external_id':
      return (ticket.external_id ?? '').toLowerCase() === value;
    case 'requester':
      return isPerson(store.users.get(ticket.requester_id), value);
    case 'assignee':
      return ticket.assignee_id === null ? value === 'none' : isPerson(store.users.get(ticket.assignee_id), value);
    case 'created':
    case 'created_at':
      return date(ticket.created_at, term);
    case 'updated':
    case 'updated_at':
      return date(ticket.updated_at, term);
    case '':
      return String(ticket.id) === value || (ticket.subject ?? '').toLowerCase().includes(value) || ticket.comments.some(({ body }) => body.toLowerCase().includes(value));
    case 'order_by':
    case 'sort':
      return true;
    default:
      return false;
  }
}

export function searchTickets(tickets: readonly Ticket[], text: string, store: Store): Ticket[] {
  const terms = parse(text);
  if (terms.some(({ key, value }) => key === 'type' && value === 'user')) return [];
  return tickets.filter((ticket) => terms.every((term) => holds(ticket, term, store) !== term.negated));
}

/** Users answer only to a query that asks for them. */
export function searchesUsers(text: string, store: Store): User[] {
  const terms = parse(text);
  if (!terms.some(({ key, value }) => key === 'type' && value === 'user')) return [];
  const rest = terms.filter(({ key }) => key !== 'type');
  return [...store.users.values()].filter((user) =>
    rest.every(({ key, value, negated }) => (key === 'external_id' ? user.external_id === value : key === 'role' ? user.role === value : isPerson(user, value)) !== negated),
  );
}
