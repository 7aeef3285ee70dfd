/** Keys to the API, by their hashes. */
import type { Token, TokenDraft, TokenStore } from '../ports/api.ts';
import type { Database, Sql } from './database.ts';

interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly hint: string;
  readonly account_id: number | null;
  readonly read_only: boolean;
  readonly requests_per_minute: number | null;
  readonly created_at: Date;
  readonly used_at: Date | null;
}

const COLUMNS = 'id, name, hint, account_id, read_only, requests_per_minute, created_at, used_at';

const PUT = `
insert into tokens (id, name, hash, hint, account_id, read_only, requests_per_minute) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (id) do update set hash = excluded.hash, hint = excluded.hint
returning ${COLUMNS}`;

/** A use is told to the minute: one write for each token and minute at most. */
const USED = `
update tokens t set used_at = now() from unnest($1::uuid[]) as u (id)
where t.id = u.id and (t.used_at is null or t.used_at < now() - interval '1 minute')`;

export function createTokens(database: Database): TokenStore {
  const put = async (sql: Sql, draft: TokenDraft): Promise<Token> => {
    const { id, name, hash, hint, account_id: account, read_only: readOnly, requests_per_minute: most } = draft;
    const [row] = await sql.run<TokenRow>('token_put', PUT, [id, name, hash, hint, account, readOnly, most]);
    if (row === undefined) throw new Error('a token that was put is not there');
    return tokenOf(row);
  };
  const one = async (name: string, where: string, value: string): Promise<Token | null> => {
    const [row] = await database.run<TokenRow>(name, `select ${COLUMNS} from tokens where ${where} = $1`, [value]);
    return row === undefined ? null : tokenOf(row);
  };

  return {
    byHash: (hash) => one('token_by_hash', 'hash', hash),
    byId: (id) => one('token_by_id', 'id', id),
    async list(before, limit) {
      const rows = await database.run<TokenRow>(
        'tokens_list',
        `select ${COLUMNS} from tokens where id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') order by id desc limit $2`,
        [before, limit],
      );
      return rows.map(tokenOf);
    },
    put: (draft) => put(database, draft),
    async putFirst(draft) {
      return database.transaction(async (sql) => {
        await sql.run('configuration_lock', `select version from configuration for update`, []);
        const held = await sql.run('token_any', `select 1 from tokens where account_id is null and not read_only limit 1`, []);
        return held.length > 0 ? null : put(sql, draft);
      });
    },
    async remove(id) {
      return (await database.run('token_remove', `delete from tokens where id = $1 returning id`, [id])).length > 0;
    },
    async used(ids) {
      if (ids.length > 0) await database.run('tokens_used', USED, [ids]);
    },
  };
}

function tokenOf({ created_at: created, used_at: used, ...row }: TokenRow): Token {
  return { ...row, created: created.getTime(), used: used?.getTime() ?? null };
}
