/** The statements of a turn. Each takes many rows at once, one for each turn (or part of a turn) of the group: those that run for every event as lists, the others as arrays. */
import { statementOver, type Columns, type List } from './lists.ts';
import { OUTBOX_COLUMNS, outboxFrom } from './outbox.ts';

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

const REPLICA_COLUMNS: Columns = {
  id: 'uuid', lease: 'uuid', link_id: 'uuid', ticket_id: 'text', moves_ticket: 'boolean', key: 'text', state: 'text', doc: 'json', looked: 'bigint', modified: 'bigint',
  version: 'bigint', open: 'boolean', parked: 'boolean', read: 'int', more: 'int', receipt: 'bigint', wanted: 'bigint', release: 'boolean', in_ms: 'float8',
};

/**
 * Only a turn that changes the ticket id writes it: one that intake or an adoption wrote meanwhile stands. Released, a lane is due again at once if
 * anything is left: a signal, a newer link, an open intent.
 */
const replicaUpdateFrom = (list: List): string => `
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
from ${list('t')}
where r.id = t.id and r.lease = t.lease
returning r.id, t.release and r.due_at <= now() as due`;

export const REPLICA_UPDATE = statementOver([REPLICA_COLUMNS], ([replicas]) => replicaUpdateFrom(replicas));

export const SIBLINGS = `
update replicas r set wanted = t.version,
  due_at = case when r.lease is null then least(coalesce(r.due_at, now()), now()) else r.due_at end
from unnest($1::uuid[], $2::bigint[], $3::uuid[]) as t (link_id, version, own)
where r.link_id = t.link_id and r.id <> t.own`;

const SPAWN_COLUMNS: Columns = {
  id: 'uuid', by: 'uuid', link_id: 'uuid', account_id: 'int', ticket_id: 'text', key: 'text', state: 'text', doc: 'json', wanted: 'bigint', open: 'boolean', lease: 'uuid', receipt: 'bigint',
};

/** One whose ticket is there already begins signalled. */
export const SPAWN = statementOver([SPAWN_COLUMNS], ([spawned]) => `
insert into replicas (id, link_id, account_id, ticket_id, key, state, doc, wanted, open, due_at, lease, signalled, signalled_at, receipt)
select id, link_id, account_id, ticket_id, key, state, doc, wanted, open, case when lease is null then now() else now() + interval '30 seconds' end, lease,
  case when ticket_id is null then 0 else 1 end, case when ticket_id is not null then now() end, receipt
from ${spawned('t')}`);

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

const OPERATION_COLUMNS: Columns = {
  replica_id: 'uuid', link_id: 'uuid', account_id: 'int', kind: 'text', key: 'text', attempt: 'int', outcome: 'text', reason: 'text',
  wrote: 'json', answer: 'json', warnings: 'json', files: 'json', began: 'float8', ended: 'float8',
};

const operationsFrom = (list: List): string => `
insert into operations (link_id, replica_id, account_id, kind, key, attempt, outcome, reason, wrote, answer, warnings, files, began_at, ended_at)
select link_id, replica_id, account_id, kind, key, attempt, outcome, reason, wrote, answer, warnings, files, to_timestamp(began / 1000.0), to_timestamp(ended / 1000.0)
from ${list('t')}`;

export const OPERATIONS = statementOver([OPERATION_COLUMNS], ([operations]) => operationsFrom(operations));

/** `by` is the replica whose turn told of them; `changed`: a list as JSON, null where it is empty. */
const EVENT_COLUMNS: Columns = { by: 'uuid', account_id: 'int', type: 'text', link_id: 'uuid', ticket_id: 'text', comment_id: 'text', changed: 'json' };

const eventsFrom = (list: List): string => `
insert into events (account_id, type, link_id, ticket_id, comment_id, changed)
select account_id, type, link_id, ticket_id, comment_id, case when changed is null then '{}'::text[] else (select array_agg(c) from json_array_elements_text(changed) c) end
from ${list('t')}`;

export const EVENTS = statementOver([EVENT_COLUMNS], ([events]) => eventsFrom(events));

/** A plain turn whole: replicas, and the operations of those whose lease still stood. One statement needs no transaction around it. */
export const PLAIN = statementOver([REPLICA_COLUMNS, OPERATION_COLUMNS], ([replicas, operations]) => `
with updated as (${replicaUpdateFrom(replicas)}
), recorded as (${operationsFrom(operations)}
  where t.replica_id = any (array(select id from updated))
)
select id, due from updated`);

const LINK_COLUMNS: Columns = { id: 'uuid', by: 'uuid', origin: 'int', accounts: 'text', version: 'bigint', fields: 'json', life: 'json', files: 'json' };
const SETTLED_COLUMNS: Columns = { by: 'uuid', account_id: 'int', ticket_id: 'text', upto: 'bigint', reason: 'text' };
const NOTE_COLUMNS: Columns = { by: 'uuid', link_id: 'uuid', doc: 'json' };

/**
 * A turn that begins a link, whole: its replica, the link, the replicas on other accounts, what was noted and the receipts that are settled; in
 * the second statement with events for subscribers. Two parts of it write replicas, which not every database takes in one statement.
 */
const birth = ([replicas, links, spawned, settled, events, notes, told]: readonly [List, List, List, List, List, List, List?]): string => `
with updated as (${replicaUpdateFrom(replicas)}
), born as (
  insert into links (id, origin, accounts, version, fields, life, files)
  select t.id, t.origin, t.accounts::int[], t.version, t.fields, t.life, t.files from ${links('t')}
  where t.by = any (array(select id from updated))
), spawned as (
  insert into replicas (id, link_id, account_id, key, state, doc, wanted, open, due_at, lease)
  select id, link_id, account_id, key, state, doc, wanted, open, case when lease is null then now() else now() + interval '30 seconds' end, lease from ${spawned('t')}
  where t.by = any (array(select id from updated))
), announced as (${eventsFrom(events)}
  where t.by = any (array(select id from updated))
), noted as (
  insert into notes (link_id, replica_id, doc) select link_id, by, doc from ${notes('t')}
  where t.by = any (array(select id from updated))
), ${told === undefined ? '' : `told as (
  insert into outbox (id, type, account_id, doc) ${outboxFrom(told)}
  where t.by = any (array(select id from updated))
), `}settled as (
  update receipts r set state = 'settled', reason = t.reason, settled_at = now() from ${settled('t')}
  where t.by = any (array(select id from updated)) and r.account_id = t.account_id and r.ticket_id = t.ticket_id and r.state = 'accepted' and r.id <= t.upto
)
select id, due from updated`;

const BIRTH_LISTS = [REPLICA_COLUMNS, LINK_COLUMNS, SPAWN_COLUMNS, SETTLED_COLUMNS, EVENT_COLUMNS, NOTE_COLUMNS] as const;
export const BIRTH = statementOver(BIRTH_LISTS, birth);
export const BIRTH_TOLD = statementOver([...BIRTH_LISTS, OUTBOX_COLUMNS], birth);

export const NOTES = `
insert into notes (link_id, replica_id, doc) select * from unnest($1::uuid[], $2::uuid[], $3::json[])`;

export const ADOPT_GONE = `delete from replicas where id = $1 and lease = $2 and link_id is null returning receipt::text as receipt`;
export const ADOPT = `
update replicas set ticket_id = $2, signalled = signalled + 1, signalled_at = now(), receipt = greatest($3::bigint, receipt),
  due_at = case when lease is null then now() else due_at end
where id = $1 and ticket_id is null returning id`;
