/** What the names mean that operators give: ids of replicas and links, and tickets as `account:ticket-id`. */
import type { Standing, Survey } from '../ports/repair.ts';
import type { AccountBook } from '../ports/intake.ts';

export interface Naming {
  /** The replicas that a name means: one, or all of a link. A sentence if it means none. */
  replicas(name: string): Promise<readonly Standing[] | string>;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function createNaming({ survey, accounts }: { readonly survey: Survey; readonly accounts: AccountBook }): Naming {
  return {
    async replicas(name) {
      if (UUID.test(name)) {
        const own = await survey.replicas([name]);
        const found = own.length > 0 ? own : await survey.replicasOfLinks([name]);
        return found.length === 0 ? 'there is neither a replica nor a link with this id' : found;
      }
      const ticket = ticketNamed(name);
      if (ticket === null) return 'this is neither the id of a replica or link nor account:ticket-id';
      const account = accounts.byName(ticket.account);
      if (account === null) return `there is no account ${ticket.account}`;
      const found = await survey.replicasOfTickets(account.id, [ticket.id]);
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
