/** Replies, notes and forwards. Source: developers.freshdesk.com "Conversations", recorded rows. */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { escapeHtml, htmlToText } from '../kit/html.ts';
import { EMAIL, isJson, isTextList, wholeNumber } from '../kit/json.ts';
import type { Attachments } from './attachments.ts';
import { SUPPORT_EMAIL } from './catalog.ts';
import { badEmail, blank, invalidField, missing, nobody, notA, notAllowed, notOnBehalf, validationFailed, type Problem } from './errors.ts';
import { readInput, type Input } from './form.ts';
import type { Hooks } from './hooks.ts';
import type { Conversation, Person, Store, Ticket } from './model.ts';
import { demandKnown, pageOf } from './paging.ts';
import type { People } from './people.ts';
import { storedHtml } from './reading.ts';
import type { Settings } from './settings.ts';
import type { Tickets } from './tickets.ts';
import type { Views } from './views.ts';

/** What makes a conversation; the rest has a default. */
export type Draft = Pick<Conversation, 'kind' | 'body' | 'private' | 'incoming' | 'user_id'> &
  Partial<Pick<Conversation, 'from_email' | 'to_emails' | 'cc_emails' | 'bcc_emails' | 'automation_id' | 'auto_response' | 'attachments'>>;

export interface Conversations {
  readonly routes: readonly Route[];
  /** Adds one as it is; nobody is asked whether that may be. A new conversation moves the ticket's `updated_at`. */
  add(ticket: Ticket, draft: Draft): Conversation;
  note(ticket: Ticket, body: string, hidden: boolean, by: Person): void;
  reply(ticket: Ticket, input: Input, by: Person): Conversation;
}

/** A reply knows nothing of privacy: sending `private` is an error. */
const REPLY_KEYS: ReadonlySet<string> = new Set(['body', 'structured_body', 'attachments', 'from_email', 'user_id', 'cc_emails', 'bcc_emails']);
const NOTE_KEYS: ReadonlySet<string> = new Set(['body', 'structured_body', 'private', 'incoming', 'notify_emails', 'user_id', 'attachments']);
const EDIT_KEYS: ReadonlySet<string> = new Set(['body', 'attachments']);
const FORWARD_KEYS: ReadonlySet<string> = new Set([
  'body', 'attachments', 'from_email', 'to_emails', 'cc_emails', 'bcc_emails', 'include_quoted_text', 'include_original_attachments', 'cloud_files',
]);
/** Chat and mobile tickets take structured bodies for what the customer sees. */
const CHATTY: ReadonlySet<number> = new Set([8, 15]);

export function createConversations(parts: {
  readonly store: Store;
  readonly people: People;
  readonly tickets: Tickets;
  readonly hooks: Hooks;
  readonly attachments: Attachments;
  readonly views: Views;
  readonly premises: Premises;
  readonly settings: Settings;
  readonly nextId: () => number;
}): Conversations {
  const { store, people, tickets, hooks, attachments, views, premises, settings } = parts;

  function structured(value: unknown, problems: Problem[]): string {
    const contents = isJson(value) && Array.isArray(value['body_contents']) ? (value['body_contents'] as readonly unknown[]) : [];
    const texts = contents.map((content) => (isJson(content) && content['type'] === 'text' && isJson(content['data']) ? content['data']['content'] : undefined));
    if (texts.length === 0 || !texts.every((text) => typeof text === 'string' && text.trim() !== '')) problems.push(notA('structured_body', 'key/value pair'));
    return texts.map((text) => `<p>${escapeHtml(typeof text === 'string' ? text : '').replaceAll('\n', '<br>')}</p>`).join('');
  }

  /** The text as it is stored. `shown`: the customer sees it. */
  function readBody({ fields }: Input, known: ReadonlySet<string>, ticket: Ticket, shown: boolean, problems: Problem[]): string {
    for (const key of Object.keys(fields)) if (!known.has(key)) problems.push(invalidField(key));
    const { body, structured_body: shaped } = fields;
    if (known.has('structured_body') && shown && CHATTY.has(ticket.source)) {
      if (body !== undefined) problems.push({ ...invalidField('body'), code: 'incompatible_field' });
      if (shaped === undefined) problems.push(notA('structured_body', 'key/value pair', 'missing_field'));
      return shaped === undefined ? '' : structured(shaped, problems);
    }
    if (shaped !== undefined) problems.push({ ...invalidField('structured_body'), code: 'incompatible_field' });
    if (body === undefined) problems.push(notA('body', 'String', 'missing_field'));
    else if (typeof body !== 'string') problems.push(notA('body', 'String'));
    else if (body.trim() === '') problems.push(blank('body'));
    return typeof body === 'string' ? storedHtml(body) : '';
  }

  const flag = ({ fields }: Input, key: string, fallback: boolean, problems: Problem[]): boolean => {
    const value = fields[key];
    if (value !== undefined && typeof value !== 'boolean') problems.push(notA(key, 'Boolean'));
    return typeof value === 'boolean' ? value : fallback;
  };
  const mailboxes = ({ fields }: Input, key: string, problems: Problem[]): readonly string[] => {
    const value = fields[key];
    if (value === undefined) return [];
    if (!isTextList(value)) problems.push(notA(key, 'Array'));
    else if (!value.every((email) => EMAIL.test(email))) problems.push(badEmail(key));
    else return value;
    return [];
  };
  /** `user_id` speaks for somebody else: for a reply another agent, for a note anybody; agents only where the account may assume identities. */
  const author = ({ fields }: Input, caller: Person, agentsOnly: boolean, problems: Problem[]): number => {
    const id = fields['user_id'];
    if (id === undefined || id === null) return caller.id;
    const person = typeof id === 'number' ? store.people.get(id) : undefined;
    if (!person || (agentsOnly && person.agent === null)) problems.push(nobody('user_id', agentsOnly ? 'agent' : 'user'));
    else if (person.agent !== null && person.id !== caller.id && !settings.assume_identity) throw new Refused(notOnBehalf());
    return person?.id ?? caller.id;
  };
  const demand = (problems: readonly Problem[], input: Input, ticket: Ticket): void => {
    const all = [...input.problems, ...problems, ...attachments.problems(input.files, ticket)];
    if (all.length > 0) throw validationFailed(all);
  };

  function add(ticket: Ticket, draft: Draft): Conversation {
    const at = isoSeconds(premises.clock.now());
    const conversation: Conversation = {
      from_email: null, to_emails: [], cc_emails: [], bcc_emails: [], automation_id: null, auto_response: false, attachments: [],
      ...draft,
      id: parts.nextId(), created_at: at, updated_at: at, last_edited_at: null, last_edited_user_id: null,
    };
    ticket.conversations.push(conversation);
    store.conversations.set(conversation.id, { ticket, conversation });
    if (draft.kind === 'reply' && !draft.incoming) {
      ticket.stats.agent_responded_at = at;
      ticket.stats.first_responded_at ??= at;
    } else if (draft.incoming) ticket.stats.requester_responded_at = at;
    store.touch(ticket, at);
    if (draft.kind === 'reply') hooks.fire(ticket, { kind: 'reply' });
    else if (draft.kind !== 'survey') hooks.fire(ticket, { kind: 'note', private: draft.private });
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
      attachments: attachments.show(item.attachments),
      created_at: item.created_at,
      updated_at: item.updated_at,
    },
    headers: { Location: `${premises.url()}/api/v2/conversations/${item.id}` },
  });

  function reply(ticket: Ticket, input: Input, by: Person): Conversation {
    const problems: Problem[] = [];
    const body = readBody(input, REPLY_KEYS, ticket, true, problems);
    const userId = author(input, by, true, problems);
    const [ccs, bccs] = [mailboxes(input, 'cc_emails', problems), mailboxes(input, 'bcc_emails', problems)];
    demand(problems, input, ticket);
    const email = store.people.get(ticket.requester_id)?.email;
    return add(ticket, {
      kind: 'reply', body, private: false, incoming: false, user_id: userId, from_email: `Sandbox <${SUPPORT_EMAIL}>`, to_emails: email == null ? [] : [email],
      cc_emails: ccs, bcc_emails: bccs, attachments: attachments.add(input.files, 'size'),
    });
  }

  function createReply(call: Call): Reply {
    const ticket = tickets.writable(call);
    const item = reply(ticket, readInput(call), people.caller(call));
    return answer(ticket, item, { from_email: SUPPORT_EMAIL, cc_emails: item.cc_emails, bcc_emails: item.bcc_emails, replied_to: item.to_emails });
  }

  function createNote(call: Call): Reply {
    const ticket = tickets.writable(call);
    const input = readInput(call);
    const problems: Problem[] = [];
    const hidden = flag(input, 'private', true, problems);
    const body = readBody(input, NOTE_KEYS, ticket, !hidden, problems);
    const incoming = flag(input, 'incoming', false, problems);
    const notified = mailboxes(input, 'notify_emails', problems);
    const userId = author(input, people.caller(call), false, problems);
    demand(problems, input, ticket);
    const item = add(ticket, { kind: 'note', body, private: hidden, incoming, user_id: userId, to_emails: notified, attachments: attachments.add(input.files, 'file_size') });
    return answer(ticket, item, {
      incoming, private: hidden, support_email: null, source: 2, category: 2, to_emails: notified, from_email: null, cc_emails: [], bcc_emails: [], notified_to: notified,
    });
  }

  /** Mail to somebody else: nothing that the customer sees. */
  function forward(call: Call): Reply {
    const ticket = tickets.writable(call);
    const input = readInput(call);
    const problems: Problem[] = [];
    const body = readBody(input, FORWARD_KEYS, ticket, false, problems);
    const [to, ccs, bccs] = ['to_emails', 'cc_emails', 'bcc_emails'].map((key) => mailboxes(input, key, problems));
    if (to === undefined || to.length === 0) problems.push(notA('to_emails', 'Array', 'missing_field'));
    demand(problems, input, ticket);
    const item = add(ticket, {
      kind: 'forward', body, private: true, incoming: false, user_id: people.caller(call).id, from_email: SUPPORT_EMAIL, to_emails: to ?? [], cc_emails: ccs ?? [],
      bcc_emails: bccs ?? [], attachments: attachments.add(input.files, 'size'),
    });
    return answer(ticket, item, { incoming: false, private: true, source: 8, category: 6, to_emails: item.to_emails, from_email: SUPPORT_EMAIL, cc_emails: item.cc_emails, bcc_emails: item.bcc_emails });
  }

  const find = (call: Call): { ticket: Ticket; conversation: Conversation } => {
    const found = store.conversations.get(wholeNumber(call.params['id']) ?? 0);
    if (!found || tickets.isArchived(found.ticket)) throw new Refused(missing());
    return found;
  };

  /** Notes only, and only their text and files: neither author nor privacy. The ticket's `updated_at` stays, and no rule hears of it. */
  function edit(call: Call): Reply {
    const { ticket, conversation } = find(call);
    if (conversation.kind !== 'note' || ticket.deleted || ticket.spam) return notAllowed('PUT', ['DELETE']);
    const input = readInput(call);
    const problems: Problem[] = [];
    const body = readBody(input, EDIT_KEYS, ticket, false, problems);
    demand(problems, input, ticket);
    const at = isoSeconds(premises.clock.now());
    conversation.attachments.push(...attachments.add(input.files, 'file_size'));
    Object.assign(conversation, { body, updated_at: at, last_edited_at: at, last_edited_user_id: people.caller(call).id });
    return { status: 200, body: views.conversation(ticket, conversation) };
  }

  function remove(call: Call): Reply {
    const { ticket, conversation } = find(call);
    if (ticket.deleted || ticket.spam) return notAllowed('DELETE', ['GET']);
    store.conversations.delete(conversation.id);
    ticket.conversations.splice(ticket.conversations.indexOf(conversation), 1);
    return { status: 204 };
  }

  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: '/api/v2/tickets/:id/conversations',
      handle: (call) => {
        demandKnown(call.query, ['page', 'per_page']);
        const ticket = tickets.find(call);
        const address = `${premises.url()}/api/v2/tickets/${ticket.id}/conversations`;
        return pageOf(ticket.conversations, (item) => views.conversation(ticket, item), call, address);
      },
    },
    { method: 'POST', path: '/api/v2/tickets/:id/reply', reads: 'form', handle: createReply },
    { method: 'POST', path: '/api/v2/tickets/:id/notes', reads: 'form', handle: createNote },
    { method: 'POST', path: '/api/v2/tickets/:id/forward', reads: 'form', handle: forward },
    { method: 'POST', path: '/api/v2/tickets/:id/reply_to_forward', reads: 'form', handle: forward },
    { method: 'PUT', path: '/api/v2/conversations/:id', reads: 'form', handle: edit },
    { method: 'DELETE', path: '/api/v2/conversations/:id', handle: remove },
  ];
  return {
    routes,
    add,
    reply,
    note: (ticket, body, hidden, by) => void add(ticket, { kind: 'note', body, private: hidden, incoming: false, user_id: by.id }),
  };
}
