/** From mesh.yaml to what the system is asked to become. */
import type { Desired } from '../app.ts';
import { meshEnvironment, type Config, type Environment } from '../config.ts';
import { connectors } from '../connectors/index.ts';
import { AppError } from '../errors.ts';
import type { Mesh } from '../contracts/mesh.ts';
import { readMesh, type Services } from './mesh.ts';

const services: Services = Object.fromEntries(Object.values(connectors).map(({ about }) => [about.service, about]));

/** The configuration file's accounts and mirrors, or null if none is named. All its faults at once, as one error. */
export async function readDesired(config: Config, env: Environment): Promise<Desired | null> {
  if (config.meshPath === null) return null;
  return desiredOf(await readMesh(config.meshPath, meshEnvironment(env), services));
}

export function desiredOf(mesh: Mesh): Desired {
  return {
    accounts: mesh.accounts,
    mirrors: mesh.mirrors.map(({ name, ways, terms }) => ({ name, edges: ways.map((way) => ({ ...way, terms })) })),
  };
}

export function needsConfig(): AppError {
  return new AppError('configuration', 'No configuration file is named.', {
    faults: [{ path: '--config', message: 'name mesh.yaml here, or in the variable DESKMESH_CONFIG' }],
  });
}
