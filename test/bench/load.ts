/** The load: helpdesk webhooks, signed as the desk signs them, over kept-alive connections. */
import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { SIGNING_SECRET, sourceTicket } from './sinks.ts';

export interface Load {
  /** How many events. */
  readonly count: number;
  /** The number of the first event; numbers make events distinct and are found again at the desks. */
  readonly first: number;
  /** Connections that each send the next event when the last was answered. */
  readonly concurrency: number;
  /** Events a second, evenly spaced; absent: as fast as the answers come. */
  readonly pace?: number;
}

export interface Sent {
  /** When each event was sent (milliseconds of `performance.now`), by number. */
  readonly at: ReadonlyMap<number, number>;
  /** From the first request to the last answer. */
  readonly seconds: number;
  readonly refused: number;
}

const KEY = Buffer.from(SIGNING_SECRET.slice('whsec_'.length), 'base64');

function body(n: number): string {
  const ticket = sourceTicket(n);
  return JSON.stringify({ id: `evt_${n}`, type: 'ticket.created', createdAt: ticket['createdAt'], data: { ticket } });
}

export async function send(url: string, load: Load): Promise<Sent> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.concurrency });
  const at = new Map<number, number>();
  let next = 0;
  let refused = 0;
  const began = performance.now();

  const one = (n: number): Promise<void> => {
    const text = body(n);
    const id = `msg_${n}`;
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const signature = createHmac('sha256', KEY).update(`${id}.${timestamp}.${text}`).digest('base64');
    at.set(n, performance.now());
    return new Promise((resolve, reject) => {
      const outgoing = request(url, {
        method: 'POST',
        agent,
        headers: {
          'content-type': 'application/json', 'content-length': Buffer.byteLength(text),
          'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}`,
        },
      });
      outgoing.on('error', reject);
      outgoing.on('response', (incoming) => {
        if ((incoming.statusCode ?? 500) >= 300) refused += 1;
        incoming.resume().on('end', resolve);
      });
      outgoing.end(text);
    });
  };
  const lane = async (): Promise<void> => {
    while (next < load.count) {
      const i = next;
      next += 1;
      if (load.pace !== undefined) {
        const wait = began + (i * 1_000) / load.pace - performance.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      }
      await one(load.first + i);
    }
  };
  await Promise.all(Array.from({ length: load.concurrency }, lane));
  const seconds = (performance.now() - began) / 1_000;
  agent.destroy();
  return { at, seconds, refused };
}
