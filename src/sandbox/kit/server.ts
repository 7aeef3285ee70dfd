/** One fake desk on a socket: reads a request, lets the faults have their way, and sends what the desk answers. */
import { isUtf8 } from 'node:buffer';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa, { type Context } from 'koa';
import getRawBody from 'raw-body';
import { createClock } from './clock.ts';
import { BadControl, CONTROL_PREFIX, createControl } from './control.ts';
import { createDeliveries } from './deliveries.ts';
import { Refused, type Call, type DeskModel, type Premises, type Reply, type Route } from './desk.ts';
import { createFaults, type Fault } from './faults.ts';
import { readForm } from './form.ts';
import { createLedger } from './ledger.ts';
import { createRoutes } from './routes.ts';
import { createTimers } from './timers.ts';

/** A running fake desk. */
export interface SandboxDesk {
  readonly service: string;
  readonly url: string;
  /** In the shape of mesh.yaml's credentials: those for Deskmesh, and those of another agent of the desk. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly human: Readonly<Record<string, string>>;
  /** In the shape of mesh.yaml's settings: what an account of this desk has to be told; empty where that is nothing. */
  readonly accountSettings: Readonly<Record<string, unknown>>;
  state(): object;
  reset(): void;
  /** Throws for a fault that makes no sense. */
  faults(fault: Fault): void;
  /** Turns switches of the desk, until the next reset. Throws for one that it does not have, or a value that makes no sense. */
  settings(switches: Readonly<Record<string, unknown>>): void;
  close(): Promise<void>;
}

/** `timeout` never answers; after this long the connection is cut all the same, so that a forgotten client ends. */
const HOLD_MS = 120_000;
const LATENCY_MS = 1_000;
const BODY_LIMIT = '60mb';
const NOTHING = Buffer.alloc(0);
/** A request with this header is spared all faults: people in a story go on while the desk fails for others. */
const CALM = 'x-sandbox-calm';

export async function openDesk(
  build: (premises: Premises) => DeskModel,
  at: { readonly host: string; readonly port: number },
): Promise<SandboxDesk> {
  const clock = createClock();
  const faults = createFaults();
  const deliveries = createDeliveries(faults);
  const ledger = createLedger();
  const timers = createTimers();
  let base = '';
  const url = (): string => base;
  const model = build({ clock, deliveries, url });
  const routes = createRoutes(model.routes);
  const control = createControl(model, { clock, faults, ledger, deliveries, url });

  /** Leaves the socket to itself: nothing more is sent on it. */
  const cut = (ctx: Context): void => {
    ctx.respond = false;
    ctx.req.socket.destroy();
  };

  const hold = (ctx: Context): void => {
    ctx.respond = false;
    const release = timers.after(HOLD_MS, () => ctx.req.socket.destroy());
    ctx.req.socket.once('close', release);
  };

  const pause = (ms: number): Promise<void> => new Promise((resolve) => void timers.after(ms, resolve));

  function send(ctx: Context, reply: Reply, headers: Readonly<Record<string, string>> = {}): void {
    ctx.status = reply.status;
    if (reply.bytes !== undefined) {
      ctx.body = reply.bytes;
      ctx.set('Content-Type', reply.type ?? 'application/octet-stream');
    } else if (reply.text !== undefined) {
      ctx.body = reply.text;
      ctx.set('Content-Type', reply.type ?? 'text/plain; charset=utf-8');
    } else if (reply.json !== undefined || reply.body !== undefined) {
      ctx.body = reply.json ?? JSON.stringify(reply.body);
      ctx.set('Content-Type', 'application/json; charset=utf-8');
    } else if (reply.status !== 204) {
      ctx.body = '';
      ctx.remove('Content-Type');
    }
    for (const name in headers) ctx.set(name, headers[name] ?? '');
    for (const name in reply.headers) ctx.set(name, reply.headers[name] ?? '');
  }

  async function readBody(ctx: Context): Promise<Buffer | 'too large'> {
    if (ctx.headers['content-length'] === undefined && ctx.headers['transfer-encoding'] === undefined) return NOTHING;
    try {
      return await getRawBody(ctx.req, { limit: BODY_LIMIT });
    } catch (error) {
      if (error instanceof Error && 'type' in error && error.type === 'entity.too.large') return 'too large';
      throw error;
    }
  }

  /** What a body says, in the way that its route reads it; or how the vendor words that it does not. */
  async function understood(ctx: Context, bytes: Buffer, reads: Route['reads']): Promise<Pick<Call, 'raw' | 'bytes' | 'form' | 'body'> | { readonly refusal: Reply }> {
    const type = ctx.headers['content-type'] ?? '';
    if (reads === 'bytes') return { raw: '', bytes, form: null, body: undefined };
    if (reads === 'form' && /^multipart\/form-data/i.test(type)) {
      const form = await readForm(type, bytes);
      return form === null ? { refusal: model.badBody('form') } : { raw: '', bytes, form, body: undefined };
    }
    if (!isUtf8(bytes)) return { refusal: model.badBody('encoding') };
    const raw = bytes.toString('utf8');
    if (raw === '' || reads === 'text') return { raw, bytes, form: null, body: undefined };
    try {
      return { raw, bytes, form: null, body: JSON.parse(raw) as unknown };
    } catch {
      return { refusal: model.badBody('json') };
    }
  }

  async function handle(ctx: Context, call: Call, found: ReturnType<typeof routes.find>): Promise<{ reply: Reply; who: string }> {
    const admission = model.admit(call);
    if ('refusal' in admission) return { reply: admission.refusal, who: '' };
    const { who } = admission;
    if (!found.route) return { reply: model.unrouted(call, found.allowed), who };
    const content = await understood(ctx, call.bytes, found.route.reads);
    if ('refusal' in content) return { reply: content.refusal, who };
    try {
      return { reply: await found.route.handle({ ...call, ...content, params: found.params, who }), who };
    } catch (error) {
      if (error instanceof Refused) return { reply: error.reply, who };
      throw error;
    }
  }

  async function answerControl(ctx: Context, query: URLSearchParams): Promise<void> {
    const bytes = await readBody(ctx);
    let body: unknown;
    try {
      body = bytes === 'too large' || bytes.length === 0 ? undefined : JSON.parse(bytes.toString('utf8'));
    } catch {
      send(ctx, { status: 400, body: { error: 'the body is not JSON' } });
      return;
    }
    send(ctx, control.answer(ctx.method, ctx.path, query, body));
  }

  async function serve(ctx: Context): Promise<void> {
    const query = new URLSearchParams(ctx.querystring);
    const { method, path: spelled } = ctx;
    if (spelled.startsWith(CONTROL_PREFIX)) return answerControl(ctx, query);

    const path = model.normalise(spelled);
    const found = routes.find(method, path);
    ledger.request(method, found.route?.path ?? '(unknown)');

    let loseResponse = false;
    for (const fault of ctx.get(CALM) === '' ? faults.forRequest(method, spelled) : []) {
      ledger.fault();
      if (fault.kind === 'latency') {
        await pause(fault.ms ?? LATENCY_MS);
        // Nobody waits any more, and what was not read yet is gone with the connection.
        if (ctx.req.destroyed) return cut(ctx);
      } else if (fault.kind === 'reset') return cut(ctx);
      else if (fault.kind === 'timeout') return hold(ctx);
      else if (fault.kind === 'lost-response') loseResponse = true;
      else {
        const headers = fault.retry_after === undefined ? {} : { 'Retry-After': String(fault.retry_after) };
        return send(ctx, model.wording(fault.status ?? 500), headers);
      }
    }

    const bytes = await readBody(ctx);
    if (bytes === 'too large') return send(ctx, model.badBody('size'));
    const call: Call = { method, path, params: {}, query, headers: ctx.headers, raw: '', bytes, form: null, body: undefined, who: '' };
    const { reply, who } = await handle(ctx, call, found);
    if (method !== 'GET' && reply.status < 300 && !reply.replayed) {
      ledger.write({ at: new Date(clock.now()).toISOString(), method, path, status: reply.status, by: who });
    }
    if (loseResponse) return cut(ctx);
    send(ctx, reply, model.stamp(call));
  }

  const app = new Koa();
  // A client that goes away in the middle is what faults are for; only our own mistakes are worth a line.
  app.on('error', (error: NodeJS.ErrnoException) => {
    // What has a type comes from the reader of bodies, whose client left while its request was delayed.
    if (error.code === undefined && !('type' in error) && !(error instanceof BadControl)) process.stderr.write(`sandbox ${model.service}: ${error.stack ?? error.message}\n`);
  });
  app.use(serve);
  const server = createServer(app.callback());
  // Longer than clients keep idle connections, so that none is closed in the moment of its next use.
  server.keepAliveTimeout = 75_000;
  base = `http://${at.host.includes(':') ? `[${at.host}]` : at.host}:${await listen(server, at)}`;

  return {
    service: model.service,
    url: base,
    credentials: model.credentials,
    human: model.human,
    accountSettings: model.accountSettings ?? {},
    state: () => control.state(false),
    reset: control.reset,
    faults: control.fault,
    settings: control.switch,
    close: () =>
      new Promise((resolve) => {
        timers.close();
        deliveries.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        reject(new Error(`port ${port} on ${host} is in use: stop what listens there, or choose another first port (--port)`));
      } else if (error.code === 'EACCES') {
        reject(new Error(`port ${port} on ${host} may not be used by this user: choose a first port above 1023 (--port)`));
      } else reject(error);
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}
