/** Comments of a ticket, live from its desk. */
import { keyOf } from '../../core/key.ts';
import type { Comment, Warning } from '../../core/model.ts';
import { createCommentOnce, findComment } from '../../engine/writes.ts';
import { DeskFailure, type Desk } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { cannot, type Desks } from './desks.ts';
import { rawIdOf } from './ids.ts';
import { listFrom, PAGE_PARAMETERS, pageBody, type Sealer } from './listing.ts';
import { rawAsked, RAW_HEADER } from './raw-data.ts';
import type { Call, Reply, Route } from './route.ts';
import { ignoredIn, shownComment, type Href } from './tickets-view.ts';
import { ticketId, together } from './tickets.ts';
import { sourcesOf } from './uploads.ts';

const LIST = '/v1/accounts/{account_id}/helpdesk/tickets/{ticket_id}/comments';
const ONE = `${LIST}/{comment_id}`;
const short = (path: string): string => path.replace('/helpdesk', '');

/** A body of `comment-create` or `comment-update`. */
interface CommentBody {
  readonly content?: string | null;
  readonly author?: string | null;
  readonly public?: boolean | null;
}

const FIELDS = ['content', 'author', 'public'];

export function commentRoutes({ desks, sealer, href, world }: { readonly desks: Desks; readonly sealer: Sealer; readonly href: Href; readonly world: World }): readonly Route[] {
  function show(call: Call, desk: Desk, comment: Comment, warnings?: readonly Warning[]): object {
    const raw = rawAsked(call) ? { raw: desk.raw?.(comment) ?? null } : {};
    const { id } = call.member.account;
    return shownComment(comment, ticketId(call), { account_id: id, href, ...raw, ...(warnings === undefined ? {} : { warnings }) });
  }

  async function list(call: Call): Promise<Reply> {
    const { page, page_size: size } = call.query as { readonly page?: string; readonly page_size: number };
    const ticket = ticketId(call);
    needList(call);
    const context = `page:${call.member.account.id}:comments:${ticket}`;
    return desks.call(call, 'ticket', async (desk) => {
      const { items, next } = await listFrom({ sealer, context, page, size, read: (at) => desk.listComments(ticket, at) });
      return { status: 200, body: pageBody('helpdesk', page, items.map((comment) => show(call, desk, comment)), next) };
    });
  }

  async function retrieve(call: Call): Promise<Reply> {
    const [ticket, id] = [ticketId(call), commentId(call)];
    needList(call);
    const [desk, comment] = await desks.call(call, 'comment', async (desk) => [desk, await known(desk, ticket, id)] as const);
    return { status: 200, body: show(call, desk, comment) };
  }

  async function create(call: Call): Promise<Reply> {
    const ticket = ticketId(call);
    const { content, author, public: shown } = call.body as CommentBody & { readonly content: string };
    const { desk } = call.member;
    const { can } = desk;
    if (!can.comments.create) throw cannot(call.member, 'comments.create', 'take comments from this account');
    if (shown === false && !can.comments.private) throw cannot(call.member, 'comments.private', 'hold private comments');
    if (call.files.length > 0 && !can.files.comment) throw cannot(call.member, 'files.upload', 'take files with a comment');
    const draft = { content, public: shown ?? true };
    const written = await desks.call(call, 'ticket', () => createCommentOnce({ desk, once: call.once, world }, ticket, draft, sourcesOf(call, ticket, can)), {
      key: call.header('idempotency-key'),
    });
    const warnings = together([...ignoredIn(call.body as object, FIELDS), ...ignoredAuthor(author), ...written.warnings]);
    return { status: 201, body: show(call, desk, written.comment, warnings) };
  }

  async function update(call: Call): Promise<Reply> {
    const [ticket, id] = [ticketId(call), commentId(call)];
    const body = call.body as CommentBody;
    const { desk } = call.member;
    const { edit, makePrivate } = desk.can.comments;
    if (desk.updateComment === undefined || (!edit && !makePrivate)) throw cannot(call.member, 'comments.edit', 'change comments');
    needList(call);
    const current = await desks.call(call, 'comment', () => known(desk, ticket, id));
    const hides = current.public && body.public === false;
    const warnings: Warning[] = [...ignoredIn(body, FIELDS), ...ignoredAuthor(body.author)];
    if (hides && !makePrivate) warnings.push({ field: 'public', reason: 'this desk cannot hide a comment' });
    if (!current.public && body.public === true) warnings.push({ field: 'public', reason: 'a private comment is not made public' });
    if (body.content != null && !edit) {
      if (!hides || !makePrivate) throw cannot(call.member, 'comments.edit', 'change the text of a comment');
      warnings.push({ field: 'content', reason: 'this desk cannot change the text of a comment' });
    }
    const draft = { content: edit ? (body.content ?? current.content) : current.content, public: current.public && !(hides && makePrivate) };
    if (draft.content === current.content && draft.public === current.public) return { status: 200, body: show(call, desk, current, together(warnings)) };
    const written = await desks.call(call, 'comment', async () => desk.updateComment?.(ticket, id, draft, keyOf('api', call.once.id)));
    return { status: 200, body: show(call, desk, written?.comment ?? current, together([...warnings, ...(written?.warnings ?? [])])) };
  }

  async function remove(call: Call): Promise<Reply> {
    const [ticket, id] = [ticketId(call), commentId(call)];
    const { desk } = call.member;
    if (!desk.can.comments.delete || desk.deleteComment === undefined) throw cannot(call.member, 'comments.delete', 'delete comments');
    await desks.call(call, 'comment', async () => desk.deleteComment?.(ticket, id, keyOf('api', call.once.id)));
    return { status: 204 };
  }

  const shared = { tag: 'Comments', scope: 'any', desk: true, headers: RAW_HEADER } as const;
  return [
    {
      ...shared, method: 'GET', path: LIST, also: [short(LIST)], operation: 'listComments', summary: 'List the comments of a ticket',
      about: 'Oldest first, without the one that is the ticket’s description.', query: PAGE_PARAMETERS,
      answers: { 200: { about: 'One page.', schema: 'comment-list' } }, errors: ['not_implemented', 'invalid_resource_type'], handle: list,
    },
    {
      ...shared, method: 'POST', path: LIST, also: [short(LIST)], operation: 'createComment', summary: 'Create a comment', body: { json: 'comment-create', files: true },
      answers: { 201: { about: 'The comment, as its desk shows it.', schema: 'comment' } }, errors: ['request_failed', 'not_implemented', 'invalid_resource_type'], handle: create,
    },
    {
      ...shared, method: 'GET', path: ONE, also: [short(ONE)], operation: 'retrieveComment', summary: 'Retrieve a comment',
      answers: { 200: { about: 'The comment.', schema: 'comment' } }, errors: ['not_implemented', 'invalid_resource_type'], handle: retrieve,
    },
    {
      ...shared, method: 'PATCH', path: ONE, also: [short(ONE)], operation: 'updateComment', summary: 'Update a comment', body: { json: 'comment-update' },
      about: 'A comment can become private, but never public.',
      answers: { 200: { about: 'The comment, as its desk shows it.', schema: 'comment' } }, errors: ['request_failed', 'not_implemented', 'invalid_resource_type'], handle: update,
    },
    {
      ...shared, headers: {}, method: 'DELETE', path: ONE, also: [short(ONE)], operation: 'deleteComment', summary: 'Delete a comment',
      answers: { 204: { about: 'It is deleted.', schema: null } }, errors: ['request_failed', 'not_implemented', 'invalid_resource_type'], handle: remove,
    },
  ];
}

export function commentId(call: Pick<Call, 'params'>): string {
  return rawIdOf('comment', call.params['comment_id'] ?? '');
}

function needList(call: Call): void {
  if (!call.member.desk.can.comments.list) throw cannot(call.member, 'comments.list', 'show comments to this account');
}

/** Most desks have no call for one comment. */
export async function known(desk: Desk, ticket: string, id: string): Promise<Comment> {
  const comment = await findComment(desk, ticket, ({ id: other }) => other === id);
  if (comment === null) throw new DeskFailure('missing', 'the comment is not in the ticket');
  return comment;
}

function ignoredAuthor(author: string | null | undefined): readonly Warning[] {
  return author == null ? [] : [{ field: 'author', reason: 'comments are written by the user that this account is connected with' }];
}
