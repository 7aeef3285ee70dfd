/** Everything that the fake Zendesk holds, in the orders in which it is asked for. */
import type { Clock } from '../kit/clock.ts';
import { createFiles, type Files } from '../kit/files.ts';
import { firstFields, firstGroups, firstOrganizations, firstStatuses, firstUsers } from './account.ts';
import type { CustomStatus, Group, Organization, Status, SuspendedTicket, Ticket, TicketField, User } from './model.ts';

export interface Store {
  readonly users: Map<number, User>;
  /** By every address of theirs, in lower case. */
  readonly usersByEmail: Map<string, User>;
  readonly groups: Map<number, Group>;
  readonly organizations: Map<number, Organization>;
  /** Live and soft-deleted ones, in the order of their ids. */
  readonly tickets: Map<number, Ticket>;
  /** The same tickets in the order of their last touch. */
  readonly touched: Map<number, Ticket>;
  readonly byExternalId: Map<string, Set<Ticket>>;
  readonly fields: Map<number, TicketField>;
  readonly statuses: Map<number, CustomStatus>;
  readonly suspended: Map<number, SuspendedTicket>;
  readonly files: Files;
  addUser(user: User): void;
  /** A primary or further address leads to its user from now on. */
  addAddress(user: User, email: string): void;
  /** The status that a category stands for when nothing more is said. A closed ticket keeps the one of solved. */
  statusOf(category: Status): number;
  /** Marks a change: the ticket becomes the newest of all. */
  touch(ticket: Ticket, at: string): void;
  setExternalId(ticket: Ticket, externalId: string | null): void;
  /** Gone for good. */
  remove(ticket: Ticket): void;
  reset(): void;
}

export const isCustom = (field: TicketField): boolean => field.removable;

export function createStore(clock: Clock, nextId: () => number): Store {
  let sequence = 0;
  const defaults = new Map<Status, number>();
  const store: Store = {
    users: new Map(),
    usersByEmail: new Map(),
    groups: new Map(),
    organizations: new Map(),
    tickets: new Map(),
    touched: new Map(),
    byExternalId: new Map(),
    fields: new Map(),
    statuses: new Map(),
    suspended: new Map(),
    files: createFiles(nextId),
    addUser(user) {
      store.users.set(user.id, user);
      if (user.email !== null) store.addAddress(user, user.email);
    },
    addAddress(user, email) {
      store.usersByEmail.set(email.toLowerCase(), user);
    },
    statusOf: (category) => defaults.get(category === 'closed' ? 'solved' : category) ?? 0,
    touch(ticket, at) {
      sequence += 1;
      ticket.sequence = sequence;
      ticket.updated_at = at;
      ticket.generated = Math.floor(clock.now() / 1000);
      store.tickets.set(ticket.id, ticket);
      store.touched.delete(ticket.id);
      store.touched.set(ticket.id, ticket);
    },
    setExternalId(ticket, externalId) {
      if (ticket.external_id !== null) store.byExternalId.get(ticket.external_id)?.delete(ticket);
      ticket.external_id = externalId;
      if (externalId === null) return;
      const tickets = store.byExternalId.get(externalId);
      if (tickets) tickets.add(ticket);
      else store.byExternalId.set(externalId, new Set([ticket]));
    },
    remove(ticket) {
      store.setExternalId(ticket, null);
      store.tickets.delete(ticket.id);
      store.touched.delete(ticket.id);
    },
    reset() {
      for (const map of [
        store.users, store.usersByEmail, store.groups, store.organizations, store.tickets, store.touched, store.byExternalId, store.fields, store.statuses,
        store.suspended,
      ]) map.clear();
      store.files.clear();
      defaults.clear();
      for (const user of firstUsers()) store.addUser(user);
      for (const group of firstGroups()) store.groups.set(group.id, group);
      for (const organization of firstOrganizations()) store.organizations.set(organization.id, organization);
      for (const field of firstFields()) store.fields.set(field.id, field);
      for (const status of firstStatuses()) {
        store.statuses.set(status.id, status);
        if (status.default) defaults.set(status.category, status.id);
      }
    },
  };
  store.reset();
  return store;
}
