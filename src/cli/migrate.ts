/** `deskmesh migrate`: brings the database to the state that this version needs, and nothing else. */
import { openStore } from '../app.ts';
import { readConfig, type Environment } from '../config.ts';
import { createWorld } from '../world.ts';

export async function migrateCommand(options: { readonly json: boolean }, env: Environment, print: (line: string) => void): Promise<void> {
  const { config, secrets } = readConfig(env);
  const { migrated, close } = await openStore({ config, secrets, world: createWorld({ level: config.logLevel }), queue: true });
  await close();
  if (options.json) print(JSON.stringify({ migrated }));
  else print(migrated.length === 0 ? 'the database is up to date' : `migrated: ${migrated.join(', ')}`);
}
