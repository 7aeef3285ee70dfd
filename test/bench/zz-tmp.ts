import { mkdtempSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { startSinks } from '../bench/sinks.ts';
import { send } from '../bench/load.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { createWorld } from '../../src/world.ts';
const role = process.argv[2] ?? 'web'; const prof = process.argv[3];
const mirror = role === 'all';
const dir = mkdtempSync('/tmp/ack-');
const emb = await startEmbedded({ dataDir: dir + '/data', log: createWorld({ level: 'warn' }).log });
const sinks = await startSinks();
writeFileSync(dir + '/mesh.yaml', `accounts:
  - { name: source, service: helpdesk, url: "${sinks.urls.helpdesk}", credentials: { key: aclou_bench, workspace: ws_bench } }
  - { name: z, service: zendesk, url: "${sinks.urls.zendesk}", credentials: { email: a@example.com, token: bench } }
  - { name: f, service: freshdesk, url: "${sinks.urls.freshdesk}", credentials: { key: bench } }
  - { name: v, service: helpdesk, url: "${sinks.urls.helpdesk}", credentials: { key: aclou_bench, workspace: ws_v } }
${mirror ? 'mirrors:\n  - { name: all, from: source, to: [z, f, v] }\n' : ''}`);
const child = spawn(process.execPath, [...(prof ? ['--cpu-prof', '--cpu-prof-dir=' + prof] : []), 'src/main.ts', 'serve', '--json', '--role', role, '--config', dir + '/mesh.yaml'], { env: { ...process.env, LOG_LEVEL: 'warn', PORT: '0', DATABASE_URL: emb.url, SECRET_KEY: 'x'.repeat(40), SWEEP_SECONDS: '3600' }, stdio: ['ignore', 'pipe', 'inherit'] });
let hook = '';
await new Promise<void>((ok) => createInterface({ input: child.stdout }).on('line', (l) => { const m = JSON.parse(l); if (m.account?.name === 'source') hook = m.account.hook_url; if (m.ready) ok(); }));
let first = 1; const { readFileSync, readdirSync } = await import('node:fs'); const cpu = (pid: number): number => { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' '); return (Number(f[11]) + Number(f[12])) * 10; }; const pgs = (): number => readdirSync('/proc').filter((d) => /^\d+$/.test(d)).reduce((a, d) => { try { const f = readFileSync(`/proc/${d}/cmdline`, 'utf8'); return f.includes('postgres') && !f.includes('node') ? a + cpu(Number(d)) : a; } catch { return a; } }, 0);
for (const n of [1000, 3000]) {
  const c0 = cpu(child.pid!), p0 = pgs(), m0 = process.cpuUsage(); const all = mirror ? sinks.expect(n) : null; const t = performance.now();
  const s = await send(hook, { count: n, first, concurrency: Number(process.env.CC ?? 16) }); first += n;
  if (all) await Promise.race([all,new Promise(r=>setTimeout(r,12000))]);
  console.log(role, n, 'acks/s', (n / s.seconds).toFixed(0), mirror ? 'mirrored/s ' + (n / ((performance.now() - t) / 1000)).toFixed(0) : '', 'refused', s.refused, 'node us/ev', ((cpu(child.pid!) - c0) / n * 1000).toFixed(0), 'pg us/ev', ((pgs() - p0) / n * 1000).toFixed(0), 'bench us/ev', (process.cpuUsage(m0).user + process.cpuUsage(m0).system) / n | 0);
}
const pgm=(await import("pg")).default;const cl=new pgm.Client(emb.url);await cl.connect();console.log((await cl.query("select relname,n_tup_ins,n_tup_upd,n_tup_hot_upd,n_tup_del,seq_scan,idx_scan from pg_stat_user_tables where schemaname=$$public$$ and n_tup_ins>0")).rows.map(r=>JSON.stringify(r)).join("\n"),(await cl.query("select xact_commit,xact_rollback from pg_stat_database where datname=current_database()")).rows, (await cl.query("select pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), $$0/0$$)) wal, relname, pg_size_pretty(pg_relation_size(relid)) from pg_stat_user_tables where schemaname=$$public$$ limit 3")).rows);console.log((await cl.query("select account_id,kind,outcome,reason,count(*),max(attempt) from operations group by 1,2,3,4 order by 5 desc limit 20")).rows,(await cl.query("select account_id,state,(due_at is not null) due,lease is not null as leased,open,count(*),max(due_at-now()) from replicas group by 1,2,3,4,5")).rows);await cl.end();child.kill('SIGTERM'); await new Promise((r) => child.once('exit', r)); sinks.close(); await emb.stop();
