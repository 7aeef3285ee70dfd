/** Automations at work: each run once, together with all that it does. */
import type { Happening } from '../core/automation.ts';
import { notTold, type LinkMove } from '../core/automate.ts';
import type { Note } from '../core/state.ts';
import type { AutomationStore, Run, RunDraft, RunOutcome, RunResult } from '../ports/automation.ts';
import type { Database, Sql } from './database.ts';
import { LINK_COLUMNS, linkOf, toJson, type LinkRow } from './rows.ts';
import { spawnedRow } from './turn-rows.ts';
import { SIBLINGS, SPAWN } from './turn-statements.ts';
import { unblock, type LaneKey } from './delivery-rows.ts';
import { insertLinks, isCollision, TRIES, updateLinks, writeComments } from './turns.ts';

const ENQUEUE = `
insert into automation_runs (automation, event_id, link_id, doc)
select automation, event_id, link_id, doc from jsonb_to_recordset($1::jsonb) as t (place int, automation text, event_id text, link_id uuid, doc json) order by place
on conflict (automation, event_id) do nothing`;

const CLAIM = `
with due as (
  select d.id from automation_runs d
  where d.due_at <= now() and not exists (select 1 from automation_runs e where e.link_id = d.link_id and e.id < d.id and e.due_at is not null)
  order by d.due_at, d.id limit $1 for update skip locked
)
update automation_runs r set lease = gen_random_uuid(), tries = tries + 1, due_at = now() + $2 * interval '1 millisecond'
from due where r.id = due.id returning r.id::text as id, r.lease, r.tries, r.doc`;

const RAN = `
update automation_runs set ran_at = now(), due_at = null, lease = null, doc = null, reason = null
where id = $1 and lease = $2 and ran_at is null returning id`;

const PUT_OFF = `
update automation_runs set due_at = now() + $4 * interval '1 millisecond', lease = null, reason = $3 where id = $1 and lease = $2 and ran_at is null`;

/** Under the replica on that account; where it has left, under another of the link. */
const NOTES = `
insert into notes (link_id, replica_id, doc)
select t.link_id, r.id, t.doc from unnest($1::uuid[], $2::int[], $3::json[]) with ordinality as t (link_id, account_id, doc, place)
cross join lateral (select id from replicas where link_id = t.link_id order by (account_id = t.account_id) desc, id limit 1) r
order by t.place`;

/**
 * The event for these subscriptions, unless it is theirs already. In a lane it is due at once only if nothing waits there. A private
 * event goes to those alone that asked for such.
 */
const NOTIFY = `
with told as (
  select s.id as subscription_id, s.name, o.id as event_id, o.type, o.seq, case when s.ordering = 'none' then null else o.doc ->> 'link' end as lane
  from subscriptions s cross join outbox o
  where o.id = $1 and s.name = any($2::text[]) and s.disabled_by is distinct from 'gone' and (s.private or not (o.doc ->> 'private')::boolean)
), made as (
  insert into deliveries (id, subscription_id, event_id, event_type, seq, lane, due_at)
  select gen_random_uuid(), subscription_id, event_id, type, seq, lane, case when lane is null or not exists (
    select 1 from deliveries e where e.subscription_id = told.subscription_id and e.lane = told.lane and e.state = 'waiting') then now() end
  from told on conflict (subscription_id, event_id) do nothing
)
select subscription_id, name, lane from told`;

/** No replica has it. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** A link moved on: nothing of the run may stand. */
class Stale extends Error {
  /** So that nobody takes it for a database that is away. */
  readonly code = 'stale';
}

interface RunRow {
  readonly id: string;
  readonly lease: string;
  readonly tries: number;
  readonly doc: RunDraft;
}

/** Runs for these events, within whatever transaction makes the events known to others. */
export async function enqueueRuns(sql: Sql, runs: readonly RunDraft[]): Promise<void> {
  const rows = runs.flatMap(({ automation, event }, place) =>
    event.link === null ? [] : [{ place, automation: automation.name, event_id: event.id, link_id: event.link, doc: { automation, event } }],
  );
  if (rows.length > 0) await sql.run('automations_enqueue', ENQUEUE, [toJson(rows)]);
}

export function createAutomations(database: Database): AutomationStore {
  async function commitIn(sql: Sql, run: Run, { moves, notes, notify }: RunOutcome): Promise<Committed> {
    const ours = await sql.run('automations_ran', RAN, [run.id, run.lease]);
    if (ours.length === 0) return { result: 'already', told: [] };
    const moved = moves.flatMap(({ before, after }) => (before === null ? [] : [{ before, after }]));
    const stood = await updateLinks(sql, moved);
    if (stood.length < moved.length) throw new Stale();
    const born = new Set(await insertLinks(sql, moves.flatMap(({ before, after }) => (before === null ? [after] : []))));
    const real = moves.filter(({ before, after }) => before !== null || born.has(after.id));
    if (moved.length > 0) await sql.run('turn_siblings', SIBLINGS, [moved.map(({ after }) => after.id), moved.map(({ after }) => after.version), moved.map(() => NOBODY)]);
    const spawned = real.flatMap(({ spawn, after }) => spawn.map((replica) => spawnedRow(replica, after.version, null)));
    if (spawned.length > 0) await sql.run('turn_spawn', SPAWN.text, SPAWN.values([spawned]));
    await writeComments(sql, moved.map((link) => ({ link })));
    const told = notify.length === 0 ? [] : await sql.run<ToldRow>('automations_notify', NOTIFY, [run.event.id, notify]);
    await writeNotes(sql, run, real, [...notes, ...notTold(run, notify, told)]);
    return { result: 'done', told };
  }

  return {
    enqueue: (runs) => enqueueRuns(database, runs),
    async claim(most, leaseMs) {
      const rows = await database.run<RunRow>('automations_claim', CLAIM, [most, leaseMs]);
      return rows.sort((a, b) => Number(a.id) - Number(b.id)).map(({ doc, ...row }): Run => ({ ...row, ...doc }));
    },
    async event(id) {
      const [row] = await database.run<{ doc: Happening }>('automations_event', `select doc from outbox where id = $1`, [id]);
      return row?.doc ?? null;
    },
    async link(id) {
      const [row] = await database.run<LinkRow>('automations_link', `select ${LINK_COLUMNS} from links l where l.id = $1`, [id]);
      return row === undefined ? null : linkOf(row);
    },
    async commit(run, outcome): Promise<RunResult> {
      for (let tries = 1; ; tries += 1) {
        try {
          const { result, told } = await database.transaction((sql) => commitIn(sql, run, outcome));
          await unblock(database, told);
          return result;
        } catch (error) {
          if (error instanceof Stale) return 'stale';
          if (tries === TRIES || !isCollision(error)) throw error;
        }
      }
    },
    async putOff({ id, lease }, reason, inMs) {
      await database.run('automations_put_off', PUT_OFF, [id, lease, reason, inMs]);
    },
  };
}

interface ToldRow extends LaneKey {
  readonly name: string;
}

interface Committed {
  readonly result: 'done' | 'already';
  readonly told: readonly ToldRow[];
}

async function writeNotes(sql: Sql, { event }: Run, moves: readonly LinkMove[], notes: readonly Note[]): Promise<void> {
  const own = notes.map((note) => ({ link: event.link, account: event.account?.id ?? 0, note }));
  // A link that begins is told of where it begins, one that changes where the event was.
  const moved = moves.flatMap(({ before, after, notes: told }) => told.map((note) => ({ link: after.id, account: before === null ? after.origin : (event.account?.id ?? 0), note })));
  const all = [...moved, ...own];
  if (all.length > 0) await sql.run('automations_notes', NOTES, [all.map(({ link }) => link), all.map(({ account }) => account), all.map(({ note }) => toJson(note))]);
}
