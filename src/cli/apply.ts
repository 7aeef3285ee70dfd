/** `deskmesh apply`: makes a system's accounts and mirrors what mesh.yaml says; a running one notices by itself. */
import { openStore } from '../app.ts';
import { reachedAt, readConfig, type Environment } from '../config.ts';
import { connectors } from '../connectors/index.ts';
import { compileWhere } from '../contracts/where.ts';
import { limitsOf } from '../core/guards.ts';
import { createHooks } from '../engine/hooks.ts';
import { applySubscriptions } from '../engine/subscribing.ts';
import { createRoster } from '../engine/roster.ts';
import { createWorld } from '../world.ts';
import { needsConfig, readDesired } from './desired.ts';
import { hookLines, subscriptionLines } from './print.ts';

export async function applyCommand(
  options: { readonly config?: string; readonly json: boolean },
  env: Environment,
  print: (line: string) => void,
): Promise<void> {
  const { config, secrets } = readConfig(env, options.config === undefined ? {} : { DESKMESH_CONFIG: options.config });
  const desired = await readDesired(config, env);
  if (desired === null) throw needsConfig();
  const world = createWorld({ level: config.logLevel });
  const { store, close } = await openStore({ config, secrets, world, queue: false });
  try {
    const roster = createRoster({ accounts: store.accounts, vault: store.vault, connectors, compileWhere, world });
    const hooks = createHooks({ roster, accounts: store.accounts, world, publicUrl: async () => reachedAt(config, await store.address.read()) });
    await store.accounts.apply(desired.accounts, desired.mirrors, limitsOf(config.guards), desired.automations);
    await roster.refresh(true);
    for (const account of roster.all()) {
      const state = await hooks.ensure(account.id);
      if (state !== null) for (const line of hookLines(state, options.json)) print(line);
    }
    for (const { name, rules_held: because } of roster.all()) {
      if (because === undefined) continue;
      print(options.json ? JSON.stringify({ held: { account: name, because } }) : `${name}: ${because}: deletions and what only the new rules bring wait; look with deskmesh drift, then deskmesh release --kind rules --account ${name}`);
    }
    const { subscriptions = [] } = desired;
    for (const made of await applySubscriptions({ subscriptions: store.subscriptions, roster }, subscriptions)) for (const line of subscriptionLines(made, options.json)) print(line);
    const counts = { accounts: desired.accounts.length, mirrors: desired.mirrors.length, subscriptions: subscriptions.length, automations: desired.automations?.length ?? 0 };
    if (options.json) print(JSON.stringify({ applied: counts }));
    else print(`applied: ${Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(', ')}`);
  } finally {
    await close();
  }
}
