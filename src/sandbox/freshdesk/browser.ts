/**
 * What customers, agents and the account itself do for which API v2 has no call: mails, chats, survey answers, spam,
 * blocked contacts, rules' own notes, images pasted into a text. Under `/api/_/`, where the vendor's own web pages call;
 * their real calls differ.
 */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { EMAIL, isTextList, wholeNumber } from '../kit/json.ts';
import type { Attachments } from './attachments.ts';
import type { Conversations } from './conversations.ts';
import { badEmail, blank, missing, notA, validationFailed } from './errors.ts';
import { readInput, type Input } from './form.ts';
import type { Hooks } from './hooks.ts';
import type { Person, Store } from './model.ts';
import type { People } from './people.ts';
import { storedHtml } from './reading.ts';
import type { Tickets } from './tickets.ts';
import type { Views } from './views.ts';

const RULE_ID = 1070000099001;
const WEB_CHAT = 15;

export function browserRoutes(parts: {
  readonly store: Store;
  readonly people: People;
  readonly tickets: Tickets;
  readonly conversations: Conversations;
  readonly attachments: Attachments;
  readonly hooks: Hooks;
  readonly views: Views;
  readonly premises: Premises;
}): readonly Route[] {
  const { store, people, tickets, conversations, attachments, hooks, views, premises } = parts;

  const text = ({ fields }: Input, key: string): string => {
    const value = fields[key];
    if (typeof value !== 'string') throw validationFailed([notA(key, 'String', value === undefined ? 'missing_field' : 'datatype_mismatch')]);
    if (value.trim() === '') throw validationFailed([blank(key)]);
    return value;
  };
  const somebody = (input: Input): Person => {
    const email = text(input, 'from');
    if (!EMAIL.test(email)) throw validationFailed([badEmail('from')]);
    const name = typeof input.fields['name'] === 'string' ? input.fields['name'] : (email.split('@')[0] ?? '');
    return store.byEmail.get(email.toLowerCase()) ?? people.register({ name, email, phone: null, externalId: null });
  };
  const setSpam = (call: Call, spam: boolean): Reply => {
    const ticket = tickets.find(call);
    ticket.spam = spam;
    store.touch(ticket, isoSeconds(premises.clock.now()));
    hooks.fire(ticket, { kind: 'update' });
    return { status: 204 };
  };
  const setBlocked = (call: Call, blocked: boolean): Reply => {
    const person = store.people.get(wholeNumber(call.params['id']) ?? 0);
    if (!person || person.agent !== null) throw new Refused(missing());
    person.state = blocked ? 'blocked' : 'verified';
    return { status: 204 };
  };

  /** Answered by anybody who has the thread, the requester or somebody in copy. */
  function mail(call: Call): Reply {
    const ticket = tickets.writable(call);
    const input = readInput(call);
    const from = somebody(input);
    const ccs = input.fields['cc_emails'];
    const problems = attachments.problems(input.files, ticket);
    if (problems.length > 0) throw validationFailed(problems);
    const item = conversations.add(ticket, {
      kind: 'reply', body: storedHtml(text(input, 'body')), private: false, incoming: true, user_id: from.id, from_email: from.email,
      cc_emails: isTextList(ccs) ? ccs : [], attachments: attachments.add(input.files, 'file_size'),
    });
    return { status: 201, body: views.conversation(ticket, item) };
  }

  function survey(call: Call): Reply {
    const ticket = tickets.writable(call);
    const item = conversations.add(ticket, { kind: 'survey', body: `<div>${text(readInput(call), 'body')}</div>`, private: false, incoming: true, user_id: ticket.requester_id });
    return { status: 201, body: views.conversation(ticket, item) };
  }

  /** What a rule writes: a note, or the mail that confirms a new ticket. */
  function automation(call: Call): Reply {
    const ticket = tickets.writable(call);
    const input = readInput(call);
    const confirmation = input.fields['auto_response'] === true;
    const item = conversations.add(ticket, {
      kind: confirmation ? 'reply' : 'note', body: storedHtml(text(input, 'body')), private: !confirmation && input.fields['private'] !== false, incoming: false,
      user_id: people.caller(call).id, automation_id: confirmation ? null : RULE_ID, auto_response: confirmation,
    });
    return { status: 201, body: views.conversation(ticket, item) };
  }

  /** A chat becomes a ticket whose description is its first message, once more. */
  function chat(call: Call): Reply {
    const input = readInput(call);
    const [from, said] = [somebody(input), text(input, 'body')];
    const ticket = tickets.make(call, { fields: { subject: 'Chat', description: said, status: 2, priority: 1, requester_id: from.id }, files: [], problems: [] });
    ticket.source = WEB_CHAT;
    conversations.add(ticket, { kind: 'reply', body: storedHtml(said), private: false, incoming: true, user_id: from.id });
    return { status: 201, body: views.whole(ticket) };
  }

  function inlineImage(call: Call): Reply {
    const { files } = readInput(call);
    const [added] = attachments.add(files.slice(0, 1), 'file_size');
    if (added === undefined) throw validationFailed([notA('attachments', 'Array', 'missing_field')]);
    return { status: 201, body: { id: added.file, attachment_url: attachments.inlineUrl(added.file) } };
  }

  return [
    { method: 'PUT', path: '/api/_/tickets/:id/spam', handle: (call) => setSpam(call, true) },
    { method: 'PUT', path: '/api/_/tickets/:id/unspam', handle: (call) => setSpam(call, false) },
    { method: 'PUT', path: '/api/_/contacts/:id/block', handle: (call) => setBlocked(call, true) },
    { method: 'PUT', path: '/api/_/contacts/:id/unblock', handle: (call) => setBlocked(call, false) },
    { method: 'POST', path: '/api/_/tickets/:id/mail', reads: 'form', handle: mail },
    { method: 'POST', path: '/api/_/tickets/:id/survey', handle: survey },
    { method: 'POST', path: '/api/_/tickets/:id/automation', handle: automation },
    { method: 'POST', path: '/api/_/chats', handle: chat },
    { method: 'POST', path: '/api/_/attachments', reads: 'form', handle: inlineImage },
  ];
}
