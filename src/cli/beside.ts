/** Commands beside a running mesh: on its database, with its accounts, and with a worker of their own never. */
import { openStore, type OpenStore } from '../app.ts';
import { readConfig, type Config, type Environment } from '../config.ts';
import { connectors } from '../connectors/index.ts';
import { compileWhere } from '../contracts/where.ts';
import { limitsOf } from '../core/guards.ts';
import { createOperator, type Operator } from '../engine/operator.ts';
import { createRoster, type Roster } from '../engine/roster.ts';
import type { World } from '../ports/world.ts';
import { createWorld } from '../world.ts';

export interface Beside {
  readonly config: Config;
  readonly world: World;
  readonly store: OpenStore['store'];
  readonly roster: Roster;
  readonly operator: Operator;
}

/** Joins the database that the mesh runs on (or opens it, if nothing runs), does the work, and lets go of it whatever comes. */
export async function beside<T>(env: Environment, work: (parts: Beside) => Promise<T>): Promise<T> {
  const { config, secrets } = readConfig(env);
  const world = createWorld({ level: config.logLevel });
  const { store, close } = await openStore({ config, secrets, world, queue: false });
  try {
    const roster = createRoster({ accounts: store.accounts, vault: store.vault, connectors, compileWhere, limits: limitsOf(config.guards), world });
    await roster.refresh(true);
    return await work({ config, world, store, roster, operator: createOperator({ store, roster, connectors, world }) });
  } finally {
    await close();
  }
}
