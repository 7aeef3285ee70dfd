/** `deskmesh serve`: everything that the role asks for, until the signal. */
import { startApp } from '../app.ts';
import { readConfig, type Environment } from '../config.ts';
import { createWorld } from '../world.ts';
import { readDesired } from './desired.ts';
import { hookLines, subscriptionLines } from './print.ts';

export async function serveCommand(
  options: { readonly role: string; readonly config?: string; readonly json: boolean },
  env: Environment,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  const overrides = { role: options.role, ...(options.config === undefined ? {} : { DESKMESH_CONFIG: options.config }) };
  const { config, secrets, warnings } = readConfig(env, overrides);
  // The file is judged before anything starts: a fault in it changes nothing.
  const desired = await readDesired(config, env);
  const world = createWorld({ level: config.logLevel });
  for (const message of warnings) world.log.warn('settings.risk', { message });
  const app = await startApp({ config, secrets, world });
  try {
    if (desired !== null) {
      for (const state of await app.apply(desired)) for (const line of hookLines(state, options.json)) print(line);
      for (const made of await app.subscribe(desired.subscriptions ?? [])) for (const line of subscriptionLines(made, options.json)) print(line);
    }
    const made = app.apiToken === null ? {} : { api_token: app.apiToken };
    if (options.json) print(JSON.stringify({ ready: { url: app.url, ...made } }));
    else {
      if (app.apiToken !== null) print(`API token, shown this once: ${app.apiToken}`);
      print(app.url === null ? 'ready: working' : `ready: ${app.url}`);
    }
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    await app.stop();
  }
}
