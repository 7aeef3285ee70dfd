/** From mesh.yaml to what the system is asked to become. */
import type { Desired } from '../app.ts';
import { meshEnvironment, type Config, type Environment } from '../config.ts';
import { connectors } from '../connectors/index.ts';
import { compileWhere } from '../contracts/where.ts';
import { AppError } from '../errors.ts';
import type { Mesh } from '../contracts/mesh.ts';
import { openNetwork } from '../net/public-address.ts';
import type { World } from '../ports/world.ts';
import { formats } from '../subscribers/index.ts';
import { readMesh, type Services } from './mesh.ts';

const silent = (): void => undefined;
const BLANK_WORLD: World = {
  now: () => 0, sleep: () => Promise.resolve(), id: () => '', random: () => 0, log: { debug: silent, info: silent, warn: silent, error: silent },
};

const services: Services = Object.fromEntries(
  Object.values(connectors).map(({ about, connect }) => [
    about.service,
    { ...about, desk: (account) => connect({ ...account, id: 0, hook_token: '', inbound_secrets: [], state: 'running', stopped_because: null }, BLANK_WORLD) },
  ]),
);

/** The configuration file's accounts and mirrors, or null if none is named. All its faults at once, as one error. */
export async function readDesired(config: Config, env: Environment): Promise<Desired | null> {
  if (config.meshPath === null) return null;
  const judging = { formats, allows: openNetwork(config.allowPrivateSubscribers).allows, compileWhere };
  return desiredOf(await readMesh(config.meshPath, meshEnvironment(env), services, judging));
}

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
