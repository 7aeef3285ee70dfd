/** Files: told, fetched and written byte for byte, where the desk can; else left out with a warning. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { withImages, imageTag } from '../../../src/connectors/kit/images.ts';
import type { Attachment } from '../../../src/core/model.ts';
import type { FileSource } from '../../../src/ports/connector.ts';
import { failureOf, type Bench } from './bench.ts';

/** A file as the engine hands it over, from some other desk. */
export function fileOf(filename: string, bytes: Buffer, more: Partial<FileSource> = {}): FileSource {
  return {
    from: 99,
    ticket_id: '1',
    comment_id: null,
    id: `file-${filename}`,
    url: `https://elsewhere.example/files/${encodeURIComponent(filename)}`,
    filename,
    content_type: 'application/octet-stream',
    inline: false,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    open: async function* open() {
      for (let at = 0; at < bytes.length; at += 4_096) yield bytes.subarray(at, at + 4_096);
    },
    blob: () => Promise.resolve(new Blob([new Uint8Array(bytes)], { type: more.content_type ?? 'application/octet-stream' })),
    ...more,
  };
}

const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const BYTES = Buffer.from(Array.from({ length: 70_000 }, (_, at) => (at * 7 + (at >> 8)) % 256));
const TEXT = fileOf('read me.txt', Buffer.from('Grüße\r\n\0'), { content_type: 'text/plain' });
const BINARY = fileOf('daten-übersicht (1).bin', BYTES);
const IMAGE = fileOf('pixel.png', PIXEL, { content_type: 'image/png', inline: true });
const CONTENT = `<p>Look: ${imageTag(IMAGE.url, IMAGE.filename)} and read</p>`;

async function whole(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

export function filesSuite(bench: Bench): void {
  const fetched = async (attachment: Attachment, of: { readonly ticketId: string; readonly commentId: string | null }): Promise<Buffer> => {
    const found = await bench.desk.download?.(attachment, of);
    if (found === undefined) throw new Error('this desk hands out no files');
    const bytes = await whole(found.stream);
    if (found.size !== null) expect(found.size).toBe(bytes.length);
    return bytes;
  };

  const arrived = async (files: readonly FileSource[], attachments: readonly Attachment[], of: { readonly ticketId: string; readonly commentId: string | null }): Promise<void> => {
    const { desk } = bench;
    expect(attachments.map(({ filename }) => filename).sort()).toEqual(files.map(({ filename }) => filename).sort());
    for (const file of files) {
      const attachment = attachments.find(({ filename }) => filename === file.filename);
      if (attachment === undefined) throw new Error(`${file.filename} is not there`);
      expect(attachment.id).not.toBe('');
      if (attachment.size !== null) expect(attachment.size).toBe(file.size);
      if (file.inline && desk.can.files.inline) expect(attachment.inline).toBe(true);
      if (!file.inline) expect(attachment.inline).toBe(false);
      expect((await fetched(attachment, of)).equals(await whole(file.open()))).toBe(true);
    }
  };

  const images = (html: string): readonly (string | null)[] => {
    const found: (string | null)[] = [];
    withImages(html, ({ alt, tag }) => (found.push(alt), tag));
    return found;
  };

  describe('files', () => {
    test('come with a new ticket, or are left out with a warning', async () => {
      const { desk, newKey } = bench;
      const files = [TEXT, BINARY, IMAGE];
      const fields = { subject: 'With files', description: CONTENT, requester: { user_id: null, email: 'carla@customer.example', name: 'Carla' } };
      const written = await desk.createTicket(fields, newKey(), files);
      const ticket = await desk.getTicket(written.id);
      if (desk.can.fields.description !== undefined) expect(images(ticket.description ?? '')).toEqual(images(desk.forecast(fields).description ?? ''));
      if (!desk.can.files.ticket) {
        expect(written.warnings.map(({ field }) => field)).toContain('attachments');
        expect(ticket.attachments ?? []).toEqual([]);
        return;
      }
      expect(written.warnings).toEqual([]);
      await arrived(files, ticket.attachments ?? [], { ticketId: written.id, commentId: null });
    });

    test.each([true, false])('come with a new comment (public: %s), or are left out with a warning', async (visible) => {
      const { desk, newKey } = bench;
      if (!desk.can.comments.create) return;
      const { id } = await bench.create();
      const files = [TEXT, BINARY, IMAGE];
      const draft = { content: CONTENT, public: visible, files: files.map(({ open: _open, blob: _blob, sha256: _sha256, ...plain }) => plain) };
      const { comment, warnings } = await desk.createComment(id, draft, newKey(), files);
      const [seen] = await bench.allComments(id);
      if (seen === undefined) throw new Error('the comment is not there');
      expect(seen.public).toBe(visible);
      const expected = desk.forecastComment(draft).content;
      expect(images(seen.content)).toEqual(images(expected));
      expect(blind(seen.content)).toBe(blind(expected));
      if (!desk.can.files.comment) {
        expect(warnings.map(({ field }) => field)).toContain('attachments');
        return;
      }
      expect(warnings).toEqual([]);
      await arrived(files, seen.attachments, { ticketId: id, commentId: seen.id });
      expect(comment.attachments.map(({ filename }) => filename).sort()).toEqual(seen.attachments.map(({ filename }) => filename).sort());
    });

    test('that are gone are missing', async () => {
      const { desk, newKey } = bench;
      if (desk.download === undefined || !desk.can.files.comment) return;
      const { id } = await bench.create();
      const { comment } = await desk.createComment(id, { content: '<p>x</p>', public: true }, newKey(), [TEXT]);
      const [attachment] = comment.attachments;
      if (attachment === undefined) throw new Error('the file is not there');
      const gone = { id: '999999999999', url: attachment.url.replace(/[^/]+$/, 'gone-and-unknown') };
      const failure = await failureOf(desk.download(gone, { ticketId: id, commentId: comment.id }));
      expect(['missing', 'unauthorised', 'refused']).toContain(failure.kind);
    });
  });
}

/** Words without the addresses of images, which are the desk's own. */
function blind(html: string): string {
  return withImages(html, ({ alt }) => imageTag('', alt ?? ''));
}
