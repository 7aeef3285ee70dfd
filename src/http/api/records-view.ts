/** Mirrors, links, operations and receipts as the API shows them. Pure. */
import type { LinkRecord, MirrorRecord, NoteRecord, OperationRecord, ReceiptRecord, ReplicaRecord, WholeReceipt } from '../../ports/api.ts';
import { iso } from './accounts-view.ts';
import { idOf } from './ids.ts';
import { ticketPath, type Href } from './tickets-view.ts';

const core = (type: string, id: string, path: string, href: Href): object => ({ id, api: 'core', type, href: href(`/v1/${path}/${encodeURIComponent(id)}`) });
const perhaps = (ms: number | null): string | null => (ms === null ? null : iso(ms));
const ticketOf = (rawId: string | null): string | null => (rawId === null ? null : idOf('ticket', rawId));

export function shownMirror({ name, edges }: MirrorRecord, href: Href): object {
  return { ...core('mirror', name, 'mirrors', href), ways: edges.map(({ from, to, terms }) => ({ from, to, terms })) };
}

export function shownLink({ id, origin, life, version, created, replicas }: LinkRecord, href: Href): object {
  return {
    ...core('link', id, 'links', href),
    origin,
    alive: life.alive,
    version,
    created_at: iso(created),
    replicas: replicas.map((replica) => shownReplica(replica, href)),
  };
}

function shownReplica({ id, account_id: account, ticket_id: ticket, state, behind, due, failures, held }: ReplicaRecord, href: Href): object {
  return {
    id,
    account,
    ticket: ticketOf(ticket),
    href: ticket === null ? null : href(ticketPath(account, ticket)),
    state,
    behind,
    due_at: perhaps(due),
    failures,
    held: Object.entries(held).map(([what, { reason, count, at }]) => ({ what, reason, refusals: count, since: iso(at) })),
  };
}

/** With its fields and notes. */
export function shownWholeLink(link: LinkRecord, notes: readonly NoteRecord[], href: Href): object {
  const fields = Object.entries(link.fields).flatMap(([name, state]) =>
    state === undefined ? [] : [[name, { value: state.value ?? null, from: state.from, at: iso(state.clock) }] as const],
  );
  return {
    ...shownLink(link, href),
    fields: Object.fromEntries(fields),
    notes: notes.map(({ what, field, because, values, replica_id: replica, at }) => ({
      what, because, replica, at: iso(at), ...(field === undefined ? {} : { field }), ...(values === undefined ? {} : { values }),
    })),
  };
}

export function shownOperation(operation: OperationRecord, href: Href): object {
  const { id, link_id: link, replica_id: replica, account_id: account, began, ended, kind, key, attempt, outcome, reason, warnings, files } = operation;
  return {
    ...core('operation', id, 'operations', href),
    link, replica, account, kind, key, attempt, outcome, reason, warnings, files,
    began_at: iso(began),
    ended_at: iso(ended),
  };
}

export function shownReceipt({ id, account_id: account, state, reason, event, ticket_id: ticket, dedupe, received, settled }: ReceiptRecord, href: Href): object {
  return {
    ...core('receipt', id, 'receipts', href),
    account, state, reason, event,
    ticket: ticketOf(ticket),
    dedupe,
    received_at: iso(received),
    settled_at: perhaps(settled),
  };
}

/** With what came. */
export function shownWholeReceipt(receipt: WholeReceipt, href: Href): object {
  return { ...shownReceipt(receipt, href), headers: receipt.headers, body: receipt.raw_body.toString('utf8') };
}
