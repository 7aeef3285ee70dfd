/** An endpoint on loopback that takes every webhook and hands them out one by one. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Inbound } from '../../../src/ports/connector.ts';

export interface Receiver {
  readonly url: string;
  /** The next webhook, as soon as it is there. */
  next(): Promise<Inbound>;
  close(): Promise<void>;
}

export async function openReceiver(): Promise<Receiver> {
  const arrived: Inbound[] = [];
  const waiting: ((inbound: Inbound) => void)[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      response.writeHead(202).end();
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const inbound = { headers, rawBody: Buffer.concat(parts), query: {} };
      const first = waiting.shift();
      if (first === undefined) arrived.push(inbound);
      else first(inbound);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/1/a-long-token`,
    next: () =>
      new Promise((resolve) => {
        const first = arrived.shift();
        if (first === undefined) waiting.push(resolve);
        else resolve(first);
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
