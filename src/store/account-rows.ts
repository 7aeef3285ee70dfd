/** Accounts as rows: what of them is sealed, and how they are made and changed. */
import { randomBytes } from 'node:crypto';
import type { Account } from '../ports/connector.ts';
import type { AccountDraft } from '../ports/store.ts';
import type { Sql } from './database.ts';
import { tellOfAccount } from './outbox.ts';
import { toJson } from './rows.ts';
import type { SecretBox } from './secret-box.ts';

export interface AccountRow {
  readonly id: number;
  readonly name: string;
  readonly service: string;
  readonly url: string;
  readonly credentials: string;
  readonly configured: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly hook_token: string;
  readonly inbound_secrets: string;
  readonly state: 'running' | 'stopped';
  readonly stopped_because: string | null;
  readonly paused_until: Date | null;
  readonly deletions_held: string | null;
  readonly rules_held: string | null;
}

/** Bytes of a hook URL's token. */
const TOKEN_BYTES = 24;

/** Where a sealed text belongs. */
export function contextOf(name: string, what: string): string {
  return `account:${name}:${what}`;
}

export interface AccountRows {
  /** With its secrets open: for memory only. */
  open(row: AccountRow): Account;
  all(sql: Sql): Promise<AccountRow[]>;
  /** `madeBy` tells whose work it was, for whoever has to find out. Resolves with its id. */
  insert(sql: Sql, draft: AccountDraft, madeBy?: string | null): Promise<number>;
  /** Makes a known account as drafted. False if it is so already. */
  change(sql: Sql, known: AccountRow, draft: AccountDraft): Promise<boolean>;
}

export function createAccountRows(box: SecretBox): AccountRows {
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
    ...(row.paused_until !== null && { paused_until: row.paused_until.getTime() }),
    ...(row.deletions_held !== null && { deletions_held: row.deletions_held }),
    ...(row.rules_held !== null && { rules_held: row.rules_held }),
  });

  return {
    open,
    all: (sql) =>
      sql.run<AccountRow>(
        'accounts',
        `select id, name, service, url, credentials, configured, settings, hook_token, inbound_secrets, state, stopped_because, paused_until, deletions_held, rules_held from accounts order by id`,
        [],
      ),
    async insert(sql, draft, madeBy = null) {
      const credentials = toJson(draft.credentials);
      const [row] = await sql.run<{ id: number }>(
        'account_insert',
        `insert into accounts (name, service, url, credentials, configured, settings, hook_token, inbound_secrets, made_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id`,
        [
          draft.name,
          draft.service,
          draft.url,
          box.seal(credentials, contextOf(draft.name, 'credentials')),
          box.seal(credentials, contextOf(draft.name, 'configured')),
          toJson(draft.settings),
          box.seal(randomBytes(TOKEN_BYTES).toString('base64url'), contextOf(draft.name, 'hook_token')),
          box.seal('[]', contextOf(draft.name, 'inbound_secrets')),
          madeBy,
        ],
      );
      if (row === undefined) throw new Error('an account that was put is not there');
      return row.id;
    },
    async change(sql, known, draft) {
      const credentials = toJson(draft.credentials);
      const before = open(known);
      const same = before.service === draft.service && before.url === draft.url && toJson(before.settings) === toJson(draft.settings);
      const given = box.open(known.configured, contextOf(draft.name, 'configured'));
      if (same && given === credentials) return false;
      // What the desk renewed since stands for what was given: giving the same again must not bring back what is used up.
      const next = given === credentials ? toJson(before.credentials) : credentials;
      // New credentials deserve a new try: a stopped account runs again until its desk says otherwise.
      await sql.run(
        'account_update',
        `update accounts set service = $2, url = $3, credentials = $4, configured = $6, settings = $5, state = 'running', stopped_because = null,
           modified_at = now() where id = $1`,
        [
          known.id,
          draft.service,
          draft.url,
          box.seal(next, contextOf(draft.name, 'credentials')),
          toJson(draft.settings),
          box.seal(credentials, contextOf(draft.name, 'configured')),
        ],
      );
      if (known.state === 'stopped') await tellOfAccount(sql, known.id, 'account.resumed', 'it was configured anew');
      return true;
    },
  };
}
