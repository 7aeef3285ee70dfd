/** The statements of a turn. Each takes arrays, one element for each turn (or part of a turn) of the group. */
import { outboxFrom } from './outbox.ts';

export const HOLD = `
select r.id from replicas r join unnest($1::uuid[], $2::uuid[]) as t (id, lease) on r.id = t.id and r.lease = t.lease
order by r.id for update of r`;

/** Row by row the link first, then the lane: the order in which they are named. */
export const HOLD_WITH_LINK = `
select r.id from replicas r join unnest($1::uuid[], $2::uuid[]) as t (id, lease) on r.id = t.id and r.lease = t.lease join links l on l.id = r.link_id
order by l.id for update of l, r`;

export const LINK_INSERT = `
insert into links (id, origin, accounts, version, fields, life, files)
select id, origin, (select array_agg(a::int) from jsonb_array_elements_text(accounts) a), version, fields, life, files
from unnest($1::uuid[], $2::int[], $3::jsonb[], $4::bigint[], $5::json[], $6::json[], $7::json[]) as t (id, origin, accounts, version, fields, life, files)
on conflict (id) do nothing returning id`;

export const LINK_UPDATE = `
update links l set accounts = (select array_agg(a::int) from jsonb_array_elements_text(t.accounts) a),
  version = t.version, fields = t.fields, life = t.life
from unnest($1::uuid[], $2::bigint[], $3::jsonb[], $4::bigint[], $5::json[], $6::json[]) as t (id, expected, accounts, version, fields, life)
where l.id = t.id and l.version = t.expected returning l.id`;

export const STRANGERS = `
delete from replicas r using unnest($1::uuid[], $2::int[], $3::text[]) as t (id, account_id, ticket_id)
where r.account_id = t.account_id and r.ticket_id = t.ticket_id and r.state = 'unknown' and r.id <> t.id
returning t.id, r.receipt::text as receipt`;

/**
 * Only a turn that changes the ticket id writes it: one that intake or an adoption wrote meanwhile stands. Released, a lane is due again at once if
 * anything is left: a signal, a newer link, an open intent.
 */
export const REPLICA_UPDATE = `
update replicas r set
  link_id = t.link_id, ticket_id = case when t.moves_ticket then t.ticket_id else r.ticket_id end,
  key = t.key, state = t.state, doc = t.doc, looked = t.looked, modified = t.modified, version = t.version, open = t.open, parked = t.parked,
  read = greatest(r.read, coalesce(t.read, 0)),
  signalled = r.signalled + t.more,
  receipt = greatest(t.receipt, r.receipt),
  wanted = greatest(r.wanted, t.wanted),
  lease = case when t.release then null else r.lease end,
  due_at = case
    when not t.release then now() + interval '30 seconds'
    when t.in_ms is not null then now() + t.in_ms * interval '1 millisecond'
    when r.signalled + t.more > greatest(r.read, coalesce(t.read, 0)) or greatest(r.wanted, t.wanted) > t.version or t.open then now()
  end
from json_to_recordset($1::json) as t (
  id uuid, lease uuid, link_id uuid, ticket_id text, moves_ticket boolean, key text, state text, doc json, looked bigint, modified bigint,
  version bigint, open boolean, parked boolean, read int, more int, receipt bigint, wanted bigint, release boolean, in_ms float8)
where r.id = t.id and r.lease = t.lease
returning r.id, t.release and r.due_at <= now() as due`;

export const SIBLINGS = `
update replicas r set wanted = t.version,
  due_at = case when r.lease is null then least(coalesce(r.due_at, now()), now()) else r.due_at end
from unnest($1::uuid[], $2::bigint[], $3::uuid[]) as t (link_id, version, own)
where r.link_id = t.link_id and r.id <> t.own`;

/** One whose ticket is there already begins signalled. */
export const SPAWN = `
insert into replicas (id, link_id, account_id, ticket_id, key, state, doc, wanted, open, due_at, lease, signalled, signalled_at, receipt)
select id, link_id, account_id, ticket_id, key, state, doc, wanted, open, case when lease is null then now() else now() + interval '30 seconds' end, lease,
  case when ticket_id is null then 0 else 1 end, case when ticket_id is not null then now() end, receipt
from json_to_recordset($1::json) as t (
  id uuid, link_id uuid, account_id int, ticket_id text, key text, state text, doc json, wanted bigint, open boolean, lease uuid, receipt bigint)`;

/** Tickets that belong to a link already. */
export const TAKEN = `
select t.id from unnest($1::uuid[], $2::int[], $3::text[]) as t (id, account_id, ticket_id)
join replicas r on r.account_id = t.account_id and r.ticket_id = t.ticket_id and r.link_id is not null`;

export const FOLLOWED = `
insert into followed (account_id, ticket_id) select * from unnest($1::int[], $2::text[]) on conflict do nothing`;

export const COMMENTS = `
insert into comments (link_id, uid, doc) select * from unnest($1::uuid[], $2::text[], $3::jsonb[])
on conflict (link_id, uid) do update set doc = excluded.doc`;

export const COPIES = `
insert into copies (replica_id, uid, doc) select * from unnest($1::uuid[], $2::text[], $3::jsonb[])
on conflict (replica_id, uid) do update set doc = excluded.doc`;

export const COPIES_GONE = `
delete from copies c using unnest($1::uuid[], $2::text[]) as t (replica_id, uid) where c.replica_id = t.replica_id and c.uid = t.uid`;

export const RECEIPTS = `
update receipts r set state = 'settled', reason = t.reason, settled_at = now()
from unnest($1::int[], $2::text[], $3::bigint[], $4::text[]) as t (account_id, ticket_id, upto, reason)
where r.account_id = t.account_id and r.ticket_id = t.ticket_id and r.state = 'accepted' and (t.upto is null or r.id <= t.upto)`;

const OPERATION_COLUMNS = 'link_id, replica_id, account_id, kind, key, attempt, outcome, reason, wrote, answer, warnings, files, began_at, ended_at';

/** Operations from the JSON array that is the statement's parameter of this number. */
const operationsFrom = (parameter: number): string => `
select link_id, replica_id, account_id, kind, key, attempt, outcome, reason, wrote, answer, warnings, files, to_timestamp(began / 1000.0), to_timestamp(ended / 1000.0)
from json_to_recordset($${parameter}::json) as t (link_id uuid, replica_id uuid, account_id int, kind text, key text, attempt int,
  outcome text, reason text, wrote json, answer json, warnings json, files json, began float8, ended float8)`;

/** Events from the JSON array that is the statement's parameter of this number; `by` is the replica whose turn told of them. */
const eventsFrom = (parameter: number): string => `
select account_id, type, link_id, ticket_id, comment_id, (select coalesce(array_agg(c), '{}') from json_array_elements_text(changed) c)
from json_to_recordset($${parameter}::json) as t (by uuid, account_id int, type text, link_id uuid, ticket_id text, comment_id text, changed json)`;

export const EVENTS = `insert into events (account_id, type, link_id, ticket_id, comment_id, changed) ${eventsFrom(1)}`;

export const OPERATIONS = `insert into operations (${OPERATION_COLUMNS}) ${operationsFrom(1)}`;

/** A plain turn whole: replicas, and the operations of those whose lease still stood. One statement needs no transaction around it. */
export const PLAIN = `
with updated as (${REPLICA_UPDATE}
), recorded as (
  insert into operations (${OPERATION_COLUMNS}) ${operationsFrom(2)}
  where t.replica_id in (select id from updated)
)
select id, due from updated`;

/**
 * A turn that begins a link, whole: its replica, the link, the replicas on other accounts, what was noted and the receipts that are settled.
 * Two statements of it write replicas, which not every database takes in one.
 */
export const BIRTH = `
with updated as (${REPLICA_UPDATE}
), born as (
  insert into links (id, origin, accounts, version, fields, life, files)
  select t.id, t.origin, (select array_agg(a::int) from json_array_elements_text(t.accounts) a), t.version, t.fields, t.life, t.files
  from json_to_recordset($2::json) as t (by uuid, id uuid, origin int, accounts json, version bigint, fields json, life json, files json)
  where t.by in (select id from updated)
), spawned as (
  insert into replicas (id, link_id, account_id, key, state, doc, wanted, open, due_at, lease)
  select id, link_id, account_id, key, state, doc, wanted, open, case when lease is null then now() else now() + interval '30 seconds' end, lease
  from json_to_recordset($3::json) as t (by uuid, id uuid, link_id uuid, account_id int, key text, state text, doc json, wanted bigint, open boolean, lease uuid)
  where t.by in (select id from updated)
), announced as (
  insert into events (account_id, type, link_id, ticket_id, comment_id, changed) ${eventsFrom(5)}
  where t.by in (select id from updated)
), noted as (
  insert into notes (link_id, replica_id, doc)
  select link_id, by, doc from json_to_recordset($6::json) as t (by uuid, link_id uuid, doc json)
  where t.by in (select id from updated)
), settled as (
  update receipts r set state = 'settled', reason = t.reason, settled_at = now()
  from json_to_recordset($4::json) as t (by uuid, account_id int, ticket_id text, upto bigint, reason text)
  where t.by in (select id from updated) and r.account_id = t.account_id and r.ticket_id = t.ticket_id and r.state = 'accepted' and r.id <= t.upto
)
select id, due from updated`;

/** The same with events for subscribers. */
export const BIRTH_TOLD = BIRTH.replace(', settled as (', `, told as (
  insert into outbox (id, type, account_id, doc) ${outboxFrom(7)}
  where t.by in (select id from updated)
), settled as (`);

export const NOTES = `
insert into notes (link_id, replica_id, doc) select * from unnest($1::uuid[], $2::uuid[], $3::json[])`;

export const ADOPT_GONE = `delete from replicas where id = $1 and lease = $2 and link_id is null returning receipt::text as receipt`;
export const ADOPT = `
update replicas set ticket_id = $2, signalled = signalled + 1, signalled_at = now(), receipt = greatest($3::bigint, receipt),
  due_at = case when lease is null then now() else due_at end
where id = $1 and ticket_id is null returning id`;
