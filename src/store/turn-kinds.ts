/** The two commonest kinds of turn, each of which one statement commits whole. */
import type { Turn } from '../ports/store.ts';
import type { Sql } from './database.ts';
import { eventRows, outboxRows, replicaRow, sameCopies, settledReceipts, spawnedRows, type UpdatedRow } from './turn-rows.ts';
import { BIRTH, BIRTH_TOLD, PLAIN } from './turn-statements.ts';

/** A turn that writes its replica and what was done there, and nothing else: most turns. */
export function isPlain({ before, replica, link, settles, spawn, notes, tellings }: Turn): boolean {
  const movesOn = before.ticket_id !== null && replica.ticket_id !== before.ticket_id;
  return tellings === undefined && link === null && settles === null && spawn.length === 0 && notes.length === 0 && sameCopies(before, replica) && !movesOn;
}

/** A turn that begins a link and says nothing of comments. */
export function isBirth(turn: Turn): boolean {
  const { before, replica, link, operations, spawn } = turn;
  const met = spawn.some((one) => one.replica.ticket_id !== null);
  return link?.before.version === 0 && !met && operations.length === 0 && sameCopies(before, replica) && before.ticket_id === replica.ticket_id;
}

export function commitPlain(sql: Sql, turns: readonly Turn[]): Promise<UpdatedRow[]> {
  return sql.run<UpdatedRow>('turn_plain', PLAIN.text, PLAIN.values([turns.map((turn) => replicaRow(turn, null)), turns.flatMap(({ operations }) => operations)]));
}

export function commitBirths(sql: Sql, turns: readonly Turn[]): Promise<UpdatedRow[]> {
  const links = turns.flatMap(({ before, link }) => (link === null ? [] : [{ ...link.after, by: before.id, accounts: `{${link.after.accounts.join()}}` }]));
  const spawned = turns.flatMap((turn) => spawnedRows(turn).map((row) => ({ by: turn.before.id, ...row })));
  const settled = turns.flatMap((turn) => settledReceipts(turn).map((row) => ({ by: turn.before.id, ...row })));
  const noted = turns.flatMap(({ before, link, notes }) => notes.map((doc) => ({ by: before.id, link_id: link?.after.id ?? null, doc })));
  const lists = [turns.map((turn) => replicaRow(turn, null)), links, spawned, settled, turns.flatMap(eventRows), noted] as const;
  const told = turns.flatMap(outboxRows);
  return told.length === 0
    ? sql.run<UpdatedRow>('turn_birth', BIRTH.text, BIRTH.values(lists))
    : sql.run<UpdatedRow>('turn_birth_told', BIRTH_TOLD.text, BIRTH_TOLD.values([...lists, told]));
}
