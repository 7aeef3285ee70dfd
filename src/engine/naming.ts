/** What the names mean that operators give: ids of replicas, links and tickets, tickets as `account:ticket-id`, and addresses of either. */
import type { Account } from '../ports/connector.ts';
import type { AccountBook } from '../ports/intake.ts';
import type { Standing, Survey } from '../ports/repair.ts';

export interface Naming {
  /** The replicas that a name means: one, or all of a link. A sentence if it means none, or several that are not of one link. */
  replicas(name: string): Promise<readonly Standing[] | string>;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** No desk has longer ids, and no address of a ticket more parts. */
const LONGEST_ID = 200;
const MOST_PARTS = 30;

export function createNaming({ survey, accounts }: { readonly survey: Survey; readonly accounts: AccountBook }): Naming {
  async function byId(id: string): Promise<readonly Standing[]> {
    const own = await survey.replicas([id]);
    return own.length > 0 ? own : survey.replicasOfLinks([id]);
  }

  /** A ticket id alone says enough while no two accounts have a ticket of that id. */
  async function byTicket(ticketId: string, among: readonly Account[]): Promise<readonly Standing[] | string> {
    const found = (await Promise.all(among.map(({ id }) => survey.replicasOfTickets(id, [ticketId])))).flat();
    const links = new Set(found.map(({ replica }) => replica.link_id ?? replica.id));
    if (links.size < 2) return found;
    return `several accounts have such a ticket: say ${found.map(({ replica }) => `${accounts.byId(replica.account_id)?.name ?? ''}:${ticketId}`).join(' or ')}`;
  }

  /** The address of a ticket on its desk, for people or in its API, or of a link here: whatever part of it is known counts, the last first. */
  async function byAddress(url: URL): Promise<readonly Standing[] | string> {
    const parts = partsOf(url);
    const there = accounts.all().filter((account) => isOf(account, url));
    for (const part of parts) {
      const found = there.length > 0 ? await byTicket(part, there) : UUID.test(part) ? await byId(part) : [];
      if (found.length > 0) return found;
    }
    if (there.length > 0) return `none of the tickets known on ${there.map(({ name }) => name).join(', ')} has this address`;
    return `no account has this address: known are ${accounts.all().map(({ url: known }) => known).join(', ') || 'none'}`;
  }

  return {
    async replicas(name) {
      if (UUID.test(name)) {
        const found = await byId(name);
        if (found.length > 0) return found;
        const ticket = await byTicket(name, accounts.all());
        return ticket.length === 0 ? 'there is neither a replica nor a link nor a ticket with this id' : ticket;
      }
      if (/^https?:\/\//i.test(name)) {
        const url = URL.parse(name);
        return url === null ? 'this is no address' : byAddress(url);
      }
      const ticket = ticketNamed(name);
      if (ticket === null || accounts.byName(ticket.account) === null) {
        const found = await byTicket(name, accounts.all());
        if (found.length > 0) return found;
        return ticket === null ? 'no ticket, replica or link has this id' : `there is no account ${ticket.account}`;
      }
      const found = await survey.replicasOfTickets(accounts.byName(ticket.account)?.id ?? -1, [ticket.id]);
      return found.length === 0 ? 'this ticket is not known' : found;
    },
  };
}

/** `account:ticket-id`, where the id may hold colons itself. */
export function ticketNamed(name: string): { readonly account: string; readonly id: string } | null {
  const at = name.indexOf(':');
  return at < 1 || at === name.length - 1 ? null : { account: name.slice(0, at), id: name.slice(at + 1) };
}

/** Ids of receipts are the database's own numbers. */
export function isReceiptId(text: string): boolean {
  return /^[1-9]\d{0,17}$/.test(text);
}

/** Whether the address is on this account's desk. Where the API has a host of its own, people work beside it: api.x is x, and what is below x. */
function isOf(account: Account, { host }: URL): boolean {
  const own = URL.parse(account.url)?.host;
  if (own === undefined || own === host) return own === host;
  const around = own.startsWith('api.') ? own.slice('api.'.length) : null;
  return around !== null && (host === around || host.endsWith(`.${around}`));
}

/** What in an address may be an id: parts of its path, of its fragment and its parameters' values, the last first. */
function partsOf(url: URL): readonly string[] {
  const paths = [url.pathname, url.hash.slice(1)].flatMap((path) => path.split('/'));
  const plain = paths.map((part) => decoded(part).replace(/\.(?:json|xml|html)$/, ''));
  return [...plain, ...url.searchParams.values()].filter((part) => part !== '' && part.length <= LONGEST_ID).reverse().slice(0, MOST_PARTS);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
