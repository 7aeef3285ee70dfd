/**
 * The feed of events of each account. Rows are written by many transactions at once and become visible in any order, so they
 * are numbered only when somebody reads: whoever does holds the account's counter and gives places to what is committed by then.
 * A place that was read is therefore never preceded by one that comes later.
 */
import type { EventFeed, FeedEvent } from '../ports/api.ts';
import type { Database, Sql } from './database.ts';

const HOLD = `insert into feeds (account_id) values ($1) on conflict (account_id) do update set last = feeds.last returning last::text as last`;

const PLACE = `
with fresh as (
  select id, row_number() over (order by id) as n from events where account_id = $1 and place is null order by id limit $3
)
update events e set place = $2::bigint + fresh.n from fresh where e.id = fresh.id returning e.id`;

const COUNT = `update feeds set last = $2 where account_id = $1`;

const AFTER = `
select id::text as id, place::text as place, account_id, type, ticket_id, comment_id, changed, noted_at
from events where account_id = $1 and place > $2 order by events.place limit $3`;

/** Rows that one reader numbers at a time. */
const STEP = 5_000;

interface EventRow extends Omit<FeedEvent, 'place' | 'at'> {
  readonly place: string;
  readonly noted_at: Date;
}

export function createFeed(database: Database): EventFeed {
  /** The account's last place, with everything that is committed by now numbered. */
  async function numbered(accountId: number): Promise<number> {
    const [fresh] = await database.run('feed_fresh', `select 1 from events where account_id = $1 and place is null limit 1`, [accountId]);
    if (fresh === undefined) {
      const [row] = await database.run<{ last: string }>('feed_last', `select last::text as last from feeds where account_id = $1`, [accountId]);
      return Number(row?.last ?? 0);
    }
    for (;;) {
      const { last, given } = await database.transaction((sql) => step(sql, accountId));
      if (given < STEP) return last;
    }
  }

  async function step(sql: Sql, accountId: number): Promise<{ readonly last: number; readonly given: number }> {
    const [row] = await sql.run<{ last: string }>('feed_hold', HOLD, [accountId]);
    const before = Number(row?.last ?? 0);
    const given = (await sql.run('feed_place', PLACE, [accountId, before, STEP])).length;
    if (given > 0) await sql.run('feed_count', COUNT, [accountId, before + given]);
    return { last: before + given, given };
  }

  return {
    async after(accountId, place, limit) {
      const last = await numbered(accountId);
      const rows = await database.run<EventRow>('feed_after', AFTER, [accountId, place, limit]);
      const events = rows.map(({ noted_at: at, ...event }): FeedEvent => ({ ...event, place: Number(event.place), at: at.getTime() }));
      return { events, remaining: events.length === 0 ? 0 : Math.max(0, last - (events.at(-1)?.place ?? last)) };
    },
    latest: numbered,
  };
}
