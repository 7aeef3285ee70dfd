/** `tickets.xml`, `requests.xml` and the views of `rules`. Source: the vendor's page "Rest API: Tickets", 2011. */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Premises, type Reply } from '../kit/desk.ts';
import { wholeNumber } from '../kit/json.ts';
import { readComment, readPatch, kept, type Patch, type Said } from './changes.ts';
import { list, type Element } from './document.ts';
import { forbidden, invalid, missing } from './errors.ts';
import { HANDLES, STATUSES, VIA, type Store, type Ticket, type User } from './model.ts';
import type { People } from './people.ts';
import { child, idAt, readRoot, textAt, type Branch } from './reading.ts';
import { showRequest, showTicket, type Showing } from './show.ts';
import type { Targets } from './targets.ts';
import type { Uploads } from './uploads.ts';
import { viewOf } from './views.ts';

export interface Switches {
  readonly page_size: number;
  readonly external_id_writable: boolean;
  readonly nested_comment: boolean;
  readonly solve_needs_assignee: boolean;
}

export interface Tickets {
  show(call: Call): Element;
  create(call: Call): Reply;
  update(call: Call): Reply;
  destroy(call: Call): Reply;
  view(call: Call): Element;
  showRequest(call: Call): Element;
  listRequests(call: Call): Element;
  createRequest(call: Call): Reply;
  updateRequest(call: Call): Reply;
  destroyRequest(call: Call): Reply;
}

/** Writes are answered by their status; the body is one blank. */
const done = (): Reply => ({ status: 200, text: ' ', type: 'text/html; charset=utf-8' });
const created = (ticket: Ticket): Reply => ({ status: 201, text: ' ', type: 'text/html; charset=utf-8', headers: { Location: `${ticket.id}.xml` } });

/** What a Twitter status says; the sandbox knows every number. */
function tweetOf(id: string): { readonly text: string; readonly author: string } {
  return { text: `Hey @zendesk, nothing works since this morning (${id}) #fail`, author: `@twitter_${id.slice(-4)}` };
}

export function createTickets(parts: {
  readonly store: Store;
  readonly people: People;
  readonly uploads: Uploads;
  readonly targets: Targets;
  readonly premises: Premises;
  readonly nextId: () => number;
  readonly showing: Showing;
  readonly switches: Switches;
}): Tickets {
  const { store, people, uploads, targets, premises, showing, switches } = parts;
  const now = (): string => isoSeconds(premises.clock.now());

  const find = (call: Call): Ticket => {
    const ticket = store.tickets.get(wholeNumber(call.params['id']) ?? 0);
    if (ticket === undefined) throw new Refused(missing());
    return ticket;
  };
  /** An end user's own; agents see their own requests here, administrators all. */
  const request = (call: Call): { readonly ticket: Ticket; readonly user: User } => {
    const user = people.caller(call);
    const ticket = find(call);
    if (ticket.requester_id !== user.id && user.role !== 2) throw new Refused(missing());
    return { ticket, user };
  };
  const context = { store, people, get externalIds() { return switches.external_id_writable; } };

  function demandSolvable(status: number | undefined, assignee: number | null): void {
    if (switches.solve_needs_assignee && status === STATUSES.solved && assignee === null) throw invalid(['Assignee: is required when solving a ticket']);
  }

  function make(fields: { readonly subject: string; readonly description: string; readonly requester: number; readonly submitter: number; readonly via: number }, patch: Patch, files: Said['files']): Ticket {
    const at = now();
    const assignee = patch.assignee_id ?? null;
    demandSolvable(patch.status_id, assignee);
    const ticket: Ticket = {
      id: parts.nextId(),
      subject: fields.subject,
      description: fields.description,
      status_id: patch.status_id ?? (assignee === null ? STATUSES.new : STATUSES.open),
      priority_id: patch.priority_id ?? 0,
      ticket_type_id: patch.ticket_type_id ?? 0,
      requester_id: fields.requester,
      submitter_id: fields.submitter,
      assignee_id: assignee,
      group_id: patch.group_id ?? null,
      external_id: patch.external_id ?? null,
      tags: patch.tags ?? [],
      fields: new Map(patch.fields),
      comments: [{ author_id: fields.requester, created_at: at, is_public: true, value: fields.description, via_id: fields.via, attachments: files }],
      via_id: fields.via,
      created_at: at,
      updated_at: at,
      assigned_at: assignee === null ? null : at,
      assignee_updated_at: null,
      requester_updated_at: at,
      status_updated_at: at,
      sequence: 0,
    };
    store.touch(ticket, at);
    targets.fire(ticket, 'created');
    return ticket;
  }

  function change(ticket: Ticket, patch: Patch, said: Said | null, author: User): void {
    if (ticket.status_id === STATUSES.closed) throw invalid(['Status: closed prevents ticket update']);
    demandSolvable(patch.status_id, patch.assignee_id === undefined ? ticket.assignee_id : patch.assignee_id);
    const at = now();
    const { fields, ...plain } = patch;
    if (patch.status_id !== undefined && patch.status_id !== ticket.status_id) ticket.status_updated_at = at;
    if (patch.requester_id !== undefined && patch.requester_id !== ticket.requester_id) ticket.requester_updated_at = at;
    if (patch.assignee_id !== undefined && patch.assignee_id !== ticket.assignee_id) {
      ticket.assigned_at = at;
      if (patch.assignee_id !== null && ticket.status_id === STATUSES.new && patch.status_id === undefined) ticket.status_id = STATUSES.open;
    }
    Object.assign(ticket, plain);
    for (const [id, value] of fields ?? []) ticket.fields.set(id, value);
    if (said !== null) {
      ticket.comments.push({ author_id: author.id, created_at: at, is_public: said.is_public, value: said.value, via_id: VIA.webService, attachments: said.files });
      // A customer's answer opens what was solved or pending.
      if (author.role === 0 && (ticket.status_id === STATUSES.pending || ticket.status_id === STATUSES.solved)) ticket.status_id = STATUSES.open;
    }
    store.touch(ticket, at);
    targets.fire(ticket, 'updated');
  }

  /** The account's Twitter account answers, so it must be one of its own. */
  function fromTweet(given: Branch, submitter: User): Ticket | null {
    const status = textAt(given, 'twitter-status-message-id');
    if (status == null) return null;
    const handle = idAt(given, 'monitored-twitter-handle-id', 'Monitored twitter handle');
    if (!/^\d{1,24}$/.test(status.trim())) throw invalid(['Twitter status message: could not be found']);
    if (!HANDLES.some(({ id }) => id === handle)) throw invalid(['Monitored twitter handle: is invalid']);
    const tweet = tweetOf(status.trim());
    const patch = readPatch(given, null, context);
    const author = people.byTwitter(tweet.author);
    return make({ subject: tweet.text, description: tweet.text, requester: author.id, submitter: submitter.id, via: VIA.twitterMention }, patch, []);
  }

  function page(rows: readonly Ticket[], call: Call): readonly Ticket[] {
    const number = wholeNumber(call.query.get('page') ?? '1') ?? 1;
    return rows.slice((number - 1) * switches.page_size, number * switches.page_size);
  }

  return {
    show(call) {
      people.agent(call);
      return showTicket(find(call), showing);
    },

    create(call) {
      const submitter = people.agent(call);
      const given = readRoot(call);
      if (given.name !== 'ticket') throw invalid(['Ticket: cannot be blank']);
      const tweeted = fromTweet(given, submitter);
      if (tweeted !== null) return created(tweeted);
      const description = kept(textAt(given, 'description') ?? '');
      if (description === '') throw invalid(['Description: cannot be blank']);
      const files = uploads.taken(textAt(given, 'uploads') ?? null);
      const patch = readPatch(given, null, context);
      return created(make({ subject: patch.subject ?? '', description, requester: patch.requester_id ?? submitter.id, submitter: submitter.id, via: VIA.webService }, patch, files));
    },

    update(call) {
      const agent = people.agent(call);
      const ticket = find(call);
      const given = readRoot(call);
      if (given.name === 'comment') change(ticket, {}, readComment(given, false, uploads.taken), agent);
      else if (given.name === 'ticket') {
        const along = switches.nested_comment ? child(given, 'comment') : undefined;
        change(ticket, readPatch(given, ticket, context), along === undefined ? null : readComment(along, false, uploads.taken), agent);
      } else throw invalid(['Ticket: cannot be blank']);
      return done();
    },

    destroy(call) {
      people.agent(call);
      store.tickets.delete(find(call).id);
      return done();
    },

    view(call) {
      people.agent(call);
      const view = viewOf(wholeNumber(call.params['id']) ?? 0);
      if (view === undefined) throw new Refused(missing());
      const rows = [...store.tickets.values()].filter(view.holds).sort(view.order);
      return list('tickets', page(rows, call).map((ticket) => showTicket(ticket, showing)), { count: String(rows.length) });
    },

    showRequest(call) {
      const { ticket, user } = request(call);
      return showRequest(ticket, user.organization_id, showing);
    },

    listRequests(call) {
      const user = people.caller(call);
      const solved = call.query.get('filter') === 'solved';
      const rows = [...store.tickets.values()]
        .filter((ticket) => ticket.requester_id === user.id && ticket.status_id >= STATUSES.solved === solved)
        .sort((a, b) => b.sequence - a.sequence);
      return list('tickets', page(rows, call).map((ticket) => showRequest(ticket, user.organization_id, showing)));
    },

    createRequest(call) {
      const user = people.caller(call);
      const given = readRoot(call);
      const description = kept(textAt(given, 'description') ?? '');
      if (given.name !== 'ticket' || description === '') throw invalid(['Description: cannot be blank']);
      const files = uploads.taken(textAt(given, 'uploads') ?? null);
      const subject = kept(textAt(given, 'subject') ?? '');
      return created(make({ subject, description, requester: user.id, submitter: user.id, via: VIA.webForm }, {}, files));
    },

    updateRequest(call) {
      const { ticket, user } = request(call);
      const given = readRoot(call);
      if (given.name !== 'comment') throw invalid(['Comment: cannot be blank']);
      change(ticket, {}, readComment(given, true, uploads.taken), user);
      return done();
    },

    destroyRequest(call) {
      const { ticket, user } = request(call);
      if (user.role !== 2) throw new Refused(forbidden());
      store.tickets.delete(ticket.id);
      return done();
    },
  };
}
