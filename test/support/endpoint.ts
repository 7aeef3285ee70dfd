/** Somebody's endpoint on loopback: keeps every request, and answers as the test says. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Heard {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** What it was answered with. */
  readonly status: number;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Endpoint {
  readonly url: string;
  readonly heard: readonly Heard[];
  /** From now on it answers so; a handler may also take the answer into its own hands and give null. */
  answer(how: Reply | ((request: Omit<Heard, 'status'>, response: ServerResponse) => Reply | null | Promise<Reply | null>)): void;
  close(): Promise<void>;
}

export async function startEndpoint(): Promise<Endpoint> {
  const heard: Heard[] = [];
  let how: Parameters<Endpoint['answer']>[0] = { status: 204 };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const came = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(parts).toString('utf8'), at: Date.now() };
      void Promise.resolve(typeof how === 'function' ? how(came, response) : how).then((reply) => {
        heard.push({ ...came, status: reply?.status ?? 0 });
        if (reply !== null) response.writeHead(reply.status, reply.headers).end(reply.body);
      });
    });
    response.on('error', () => undefined);
    request.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`,
    heard,
    answer(next) {
      how = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
