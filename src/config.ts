/**
 * The settings: the only reader of the process's environment. Reads, judges every variable at once, and gives a frozen
 * configuration that may be logged whole and, apart from it, secrets that hide themselves.
 */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { AppError, type Fault } from './errors.ts';
import { oneOf, VARIABLES, type Backend, type Judge, type LogLevel, type Role, type Values, type Variable, type VariableName } from './variables.ts';

export { settingsTable } from './variables.ts';
export type { Backend, LogLevel, Role } from './variables.ts';

/** A text that must be asked for by name: printing, inspecting or serialising it shows that it is there and no more. */
export interface Secret {
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

export interface Config {
  readonly role: Role;
  readonly port: number;
  readonly host: string;
  /** Where desks are told to reach us, without a trailing slash; null: where the server listens. */
  readonly publicUrl: string | null;
  /** Whether the bundled PostgreSQL is used: no DATABASE_URL was given. */
  readonly embedded: boolean;
  readonly backend: Backend;
  /** Absolute. */
  readonly dataDir: string;
  /** Where mesh.yaml is; absolute, or null if none is named. */
  readonly meshPath: string | null;
  readonly sweepSeconds: number;
  readonly workerLanes: number;
  readonly retainReceiptsDays: number;
  readonly retainOperationsDays: number;
  readonly retainDeliveriesDays: number;
  readonly apiRequestsPerMinute: number;
  readonly appId: string;
  /** CIDRs. */
  readonly allowPrivateSubscribers: readonly string[];
  readonly logLevel: LogLevel;
  /** Where the guards step in. */
  readonly guards: { readonly writes: number; readonly deletions: number; readonly deletionsPercent: number; readonly deletionsMinutes: number; readonly rulesPercent: number };
}

export interface Secrets {
  readonly databaseUrl: Secret | null;
  /** Null only with the bundled database: then `store/secret-key` has it. */
  readonly secretKey: Secret | null;
  readonly apiToken: Secret | null;
}

export interface Settings {
  readonly config: Config;
  readonly secrets: Secrets;
  /** Legal but risky combinations, a sentence each. */
  readonly warnings: readonly string[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the command line says; it comes before the environment. */
export type Overrides = Readonly<Partial<Record<VariableName, string>>> & { readonly role?: string };

/** The process's own environment, for the command line to hand on. */
export function environment(): Environment {
  return process.env;
}

/** What `${NAME}` in mesh.yaml may name: all but our own secrets, so that no mistake in that file sends them to a desk. */
export function meshEnvironment(env: Environment): Environment {
  const own = new Set<string>(Object.entries(VARIABLES).flatMap(([name, { secret }]) => (secret === true ? [name] : [])));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !own.has(name)));
}

/** The address of a server that listens on this host and port, as a process on the same machine would write it. */
export function localUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${isIP(reachable) === 6 ? `[${reachable}]` : reachable}:${port}`;
}

/** Where desks are to reach us: where we were told that they do, or where the server listens; a process that does not listen asks where one does. */
export function reachedAt({ publicUrl, host, port }: Config, listening: string | null): string {
  return publicUrl ?? listening ?? localUrl(host, port);
}

/** Reads every setting, or throws one `configuration` error with every fault. An empty variable counts as absent. */
export function readConfig(env: Environment, overrides: Overrides = {}): Settings {
  const faults: Fault[] = [];
  const fault = (path: string, message: string): void => void faults.push({ path, message });
  const judge = <T>(path: string, text: string, by: Judge<T>): T | null => {
    const judged = by(text);
    if ('value' in judged) return judged.value;
    fault(path, judged.wrong);
    return null;
  };
  const given = (name: VariableName): string | null => (overrides[name] ?? env[name] ?? '').trim() || null;
  const judged = Object.entries(VARIABLES).map(([key, variable]: [string, Variable]): [VariableName, unknown] => {
    const name = key as VariableName;
    const text = given(name) ?? variable.fallback;
    return [name, text === null ? null : judge(name, text, variable.judge)];
  });
  const role = judge('--role', overrides.role ?? 'all', oneOf<Role>('all', 'web', 'worker'));
  const embedded = given('DATABASE_URL') === null;

  if (embedded && role !== null && role !== 'all')
    fault(
      '--role',
      `cannot be ${role} with the bundled database: one process owns it, so the other role has nothing to share; set DATABASE_URL`,
    );
  if (embedded && !['postgres', null].includes(given('DATABASE_BACKEND')))
    fault(
      'DATABASE_BACKEND',
      'says what answers at DATABASE_URL, but there is none, and the bundled database is postgres; set DATABASE_URL, or leave this out',
    );
  if (!embedded && given('SECRET_KEY') === null)
    fault(
      'SECRET_KEY',
      'is required with DATABASE_URL: every process on that database needs the same one; make it with: openssl rand -base64 32',
    );
  if (faults.length > 0 || role === null)
    throw new AppError('configuration', faults.length === 1 ? 'A setting is wrong.' : `${faults.length} settings are wrong.`, { faults });

  const values = Object.fromEntries(judged) as Values;
  const { PORT: port, HOST: host } = values;
  const config: Config = Object.freeze({
    role,
    port,
    host,
    publicUrl: values.PUBLIC_URL,
    embedded,
    backend: values.DATABASE_BACKEND,
    dataDir: resolve(values.DATA_DIR),
    meshPath: values.DESKMESH_CONFIG === null ? null : resolve(values.DESKMESH_CONFIG),
    sweepSeconds: values.SWEEP_SECONDS,
    workerLanes: values.WORKER_LANES,
    retainReceiptsDays: values.RETAIN_RECEIPTS_DAYS,
    retainOperationsDays: values.RETAIN_OPERATIONS_DAYS,
    retainDeliveriesDays: values.RETAIN_DELIVERIES_DAYS,
    apiRequestsPerMinute: values.API_REQUESTS_PER_MINUTE,
    appId: values.APP_ID,
    allowPrivateSubscribers: Object.freeze(values.ALLOW_PRIVATE_SUBSCRIBERS),
    logLevel: values.LOG_LEVEL,
    guards: Object.freeze({
      writes: values.WRITE_BUDGET,
      deletions: values.DELETIONS_COUNT,
      deletionsPercent: values.DELETIONS_PERCENT,
      deletionsMinutes: values.DELETIONS_MINUTES,
      rulesPercent: values.RULES_PERCENT,
    }),
  });
  const hidden = (text: string | null): Secret | null => (text === null ? null : secret(text));
  const secrets: Secrets = Object.freeze({
    databaseUrl: hidden(values.DATABASE_URL),
    secretKey: hidden(values.SECRET_KEY),
    apiToken: hidden(values.API_TOKEN),
  });
  return Object.freeze({ config, secrets, warnings: Object.freeze(risks(values)) });
}

function risks({ HOST: host, PORT: port, PUBLIC_URL: url, API_TOKEN: token }: Values): string[] {
  const warnings: string[] = [];
  if (url === null && (host === '0.0.0.0' || host === '::'))
    warnings.push(`PUBLIC_URL is not set, so the hook URLs begin with ${localUrl(host, port)}, which only this machine can reach.`);
  if (url?.startsWith('http://') === true && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname))
    warnings.push('PUBLIC_URL is http: webhooks and API keys travel unencrypted; put a TLS proxy in front and use https.');
  if (token !== null && token.length < 20)
    warnings.push('API_TOKEN has fewer than 20 characters and can be guessed; make one with: openssl rand -hex 24');
  return warnings;
}

/** Wraps a text so that it shows itself to `reveal` only. */
export function secret(value: string): Secret {
  const mask = (): string => '[secret]';
  return Object.freeze({ reveal: () => value, toString: mask, toJSON: mask, [inspect.custom]: mask });
}

