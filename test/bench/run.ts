/**
 * Measures Deskmesh against the bare minimum, side by side on one machine: the same load, the same desks, rounds by turns.
 * Only the ratios of one run mean anything. `npm run bench` prints a table, `-- --json` one JSON array.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startEmbedded } from '../../src/store/embedded.ts';
import { createWorld } from '../../src/world.ts';
import { fillHistory } from './history.ts';
import { send, type Sent } from './load.ts';
import { startSinks, type Sinks } from './sinks.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    acks: { type: 'string', default: '8000' },
    events: { type: 'string', default: '3000' },
    history: { type: 'string', default: '100000' },
  },
});
const ROUNDS = Number(options.rounds);
/** Connections that deliver webhooks at the same time: many for the door alone, fewer where each event means three calls. */
const CONNECTIONS = { acks: 64, events: 16 };
const PACE = 100;

interface Row {
  readonly name: string;
  readonly ours: number;
  readonly bare: number | null;
  readonly ratio: number | null;
  readonly unit: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly lines: readonly Record<string, Record<string, string>>[];
  stop(): Promise<number>;
}

/** Starts a process that prints JSON lines and waits for the one that says it is ready. */
async function start(args: readonly string[], env: Record<string, string>): Promise<Running> {
  const child = spawn(process.execPath, [...args], { env: { ...process.env, LOG_LEVEL: 'warn', ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: Record<string, Record<string, string>>[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const said = JSON.parse(line) as Record<string, Record<string, string>>;
      lines.push(said);
      if (said['ready'] !== undefined) resolve();
    });
  });
  return {
    child,
    lines,
    async stop() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      await gone;
      return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
    },
  };
}

const world = createWorld({ level: 'warn' });
const folder = await mkdtemp(join(tmpdir(), 'deskmesh-bench-'));
const embedded = await startEmbedded({ dataDir: join(folder, 'data'), log: world.log });
const sinks = await startSinks();
let eventNumber = 1;
const peak = { ours: 0, bare: 0 };

async function database(name: string): Promise<string> {
  const client = new pg.Client(embedded.url);
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(embedded.url.replace(/^postgres(ql)?:\/\/\//, 'postgres://localhost/'));
  url.pathname = `/${name}`;
  return url.toString();
}

async function mesh(name: string, mirrored: boolean): Promise<string> {
  const path = join(folder, `${name}.yaml`);
  const accounts = [
    ['source', 'helpdesk', sinks.urls.helpdesk, '{ key: aclou_bench, workspace: ws_bench }'],
    ['zendesk', 'zendesk', sinks.urls.zendesk, '{ email: bot@example.com, token: bench }'],
    ['freshdesk', 'freshdesk', sinks.urls.freshdesk, '{ key: bench }'],
    ['vendor', 'helpdesk', sinks.urls.helpdesk, '{ key: aclou_bench, workspace: ws_vendor }'],
  ];
  const lines = accounts.map(([account, service, url, credentials]) => `  - { name: ${account}, service: ${service}, url: "${url}", credentials: ${credentials} }`);
  const mirrors = mirrored ? 'mirrors:\n  - { name: all, from: source, to: [zendesk, freshdesk, vendor] }\n' : '';
  await writeFile(path, `accounts:\n${lines.join('\n')}\n${mirrors}`);
  return path;
}

function serve(role: string, url: string, config: string): Promise<Running> {
  return start(['src/main.ts', 'serve', '--json', '--role', role, '--config', config], {
    PORT: '0', DATABASE_URL: url, SECRET_KEY: 'a bench key that is long enough to be one', SWEEP_SECONDS: '3600',
  });
}

const hookOf = (running: Running): string => running.lines.find((line) => line['account']?.['name'] === 'source')?.['account']?.['hook_url'] ?? '';
const urlOf = (running: Running): string => running.lines.at(-1)?.['ready']?.['url'] ?? '';

const FAN_OUT = (to: Sinks): string[] => [`${to.urls.zendesk}/api/v2/tickets`, `${to.urls.freshdesk}/api/v2/tickets`, `${to.urls.helpdesk}/helpdesk/api/v1/tickets`];

async function push(url: string, count: number, concurrency: number, pace?: number): Promise<Sent> {
  const first = eventNumber;
  eventNumber += count;
  const sent = await send(url, { count, first, concurrency, ...(pace === undefined ? {} : { pace }) });
  if (sent.refused > 0) throw new Error(`${sent.refused} webhooks were refused`);
  return sent;
}

async function acknowledged(url: string): Promise<number> {
  const count = Number(options.acks);
  return count / (await push(url, count, CONNECTIONS.acks)).seconds;
}

/** Events a second that reached all three desks, from the first webhook to the last arrival. */
async function mirrored(url: string, count = Number(options.events)): Promise<number> {
  const all = sinks.expect(count);
  const began = performance.now();
  await push(url, count, CONNECTIONS.events);
  await all;
  return count / ((Math.max(...sinks.arrivals().values()) - began) / 1_000);
}

async function latencies(url: string): Promise<readonly [number, number]> {
  const count = PACE * 5;
  const all = sinks.expect(count);
  const { at } = await push(url, count, CONNECTIONS.events, PACE);
  await all;
  const times = [...sinks.arrivals()].map(([n, arrived]) => arrived - (at.get(n) ?? 0)).sort((a, b) => a - b);
  return [times[Math.floor(times.length * 0.5)] ?? 0, times[Math.floor(times.length * 0.99)] ?? 0];
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

interface Round {
  readonly ours: number;
  readonly bare: number;
}

function row(name: string, unit: string, rounds: readonly Round[]): Row {
  return { name, ours: median(rounds.map(({ ours }) => ours)), bare: median(rounds.map(({ bare }) => bare)), ratio: median(rounds.map(({ ours, bare }) => ours / bare)), unit };
}

async function rounds(measure: { ours: () => Promise<number>; bare: () => Promise<number> }): Promise<Round[]> {
  const all: Round[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    const bare = await measure.bare();
    all.push({ bare, ours: await measure.ours() });
  }
  return all;
}

async function ackRows(label: string, url: string): Promise<Row[]> {
  const bare = await start(['test/bench/bare.ts', 'ack'], {});
  const ours = await serve('web', url, await mesh('ack', false));
  await acknowledged(urlOf(bare));
  await acknowledged(hookOf(ours));
  const measured = await rounds({ ours: () => acknowledged(hookOf(ours)), bare: () => acknowledged(urlOf(bare)) });
  await Promise.all([ours.stop(), bare.stop()]);
  return [row(`acknowledged webhooks${label}`, '1/s', measured)];
}

async function mirrorRows(label: string, url: string): Promise<Row[]> {
  const bare = await start(['test/bench/bare.ts', 'fan-out', ...FAN_OUT(sinks)], {});
  const ours = await serve('all', url, await mesh('mirror', true));
  // A server runs for weeks: what is measured is code that has been compiled.
  await mirrored(urlOf(bare));
  await mirrored(hookOf(ours));
  const measured = await rounds({ ours: () => mirrored(hookOf(ours)), bare: () => mirrored(urlOf(bare)) });
  const bareLatency = await latencies(urlOf(bare));
  const ourLatency = await latencies(hookOf(ours));
  peak.ours = Math.max(peak.ours, await ours.stop());
  peak.bare = Math.max(peak.bare, await bare.stop());
  return [
    row(`events mirrored to 3 desks${label}`, '1/s', measured),
    row(`webhook to last desk, p50 at ${PACE}/s${label}`, 'ms', [{ ours: ourLatency[0], bare: bareLatency[0] }]),
    row(`webhook to last desk, p99 at ${PACE}/s${label}`, 'ms', [{ ours: ourLatency[1], bare: bareLatency[1] }]),
  ];
}

try {
  const ackUrl = await database('ack');
  const mirrorUrl = await database('mirror');
  const rows = [...(await ackRows('', ackUrl)), ...(await mirrorRows('', mirrorUrl))];
  const stored = Number(options.history);
  if (stored > 0) {
    await fillHistory(ackUrl, stored);
    await fillHistory(mirrorUrl, stored);
    const label = `, after ${stored.toLocaleString('en')} stored receipts`;
    rows.push(...(await ackRows(label, ackUrl)), ...(await mirrorRows(label, mirrorUrl)));
  }
  rows.push(row('peak memory of the process', 'MiB', [peak]));
  if (options.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else print(rows);
} finally {
  sinks.close();
  await embedded.stop();
  await rm(folder, { recursive: true, force: true });
}

function print(rows: readonly Row[]): void {
  process.stdout.write(`${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}\n`);
  process.stdout.write(`${ROUNDS} rounds by turns, medians; ${CONNECTIONS.acks} connections for acknowledgements, ${CONNECTIONS.events} for events; load and desks on the same machine\n\n`);
  const shown = (value: number | null): string => (value === null ? '' : value >= 100 ? value.toFixed(0) : value.toFixed(1));
  process.stdout.write('| figure | Deskmesh | bare | ratio |\n| --- | ---: | ---: | ---: |\n');
  for (const { name, ours, bare, ratio, unit } of rows) {
    process.stdout.write(`| ${name} (${unit}) | ${shown(ours)} | ${shown(bare)} | ${ratio === null ? '' : ratio.toFixed(2)} |\n`);
  }
}
