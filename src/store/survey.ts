/** The stored state, read without taking anything in hand. */
import type { Standing, Survey } from '../ports/repair.ts';
import type { Database } from './database.ts';
import { LINK_COLUMNS, linkOf, REPLICA_COLUMNS, REPLICA_COPIES, replicaOf, type LinkRow, type ReplicaRow } from './rows.ts';

interface StandingRow extends ReplicaRow {
  readonly signalled: number;
  readonly read: number;
  readonly wanted: string;
  readonly due_at: Date | null;
  readonly lease: string | null;
}

const STANDING = `select ${REPLICA_COLUMNS}, r.signalled, r.read, r.wanted, r.due_at, r.lease, ${REPLICA_COPIES} from replicas r`;
/** Less than every UUID of ours, and not one of them. */
const NO_ID = '00000000-0000-0000-0000-000000000000';

export function createSurvey(database: Database): Survey {
  const standing = async (name: string, rest: string, values: readonly unknown[]): Promise<readonly Standing[]> =>
    (await database.run<StandingRow>(`survey_${name}`, `${STANDING} ${rest}`, values)).map(standingOf);
  const links = async (name: string, rest: string, values: readonly unknown[]): ReturnType<Survey['links']> =>
    (await database.run<LinkRow>(`survey_${name}`, `select ${LINK_COLUMNS} from links l ${rest}`, values)).map(linkOf);

  return {
    replicas: (ids) => standing('replicas', `where r.id = any($1::uuid[]) order by r.id`, [ids]),
    replicasOfLinks: (ids) => standing('of_links', `where r.link_id = any($1::uuid[]) order by r.link_id, r.account_id`, [ids]),
    replicasOfTickets: (accountId, ids) => standing('of_tickets', `where r.account_id = $1 and r.ticket_id = any($2::text[]) order by r.ticket_id`, [accountId, ids]),
    replicasOfAccount: (accountId, after, limit) =>
      standing('of_account', `where r.account_id = $1 and r.ticket_id > $2 and r.link_id is not null order by r.ticket_id limit $3`, [accountId, after ?? '', limit]),
    withoutTicket: (accountId, after, limit) =>
      standing('without_ticket', `where r.account_id = $1 and r.ticket_id is null and r.link_id is not null and r.id > $2::uuid order by r.id limit $3`, [accountId, after ?? NO_ID, limit]),
    links: (ids) => links('links', `where l.id = any($1::uuid[]) order by l.id`, [ids]),
    linksAfter: (after, limit) => links('links_after', `where l.id > $1::uuid order by l.id limit $2`, [after ?? NO_ID, limit]),
    async countLinks() {
      const [row] = await database.run<{ count: string }>('survey_count', `select count(*)::text as count from links`, []);
      return Number(row?.count ?? 0);
    },
    async countTickets(accountIds) {
      const [row] = await database.run<{ count: string }>(
        'survey_count_tickets',
        `select count(*)::text as count from replicas where account_id = any($1::int[]) and state = 'present' and link_id is not null`,
        [accountIds],
      );
      return Number(row?.count ?? 0);
    },
  };
}

function standingOf(row: StandingRow): Standing {
  return {
    replica: replicaOf(row),
    signalled: row.signalled,
    read: row.read,
    wanted: Number(row.wanted),
    due: row.due_at?.getTime() ?? null,
    leased: row.lease !== null,
  };
}
