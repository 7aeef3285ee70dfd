/**
 * Turns, committed in groups. Every statement takes arrays; each runs only if a turn of the group needs it. A turn whose
 * lease is gone, or whose link moved on, is left out before anything of it is written.
 */
import type { Turn, TurnResult } from '../ports/store.ts';
import { HOLD, LINK_INSERT, LINK_UPDATE, STRANGERS, REPLICA_UPDATE, SIBLINGS, SPAWN, COMMENTS, COPIES, COPIES_GONE, RECEIPTS, OPERATIONS, PLAIN, NOTES, ADOPT_GONE, ADOPT } from './turn-statements.ts';
import { isAway, type Database, type Sql } from './database.ts';
import { createBatch } from './batch.ts';
import { docOf, keyColumn, toJson } from './rows.ts';
import type { Replica } from '../core/state.ts';

/** Turns of one group at most. */
const MOST = 100;

/** Part of a group turned out not to be ours after a stranger's row was given way to: nothing of it may stand. */
class Withdrawn extends Error {}

/** How often a group is tried that ran into somebody else's transaction. */
const TRIES = 5;

export function createTurns(database: Database): (turn: Turn) => Promise<TurnResult> {
  const batch = createBatch<Turn, TurnResult>({ flush, most: MOST, apart, hopeless: isAway });

  async function flush(turns: readonly Turn[]): Promise<readonly TurnResult[]> {
    const first = turns[0];
    if (turns.length === 1 && first?.adopted_by != null) return [await adopt(first, first.adopted_by)];
    const plain = turns.filter(isPlain);
    if (plain.length === 0) return whole(turns);
    const rest = turns.filter((turn) => !plain.includes(turn));
    const [ofPlain, ofRest] = await Promise.all([atOnce(plain), rest.length === 0 ? [] : whole(rest)]);
    const results = new Map<Turn, TurnResult | undefined>([...plain.map((turn, i) => [turn, ofPlain[i]] as const), ...rest.map((turn, i) => [turn, ofRest[i]] as const)]);
    return turns.map((turn) => results.get(turn) ?? 'lost');
  }

  /** Plain turns in one statement. A ticket id that is on record for a stranger needs the longer way. */
  async function atOnce(turns: readonly Turn[]): Promise<readonly TurnResult[]> {
    try {
      const rows = turns.map((turn) => replicaRow(turn, null));
      const operations = turns.flatMap((turn) => turn.operations);
      const updated = await database.run<UpdatedRow>('turn_plain', PLAIN, [toJson(rows), toJson(operations)]);
      const due = new Map(updated.map((row) => [row.id, row.due === true]));
      return turns.map((turn) => resultOf(due.get(turn.before.id)));
    } catch (error) {
      if (!isCollision(error)) throw error;
      return whole(turns);
    }
  }

  async function whole(turns: readonly Turn[]): Promise<readonly TurnResult[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await database.transaction((sql) => commitGroup(sql, turns));
      } catch (error) {
        if (error instanceof Withdrawn && turns.length === 1) return ['lost'];
        if (tries === TRIES || !isCollision(error)) throw error;
      }
    }
  }

  /** The stranger's row goes, and the replica whose own ticket it was learns the id. */
  async function adopt(turn: Turn, own: string): Promise<TurnResult> {
    try {
      return await database.transaction(async (sql) => {
        const gone = await sql.run<{ receipt: string | null }>('turn_adopt_gone', ADOPT_GONE, [turn.before.id, turn.lease]);
        if (gone.length === 0) return 'lost';
        const rows = await sql.run('turn_adopt', ADOPT, [own, turn.before.ticket_id, gone[0]?.receipt ?? null]);
        if (rows.length === 0) throw new Withdrawn();
        return 'done';
      });
    } catch (error) {
      if (error instanceof Withdrawn) return 'lost';
      throw error;
    }
  }

  return (turn) => batch.add(turn);
}

/**
 * Nothing of the group stands, and the next try finds what was in its way: two transactions waited for each other, or a webhook
 * put a stranger's row for the very ticket whose id becomes known here, after strangers had been looked for.
 */
function isCollision(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  if (error.code === '23505') return 'constraint' in error && error.constraint === 'replicas_ticket';
  return error.code === '40P01' || error.code === '40001';
}

/** A turn that writes its replica and what was done there, and nothing else: most turns. */
function isPlain({ before, replica, link, settles, spawn, notes }: Turn): boolean {
  const movesOn = before.ticket_id !== null && replica.ticket_id !== before.ticket_id;
  return link === null && settles === null && spawn.length === 0 && notes.length === 0 && sameCopies(before, replica) && !movesOn;
}

function sameCopies(before: Replica, after: Replica): boolean {
  if (before.copies === after.copies) return true;
  const uids = Object.keys(after.copies);
  return uids.length === Object.keys(before.copies).length && uids.every((uid) => before.copies[uid] === after.copies[uid]);
}

function resultOf(due: boolean | undefined): TurnResult {
  if (due === undefined) return 'lost';
  return due ? 'due' : 'done';
}

/** Two turns that touch the same link's replicas do not share a group; nor does anything share one with an adoption. */
function apart(items: readonly Turn[], next: Turn): boolean {
  if (items.length === 0) return false;
  if (next.adopted_by !== null || items[0]?.adopted_by != null) return true;
  const linkId = next.replica.link_id;
  return items.some((item) => item.before.id === next.before.id || (item.replica.link_id === linkId && (item.link !== null || next.link !== null)));
}

async function commitGroup(sql: Sql, turns: readonly Turn[]): Promise<TurnResult[]> {
  const results = new Map<Turn, TurnResult>();
  const linked = turns.filter((turn) => turn.link !== null);
  if (linked.length > 0) await claimLinks(sql, linked, results);
  let going = turns.filter((turn) => !results.has(turn));
  const stolen = await takeStrangers(sql, going);
  const updated = await updateReplicas(sql, going, stolen);
  for (const turn of going) {
    const result = resultOf(updated.get(turn.before.id));
    if (result !== 'done') results.set(turn, result);
  }
  if (stolen.size > 0 && going.some((turn) => stolen.has(turn.before.id) && !updated.has(turn.before.id))) throw new Withdrawn();
  going = going.filter((turn) => updated.has(turn.before.id));
  await writeParts(sql, going);
  return turns.map((turn) => results.get(turn) ?? 'done');
}

/** Locks the lanes of turns that change their link, then changes the links whose version stands. */
async function claimLinks(sql: Sql, turns: readonly Turn[], results: Map<Turn, TurnResult>): Promise<void> {
  const held = await sql.run<{ id: string }>('turn_hold', HOLD, [turns.map((turn) => turn.before.id), turns.map((turn) => turn.lease)]);
  const ids = new Set(held.map(({ id }) => id));
  for (const turn of turns) if (!ids.has(turn.before.id)) results.set(turn, 'lost');
  const going = turns.filter((turn) => ids.has(turn.before.id));
  const born = going.filter((turn) => turn.link?.before.version === 0);
  const moved = going.filter((turn) => turn.link?.before.version !== 0);
  const done = new Set<string>();
  const parts = (some: readonly Turn[]): unknown[][] => [
    some.map((turn) => toJson(turn.link?.after.accounts)),
    some.map((turn) => turn.link?.after.version),
    some.map((turn) => toJson(turn.link?.after.fields)),
    some.map((turn) => toJson(turn.link?.after.life)),
  ];
  if (born.length > 0) {
    const rows = await sql.run<{ id: string }>('turn_link_insert', LINK_INSERT, [
      born.map((turn) => turn.link?.after.id),
      born.map((turn) => turn.link?.after.origin),
      ...parts(born),
    ]);
    for (const { id } of rows) done.add(id);
  }
  if (moved.length > 0) {
    const rows = await sql.run<{ id: string }>('turn_link_update', LINK_UPDATE, [
      moved.map((turn) => turn.link?.after.id),
      moved.map((turn) => turn.link?.before.version),
      ...parts(moved),
    ]);
    for (const { id } of rows) done.add(id);
  }
  for (const turn of going) if (!done.has(turn.link?.after.id ?? '')) results.set(turn, 'stale');
}

/** A ticket id that becomes known may be on record as a stranger already: its row gives way, its signal is taken over. */
async function takeStrangers(sql: Sql, turns: readonly Turn[]): Promise<Map<string, string | null>> {
  const named = turns.filter((turn) => turn.replica.ticket_id !== null && turn.replica.ticket_id !== turn.before.ticket_id);
  if (named.length === 0) return new Map();
  const rows = await sql.run<{ id: string; receipt: string | null }>('turn_strangers', STRANGERS, [
    named.map((turn) => turn.before.id),
    named.map((turn) => turn.replica.account_id),
    named.map((turn) => turn.replica.ticket_id),
  ]);
  return new Map(rows.map(({ id, receipt }) => [id, receipt]));
}

/** The lanes that are still ours, each with whether it was given back and is due again. */
async function updateReplicas(sql: Sql, turns: readonly Turn[], stolen: ReadonlyMap<string, string | null>): Promise<Map<string, boolean>> {
  if (turns.length === 0) return new Map();
  const rows = turns.map((turn) => replicaRow(turn, stolen));
  const updated = await sql.run<UpdatedRow>('turn_replicas', REPLICA_UPDATE, [toJson(rows)]);
  return new Map(updated.map(({ id, due }) => [id, due === true]));
}

interface UpdatedRow {
  readonly id: string;
  readonly due: boolean | null;
}

/** A replica's row after the turn; `stolen` names the replicas that took over a stranger's signal. */
function replicaRow(turn: Turn, stolen: ReadonlyMap<string, string | null> | null): Record<string, unknown> {
  const { replica, before, release } = turn;
  return {
    ...rowOf(replica),
    id: before.id,
    lease: turn.lease,
    ticket_id: replica.ticket_id,
    moves_ticket: replica.ticket_id !== before.ticket_id,
    looked: replica.looked,
    modified: replica.modified,
    version: replica.version,
    read: turn.read,
    more: stolen?.has(before.id) === true ? 1 : 0,
    receipt: stolen?.get(before.id) ?? null,
    wanted: turn.link?.after.version ?? 0,
    release: release !== 'keep',
    in_ms: release === 'keep' ? null : release.inMs,
  };
}

function rowOf(replica: Replica): Record<string, unknown> {
  return {
    link_id: replica.link_id,
    account_id: replica.account_id,
    key: keyColumn(replica),
    state: replica.state,
    doc: docOf(replica),
    open: replica.intent !== null,
  };
}

/** Everything that hangs on the replicas just written. */
async function writeParts(sql: Sql, turns: readonly Turn[]): Promise<void> {
  const moved = turns.filter((turn) => turn.link !== null && turn.link.before.version > 0);
  if (moved.length > 0) {
    await sql.run('turn_siblings', SIBLINGS, [
      moved.map((turn) => turn.link?.after.id),
      moved.map((turn) => turn.link?.after.version),
      moved.map((turn) => turn.before.id),
    ]);
  }
  const spawned = turns.flatMap((turn) =>
    turn.spawn.map(({ replica, lease }) => ({ ...rowOf(replica), id: replica.id, wanted: turn.link?.after.version ?? 0, lease })),
  );
  if (spawned.length > 0) await sql.run('turn_spawn', SPAWN, [toJson(spawned)]);
  await writeComments(sql, turns);
  await writeCopies(sql, turns);
  const settled = turns.flatMap(settledReceipts);
  if (settled.length > 0) {
    await sql.run('turn_receipts', RECEIPTS, [
      settled.map(({ account_id: id }) => id),
      settled.map(({ ticket_id: id }) => id),
      settled.map(({ upto }) => upto),
      settled.map(({ reason }) => reason),
    ]);
  }
  const operations = turns.flatMap((turn) => turn.operations);
  if (operations.length > 0) await sql.run('turn_operations', OPERATIONS, [toJson(operations)]);
  const notes = turns.flatMap((turn) => turn.notes.map((note) => ({ turn, note })));
  if (notes.length > 0) {
    await sql.run('turn_notes', NOTES, [
      notes.map(({ turn }) => turn.replica.link_id),
      notes.map(({ turn }) => turn.replica.id),
      notes.map(({ note }) => toJson(note)),
    ]);
  }
}

interface SettledReceipts {
  readonly account_id: number;
  readonly ticket_id: string;
  /** Null: all of them. */
  readonly upto: string | null;
  readonly reason: string;
}

function settledReceipts(turn: Turn): readonly SettledReceipts[] {
  const { before, replica, settles } = turn;
  const of = { account_id: replica.account_id };
  const ticket = before.ticket_id ?? replica.ticket_id;
  const looked = settles === null || ticket === null ? [] : [{ ...of, ticket_id: ticket, upto: settles.receipt, reason: settles.reason }];
  // Nobody looks at a ticket that was given up for a new one, so what was heard of it is settled here.
  const gone = before.ticket_id !== null && replica.ticket_id !== before.ticket_id;
  return gone ? [...looked, { ...of, ticket_id: before.ticket_id, upto: null, reason: 'the ticket was given up for a new one' }] : looked;
}

async function writeComments(sql: Sql, turns: readonly Turn[]): Promise<void> {
  const changed = turns.flatMap(({ link }) =>
    link === null || link.before.comments === link.after.comments
      ? []
      : Object.values(link.after.comments)
          .filter((comment) => link.before.comments[comment.uid] !== comment)
          .map((comment) => ({ linkId: link.after.id, comment })),
  );
  if (changed.length === 0) return;
  await sql.run('turn_comments', COMMENTS, [
    changed.map(({ linkId }) => linkId),
    changed.map(({ comment }) => comment.uid),
    changed.map(({ comment }) => toJson(comment)),
  ]);
}

async function writeCopies(sql: Sql, turns: readonly Turn[]): Promise<void> {
  const touched = turns.filter(({ before, replica }) => !sameCopies(before, replica));
  if (touched.length === 0) return;
  const changed = touched.flatMap(({ before, replica }) => Object.values(replica.copies).filter((copy) => before.copies[copy.uid] !== copy).map((copy) => ({ id: replica.id, copy })));
  const gone = touched.flatMap(({ before, replica }) => Object.keys(before.copies).filter((uid) => replica.copies[uid] === undefined).map((uid) => ({ id: replica.id, uid })));
  if (changed.length > 0) {
    await sql.run('turn_copies', COPIES, [changed.map(({ id }) => id), changed.map(({ copy }) => copy.uid), changed.map(({ copy }) => toJson(copy))]);
  }
  if (gone.length > 0) await sql.run('turn_copies_gone', COPIES_GONE, [gone.map(({ id }) => id), gone.map(({ uid }) => uid)]);
}
