/** Stands between a connector and its desk and passes everything on, but for the answers that it is told to spoil. */
import { createServer, request as send, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** What the desk really answered. */
export interface RealAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Answers instead of the desk, which has done what it was asked. */
export type Spoil = (response: ServerResponse, real: RealAnswer, asked: Asked) => void;

export interface Spoiler {
  readonly url: string;
  /** Everything that came, since the last `clear`. */
  readonly asked: readonly Asked[];
  spoil(which: (asked: Asked) => boolean, how: Spoil): void;
  /** What a path is to become before it is passed on. */
  rewrite(path: (given: string) => string): void;
  clear(): void;
  close(): Promise<void>;
}

export async function openSpoiler(target: string): Promise<Spoiler> {
  const { hostname, port } = new URL(target);
  const asked: Asked[] = [];
  let spoiled: { readonly which: (asked: Asked) => boolean; readonly how: Spoil } | null = null;
  let rewritten = (path: string): string => path;

  const server = createServer((request, response) => {
    const one: Asked = { method: request.method ?? '', path: request.url ?? '', headers: request.headers };
    asked.push(one);
    const onward = send({ hostname, port, method: one.method, path: rewritten(one.path), headers: { ...request.headers, connection: 'close' } }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const real: RealAnswer = { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) };
        if (spoiled?.which(one) === true) spoiled.how(response, real, one);
        else pass(response, real);
      });
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    spoil: (which, how) => void (spoiled = { which, how }),
    rewrite: (path) => void (rewritten = path),
    clear() {
      spoiled = null;
      rewritten = (path) => path;
      asked.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The desk's own answer, with another body if one is given. */
export function pass(response: ServerResponse, real: RealAnswer, body: string | Buffer = real.body): void {
  const { 'content-length': _length, 'transfer-encoding': _coding, connection: _connection, ...headers } = real.headers;
  const bare = real.status === 204 || real.status === 304;
  response.writeHead(real.status, bare ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) }).end(bare ? undefined : body);
}
