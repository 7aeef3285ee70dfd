/** Accounts, mirrors and automations. Credentials, hook tokens and inbound secrets are sealed; they are open in memory only. */
import type { Automation } from '../core/automation.ts';
import { USUAL_LIMITS, type Limits } from '../core/guards.ts';
import { lensesTogether, NO_LENS_TERMS, type LensTerms } from '../core/lens.ts';
import type { MirrorEdge, Terms } from '../core/rules.ts';
import type { MeshRehearsal } from '../ports/repair.ts';
import type { AccountDraft, AccountStore, LoadedMesh, Mirror } from '../ports/store.ts';
import { readAutomations, writeAutomations } from './automation-rows.ts';
import { contextOf, createAccountRows } from './account-rows.ts';
import { createHeldDeletions, holdTouched } from './held-deletions.ts';
import { termsIn } from './terms.ts';
import type { Database, Sql } from './database.ts';
import { tellOfAccount } from './outbox.ts';
import { toJson } from './rows.ts';
import type { SecretBox } from './secret-box.ts';

interface MirrorRow {
  readonly edges: StoredEdge[];
  readonly lenses: Readonly<Record<string, LensTerms>>;
  readonly name: string;
}

interface StoredEdge {
  readonly from: number;
  readonly to: number;
  readonly terms: Terms;
}

const MIRRORS = `select name, edges, lenses from mirrors order by name`;

function edgesOf(mirrors: readonly Pick<MirrorRow, 'name' | 'edges'>[]): MirrorEdge[] {
  return mirrors.flatMap(({ name, edges }) => edges.map((edge) => ({ mirror: name, ...edge })));
}

function lensesOf(mirrors: readonly MirrorRow[]): ReadonlyMap<number, LensTerms> {
  const all = new Map<number, LensTerms>();
  for (const { lenses } of mirrors) {
    for (const [account, terms] of Object.entries(lenses)) all.set(Number(account), lensesTogether(all.get(Number(account)) ?? NO_LENS_TERMS, terms));
  }
  return all;
}

export function createAccounts(database: Database, box: SecretBox): AccountStore & MeshRehearsal {
  const { open, all, insert, change } = createAccountRows(box);

  const bump = (sql: Sql): Promise<unknown> => sql.run('configuration_bump', `update configuration set version = version + 1`, []);

  async function loadIn(sql: Sql): Promise<LoadedMesh> {
    // The version first: what is committed meanwhile is then read again, instead of never.
    const [configuration] = await sql.run<{ version: string }>('configuration', `select version from configuration`, []);
    const accounts = await all(sql);
    const mirrors = await sql.run<MirrorRow>('mirrors', MIRRORS, []);
    const automations = await readAutomations(sql);
    return { accounts: accounts.map(open), edges: edgesOf(mirrors), lenses: lensesOf(mirrors), automations, version: Number(configuration?.version ?? 0) };
  }

  async function applyIn(sql: Sql, drafts: readonly AccountDraft[], mirrors: readonly Mirror[], limits: Limits, automations: readonly Automation[]): Promise<void> {
    await sql.run('configuration_lock', `select version from configuration for update`, []);
    const known = new Map((await all(sql)).map((row) => [row.name, row]));
    for (const draft of drafts) {
      const row = known.get(draft.name);
      await (row === undefined ? insert(sql, draft) : change(sql, row, draft));
    }
    const ids = new Map((await all(sql)).map((row) => [row.name, row.id]));
    const idOf = (name: string): number => {
      const id = ids.get(name);
      if (id === undefined) throw new Error(`mirror names an account that does not exist: ${name}`);
      return id;
    };
    const stored = mirrors.map(({ name, edges, lenses }) => ({
      name,
      lenses: Object.fromEntries(Object.entries(lenses).map(([account, terms]) => [idOf(account), terms])),
      edges: edges.map(({ from, to, terms }) => ({ from: idOf(from), to: idOf(to), terms: termsIn(terms, idOf) })),
    }));
    await holdTouched(sql, edgesOf(await sql.run<MirrorRow>('mirrors', MIRRORS, [])), edgesOf(stored), limits);
    await sql.run('mirrors_clear', `delete from mirrors`, []);
    if (stored.length > 0) {
      await sql.run('mirrors_insert', `insert into mirrors (name, edges, lenses) select * from unnest($1::text[], $2::jsonb[], $3::jsonb[])`, [
        stored.map(({ name }) => name),
        stored.map(({ edges }) => toJson(edges)),
        stored.map(({ lenses }) => toJson(lenses)),
      ]);
    }
    await writeAutomations(sql, automations);
    await bump(sql);
  }

  return {
    load: () => database.transaction(loadIn),
    async version() {
      const [row] = await database.run<{ version: string }>('configuration', `select version from configuration`, []);
      return Number(row?.version ?? 0);
    },
    apply: (drafts, mirrors, limits = USUAL_LIMITS, automations = []) => database.transaction((sql) => applyIn(sql, drafts, mirrors, limits, automations)),
    async rehearse(drafts, mirrors, limits = USUAL_LIMITS, automations = []) {
      let seen: { before: LoadedMesh; after: LoadedMesh } | null = null;
      // With a code of its own, so that nobody takes it for a database that is away.
      const undone = Object.assign(new Error('only rehearsed'), { code: 'rehearsed' });
      await database
        .transaction(async (sql) => {
          const before = await loadIn(sql);
          await applyIn(sql, drafts, mirrors, limits, automations);
          seen = { before, after: await loadIn(sql) };
          throw undone;
        })
        .catch((error: unknown) => {
          if (error !== undone) throw error;
        });
      if (seen === null) throw new Error('a rehearsal that was not undone');
      return seen;
    },
    async setSecrets(accountId, secrets) {
      await database.transaction(async (sql) => {
        const [row] = await sql.run<{ name: string }>('account_name', `select name from accounts where id = $1 for update`, [accountId]);
        if (row === undefined) return;
        const sealed = box.seal(toJson(secrets), contextOf(row.name, 'inbound_secrets'));
        await sql.run('account_secrets', `update accounts set inbound_secrets = $2 where id = $1`, [accountId, sealed]);
        await bump(sql);
      });
    },
    async stop(accountId, because) {
      await database.transaction(async (sql) => {
        const stopped = await sql.run('account_stop', `update accounts set state = 'stopped', stopped_because = $2 where id = $1 and state <> 'stopped' returning id`, [accountId, because]);
        if (stopped.length > 0) await tellOfAccount(sql, accountId, 'account.stopped', because);
        else await sql.run('account_stop_because', `update accounts set stopped_because = $2 where id = $1`, [accountId, because]);
        await bump(sql);
      });
    },
    async resume(accountId) {
      await database.transaction(async (sql) => {
        const resumed = await sql.run('account_resume', `update accounts set state = 'running', stopped_because = null where id = $1 and state <> 'running' returning id`, [accountId]);
        if (resumed.length > 0) await tellOfAccount(sql, accountId, 'account.resumed', 'its credentials work');
        await bump(sql);
      });
    },
    async pause(accountId, until) {
      await database.transaction(async (sql) => {
        await sql.run('account_pause', `update accounts set paused_until = greatest(paused_until, to_timestamp($2::float8 / 1000)) where id = $1`, [accountId, until]);
        await bump(sql);
      });
    },
    ...createHeldDeletions(database, bump),
    async sweep(accountId) {
      const [row] = await database.run<{ sweep_cursor: string | null; since: string }>(
        'account_sweep',
        `select sweep_cursor, (extract(epoch from connected_at) * 1000)::bigint as since from accounts where id = $1`,
        [accountId],
      );
      return { cursor: row?.sweep_cursor ?? null, since: Number(row?.since ?? 0) };
    },
    async swept(accountId, cursor) {
      await database.run('account_swept', `update accounts set sweep_cursor = $2 where id = $1`, [accountId, cursor]);
    },
  };
}
