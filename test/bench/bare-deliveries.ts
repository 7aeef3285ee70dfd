/** What deliveries are measured against, as a process of its own: got in a loop, which signs, stores and retries nothing. Prints events a second. */
import { Agent } from 'node:http';
import got from 'got';

const [url = '', count = '0', concurrency = '16', body = ''] = process.argv.slice(2);
const client = got.extend({ agent: { http: new Agent({ keepAlive: true, maxSockets: 64 }) }, retry: { limit: 0 }, throwHttpErrors: false });

/** Events a second. */
async function round(events: number): Promise<number> {
  let left = events;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: Number(concurrency) }, async () => {
      while ((left -= 1) >= 0) await client.post(url, { body, headers: { 'content-type': 'application/json' } });
    }),
  );
  return events / ((performance.now() - began) / 1_000);
}

// What is measured is code that has been compiled.
await round(Number(count));
process.stdout.write(`${JSON.stringify({ rate: await round(Number(count)) })}\n`);
