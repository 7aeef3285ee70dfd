/** Opens the port, and closes it without cutting anybody short. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type Koa from 'koa';
import { AppError, type ErrorCode } from '../errors.ts';
import type { World } from '../ports/world.ts';
import { errorBody, REQUEST_ID } from './errors.ts';

export interface ListenOptions {
  readonly app: Koa;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** How long `close` waits for requests in flight. */
  readonly graceMs?: number;
  readonly world: Pick<World, 'id' | 'log'>;
}

export interface Listening {
  /** With the port that was taken; without a trailing slash. */
  readonly url: string;
  /** Takes no more requests, waits for those in flight, then cuts off what is left. Repeatable. */
  close(): Promise<void>;
}

/** Rejects with `configuration` when the port cannot be had. */
export async function listen({ app, host, port, graceMs = 10_000, world }: ListenOptions): Promise<Listening> {
  const server = createServer({
    headersTimeout: 15_000,
    // Later than the limit for bodies, whose answer says more than Node's own.
    requestTimeout: 45_000,
    connectionsCheckingInterval: 5000,
    // Longer than the idle times of usual proxies, which would otherwise reuse a connection as it closes.
    keepAliveTimeout: 65_000,
  }, app.callback());
  server.maxHeadersCount = 200;
  server.on('clientError', (error, socket) => answerMalformed(error, socket, world));
  await open(server, host, port);

  let closed: Promise<void> | null = null;
  return {
    url: urlOf(server.address(), host),
    close: () => (closed ??= shut(server, graceMs)),
  };
}

function open(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => reject(cannotListen(cause, host, port));
    server.once('error', onError);
    server.listen({ host, port }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function cannotListen(cause: NodeJS.ErrnoException, host: string, port: number): AppError {
  const place = `Port ${port} on ${host}`;
  switch (cause.code) {
    case 'EADDRINUSE':
      return new AppError('configuration', `${place} is in use: stop the program that has it, or set PORT to a free one.`, { cause });
    case 'EACCES':
      return new AppError('configuration', `${place} may not be opened by this user: set PORT to one above 1023.`, { cause });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new AppError('configuration', `${host} is not an address of this machine: set HOST to one that is, such as 127.0.0.1 or 0.0.0.0.`, { cause });
    default:
      return new AppError('configuration', `${place} cannot be opened (${cause.code ?? cause.message}): check HOST and PORT.`, { cause });
  }
}

function urlOf(address: AddressInfo | string | null, host: string): string {
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  const everywhere = host === '0.0.0.0' || host === '::' || host === '';
  const name = everywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${address.port}`;
}

const SWEEP_MS = 50;

function shut(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    // A kept-alive connection becomes idle when its answer is out, and would hold the server open until it times out.
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(cut);
      resolve();
    });
  });
}

/** What is not HTTP never becomes a request: it is answered on the bare connection, which ends, in the shape of every other error. */
function answerMalformed(error: NodeJS.ErrnoException & { readonly bytesParsed?: number }, socket: Duplex, world: ListenOptions['world']): void {
  if (error.code === 'ECONNRESET' || !socket.writable || hasSpoken(socket)) {
    socket.destroy();
    return;
  }
  const [status, phrase, code, sentence] = malformed(error.code);
  const id = world.id();
  world.log.debug('http.malformed', { request_id: id, status, code: error.code });
  const body = JSON.stringify({ ...errorBody(new AppError(code, sentence), id), status_code: status });
  const head = [`HTTP/1.1 ${status} ${phrase}`, 'Connection: close', 'Content-Type: application/json', `${REQUEST_ID}: ${id}`, `Content-Length: ${Buffer.byteLength(body)}`];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** An answer may be under way on this connection, and a second one in the midst of it would garble it. */
function hasSpoken(socket: Duplex): boolean {
  return 'bytesWritten' in socket && typeof socket.bytesWritten === 'number' && socket.bytesWritten > 0;
}

function malformed(code: string | undefined): readonly [status: number, phrase: string, code: ErrorCode, sentence: string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'Request Header Fields Too Large', 'bad_request', 'The headers are too large: 16 KiB are taken in all.'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'Request Timeout', 'request_timeout', 'The request did not arrive in time.'];
    default:
      return [400, 'Bad Request', 'bad_request', 'This is not a valid HTTP request.'];
  }
}
