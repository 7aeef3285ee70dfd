/** Accounts and mirrors. Credentials, hook tokens and inbound secrets are sealed; they are open in memory only. */
import { randomBytes } from 'node:crypto';
import type { MirrorEdge, Terms } from '../core/rules.ts';
import type { Account } from '../ports/connector.ts';
import type { AccountDraft, AccountStore, Mirror } from '../ports/store.ts';
import type { Database, Sql } from './database.ts';
import { toJson } from './rows.ts';
import type { SecretBox } from './secret-box.ts';

interface AccountRow {
  readonly id: number;
  readonly name: string;
  readonly service: string;
  readonly url: string;
  readonly credentials: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly hook_token: string;
  readonly inbound_secrets: string;
  readonly state: 'running' | 'stopped';
  readonly stopped_because: string | null;
}

interface StoredEdge {
  readonly from: number;
  readonly to: number;
  readonly terms: Terms;
}

/** Bytes of a hook URL's token. */
const TOKEN_BYTES = 24;

export function createAccounts(database: Database, box: SecretBox): AccountStore {
  const contextOf = (name: string, what: string): string => `account:${name}:${what}`;

  const open = (row: AccountRow): Account => ({
    id: row.id,
    name: row.name,
    service: row.service,
    url: row.url,
    credentials: JSON.parse(box.open(row.credentials, contextOf(row.name, 'credentials'))) as Record<string, string>,
    settings: row.settings,
    hook_token: box.open(row.hook_token, contextOf(row.name, 'hook_token')),
    inbound_secrets: JSON.parse(box.open(row.inbound_secrets, contextOf(row.name, 'inbound_secrets'))) as string[],
    state: row.state,
    stopped_because: row.stopped_because,
  });

  const rows = (sql: Sql): Promise<AccountRow[]> =>
    sql.run<AccountRow>(
      'accounts',
      `select id, name, service, url, credentials, settings, hook_token, inbound_secrets, state, stopped_because from accounts order by id`,
      [],
    );

  const bump = (sql: Sql): Promise<unknown> => sql.run('configuration_bump', `update configuration set version = version + 1`, []);

  async function applyAccount(sql: Sql, known: AccountRow | undefined, draft: AccountDraft): Promise<void> {
    const credentials = toJson(draft.credentials);
    if (known === undefined) {
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      await sql.run(
        'account_insert',
        `insert into accounts (name, service, url, credentials, settings, hook_token, inbound_secrets) values ($1, $2, $3, $4, $5, $6, $7)`,
        [
          draft.name,
          draft.service,
          draft.url,
          box.seal(credentials, contextOf(draft.name, 'credentials')),
          toJson(draft.settings),
          box.seal(token, contextOf(draft.name, 'hook_token')),
          box.seal('[]', contextOf(draft.name, 'inbound_secrets')),
        ],
      );
      return;
    }
    const before = open(known);
    const same = before.service === draft.service && before.url === draft.url && toJson(before.settings) === toJson(draft.settings);
    if (same && toJson(before.credentials) === credentials) return;
    // New credentials deserve a new try: a stopped account runs again until its desk says otherwise.
    await sql.run(
      'account_update',
      `update accounts set service = $2, url = $3, credentials = $4, settings = $5, state = 'running', stopped_because = null where id = $1`,
      [known.id, draft.service, draft.url, box.seal(credentials, contextOf(draft.name, 'credentials')), toJson(draft.settings)],
    );
  }

  return {
    async load() {
      return database.transaction(async (sql) => {
        const accounts = await rows(sql);
        const mirrors = await sql.run<{ name: string; edges: StoredEdge[] }>('mirrors', `select name, edges from mirrors order by name`, []);
        const [configuration] = await sql.run<{ version: string }>('configuration', `select version from configuration`, []);
        const edges: MirrorEdge[] = mirrors.flatMap(({ name, edges: stored }) => stored.map((edge) => ({ mirror: name, ...edge })));
        return { accounts: accounts.map(open), edges, version: Number(configuration?.version ?? 0) };
      });
    },
    async version() {
      const [row] = await database.run<{ version: string }>('configuration', `select version from configuration`, []);
      return Number(row?.version ?? 0);
    },
    async apply(drafts: readonly AccountDraft[], mirrors: readonly Mirror[]) {
      await database.transaction(async (sql) => {
        await sql.run('configuration_lock', `select version from configuration for update`, []);
        const known = new Map((await rows(sql)).map((row) => [row.name, row]));
        for (const draft of drafts) await applyAccount(sql, known.get(draft.name), draft);
        const ids = new Map((await rows(sql)).map((row) => [row.name, row.id]));
        const idOf = (name: string): number => {
          const id = ids.get(name);
          if (id === undefined) throw new Error(`mirror names an account that does not exist: ${name}`);
          return id;
        };
        const stored = mirrors.map(({ name, edges }) => ({
          name,
          edges: edges.map((edge) => ({ from: idOf(edge.from), to: idOf(edge.to), terms: edge.terms })),
        }));
        await sql.run('mirrors_clear', `delete from mirrors`, []);
        if (stored.length > 0) {
          await sql.run('mirrors_insert', `insert into mirrors (name, edges) select * from unnest($1::text[], $2::jsonb[])`, [
            stored.map(({ name }) => name),
            stored.map(({ edges }) => toJson(edges)),
          ]);
        }
        await bump(sql);
      });
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
        await sql.run('account_stop', `update accounts set state = 'stopped', stopped_because = $2 where id = $1`, [accountId, because]);
        await bump(sql);
      });
    },
    async resume(accountId) {
      await database.transaction(async (sql) => {
        await sql.run('account_resume', `update accounts set state = 'running', stopped_because = null where id = $1`, [accountId]);
        await bump(sql);
      });
    },
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
