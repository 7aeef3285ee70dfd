/** Everything that the demo runs: three fake desks, Deskmesh with a database of its own, and the mirror between them. */
import { USUAL_TERMS } from '../../core/rules.ts';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import got from 'got';
import { startApp, type App } from '../../app.ts';
import { readConfig, type Environment } from '../../config.ts';
import type { Mesh, MeshAccount } from '../../contracts/mesh.ts';
import { AppError } from '../../errors.ts';
import { startSandbox, type SandboxDesk } from '../../sandbox/index.ts';
import { createWorld } from '../../world.ts';
import { desiredOf } from '../desired.ts';
import { DEMO_DESKS, HELPDESK_DESCRIPTION, viewOf, type State } from './views.ts';

export interface Stage {
  /** In the order in which they are shown. */
  readonly desks: readonly SandboxDesk[];
  /** Where Deskmesh listens. */
  readonly url: string;
  /** Stops all of it and removes the data. */
  close(): Promise<void>;
}

/** What differs from a real installation: sweeps come often enough to be watched, and the log leaves staged faults out. */
const PACE = { SWEEP_SECONDS: '2', LOG_LEVEL: 'error' } as const;
/** The fake desks show a write at once, so an unanswered one need not be waited for as long as at the vendors. */
const NO_LAG = { find_lag_seconds: 1, list_lag_seconds: 1 } as const;

/** Of the environment only PORT counts: the demo keeps away from the data and the keys of a real installation. */
export async function setStage(env: Environment): Promise<Stage> {
  const undo: (() => Promise<unknown>)[] = [];
  /** Every step is done, whatever becomes of another. */
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const step of undo.splice(0).reverse()) await step().catch((error: unknown) => void failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'deskmesh-demo-')).catch((cause: unknown) => {
      throw new AppError('configuration', `The demo cannot make a folder for its data in ${tmpdir()}: let TMPDIR name one that this user can write to.`, { cause });
    });
    // By the time that it is removed its database has ended; a file of its last moments may still appear in between.
    undo.push(() => rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
    // Started by root, PostgreSQL runs as another user, who must be able to pass through.
    await chmod(dataDir, 0o711);
    const { config, secrets } = readConfig({ PORT: env['PORT']?.trim() || '0', DATA_DIR: dataDir, ...PACE });
    const started = await startSandbox({ only: DEMO_DESKS });
    undo.push(() => Promise.all(started.map((desk) => desk.close())));
    const desks = started.toSorted((a, b) => DEMO_DESKS.indexOf(a.service) - DEMO_DESKS.indexOf(b.service));

    const app = await startApp({ config, secrets, world: createWorld({ level: config.logLevel }) });
    undo.push(() => app.stop());
    await connect(app, desks);
    return { desks, url: app.url ?? '', close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Makes the accounts and the mirror, and sets those webhooks up that a desk's API cannot. */
async function connect(app: App, desks: readonly SandboxDesk[]): Promise<void> {
  const hooks = await app.apply(desiredOf(meshOf(desks)));
  for (const { service, hook, problem, hook_url: url } of hooks) {
    if (problem !== null) throw new Error(`the webhook of the fake ${service} could not be registered: ${problem}`);
    if (hook === 'registered') continue;
    const desk = desks.find((one) => one.service === service);
    await got.post(`${desk?.url ?? ''}/__sandbox/webhook`, { json: { url }, retry: { limit: 0 } });
  }
}

/** What mesh.yaml would say: each desk is an account of its service's name, and everything goes every way. */
function meshOf(desks: readonly SandboxDesk[]): Mesh {
  const accounts = desks.map((desk): MeshAccount => {
    const { service, url, credentials } = desk;
    return { name: service, service, url, credentials, settings: { ...NO_LAG, ...(service === 'helpdesk' ? helpdeskSettings(desk) : {}) } };
  });
  const ways = accounts.flatMap(({ name: from }) => accounts.filter(({ name }) => name !== from).map(({ name: to }) => ({ from, to, terms: { ...USUAL_TERMS, owner: {} } })));
  return { accounts, mirrors: [{ name: 'demo', ways, lenses: {} }], automations: [] };
}

/** The Helpdesk's API tells nobody's address and has no field for a description, so the account has to name both. */
function helpdeskSettings(desk: SandboxDesk): Readonly<Record<string, unknown>> {
  return { description_field: HELPDESK_DESCRIPTION, agents: Object.fromEntries(viewOf(desk.state() as State).ids) };
}
