/**
 * `npm run backfill-proof -- [--tickets 5000] [--kills 2]`: two sandbox desks that have long been at work get a mirror; their history is
 * brought along while people go on working and the serving process is killed. Afterwards every ticket and comment stands on both desks
 * exactly once, and what was said live meanwhile took no longer than before.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startEmbedded } from '../../src/store/embedded.ts';
import { createWorld } from '../../src/world.ts';
import { differences, type Expected } from '../support/alike.ts';
import { jsonLines, type Line } from '../support/commands.ts';
import type { Running } from '../support/running.ts';
import { each, quantiles } from '../support/scale.ts';
import { startTrio, type Name } from '../support/trio.ts';
import { until } from '../support/until.ts';

const { values } = parseArgs({ options: { tickets: { type: 'string', default: '5000' }, kills: { type: 'string', default: '2' } } });
const TICKETS = Number(values.tickets);
const KILLS = Number(values.kills);
/** Of all tickets so many in a hundred have a counterpart on the other desk. */
const PAIRED = 0.12;
const LIVE_BEFORE = 20;
const LIVE_EVERY_MS = 1_500;
const BOTH = ['zendesk', 'freshdesk'] as const;
type Side = (typeof BOTH)[number];

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const since = performance.now();
const minutes = (): string => `${((performance.now() - since) / 60_000).toFixed(1)} min`;
// A durable database of its own, so that only the process is killed.
const folder = await mkdtemp(join(tmpdir(), 'deskmesh-backfill-'));
const database = await startEmbedded({ dataDir: join(folder, 'data'), log: createWorld({ level: 'warn' }).log });
const quiet = { LOG_LEVEL: 'error', SWEEP_SECONDS: '30', DATABASE_URL: database.url, SECRET_KEY: 'a key of forty characters that tests use' };
const trio = await startTrio();
const expected: Expected[] = [];
let serve: Running | null = null;

const other = (name: Side): Side => (name === 'zendesk' ? 'freshdesk' : 'zendesk');
const subjects = (name: Name): readonly string[] => (trio.desk(name).state() as { tickets: readonly { readonly subject: string }[] }).tickets.map(({ subject }) => subject);

async function tell(name: Side, subject: string, comments: Expected['comments']): Promise<void> {
  const id = await trio.human(name).create(subject);
  for (const { text, public: open } of comments) await trio.human(name).comment(id, text, open ? 'public' : 'private');
}

/** Somebody writes a ticket; how long until it is on the other desk, in milliseconds. */
async function live(n: number): Promise<number> {
  const name = BOTH[n % 2] ?? 'zendesk';
  const subject = `Live ${n} of ${name}`;
  expected.push({ subject, comments: [] });
  await trio.human(name).create(subject);
  const began = performance.now();
  await until(() => subjects(other(name)).includes(subject), { withinMs: 300_000, everyMs: 50, what: subject });
  return performance.now() - began;
}

async function fill(): Promise<number> {
  const pairs = Math.round((TICKETS * PAIRED) / 2);
  const alone = TICKETS - 2 * pairs;
  await each(alone, 8, async (n) => {
    const name = BOTH[n % 2] ?? 'zendesk';
    const comments = n % 4 < 2 ? [{ text: `Said of ${n}.`, public: true }] : [];
    expected.push({ subject: `History ${n} of ${name}`, comments });
    await tell(name, `History ${n} of ${name}`, comments);
  });
  await each(pairs, 4, async (n) => {
    const shared = { text: `Both heard this of ${n}.`, public: true };
    const own = BOTH.map((name) => ({ text: `Only ${name} heard this of ${n}.`, public: false }));
    expected.push({ subject: `On both sides ${n}`, comments: [shared, ...own] });
    await Promise.all(BOTH.map((name, i) => tell(name, `On both sides ${n}`, [shared, ...own.slice(i, i + 1)])));
  });
  return pairs;
}

try {
  const lag = { find_lag_seconds: 1, list_lag_seconds: 1 };
  await trio.mesh({ names: BOTH, settings: { freshdesk: lag, zendesk: lag }, mirrors: [{ name: 'all', accounts: BOTH, pair: { fields: ['subject'], within_minutes: 120 } }] });
  const pairs = await fill();
  say(`${TICKETS} tickets on two desks, ${pairs} pairs among them (${minutes()})`);
  serve = await trio.serve(quiet);
  const before: number[] = [];
  for (let n = 0; n < LIVE_BEFORE; n += 1) before.push(await live(n));

  const bringing = (async (): Promise<Line> => {
    for (;;) {
      const { code, lines, stderr } = await jsonLines(trio, ['backfill', 'all', '--since', '2026-01-01'], quiet);
      const estimate = lines.find((line) => line['estimate'] !== undefined);
      if (estimate !== undefined) say(JSON.stringify(estimate));
      const { state } = (lines.at(-1)?.['backfill'] ?? {}) as Line;
      if (state === 'done') return lines.at(-1) ?? {};
      say(`the command ended with ${code} and is run again (${minutes()})${lines.length === 0 ? `: ${stderr.split('\n')[0] ?? ''}` : ''}`);
    }
  })();
  const stop = new AbortController();
  let down = false;
  const during: number[] = [];
  const working = (async () => {
    for (let n = LIVE_BEFORE; !stop.signal.aborted; n += 1) {
      const took = await live(n);
      // What was written while nobody served had to wait for the next who does.
      if (!down) during.push(took);
      down = false;
      await pause(LIVE_EVERY_MS);
    }
  })();
  const [first, all] = [subjects('freshdesk').length, expected.length];
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const enough = first + ((all - first) * kill) / (KILLS + 1);
    await until(() => subjects('freshdesk').length >= enough, { withinMs: 3_600_000, everyMs: 500, what: 'the time for a kill' });
    down = true;
    await serve.stop('SIGKILL');
    say(`killed with ${subjects('freshdesk').length} and ${subjects('zendesk').length} tickets (${minutes()})`);
    serve = await trio.serve(quiet);
  }
  const end = await bringing;
  say(`${JSON.stringify(end)} (${minutes()})`);
  stop.abort();
  await working;
  const wrong = (): readonly string[] => differences(trio, expected, BOTH);
  await until(() => wrong().length === 0, { withinMs: 120_000, everyMs: 2_000, what: () => wrong().slice(0, 20).join('; ') });
  say(`0 wrong: ${expected.length} tickets, each with its comments exactly once on both desks (${minutes()})`);
  say(`live tickets, from one desk to the other: before ${quantiles(before)} (${before.length}); meanwhile ${quantiles(during)} (${during.length})`);
  say(`writes: ${BOTH.map((name) => `${name} ${trio.counts(name).write_count}`).join(', ')}`);
} finally {
  await trio.close();
  await database.stop();
  await rm(folder, { recursive: true, force: true });
}
