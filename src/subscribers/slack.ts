/**
 * Slack incoming webhooks with Block Kit: readable, escaped, within Slack's limits.
 * https://docs.slack.dev/reference/block-kit/blocks
 */
import type { Comment, Person } from '../core/model.ts';
import type { Format, MeshEvent } from '../ports/subscriber.ts';

const HEADER_MOST = 150;
const TEXT_MOST = 2_900;
const FIELD_MOST = 1_900;
const FIELDS_MOST = 10;
const ELLIPSIS = '…';

const TITLES: Readonly<Record<MeshEvent['type'], string>> = {
  'ticket.created': 'New ticket',
  'ticket.updated': 'Ticket changed',
  'ticket.assignment.changed': 'Ticket assigned',
  'ticket.deleted': 'Ticket deleted',
  'comment.created': 'New comment',
  'comment.updated': 'Comment changed',
  'comment.deleted': 'Comment deleted',
  'account.stopped': 'Account stopped',
  'account.resumed': 'Account works again',
  'operation.parked': 'A write waits for a person',
};

interface Text {
  readonly type: 'mrkdwn' | 'plain_text';
  readonly text: string;
}
type Block =
  | { readonly type: 'header'; readonly text: Text }
  | { readonly type: 'section'; readonly text?: Text; readonly fields?: readonly Text[] }
  | { readonly type: 'context'; readonly elements: readonly Text[] };

export const slack: Format = {
  name: 'slack',
  title: 'Slack message',
  faults: ({ url }) => (url.startsWith('https://') ? [] : [{ path: 'url', message: 'This must be an https address: Slack has no others.' }]),
  render: ({ event }, { url }) => ({ url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(slackMessage(event)) }),
};

/** `text` is what notifications and screen readers show; the blocks are what is seen. */
export function slackMessage(event: MeshEvent): { readonly text: string; readonly blocks: readonly Block[] } {
  const title = `${TITLES[event.type]}${event.ticket === null ? '' : `: ${oneLine(event.ticket.subject ?? 'without a subject')}`}`;
  const blocks: Block[] = [{ type: 'header', text: { type: 'plain_text', text: cut(title, HEADER_MOST) } }];
  const said = event.comment === undefined ? event.reason : commentText(event.comment);
  if (said !== undefined && said.trim() !== '') blocks.push({ type: 'section', text: { type: 'mrkdwn', text: escaped(said, TEXT_MOST) } });
  const fields = fieldsOf(event);
  if (fields.length > 0) blocks.push({ type: 'section', fields });
  blocks.push({ type: 'context', elements: [{ type: 'mrkdwn', text: escaped(`${event.account.name} (${event.account.service}) · ${event.time}`, FIELD_MOST) }] });
  return { text: escaped(title, TEXT_MOST), blocks };
}

function fieldsOf({ changes, ticket }: MeshEvent): readonly Text[] {
  const pairs: [string, string][] =
    changes === undefined
      ? ([['Status', ticket?.status], ['Priority', ticket?.priority], ['Assignee', nameOf(ticket?.assignee)], ['Requester', nameOf(ticket?.requester)]] as const).flatMap(
          ([name, value]): [string, string][] => (value == null ? [] : [[name, value]]),
        )
      : Object.entries(changes).map(([field, { from, to }]) => [field, `${shown(from)} → ${shown(to)}`]);
  return pairs.slice(0, FIELDS_MOST).map(([name, value]) => ({ type: 'mrkdwn', text: `*${escaped(name, 100)}*\n${escaped(value, FIELD_MOST - 120)}` }));
}

function commentText({ author, content, public: open }: Pick<Comment, 'author' | 'content' | 'public'>): string {
  return `${nameOf(author) ?? 'Someone'}${open ? '' : ' (private)'}: ${wordsOf(content)}`;
}

function nameOf(person: Person | null | undefined): string | null {
  return person?.name ?? person?.email ?? null;
}

function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'nothing';
  if (Array.isArray(value)) return value.map((part) => shown(part)).join(', ') || 'nothing';
  if (typeof value === 'object') return nameOf(value as Person) ?? JSON.stringify(value);
  return oneLine(wordsOf(String(value)));
}

/** The words of a fragment, roughly: Slack shows text, and whatever looks like markup in it is escaped anyway. */
function wordsOf(html: string): string {
  return html
    .replace(/<(?:br|\/p|\/div|\/li)\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&amp;', '&')
    .trim();
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Cuts by whole characters, so that none is left in half. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - ELLIPSIS.length).toWellFormed().replace(/\uFFFD$/, '')}${ELLIPSIS}`;
}

/** Slack's three signs, escaped; no escape is cut in two. https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escaped(text: string, most: number): string {
  let out = '';
  for (const sign of text.toWellFormed()) {
    const safe = sign === '&' ? '&amp;' : sign === '<' ? '&lt;' : sign === '>' ? '&gt;' : sign;
    if (out.length + safe.length > most - ELLIPSIS.length) return `${out}${ELLIPSIS}`;
    out += safe;
  }
  return out;
}
