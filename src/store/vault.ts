/** Credentials that desks renew: one renewal at a time over all processes, stored before anybody uses it. */
import { DeskFailure, type Vault } from '../ports/connector.ts';
import type { Database } from './database.ts';
import { toJson } from './rows.ts';
import type { SecretBox } from './secret-box.ts';

type Credentials = Readonly<Record<string, string>>;

/** What the desk answers is its own failure, not the database's: it leaves the transaction as a value. */
type Renewal = { readonly credentials: Credentials } | { readonly failure: unknown };

export function createVault(database: Database, box: SecretBox): Vault {
  return {
    async renewed(accountId, stale, renew) {
      const renewal = await database.transaction<Renewal>(async (sql) => {
        const [row] = await sql.run<{ name: string; credentials: string }>(
          'account_credentials',
          `select name, credentials from accounts where id = $1 for update`,
          [accountId],
        );
        if (row === undefined) return { failure: new DeskFailure('unavailable', 'the account is no more') };
        const context = `account:${row.name}:credentials`;
        const current = JSON.parse(box.open(row.credentials, context)) as Credentials;
        if (!equal(current, stale)) return { credentials: current };
        try {
          const credentials = await renew(current);
          await sql.run('account_renewed', `update accounts set credentials = $2 where id = $1`, [accountId, box.seal(toJson(credentials), context)]);
          await sql.run('configuration_bump', `update configuration set version = version + 1`, []);
          return { credentials };
        } catch (error) {
          if (error instanceof DeskFailure) return { failure: error };
          throw error;
        }
      });
      if ('failure' in renewal) throw renewal.failure;
      return renewal.credentials;
    },
  };
}

function equal(a: Credentials, b: Credentials): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
