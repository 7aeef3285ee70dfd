/** Deleting and what comes after: the trash, restoring, deleting for good, spam. Source: developer.zendesk.com "Tickets", "Deleted tickets", recorded answers. */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { wholeNumber } from '../kit/json.ts';
import { missingParameter, notFound, tooManyValues } from './errors.ts';
import type { Happening } from './events.ts';
import type { Jobs } from './jobs.ts';
import type { Ticket, User } from './model.ts';
import { paged } from './paging.ts';
import type { People } from './people.ts';
import type { Store } from './store.ts';

export interface Trash {
  readonly routes: readonly Route[];
  /** Into the trash, or out of it. */
  put(ticket: Ticket, caller: User, deleted: boolean): void;
  /** Into the trash, and its requester is suspended. */
  spam(ticket: Ticket, caller: User): void;
}

/** The trash shows what was deleted in the last thirty days. */
const SHOWN_MS = 30 * 24 * 3_600_000;

export function createTrash(parts: {
  readonly store: Store;
  readonly people: People;
  readonly premises: Premises;
  readonly jobs: Jobs;
  raise(ticket: Ticket, actor: User, happenings: readonly Happening[]): void;
}): Trash {
  const { store, people, premises, jobs } = parts;
  const address = (path: string): string => `${premises.url()}/api/v2/${path}.json`;

  const trashed = (id: string | undefined): Ticket => {
    const ticket = store.tickets.get(wholeNumber(id) ?? 0);
    if (!ticket?.deletion) throw new Refused(notFound());
    return ticket;
  };
  const idsOf = ({ query }: Call): string[] => {
    const ids = (query.get('ids') ?? '').split(',').filter((id) => id !== '');
    if (ids.length === 0) throw missingParameter('ids');
    if (ids.length > 100) throw tooManyValues();
    return ids;
  };

  function put(ticket: Ticket, caller: User, deleted: boolean): void {
    const now = isoSeconds(premises.clock.now());
    ticket.deletion = deleted ? { at: now, by: caller.id } : null;
    store.touch(ticket, now);
    parts.raise(ticket, caller, [{ name: deleted ? 'soft_deleted' : 'undeleted', event: {} }]);
  }

  function forGood(ticket: Ticket, caller: User): Json {
    parts.raise(ticket, caller, [{ name: 'permanently_deleted', event: {} }]);
    store.remove(ticket);
    return { id: ticket.id, success: true };
  }

  function list({ query }: Call): Reply {
    const since = premises.clock.now() - SHOWN_MS;
    const rows = [...store.tickets.values()].filter(({ deletion }) => deletion && Date.parse(deletion.at) >= since);
    const show = (ticket: Ticket): object => ({
      id: ticket.id,
      subject: ticket.subject,
      description: ticket.comments[0]?.body ?? '',
      actor: { id: ticket.deletion?.by, name: store.users.get(ticket.deletion?.by ?? 0)?.name ?? '' },
      deleted_at: ticket.deletion?.at,
      previous_state: ticket.status,
    });
    const order = { place: () => 0, id: ({ id }: Ticket) => id, descending: false };
    return { status: 200, body: paged({ key: 'deleted_tickets', rows, order, show, address: address('deleted_tickets') }, query) };
  }

  const base = '/api/v2/deleted_tickets';
  const routes: readonly Route[] = [
    { method: 'GET', path: base, handle: list },
    {
      method: 'PUT',
      path: `${base}/:id/restore`,
      handle: (call) => {
        put(trashed(call.params['id']), people.caller(call), false);
        return { status: 200, body: {} };
      },
    },
    {
      method: 'PUT',
      path: `${base}/restore_many`,
      handle: (call) => {
        const caller = people.caller(call);
        idsOf(call).map(trashed).forEach((ticket) => put(ticket, caller, false));
        return { status: 200, body: {} };
      },
    },
    {
      method: 'DELETE',
      path: `${base}/destroy_many`,
      handle: (call) => {
        const caller = people.caller(call);
        return jobs.run('Permanently Delete Tickets', idsOf(call), (id) => forGood(trashed(id), caller));
      },
    },
    {
      method: 'DELETE',
      path: `${base}/:id`,
      handle: (call) => {
        const ticket = trashed(call.params['id']);
        return jobs.run('Permanently Delete Tickets', [ticket], () => forGood(ticket, people.caller(call)));
      },
    },
  ];

  return {
    routes,
    put,
    spam(ticket, caller) {
      const requester = store.users.get(ticket.requester_id);
      if (requester?.role === 'end-user') requester.suspended = true;
      parts.raise(ticket, caller, [{ name: 'marked_as_spam', event: {} }]);
      put(ticket, caller, true);
    },
  };
}
