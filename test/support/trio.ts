/** Three sandbox desks over real sockets, one mirror between them in a mesh.yaml, and Deskmesh as a process beside them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox, type Fault, type SandboxDesk } from '../../src/sandbox/index.ts';
import { freePort } from './free-port.ts';
import { humanOf, shownBy, type Human, type Shown } from './humans.ts';
import { deskmesh, type Running } from './running.ts';

export type Name = 'helpdesk' | 'zendesk' | 'freshdesk';
export const NAMES: readonly Name[] = ['helpdesk', 'zendesk', 'freshdesk'];

/** What a desk counted. */
export interface Counts {
  readonly write_count: number;
  readonly requests: Readonly<Record<string, number>>;
  readonly deliveries: { readonly waiting: number };
}

export interface Trio {
  readonly folder: string;
  readonly port: number;
  desk(name: Name): SandboxDesk;
  human(name: Name): Human;
  tickets(name: Name): readonly Shown[];
  counts(name: Name): Counts;
  fault(name: Name, fault: Fault): void;
  /** Writes mesh.yaml with these accounts, more settings for some, and a mirror between all of them; its path. */
  mesh(options?: {
    readonly names?: readonly Name[];
    readonly settings?: Partial<Record<Name, object>>;
    /** Instead of the one mirror between all accounts. */
    readonly mirrors?: readonly object[];
    readonly automations?: readonly object[];
    readonly subscriptions?: readonly object[];
  }): Promise<string>;
  /** `serve` on this trio's folder and port, waited for, its hook set up at the desks that need it by hand. */
  serve(env?: Readonly<Record<string, string>>, args?: readonly string[]): Promise<Running>;
  /** The same, not waited for. */
  begin(env?: Readonly<Record<string, string>>, args?: readonly string[]): Running;
  /** Any other command with the same settings. */
  command(args: readonly string[], env?: Readonly<Record<string, string>>): Running;
  /** Sets up the hooks of accounts that cannot be registered by API. */
  hookByHand(running: Running): Promise<void>;
  /** Ends whatever still runs, hard, and removes the folder. */
  close(): Promise<void>;
}

const SETTINGS: Readonly<Record<Name, Readonly<Record<string, unknown>>>> = {
  helpdesk: { description_field: 'cf_description', agents: { 'ann@example.com': 'usr_abc123', 'ben@example.com': 'usr_xyz789' } },
  zendesk: {},
  freshdesk: {},
};

export async function startTrio(): Promise<Trio> {
  const folder = await mkdtemp(join(tmpdir(), 'deskmesh-e2e-'));
  const port = await freePort();
  const desks = new Map((await startSandbox()).map((desk) => [desk.service, desk]));
  const started: Running[] = [];
  const meshPath = join(folder, 'mesh.yaml');

  const desk = (name: Name): SandboxDesk => {
    const found = desks.get(name);
    if (found === undefined) throw new Error(`there is no sandbox desk ${name}`);
    return found;
  };
  const command = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Running => {
    const running = deskmesh(args, { DATA_DIR: join(folder, 'data'), PORT: String(port), SWEEP_SECONDS: '1', ...env });
    started.push(running);
    return running;
  };
  const begin = (env: Readonly<Record<string, string>> = {}, args: readonly string[] = []): Running =>
    command(['serve', '--json', '--config', meshPath, ...args], env);
  const hookByHand = async (running: Running): Promise<void> => {
    for (const account of running.accounts()) {
      if (account.hook === 'manual') await control(desk(account.service as Name), 'webhook', { url: account.hook_url });
    }
  };
  return {
    folder,
    port,
    desk,
    human: (name) => humanOf(desk(name)),
    tickets: (name) => shownBy(desk(name)),
    counts: (name) => desk(name).state() as unknown as Counts,
    fault: (name, fault) => desk(name).faults(fault),
    async mesh({ names = NAMES, settings = {}, mirrors = names.length < 2 ? [] : [{ name: 'all', accounts: names }], automations, subscriptions } = {}) {
      const accounts = names.map((name) => ({
        name,
        service: name,
        url: desk(name).url,
        credentials: desk(name).credentials,
        settings: { ...SETTINGS[name], ...settings[name] },
      }));
      // JSON is YAML.
      await writeFile(meshPath, JSON.stringify({ accounts, mirrors, ...(automations !== undefined && { automations }), ...(subscriptions !== undefined && { subscriptions }) }, null, 2));
      return meshPath;
    },
    command,
    begin,
    hookByHand,
    async serve(env, args) {
      const running = begin(env, args);
      await running.ready();
      await hookByHand(running);
      return running;
    },
    async close() {
      await Promise.all(started.map((running) => running.stop('SIGKILL')));
      await Promise.all([...desks.values()].map((one) => one.close()));
      // The bundled database ends a moment after its parent.
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

/** Uses one of the sandbox's controls. */
export async function control(desk: SandboxDesk, action: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${desk.url}/__sandbox/${action}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${action} was answered ${response.status}: ${await response.text()}`);
}
