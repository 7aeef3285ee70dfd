/** The places that an event of a ticket or comment has: what a text of an automation may name. Pure. */
import type { TicketFieldName } from './model.ts';
import { wrongWithPlace } from './places.ts';

type Parts = Readonly<Record<string, true | Readonly<Record<string, true>>>>;

const PERSON = { user_id: true, email: true, name: true } as const;

const TICKET_FIELDS: Readonly<Record<TicketFieldName, true | typeof PERSON>> = {
  subject: true, description: true, status: true, priority: true, ticket_type: true, tags: true, public: true, due_at: true, custom_properties: true, group: true, company: true,
  requester: PERSON, submitter: true, assignee: PERSON, email_ccs: true, followers: true,
};
const TICKET: Parts = { id: true, raw_id: true, url: true, ...TICKET_FIELDS };
const COMMENT: Parts = { id: true, raw_id: true, content: true, author: PERSON, public: true };
const ACCOUNT: Parts = { id: true, name: true, service: true };
const PLAIN: readonly string[] = ['id', 'type', 'time', 'link', 'cause', 'private'];

/** Why a place names nothing in events of these types, with what would be right; null if it can. */
export function wrongWithNamed(place: string, types: readonly string[]): string | null {
  const known = wrongWithPlace(place);
  if (known !== null) return known;
  const [root = '', ...rest] = place.split('.');
  const said = `{{${place}}} names nothing: `;
  if (PLAIN.includes(root)) return rest.length === 0 ? null : `${said}${root} has no parts.`;
  switch (root) {
    case 'ticket':
      return within(said, 'a ticket', TICKET, rest);
    case 'account':
      return within(said, 'an account', ACCOUNT, rest);
    case 'comment':
      return types.some((type) => type.startsWith('comment.')) ? within(said, 'a comment', COMMENT, rest) : `${said}these events are about no comment.`;
    case 'changes':
      if (!types.some((type) => type.endsWith('.updated') || type.endsWith('.changed'))) return `${said}these events tell of no changes.`;
      return rest.length >= 2 && /^(?:from|to)$/.test(rest[1] ?? '') ? null : `${said}a change is named by its field and from or to, such as {{changes.status.to}}.`;
    default:
      return `${said}the events of tickets and comments have no ${root}.`;
  }
}

/** A place may name a whole part, such as the requester, but not all of a ticket. */
function within(said: string, whole: string, parts: Parts, [name, inner, ...more]: readonly string[]): string | null {
  const part = name !== undefined && Object.hasOwn(parts, name) ? parts[name] : undefined;
  if (part === undefined) return `${said}${whole} has ${Object.keys(parts).join(', ')}.`;
  if (inner === undefined) return null;
  if (part === true || !Object.hasOwn(part, inner)) return `${said}${name ?? ''} has ${part === true ? 'no parts' : Object.keys(part).join(', ')}.`;
  return more.length === 0 ? null : `${said}${inner} has no parts.`;
}
