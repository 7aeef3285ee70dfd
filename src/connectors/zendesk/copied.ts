/**
 * Who is copied on a ticket, and who follows it: given as whole lists, written as what is put and what is taken away.
 * https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#setting-email-ccs
 */
import type { Person, TicketFields, Warning } from '../../core/model.ts';
import { wireId } from '../kit/hold.ts';
import type { People } from './people.ts';
import type { Id, ZendeskTicket } from './shapes.ts';

export interface Copied {
  /** `email_ccs` and `followers` as they are written; empty where nothing changes. */
  readonly wire: Readonly<Record<string, readonly object[]>>;
  readonly warnings: readonly Warning[];
}

const NOTHING: Copied = { wire: {}, warnings: [] };

/** `present` reads the ticket that is changed; it is asked only if there is something to compare with. Null for a new ticket. */
export async function copiesOf(held: TicketFields, people: People, present: () => Promise<ZendeskTicket | null>): Promise<Copied> {
  if (held.email_ccs === undefined && held.followers === undefined) return NOTHING;
  const before = await present();
  const warnings: Warning[] = [];
  const wire: Record<string, readonly object[]> = {};
  if (held.email_ccs !== undefined) {
    const wanted = held.email_ccs.map((person) => ({ person, id: idOf(person, before?.email_cc_ids, people) }));
    add(wire, 'email_ccs', wanted, before?.email_cc_ids);
  }
  if (held.followers !== undefined) {
    const wanted: Wanted[] = [];
    for (const person of held.followers) {
      const agent = await people.agent(person);
      if (agent === null) warnings.push({ field: 'followers', reason: `no agent here is ${person.email ?? `user ${person.user_id ?? ''}`}; only agents can follow` });
      else wanted.push({ person, id: agent.user_id });
    }
    add(wire, 'followers', wanted, before?.follower_ids);
  }
  return { wire, warnings };
}

interface Wanted {
  readonly person: Person;
  /** Their id here, if it is known. */
  readonly id: string | null;
}

/** Their id, if they are somebody whom the ticket has already, or if that is how they were named. */
function idOf({ email, user_id: id }: Person, present: readonly Id[] | null | undefined, people: People): string | null {
  if (email === null) return id;
  const there = present?.find((one) => people.remembered(String(one))?.email?.toLowerCase() === email.toLowerCase());
  return there === undefined ? null : String(there);
}

function add(wire: Record<string, readonly object[]>, name: string, wanted: readonly Wanted[], present: readonly Id[] | null | undefined): void {
  const before = new Set((present ?? []).map(String));
  const after = new Set(wanted.map(({ id }) => id));
  const put = wanted.filter(({ id }) => id === null || !before.has(id)).map(({ person, id }) => ({ ...nameOf(person, id), action: 'put' }));
  const gone = [...before].filter((id) => !after.has(id)).map((id) => ({ user_id: wireId(id), action: 'delete' }));
  if (put.length + gone.length > 0) wire[name] = [...put, ...gone];
}

function nameOf({ email, name }: Person, id: string | null): object {
  return id === null ? { user_email: email, ...(name !== null && { user_name: name }) } : { user_id: wireId(id) };
}
