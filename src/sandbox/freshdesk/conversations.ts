/** Replies and notes. Source: developers.freshdesk.com "Conversations", recorded rows. */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { htmlToText, sanitiseHtml } from '../kit/html.ts';
import { EMAIL, isTextList, wholeNumber } from '../kit/json.ts';
import { blank, invalidField, missing, nobody, notA, notAllowed, validationFailed, type Problem } from './errors.ts';
import type { Hooks } from './hooks.ts';
import type { Conversation, Store, Ticket } from './model.ts';
import { pageOf } from './paging.ts';
import type { People } from './people.ts';
import { wrapHtml } from './reading.ts';
import { demandObject, type Tickets } from './tickets.ts';

const SUPPORT_EMAIL = 'support@sandbox.example';

/** A reply knows nothing of privacy: sending `private` is an error. */
const REPLY_KEYS: ReadonlySet<string> = new Set(['body', 'structured_body', 'attachments', 'from_email', 'user_id', 'cc_emails', 'bcc_emails']);
const NOTE_KEYS: ReadonlySet<string> = new Set(['body', 'structured_body', 'private', 'incoming', 'notify_emails', 'user_id', 'attachments']);
const EDIT_KEYS: ReadonlySet<string> = new Set(['body', 'attachments']);

/** A row of the list: reply = source 0 and category 3, note = source 2 and category 2. */
export const showConversation = (ticket: Ticket, item: Conversation): Json => ({
  body: item.body,
  body_text: htmlToText(item.body),
  id: item.id,
  incoming: item.incoming,
  private: item.private,
  user_id: item.user_id,
  support_email: item.kind === 'reply' ? SUPPORT_EMAIL : null,
  source: item.kind === 'reply' ? 0 : 2,
  category: item.kind === 'reply' ? 3 : 2,
  to_emails: item.kind === 'reply' ? item.notified : null,
  from_email: item.kind === 'reply' ? `Sandbox <${SUPPORT_EMAIL}>` : null,
  cc_emails: item.ccs,
  bcc_emails: null,
  email_failure_count: null,
  outgoing_failures: null,
  thread_id: null,
  thread_message_id: null,
  created_at: item.created_at,
  updated_at: item.updated_at,
  last_edited_at: item.last_edited_at,
  last_edited_user_id: item.last_edited_user_id,
  attachments: [],
  automation_id: null,
  automation_type_id: null,
  auto_response: false,
  ticket_id: ticket.id,
  threading_type: null,
  source_additional_info: null,
});

export function createConversations(parts: {
  readonly store: Store;
  readonly people: People;
  readonly tickets: Tickets;
  readonly hooks: Hooks;
  readonly premises: Premises;
  readonly nextId: () => number;
}): readonly Route[] {
  const { store, people, tickets, hooks, premises } = parts;

  function readBody(input: Json, known: ReadonlySet<string>, problems: Problem[]): string {
    for (const key of Object.keys(input)) if (!known.has(key)) problems.push(invalidField(key));
    const { body } = input;
    if (body === undefined) problems.push(notA('body', 'String', 'missing_field'));
    else if (typeof body !== 'string') problems.push(notA('body', 'String'));
    else if (body.trim() === '') problems.push(blank('body'));
    return typeof body === 'string' ? wrapHtml(sanitiseHtml(body)) : '';
  }

  const flag = (input: Json, key: string, fallback: boolean, problems: Problem[]): boolean => {
    const value = input[key];
    if (value !== undefined && typeof value !== 'boolean') problems.push(notA(key, 'Boolean'));
    return typeof value === 'boolean' ? value : fallback;
  };
  const mailboxes = (input: Json, key: string, problems: Problem[]): readonly string[] => {
    const value = input[key];
    if (value === undefined) return [];
    if (!isTextList(value)) problems.push(notA(key, 'Array'));
    else if (!value.every((email) => EMAIL.test(email))) problems.push({ field: key, message: "It should be in the 'valid email address' format", code: 'invalid_value' });
    else return value;
    return [];
  };
  /** `user_id` speaks for somebody else: for a reply another agent, for a note anybody. */
  const author = (input: Json, caller: number, agentsOnly: boolean, problems: Problem[]): number => {
    const id = input['user_id'];
    if (id === undefined || id === null) return caller;
    const person = typeof id === 'number' ? store.people.get(id) : undefined;
    if (!person || (agentsOnly && !person.agent)) problems.push(nobody('user_id', agentsOnly ? 'agent' : 'user'));
    return person?.id ?? caller;
  };

  /** A new conversation moves the ticket's `updated_at`. */
  function add(ticket: Ticket, fields: Omit<Conversation, 'id' | 'created_at' | 'updated_at' | 'last_edited_at' | 'last_edited_user_id'>): Conversation {
    const at = isoSeconds(premises.clock.now());
    const conversation: Conversation = { ...fields, id: parts.nextId(), created_at: at, updated_at: at, last_edited_at: null, last_edited_user_id: null };
    ticket.conversations.push(conversation);
    store.conversations.set(conversation.id, { ticket, conversation });
    if (fields.kind === 'reply') {
      ticket.stats.agent_responded_at = at;
      ticket.stats.first_responded_at ??= at;
    } else if (fields.incoming) ticket.stats.requester_responded_at = at;
    store.touch(ticket, at);
    return conversation;
  }

  const answer = (ticket: Ticket, item: Conversation, extra: Json): Reply => ({
    status: 201,
    body: {
      body: item.body,
      body_text: htmlToText(item.body),
      id: item.id,
      user_id: item.user_id,
      ticket_id: ticket.id,
      ...extra,
      attachments: [],
      created_at: item.created_at,
      updated_at: item.updated_at,
    },
    headers: { Location: `${premises.url()}/api/v2/conversations/${item.id}` },
  });

  function reply(call: Call): Reply {
    const ticket = tickets.writable(call);
    const input = demandObject(call);
    const problems: Problem[] = [];
    const body = readBody(input, REPLY_KEYS, problems);
    const userId = author(input, people.caller(call).id, true, problems);
    const ccs = mailboxes(input, 'cc_emails', problems);
    mailboxes(input, 'bcc_emails', problems);
    if (problems.length > 0) throw validationFailed(problems);
    const email = store.people.get(ticket.requester_id)?.email;
    const repliedTo = email === null || email === undefined ? [] : [email];
    const item = add(ticket, { kind: 'reply', body, private: false, incoming: false, user_id: userId, ccs, notified: repliedTo });
    hooks.fire(ticket, { kind: 'reply' });
    return answer(ticket, item, { from_email: SUPPORT_EMAIL, cc_emails: ccs, bcc_emails: [], replied_to: repliedTo });
  }

  function note(call: Call): Reply {
    const ticket = tickets.writable(call);
    const input = demandObject(call);
    const problems: Problem[] = [];
    const body = readBody(input, NOTE_KEYS, problems);
    const hidden = flag(input, 'private', true, problems);
    const incoming = flag(input, 'incoming', false, problems);
    const notified = mailboxes(input, 'notify_emails', problems);
    const userId = author(input, people.caller(call).id, false, problems);
    if (problems.length > 0) throw validationFailed(problems);
    const item = add(ticket, { kind: 'note', body, private: hidden, incoming, user_id: userId, ccs: [], notified });
    hooks.fire(ticket, { kind: 'note', private: hidden });
    return answer(ticket, item, {
      incoming, private: hidden, support_email: null, source: 2, category: 2, to_emails: notified, from_email: null, cc_emails: [], bcc_emails: [], notified_to: notified,
    });
  }

  const find = (call: Call): { ticket: Ticket; conversation: Conversation } => {
    const found = store.conversations.get(wholeNumber(call.params['id']) ?? 0);
    if (!found) throw new Refused(missing());
    return found;
  };

  /** Notes only, and only their text: neither author nor privacy. The ticket's `updated_at` stays, and no rule hears of it. */
  function edit(call: Call): Reply {
    const { ticket, conversation } = find(call);
    if (conversation.kind !== 'note' || ticket.deleted) return notAllowed('PUT', ['DELETE']);
    const problems: Problem[] = [];
    const body = readBody(demandObject(call), EDIT_KEYS, problems);
    if (problems.length > 0) throw validationFailed(problems);
    const at = isoSeconds(premises.clock.now());
    Object.assign(conversation, { body, updated_at: at, last_edited_at: at, last_edited_user_id: people.caller(call).id });
    return { status: 200, body: showConversation(ticket, conversation) };
  }

  function remove(call: Call): Reply {
    const { ticket, conversation } = find(call);
    if (ticket.deleted) return notAllowed('DELETE', ['GET']);
    store.conversations.delete(conversation.id);
    ticket.conversations.splice(ticket.conversations.indexOf(conversation), 1);
    return { status: 204 };
  }

  return [
    {
      method: 'GET',
      path: '/api/v2/tickets/:id/conversations',
      handle: (call) => {
        const ticket = tickets.find(call);
        const address = `${premises.url()}/api/v2/tickets/${ticket.id}/conversations`;
        return pageOf(ticket.conversations, (item) => showConversation(ticket, item), call, address);
      },
    },
    { method: 'POST', path: '/api/v2/tickets/:id/reply', handle: reply },
    { method: 'POST', path: '/api/v2/tickets/:id/notes', handle: note },
    { method: 'PUT', path: '/api/v2/conversations/:id', handle: edit },
    { method: 'DELETE', path: '/api/v2/conversations/:id', handle: remove },
  ];
}
