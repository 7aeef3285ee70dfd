/**
 * Comments as Zendesk stores them: wrapped HTML beside derived text, placeholders expanded, everything beyond 64 kB cut
 * without a word. Sources: developer.zendesk.com "Ticket comments" and recorded answers.
 */
import type { Json } from '../kit/desk.ts';
import { cutBytes, escapeHtml, htmlToText, sanitiseHtml, textToHtml } from '../kit/html.ts';
import { idNumber, isJson } from '../kit/json.ts';
import { recordInvalid } from './errors.ts';
import { VIA_API, type Attachment, type Comment, type Ticket, type User, type Via } from './model.ts';
import type { Store } from './store.ts';
import type { Uploads } from './uploads.ts';

/** A comment that a write asks for, checked but not yet stored. */
export interface CommentDraft {
  readonly html: string | null;
  readonly text: string | null;
  /** Null: as public as the ticket's first comment. */
  readonly public: boolean | null;
  readonly authorId: number | null;
  /** Tokens of uploads, every one of them good. */
  readonly uploads: readonly string[];
}

const LIMIT_BYTES = 65_535;

/** Null for a comment without any text or file, which the vendor takes for none. */
export function readCommentDraft(input: Json, store: Store, uploads: Uploads): CommentDraft | null {
  const { html_body: html, body, value, public: visible, author_id: author } = input;
  const text = typeof body === 'string' ? body : typeof value === 'string' ? value : null;
  const rich = typeof html === 'string' && html !== '' ? html : null;
  const tokens = uploads.read(input['uploads']);
  if (rich === null && (text === null || text.trim() === '') && tokens.length === 0) return null;
  let authorId: number | null = null;
  if (author !== undefined && author !== null) {
    authorId = idNumber(author);
    if (!store.users.has(authorId)) throw recordInvalid('author', { description: 'Author: is invalid', error: 'InvalidValue' });
  }
  return { html: rich, text, public: typeof visible === 'boolean' ? visible : null, authorId, uploads: tokens };
}

/** `{{…}}` is a placeholder wherever it stands, and an unknown one is simply gone; `\{{…}}` stays as text. */
export function expand(text: string, facts: (name: string) => string): string {
  if (!text.includes('{{')) return text;
  return text.replace(/(\\?)\{\{([^{}]*)\}\}/g, (whole, escaped: string, name: string) =>
    escaped === '' ? facts(name.trim()) : whole.slice(1),
  );
}

/** What each placeholder stands for; empty where there is no such thing. */
export function placeholders(ticket: Ticket, caller: User, store: Store, url: string): (name: string) => string {
  const requester = store.users.get(ticket.requester_id);
  const assignee = ticket.assignee_id === null ? undefined : store.users.get(ticket.assignee_id);
  const facts: Readonly<Record<string, string | null | undefined>> = {
    'ticket.id': String(ticket.id),
    'ticket.title': ticket.subject,
    'ticket.subject': ticket.subject,
    'ticket.description': ticket.comments[0]?.body,
    'ticket.latest_comment': ticket.comments.at(-1)?.body,
    'ticket.comments.first.body': ticket.comments[0]?.body,
    // Not the comments: the objects that hold them, printed as Ruby prints objects. Made only for who asks: there may be thousands.
    get 'ticket.comments'() {
      return ticket.comments.map((comment) => `#<Event id:${comment.id}, ticket_id:${ticket.sequence}, value:"${comment.body}">`).join(',');
    },
    'ticket.status': ticket.status,
    'ticket.priority': ticket.priority,
    'ticket.ticket_type': ticket.type,
    'ticket.external_id': ticket.external_id,
    'ticket.updated_at_with_timestamp': ticket.updated_at,
    'ticket.url': `${url}/agent/tickets/${ticket.id}`,
    'ticket.link': `${url}/agent/tickets/${ticket.id}`,
    'ticket.tags': ticket.tags.join(' '),
    'ticket.requester.name': requester?.name,
    'ticket.requester.email': requester?.email,
    'ticket.assignee.name': assignee?.name,
    'ticket.assignee.email': assignee?.email,
    'current_user.name': caller.name,
    'current_user.email': caller.email,
  };
  return (name) => (Object.hasOwn(facts, name) ? (facts[name] ?? '') : '');
}

const wrap = (html: string): string =>
  html.startsWith('<div class="zd-comment"')
    ? html
    : `<div class="zd-comment" dir="auto">${html.startsWith('<') ? html.replaceAll('<p>', '<p dir="auto">') : `<p dir="auto">${html}</p>`}</div>`;

/** Files that the text shows as images are its inline images: they are left out of plain lists of attachments. */
function markInline(attachments: readonly Attachment[], html: string): void {
  for (const attachment of attachments) if (html.includes(`/attachments/token/${attachment.file.token}/`)) attachment.inline = true;
}

export function composeComment(
  draft: CommentDraft,
  ticket: Ticket,
  at: {
    readonly id: number;
    readonly auditId: number;
    readonly time: string;
    readonly caller: User;
    readonly store: Store;
    readonly url: string;
    readonly custom: object;
    readonly attachments: readonly Attachment[];
    readonly via?: Via;
  },
): Comment {
  const facts = placeholders(ticket, at.caller, at.store, at.url);
  let html: string;
  let text: string;
  if (draft.html === null) {
    text = cutBytes(expand(draft.text ?? '', facts).replaceAll('\r\n', '\n').trim(), LIMIT_BYTES);
    html = wrap(textToHtml(text, '<p dir="auto">'));
  } else {
    html = wrap(cutBytes(sanitiseHtml(expand(draft.html, (name) => escapeHtml(facts(name)))), LIMIT_BYTES));
    text = htmlToText(html);
  }
  markInline(at.attachments, html);
  return {
    id: at.id,
    type: 'Comment',
    author_id: draft.authorId ?? at.caller.id,
    body: text,
    html_body: html,
    plain_body: text,
    public: draft.public ?? ticket.comments[0]?.public ?? true,
    attachments: at.attachments,
    audit_id: at.auditId,
    via: at.via ?? VIA_API,
    created_at: at.time,
    custom: at.custom,
  };
}

/** The custom part of a write's `metadata`; comes back with the comment and the audit, the usual mark against loops. */
export const readMetadata = (value: unknown): object => (isJson(value) ? value : {});
