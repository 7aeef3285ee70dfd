/** One ticket's story: everything that came in, was decided, written and answered, in the order of time. Pure. */
import { shortened } from './changes.ts';
import type { EventType, StepKind, Warning } from './model.ts';
import type { Link, Note } from './state.ts';

/** A webhook as the record has it, without its body. */
export interface ReceiptRecord {
  readonly id: string;
  readonly account_id: number;
  readonly ticket_id: string | null;
  readonly event: EventType | null;
  readonly state: string;
  readonly reason: string | null;
  /** Epoch milliseconds. */
  readonly received: number;
  readonly settled: number | null;
}

export interface NoteRecord extends Note {
  readonly replica_id: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** An attempt as the record has it. */
export interface AttemptRecord {
  readonly id: string;
  readonly replica_id: string;
  readonly account_id: number;
  readonly kind: StepKind;
  readonly key: string;
  readonly attempt: number;
  readonly outcome: string;
  readonly reason: string | null;
  readonly wrote: object;
  readonly answer: object;
  readonly warnings: readonly Warning[];
  readonly files: readonly object[];
  /** Epoch milliseconds. */
  readonly began: number;
  readonly ended: number;
}

export interface Records {
  /** Null for a ticket that belongs to no link. */
  readonly link: Link | null;
  /** When the link began (epoch milliseconds). */
  readonly born: number | null;
  /** The account of each replica, by the replica's id. */
  readonly accountOf: ReadonlyMap<string, number>;
  readonly receipts: readonly ReceiptRecord[];
  /** Newest first. */
  readonly notes: readonly NoteRecord[];
  readonly attempts: readonly AttemptRecord[];
}

interface At {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Null: it is no account's. */
  readonly account_id: number | null;
}

/** One line of the story. */
export type Entry = At &
  (
    | { readonly what: 'receipt'; readonly receipt: string; readonly ticket_id: string | null; readonly event: EventType | null; readonly state: string; readonly reason: string | null }
    /** A look, as far as receipts were settled by it. `echo_of` is the attempt whose own effect it showed. */
    | { readonly what: 'look'; readonly receipts: readonly string[]; readonly found: string; readonly echo_of: string | null }
    /** The link began with these values; a field is left out that came later. */
    | { readonly what: 'began'; readonly values: Readonly<Record<string, unknown>> }
    | { readonly what: 'note'; readonly note: string; readonly field: string | null; readonly because: string; readonly values: Readonly<Record<string, unknown>> | null }
    | {
        readonly what: 'attempt';
        readonly attempt: string;
        readonly step: StepKind;
        readonly try: number;
        readonly key: string;
        readonly wrote: object;
        readonly outcome: string;
        readonly reason: string | null;
        readonly answer: object;
        readonly warnings: readonly Warning[];
        readonly files: readonly object[];
        readonly ms: number;
      }
  );

/** What a look says of itself that brought nothing. */
export const NOTHING_NEW = 'nothing new';
/** A webhook later than this is hardly the echo of a write. */
const LATEST_ECHO_MS = 60 * 60_000;
/** Within one moment: what came in, what was seen, what was decided, what was done about it. */
const ORDER = { receipt: 0, look: 1, began: 2, note: 3, attempt: 4 } as const;

export function story(told: Records): readonly Entry[] {
  const records: Records = { ...told, receipts: inOrder(told.receipts), notes: [...told.notes].reverse(), attempts: inOrder(told.attempts) };
  const entries: Entry[] = [
    ...records.receipts.map(received),
    ...looks(records),
    ...began(records),
    ...records.notes.map(({ replica_id: replicaId, at, what, field = null, because, values = null }): Entry => ({
      at, account_id: records.accountOf.get(replicaId) ?? null, what: 'note', note: what, field, because, values,
    })),
    ...records.attempts.map(attempted),
  ];
  return entries.sort((a, b) => a.at - b.at || ORDER[a.what] - ORDER[b.what]);
}

/** By their ids, which grow with time. */
function inOrder<T extends { readonly id: string }>(rows: readonly T[]): readonly T[] {
  return [...rows].sort((a, b) => Number(a.id) - Number(b.id));
}

function received({ id, account_id, ticket_id, event, state, reason, received: at }: ReceiptRecord): Entry {
  // Once it is settled its reason is what the look brought, which has a line of its own.
  return { at, account_id, what: 'receipt', receipt: id, ticket_id, event, state, reason: state === 'settled' ? null : reason };
}

function attempted({ id, account_id, kind, key, attempt, outcome, reason, wrote, answer, warnings, files, began: at, ended }: AttemptRecord): Entry {
  return { at, account_id, what: 'attempt', attempt: id, step: kind, try: attempt, key, wrote, outcome, reason, answer, warnings, files, ms: ended - at };
}

/** The receipts that one look settled, together. */
function looks({ receipts, attempts }: Records): readonly Entry[] {
  const groups = new Map<string, ReceiptRecord[]>();
  for (const receipt of receipts) {
    if (receipt.state !== 'settled' || receipt.settled === null) continue;
    const name = `${receipt.account_id} ${receipt.ticket_id} ${receipt.settled}`;
    groups.set(name, [...(groups.get(name) ?? []), receipt]);
  }
  return [...groups.values()].flatMap((group): Entry[] => {
    const [first] = group;
    if (first?.settled == null) return [];
    const found = first.reason ?? '';
    const echo = found === NOTHING_NEW ? echoedBy(group, attempts) : null;
    return [{ at: first.settled, account_id: first.account_id, what: 'look', receipts: group.map(({ id }) => id), found, echo_of: echo }];
  });
}

/** The latest write on that account that these webhooks can be the echo of. */
function echoedBy(group: readonly ReceiptRecord[], attempts: readonly AttemptRecord[]): string | null {
  const latest = Math.max(...group.map(({ received: at }) => at));
  const [{ account_id: accountId } = { account_id: null }] = group;
  const candidates = attempts.filter(
    ({ account_id: id, outcome, began: at }) => id === accountId && (outcome === 'done' || outcome === 'unsure') && at <= latest && latest - at <= LATEST_ECHO_MS,
  );
  return candidates.reduce<AttemptRecord | null>((a, b) => (a === null || b.began >= a.began ? b : a), null)?.id ?? null;
}

/** What a field was before the first change that was noted; one that never changed is as it is. */
function began({ link, born, notes }: Records): readonly Entry[] {
  if (link === null || born === null) return [];
  const first = new Map<string, unknown>();
  for (const { what, values } of notes) {
    if (what !== 'changed') continue;
    for (const [field, change] of Object.entries(values ?? {})) {
      if (!first.has(field)) first.set(field, (change as { readonly was?: unknown } | null)?.was);
    }
  }
  const values = Object.fromEntries(
    Object.entries(link.fields).flatMap(([field, state]): [string, unknown][] => {
      const value = first.has(field) ? first.get(field) : shortened(state?.value);
      return value === undefined ? [] : [[field, value]];
    }),
  );
  return [{ at: born, account_id: link.origin, what: 'began', values }];
}
