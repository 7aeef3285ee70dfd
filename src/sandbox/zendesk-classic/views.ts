/** The views of the account: what `rules/{id}.xml` lists, and in which order. */
import { STATUSES, type Ticket } from './model.ts';

export interface View {
  readonly id: number;
  readonly title: string;
  holds(ticket: Ticket): boolean;
  order(a: Ticket, b: Ticket): number;
}

const newest = (a: Ticket, b: Ticket): number => b.sequence - a.sequence;
const all = (): boolean => true;

const VIEWS: readonly View[] = [
  { id: 4001, title: 'All tickets, last updated first', holds: all, order: newest },
  { id: 4002, title: 'All tickets by number', holds: all, order: (a, b) => a.id - b.id },
  { id: 4003, title: 'Unassigned tickets', holds: (ticket) => ticket.assignee_id === null && ticket.status_id < STATUSES.solved, order: newest },
  // Grouped by status, and ordered by update within.
  { id: 4004, title: 'All tickets by status', holds: all, order: (a, b) => a.status_id - b.status_id || newest(a, b) },
];

export const viewOf = (id: number): View | undefined => VIEWS.find((view) => view.id === id);
