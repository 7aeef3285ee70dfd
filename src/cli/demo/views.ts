/**
 * What a desk shows, read from its `/__sandbox/state` and put into common words. Made for the demo alone: it shares nothing
 * with the connectors, so that it can contradict them.
 */

export interface CommentView {
  readonly id: string;
  /** Plain text in one line, without our key. A copy has the author line before the words. */
  readonly text: string;
  readonly public: boolean;
  /** The e-mail address of the user who wrote it, or whatever the desk knows of them. */
  readonly by: string;
}

export interface TicketView {
  readonly id: string;
  readonly subject: string;
  readonly description: string;
  readonly status: string;
  readonly priority: string;
  /** Sorted, without our key. */
  readonly tags: readonly string[];
  readonly assignee: string | null;
  /** In the trash. */
  readonly deleted: boolean;
  /** Written by Deskmesh: it carries a key. */
  readonly copy: boolean;
  readonly comments: readonly CommentView[];
}

export interface WriteView {
  readonly path: string;
  readonly by: string;
}

export interface DeskView {
  readonly desk: string;
  readonly tickets: readonly TicketView[];
  /** Names by e-mail address. */
  readonly names: ReadonlyMap<string, string>;
  /** The desk's ids of its people, by e-mail address. */
  readonly ids: ReadonlyMap<string, string>;
  readonly writes: readonly WriteView[];
  /** All since the start; `writes` may hold only the latest. */
  readonly writeCount: number;
  /** Requests that a staged fault struck. */
  readonly faultCount: number;
  /** Webhooks that are not settled yet. */
  readonly webhooksWaiting: number;
}

interface User {
  readonly id: number | string;
  readonly name: string;
  readonly email: string | null;
}

export interface State {
  readonly service: string;
  readonly tickets: readonly unknown[];
  readonly users: readonly User[];
  readonly writes: readonly WriteView[];
  readonly write_count: number;
  readonly fault_count: number;
  readonly deliveries: { readonly waiting: number };
}

interface ZendeskTicket {
  readonly id: number;
  readonly external_id: string | null;
  readonly subject: string | null;
  readonly description: string;
  readonly status: string;
  readonly priority: string | null;
  readonly tags: readonly string[];
  readonly assignee_id: number | null;
  readonly comments: readonly { readonly id: number; readonly author_id: number; readonly plain_body: string; readonly public: boolean }[];
}

interface FreshdeskTicket {
  readonly id: number;
  readonly subject: string;
  readonly description_text: string;
  readonly status: number;
  readonly priority: number;
  readonly tags: readonly string[];
  readonly responder_id: number | null;
  readonly deleted?: boolean;
  readonly comments: readonly { readonly id: number; readonly user_id: number; readonly body_text: string; readonly private: boolean }[];
}

interface HelpdeskTicket {
  readonly id: string;
  readonly subject: string;
  readonly status: string;
  readonly priority: string;
  readonly tags: readonly string[];
  readonly assigneeId: string | null;
  readonly customFields: readonly { readonly id: string; readonly value: unknown }[];
  readonly comments: readonly { readonly id: string; readonly authorId: string; readonly textContent: string; readonly type: string }[];
}

/** The custom field that holds the description at the Helpdesk, which has no field of its own for it. */
export const HELPDESK_DESCRIPTION = 'cf_description';

const KEY = /\bdm-[a-z2-7]{16}\b/;
const ZENDESK_STATUS: Readonly<Record<string, string>> = { new: 'open', hold: 'pending', solved: 'resolved' };
const FRESHDESK_STATUS: Readonly<Record<number, string>> = { 2: 'open', 3: 'pending', 4: 'resolved', 5: 'closed' };
const FRESHDESK_PRIORITY: Readonly<Record<number, string>> = { 1: 'low', 2: 'normal', 3: 'high', 4: 'urgent' };

const inOneLine = (text: string): string => text.replace(KEY, '').replace(/\s+/g, ' ').trim();
const own = (tags: readonly string[]): readonly string[] => tags.filter((tag) => !KEY.test(tag)).sort();

/** One reader a desk; `who` gives the e-mail address of a user of that desk. */
type Reader = (ticket: unknown, who: (id: number | string) => string) => TicketView;

const READERS: Readonly<Record<string, Reader>> = {
  zendesk(raw, who) {
    const ticket = raw as ZendeskTicket;
    return {
      id: String(ticket.id),
      subject: ticket.subject ?? '',
      description: inOneLine(ticket.description),
      status: ZENDESK_STATUS[ticket.status] ?? ticket.status,
      priority: ticket.priority ?? 'none',
      tags: own(ticket.tags),
      assignee: ticket.assignee_id === null ? null : who(ticket.assignee_id),
      deleted: ticket.status === 'deleted',
      copy: KEY.test(ticket.external_id ?? ''),
      // The first comment is the description.
      comments: ticket.comments.slice(1).map((comment) => ({
        id: String(comment.id),
        text: inOneLine(comment.plain_body),
        public: comment.public,
        by: who(comment.author_id),
      })),
    };
  },
  freshdesk(raw, who) {
    const ticket = raw as FreshdeskTicket;
    return {
      id: String(ticket.id),
      subject: ticket.subject,
      description: inOneLine(ticket.description_text),
      status: FRESHDESK_STATUS[ticket.status] ?? `status ${ticket.status}`,
      priority: FRESHDESK_PRIORITY[ticket.priority] ?? `priority ${ticket.priority}`,
      tags: own(ticket.tags),
      assignee: ticket.responder_id === null ? null : who(ticket.responder_id),
      deleted: ticket.deleted === true,
      copy: ticket.tags.some((tag) => KEY.test(tag)),
      comments: ticket.comments.map((comment) => ({
        id: String(comment.id),
        text: inOneLine(comment.body_text),
        public: !comment.private,
        by: who(comment.user_id),
      })),
    };
  },
  helpdesk(raw, who) {
    const ticket = raw as HelpdeskTicket;
    const description = ticket.customFields.find(({ id }) => id === HELPDESK_DESCRIPTION)?.value;
    return {
      id: ticket.id,
      subject: ticket.subject,
      description: inOneLine(typeof description === 'string' ? description : ''),
      status: ticket.status === 'new' ? 'open' : ticket.status,
      priority: ticket.priority,
      tags: own(ticket.tags),
      assignee: ticket.assigneeId === null ? null : who(ticket.assigneeId),
      deleted: false,
      copy: ticket.tags.some((tag) => KEY.test(tag)),
      comments: ticket.comments.map((comment) => ({
        id: comment.id,
        text: inOneLine(comment.textContent),
        public: comment.type !== 'note',
        by: who(comment.authorId),
      })),
    };
  },
};

/** The desks that can be read, in the order in which they are shown. */
export const DEMO_DESKS: readonly string[] = Object.keys(READERS);

export function viewOf(state: State): DeskView {
  const reader = READERS[state.service];
  if (reader === undefined) throw new Error(`the demo cannot read the state of ${state.service}`);
  const emails = new Map(state.users.map(({ id, email, name }) => [String(id), email ?? name]));
  const who = (id: number | string): string => emails.get(String(id)) ?? String(id);
  return {
    desk: state.service,
    tickets: state.tickets.map((ticket) => reader(ticket, who)),
    names: new Map(state.users.map(({ email, name }) => [email ?? name, name])),
    ids: new Map(state.users.map(({ id, email, name }) => [email ?? name, String(id)])),
    writes: state.writes,
    writeCount: state.write_count,
    faultCount: state.fault_count,
    webhooksWaiting: state.deliveries.waiting,
  };
}
