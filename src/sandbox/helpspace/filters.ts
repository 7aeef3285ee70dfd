/** Which tickets a list shows. https://documentation.helpspace.com/api-tickets (filter with query parameters) */
import { Refused, type Call } from '../kit/desk.ts';
import { htmlToText } from '../kit/html.ts';
import type { Store, Ticket } from './model.ts';
import { listIn } from './paging.ts';

type Test = (ticket: Ticket) => boolean;

/** Values of one filter are alternatives, but a ticket must have all of the tags (the vendor's example). */
export function filterOf({ query }: Call, store: Store, now: number): Test {
  const tests: Test[] = [];
  const any = (name: string, matches: (ticket: Ticket, value: string) => boolean): void => {
    const values = listIn(query, name).filter((value) => value !== '');
    if (values.length > 0) tests.push((ticket) => values.some((value) => matches(ticket, value)));
  };
  const has = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase());
  const said = (ticket: Ticket, part: string): boolean => ticket.searchable <= now && ticket.messages.some(({ body }) => has(body, part) || has(htmlToText(body), part));

  any('subject', ({ subject }, value) => has(subject, value));
  any('body', said);
  any('subject-or-body', (ticket, value) => has(ticket.subject, value) || said(ticket, value));
  any('contacts', ({ from_contact: from }, value) => has(from.value, value) || has(from.name, value));
  any('assignees', ({ assignee }, value) => assignee !== null && (String(assignee.id) === value || has(assignee.name, value)));
  any('teams', ({ team }, value) => team !== null && (String(team.id) === value || has(team.name, value)));
  any('organizations', ({ from_contact: from }, value) =>
    [...store.organizations.values()].some(
      ({ id, name, domain }) => (String(id) === value || has(name, value)) && domain !== null && from.value.toLowerCase().endsWith(`@${domain}`),
    ),
  );
  any('status', ({ status }, value) => spelled(status) === spelled(value));
  for (const tag of listIn(query, 'tags')) tests.push(({ tags }) => tags.some(({ name }) => name.toLowerCase() === tag.toLowerCase()));
  between(query, 'created-between', ({ created_at: at }) => at, tests);
  between(query, 'last-contact-between', ({ last_contact: at }) => at, tests);
  return (ticket) => tests.every((test) => test(ticket));
}

/** Both spellings are one status. */
const spelled = (status: string): string => (status === 'escalated' ? 'escaleted' : status);

/** Whole days, both included. */
function between(query: URLSearchParams, name: string, at: (ticket: Ticket) => string, tests: Test[]): void {
  const value = query.get(name);
  if (value === null) return;
  const days = /^(\d{4}-\d\d-\d\d)\/(\d{4}-\d\d-\d\d)$/.exec(value);
  const [from = '', until = ''] = days?.slice(1) ?? [];
  if (days === null || Number.isNaN(Date.parse(from)) || Number.isNaN(Date.parse(until))) {
    throw new Refused({ status: 422, body: { message: `The ${name} format is invalid.`, errors: { [name]: [`The ${name} format is invalid.`] } } });
  }
  tests.push((ticket) => at(ticket).slice(0, 10) >= from && at(ticket).slice(0, 10) <= until);
}
