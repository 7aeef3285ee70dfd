/** What people did on an account's desk, as a feed that is read on from where it was left. */
import type { EventType } from '../../core/model.ts';
import type { EventFeed, FeedEvent } from '../../ports/api.ts';
import { iso } from './accounts-view.ts';
import { idOf } from './ids.ts';
import type { Call, Parameter, Reply, Route } from './route.ts';
import { commentPath, ticketPath, type Href } from './tickets-view.ts';

const PATH = '/v1/accounts/{account_id}/events';

const QUERY: Readonly<Record<string, Parameter>> = {
  cursor: {
    about: 'Where to go on: the `cursor` of the page before. Without it the feed is read from its beginning, as far as it is kept.',
    schema: { type: 'integer', minimum: -1, maximum: 999_999_999_999_999 },
  },
  page_size: { about: 'How many events a page has at most.', schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 } },
};

const ACTIONS: Readonly<Record<EventType, 'add' | 'update' | 'delete'>> = {
  'ticket.created': 'add',
  'ticket.updated': 'update',
  'ticket.assignment.changed': 'update',
  'ticket.deleted': 'delete',
  'comment.created': 'add',
  'comment.updated': 'update',
  'comment.deleted': 'delete',
};

export function eventRoutes({ feed, href }: { readonly feed: EventFeed; readonly href: Href }): readonly Route[] {
  function shown({ id, account_id: account, type, ticket_id: ticket, comment_id: comment, changed, at }: FeedEvent): object {
    const of = comment === null
      ? { id: idOf('ticket', ticket), type: 'ticket', api: 'helpdesk', href: href(ticketPath(account, ticket)) }
      : { id: idOf('comment', comment), type: 'comment', api: 'helpdesk', href: href(commentPath(account, ticket, comment)) };
    return { id, account, type, action: ACTIONS[type], modified: iso(at), changed, metadata: of, user_id: null, ip: null };
  }

  async function list(call: Call): Promise<Reply> {
    const { cursor = 0, page_size: size } = call.query as { readonly cursor?: number; readonly page_size: number };
    const { id } = call.member.account;
    // One old client writes -1 for the end.
    const place = cursor === -1 ? await feed.latest(id) : cursor;
    const { events, remaining } = await feed.after(id, place, size);
    const last = events.at(-1)?.place ?? place;
    return {
      status: 200,
      body: { count: events.length, page: 1, next_page: null, objects: events.map(shown), type: 'object_list', api: 'helpdesk', cursor: last, remaining },
    };
  }

  const shared = { tag: 'Events', scope: 'any', method: 'GET', errors: [] } as const;
  return [
    {
      ...shared, path: PATH, operation: 'listEvents', summary: 'Read events', query: QUERY,
      about: 'What people did on the desk, oldest first, as Deskmesh took it in; what Deskmesh itself wrote there is not told. Read on with `cursor` until `objects` is empty. Kept as long as the record of writes.',
      answers: { 200: { about: 'One page.', schema: 'event-list' } }, handle: list,
    },
    {
      ...shared, path: `${PATH}/latest`, operation: 'latestEvent', summary: 'The end of the feed',
      answers: { 200: { about: 'A cursor from which only what happens later is read.', schema: 'event-cursor' } },
      handle: async ({ member }) => ({ status: 200, body: { cursor: await feed.latest(member.account.id) } }),
    },
  ];
}
