/**
 * A ticket from a Twitter status, asked for through two custom properties of our own naming. The desk itself writes subject,
 * description and requester then. Seed 002, "Create a new ticket from a Twitter status".
 */
import type { TicketFields, Warning } from '../../core/model.ts';
import { DeskFailure } from '../../ports/connector.ts';
import { notDone } from '../kit/failure.ts';
import { without } from '../kit/hold.ts';
import type { Http } from '../kit/http.ts';
import type { XmlNode } from '../kit/xml.ts';
import { manyHandles } from './shapes.ts';
import { many } from './wire.ts';

const TWEET = 'twitter-status-message-id';
const HANDLE = 'monitored-twitter-handle-id';

export interface Tweet {
  readonly status: string;
  readonly handle: string | null;
  /** The fields that go along, and those that the desk takes from the tweet. */
  readonly fields: TicketFields;
  readonly warnings: readonly Warning[];
}

/** Null for a ticket like any other. */
export function tweetIn(fields: TicketFields): Tweet | null {
  const properties = fields.custom_properties ?? [];
  const valueOf = (wanted: string): string | null => {
    const value = properties.find(({ id }) => id === wanted)?.value;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
  };
  const status = valueOf(TWEET);
  if (status === null) return null;
  const others = properties.filter(({ id }) => id !== TWEET && id !== HANDLE);
  const rest = without(fields, ['subject', 'description', 'requester', 'custom_properties']);
  const warnings = (['subject', 'description', 'requester'] as const)
    .filter((field) => fields[field] != null)
    .map((field) => ({ field, reason: 'a ticket from a tweet takes it from the tweet' }));
  return { status, handle: valueOf(HANDLE), fields: { ...rest, ...(others.length > 0 && { custom_properties: others }) }, warnings };
}

/** The elements that name the tweet. The Twitter account must be one of the desk's own: it is what the requester is answered with. */
export async function tweetElements(http: Http, { status, handle }: Tweet, preset: string | null): Promise<readonly XmlNode[]> {
  if (!/^[1-9]\d{0,24}$/.test(status)) throw new DeskFailure('refused', `${TWEET} is the number of a tweet`, { fields: ['custom_properties'] });
  const { rows } = await notDone(async () => manyHandles(many(await http.look('/account/twitter_accounts.xml'), 'monitored-twitter-handles')));
  const wanted = handle ?? preset ?? (rows.length === 1 ? (rows[0]?.id ?? null) : null);
  const known = rows.map(({ id, screen_name: name }) => `${id}${name == null ? '' : ` (${name})`}`).join(', ');
  if (wanted === null) throw new DeskFailure('refused', `say by ${HANDLE} which Twitter account answers: ${known}`, { fields: ['custom_properties'] });
  if (!rows.some(({ id }) => id === wanted)) {
    throw new DeskFailure('refused', `${wanted} is none of this desk’s Twitter accounts: ${known === '' ? 'it has none' : known}`, { fields: ['custom_properties'] });
  }
  return [
    { name: 'twitter-status-message-id', content: status },
    { name: 'monitored-twitter-handle-id', content: wanted },
  ];
}
