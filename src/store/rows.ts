/** How replicas, links and their parts are laid out in rows, and read back. */
import { ticketKey } from '../core/keys.ts';
import { storableText } from '../core/storable.ts';
import type { Copy, Link, LinkComment, Replica, ReplicaState } from '../core/state.ts';
import type { Lane } from '../ports/store.ts';
import { replicaIn, type Doc } from './doc.ts';

/**
 * JSON as the database takes it. It holds neither NUL nor half a surrogate pair; the readers of desks and webhooks take
 * them out, and this is the net under them: one bad text must not fail the group it is stored with.
 */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes('\\u0000') || text.includes('\\ud')
    ? JSON.stringify(value, (_key, part: unknown) => (typeof part === 'string' ? storableText(part) : part))
    : text;
}

/** An order of tickets for whoever locks several rows of them. */
export function byPlace(a: Place, b: Place): number {
  return a.account_id - b.account_id || compare(a.ticket_id ?? '', b.ticket_id ?? '');
}

interface Place {
  readonly account_id: number;
  readonly ticket_id: string | null;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A replica's row, as lanes and look-ups select it. */
export interface ReplicaRow {
  readonly id: string;
  readonly link_id: string | null;
  readonly account_id: number;
  readonly ticket_id: string | null;
  readonly state: ReplicaState;
  readonly doc: Doc;
  readonly looked: string;
  readonly modified: string;
  readonly version: string;
  readonly copies: Readonly<Record<string, Copy>> | null;
}

export function replicaOf(row: ReplicaRow): Replica {
  return {
    ...replicaIn(row.doc),
    id: row.id,
    link_id: row.link_id,
    account_id: row.account_id,
    ticket_id: row.ticket_id,
    state: row.state,
    copies: row.copies ?? {},
    looked: Number(row.looked),
    modified: Number(row.modified),
    version: Number(row.version),
  };
}

export const REPLICA_COLUMNS = `r.id, r.link_id, r.account_id, r.ticket_id, r.state, r.doc, r.looked, r.modified, r.version`;
export const REPLICA_COPIES = `(select jsonb_object_agg(c.uid, c.doc) from copies c where c.replica_id = r.id) as copies`;

export interface LinkRow {
  readonly id: string;
  readonly origin: number;
  readonly accounts: number[];
  readonly version: string;
  readonly fields: Link['fields'];
  readonly life: Link['life'];
  readonly comments: Readonly<Record<string, LinkComment>> | null;
  readonly files: Link['files'];
}

export function linkOf(row: LinkRow): Link {
  return {
    id: row.id,
    origin: row.origin,
    accounts: row.accounts,
    version: Number(row.version),
    fields: row.fields,
    life: row.life,
    comments: row.comments ?? {},
    files: row.files,
  };
}

export const LINK_COLUMNS = `l.id, l.origin, l.accounts, l.version, l.fields, l.life, l.files,
  (select jsonb_object_agg(c.uid, c.doc) from comments c where c.link_id = l.id) as comments`;

/** A claimed lane, with its link folded in. */
export interface LaneRow extends ReplicaRow {
  readonly lease: string;
  readonly signalled: number;
  readonly read: number;
  readonly receipt: string | null;
  readonly signalled_at: Date | null;
  readonly link: LinkRow | null;
}

export function laneOf(row: LaneRow): Lane {
  return {
    lease: row.lease,
    replica: replicaOf(row),
    link: row.link === null ? null : linkOf(row.link),
    signalled: row.signalled,
    read: row.read,
    receipt: row.receipt,
    signalled_at: row.signalled_at?.getTime() ?? 0,
    fresh: false,
    snapshot: null,
  };
}

/** A ticket is looked for by its key only until its id is known. */
export function keyColumn(replica: Replica): string | null {
  if (replica.link_id === null || replica.ticket_id !== null) return null;
  return replica.intent?.kind === 'ticket.create' ? replica.intent.key : ticketKey(replica);
}
