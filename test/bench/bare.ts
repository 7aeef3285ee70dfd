/**
 * What Deskmesh is measured against, as a process of its own: koa + ajv, which answers and stores nothing, and with
 * `fan-out` sends every event on to three desks with got. No signature, no durability, no retry.
 */
import { Agent } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ajv2020 } from 'ajv/dist/2020.js';
import got from 'got';
import Koa from 'koa';
import webhooks from '../../schemas/desks/helpdesk/webhooks.schema.json' with { type: 'json' };

const [mode, ...targets] = process.argv.slice(2);
const valid = new Ajv2020({ strict: false }).compile(webhooks);
const agent = { http: new Agent({ keepAlive: true, maxSockets: 64 }) };
const client = got.extend({ agent, retry: { limit: 0 }, throwHttpErrors: false, responseType: 'json' });

interface Event {
  readonly data: { readonly ticket: Readonly<Record<string, unknown>> };
}

async function fanOut(event: Event): Promise<void> {
  const { subject, priority, tags, type, requesterEmail: email } = event.data.ticket;
  const bodies: Record<string, unknown>[] = [
    { ticket: { subject, priority, tags, type, requester: { email, name: 'Jane Doe' }, comment: { html_body: 'x', public: true } } },
    { subject, description: 'x', email, priority: 3, status: 2, tags },
    { ticket: event.data.ticket },
  ];
  await Promise.all(targets.map((url, i) => client.post(url, { json: bodies[i] ?? {} })));
}

const app = new Koa({ env: 'production' });
app.use(async (ctx) => {
  const chunks: Buffer[] = [];
  for await (const chunk of ctx.req) chunks.push(chunk as Buffer);
  const event = JSON.parse(Buffer.concat(chunks).toString()) as Event;
  if (!valid(event)) {
    ctx.status = 422;
    return;
  }
  if (mode === 'fan-out') void fanOut(event);
  ctx.status = 202;
  ctx.body = { status: 'accepted' };
});
const server = createServer(app.callback());
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ ready: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
