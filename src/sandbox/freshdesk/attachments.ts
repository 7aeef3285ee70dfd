/**
 * Files: at most 20 MB on a ticket with all its conversations, handed out by pre-signed links that refuse our own
 * credentials (as S3 does) and that expire; images inside texts by links with a token that lead on to such a link.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { createFiles, type StoredFile } from '../kit/files.ts';
import { escapeHtml } from '../kit/html.ts';
import { wholeNumber } from '../kit/json.ts';
import { accessDenied, missing, type Problem } from './errors.ts';
import type { FilePart } from './form.ts';
import type { Attached, Ticket } from './model.ts';

export interface Attachments {
  readonly routes: readonly Route[];
  /** Whether this address is one of the pre-signed ones, which the account's keys have nothing to do with. */
  isPublic(path: string): boolean;
  /** What speaks against adding these files to a ticket (null: a new one). */
  problems(files: readonly FilePart[], ticket: Ticket | null): readonly Problem[];
  add(files: readonly FilePart[], sizeKey: Attached['sizeKey']): Attached[];
  show(attached: readonly Attached[]): readonly Json[];
  /** What to write into a text to show an image there. */
  inlineUrl(file: number): string;
  clear(): void;
}

const FOLDER = '/data/helpdesk/attachments/production';
const INLINE = '/inline/attachment';
const ALGORITHM = 'AWS4-HMAC-SHA256';
const MEGABYTE = 1024 * 1024;

/** As the vendor's attachments show times: with the offset of its servers. */
const indianTime = (ms: number): string => `${new Date(ms + 19_800_000).toISOString().slice(0, 19)}+05:30`;

const storageError = (status: number, code: string, message: string): Reply => ({
  status,
  text: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escapeHtml(message)}</Message></Error>`,
  type: 'application/xml',
});

const allOf = (ticket: Ticket): readonly Attached[] => [...ticket.attachments, ...ticket.conversations.flatMap(({ attachments }) => attachments)];

export function createAttachments(parts: {
  readonly premises: Premises;
  readonly tickets: () => Iterable<Ticket>;
  readonly limitBytes: () => number;
  readonly linkMs: () => number;
}): Attachments {
  const { premises } = parts;
  const files = createFiles(1070004830001);
  const secret = randomBytes(32);
  const mac = (text: string): string => createHmac('sha256', secret).update(text).digest('hex');
  const proves = (given: string, text: string): boolean => {
    const [left, right] = [Buffer.from(given), Buffer.from(mac(text))];
    return left.length === right.length && timingSafeEqual(left, right);
  };

  function link(file: StoredFile): string {
    const query = new URLSearchParams({
      'X-Amz-Algorithm': ALGORITHM,
      'X-Amz-Date': String(premises.clock.now()),
      'X-Amz-Expires': String(Math.max(1, Math.round(parts.linkMs() / 1000))),
      'X-Amz-SignedHeaders': 'host',
    });
    query.set('X-Amz-Signature', mac(`${file.id}?${query.toString()}`));
    return `${premises.url()}${FOLDER}/${file.id}/original/${encodeURIComponent(file.filename)}?${query.toString()}`;
  }

  function handOut({ params, query, headers }: Call): Reply {
    if (headers.authorization !== undefined) {
      return storageError(400, 'InvalidArgument', 'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified');
    }
    const given = query.get('X-Amz-Signature') ?? '';
    const signed = new URLSearchParams(query);
    signed.delete('X-Amz-Signature');
    if (!proves(given, `${params['id'] ?? ''}?${signed.toString()}`)) {
      return storageError(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided.');
    }
    if (premises.clock.now() > Number(query.get('X-Amz-Date')) + Number(query.get('X-Amz-Expires')) * 1000) {
      return storageError(403, 'AccessDenied', 'Request has expired');
    }
    const file = files.byId(wholeNumber(params['id']) ?? 0);
    if (!file) return storageError(404, 'NoSuchKey', 'The specified key does not exist.');
    return { status: 200, bytes: file.bytes, type: file.type, headers: { 'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.filename)}` } };
  }

  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  function inlineUrl(id: number): string {
    const body = `${encoded({ typ: 'JWT', alg: 'HS256' })}.${encoded({ id, domain: new URL(premises.url()).host, account_id: 1 })}`;
    return `${premises.url()}${INLINE}?token=${body}.${Buffer.from(mac(body), 'hex').toString('base64url')}`;
  }
  function showInline({ query }: Call): Reply {
    const [head = '', payload = '', proof = ''] = (query.get('token') ?? '').split('.');
    if (!proves(Buffer.from(proof, 'base64url').toString('hex'), `${head}.${payload}`)) return accessDenied();
    const { id } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { readonly id: number };
    const file = files.byId(id);
    return file ? { status: 302, headers: { Location: link(file) } } : missing();
  }

  function show(attached: readonly Attached[]): readonly Json[] {
    return attached.flatMap(({ file: id, sizeKey }) => {
      const file = files.byId(id);
      if (!file) return [];
      const at = indianTime(file.at);
      return [{ id, name: file.filename, content_type: file.type, [sizeKey]: file.bytes.length, created_at: at, updated_at: at, attachment_url: link(file), thumb_url: null }];
    });
  }

  function remove({ params }: Call): Reply {
    const id = wholeNumber(params['id']) ?? 0;
    if (!files.byId(id)) return missing();
    files.remove(id);
    for (const ticket of parts.tickets()) {
      for (const list of [ticket.attachments, ...ticket.conversations.map(({ attachments }) => attachments)]) {
        const at = list.findIndex(({ file }) => file === id);
        if (at >= 0) list.splice(at, 1);
      }
    }
    return { status: 204 };
  }

  return {
    routes: [
      { method: 'GET', path: `${FOLDER}/:id/original/:name`, handle: handOut },
      { method: 'GET', path: INLINE, handle: showInline },
      { method: 'DELETE', path: '/api/v2/attachments/:id', handle: remove },
    ],
    isPublic: (path) => path.startsWith(`${FOLDER}/`) || path === INLINE,
    problems(added, ticket) {
      if (added.length === 0) return [];
      const sum = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0);
      const held = ticket === null ? [] : allOf(ticket).map(({ file }) => files.byId(file)?.bytes.length ?? 0);
      const total = sum([...held, ...added.map(({ bytes }) => bytes.length)]);
      if (total <= parts.limitBytes()) return [];
      const [is, may] = [total, parts.limitBytes()].map((size) => Math.ceil((size / MEGABYTE) * 100) / 100);
      return [{ field: 'attachments', message: `Total attachment(s) size is ${is}MB, it should not exceed ${may}MB`, code: 'invalid_size' }];
    },
    add: (added, sizeKey) =>
      added.map(({ filename, type, bytes }) => ({
        file: files.add({ filename, type: type === '' ? 'application/octet-stream' : type, bytes }, premises.clock.now()).id,
        sizeKey,
      })),
    show,
    inlineUrl,
    clear: () => files.clear(),
  };
}
