/**
 * Slack with Block Kit: readable, escaped, within Slack's limits. To the address of an incoming webhook, or with a bot's token to a
 * channel, where everything about one ticket goes into one thread.
 * https://docs.slack.dev/reference/block-kit/blocks and https://docs.slack.dev/reference/methods/chat.postMessage
 */
import type { Comment, Person } from '../core/model.ts';
import type { Delivered, Format, MeshEvent } from '../ports/subscriber.ts';

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
  'subscription.disabled': 'A subscription was disabled',
};

interface Text {
  readonly type: 'mrkdwn' | 'plain_text';
  readonly text: string;
}
type Block =
  | { readonly type: 'header'; readonly text: Text }
  | { readonly type: 'section'; readonly text?: Text; readonly fields?: readonly Text[] }
  | { readonly type: 'context'; readonly elements: readonly Text[] };

const POST_MESSAGE = 'https://slack.com/api/chat.postMessage';
const TOKEN = /^xox[a-z]-[A-Za-z0-9-]+$/;
/** Codes of an answer that is no success although its status is: what passes by itself, and what only asks for patience. */
const BUSY: ReadonlySet<string> = new Set(['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'team_added_to_org']);
const TOO_FAST: ReadonlySet<string> = new Set(['ratelimited', 'rate_limited', 'message_limit_exceeded']);

export const slack: Format = {
  name: 'slack',
  title: 'Slack message',
  url: POST_MESSAGE,
  faults({ url, token, channel }) {
    if (token === null) {
      return [
        ...(url === POST_MESSAGE ? [{ path: 'url', message: 'This is missing: give the address of an incoming webhook, or a bot’s token and channel.' }] : []),
        ...(channel === null ? [] : [{ path: 'channel', message: 'This goes with a bot’s token only: an incoming webhook has its own channel.' }]),
      ];
    }
    return [
      ...(TOKEN.test(token) ? [] : [{ path: 'token', message: 'This must be the token of a Slack bot: xoxb- and more.' }]),
      ...(channel === null ? [{ path: 'channel', message: 'This is missing: a bot writes to a channel, such as C024BE91L.' }] : []),
    ];
  },
  render({ event, thread }, { url, token, channel }) {
    const message = slackMessage(event);
    if (token === null) return { url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(message) };
    const body = { channel, ...message, unfurl_links: false, ...(thread === null ? {} : { thread_ts: thread }) };
    return { url, headers: { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${token}` }, body: JSON.stringify(body) };
  },
  answered: (answer, { token }) => (token === null || answer.status !== 200 ? { answer, thread: null } : judged(answer)),
};

/** Slack answers its methods with 200 whatever became of them; `ok` says it, and `error` why not. */
function judged(answer: Delivered): { readonly answer: Delivered; readonly thread: string | null } {
  const said = saidIn(answer.read);
  if (said?.ok === true) return { answer, thread: typeof said.ts === 'string' ? said.ts : null };
  if (said === null) return { answer: { ...answer, status: 502, failure: 'the answer is none of Slack’s' }, thread: null };
  const code = typeof said.error === 'string' ? said.error.slice(0, 100) : 'no reason';
  const status = TOO_FAST.has(code) ? 429 : BUSY.has(code) ? 503 : 400;
  return { answer: { ...answer, status, failure: `Slack refuses it: ${code}` }, thread: null };
}

function saidIn(text: string): { readonly ok?: unknown; readonly ts?: unknown; readonly error?: unknown } | null {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === 'object' && said !== null ? said : null;
  } catch {
    return null;
  }
}

/** `text` is what notifications and screen readers show; the blocks are what is seen. */
export function slackMessage(event: MeshEvent): { readonly text: string; readonly blocks: readonly Block[] } {
  const title = `${TITLES[event.type]}${event.ticket === null ? '' : `: ${oneLine(event.ticket.subject ?? 'without a subject')}`}`;
  const blocks: Block[] = [{ type: 'header', text: { type: 'plain_text', text: cut(title, HEADER_MOST) } }];
  const said = event.comment === undefined ? event.reason : commentText(event.comment);
  if (said !== undefined && said.trim() !== '') blocks.push({ type: 'section', text: { type: 'mrkdwn', text: escaped(said, TEXT_MOST) } });
  const fields = fieldsOf(event);
  if (fields.length > 0) blocks.push({ type: 'section', fields });
  const where = event.account === null ? (event.subscription?.name ?? event.subscription?.id ?? 'Deskmesh') : `${event.account.name} (${event.account.service})`;
  const elements: Text[] = [{ type: 'mrkdwn', text: escaped(`${where} · ${event.time}`, FIELD_MOST) }];
  if (event.ticket?.url != null) elements.push({ type: 'mrkdwn', text: linkTo(event.ticket.url, 'Open the ticket') });
  blocks.push({ type: 'context', elements });
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

/** A link; an address that could end it early is shown as text. */
function linkTo(url: string, words: string): string {
  return /^https?:\/\/[^\s<>|]{1,1000}$/.test(url) ? `<${escaped(url, FIELD_MOST)}|${words}>` : escaped(url, FIELD_MOST);
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
