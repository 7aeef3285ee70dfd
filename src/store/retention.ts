/** Old rows go, a bounded number at a time, so that no statement holds anything for long. */
import type { Retention } from '../ports/store.ts';
import type { Database } from './database.ts';

const STEP = 5_000;

/**
 * Rows are numbered as they come, so the old ones are among the first. Of receipts, what a person still has to see (parked) and what is
 * not settled yet stays, however old.
 */
const RECEIPTS = `
delete from receipts where id in (
  select id from (select id, received_at from receipts where state in ('settled', 'ignored') order by id limit ${STEP}) first where received_at < to_timestamp($1 / 1000.0))
returning id`;
const OPERATIONS = `
delete from operations where id in (
  select id from (select id, ended_at from operations order by id limit ${STEP}) first where ended_at < to_timestamp($1 / 1000.0))
returning id`;
const NOTES = `
delete from notes where id in (
  select id from (select id, noted_at from notes order by id limit ${STEP}) first where noted_at < to_timestamp($1 / 1000.0))
returning id`;
/** With the record of writes. */
const EVENTS = `
delete from events where id in (
  select id from (select id, noted_at from events order by id limit ${STEP}) first where noted_at < to_timestamp($1 / 1000.0))
returning id`;
/** An enabled subscription's deliveries end by themselves; what a disabled one never got goes with the rest. */
const DELIVERIES = `
with old as (
  select d.id from deliveries d where d.created_at < to_timestamp($1 / 1000.0)
    and (d.state <> 'waiting' or not exists (select 1 from subscriptions s where s.id = d.subscription_id and s.enabled))
  order by d.created_at limit ${STEP}
), attempted as (
  delete from attempts a using old where a.delivery_id = old.id
)
delete from deliveries d using old where d.id = old.id returning d.id`;
const OUTBOX = `
delete from outbox where seq in (
  select seq from outbox o where o.noted_at < to_timestamp($1 / 1000.0) and o.dispatched
    and not exists (select 1 from deliveries d where d.event_id = o.id)
  order by o.seq limit ${STEP})
returning seq`;
/** That an event's automations ran is known for as long as the event. */
const RUNS = `
delete from automation_runs where id in (select id from automation_runs where ran_at < to_timestamp($1 / 1000.0) order by ran_at limit ${STEP})
returning id`;
const ONCE = `
delete from once where id in (select id from once where created_at < to_timestamp($1 / 1000.0) order by created_at limit ${STEP})
returning id`;
const GIVEN = `
delete from given where (listing, digest) in (select listing, digest from given where listing < $1::uuid order by listing limit ${STEP})
returning digest`;

/** Answers under an Idempotency-Key, and what lists gave. */
const API_MS = 24 * 60 * 60 * 1_000;

/** The least UUID of version 7 of a time. */
function uuidAt(ms: number): string {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

export function createRetention(database: Database): Retention {
  async function drain(name: string, statement: string, before: number | string): Promise<number> {
    let total = 0;
    for (;;) {
      const rows = await database.run(name, statement, [before]);
      total += rows.length;
      if (rows.length < STEP) return total;
    }
  }
  return {
    async purge(receiptsBefore, operationsBefore, deliveriesBefore = 0) {
      const receipts = await drain('retention_receipts', RECEIPTS, receiptsBefore);
      const operations = await drain('retention_operations', OPERATIONS, operationsBefore);
      const notes = await drain('retention_notes', NOTES, operationsBefore);
      const events = await drain('retention_events', EVENTS, operationsBefore);
      const deliveries = await drain('retention_deliveries', DELIVERIES, deliveriesBefore);
      const told = await drain('retention_outbox', OUTBOX, deliveriesBefore);
      const runs = await drain('retention_runs', RUNS, operationsBefore);
      const yesterday = Date.now() - API_MS;
      const once = await drain('retention_once', ONCE, yesterday);
      const given = await drain('retention_given', GIVEN, uuidAt(yesterday));
      return receipts + operations + notes + events + deliveries + told + runs + once + given;
    },
  };
}
