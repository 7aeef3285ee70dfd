/**
 * Turns, committed in groups. Every statement takes arrays; each runs only if a turn of the group needs it. A turn whose
 * lease is gone, or whose link moved on, is left out before anything of it is written.
 */
import type { Link } from '../core/state.ts';
import type { Turn, TurnResult } from '../ports/store.ts';
import { HOLD, HOLD_WITH_LINK, LINK_INSERT, LINK_UPDATE, STRANGERS, REPLICA_UPDATE, SIBLINGS, SPAWN, TAKEN, COMMENTS, COPIES, COPIES_GONE, FOLLOWED, RECEIPTS, EVENTS, OPERATIONS, NOTES, ADOPT_GONE, ADOPT } from './turn-statements.ts';
import { isAway, type Database, type Sql } from './database.ts';
import { createBatch } from './batch.ts';
import { OUTBOX } from './outbox.ts';
import { byPlace, toJson } from './rows.ts';
import { commitBirths, commitPlain, isBirth, isPlain } from './turn-kinds.ts';
import { eventRows, outboxRows, replicaRow, sameCopies, settledReceipts, spawnedRows, thereAlready, type UpdatedRow } from './turn-rows.ts';

/** Turns of one group at most. */
const MOST = 100;

/** Part of a group turned out not to be ours after a stranger's row was given way to: nothing of it may stand. */
class Withdrawn extends Error {
  /** So that nobody takes it for a database that is away. */
  readonly code = 'withdrawn';
}

/** How often what found something in its way is tried. */
export const TRIES = 5;

export function createTurns(database: Database): (turn: Turn) => Promise<TurnResult> {
  const batch = createBatch<Turn, TurnResult>({ flush, most: MOST, flights: 2, apart, hopeless: isAway });

  async function flush(given: readonly Turn[]): Promise<readonly TurnResult[]> {
    const first = given[0];
    if (given.length === 1 && first?.adopted_by != null) return [await adopt(first, first.adopted_by)];
    // In one order everywhere, so that two processes seldom wait for each other's rows.
    const turns = [...given].sort((a, b) => byPlace(a.before, b.before));
    const plain = turns.filter(isPlain);
    const births = database.wide ? turns.filter(isBirth) : [];
    const rest = turns.filter((turn) => !plain.includes(turn) && !births.includes(turn));
    const results = new Map<Turn, TurnResult>();
    const note = (some: readonly Turn[], outcome: readonly TurnResult[]): void => some.forEach((turn, i) => results.set(turn, outcome[i] ?? 'lost'));
    await Promise.all([
      plain.length === 0 ? null : atOnce(plain, commitPlain).then((outcome) => note(plain, outcome)),
      births.length === 0 ? null : atOnce(births, commitBirths).then((outcome) => note(births, outcome)),
      rest.length === 0 ? null : whole(rest).then((outcome) => note(rest, outcome)),
    ]);
    return given.map((turn) => results.get(turn) ?? 'lost');
  }

  /** Turns of one kind in one statement. Where it collides, with a stranger's ticket id for instance, the longer way finds out why. */
  async function atOnce(turns: readonly Turn[], commit: (sql: Sql, turns: readonly Turn[]) => Promise<UpdatedRow[]>): Promise<readonly TurnResult[]> {
    try {
      const due = new Map((await commit(database, turns)).map((row) => [row.id, row.due === true]));
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
 * Nothing of the group stands, and the next try finds what was in its way: a webhook put a stranger's row for the very ticket
 * whose id becomes known here, after strangers had been looked for.
 */
export function isCollision(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505' && 'constraint' in error && error.constraint === 'replicas_ticket';
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
  for (const turn of await takenBefore(sql, turns)) results.set(turn, 'lost');
  const linked = turns.filter((turn) => turn.link !== null && !results.has(turn));
  if (linked.length > 0) await claimLinks(sql, linked, results);
  let going = turns.filter((turn) => !results.has(turn));
  const stolen = await takeStrangers(sql, going);
  const updated = await updateReplicas(sql, going, stolen);
  for (const turn of going) {
    const result = resultOf(updated.get(turn.before.id));
    if (result !== 'done') results.set(turn, result);
  }
  const stole = (turn: Turn): boolean => stolen.has(turn.before.id) || turn.spawn.some(({ replica }) => stolen.has(replica.id));
  if (stolen.size > 0 && going.some((turn) => stole(turn) && !updated.has(turn.before.id))) throw new Withdrawn();
  going = going.filter((turn) => updated.has(turn.before.id));
  await writeParts(sql, going, stolen);
  return turns.map((turn) => results.get(turn) ?? 'done');
}

/**
 * Locks turns that change their link, then changes the links whose version stands. A link is locked before its lanes: who has a
 * lane of it and waits for the link would otherwise be waited for by whoever has the link and writes to all its lanes.
 */
async function claimLinks(sql: Sql, turns: readonly Turn[], results: Map<Turn, TurnResult>): Promise<void> {
  const isNew = (turn: Turn): boolean => turn.link?.before.version === 0;
  const holds = async (name: string, text: string, some: readonly Turn[]): Promise<{ id: string }[]> =>
    some.length === 0 ? [] : sql.run(name, text, [some.map((turn) => turn.before.id), some.map((turn) => turn.lease)]);
  const held = [
    ...(await holds('turn_hold_with_link', HOLD_WITH_LINK, turns.filter((turn) => !isNew(turn)))),
    ...(await holds('turn_hold', HOLD, turns.filter(isNew))),
  ];
  const ids = new Set(held.map(({ id }) => id));
  for (const turn of turns) if (!ids.has(turn.before.id)) results.set(turn, 'lost');
  const going = turns.filter((turn) => ids.has(turn.before.id));
  const born = going.filter(isNew);
  const moved = going.filter((turn) => !isNew(turn));
  const done = new Set([
    ...(await insertLinks(sql, born.flatMap(({ link }) => (link === null ? [] : [link.after])))),
    ...(await updateLinks(sql, moved.flatMap(({ link }) => (link === null ? [] : [link])))),
  ]);
  for (const turn of going) if (!done.has(turn.link?.after.id ?? '')) results.set(turn, 'stale');
}

const linkParts = (links: readonly Link[]): unknown[][] => [
  links.map(({ accounts }) => toJson(accounts)), links.map(({ version }) => version), links.map(({ fields }) => toJson(fields)), links.map(({ life }) => toJson(life)),
];

/** Gives the ids of those that were not there before. */
export async function insertLinks(sql: Sql, links: readonly Link[]): Promise<readonly string[]> {
  if (links.length === 0) return [];
  const values = [links.map(({ id }) => id), links.map(({ origin }) => origin), ...linkParts(links), links.map(({ files }) => toJson(files))];
  return (await sql.run<{ id: string }>('turn_link_insert', LINK_INSERT, values)).map(({ id }) => id);
}

/** Gives the ids of those whose version stood. */
export async function updateLinks(sql: Sql, moves: readonly { readonly before: Link; readonly after: Link }[]): Promise<readonly string[]> {
  if (moves.length === 0) return [];
  const values = [moves.map(({ after }) => after.id), moves.map(({ before }) => before.version), ...linkParts(moves.map(({ after }) => after))];
  return (await sql.run<{ id: string }>('turn_link_update', LINK_UPDATE, values)).map(({ id }) => id);
}

/** A ticket id that becomes known may be on record as a stranger already: its row gives way, its signal is taken over. */
async function takeStrangers(sql: Sql, turns: readonly Turn[]): Promise<Map<string, string | null>> {
  const named = turns.filter((turn) => turn.replica.ticket_id !== null && turn.replica.ticket_id !== turn.before.ticket_id);
  const all = [...named.map(({ before: { id }, replica }) => ({ ...replica, id })), ...turns.flatMap(thereAlready)];
  if (all.length === 0) return new Map();
  const rows = await sql.run<{ id: string; receipt: string | null }>('turn_strangers', STRANGERS, [
    all.map(({ id }) => id),
    all.map(({ account_id: id }) => id),
    all.map(({ ticket_id: id }) => id),
  ]);
  return new Map(rows.map(({ id, receipt }) => [id, receipt]));
}

/** The turns of which a new replica's ticket belongs to a link by now. */
async function takenBefore(sql: Sql, turns: readonly Turn[]): Promise<readonly Turn[]> {
  const all = turns.flatMap(thereAlready);
  if (all.length === 0) return [];
  const rows = await sql.run<{ id: string }>('turn_taken', TAKEN, [all.map(({ id }) => id), all.map(({ account_id: id }) => id), all.map(({ ticket_id: id }) => id)]);
  return turns.filter((turn) => turn.spawn.some(({ replica }) => rows.some(({ id }) => id === replica.id)));
}

/** The lanes that are still ours, each with whether it was given back and is due again. */
async function updateReplicas(sql: Sql, turns: readonly Turn[], stolen: ReadonlyMap<string, string | null>): Promise<Map<string, boolean>> {
  if (turns.length === 0) return new Map();
  const rows = turns.map((turn) => replicaRow(turn, stolen));
  const updated = await sql.run<UpdatedRow>('turn_replicas', REPLICA_UPDATE.text, REPLICA_UPDATE.values([rows]));
  return new Map(updated.map(({ id, due }) => [id, due === true]));
}

/** Everything that hangs on the replicas just written. */
async function writeParts(sql: Sql, turns: readonly Turn[], stolen: ReadonlyMap<string, string | null>): Promise<void> {
  const moved = turns.filter((turn) => turn.link !== null && turn.link.before.version > 0);
  if (moved.length > 0) {
    await sql.run('turn_siblings', SIBLINGS, [
      moved.map((turn) => turn.link?.after.id),
      moved.map((turn) => turn.link?.after.version),
      moved.map((turn) => turn.before.id),
    ]);
  }
  const spawned = turns.flatMap((turn) => spawnedRows(turn, stolen));
  if (spawned.length > 0) await sql.run('turn_spawn', SPAWN.text, SPAWN.values([spawned]));
  const followed = turns.filter(({ before, replica }) => replica.follows !== null && replica.follows !== before.follows);
  if (followed.length > 0) await sql.run('turn_followed', FOLLOWED, [followed.map(({ replica }) => replica.account_id), followed.map(({ replica }) => replica.follows)]);
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
  if (operations.length > 0) await sql.run('turn_operations', OPERATIONS.text, OPERATIONS.values([operations]));
  const events = turns.flatMap(eventRows);
  if (events.length > 0) await sql.run('turn_events', EVENTS.text, EVENTS.values([events]));
  const told = turns.flatMap(outboxRows);
  if (told.length > 0) await sql.run('outbox', OUTBOX.text, OUTBOX.values([told]));
  const notes = turns.flatMap((turn) => turn.notes.map((note) => ({ turn, note })));
  if (notes.length > 0) {
    await sql.run('turn_notes', NOTES, [
      notes.map(({ turn }) => turn.replica.link_id),
      notes.map(({ turn }) => turn.replica.id),
      notes.map(({ note }) => toJson(note)),
    ]);
  }
}

export async function writeComments(sql: Sql, moves: readonly Pick<Turn, 'link'>[]): Promise<void> {
  const changed = moves.flatMap(({ link }) =>
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
