/** Accounts one at a time: connected, changed and removed, with what depends on them. */
import type { AccountBooks, Dependents } from '../ports/api.ts';
import { createAccountRows } from './account-rows.ts';
import type { Database, Sql } from './database.ts';
import { toJson } from './rows.ts';
import type { SecretBox } from './secret-box.ts';

interface StoredMirror {
  readonly name: string;
  readonly edges: readonly { readonly from: number; readonly to: number; readonly terms: { readonly owner: Readonly<Record<string, number>> } }[];
  readonly lenses: Readonly<Record<string, unknown>>;
}

const DEPENDENTS = `
select count(*)::int as links from replicas where account_id = $1 and link_id is not null`;

/** In the order in which turns lock: replicas, then what hangs on them. */
const REMOVALS: readonly (readonly [name: string, text: string])[] = [
  ['account_links', `update links l set accounts = array_remove(l.accounts, $1) from replicas r where r.account_id = $1 and r.link_id = l.id`],
  ['account_copies', `delete from copies c using replicas r where r.account_id = $1 and c.replica_id = r.id`],
  ['account_replicas', `delete from replicas where account_id = $1`],
  ['account_tokens', `delete from tokens where account_id = $1`],
  ['account_feed', `delete from feeds where account_id = $1`],
  ['account_events', `delete from events where account_id = $1`],
  ['account_delete', `delete from accounts where id = $1`],
];

export function createAccountBooks(database: Database, box: SecretBox): AccountBooks {
  const { open, all, insert, change } = createAccountRows(box);

  /** One at a time over all processes, and every process hears of it. */
  const changing = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    database.transaction(async (sql) => {
      await sql.run('configuration_lock', `select version from configuration for update`, []);
      const result = await work(sql);
      await sql.run('configuration_bump', `update configuration set version = version + 1`, []);
      return result;
    });

  return {
    async times() {
      const rows = await database.run<{ id: number; connected_at: Date; modified_at: Date | null }>(
        'account_times',
        `select id, connected_at, modified_at from accounts`,
        [],
      );
      return new Map(rows.map(({ id, connected_at: made, modified_at: changed }) => [id, { created: made.getTime(), modified: (changed ?? made).getTime() }]));
    },
    connect: (draft, madeBy) =>
      changing(async (sql) => {
        const known = (await all(sql)).map((row) => ({ row, account: open(row) }));
        const named = known.find(({ account }) => account.name === draft.name);
        if (named !== undefined) {
          const [mine] = await sql.run(`account_made_by`, `select 1 from accounts where id = $1 and made_by = $2`, [named.account.id, madeBy]);
          return { kind: mine === undefined ? 'taken' : 'connected', id: named.account.id };
        }
        const twin = known.find(({ account }) => account.service === draft.service && account.url === draft.url && sameTexts(account.credentials, draft.credentials));
        if (twin !== undefined) return { kind: 'twin', id: twin.account.id };
        return { kind: 'connected', id: await insert(sql, draft, madeBy) };
      }),
    change: (id, part) =>
      changing(async (sql) => {
        const row = (await all(sql)).find((one) => one.id === id);
        if (row === undefined) return false;
        const { name, service, url, credentials, settings } = open(row);
        await change(sql, row, { name, service, url, credentials, settings, ...part });
        return true;
      }),
    async dependents(id): Promise<Dependents> {
      const mirrors = await database.run<StoredMirror>('mirrors', `select name, edges, lenses from mirrors order by name`, []);
      const [row] = await database.run<{ links: number }>('account_dependents', DEPENDENTS, [id]);
      return { mirrors: mirrors.filter(({ edges }) => edges.some(({ from, to }) => from === id || to === id)).map(({ name }) => name), links: row?.links ?? 0 };
    },
    remove: (id) =>
      changing(async (sql) => {
        const mirrors = await sql.run<StoredMirror>('mirrors', `select name, edges, lenses from mirrors order by name`, []);
        for (const mirror of mirrors) await leaveMirror(sql, mirror, id);
        for (const [name, text] of REMOVALS) await sql.run(name, text, [id]);
      }),
  };
}

/** The mirror goes on without the account; one that leads nowhere any more goes. */
async function leaveMirror(sql: Sql, { name, edges, lenses }: StoredMirror, id: number): Promise<void> {
  const left = edges
    .filter(({ from, to }) => from !== id && to !== id)
    .map((edge) => ({ ...edge, terms: { ...edge.terms, owner: Object.fromEntries(Object.entries(edge.terms.owner).filter(([, owner]) => owner !== id)) } }));
  if (left.length === 0) {
    await sql.run('mirror_delete', `delete from mirrors where name = $1`, [name]);
    return;
  }
  const { [String(id)]: _, ...others } = lenses;
  await sql.run('mirror_update', `update mirrors set edges = $2, lenses = $3 where name = $1`, [name, toJson(left), toJson(others)]);
}

function sameTexts(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const parts = (texts: Readonly<Record<string, string>>): string => JSON.stringify(Object.entries(texts).sort(([one], [other]) => (one < other ? -1 : 1)));
  return parts(a) === parts(b);
}
