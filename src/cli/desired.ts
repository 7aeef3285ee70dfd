/** From mesh.yaml to what the system is asked to become. */
import type { Desired } from '../app.ts';
import { meshEnvironment, type Config, type Environment } from '../config.ts';
import { connectors } from '../connectors/index.ts';
import { compileWhere } from '../contracts/where.ts';
import { AppError, type Fault } from '../errors.ts';
import type { Mesh, MeshAccount } from '../contracts/mesh.ts';
import { openNetwork } from '../net/public-address.ts';
import type { World } from '../ports/world.ts';
import { formats } from '../subscribers/index.ts';
import { readMesh, type Services } from './mesh.ts';

const services: Services = Object.fromEntries(Object.values(connectors).map(({ about }) => [about.service, about]));

/** The configuration file's accounts and mirrors, or null if none is named. All its faults at once, as one error. */
export async function readDesired(config: Config, env: Environment): Promise<Desired | null> {
  if (config.meshPath === null) return null;
  const judging = { formats, allows: openNetwork(config.allowPrivateSubscribers).allows, compileWhere };
  const mesh = await readMesh(config.meshPath, meshEnvironment(env), services, judging);
  const faults = mesh.accounts.flatMap(unworkable);
  if (faults.length > 0) throw new AppError('configuration', `${config.meshPath} cannot be used.`, { faults });
  return desiredOf(mesh);
}

/** What each part of an account allows and all of them together do not. Nothing is called: connecting is only building. */
function unworkable(account: MeshAccount, at: number): readonly Fault[] {
  const drafted = { ...account, id: 0, hook_token: '', inbound_secrets: [], state: 'running', stopped_because: null } as const;
  try {
    connectors[account.service]?.connect(drafted, BLANK_WORLD);
    return [];
  } catch (error) {
    return [{ path: `accounts[${at}] (${account.name})`, message: error instanceof Error ? error.message : String(error) }];
  }
}

const silent = (): void => undefined;
const BLANK_WORLD: World = {
  now: () => 0, sleep: () => Promise.resolve(), id: () => '', random: () => 0, log: { debug: silent, info: silent, warn: silent, error: silent },
};

export function desiredOf(mesh: Mesh): Desired {
  return {
    accounts: mesh.accounts,
    mirrors: mesh.mirrors.map(({ name, ways, lenses }) => ({ name, lenses, edges: ways })),
    automations: mesh.automations,
    subscriptions: mesh.subscriptions ?? [],
  };
}

export function needsConfig(): AppError {
  return new AppError('configuration', 'No configuration file is named.', {
    faults: [{ path: '--config', message: 'name mesh.yaml here, or in the variable DESKMESH_CONFIG' }],
  });
}
