/**
 * Comments as Zendesk stores them: wrapped HTML beside derived text, placeholders expanded, everything beyond 64 kB cut
 * without a word. Sources: developer.zendesk.com "Ticket comments" and recorded answers.
 */
import type { Json } from '../kit/desk.ts';
import { cutBytes, escapeHtml, htmlToText, sanitiseHtml, textToHtml } from '../kit/html.ts';
import { idNumber, isJson } from '../kit/json.ts';
import { recordInvalid } from './errors.ts';
import type { Comment, Store, Ticket, User } from './model.ts';
import { VIA_API } from './model.ts';

/** A comment that a write asks for, checked but not yet stored. */
export interface CommentDraft {
  readonly html: string | null;
  readonly text: string | null;
  /** Null: as public as the ticket's first comment. */
  readonly public: boolean | null;
  readonly authorId: number | null;
}

const LIMIT_BYTES = 65_535;

/** Who and where a save came from. Holds no client's data; the vendor's real one has addresses and places. */
const SYSTEM = { client: 'API client', ip_address: '127.0.0.1', location: 'Sandbox', latitude: 0, longitude: 0 };
export const metadataOf = (custom: object): { readonly system: object; readonly custom: object } => ({ system: SYSTEM, custom });

/** Null for a comment without any text, which the vendor takes for none. */
export function readCommentDraft(input: Json, store: Store): CommentDraft | null {
  const { html_body: html, body, value, public: visible, author_id: author } = input;
  const text = typeof body === 'string' ? body : typeof value === 'string' ? value : null;
  const rich = typeof html === 'string' && html !== '' ? html : null;
  if (rich === null && (text === null || text.trim() === '')) return null;
  let authorId: number | null = null;
  if (author !== undefined && author !== null) {
    authorId = idNumber(author);
    if (!store.users.has(authorId)) throw recordInvalid('author', { description: 'Author: is invalid', error: 'InvalidValue' });
  }
  return { html: rich, text, public: typeof visible === 'boolean' ? visible : null, authorId };
}

/** `{{…}}` is a placeholder wherever it stands, and an unknown one is simply gone; `\{{…}}` stays as text. */
function expand(text: string, facts: (name: string) => string): string {
  if (!text.includes('{{')) return text;
  return text.replace(/(\\?)\{\{([^{}]*)\}\}/g, (whole, escaped: string, name: string) =>
    escaped === '' ? facts(name.trim()) : whole.slice(1),
  );
}

function placeholders(ticket: Ticket, caller: User, store: Store, url: string): (name: string) => string {
  const requester = store.users.get(ticket.requester_id);
  const assignee = ticket.assignee_id === null ? undefined : store.users.get(ticket.assignee_id);
  const facts: Readonly<Record<string, string | null | undefined>> = {
    'ticket.id': String(ticket.id),
    'ticket.title': ticket.subject,
    'ticket.subject': ticket.subject,
    'ticket.status': ticket.status,
    'ticket.priority': ticket.priority,
    'ticket.ticket_type': ticket.type,
    'ticket.external_id': ticket.external_id,
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

export function composeComment(
  draft: CommentDraft,
  ticket: Ticket,
  at: { readonly id: number; readonly auditId: number; readonly time: string; readonly caller: User; readonly store: Store; readonly url: string; readonly custom: object },
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
  return {
    id: at.id,
    type: 'Comment',
    author_id: draft.authorId ?? at.caller.id,
    body: text,
    html_body: html,
    plain_body: text,
    public: draft.public ?? ticket.comments[0]?.public ?? true,
    attachments: [],
    audit_id: at.auditId,
    via: VIA_API,
    created_at: at.time,
    metadata: metadataOf(at.custom),
  };
}

/** The custom part of a write's `metadata`; comes back with the comment and the audit, the usual mark against loops. */
export const readMetadata = (value: unknown): object => (isJson(value) ? value : {});
