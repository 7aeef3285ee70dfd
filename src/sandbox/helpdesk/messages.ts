/**
 * `/helpdesk/api/messages`: outside the API-key API, for signed-in users; snake_case in, camelCase out.
 * Two assumptions, because the vendor says nothing: a new message moves its ticket's `updatedAt`, and `ticket.updated`
 * is dispatched for it (there is no event for messages). The list's envelope is likewise the sister product's.
 */
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { escapeHtml, htmlToText, sanitiseHtml } from '../kit/html.ts';
import { isJson, wholeNumber } from '../kit/json.ts';
import { badRequest, failure, invalid, notFound, type Problem } from './errors.ts';
import type { Hooks } from './hooks.ts';
import { MESSAGE_TYPES, USERS, type Message, type Store } from './model.ts';
import { showTicket } from './tickets.ts';

export const MESSAGES_PATH = '/helpdesk/api/messages';

const MAX_LIMIT = 100;

export function createMessages(parts: {
  readonly store: Store;
  readonly hooks: Hooks;
  readonly premises: Premises;
  readonly name: (prefix: string) => string;
}): readonly Route[] {
  const { store, hooks, premises } = parts;
  const show = (message: Message): Json => ({ ...message });

  function list({ query }: Call): Reply {
    const ticketId = query.get('ticket_id');
    if (ticketId === null) throw badRequest('ticket_id is required');
    if (!store.tickets.has(ticketId)) throw new Refused(notFound('Ticket'));
    const limit = Math.min(wholeNumber(query.get('limit')) ?? 50, MAX_LIMIT);
    const page = Math.max(1, wholeNumber(query.get('page')) ?? 1);
    if (limit === 0) throw badRequest('limit must be a positive integer');
    const all = store.byTicket.get(ticketId) ?? [];
    const rows = query.get('sort_order') === 'desc' ? all.toReversed() : all;
    const shown = rows.slice((page - 1) * limit, page * limit);
    return { status: 200, body: { messages: shown.map(show), meta: { page, limit, total: all.length, hasMore: page * limit < all.length } } };
  }

  function create(call: Call): Reply {
    if (!isJson(call.body)) throw badRequest('The request body must be an object');
    const { ticket_id: ticketId, type, content, text_content: textContent, ccs } = call.body;
    const author = USERS.find(({ email }) => email === call.who);
    if (!author || author.role === 'viewer') throw new Refused(failure(403, 'FORBIDDEN', 'Only agents may write messages'));
    const problems: Problem[] = [];
    if (typeof ticketId !== 'string') problems.push({ field: 'ticket_id', message: 'is required' });
    if (typeof type !== 'string' || !MESSAGE_TYPES.includes(type)) problems.push({ field: 'type', message: `must be one of ${MESSAGE_TYPES.join(', ')}` });
    const html = typeof content === 'string' && content !== '' ? sanitiseHtml(content) : typeof textContent === 'string' ? `<p>${escapeHtml(textContent)}</p>` : '';
    if (html === '') problems.push({ field: 'content', message: 'is required' });
    if (problems.length > 0) throw invalid(problems);
    const ticket = store.tickets.get(String(ticketId));
    if (!ticket) throw new Refused(notFound('Ticket'));
    const now = new Date(premises.clock.now()).toISOString();
    const message: Message = {
      id: parts.name('msg'),
      ticketId: ticket.id,
      type: type as Message['type'],
      content: html,
      textContent: typeof textContent === 'string' ? textContent : htmlToText(html),
      authorId: author.id,
      attachments: [],
      ccs: Array.isArray(ccs) ? ccs.filter(isJson) : [],
      createdAt: now,
      updatedAt: now,
    };
    store.messages.set(message.id, message);
    const siblings = store.byTicket.get(ticket.id);
    if (siblings) siblings.push(message);
    else store.byTicket.set(ticket.id, [message]);
    store.touch(ticket, now);
    hooks.fire(['ticket.updated'], showTicket(ticket));
    return { status: 201, body: { message: show(message) } };
  }

  return [
    { method: 'GET', path: MESSAGES_PATH, handle: list },
    { method: 'POST', path: MESSAGES_PATH, handle: create },
    {
      method: 'GET',
      path: `${MESSAGES_PATH}/:id`,
      handle: ({ params }) => {
        const message = store.messages.get(params['id'] ?? '');
        return message ? { status: 200, body: { message: show(message) } } : notFound('Message');
      },
    },
  ];
}
