/** `npm run crash -- --kills 50 --tickets 1000 [--seed S]`: the crash loop in full size, on a durable database of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbedded } from '../../src/store/embedded.ts';
import { createWorld } from '../../src/world.ts';
import { crashLoop, isWithoutDrift } from './loop.ts';
import { chances } from './chances.ts';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '50' }, tickets: { type: 'string', default: '1000' }, seed: { type: 'string', default: String(Date.now() % 100_000) } } });
const folder = await mkdtemp(join(tmpdir(), 'deskmesh-crash-'));
const database = await startEmbedded({ dataDir: join(folder, 'data'), log: createWorld({ level: 'warn' }).log });
try {
  const report = await crashLoop({
    kills: Number(values.kills), tickets: Number(values.tickets), databaseUrl: database.url, folder, files: true, chance: chances(Number(values.seed)),
    say: (line) => process.stdout.write(`${line}\n`),
  });
  for (const sentence of [...report.wrong, ...report.findings].slice(0, 50)) process.stdout.write(`${sentence}\n`);
  process.stdout.write(`seed ${values.seed}: ${report.kills} kills, ${report.tickets} tickets, ${report.wrong.length} wrong; settled in ${report.settledMs} ms; writes ${JSON.stringify(report.writes)}\n`);
  process.stdout.write(`drift: ${JSON.stringify(report.drift)}\n`);
  process.exitCode = report.wrong.length === 0 && isWithoutDrift(report) ? 0 : 1;
} finally {
  await database.stop();
  await rm(folder, { recursive: true, force: true });
}
