/**
 * Unified comments ↔ Helpdesk messages, pure. `request` is the customer's, `response` an agent's to the customer, `note` for agents
 * only. The form of a message's attachments is not documented beyond `token`, `name` and `size` (?).
 * https://airclou.com/api/helpdesk/messages
 */
import type { Attachment, Comment, CommentDraft, Person, Ticket } from '../../core/model.ts';
import { htmlToText, textToHtml, tidy } from '../kit/html.ts';
import { imagesAsText, imageTag, withImages } from '../kit/images.ts';
import { takeMark, withMark } from '../kit/mark.ts';
import { clean } from '../kit/text.ts';
import { isoTime } from '../kit/time.ts';
import { carriedCc, carriedFile, type HelpdeskFile, type HelpdeskMessage } from './shapes.ts';
import { emailOf, type Words } from './words.ts';

export function forecastComment(draft: CommentDraft): CommentDraft {
  return { content: shownMessage(draft.content), public: draft.public };
}

/** How a text of ours reads in a message. There is no way known to put a file there, so an image is its name. */
export function shownMessage(html: string): string {
  return tidy(imagesAsText(html));
}

/** A message of ours. It is never mailed to anybody: the customer has had it from the desk it was written on. */
export function toMessage(ticketId: string, draft: CommentDraft, key: string): Record<string, unknown> {
  const content = withMark(clean(imagesAsText(draft.content)), key);
  return { ticket_id: ticketId, type: draft.public ? 'response' : 'note', content, text_content: htmlToText(content), send_email: false };
}

/** The first message, which is the description. Its ticket carries the key, so it needs none. */
export function toFirstMessage(ticketId: string, description: string, ccs: readonly Person[]): Record<string, unknown> {
  return {
    ticket_id: ticketId,
    type: 'request',
    content: description,
    text_content: htmlToText(description),
    send_email: false,
    ...(ccs.length > 0 && { ccs: ccs.map(({ email, name }) => ({ email, ...(name !== null && { name }) })) }),
  };
}

/** What is neither known to be the customer's nor for the customer is taken for private. */
export function fromMessage(raw: HelpdeskMessage, words: Words): Comment {
  const files = attachmentsOf(raw, words);
  const { said, inside } = wordsOf(raw, files, words);
  const { content, key } = raw.type === 'request' ? { content: said, key: null } : takeMark(said);
  return {
    id: String(raw.id),
    content: key === null ? content : tidy(content),
    author: raw.authorId == null ? null : { user_id: String(raw.authorId), email: emailOf(String(raw.authorId), words), name: null },
    public: raw.type === 'request' || raw.type === 'response',
    attachments: files.map((file) => (inside.has(file.url) ? { ...file, inline: true } : file)),
    created_at: isoTime(raw.createdAt),
    modified_at: isoTime(raw.updatedAt),
    key,
  };
}

/** The description, if a ticket's oldest message is one. */
export function isDescription(oldest: HelpdeskMessage | undefined): boolean {
  return oldest?.type === 'request';
}

/**
 * The ticket with what its oldest message says of it. Our own ticket without one has lost its description on the way: it is not
 * told to be empty, since nobody emptied it.
 */
export function described(ticket: Ticket, oldest: HelpdeskMessage | undefined, words: Words): Ticket {
  if (oldest === undefined || !isDescription(oldest)) return ticket.key === null ? { ...ticket, description: null } : ticket;
  const { content, attachments } = fromMessage(oldest, words);
  const ccs = (oldest.ccs ?? []).flatMap((one) => carriedCc(one) ?? []);
  return { ...ticket, description: content, attachments, email_ccs: ccs.map(({ email, name }) => ({ user_id: null, email, name: name ?? null })) };
}

/** The text, its images named as all readings name them, and the addresses of those that are among the message's files. */
function wordsOf(raw: HelpdeskMessage, files: readonly Attachment[], words: Words): { readonly said: string; readonly inside: ReadonlySet<string> } {
  const names = new Map(files.map(({ url, filename }) => [url, filename]));
  const inside = new Set<string>();
  const html = withImages(raw.content ?? textToHtml(raw.textContent ?? ''), ({ src, tag }) => {
    const url = absolute(src, words.home);
    const filename = names.get(url);
    if (url === '' || filename === undefined) return tag;
    inside.add(url);
    return imageTag(url, filename);
  });
  return { said: tidy(html), inside };
}

function attachmentsOf(raw: HelpdeskMessage, words: Words): readonly Attachment[] {
  return (raw.attachments ?? []).flatMap((one, at) => {
    const file = carriedFile(one);
    if (file === null) return [];
    const id = String(file.id ?? file.token ?? `${raw.id}-${at}`);
    return [
      {
        id,
        filename: file.name ?? file.filename ?? id,
        content_type: file.contentType ?? file.mimeType ?? null,
        url: linkTo(file, id, words),
        thumb_url: null,
        size: file.size ?? null,
        inline: false,
      },
    ];
  });
}

/** Where a file is fetched: as its message says, or as the account's settings do; empty where nobody does. */
function linkTo(file: HelpdeskFile, id: string, { attachment_url: template, home }: Words): string {
  const made = template?.replaceAll('{id}', encodeURIComponent(id)).replaceAll('{token}', encodeURIComponent(String(file.token ?? id)));
  return absolute(file.url ?? file.downloadUrl ?? made ?? null, home);
}

function absolute(link: string | null, home: string | undefined): string {
  return link !== null && URL.canParse(link, home) ? new URL(link, home).href : '';
}
