/** Backfills: how far each list was read, what was seen, what counterparts are looked up by. */
import { ALONE, isDecision, type Candidate, type TicketPlace } from '../core/pairing.ts';
import type { Backfill, BackfillCount, BackfillList, BackfillStore, Doubt } from '../ports/backfill.ts';
import type { World } from '../ports/world.ts';
import type { Database, Sql } from './database.ts';
import { toJson } from './rows.ts';

interface BackfillRow {
  readonly mirror: string;
  readonly state: Backfill['state'];
  readonly since: string;
  readonly began: string;
  readonly ended: string | null;
  readonly accounts: readonly number[];
  readonly sources: readonly number[];
  readonly pairs: boolean;
  readonly per_minute: number | null;
  readonly estimate: boolean;
  readonly leased: boolean;
  readonly lists: readonly BackfillList[];
}

const COLUMNS = `b.mirror, b.state, b.since, b.began, b.ended, b.accounts, b.sources, b.pairs, b.per_minute, b.estimate,
  coalesce(b.leased_until > now(), false) as leased,
  (select coalesce(jsonb_agg(jsonb_build_object('account_id', l.account_id, 'page', l.page, 'turn', l.turn, 'fresh', l.fresh, 'done', l.done, 'problem', l.problem, 'budget', l.budget)
    order by l.account_id), '[]') from backfill_lists l where l.mirror = b.mirror) as lists`;

const GET = `select ${COLUMNS} from backfills b where b.mirror = $1`;

const CLAIM = `
update backfills b set lease = $1, leased_until = now() + $2 * interval '1 millisecond'
where b.mirror = (
  select mirror from backfills where state in ('listing', 'bringing') and (leased_until is null or leased_until <= now())
  order by leased_until nulls first, mirror limit 1 for update skip locked)
returning ${COLUMNS}`;

/** Those who wear a decision stay: a person made it. */
const FORGET_TRAITS = `delete from traits where mirror = $1 and trait <> 'alone' and trait not like 'person:%'`;
const FORGET_SIGHTINGS = `
delete from sightings s where s.mirror = $1
  and not exists (select 1 from traits t where t.mirror = s.mirror and t.account_id = s.account_id and t.ticket_id = s.ticket_id)`;

const SAW = `
insert into sightings (mirror, account_id, ticket_id, created, state)
select $1, $2, ticket_id, created, 'listed' from unnest($3::text[], $4::bigint[]) as t (ticket_id, created)
on conflict (mirror, account_id, ticket_id) do nothing returning ticket_id`;

/** A ticket that is mirrored already has a link. */
const LINKED = `exists (select 1 from replicas r where r.account_id = s.account_id and r.ticket_id = s.ticket_id and r.link_id is not null)`;
const DUE = `(s.state = 'wanted' or (s.state = 'listed' and (s.created >= b.since or s.created = 0))) and s.account_id = any(b.sources)`;

const NEXT = `
with picked as (
  select s.account_id, s.ticket_id, ${LINKED} as linked from backfills b join sightings s on s.mirror = b.mirror
  where b.mirror = $1 and s.state in ('wanted', 'listed') and ${DUE} order by s.created limit $2
), met as (
  update sightings s set state = 'settled' from picked p
  where s.mirror = $1 and s.account_id = p.account_id and s.ticket_id = p.ticket_id and p.linked
)
select account_id, ticket_id, linked from picked`;

/** What was mirrored before anything was brought. */
const SKIP = `update sightings s set state = 'skipped' where s.mirror = $1 and s.state = 'listed' and ${LINKED}`;

/** At rest: looked at since it was last signalled, and no ticket of its link is due. What came to rest without a link is tried once more. */
const SETTLE = `
update sightings s set
  state = case when r.link_id is null and s.tries < 2 then 'wanted' else 'settled' end
from replicas r
where s.mirror = $1 and s.state = 'signalled' and r.account_id = s.account_id and r.ticket_id = s.ticket_id
  and r.due_at is null and r.signalled = r.read
  and not exists (select 1 from replicas o where o.link_id = r.link_id and o.due_at is not null)`;

const COUNTS = `
select s.account_id, count(*)::int as seen,
  count(*) filter (where s.state in ('wanted', 'listed') and ${DUE} and not s.linked)::int as waiting,
  count(*) filter (where s.state = 'signalled')::int as underway,
  count(*) filter (where s.linked and s.state not in ('skipped', 'signalled'))::int as brought,
  count(*) filter (where s.state = 'skipped')::int as linked,
  count(*) filter (where not s.linked and s.state = 'settled')::int as gone,
  count(*) filter (where not s.linked and s.state = 'doubtful')::int as doubtful
from backfills b join (select s.*, ${LINKED} as linked from sightings s where s.mirror = $1) s on s.mirror = b.mirror
group by s.account_id order by s.account_id`;

const PAIRS = `
select count(*)::int as count from (
  select r.link_id from sightings s join replicas r on r.account_id = s.account_id and r.ticket_id = s.ticket_id and r.link_id is not null
  where s.mirror = $1 and s.state <> 'skipped' group by r.link_id having count(*) > 1) p`;

const SEEK = `
with found as (
  select distinct t.account_id, t.ticket_id from unnest($2::text[], $3::bigint[], $4::bigint[]) as w (trait, low, high)
  join traits t on t.mirror = $1 and t.trait = w.trait and t.created between w.low and w.high
  limit $5
)
select s.account_id, s.ticket_id, s.created,
  (select coalesce(array_agg(t.trait), '{}') from traits t where t.mirror = $1 and t.account_id = s.account_id and t.ticket_id = s.ticket_id) as traits,
  l.id as link_id, l.accounts, (l.life ->> 'alive')::boolean as alive
from found f join sightings s on s.mirror = $1 and s.account_id = f.account_id and s.ticket_id = f.ticket_id
left join replicas r on r.account_id = f.account_id and r.ticket_id = f.ticket_id
left join links l on l.id = r.link_id`;

const DOUBT = `
insert into sightings (mirror, account_id, ticket_id, created, state, doubt)
select $1, s.account_id, s.ticket_id, 0, 'doubtful', s.doubt from unnest($2::int[], $3::text[], $4::jsonb[]) as s (account_id, ticket_id, doubt)
where not ${LINKED}
on conflict (mirror, account_id, ticket_id) do update set state = 'doubtful', doubt = excluded.doubt`;

const KNOWN = `
select s.account_id, s.ticket_id, s.created from unnest($2::int[], $3::text[]) as t (account_id, ticket_id)
join sightings s on s.mirror = $1 and s.account_id = t.account_id and s.ticket_id = t.ticket_id`;

const UNDECIDE = `
delete from traits t using unnest($2::int[], $3::text[]) as p (account_id, ticket_id)
where t.mirror = $1 and t.account_id = p.account_id and t.ticket_id = p.ticket_id`;

const DECIDED = `
update sightings s set state = 'wanted', tries = 0, doubt = null
from unnest($2::int[], $3::text[]) as t (account_id, ticket_id)
where s.mirror = $1 and s.account_id = t.account_id and s.ticket_id = t.ticket_id`;

const placesOf = (places: readonly TicketPlace[]): [number[], string[]] => [places.map(({ account_id: id }) => id), places.map(({ ticket_id: id }) => id)];

export function createBackfills({ database, world }: { readonly database: Database; readonly world: World }): BackfillStore {
  async function getIn(sql: Sql, mirror: string): Promise<Backfill | null> {
    const [row] = await sql.run<BackfillRow>('backfill', GET, [mirror]);
    return row === undefined ? null : backfillOf(row);
  }

  async function putTraits(sql: Sql, mirror: string, traits: readonly (TicketPlace & { readonly trait: string; readonly created: number })[]): Promise<void> {
    if (traits.length === 0) return;
    await sql.run(
      'traits_put',
      `insert into traits (mirror, trait, account_id, ticket_id, created)
       select $1, * from unnest($2::text[], $3::int[], $4::text[], $5::bigint[]) on conflict do nothing`,
      [mirror, traits.map(({ trait }) => trait), ...placesOf(traits), traits.map(({ created }) => created)],
    );
  }

  return {
    begin: (draft, now) =>
      database.transaction(async (sql) => {
        const { mirror, since, accounts, sources, pairs, per_minute: pace, estimate } = draft;
        await sql.run('backfills_lock', `select 1 from configuration for update`, []);
        const known = await getIn(sql, mirror);
        if (known !== null && known.state !== 'done' && known.since === since) {
          const state = known.state === 'listed' && !estimate ? 'bringing' : known.state;
          await sql.run('backfill_go_on', `update backfills set state = $2, per_minute = $3, estimate = $4 where mirror = $1`, [mirror, state, pace, estimate]);
          return { ...known, state, per_minute: pace, estimate };
        }
        await sql.run('backfill_forget', `delete from backfills where mirror = $1`, [mirror]);
        await sql.run('backfill_forget_lists', `delete from backfill_lists where mirror = $1`, [mirror]);
        await sql.run('backfill_forget_traits', FORGET_TRAITS, [mirror]);
        await sql.run('backfill_forget_sightings', FORGET_SIGHTINGS, [mirror]);
        await sql.run('backfill_keep_decided', `update sightings set state = 'listed', tries = 0, doubt = null where mirror = $1`, [mirror]);
        await sql.run(
          'backfill_begin',
          `insert into backfills (mirror, state, since, began, accounts, sources, pairs, per_minute, estimate) values ($1, 'listing', $2, $3, $4, $5, $6, $7, $8)`,
          [mirror, since, now, accounts, sources, pairs, pace, estimate],
        );
        await sql.run('backfill_begin_lists', `insert into backfill_lists (mirror, account_id) select $1, unnest($2::int[])`, [mirror, accounts]);
        const begun = await getIn(sql, mirror);
        if (begun === null) throw new Error('a backfill that was begun is not there');
        return begun;
      }),
    get: (mirror) => getIn(database, mirror),
    counts: (mirror) => database.run<BackfillCount>('backfill_counts', COUNTS, [mirror]),
    async pairs(mirror) {
      const [row] = await database.run<{ count: number }>('backfill_pairs', PAIRS, [mirror]);
      return row?.count ?? 0;
    },
    async claim(leaseMs) {
      const lease = world.id();
      const [row] = await database.run<BackfillRow>('backfill_claim', CLAIM, [lease, leaseMs]);
      return row === undefined ? null : { backfill: backfillOf(row), lease };
    },
    async renew(mirror, lease, leaseMs) {
      const rows = await database.run(
        'backfill_renew',
        `update backfills set leased_until = now() + $3 * interval '1 millisecond' where mirror = $1 and lease = $2 returning 1`,
        [mirror, lease, leaseMs],
      );
      return rows.length > 0;
    },
    async giveBack(mirror, lease) {
      await database.run('backfill_give_back', `update backfills set lease = null, leased_until = null where mirror = $1 and lease = $2`, [mirror, lease]);
    },
    saw: (mirror, lease, sightings, list) =>
      database.transaction(async (sql) => {
        const held = await sql.run('backfill_held', `select 1 from backfills where mirror = $1 and lease = $2 for update`, [mirror, lease]);
        if (held.length === 0) return null;
        const ids = sightings.map(({ ticket_id: id }) => id);
        const fresh = await sql.run('sightings_put', SAW, [mirror, list.account_id, ids, sightings.map(({ created }) => created)]);
        await sql.run(
          'traits_replace',
          `delete from traits where mirror = $1 and account_id = $2 and ticket_id = any($3::text[]) and trait <> 'alone' and trait not like 'person:%'`,
          [mirror, list.account_id, ids],
        );
        await putTraits(sql, mirror, sightings.flatMap(({ traits, ...of }) => traits.filter((trait) => !isDecision(trait)).map((trait) => ({ ...of, trait }))));
        await sql.run(
          'backfill_list',
          `update backfill_lists set page = $3, turn = $4, fresh = $5, done = $6, problem = $7, budget = coalesce($8, budget) where mirror = $1 and account_id = $2`,
          [mirror, list.account_id, list.page, list.turn, list.fresh + fresh.length, list.done, list.problem, list.budget],
        );
        return fresh.length;
      }),
    async advance(mirror, lease, state, now) {
      if (state !== 'done') await database.run('backfill_skip', SKIP, [mirror]);
      await database.run('backfill_advance', `update backfills set state = $3, ended = case when $3 = 'done' then $4::bigint end where mirror = $1 and lease = $2`, [mirror, lease, state, now]);
    },
    async next(mirror, most) {
      const rows = await database.run<TicketPlace & { readonly linked: boolean }>('backfill_next', NEXT, [mirror, most]);
      const places = rows.filter(({ linked }) => !linked).map(({ account_id, ticket_id }) => ({ account_id, ticket_id }));
      return { places, left: rows.length > 0 };
    },
    async signalled(mirror, places) {
      await database.run(
        'backfill_signalled',
        `update sightings s set state = 'signalled', tries = s.tries + 1 from unnest($2::int[], $3::text[]) as t (account_id, ticket_id)
         where s.mirror = $1 and s.account_id = t.account_id and s.ticket_id = t.ticket_id and s.state in ('wanted', 'listed')`,
        [mirror, ...placesOf(places)],
      );
    },
    async settle(mirror) {
      await database.run('backfill_settle', SETTLE, [mirror]);
      const [row] = await database.run<{ count: number }>('backfill_underway', `select count(*)::int as count from sightings where mirror = $1 and state = 'signalled'`, [mirror]);
      return row?.count ?? 0;
    },
    async sighting(mirror, place) {
      const [row] = await database.run<{ created: string; traits: string[] }>(
        'sighting',
        `select s.created, (select coalesce(array_agg(t.trait), '{}') from traits t where t.mirror = $1 and t.account_id = $2 and t.ticket_id = $3) as traits
         from sightings s where s.mirror = $1 and s.account_id = $2 and s.ticket_id = $3`,
        [mirror, place.account_id, place.ticket_id],
      );
      return row === undefined ? null : { ...place, created: Number(row.created), traits: row.traits };
    },
    async seek(mirror, sought, limit) {
      if (sought.length === 0) return [];
      const rows = await database.run<TicketPlace & { created: string; traits: string[]; link_id: string | null; accounts: number[] | null; alive: boolean | null }>(
        'sightings_seek',
        SEEK,
        [mirror, sought.map(({ trait }) => trait), sought.map(({ from }) => from), sought.map(({ to }) => to), limit],
      );
      return rows.map(({ account_id, ticket_id, created, traits, link_id: id, accounts, alive }): Candidate => ({
        account_id, ticket_id, created: Number(created), traits, link: id === null ? null : { id, accounts: accounts ?? [], alive: alive === true },
      }));
    },
    async doubt(mirror, doubts) {
      if (doubts.length === 0) return;
      await database.run('sightings_doubt', DOUBT, [mirror, ...placesOf(doubts), doubts.map(({ because, candidates }) => toJson({ because, candidates }))]);
    },
    async doubtful(mirror) {
      const rows = await database.run<TicketPlace & { doubt: Pick<Doubt, 'because' | 'candidates'> }>(
        'sightings_doubtful',
        `select s.account_id, s.ticket_id, s.doubt from sightings s where s.mirror = $1 and s.state = 'doubtful' and not ${LINKED} order by s.account_id, s.created, s.ticket_id`,
        [mirror],
      );
      return rows.map(({ account_id, ticket_id, doubt }) => ({ account_id, ticket_id, ...doubt }));
    },
    decide: (mirror, decisions) =>
      database.transaction(async (sql) => {
        const places = decisions.map(({ place }) => place);
        const known = await sql.run<TicketPlace & { created: string }>('sightings_known', KNOWN, [mirror, ...placesOf(places)]);
        const created = new Map(known.map((row) => [`${row.account_id} ${row.ticket_id}`, Number(row.created)]));
        const at = ({ account_id: account, ticket_id: ticket }: TicketPlace): number | undefined => created.get(`${account} ${ticket}`);
        const unknown = places.filter((place) => at(place) === undefined);
        if (unknown.length > 0) return unknown;
        // Whoever is joined is not alone any more, and the other way round.
        const joined = decisions.filter(({ trait }) => trait !== ALONE).map(({ place }) => place);
        const alone = decisions.filter(({ trait }) => trait === ALONE).map(({ place }) => place);
        await sql.run('traits_not_alone', `${UNDECIDE} and t.trait = 'alone'`, [mirror, ...placesOf(joined)]);
        await sql.run('traits_not_joined', `${UNDECIDE} and t.trait like 'person:%'`, [mirror, ...placesOf(alone)]);
        await putTraits(sql, mirror, decisions.map(({ place, trait }) => ({ ...place, trait, created: at(place) ?? 0 })));
        await sql.run('sightings_decided', DECIDED, [mirror, ...placesOf(places)]);
        await sql.run('backfill_again', `update backfills set state = 'bringing', ended = null where mirror = $1 and state = 'done'`, [mirror]);
        return [];
      }),
  };
}

function backfillOf({ since, began, ended, ...row }: BackfillRow): Backfill {
  return { ...row, since: Number(since), began: Number(began), ended: ended === null ? null : Number(ended) };
}
