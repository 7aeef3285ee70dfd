/**
 * `/helpdesk/api/messages`: outside the API-key API, for signed-in users; snake_case in, camelCase out. The vendor documents the
 * calls and a message's attributes. Assumed are the list's envelope, that a message moves its ticket and dispatches `ticket.updated`
 * (there is no event for messages), both of them switches, and where files go: `POST /helpdesk/api/attachments` gives the token that
 * a message takes, and its `url` hands the file out to any user.
 */
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import type { Files } from '../kit/files.ts';
import { escapeHtml, htmlToText, sanitiseHtml } from '../kit/html.ts';
import { isJson, wholeNumber } from '../kit/json.ts';
import { badRequest, failure, invalid, notFound, type Problem } from './errors.ts';
import type { Hooks } from './hooks.ts';
import { MESSAGE_TYPES, USERS, type Message, type MessageFile, type Store } from './model.ts';
import type { Settings } from './settings.ts';
import { showTicket } from './tickets.ts';

export const MESSAGES_PATH = '/helpdesk/api/messages';
export const FILES_PATH = '/helpdesk/api/attachments';

const MAX_LIMIT = 100;

export function createMessages(parts: {
  readonly store: Store;
  readonly files: Files;
  readonly hooks: Hooks;
  readonly premises: Premises;
  readonly settings: Settings;
  readonly name: (prefix: string) => string;
}): readonly Route[] {
  const { store, files, hooks, premises, settings } = parts;
  const show = (message: Message): Json => ({ ...message });
  const one = (status: number, message: Message): Reply => {
    const key = { messages: 'message', data: 'data', bare: null }[settings.message_envelope];
    return { status, body: key === null ? show(message) : { [key]: show(message) } };
  };

  function list({ query }: Call): Reply {
    const ticketId = query.get('ticket_id');
    if (ticketId === null) throw badRequest('ticket_id is required');
    if (!store.tickets.has(ticketId)) throw new Refused(notFound('Ticket'));
    const limit = Math.min(wholeNumber(query.get('limit')) ?? 50, MAX_LIMIT);
    const page = Math.max(1, wholeNumber(query.get('page')) ?? 1);
    if (limit === 0) throw badRequest('limit must be a positive integer');
    const all = store.byTicket.get(ticketId) ?? [];
    const rows = query.get('sort_order') === 'desc' ? all.toReversed() : all;
    const shown = rows.slice((page - 1) * limit, page * limit).map(show);
    if (settings.message_envelope === 'bare') return { status: 200, body: shown };
    return { status: 200, body: { [settings.message_envelope]: shown, meta: { page, limit, total: all.length, hasMore: page * limit < all.length } } };
  }

  const writer = (call: Call): (typeof USERS)[number] => {
    const author = USERS.find(({ email }) => email === call.who);
    if (!author || author.role === 'viewer') throw new Refused(failure(403, 'FORBIDDEN', 'Only agents may write messages'));
    return author;
  };

  /** The files that a message names by their tokens. */
  function named(value: unknown, problems: Problem[]): readonly MessageFile[] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      problems.push({ field: 'attachments', message: 'must be a list' });
      return [];
    }
    return value.flatMap((given: unknown) => {
      const token: unknown = isJson(given) ? given['token'] : undefined;
      const file = typeof token === 'string' ? files.byToken(token) : undefined;
      if (file) return [{ token: file.token, name: file.filename, size: file.bytes.length, contentType: file.type, url: `${FILES_PATH}/${file.token}` }];
      problems.push({ field: 'attachments', message: 'has an unknown token' });
      return [];
    });
  }

  function copied(value: unknown, problems: Problem[]): Message['ccs'] {
    if (value === undefined || value === null) return [];
    const people = Array.isArray(value) ? value.flatMap((given: unknown) => (isJson(given) && typeof given['email'] === 'string' ? [given] : [])) : [];
    if (!Array.isArray(value) || people.length < value.length) problems.push({ field: 'ccs', message: 'must be a list of people with an email' });
    return people.map(({ email, name }) => ({ email: String(email), name: typeof name === 'string' ? name : null }));
  }

  function create(call: Call): Reply {
    if (!isJson(call.body)) throw badRequest('The request body must be an object');
    const { ticket_id: ticketId, type, content, text_content: textContent, send_email: sendEmail } = call.body;
    const author = writer(call);
    const problems: Problem[] = [];
    if (typeof ticketId !== 'string') problems.push({ field: 'ticket_id', message: 'is required' });
    if (typeof type !== 'string' || !MESSAGE_TYPES.includes(type)) problems.push({ field: 'type', message: `must be one of ${MESSAGE_TYPES.join(', ')}` });
    if (sendEmail !== undefined && typeof sendEmail !== 'boolean') problems.push({ field: 'send_email', message: 'must be true or false' });
    const html = typeof content === 'string' && content !== '' ? sanitiseHtml(content) : typeof textContent === 'string' ? `<p>${escapeHtml(textContent)}</p>` : '';
    if (html === '') problems.push({ field: 'content', message: 'is required' });
    const attachments = named(call.body['attachments'], problems);
    const ccs = copied(call.body['ccs'], problems);
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
      attachments,
      ccs,
      createdAt: now,
      updatedAt: now,
    };
    store.messages.set(message.id, message);
    const siblings = store.byTicket.get(ticket.id);
    if (siblings) siblings.push(message);
    else store.byTicket.set(ticket.id, [message]);
    // Mailing is what responses do unless told not to.
    if (message.type === 'response' ? sendEmail !== false : sendEmail === true) store.mailed.add(message.id);
    if (settings.message_moves_ticket) {
      store.touch(ticket, now);
      hooks.fire(['ticket.updated'], showTicket(ticket));
    }
    return one(201, message);
  }

  function upload(call: Call): Reply {
    writer(call);
    const part = call.form?.find((given) => 'bytes' in given);
    if (part === undefined || !('bytes' in part)) throw badRequest('The request must be a form with a file');
    const file = files.add({ filename: part.filename, type: part.type || 'application/octet-stream', bytes: part.bytes }, premises.clock.now());
    return { status: 201, body: { attachment: { token: file.token, name: file.filename, size: file.bytes.length } } };
  }

  return [
    { method: 'GET', path: MESSAGES_PATH, handle: list },
    { method: 'POST', path: MESSAGES_PATH, handle: create },
    {
      method: 'GET',
      path: `${MESSAGES_PATH}/:id`,
      handle: ({ params }) => {
        const message = store.messages.get(params['id'] ?? '');
        return message ? one(200, message) : notFound('Message');
      },
    },
    { method: 'POST', path: FILES_PATH, reads: 'form', handle: upload },
    {
      method: 'GET',
      path: `${FILES_PATH}/:token`,
      handle: ({ params }) => {
        const file = files.byToken(params['token'] ?? '');
        return file ? { status: 200, bytes: file.bytes, type: file.type } : notFound('Attachment');
      },
    },
  ];
}
