/** Deskmesh in this process, on a database of its own, with sandbox desks connected: what the tests of the API call. */
import { readConfig, type Environment } from '../../src/config.ts';
import { startApp, type App } from '../../src/app.ts';
import { connectors as registry } from '../../src/connectors/index.ts';
import type { Connector } from '../../src/ports/connector.ts';
import type { AccountDraft, Mirror } from '../../src/ports/store.ts';
import type { World } from '../../src/ports/world.ts';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { createWorld } from '../../src/world.ts';
import { createTestDatabase } from './database.ts';

export const API_TOKEN = 'a-token-that-only-tests-are-let-in-with';

/** What an account needs besides what the sandbox prints. */
export const SITE_SETTINGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  helpdesk: { description_field: 'cf_description', agents: { 'ann@example.com': 'usr_abc123', 'ben@example.com': 'usr_xyz789' } },
  helpspace: { channel_id: 1, create_tags: true },
  'zendesk-classic': { view: 4002 },
};

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Null where the answer has no body. */
  readonly body: Record<string, unknown>;
}

export interface Asking {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string | null;
}

export interface ApiSite {
  readonly app: App;
  readonly url: string;
  readonly desks: ReadonlyMap<string, SandboxDesk>;
  desk(service: string): SandboxDesk;
  /** The id of the account of this service. */
  account(service: string): number;
  /** `path` begins after `/v1`. A body that is a text goes out as it stands. */
  ask(path: string, asking?: Asking): Promise<ApiAnswer>;
  close(): Promise<void>;
}

export interface SiteOptions {
  readonly only?: readonly string[];
  readonly world?: World;
  readonly env?: Environment;
  readonly connectors?: Readonly<Record<string, Connector>>;
  readonly settings?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly mirrors?: readonly Mirror[];
  /** Without a worker nothing but the API touches the desks. */
  readonly role?: 'web' | 'all';
}

export async function startSite(options: SiteOptions = {}): Promise<ApiSite> {
  const { only, world = createWorld({ level: 'silent' }), connectors = registry, role = 'web' } = options;
  const database = await createTestDatabase();
  const started = await startSandbox({ only: only ?? Object.keys(registry) });
  const desks = new Map(started.map((desk) => [desk.service, desk]));
  const env = { PORT: '0', DATABASE_URL: database.url, SECRET_KEY: 'a key that only tests are sealed with', API_TOKEN, SWEEP_SECONDS: '3600', ...options.env };
  const { config, secrets } = readConfig(env, { role });
  const app = await startApp({ config, secrets, world, connectors });
  const accounts = started.map((desk): AccountDraft => {
    const { service, url, credentials } = desk;
    return { name: service, service, url, credentials, settings: { ...SITE_SETTINGS[service], ...options.settings?.[service] } };
  });
  await app.store.accounts.apply(accounts, options.mirrors ?? []);
  await app.roster.refresh(true);
  const { url } = app;
  if (url === null) throw new Error('the app serves nothing');

  return {
    app,
    url,
    desks,
    desk: (service) => desks.get(service) ?? fail(`no sandbox desk ${service}`),
    account: (service) => app.roster.byName(service)?.id ?? fail(`no account ${service}`),
    ask: (path, asking) => ask(`${url}/v1${path}`, asking),
    async close() {
      await app.stop();
      await Promise.all(started.map((desk) => desk.close()));
      await database.drop();
    },
  };
}

export async function ask(url: string, { method, body, headers = {}, token = API_TOKEN }: Asking = {}): Promise<ApiAnswer> {
  const plain = typeof body === 'string' || body instanceof FormData || body instanceof Uint8Array;
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token === null ? {} : { authorization: `APIKey ${token}` }),
      ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: (plain ? body : JSON.stringify(body)) as string }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text === '' || !isJson(response) ? null as never : (JSON.parse(text) as Record<string, unknown>) };
}

function isJson(response: Response): boolean {
  return response.headers.get('content-type') === 'application/json';
}

function fail(message: string): never {
  throw new Error(message);
}
