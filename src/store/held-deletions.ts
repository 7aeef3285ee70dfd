/** The guards against mass change as they are kept: what was counted on each account, and why its deletions, or what new rules bring, are held. */
import { touchedByRules, type Limits, type LinkGroup } from '../core/guards.ts';
import type { MirrorEdge } from '../core/rules.ts';
import type { AccountStore } from '../ports/store.ts';
import type { Database, Sql } from './database.ts';

/** Nothing is counted while a person has freed the account's deletions; a window that is over begins anew. */
const COUNT = `
update accounts set
  deletions = case
    when deletions_free_until > now() then 0
    when deletions_since > now() - $3 * interval '1 millisecond' then deletions + $2
    else $2
  end,
  deletions_since = case when deletions_since > now() - $3 * interval '1 millisecond' then deletions_since else now() end
where id = $1 returning deletions as recent`;

const TICKETS = `select count(*)::int as tickets from replicas where account_id = $1 and state = 'present'`;

const HOLD = `update accounts set deletions_held = coalesce(deletions_held, $2) where id = $1`;

const RELEASE = `
update accounts set deletions_held = null, deletions = 0, deletions_free_until = now() + $2 * interval '1 millisecond' where id = $1`;

const HOLD_RULES = `update accounts set rules_held = $2 where id = $1`;

const RELEASE_RULES = `update accounts set rules_held = null where id = $1`;

const GROUPS = `select accounts, count(*)::int as links from links group by accounts`;

type HeldDeletions = Pick<AccountStore, 'countDeletions' | 'countTickets' | 'holdDeletions' | 'releaseDeletions' | 'releaseRules'>;

export function createHeldDeletions(database: Database, bump: (sql: Sql) => Promise<unknown>): HeldDeletions {
  return {
    async countDeletions(accountId, amount, windowMs) {
      const [row] = await database.run<{ recent: number }>('deletions_count', COUNT, [accountId, amount, windowMs]);
      return row?.recent ?? 0;
    },
    async countTickets(accountId) {
      const [row] = await database.run<{ tickets: number }>('tickets_count', TICKETS, [accountId]);
      return row?.tickets ?? 0;
    },
    async holdDeletions(accountId, because) {
      await database.transaction(async (sql) => {
        await sql.run('deletions_hold', HOLD, [accountId, because]);
        await bump(sql);
      });
    },
    async releaseDeletions(accountId, freeMs) {
      await database.transaction(async (sql) => {
        await sql.run('deletions_release', RELEASE, [accountId, freeMs]);
        await bump(sql);
      });
    },
    async releaseRules(accountId) {
      await database.transaction(async (sql) => {
        await sql.run('rules_release', RELEASE_RULES, [accountId]);
        await bump(sql);
      });
    },
  };
}

/** Holds what new rules bring on accounts of which they touch too many tickets, in the transaction that changes the rules. */
export async function holdTouched(sql: Sql, before: readonly MirrorEdge[], after: readonly MirrorEdge[], limits: Limits): Promise<void> {
  const groups = await sql.run<LinkGroup>('link_groups', GROUPS, []);
  for (const [accountId, because] of touchedByRules(before, after, groups, limits)) await sql.run('rules_hold', HOLD_RULES, [accountId, because]);
}
