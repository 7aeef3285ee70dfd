/** What is said on a ticket: comments, how they are counted, hidden and redacted. Source: developer.zendesk.com "Ticket comments", "Comment redactions". */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Reply, type Route } from '../kit/desk.ts';
import { htmlToText } from '../kit/html.ts';
import { idNumber, isJson, isTextList, wholeNumber } from '../kit/json.ts';
import { commentEvent, type Happening } from './events.ts';
import { missingParameter, notFound, recordInvalid } from './errors.ts';
import type { Comment, Ticket } from './model.ts';
import { paged, wantsCursor } from './paging.ts';
import { wantedOf } from './show.ts';
import { liveTicket, type Desk } from './tickets.ts';
import type { Uploads } from './uploads.ts';

const BLOCK = '▇';

export function createConversation(desk: Desk, uploads: Uploads): readonly Route[] {
  const { store, people, show, premises } = desk;

  function list(call: Call): Reply {
    const { query } = call;
    const ticket = liveTicket(store, call.params['id']);
    const descending = wantsCursor(query) ? query.get('sort') === '-created_at' : query.get('sort_order') === 'desc';
    const inlineImages = query.get('include_inline_images') === 'true';
    const wanted = wantedOf(query);
    const beside = (rows: readonly Comment[]): Json => (wanted.has('users') ? { users: show.users(rows.map(({ author_id: author }) => author)) } : {});
    const body = paged(
      {
        key: 'comments',
        rows: descending ? ticket.comments.toReversed() : ticket.comments,
        order: { place: () => 0, id: ({ id }) => id, descending },
        show: (comment) => show.comment(comment, inlineImages),
        beside,
        address: `${premises.url()}/api/v2/tickets/${ticket.id}/comments.json`,
      },
      query,
    );
    return { status: 200, body };
  }

  const commentOf = (ticket: Ticket, id: number | null): Comment => {
    const comment = ticket.comments.find((one) => one.id === id);
    if (!comment) throw new Refused(notFound());
    return comment;
  };
  const named = (call: Call): { ticket: Ticket; comment: Comment } => {
    const ticket = liveTicket(store, call.params['id']);
    return { ticket, comment: commentOf(ticket, wholeNumber(call.params['comment'])) };
  };

  function happened(call: Call, ticket: Ticket, happening: Happening): void {
    store.touch(ticket, isoSeconds(premises.clock.now()));
    desk.raise(ticket, people.caller(call), [happening]);
  }

  function makePrivate(call: Call): Reply {
    const { ticket, comment } = named(call);
    if (comment.public) {
      comment.public = false;
      happened(call, ticket, { name: 'comment_made_private', event: commentEvent(comment, store) });
    }
    return { status: 200, body: {} };
  }

  function redact(call: Call): Reply {
    const { ticket, comment } = named(call);
    const text = isJson(call.body) ? call.body['text'] : undefined;
    if (typeof text !== 'string' || text === '') throw missingParameter('text');
    if (!comment.body.includes(text)) throw recordInvalid('text', { description: 'Text: not found in the comment', error: 'InvalidValue' });
    const blocks = BLOCK.repeat([...text].length);
    comment.html_body = comment.html_body.replaceAll(text, blocks);
    comment.body = comment.body.replaceAll(text, blocks);
    comment.plain_body = comment.body;
    happened(call, ticket, { name: 'comment_redacted', event: commentEvent(comment, store) });
    return { status: 200, body: { comment: show.comment(comment) } };
  }

  /** The recommended form: the whole text again, with `<redact>` around what is to go; works on closed tickets too. */
  function redactMarked(call: Call): Reply {
    const body = isJson(call.body) ? call.body : {};
    const ticket = liveTicket(store, idNumber(body['ticket_id']));
    const comment = commentOf(ticket, wholeNumber(call.params['comment']));
    const html = body['html_body'];
    if (typeof html === 'string') {
      comment.html_body = html.replace(/<redact[^>]*>([\s\S]*?)<\/redact>/gi, (_whole, gone: string) => BLOCK.repeat([...htmlToText(gone)].length));
      comment.body = htmlToText(comment.html_body);
      comment.plain_body = comment.body;
    }
    const urls = body['external_attachment_urls'];
    if (isTextList(urls)) for (const attachment of comment.attachments) if (urls.includes(String(uploads.show(attachment)['content_url']))) uploads.redact(attachment);
    happened(call, ticket, { name: 'comment_redacted', event: commentEvent(comment, store) });
    return { status: 200, body: { comment: show.comment(comment) } };
  }

  function redactAttachment(call: Call): Reply {
    const { ticket, comment } = named(call);
    const attachment = comment.attachments.find(({ file }) => file.id === wholeNumber(call.params['attachment']));
    if (!attachment) return notFound();
    const { id, filename } = attachment.file;
    uploads.redact(attachment);
    happened(call, ticket, {
      name: 'attachment_redacted_from_comment',
      event: { attachment: { id: String(id), filename }, comment: { id: String(comment.id) } },
    });
    return { status: 200, body: { attachment: uploads.show(attachment) } };
  }

  const base = '/api/v2/tickets/:id/comments';
  return [
    { method: 'GET', path: base, handle: list },
    {
      method: 'GET',
      path: `${base}/count`,
      handle: (call) => ({
        status: 200,
        body: { count: { value: liveTicket(store, call.params['id']).comments.length, refreshed_at: isoSeconds(premises.clock.now()) } },
      }),
    },
    { method: 'PUT', path: `${base}/:comment/make_private`, handle: makePrivate },
    { method: 'PUT', path: `${base}/:comment/redact`, handle: redact },
    { method: 'PUT', path: `${base}/:comment/attachments/:attachment/redact`, handle: redactAttachment },
    { method: 'PUT', path: '/api/v2/comment_redactions/:comment', handle: redactMarked },
  ];
}
