/** Past the unified API: the desk's own calls, the desk's own ids, and the desk's own files. */
import { Readable } from 'node:stream';
import type { Attachment } from '../../core/model.ts';
import { intended, NO_STEP_PARTS } from '../../core/step.ts';
import { AppError } from '../../errors.ts';
import { DeskFailure, type Desk } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { commentId, known } from './comments.ts';
import { cannot, type Desks } from './desks.ts';
import { idOf, type Kind } from './ids.ts';
import { invalid } from './input.ts';
import type { Call, Parameter, Reply, Route } from './route.ts';
import { ticketId } from './tickets.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'];

const RAW_HEADERS: Readonly<Record<string, Parameter>> = {
  'X-Kloudless-Raw-URI': { about: 'The path at the desk, with its query; or a whole address on the desk’s own host.', schema: { type: 'string', minLength: 1, maxLength: 8_000 } },
  'X-Kloudless-Raw-Method': { about: 'The method; GET without it.', schema: { type: 'string', enum: METHODS } },
  'X-Kloudless-Raw-Headers': { about: 'More headers for the desk, as a JSON object of texts. None that authenticates.', schema: { type: 'string', maxLength: 8_000 } },
};

export function passingRoutes({ desks, world }: { readonly desks: Desks; readonly world: Pick<World, 'now'> }): readonly Route[] {
  async function pass(call: Call): Promise<Reply> {
    const { desk, account } = call.member;
    if (desk.pass === undefined) throw cannot(call.member, 'raw', 'be called past this API');
    const path = pathAt(account.url, call.header('x-kloudless-raw-uri'));
    const method = call.header('x-kloudless-raw-method') ?? 'GET';
    const body = call.body as Buffer;
    const type = call.header('content-type');
    const headers = {
      ...(type === undefined || body.length === 0 ? {} : { 'content-type': type }),
      ...moreHeaders(call.header('x-kloudless-raw-headers')),
    };
    const { once } = call;
    if (once.intent !== null) throw leftOpen();
    const writes = method !== 'GET' && method !== 'HEAD';
    if (writes) await once.intend(intended({ ...NO_STEP_PARTS, kind: 'ticket.update', key: once.id }, world.now()));
    const answer = await desks.call(call, 'object', async () => {
      try {
        return await desk.pass?.({ method, path, headers, body: body.length === 0 ? null : body });
      } catch (error) {
        if (writes && error instanceof DeskFailure && error.kind !== 'unsure' && error.kind !== 'surprise') await once.intend(null);
        throw error;
      }
    });
    if (answer === undefined) throw new Error('a desk that passes calls on gave no answer');
    return { status: answer.status, headers: passedOn(answer.headers), bytes: answer.body };
  }

  async function download(call: Call): Promise<Reply> {
    const { desk } = call.member;
    const ticket = ticketId(call);
    const comment = call.params['comment_id'] === undefined ? null : commentId(call);
    if (!desk.can.files.read || desk.download === undefined) throw cannot(call.member, 'files.download', 'hand out files');
    const id = call.params['attachment_id'] ?? '';
    const { file, found } = await desks.call(call, 'attachment', async () => {
      const listed = comment === null ? ((await desk.getTicket(ticket)).attachments ?? []) : (await known(desk, ticket, comment)).attachments;
      const attachment = listed.find((one) => one.id === id);
      if (attachment === undefined) throw new DeskFailure('missing', 'there is no such file there');
      return { found: attachment, file: await fetched(desk, attachment, ticket, comment) };
    });
    return { status: 200, headers: fileHeaders(found, file), stream: Readable.from(file.stream, { objectMode: false }) };
  }

  const FILE = '/v1/accounts/{account_id}/helpdesk/tickets/{ticket_id}/attachments/{attachment_id}';
  const FILE_ANSWER = { 200: { about: 'The file, streamed from the desk.', schema: null, type: 'application/octet-stream' } } as const;
  return [
    {
      method: 'POST', path: '/v1/accounts/{account_id}/raw', operation: 'passThrough', tag: 'Raw', scope: 'any', summary: 'Call the desk’s own API',
      about: 'With the account’s credentials, to its own host and no other; what it answers comes back as it is, errors too.',
      headers: RAW_HEADERS, body: 'bytes', desk: true,
      answers: { 200: { about: 'What the desk answers.', schema: null, type: '*/*' } }, passes: { about: 'Whatever the desk answers, with its status.', schema: null, type: '*/*' }, errors: ['not_implemented'], handle: pass,
    },
    {
      method: 'POST', path: '/v1/accounts/{account_id}/encode_raw_id', operation: 'encodeRawId', tag: 'Raw', scope: 'any', reads: true, summary: 'The id of this API for a desk’s own id',
      about: 'Whether the object exists is not looked at.', body: { json: 'raw-id' },
      answers: { 200: { about: 'The id.', schema: 'raw-id-encoded' } }, errors: [],
      async handle(call) {
        const { raw_id: rawId, type } = call.body as { readonly raw_id: string; readonly type: Kind };
        return { status: 200, body: { id: idOf(type, rawId), raw_id: rawId, type, api: 'helpdesk' } };
      },
    },
    {
      method: 'GET', path: FILE, operation: 'downloadTicketFile', tag: 'Files', scope: 'any', summary: 'Download a file of a ticket’s description',
      desk: true, answers: FILE_ANSWER, errors: ['not_implemented', 'invalid_resource_type'], handle: download,
    },
    {
      method: 'GET', path: FILE.replace('/attachments', '/comments/{comment_id}/attachments'), operation: 'downloadCommentFile', tag: 'Files', scope: 'any',
      summary: 'Download a file of a comment', desk: true, answers: FILE_ANSWER, errors: ['not_implemented', 'invalid_resource_type'], handle: download,
    },
  ];
}

async function fetched(desk: Desk, attachment: Attachment, ticket: string, comment: string | null) {
  const file = await desk.download?.(attachment, { ticketId: ticket, commentId: comment });
  if (file === undefined) throw new Error('a desk that hands out files gave none');
  return file;
}

/** Never shown by a browser as a page of ours: it is somebody's file. */
function fileHeaders({ filename, content_type: told }: Attachment, file: { readonly size: number | null; readonly content_type: string | null }): Readonly<Record<string, string>> {
  const type = told ?? file.content_type;
  return {
    'Content-Type': type !== null && /^[\w.+-]+\/[\w.+-]+( *;[ -~]*)?$/.test(type) ? type : 'application/octet-stream',
    'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(filename.toWellFormed()).replaceAll("'", '%27')}`,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': 'sandbox',
    ...(file.size === null ? {} : { 'Content-Length': String(file.size) }),
  };
}

/** What went past the unified API cannot be looked up. */
function leftOpen(): AppError {
  return new AppError('conflict', 'Whether the desk did this was not told the first time, and nobody here can look: find out at the desk, and use a new Idempotency-Key to do it again.');
}

/** A path below the desk's own address. Throws for any other host. */
function pathAt(base: string, uri: string | undefined): string {
  const path = 'header/X-Kloudless-Raw-URI';
  if (uri === undefined) throw invalid([{ path, message: 'This is missing: give the path at the desk.' }]);
  const own = new URL(base);
  const url = URL.parse(uri.startsWith('/') || /^[a-z][a-z0-9+.-]*:/i.test(uri) ? uri : `/${uri}`, own.href);
  if (url === null || url.origin !== own.origin || url.username !== '' || url.password !== '' || uri.startsWith('//') || uri.includes('\\')) {
    throw invalid([{ path, message: `This must be a path at ${own.origin}, or an address there.` }]);
  }
  return `${url.pathname}${url.search}`;
}

/** What says who calls, or where to, or how the bytes travel, is not the caller's to say. */
const RESERVED = /^(authorization|cookie|host|connection|content-length|transfer-encoding|proxy-.*|x-workspace-id|x-client-id|hs-client-id|te|trailer|upgrade|expect)$/;

function moreHeaders(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {};
  const path = 'header/X-Kloudless-Raw-Headers';
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    given = null;
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw invalid([{ path, message: 'This must be a JSON object of texts.' }]);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase();
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(lower) || typeof value !== 'string' || !/^[\x20-\x7e]{0,2000}$/.test(value) || RESERVED.test(lower)) {
      throw invalid([{ path, message: `${name.slice(0, 100)} cannot be sent to the desk.` }]);
    }
    headers[lower] = value;
  }
  return headers;
}

/** Of the desk's headers only what describes the body and the wait. */
function passedOn(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const kept: Readonly<Record<string, string>> = { 'content-type': 'Content-Type', 'retry-after': 'Retry-After', link: 'Link', etag: 'ETag', 'last-modified': 'Last-Modified' };
  const passed = Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (kept[name] === undefined ? [] : [[kept[name], value]])));
  return { 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': 'sandbox', ...passed };
}

