/** A past: settled receipts, with the links, replicas and operations that came of them, and nothing due. */
import pg from 'pg';
import { strangerReplica } from '../../src/core/state.ts';
import { docOf } from '../../src/store/doc.ts';

/** As full as a replica's document usually is. */
const DOC = JSON.stringify({ ...docOf(strangerReplica('', 0, null)), base: { subject: 'some subject '.repeat(20), status: 'open', tags: ['billing', 'urgent'] } });

export async function fillHistory(url: string, count: number): Promise<void> {
  const client = new pg.Client(url);
  // Only a database that is being stopped ends an idle connection; the statement that fails says so by itself.
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ id: number }>('select id from accounts order by id');
  const [source, ...targets] = rows.map(({ id }) => id);
  // What the load left undone in a database without a worker is history too.
  await client.query(`update replicas set due_at = null, lease = null, read = signalled where due_at is not null`);
  await client.query(`update receipts set state = 'settled', settled_at = now() where state = 'accepted'`);
  await client.query(
    `insert into receipts (account_id, dedupe, headers, raw_body, ticket_id, event, state, reason, settled_at, received_at)
     select $1, 'history-' || n, '{"content-type":"application/json"}', convert_to(repeat('{"a":"some body"}', 50), 'UTF8'), 'tkt_old' || n,
       'ticket.created', 'settled', 'absorbed', now(), now() - n * interval '1 second' from generate_series(1, $2::int) n`,
    [source, count],
  );
  await client.query(
    `create temp table past as select gen_random_uuid() as link_id, n from generate_series(1, $1::int) n`,
    [count],
  );
  await client.query(
    `insert into links (id, origin, accounts, version, fields, life, files)
     select link_id, $1, $2::int[], 1, jsonb_build_object('subject', jsonb_build_object('value', repeat('some subject ', 20), 'clock', 1, 'from', 1)),
       '{"alive": true, "clock": 1, "from": 1}', '[]' from past`,
    [source, [source, ...targets]],
  );
  for (const account of [source, ...targets]) {
    await client.query(
      `insert into replicas (id, link_id, account_id, ticket_id, key, state, doc, looked, modified, signalled, read, wanted, version)
       select gen_random_uuid(), link_id, $1::int, 'tkt_old' || n, 'dm-' || md5(link_id::text || $1::int::text), 'present', $2::json,
         (extract(epoch from now()) * 1000)::bigint, 1, 1, 1, 1, 1 from past`,
      [account, DOC],
    );
    await client.query(
      `insert into operations (link_id, replica_id, account_id, kind, key, attempt, outcome, warnings, files, began_at, ended_at)
       select link_id, gen_random_uuid(), $1::int, 'ticket.create', 'k', 1, 'done', '[]', '[]', now(), now() from past`,
      [account],
    );
  }
  await client.query('drop table past');
  await client.query('vacuum analyze');
  // History comes over weeks: what writing it all at once leaves to be flushed is no part of it.
  await client.query('checkpoint');
  await client.end();
}
