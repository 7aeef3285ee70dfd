/**
 * Measures Deskmesh against the bare minimum, side by side on one machine: the same load, the same desks, rounds by turns.
 * Only the ratios of one run mean anything. `npm run bench` prints tables, `-- --json` the same as one JSON array of
 * `{name, ours, bare, ratio, unit}`; `--only webhooks`, `--only deliveries` or `--only api` measures that part alone.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startEmbedded } from '../../src/store/embedded.ts';
import { createWorld } from '../../src/world.ts';
import { apiRows, printApiRows, rowOf } from './api.ts';
import { measureDeliveries } from './deliveries.ts';
import { fillHistory } from './history.ts';
import { send, type Sent } from './load.ts';
import { byTurns, printRows, row, type Round, type Row } from './measure.ts';
import { hookOf, start, urlOf, type Running } from './process.ts';
import { startSinks, type Sinks } from './sinks.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    acks: { type: 'string', default: '8000' },
    events: { type: 'string', default: '3000' },
    history: { type: 'string', default: '100000' },
    calls: { type: 'string', default: '200' },
    only: { type: 'string', default: 'webhooks,deliveries,api' },
    deliveries: { type: 'string', default: '5000' },
  },
});
const ROUNDS = Number(options.rounds);
/**
 * Connections that deliver webhooks at the same time. What is bare answers at once and has everything in hand; Deskmesh answers what is
 * committed, so that its rate depends on how many wait together for the disk: few and many are measured.
 */
const CONNECTIONS = { acks: [64, 256], events: [16, 64], paced: 16 };
const PACE = 100;

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

const SECRET_KEY = 'a bench key that is long enough to be one';

function serve(role: string, url: string, config: string | null): Promise<Running> {
  return start(['src/main.ts', 'serve', '--json', '--role', role, ...(config === null ? [] : ['--config', config])], {
    env: { PORT: '0', DATABASE_URL: url, SECRET_KEY, SWEEP_SECONDS: '3600', ALLOW_PRIVATE_SUBSCRIBERS: '127.0.0.0/8' },
  });
}

const sourceHook = (running: Running): string => hookOf(running, 'source');

const FAN_OUT = (to: Sinks): string[] => [`${to.urls.zendesk}/api/v2/tickets`, `${to.urls.freshdesk}/api/v2/tickets`, `${to.urls.helpdesk}/helpdesk/api/v1/tickets`];

async function push(url: string, count: number, concurrency: number, pace?: number): Promise<Sent> {
  const first = eventNumber;
  eventNumber += count;
  const sent = await send(url, { count, first, concurrency, ...(pace === undefined ? {} : { pace }) });
  if (sent.refused > 0) throw new Error(`${sent.refused} webhooks were refused`);
  return sent;
}

async function acknowledged(url: string, connections: number): Promise<number> {
  const count = Number(options.acks);
  return count / (await push(url, count, connections)).seconds;
}

/** Events a second that reached all three desks, from the first webhook to the last arrival. */
async function mirrored(url: string, connections: number): Promise<number> {
  const count = Number(options.events);
  const all = sinks.expect(count);
  const began = performance.now();
  await push(url, count, connections);
  await all;
  return count / ((Math.max(...sinks.arrivals().values()) - began) / 1_000);
}

async function latencies(url: string): Promise<readonly [number, number]> {
  const count = PACE * 5;
  const all = sinks.expect(count);
  const { at } = await push(url, count, CONNECTIONS.paced, PACE);
  await all;
  const times = [...sinks.arrivals()].map(([n, arrived]) => arrived - (at.get(n) ?? 0)).sort((a, b) => a - b);
  return [times[Math.floor(times.length * 0.5)] ?? 0, times[Math.floor(times.length * 0.99)] ?? 0];
}

/** A row for each number of connections. A server runs for weeks: what is measured is code that has been compiled. */
async function rowsOf(what: string, label: string, connections: readonly number[], at: Round<string>, measure: (url: string, connections: number) => Promise<number>): Promise<Row[]> {
  const rows: Row[] = [];
  for (const some of connections) {
    await measure(at.bare, some);
    await measure(at.ours, some);
    const measured = await byTurns(ROUNDS, { ours: () => measure(at.ours, some), bare: () => measure(at.bare, some) });
    rows.push(row(`${what}, ${some} connections${label}`, '1/s', measured));
  }
  return rows;
}

async function ackRows(label: string, url: string): Promise<Row[]> {
  const bare = await start(['test/bench/bare.ts', 'ack']);
  const ours = await serve('web', url, await mesh('ack', false));
  const rows = await rowsOf('acknowledged webhooks', label, CONNECTIONS.acks, { ours: sourceHook(ours), bare: urlOf(bare) }, acknowledged);
  await Promise.all([ours.stop(), bare.stop()]);
  return rows;
}

async function mirrorRows(label: string, url: string): Promise<Row[]> {
  const bare = await start(['test/bench/bare.ts', 'fan-out', ...FAN_OUT(sinks)]);
  const ours = await serve('all', url, await mesh('mirror', true));
  const rows = await rowsOf('events mirrored to 3 desks', label, CONNECTIONS.events, { ours: sourceHook(ours), bare: urlOf(bare) }, mirrored);
  const bareLatency = await latencies(urlOf(bare));
  const ourLatency = await latencies(sourceHook(ours));
  peak.ours = Math.max(peak.ours, await ours.stop());
  peak.bare = Math.max(peak.bare, await bare.stop());
  return [
    ...rows,
    row(`webhook to last desk, p50 at ${PACE}/s${label}`, 'ms', [{ ours: ourLatency[0], bare: bareLatency[0] }]),
    row(`webhook to last desk, p99 at ${PACE}/s${label}`, 'ms', [{ ours: ourLatency[1], bare: bareLatency[1] }]),
  ];
}

async function deliveryRows(): Promise<readonly Row[]> {
  const url = await database('deliveries');
  const measured = await measureDeliveries({ url, secretKey: SECRET_KEY, world, events: Number(options.deliveries), rounds: ROUNDS, serve: () => serve('worker', url, null) });
  return [row('events delivered to a subscriber, signed', '1/s', measured)];
}

async function webhookRows(): Promise<readonly Row[]> {
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
  return [...rows, row('peak memory of the process', 'MiB', [peak])];
}

try {
  const wanted = options.only.split(',');
  const webhooks = wanted.includes('webhooks') ? await webhookRows() : [];
  const deliveries = wanted.includes('deliveries') ? await deliveryRows() : [];
  const api = wanted.includes('api') ? await apiRows({ databaseUrl: await database('api'), folder, rounds: ROUNDS, calls: Number(options.calls) }) : [];
  if (options.json) process.stdout.write(`${JSON.stringify([...webhooks, ...deliveries, ...api.map(rowOf)])}\n`);
  else {
    process.stdout.write(`${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}\n`);
    process.stdout.write(`${ROUNDS} rounds by turns, medians; load and desks on the same machine\n`);
    if (webhooks.length > 0) {
      process.stdout.write('\n');
      printRows(webhooks);
    }
    if (deliveries.length > 0) {
      process.stdout.write(`\n16 connections to one subscriber\n\n`);
      printRows(deliveries);
    }
    if (api.length > 0) printApiRows(api);
  }
} finally {
  sinks.close();
  await embedded.stop();
  await rm(folder, { recursive: true, force: true });
}
