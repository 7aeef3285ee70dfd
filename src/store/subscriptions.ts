/** Subscriptions: made by the API or by mesh.yaml. Their secrets are sealed; they are open in memory only. */
import type { MadeSubscription, NameTaken, OpenSubscription, SigningSecret, Subscription, SubscriptionDraft, SubscriptionStore } from '../ports/subscriptions.ts';
import type { World } from '../ports/world.ts';
import type { Database, Sql } from './database.ts';
import type { SecretBox } from './secret-box.ts';
import { toJson } from './rows.ts';
import { createSubscriptionRows, newSecret, SUBSCRIPTION_COLUMNS, TERM_COLUMNS, termValues, type SubscriptionRow } from './subscription-rows.ts';

const INSERT = `
insert into subscriptions (id, origin, secrets, token, disabled_by, disabled_at, ${TERM_COLUMNS})
values ($1, $2, $3, $4, case when $18 then null else 'person' end, case when $18 then null else now() end, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
on conflict (id) do update set secrets = excluded.secrets, token = excluded.token
returning ${SUBSCRIPTION_COLUMNS}`;

const UPDATE = `
update subscriptions set (${TERM_COLUMNS}) = ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16), token = $2, modified_at = now(),
  disabled_by = case when $16 then null else coalesce(disabled_by, 'person') end,
  disabled_because = case when $16 then null else disabled_because end,
  disabled_at = case when $16 then null else coalesce(disabled_at, now()) end,
  failing_since = case when $16 and not enabled then null else failing_since end,
  paused_until = case when $16 and not enabled then null else paused_until end
where id = $1 returning ${SUBSCRIPTION_COLUMNS}`;

const LIST = `
select ${SUBSCRIPTION_COLUMNS} from subscriptions
where id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') and ($3::text is null or format = $3) order by id desc limit $2`;

/** What an endpoint did not get while it failed, which is tried anew from its beginning. */
const REVIVE = `
update deliveries set state = 'waiting', tries = 0, due_at = null, settled_at = null
where subscription_id = $1 and state = 'dead' and settled_at >= to_timestamp($2::float8 / 1000)
  and exists (select 1 from outbox o where o.id = event_id)`;

/** All that waits is due now, but what an earlier event of its ticket goes before. */
const HASTEN = `
with open as (
  select id from deliveries where subscription_id = $1 and state = 'waiting' and lease is null for update skip locked
)
update deliveries d set due_at = case when d.lane is null or not exists (
  select 1 from deliveries e where e.subscription_id = d.subscription_id and e.lane = d.lane and e.state = 'waiting' and (e.seq < d.seq or e.lease is not null)) then now() end
from open where d.id = open.id`;

/** Older secrets that still sign besides the new one. */
const MOST_OLD_SECRETS = 1;

/** While mesh.yaml is given another secret, both sign for so long. */
const FILE_OVERLAP_MS = 24 * 60 * 60_000;

export function createSubscriptions(ports: { readonly database: Database; readonly box: SecretBox; readonly world: Pick<World, 'id' | 'now'> }): SubscriptionStore {
  const { database, world } = ports;
  const rows = createSubscriptionRows(ports.box);
  const shown = (row: SubscriptionRow): Subscription => rows.shown(row, world.now());

  /** One at a time over all processes, and whoever makes deliveries hears of it. */
  const changing = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    database.transaction(async (sql) => {
      await sql.run('dispatch_bump', `update dispatch set version = version + 1`, []);
      return work(sql);
    });

  const rowOf = async (sql: Sql, id: string): Promise<SubscriptionRow | null> =>
    (await sql.run<SubscriptionRow>('subscription', `select ${SUBSCRIPTION_COLUMNS} from subscriptions where id = $1`, [id]))[0] ?? null;

  async function takenBy(sql: Sql, name: string | null, id: string): Promise<NameTaken | null> {
    if (name === null) return null;
    const [other] = await sql.run<{ id: string }>('subscription_named', `select id from subscriptions where name = $1 and id <> $2`, [name, id]);
    return other === undefined ? null : { taken: other.id };
  }

  async function insert(sql: Sql, id: string, origin: Subscription['origin'], draft: SubscriptionDraft): Promise<MadeSubscription> {
    const made = draft.secret === null ? newSecret() : null;
    const secrets = rows.sealSecrets(id, [{ secret: draft.secret ?? made ?? '', until: null }]);
    const [row] = await sql.run<SubscriptionRow>('subscription_insert', INSERT, [id, origin, secrets, rows.sealToken(id, draft.token), ...termValues(draft)]);
    if (row === undefined) throw new Error('a subscription that was put is not there');
    return { subscription: shown(row), secret: made };
  }

  async function update(sql: Sql, known: SubscriptionRow, next: Omit<SubscriptionDraft, 'secret'>): Promise<SubscriptionRow> {
    const [row] = await sql.run<SubscriptionRow>('subscription_update', UPDATE, [known.id, rows.sealToken(known.id, next.token), ...termValues(next)]);
    if (row === undefined) throw new Error('a subscription that was changed is not there');
    if (!known.enabled && row.enabled) await awake(sql, known);
    return row;
  }

  async function awake(sql: Sql, { id, disabled_by: by, failing_since: since }: SubscriptionRow): Promise<void> {
    if (by === 'failures' && since !== null) await sql.run('deliveries_revive', REVIVE, [id, since.getTime()]);
    await sql.run('deliveries_hasten', HASTEN, [id]);
  }

  async function removeAll(sql: Sql, ids: readonly string[]): Promise<number> {
    await sql.run('attempts_of_subscriptions', `delete from attempts where delivery_id in (select id from deliveries where subscription_id = any($1::uuid[]))`, [ids]);
    await sql.run('deliveries_of_subscriptions', `delete from deliveries where subscription_id = any($1::uuid[])`, [ids]);
    await sql.run('threads_of_subscriptions', `delete from threads where subscription_id = any($1::uuid[])`, [ids]);
    return (await sql.run('subscriptions_remove', `delete from subscriptions where id = any($1::uuid[]) returning id`, [ids])).length;
  }

  function turned(known: readonly SigningSecret[], secret: string, overlapMs: number): readonly SigningSecret[] {
    const until = world.now() + overlapMs;
    return [{ secret, until: null }, ...(overlapMs > 0 ? known.slice(0, MOST_OLD_SECRETS).map((old) => ({ secret: old.secret, until })) : [])];
  }

  async function setSecrets(sql: Sql, id: string, secrets: readonly SigningSecret[]): Promise<void> {
    await sql.run('subscription_secrets', `update subscriptions set secrets = $2, modified_at = now() where id = $1`, [id, rows.sealSecrets(id, secrets)]);
  }

  /** Makes one of mesh.yaml as drafted; nothing is written where it is so already. */
  async function align(sql: Sql, known: SubscriptionRow, draft: SubscriptionDraft): Promise<void> {
    const same = toJson(termValues(termsIn(known))) === toJson(termValues({ ...draft, enabled: draft.enabled && known.enabled })) && rows.token(known) === draft.token;
    // Switched off by its failures, it is switched on again by a person and not by the next start.
    const enabled = draft.enabled && (known.enabled || known.disabled_by === 'person');
    if (!same || enabled !== known.enabled) await update(sql, known, { ...draft, enabled });
    if (known.origin === 'api') await sql.run('subscription_adopt', `update subscriptions set origin = 'file' where id = $1`, [known.id]);
    const secrets = rows.secrets(known);
    if (draft.secret !== null && secrets[0]?.secret !== draft.secret) await setSecrets(sql, known.id, turned(secrets, draft.secret, FILE_OVERLAP_MS));
  }

  return {
    async byId(id) {
      const row = await rowOf(database, id);
      return row === null ? null : shown(row);
    },
    async open(id) {
      const row = await rowOf(database, id);
      return row === null ? null : rows.open(row, world.now());
    },
    async list({ format = null as string | null }, { before, limit }) {
      return (await database.run<SubscriptionRow>('subscriptions_list', LIST, [before, limit, format])).map(shown);
    },
    async count() {
      const [row] = await database.run<{ count: number }>('subscriptions_count', `select count(*)::int as count from subscriptions`, []);
      return row?.count ?? 0;
    },
    make: (id, draft) => changing(async (sql) => (await takenBy(sql, draft.name, id)) ?? (await insert(sql, id, 'api', draft))),
    change: (id, part) =>
      changing(async (sql) => {
        const known = await rowOf(sql, id);
        if (known === null) return null;
        const taken = await takenBy(sql, part.name ?? null, id);
        return taken ?? shown(await update(sql, known, { ...termsIn(known), token: rows.token(known), ...part }));
      }),
    remove: (id) => changing(async (sql) => (await removeAll(sql, [id])) > 0),
    rotate: (id, secret, overlapMs) =>
      changing(async (sql) => {
        const known = await rowOf(sql, id);
        if (known === null) return null;
        const next = secret ?? newSecret();
        await setSecrets(sql, id, turned(rows.secrets(known), next, overlapMs));
        return next;
      }),
    enable: (id) =>
      changing(async (sql) => {
        const known = await rowOf(sql, id);
        if (known === null) return null;
        if (known.enabled) await awake(sql, known);
        return shown(await update(sql, known, { ...termsIn(known), token: rows.token(known), enabled: true }));
      }),
    apply: (drafts) =>
      changing(async (sql) => {
        const known = await sql.run<SubscriptionRow>('subscriptions_all', `select ${SUBSCRIPTION_COLUMNS} from subscriptions order by id`, []);
        const named = new Set(drafts.map(({ name }) => name));
        const gone = known.filter(({ origin, name }) => origin === 'file' && !named.has(name)).map(({ id }) => id);
        if (gone.length > 0) await removeAll(sql, gone);
        const made: MadeSubscription[] = [];
        for (const draft of drafts) {
          const row = known.find(({ name }) => name === draft.name);
          if (row === undefined) made.push(await insert(sql, world.id(), 'file', draft));
          else await align(sql, row, draft);
        }
        return made;
      }),
    async audience() {
      const [row] = await database.run<{ any: boolean; mirror: boolean }>(
        'audience',
        `select count(*) > 0 as any, count(*) filter (where cause <> 'person') > 0 as mirror from subscriptions where disabled_by is distinct from 'gone'`,
        [],
      );
      return row ?? { any: false, mirror: false };
    },
  };
}

/** The terms that a row holds. */
function termsIn(row: SubscriptionRow): Omit<SubscriptionDraft, 'secret' | 'token'> {
  const { name, url, events, accounts, filter: where, cause, private: shut, format, template, channel, rate_per_minute, ordering, description, enabled } = row;
  return { name, url, events, accounts, where, cause, private: shut, format, template, channel, rate_per_minute, ordering, description, enabled };
}

/** Everything about every subscription, its secrets too. */
export async function openAll(sql: Sql, box: SecretBox, now: number): Promise<readonly OpenSubscription[]> {
  const rows = createSubscriptionRows(box);
  return (await sql.run<SubscriptionRow>('subscriptions_all', `select ${SUBSCRIPTION_COLUMNS} from subscriptions order by id`, [])).map((row) => rows.open(row, now));
}
