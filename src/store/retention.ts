/** Old rows go, a bounded number at a time, so that no statement holds anything for long. */
import type { Retention } from '../ports/store.ts';
import type { Database } from './database.ts';

const STEP = 5_000;

/** What a person still has to see (parked) and what is not settled yet stays, however old. */
const RECEIPTS = `
delete from receipts where id in (
  select id from receipts where received_at < to_timestamp($1 / 1000.0) and state in ('settled', 'ignored') order by received_at limit ${STEP})
returning id`;
const OPERATIONS = `
delete from operations where id in (select id from operations where ended_at < to_timestamp($1 / 1000.0) order by ended_at limit ${STEP})
returning id`;
const NOTES = `
delete from notes where id in (select id from notes where noted_at < to_timestamp($1 / 1000.0) order by noted_at limit ${STEP})
returning id`;

export function createRetention(database: Database): Retention {
  async function drain(name: string, statement: string, before: number): Promise<number> {
    let total = 0;
    for (;;) {
      const rows = await database.run(name, statement, [before]);
      total += rows.length;
      if (rows.length < STEP) return total;
    }
  }
  return {
    async purge(receiptsBefore, operationsBefore) {
      const receipts = await drain('retention_receipts', RECEIPTS, receiptsBefore);
      const operations = await drain('retention_operations', OPERATIONS, operationsBefore);
      const notes = await drain('retention_notes', NOTES, operationsBefore);
      return receipts + operations + notes;
    },
  };
}
