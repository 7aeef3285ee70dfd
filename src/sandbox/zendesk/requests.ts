/** Tickets as their customers see them: what is public, and no more. Source: developer.zendesk.com "Requests", recorded 406 answer. */
import { Refused, type Call, type Json, type Reply, type Route } from '../kit/desk.ts';
import { isJson, objectAt, wholeNumber } from '../kit/json.ts';
import { closedTicket, commentRequired, missingParameter, notFound, recordInvalid, userSuspended } from './errors.ts';
import type { Suspended } from './imports.ts';
import type { Comment, Ticket, User } from './model.ts';
import { paged } from './paging.ts';
import { readWrite } from './reading.ts';
import { showCustom } from './custom-fields.ts';
import type { Desk } from './tickets.ts';

/** Nobody's place in the list of causes; the vendor numbers them, and this one is what strangers get. */
const CAUSE = { cause: 'Submitted by unregistered user', cause_id: 3 } as const;

/** `strangers` is what becomes of requests that nobody signed in for. */
export function createRequests(desk: Desk, suspended: Suspended, strangers: () => 'accepted' | 'suspended'): readonly Route[] {
  const { store, people, reading, saves, show, premises } = desk;
  const address = (path: string): string => `${premises.url()}/api/v2/${path}.json`;

  const present = (ticket: Ticket): Json => ({
    url: address(`requests/${ticket.id}`),
    id: ticket.id,
    status: ticket.status,
    priority: ticket.priority,
    type: ticket.type,
    subject: ticket.subject,
    description: ticket.comments[0]?.body ?? '',
    organization_id: ticket.organization_id,
    via: ticket.via,
    custom_fields: showCustom(ticket.custom, store),
    requester_id: ticket.requester_id,
    collaborator_ids: ticket.email_cc_ids,
    email_cc_ids: ticket.email_cc_ids,
    is_public: ticket.comments.some((comment) => comment.public),
    due_at: ticket.due_at,
    can_be_solved_by_me: ticket.assignee_id !== null && !['solved', 'closed'].includes(ticket.status),
    created_at: ticket.created_at,
    updated_at: ticket.updated_at,
    recipient: ticket.recipient,
    followup_source_id: null,
    assignee_id: ticket.assignee_id,
    ticket_form_id: ticket.ticket_form_id,
    custom_status_id: ticket.custom_status_id,
    fields: showCustom(ticket.custom, store),
  });

  const mine = (user: User) => (ticket: Ticket): boolean =>
    !ticket.deletion && (ticket.requester_id === user.id || ticket.email_cc_ids.includes(user.id)) && ticket.comments.some((comment) => comment.public);
  const find = (call: Call): { ticket: Ticket; user: User } => {
    const user = people.caller(call);
    const ticket = store.tickets.get(wholeNumber(call.params['id']) ?? 0);
    if (!ticket || !mine(user)(ticket)) throw new Refused(notFound());
    return { ticket, user };
  };
  const input = (call: Call): Json => {
    const given = objectAt(call.body, 'request');
    if (!given) throw missingParameter('request');
    return given;
  };
  const order = { place: () => 0, id: ({ id }: { readonly id: number }) => id, descending: false };
  const listed = (call: Call, path: string, fits: (ticket: Ticket) => boolean): Reply => {
    const rows = [...store.tickets.values()].filter((ticket) => mine(people.caller(call))(ticket) && fits(ticket));
    return { status: 200, body: paged({ key: 'requests', rows, order, show: present, address: address(path) }, call.query) };
  };

  /** What a customer may say: no status but solved, nothing private, nobody else's words. */
  const spoken = (given: Json): Json => {
    const comment = isJson(given['comment']) ? given['comment'] : null;
    return comment === null ? {} : { comment: { body: comment['body'], html_body: comment['html_body'], uploads: comment['uploads'], public: true } };
  };

  function create(call: Call): Reply {
    const given = input(call);
    const requester = isJson(given['requester']) ? given['requester'] : {};
    const [name, email] = [String(requester['name'] ?? ''), typeof requester['email'] === 'string' ? requester['email'] : null];
    const known = call.who === '' ? (email === null ? undefined : people.findByEmail(email)) : people.caller(call);
    if (known?.suspended) throw userSuspended(known.name);
    const comment = isJson(given['comment']) ? given['comment'] : {};
    const content = String(comment['body'] ?? comment['html_body'] ?? '');
    if (content.trim() === '') throw recordInvalid('base', { description: 'Description: cannot be blank', error: 'BlankValue' });
    if (call.who === '' && name === '') throw recordInvalid('requester', { description: 'Requester: Name:  is too short (minimum is 1 character)', error: 'ValueTooShort' });
    if (call.who === '' && strangers() === 'suspended') {
      const held = suspended.hold({ ...CAUSE, subject: String(given['subject'] ?? ''), content, author: { id: known?.id ?? null, name, email } });
      return { status: 201, body: { suspended_ticket: { id: held.id } } };
    }
    const who = known ?? people.register(name, email);
    const request = readWrite(
      { subject: given['subject'], priority: given['priority'] ?? undefined, type: given['type'] ?? undefined, custom_fields: given['custom_fields'], ...spoken(given), requester_id: who.id, submitter_id: who.id },
      null, 'create', reading,
    );
    const { ticket, happenings } = saves.create(request, who, { via: { channel: 'web', source: { from: {}, to: {}, rel: null } } });
    desk.raise(ticket, who, happenings);
    return { status: 201, body: { request: present(ticket) }, headers: { Location: address(`requests/${ticket.id}`) } };
  }

  function update(call: Call): Reply {
    const { ticket, user } = find(call);
    const given = input(call);
    if (!isJson(given['comment'])) throw commentRequired();
    if (ticket.status === 'closed') throw closedTicket();
    const solved = given['solved'] === true && present(ticket)['can_be_solved_by_me'] === true;
    const request = readWrite({ ...spoken(given), ...(solved ? { status: 'solved' } : {}), ...(Array.isArray(given['email_ccs']) ? { email_ccs: given['email_ccs'] } : {}) }, ticket, 'update', reading);
    desk.raise(ticket, user, saves.update(ticket, request, user).happenings);
    return { status: 200, body: { request: present(ticket) } };
  }

  const base = '/api/v2/requests';
  const openOnes = (ticket: Ticket): boolean => !['solved', 'closed'].includes(ticket.status);
  return [
    { method: 'GET', path: base, handle: (call) => listed(call, 'requests', ({ status }) => (call.query.get('status') ?? status).split(',').includes(status)) },
    { method: 'GET', path: `${base}/open`, handle: (call) => listed(call, 'requests/open', openOnes) },
    { method: 'GET', path: `${base}/solved`, handle: (call) => listed(call, 'requests/solved', (ticket) => !openOnes(ticket)) },
    { method: 'POST', path: base, handle: create },
    { method: 'GET', path: `${base}/:id`, handle: (call) => ({ status: 200, body: { request: present(find(call).ticket) } }) },
    { method: 'PUT', path: `${base}/:id`, handle: update },
    {
      method: 'GET',
      path: `${base}/:id/comments`,
      handle: (call) => {
        const { ticket } = find(call);
        const rows = ticket.comments.filter((comment) => comment.public);
        const beside = (page: readonly Comment[]): Json => ({ users: show.users(page.map(({ author_id: author }) => author)), organizations: [] });
        return { status: 200, body: paged({ key: 'comments', rows, order, show: (comment) => show.comment(comment), beside, address: address(`requests/${ticket.id}/comments`) }, call.query) };
      },
    },
    {
      method: 'GET',
      path: `${base}/:id/comments/:comment`,
      handle: (call) => {
        const comment = find(call).ticket.comments.find(({ id, public: visible }) => visible && id === wholeNumber(call.params['comment']));
        return comment ? { status: 200, body: { comment: show.comment(comment) } } : notFound();
      },
    },
  ];
}
