/** Events in full, on their way to subscribers: written in the transaction of what they tell of, and only while there are subscribers. */
import type { MeshEvent } from '../core/mesh-event.ts';
import type { Sql } from './database.ts';
import { statementOver, type Columns, type List } from './lists.ts';

/** Events in full; `by` is the replica whose turn told of them. */
export const OUTBOX_COLUMNS: Columns = { id: 'uuid', by: 'uuid', type: 'text', account_id: 'int', doc: 'jsonb' };

export const outboxFrom = (list: List): string => `select id, type, account_id, doc from ${list('t')}`;

export const OUTBOX = statementOver([OUTBOX_COLUMNS], ([events]) => `insert into outbox (id, type, account_id, doc) ${outboxFrom(events)}`);

export function outboxRow(event: MeshEvent, by: string | null = null): Record<string, unknown> {
  return { by, id: event.id, type: event.type, account_id: event.account?.id ?? null, doc: event };
}

export async function tell(sql: Sql, events: readonly MeshEvent[]): Promise<void> {
  if (events.length > 0) await sql.run('outbox', OUTBOX.text, OUTBOX.values([events.map((event) => outboxRow(event))]));
}

/** The same times as those of our own clock, as the database writes them. */
const NOW_ISO = `to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const ACCOUNT = `
insert into outbox (id, type, account_id, doc)
select t.id, $2::text, a.id, jsonb_build_object('id', t.id, 'type', $2::text, 'time', ${NOW_ISO},
  'account', jsonb_build_object('id', a.id, 'name', a.name, 'service', a.service),
  'link', null, 'cause', 'mirror', 'private', false, 'ticket', null, 'reason', $3::text)
from accounts a cross join (select gen_random_uuid() as id) t
where a.id = $1 and exists (select 1 from subscriptions where disabled_by is distinct from 'gone')`;

/** That an account stopped, or runs again. */
export async function tellOfAccount(sql: Sql, accountId: number, type: 'account.stopped' | 'account.resumed', reason: string): Promise<void> {
  await sql.run('outbox_account', ACCOUNT, [accountId, type, reason]);
}
