/** Deliveries as rows, and the statements that keep the order of each ticket. */
import type { MeshEvent, MeshEventType } from '../core/mesh-event.ts';
import type { Delivery, DeliveryState } from '../ports/subscriptions.ts';
import type { Sql } from './database.ts';

export interface DeliveryRow {
  readonly id: string;
  readonly subscription_id: string;
  readonly event_id: string;
  readonly event_type: MeshEventType;
  readonly state: DeliveryState;
  readonly reason: string | null;
  readonly attempts: number;
  readonly test: boolean;
  readonly due_at: Date | null;
  readonly created_at: Date;
  readonly settled_at: Date | null;
}

export const DELIVERY_COLUMNS = `d.id, d.subscription_id, d.event_id, d.event_type, d.state, d.reason, d.attempts, d.test, d.due_at, d.created_at, d.settled_at`;

export function deliveryOf({ due_at: due, created_at: created, settled_at: settled, ...row }: DeliveryRow): Delivery {
  return { ...row, due: due?.getTime() ?? null, created: created.getTime(), settled: settled?.getTime() ?? null };
}

/** A row of the outbox. */
export interface TellingRow {
  readonly seq: string;
  readonly doc: MeshEvent;
}

/** Something waits in a lane and nothing of it is due: its first is due now. */
const UNBLOCK = `
with heads as (
  select h.id from unnest($1::uuid[], $2::text[]) as t (subscription_id, lane)
  cross join lateral (
    select d.id from deliveries d where d.subscription_id = t.subscription_id and d.lane = t.lane and d.state = 'waiting' order by d.seq limit 1
  ) h
  where not exists (
    select 1 from deliveries e where e.subscription_id = t.subscription_id and e.lane = t.lane and e.state = 'waiting' and e.due_at is not null)
)
update deliveries d set due_at = now() from heads where d.id = heads.id and d.state = 'waiting' and d.due_at is null returning d.id`;

export interface LaneKey {
  readonly subscription_id: string;
  readonly lane: string | null;
}

/**
 * Called after the commit of whatever ended or began in these lanes, on both sides: whichever of two transactions that did not see each
 * other commits last, its call finds what the other left.
 */
export async function unblock(sql: Sql, lanes: readonly LaneKey[]): Promise<number> {
  const distinct = new Map(lanes.flatMap((key) => (key.lane === null ? [] : [[`${key.subscription_id} ${key.lane}`, key] as const])));
  if (distinct.size === 0) return 0;
  const keys = [...distinct.values()];
  return (await sql.run('deliveries_unblock', UNBLOCK, [keys.map((key) => key.subscription_id), keys.map((key) => key.lane)])).length;
}
