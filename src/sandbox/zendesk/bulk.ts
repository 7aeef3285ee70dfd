/** Many tickets in one call, merges and tags. Source: developer.zendesk.com "Tickets" (bulk, merge, spam), "Tags", recorded job answers. */
import type { Call, Json, Reply, Route } from '../kit/desk.ts';
import { idNumber, isJson, printed } from '../kit/json.ts';
import { ACCOUNT_ID } from './account.ts';
import { closedTicket, missingParameter, recordInvalid, tooManyValues } from './errors.ts';
import type { Ticket, User } from './model.ts';
import { normaliseTags, readWrite } from './reading.ts';
import type { Uploads } from './uploads.ts';
import { demandFresh, liveTicket, type Desk, type Tickets } from './tickets.ts';

/** The tag that a ticket bears which was closed by being merged into another. */
const MERGED_TAG = 'closed_by_merge';

export function createBulk(desk: Desk, tickets: Tickets, uploads: Uploads): readonly Route[] {
  const { store, people, jobs, saves, reading } = desk;

  const idsOf = ({ query }: Call): string[] => {
    const ids = (query.get('ids') ?? '').split(',').filter((id) => id !== '');
    if (ids.length === 0) throw missingParameter('ids');
    if (ids.length > 100) throw tooManyValues();
    return ids;
  };
  const listOf = (call: Call): readonly Json[] => {
    const given = isJson(call.body) ? call.body['tickets'] : undefined;
    if (!Array.isArray(given)) throw missingParameter('tickets');
    if (given.length > 100) throw tooManyValues();
    return given.filter(isJson);
  };

  function updateMany(call: Call): Reply {
    const caller = people.caller(call);
    const shared = isJson(call.body) && isJson(call.body['ticket']) ? call.body['ticket'] : null;
    const rows = shared === null ? listOf(call) : idsOf(call).map((id) => ({ ...shared, id }));
    // A bulk update is always a safe one: its stamp is the moment at which it was asked for, so only what comes later is in its way.
    return jobs.run('Bulk Update Ticket', rows, (row) => {
      const id = idNumber(row['id']);
      tickets.update(liveTicket(store, Number.isSafeInteger(id) ? id : undefined, 'update_many'), row, caller, 'update_many');
      return { action: 'update', status: 'Updated', success: true, id };
    });
  }

  /** Sources are closed, their files go to the target, and each side says what became of the other. */
  function merge(call: Call): Reply {
    const caller = people.caller(call);
    const target = liveTicket(store, call.params['id']);
    const body = isJson(call.body) ? call.body : {};
    const ids = Array.isArray(body['ids']) ? body['ids'].map(idNumber) : [];
    if (ids.length === 0) throw missingParameter('ids');
    if (target.status === 'closed') throw closedTicket();
    const sources = ids.filter((id) => id !== target.id).map((id) => store.tickets.get(id));
    if (sources.length === 0 || sources.some((source) => !source || source.deletion || source.status === 'closed' || source.status === 'solved')) {
      throw recordInvalid('base', { description: 'Ticket could not be merged', error: 'InvalidValue' });
    }
    const said = (key: string, otherwise: string): string => (typeof body[key] === 'string' && body[key] !== '' ? printed(body[key]) : otherwise);
    return jobs.run('Merge Ticket', sources.filter((source) => source !== undefined), (source) => {
      mergeOne(source, target, caller, {
        source: said('source_comment', `This request was closed and merged into request #${target.id} "${target.subject ?? ''}".`),
        sourcePublic: body['source_comment_is_public'] === true,
        target: said('target_comment', `Request #${source.id} "${source.subject ?? ''}" was closed and merged into this request.`),
        targetPublic: body['target_comment_is_public'] === true,
      });
      return { action: 'merge', id: source.id, status: 'Merged', success: true };
    });
  }

  interface Words {
    readonly source: string;
    readonly sourcePublic: boolean;
    readonly target: string;
    readonly targetPublic: boolean;
  }

  function mergeOne(source: Ticket, target: Ticket, caller: User, words: Words): void {
    const via = (other: Ticket) => ({ channel: 'web', source: { from: { ticket_id: other.id, subject: other.subject }, to: {}, rel: 'merge' } });
    const draft = (text: string, visible: boolean) => ({ html: null, text, public: visible, authorId: null, uploads: [] });
    const files = uploads.copy(source.comments.flatMap(({ attachments }) => attachments));
    const gained = saves.comment(target, draft(words.target, words.targetPublic), caller, { via: via(source), attachments: files });
    desk.raise(target, caller, gained.happenings);
    const request = readWrite({ status: 'closed', tags: [...source.tags, MERGED_TAG] }, source, 'update', reading);
    const closed = saves.update(source, { ...request, comment: draft(words.source, words.sourcePublic) }, caller, { via: via(target) });
    desk.raise(source, caller, [...closed.happenings, { name: 'merged', event: { target_ticket_id: String(target.id) } }]);
  }

  /** The tag calls have no body of a ticket, yet take the same stamps. */
  function writeTags(call: Call, change: (before: readonly string[], given: readonly string[]) => readonly string[]): Json {
    const ticket = liveTicket(store, call.params['id']);
    const caller = people.caller(call);
    const body = isJson(call.body) ? call.body : {};
    if (ticket.status === 'closed') throw closedTicket();
    demandFresh(ticket, body['updated_stamp']);
    const tags = [...new Set(change(ticket.tags, normaliseTags(body['tags'])))];
    desk.raise(ticket, caller, saves.update(ticket, readWrite({ tags }, ticket, 'update', reading), caller).happenings);
    return { tags: ticket.tags };
  }

  const base = '/api/v2/tickets';
  return [
    {
      method: 'POST',
      path: `${base}/create_many`,
      handle: (call) => {
        const caller = people.caller(call);
        return jobs.run('Bulk Create Ticket', listOf(call), (row, index) => ({ index, id: tickets.create(row, caller, 'create_many').ticket.id, account_id: ACCOUNT_ID }));
      },
    },
    { method: 'PUT', path: `${base}/update_many`, handle: updateMany },
    {
      method: 'DELETE',
      path: `${base}/destroy_many`,
      handle: (call) => {
        const caller = people.caller(call);
        return jobs.run('Bulk Delete Ticket', idsOf(call), (id) => {
          const ticket = liveTicket(store, id, 'destroy_many');
          desk.trash.put(ticket, caller, true);
          return { action: 'delete', status: 'Deleted', success: true, id: ticket.id };
        });
      },
    },
    {
      method: 'PUT',
      path: `${base}/:id/mark_as_spam`,
      handle: (call) => {
        desk.trash.spam(liveTicket(store, call.params['id']), people.caller(call));
        return { status: 200, body: {} };
      },
    },
    {
      method: 'PUT',
      path: `${base}/mark_many_as_spam`,
      handle: (call) => {
        const caller = people.caller(call);
        return jobs.run('Bulk Mark as Spam', idsOf(call), (id) => {
          const ticket = liveTicket(store, id);
          desk.trash.spam(ticket, caller);
          return { action: 'update', status: 'Updated', success: true, id: ticket.id };
        });
      },
    },
    { method: 'POST', path: `${base}/:id/merge`, handle: merge },
    { method: 'GET', path: `${base}/:id/tags`, handle: (call) => ({ status: 200, body: { tags: liveTicket(store, call.params['id']).tags } }) },
    { method: 'POST', path: `${base}/:id/tags`, handle: (call) => ({ status: 201, body: writeTags(call, (_before, given) => given) }) },
    { method: 'PUT', path: `${base}/:id/tags`, handle: (call) => ({ status: 200, body: writeTags(call, (before, given) => [...before, ...given]) }) },
    {
      method: 'DELETE',
      path: `${base}/:id/tags`,
      handle: (call) => ({ status: 200, body: writeTags(call, (before, given) => before.filter((tag) => !given.includes(tag))) }),
    },
    ...(
      [
        ['collaborators', (ticket: Ticket) => [...ticket.email_cc_ids, ...ticket.follower_ids]],
        ['email_ccs', (ticket: Ticket) => ticket.email_cc_ids],
        ['followers', (ticket: Ticket) => ticket.follower_ids],
      ] as const
    ).map(([name, ids]): Route => ({
      method: 'GET',
      path: `${base}/:id/${name}`,
      handle: (call) => {
        const users = desk.show.users(ids(liveTicket(store, call.params['id'])));
        return { status: 200, body: { users, next_page: null, previous_page: null, count: users.length } };
      },
    })),
  ];
}
