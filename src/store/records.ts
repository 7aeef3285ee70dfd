/** The record as people read it: mirrors, links, operations and receipts, newest first; and their second reading. */
import { strangerReplica, type Held } from '../core/state.ts';
import type { LinkRecord, MirrorRecord, NoteRecord, OperationRecord, ReceiptRecord, Records, ReplicaRecord, WholeReceipt } from '../ports/api.ts';
import type { World } from '../ports/world.ts';
import type { Database, Sql } from './database.ts';
import type { Wake } from './intake.ts';
import { docOf } from './doc.ts';
import { toJson } from './rows.ts';

const REPLICAS = `(select jsonb_agg(jsonb_build_object(
  'id', r.id, 'account_id', r.account_id, 'ticket_id', r.ticket_id, 'state', r.state, 'held', coalesce(r.doc -> 'held', '{}'), 'failures', coalesce(r.doc -> 'failures', '0'),
  'behind', r.signalled > r.read or r.wanted > r.version or r.open,
  'due', case when r.due_at is null then null else (extract(epoch from r.due_at) * 1000)::bigint end) order by r.account_id)
  from replicas r where r.link_id = l.id) as replicas`;
const LINK = `l.id, l.origin, l.version, l.fields, l.life, l.created_at, ${REPLICAS}`;

const LINKS = `
select ${LINK} from links l
where l.id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  and ($3::int is null or exists (select 1 from replicas r where r.link_id = l.id and r.account_id = $3))
order by l.id desc limit $2`;

const LINK_OF_TICKET = `
select ${LINK} from links l where l.id = (select link_id from replicas where account_id = $1 and ticket_id = $2)`;

/** Sort by the column, not by its text. */
const OPERATION = `id::text as id, link_id, replica_id, account_id, kind, key, attempt, outcome, reason, wrote, answer, warnings, files, began_at, ended_at`;
const OPERATIONS = `
select ${OPERATION} from operations
where id < coalesce($1::bigint, 9223372036854775807) and ($3::int is null or account_id = $3) and ($4::text is null or outcome = $4)
order by operations.id desc limit $2`;
const OPERATIONS_OF_LINK = `
select ${OPERATION} from operations
where link_id = $5 and id < coalesce($1::bigint, 9223372036854775807) and ($3::int is null or account_id = $3) and ($4::text is null or outcome = $4)
order by operations.id desc limit $2`;

const RECEIPT = `id::text as id, account_id, dedupe, received_at, ticket_id, event, state, reason, settled_at`;
const RECEIPTS = `
select ${RECEIPT} from receipts
where id < coalesce($1::bigint, 9223372036854775807) and ($3::int is null or account_id = $3) and ($4::text is null or state = $4)
  and ($5::text is null or ticket_id = $5)
order by receipts.id desc limit $2`;
/** Receipts that are open and those that are done with have an index each. */
const RECEIPTS_OF_TICKET = `
select * from (
  (select ${RECEIPT} from receipts o where account_id = $3 and ticket_id = $5 and state = 'accepted'
    and o.id < coalesce($1::bigint, 9223372036854775807) and ($4::text is null or state = $4) order by o.id desc limit $2)
  union all
  (select ${RECEIPT} from receipts d where account_id = $3 and ticket_id = $5 and state <> 'accepted'
    and d.id < coalesce($1::bigint, 9223372036854775807) and ($4::text is null or state = $4) order by d.id desc limit $2)
) as r order by r.id::bigint desc limit $2`;
const PARKED = RECEIPTS.replace('where ', `where state = 'parked' and `);

const REREAD = `
with reread as (
  update receipts set state = $2, reason = $3, ticket_id = $4, event = $5, settled_at = null where id = $1 returning id, account_id
)
insert into replicas (id, account_id, ticket_id, state, doc, signalled, signalled_at, receipt, due_at)
select $6, account_id, $4, 'unknown', $7, 1, now(), id, now() from reread where $2 = 'accepted' and $4::text is not null
on conflict (account_id, ticket_id) where ticket_id is not null do update set
  signalled = replicas.signalled + 1, signalled_at = now(), receipt = greatest(excluded.receipt, replicas.receipt),
  due_at = case when replicas.lease is null then least(coalesce(replicas.due_at, now()), now()) else replicas.due_at end`;

interface LinkRow extends Omit<LinkRecord, 'created' | 'version' | 'replicas'> {
  readonly version: string;
  readonly created_at: Date;
  readonly replicas: readonly (ReplicaRecord & { readonly held: Readonly<Record<string, Held>> })[] | null;
}

interface OperationRow extends Omit<OperationRecord, 'began' | 'ended' | 'wrote' | 'answer'> {
  /** Null in rows from before these were kept. */
  readonly wrote: OperationRecord['wrote'] | null;
  readonly answer: OperationRecord['answer'] | null;
  readonly began_at: Date;
  readonly ended_at: Date;
}

interface ReceiptRow extends Omit<ReceiptRecord, 'received' | 'settled'> {
  readonly received_at: Date;
  readonly settled_at: Date | null;
}

export function createRecords(ports: { readonly database: Database; readonly world: Pick<World, 'id'>; readonly wake: Wake }): Records {
  const { database, world } = ports;

  const woken = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    database.transaction(async (sql) => {
      const result = await work(sql);
      await ports.wake('now')?.(sql);
      return result;
    });

  return {
    async mirrors() {
      const rows = await database.run<{ name: string; edges: Omit<MirrorRecord['edges'][number], 'mirror'>[] }>('mirrors_read', `select name, edges from mirrors order by name`, []);
      return rows.map(({ name, edges }) => ({ name, edges: edges.map((edge) => ({ mirror: name, ...edge })) }));
    },
    async links({ account_id: account = null, ticket_id: ticket }, { before, limit }) {
      if (account !== null && ticket !== undefined) {
        const rows = before === null ? await database.run<LinkRow>('link_of_ticket', LINK_OF_TICKET, [account, ticket]) : [];
        return rows.map(linkOf);
      }
      return (await database.run<LinkRow>('links_list', LINKS, [before, limit, account])).map(linkOf);
    },
    async link(id) {
      const [row] = await database.run<LinkRow>('link_read', `select ${LINK} from links l where l.id = $1`, [id]);
      return row === undefined ? null : linkOf(row);
    },
    async notes(linkId, limit) {
      const rows = await database.run<{ replica_id: string; noted_at: Date; doc: Omit<NoteRecord, 'replica_id' | 'at'> }>(
        'notes_read',
        `select replica_id, noted_at, doc from notes where link_id = $1 order by id desc limit $2`,
        [linkId, limit],
      );
      return rows.map(({ replica_id: replica, noted_at: at, doc }) => ({ ...doc, replica_id: replica, at: at.getTime() }));
    },
    async operations({ account_id: account = null, outcome = null, link_id: link }, { before, limit }) {
      const rows =
        link === undefined
          ? await database.run<OperationRow>('operations_list', OPERATIONS, [before, limit, account, outcome])
          : await database.run<OperationRow>('operations_of_link', OPERATIONS_OF_LINK, [before, limit, account, outcome, link]);
      return rows.map(operationOf);
    },
    async operation(id) {
      const [row] = await database.run<OperationRow>('operation_read', `select ${OPERATION} from operations where id = $1`, [id]);
      return row === undefined ? null : operationOf(row);
    },
    async receipts({ account_id: account = null, state = null, ticket_id: ticket = null }, { before, limit }) {
      const [name, statement] =
        account !== null && ticket !== null ? ['receipts_of_ticket', RECEIPTS_OF_TICKET] : state === 'parked' ? ['receipts_parked', PARKED] : ['receipts_list', RECEIPTS];
      const rows = await database.run<ReceiptRow>(name, statement, [before, limit, account, state, ticket]);
      return rows.map(receiptOf);
    },
    async receipt(id) {
      const [row] = await database.run<ReceiptRow & Pick<WholeReceipt, 'headers' | 'raw_body'>>(
        'receipt_read',
        `select ${RECEIPT}, headers, raw_body from receipts where id = $1`,
        [id],
      );
      return row === undefined ? null : { ...receiptOf(row), headers: row.headers, raw_body: row.raw_body };
    },
    async reread(id, { state, reason, ticket_id: ticket, event }) {
      const empty = toJson(docOf(strangerReplica('', 0, null)));
      await woken((sql) => sql.run('receipt_reread', REREAD, [id, state, reason, ticket, event, world.id(), empty]));
    },
  };
}

function linkOf({ created_at: created, version, replicas, ...row }: LinkRow): LinkRecord {
  return { ...row, version: Number(version), created: created.getTime(), replicas: replicas ?? [] };
}

function operationOf({ began_at: began, ended_at: ended, wrote, answer, ...row }: OperationRow): OperationRecord {
  return { ...row, wrote: wrote ?? {}, answer: answer ?? {}, began: began.getTime(), ended: ended.getTime() };
}

function receiptOf({ id, account_id, dedupe, ticket_id, event, state, reason, received_at: received, settled_at: settled }: ReceiptRow): ReceiptRecord {
  return { id, account_id, dedupe, ticket_id, event, state, reason, received: received.getTime(), settled: settled?.getTime() ?? null };
}
