/** Every variable that Deskmesh reads, as one table: how each is judged, its default, and what the README says of it. */
import { isIP } from 'node:net';

/** What a process does. `web` receives and serves, `worker` mirrors and delivers, `all` does both. */
export type Role = 'all' | 'web' | 'worker';
/** The databases that both pg-boss's `backend` option and our own SQL know. */
export type Backend = 'postgres' | 'citus' | 'yugabytedb' | 'cockroachdb';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A text is either right, and then has a value, or wrong, and then a sentence says what would be right. */
type Judged<T> = { readonly value: T } | { readonly wrong: string };
export type Judge<T> = (text: string) => Judged<T>;

/** One variable: how its text is judged, what stands in for an absent one, and what the README says of it. */
export interface Variable<T = unknown, F extends string | null = string | null> {
  readonly judge: Judge<T>;
  /** The text that an absent variable stands for; null if absence has a meaning of its own. */
  readonly fallback: F;
  /** What the README shows as its default where `fallback` does not say it. */
  readonly shown?: string;
  readonly secret?: true;
  readonly about: string;
}

const variable = <T, F extends string | null>(
  fallback: F,
  judge: Judge<T>,
  about: string,
  more: Pick<Variable, 'shown' | 'secret'> = {},
): Variable<T, F> => ({
  fallback,
  judge,
  about,
  ...more,
});
const ok = <T>(value: T): Judged<T> => ({ value });
const wrong = (sentence: string): { readonly wrong: string } => ({ wrong: sentence });

function wholeNumber(least: number, most: number): Judge<number> {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
    return value >= least && value <= most ? ok(value) : wrong(`must be a whole number from ${least} to ${most}`);
  };
}

export function oneOf<T extends string>(...choices: readonly T[]): Judge<T> {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    return found === undefined ? wrong(`must be one of ${choices.join(', ')}`) : ok(found);
  };
}

function hostName(text: string): Judged<string> {
  return isIP(text) > 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)
    ? ok(text)
    : wrong('must be a host name or an IP address, without scheme or port, e.g. 0.0.0.0');
}

function httpAddress(text: string): Judged<string> {
  const url = URL.parse(text);
  const good =
    url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return good ? ok(url.href.replace(/\/+$/, '')) : wrong('must be an http:// or https:// address without credentials, query or fragment');
}

function databaseAddress(text: string): Judged<string> {
  return /^postgres(ql)?:\/\//.test(text) && URL.canParse(text)
    ? ok(text)
    : wrong('must be a PostgreSQL address: postgres://user:password@host:5432/database');
}

function backendName(text: string): Judged<Backend> {
  if (text === 'pglite')
    return wrong('cannot be pglite: it writes without fsync, so an accepted webhook could be lost; without DATABASE_URL a bundled PostgreSQL runs');
  return oneOf<Backend>('postgres', 'citus', 'yugabytedb', 'cockroachdb')(text);
}

function secretKey(text: string): Judged<string> {
  return Buffer.byteLength(text) >= 32 ? ok(text) : wrong('must have at least 32 characters; make one with: openssl rand -base64 32');
}

function apiToken(text: string): Judged<string> {
  return /^[\x21-\x7e]+$/.test(text) ? ok(text) : wrong('must be visible ASCII characters without spaces: it travels in a header');
}

function networks(text: string): Judged<readonly string[]> {
  const items = text.split(',').map((item) => item.trim()).filter((item) => item !== '');
  const bad = items.filter((item) => {
    const [address = '', bits = '', ...rest] = item.split('/');
    const family = isIP(address);
    return family === 0 || rest.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128);
  });
  if (bad.length === 0) return ok(items);
  return wrong(`must be networks separated by commas, e.g. 10.0.0.0/8,fd00::/8; not a network: ${bad.join(', ')}`);
}

/** Every variable that Deskmesh reads. The README's table is made from it. */
export const VARIABLES = {
  PORT: variable('8080', wholeNumber(0, 65_535), 'Port of the HTTP server; 0 takes a free one.'),
  HOST: variable('127.0.0.1', hostName, 'Address that the HTTP server listens on; `0.0.0.0` for every network.'),
  PUBLIC_URL: variable(
    null,
    httpAddress,
    'Address under which the desks reach this server: the hook URLs begin with it.',
    { shown: '`http://HOST:PORT`' },
  ),
  DATABASE_URL: variable(
    null,
    databaseAddress,
    'A PostgreSQL database of your own. Without it a bundled PostgreSQL runs on `DATA_DIR`.',
    { shown: 'bundled', secret: true },
  ),
  DATABASE_BACKEND: variable('postgres', backendName, 'What answers at `DATABASE_URL`: `postgres`, `citus`, `yugabytedb` or `cockroachdb`.'),
  DATA_DIR: variable('./data', ok<string>, 'Folder of the bundled database and of the key that was made for it.'),
  DESKMESH_CONFIG: variable(null, ok<string>, 'Path of `mesh.yaml`, the accounts and mirrors; `--config` comes before it.', { shown: 'none' }),
  SECRET_KEY: variable(
    null,
    secretKey,
    'Encrypts credentials at rest; at least 32 characters. Required with `DATABASE_URL`.',
    { shown: 'made and kept in `DATA_DIR`', secret: true },
  ),
  API_TOKEN: variable(null, apiToken, 'A key of the API that reaches every account. Without it one is made on the first start, shown once, and kept as a hash.', {
    shown: 'made on the first start',
    secret: true,
  }),
  API_REQUESTS_PER_MINUTE: variable('30000', wholeNumber(1, 1_000_000), 'Requests that each API token may make in a minute, unless it was made with a number of its own.'),
  APP_ID: variable('deskmesh', ok<string>, 'The application id that old clients of the Help Desk API compare: the `client_id` of a token check.'),
  SWEEP_SECONDS: variable('300', wholeNumber(1, 86_400), 'How often each desk is asked what changed, in case a webhook never came.'),
  WORKER_LANES: variable('160', wholeNumber(1, 1_000), 'How many tickets are worked on at the same time, at most 64 of them on one desk.'),
  RETAIN_RECEIPTS_DAYS: variable('30', wholeNumber(1, 3_650), 'Days that settled and ignored webhooks are kept.'),
  RETAIN_OPERATIONS_DAYS: variable('90', wholeNumber(1, 3_650), 'Days that the record of writes is kept.'),
  RETAIN_DELIVERIES_DAYS: variable('30', wholeNumber(4, 3_650), 'Days that events for subscribers and the record of their deliveries are kept, and can be replayed.'),
  ALLOW_PRIVATE_SUBSCRIBERS: variable(
    '',
    networks,
    'Private networks that event subscribers may live in, as CIDRs separated by commas, such as `127.0.0.0/8,10.1.0.0/16`; anything else that is not on the public internet is refused.',
    { shown: 'none' },
  ),
  WRITE_BUDGET: variable(
    '100',
    wholeNumber(10, 100_000),
    'Writes that one ticket may have at once; it earns one more each hour. Who needs more is fighting another program: the ticket is parked.',
  ),
  DELETIONS_COUNT: variable('20', wholeNumber(1, 1_000_000), 'Deletions on one account, within the window, that are never too many.'),
  DELETIONS_PERCENT: variable('5', wholeNumber(0, 100), 'More deletions than that, and more than this share of the account\'s tickets, are held until a person releases them.'),
  DELETIONS_MINUTES: variable('60', wholeNumber(1, 10_080), 'The window in which deletions are counted.'),
  RULES_PERCENT: variable('25', wholeNumber(0, 100), 'A change of the mirrors that touches more than this share of an account\'s tickets (and more than 50) holds its deletions and what only that change brings, until a person releases it.'),
  LOG_LEVEL: variable(
    'info',
    oneOf<LogLevel>('debug', 'info', 'warn', 'error', 'silent'),
    'How much is logged: `debug`, `info`, `warn`, `error` or `silent`.',
  ),
} as const;
export type VariableName = keyof typeof VARIABLES;

/** What each variable says, once all were found right. */
export type Values = {
  readonly [N in VariableName]: (typeof VARIABLES)[N] extends Variable<infer T, infer F> ? (F extends string ? T : T | null) : never;
};

/** The README's table of settings. */
export function settingsTable(): string {
  const rows = Object.entries(VARIABLES).map(([name, { fallback, shown, about }]: [string, Variable]) => {
    const value = shown ?? `\`${fallback ?? ''}\``;
    return `| \`${name}\` | ${value} | ${about} |`;
  });
  return ['| variable | default | what it does |', '| --- | --- | --- |', ...rows].join('\n');
}
