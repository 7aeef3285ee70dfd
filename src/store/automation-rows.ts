/** Automations as they are configured: rows in the order in which they run. */
import type { Automation } from '../core/automation.ts';
import type { Sql } from './database.ts';
import { toJson } from './rows.ts';

interface AutomationRow {
  readonly name: string;
  readonly doc: Omit<Automation, 'name'>;
}

export async function readAutomations(sql: Sql): Promise<readonly Automation[]> {
  const rows = await sql.run<AutomationRow>('automations', `select name, doc from automations order by place`, []);
  return rows.map(({ name, doc }) => ({ name, ...doc }));
}

/** Those that are not named go. What they were matched with already is run all the same. */
export async function writeAutomations(sql: Sql, automations: readonly Automation[]): Promise<void> {
  await sql.run('automations_clear', `delete from automations`, []);
  if (automations.length === 0) return;
  await sql.run('automations_insert', `insert into automations (name, place, doc) select * from unnest($1::text[], $2::int[], $3::json[])`, [
    automations.map(({ name }) => name), automations.map((_, place) => place), automations.map(({ name: _, ...doc }) => toJson(doc)),
  ]);
}
