/**
 * The messages of a ticket: listed, read and made, never changed or deleted. That a message moves its ticket's `updated_at` is an
 * assumption, and so is the order of the list, which is a switch. https://documentation.helpspace.com/api-message
 */
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { sanitiseHtml } from '../kit/html.ts';
import { EMAIL, instant, isJson, isTextList, wholeNumber } from '../kit/json.ts';
import { missing, problem, refuseIf, type Problems } from './errors.ts';
import { MOST_BYTES, readAttachments, storeAttachments, storeInline, type NewFile } from './media.ts';
import { iso, type Contact, type Media, type Message, type Store, type Ticket } from './model.ts';
import { listIn, pageOf } from './paging.ts';
import { isAgent, type People } from './people.ts';
import type { Tickets } from './tickets.ts';
import type { Webhook } from './webhook.ts';

export type MessageSettings = {
  message_order: 'oldest_first' | 'newest_first';
  /** Whether `type: internal` is taken, refused, or passed over so that the message becomes one to the customer. */
  internal_messages: 'accepted' | 'refused' | 'ignored';
};

const SHOWN: readonly string[] = ['external', 'widget', 'forward'];
const WRITABLE: readonly string[] = ['external', 'internal', 'forward', 'widget'];

export interface Messages {
  readonly routes: readonly Route[];
  /** The message that a ticket begins with: its requester's. */
  first(ticket: Ticket, body: string, files: readonly NewFile[]): void;
  show(message: Message): Json;
}

export function createMessages(parts: {
  readonly store: Store;
  readonly people: () => People;
  readonly tickets: Tickets;
  readonly webhook: Webhook;
  readonly premises: Premises;
  readonly settings: MessageSettings;
  readonly nextId: () => number;
}): Messages {
  const { store, tickets, webhook, premises, settings } = parts;

  const showMedia = (kind: 'attachment' | 'inline') => (media: Media): Json => ({ ...media, url: `${premises.url()}/api/v1/media/${kind}/${media.id}` });
  const show = ({ mailed: _mailed, ...message }: Message): Json => ({
    ...message,
    attachments: message.attachments.map(showMedia('attachment')),
    inline_images: message.inline_images.map(showMedia('inline')),
  });

  type New = Pick<Message, 'type' | 'from_contact' | 'to' | 'cc' | 'bcc' | 'subject' | 'created_at' | 'mailed'> & { readonly body: string; readonly files: readonly NewFile[] };
  function add(ticket: Ticket, { body: given, files, ...rest }: New): Message {
    const at = premises.clock.now();
    const { body, images } = storeInline(sanitiseHtml(given), store, premises.url(), at);
    const message: Message = { id: parts.nextId(), ...rest, body, inline_images: images, attachments: storeAttachments(files, store, at) };
    ticket.messages.push(message);
    return message;
  }

  function list(call: Call): Reply {
    const ticket = tickets.find(call, false);
    const [types, additional] = [listIn(call.query, 'types'), listIn(call.query, 'additional-types')];
    const wanted = types.length > 0 ? types : [...SHOWN, ...additional];
    const rows = ticket.messages.filter(({ type }) => wanted.includes(type));
    return pageOf(settings.message_order === 'newest_first' ? rows.toReversed() : rows, show, call, premises.url());
  }

  function one(call: Call): Reply {
    const ticket = tickets.find(call, false);
    const message = ticket.messages.find(({ id }) => id === wholeNumber(call.params['message']));
    return message ? { status: 200, body: { data: show(message) } } : missing('Message', call.params['message'] ?? '');
  }

  function typeOf(value: unknown, problems: Problems): string {
    const type = value ?? 'external';
    const refused = type === 'internal' && settings.internal_messages === 'refused';
    if (typeof type !== 'string' || !WRITABLE.includes(type) || refused) {
      problem(problems, 'type', 'The selected type is invalid.');
      return 'external';
    }
    return type === 'internal' && settings.internal_messages === 'ignored' ? 'external' : type;
  }

  function addresses(input: Json, name: 'to' | 'cc' | 'bcc', problems: Problems): readonly string[] {
    const value = input[name];
    if (value === undefined || value === null) return [];
    if (isTextList(value) && value.every((address) => EMAIL.test(address))) return value;
    problem(problems, name, `The ${name} must be an array of valid email addresses.`);
    return [];
  }

  function create(call: Call): Reply {
    const ticket = tickets.find(call, true);
    const input = isJson(call.body) ? call.body : {};
    const problems: Problems = new Map();
    const from = parts.people().contact(input['from_contact'], 'from_contact', problems);
    const { subject, body } = input;
    if (typeof subject !== 'string' || subject === '') problem(problems, 'subject', 'The subject field is required.');
    if (typeof body !== 'string' || body === '') problem(problems, 'body', 'The body field is required.');
    else if (Buffer.byteLength(body) > MOST_BYTES) problem(problems, 'body', 'The body must not be greater than 5 MB.');
    const type = typeOf(input['type'], problems);
    const [to, cc, bcc] = (['to', 'cc', 'bcc'] as const).map((name) => addresses(input, name, problems));
    const files = readAttachments(input['attachments'], 'attachments', ['file_name', 'name'], problems);
    const at = input['created_at'] === undefined ? premises.clock.now() : instant(input['created_at']);
    if (at === null) problem(problems, 'created_at', 'The created_at is not a valid date.');
    refuseIf(problems);
    if (!from || at === null) throw new Refused(missing('Contact', ''));
    const author = from();
    const mailed = type !== 'internal' && isAgent(author) && input['send_mail_to_recipients'] !== false;
    if (mailed) store.sent.mails += 1;
    if (input['skip_notifications'] !== true) store.sent.notices += 1;
    const message = add(ticket, {
      type,
      from_contact: author,
      to: to !== undefined && to.length > 0 ? to : type === 'internal' ? [] : [isAgent(author) ? ticket.from_contact.value : ticket.channel.value],
      cc: cc ?? [],
      bcc: bcc ?? [],
      subject: String(subject),
      body: String(body),
      files,
      created_at: iso(at),
      mailed,
    });
    touch(ticket, author, type);
    return { status: 201, body: { data: show(message) } };
  }

  function touch(ticket: Ticket, author: Contact, type: string): void {
    const now = iso(premises.clock.now());
    ticket.updated_at = now;
    if (type !== 'internal') ticket.last_contact = now;
    const event = type === 'internal' ? 'note_created' : isAgent(author) ? 'agent_message_created' : 'customer_message_created';
    webhook.fire('ticket', event, tickets.show(ticket));
  }

  return {
    show,
    first(ticket, body, files) {
      const { from_contact, channel, subject, created_at } = ticket;
      add(ticket, { type: 'external', from_contact, to: [channel.value], cc: [], bcc: [], subject, body, files, created_at, mailed: false });
    },
    routes: [
      { method: 'GET', path: '/api/v1/tickets/:id/messages', handle: list },
      { method: 'POST', path: '/api/v1/tickets/:id/messages', handle: create },
      { method: 'GET', path: '/api/v1/tickets/:id/messages/:message', handle: one },
    ],
  };
}
