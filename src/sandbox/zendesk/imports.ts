/**
 * Imports: tickets from elsewhere with their own times, told to nobody. And messages that wait, suspended, until somebody
 * recovers them. Sources: developer.zendesk.com "Ticket import", "Suspended tickets".
 */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Reply, type Route } from '../kit/desk.ts';
import { instant, isJson, objectAt, wholeNumber } from '../kit/json.ts';
import { missingParameter, notFound, recordInvalid, tooManyValues } from './errors.ts';
import { readCommentDraft } from './comments.ts';
import type { SuspendedTicket, Ticket, User } from './model.ts';
import { paged } from './paging.ts';
import { readWrite } from './reading.ts';
import type { Desk } from './tickets.ts';
import type { Uploads } from './uploads.ts';

const KEPT_MS = 14 * 24 * 3_600_000;

export function createImports(desk: Desk, uploads: Uploads): readonly Route[] {
  const { store, people, reading, saves, show, jobs } = desk;
  const timeOf = (input: Json, key: string): string | null => {
    const ms = instant(input[key]);
    return ms === null ? null : isoSeconds(ms);
  };

  function importOne(input: Json, caller: User, archived: boolean): Ticket {
    const given = Array.isArray(input['comments']) ? input['comments'].filter(isJson) : [];
    const comments = given.map((one) => ({ draft: readCommentDraft(one, store, uploads), at: timeOf(one, 'created_at') })).filter(({ draft }) => draft !== null);
    const [first, ...rest] = comments;
    const request = readWrite(input, null, 'create', reading);
    const opening = first?.draft ?? request.comment;
    if (!opening) throw recordInvalid('base', { description: 'Description: cannot be blank', error: 'BlankValue' });
    const created = timeOf(input, 'created_at') ?? first?.at ?? null;
    const updated = timeOf(input, 'updated_at') ?? timeOf(input, 'solved_at');
    const { ticket } = saves.create({ ...request, comment: opening }, caller, {
      ...(created === null ? {} : { at: created }),
      ...(updated === null ? {} : { updatedAt: updated }),
    });
    for (const { draft, at } of rest) if (draft) saves.comment(ticket, draft, caller, at === null ? {} : { at });
    if (updated !== null) ticket.updated_at = updated;
    if (archived && ticket.status === 'closed') ticket.archived = true;
    return ticket;
  }

  const archives = ({ query }: Call): boolean => query.get('archive_immediately') === 'true';
  return [
    {
      method: 'POST',
      path: '/api/v2/imports/tickets',
      handle: (call) => {
        const input = objectAt(call.body, 'ticket');
        if (!input) throw missingParameter('ticket');
        return { status: 201, body: { ticket: show.ticket(importOne(input, people.admin(call), archives(call))) } };
      },
    },
    {
      method: 'POST',
      path: '/api/v2/imports/tickets/create_many',
      handle: (call) => {
        const caller = people.admin(call);
        const inputs = isJson(call.body) && Array.isArray(call.body['tickets']) ? call.body['tickets'].filter(isJson) : [];
        if (inputs.length > 100) throw tooManyValues();
        return jobs.run('Bulk Import Ticket', inputs, (input, index) => ({ index, id: importOne(input, caller, archives(call)).id }));
      },
    },
  ];
}

export interface Suspended {
  readonly routes: readonly Route[];
  /** Sets a message aside: it is no ticket until somebody recovers it. */
  hold(message: Omit<SuspendedTicket, 'id' | 'created_at'>): SuspendedTicket;
}

export function createSuspended(desk: Desk): Suspended {
  const { store, people, reading, saves, show, premises, nextId } = desk;
  const address = (path: string): string => `${premises.url()}/api/v2/${path}.json`;
  const rows = (): SuspendedTicket[] => [...store.suspended.values()].filter(({ created_at: at }) => Date.parse(at) + KEPT_MS > premises.clock.now());

  const present = (one: SuspendedTicket): Json => ({
    url: address(`suspended_tickets/${one.id}`),
    id: one.id,
    author: one.author,
    subject: one.subject,
    content: one.content,
    cause: one.cause,
    cause_id: one.cause_id,
    error_messages: null,
    message_id: `<${one.id}@example.com>`,
    ticket_id: null,
    created_at: one.created_at,
    updated_at: one.created_at,
    via: { channel: 'web', source: { from: {}, to: {}, rel: null } },
    attachments: [],
    recipient: null,
    brand_id: null,
  });
  const find = (id: string | undefined): SuspendedTicket => {
    const found = rows().find((one) => one.id === wholeNumber(id));
    if (!found) throw new Refused(notFound());
    return found;
  };
  const idsOf = ({ query }: Call): string[] => {
    const ids = (query.get('ids') ?? '').split(',').filter((id) => id !== '');
    if (ids.length === 0) throw missingParameter('ids');
    if (ids.length > 100) throw tooManyValues();
    return ids;
  };

  function recover(one: SuspendedTicket, caller: User): Ticket {
    const { author } = one;
    const known = author.email === null ? undefined : people.findByEmail(author.email);
    if (known?.suspended) known.suspended = false;
    const request = readWrite(
      { subject: one.subject, comment: { body: one.content }, requester: { name: author.name, ...(author.email === null ? {} : { email: author.email }) } },
      null, 'create', reading,
    );
    const { ticket, happenings } = saves.create(request, caller, { via: { channel: 'recovered_from_suspended_tickets', source: { from: {}, to: {}, rel: null } } });
    store.suspended.delete(one.id);
    desk.raise(ticket, caller, happenings);
    return ticket;
  }

  const base = '/api/v2/suspended_tickets';
  const order = { place: () => 0, id: ({ id }: SuspendedTicket) => id, descending: false };
  const answer = (tickets: readonly Ticket[]): Reply => ({ status: 200, body: { tickets: tickets.map((ticket) => show.ticket(ticket)) } });
  return {
    hold(message) {
      const held: SuspendedTicket = { ...message, id: nextId(), created_at: isoSeconds(premises.clock.now()) };
      store.suspended.set(held.id, held);
      return held;
    },
    routes: [
      { method: 'GET', path: base, handle: ({ query }) => ({ status: 200, body: paged({ key: 'suspended_tickets', rows: rows(), order, show: present, address: address('suspended_tickets') }, query) }) },
      { method: 'GET', path: `${base}/:id`, handle: (call) => ({ status: 200, body: { suspended_ticket: present(find(call.params['id'])) } }) },
      { method: 'PUT', path: `${base}/:id/recover`, handle: (call) => ({ status: 200, body: { ticket: show.ticket(recover(find(call.params['id']), people.agent(call))) } }) },
      {
        method: 'PUT',
        path: `${base}/recover_many`,
        handle: (call) => {
          const caller = people.agent(call);
          return answer(idsOf(call).map(find).map((one) => recover(one, caller)));
        },
      },
      {
        method: 'DELETE',
        path: `${base}/destroy_many`,
        handle: (call) => {
          idsOf(call).map(find).forEach(({ id }) => store.suspended.delete(id));
          return { status: 204 };
        },
      },
      {
        method: 'DELETE',
        path: `${base}/:id`,
        handle: (call) => {
          store.suspended.delete(find(call.params['id']).id);
          return { status: 204 };
        },
      },
    ],
  };
}

