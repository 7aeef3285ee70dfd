/** Webhooks out: a queue of its own that never holds up the API call that caused them. */
import { Agent, request as httpRequest, type ClientRequest } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import type { Faults } from './faults.ts';
import { createTimers } from './timers.ts';

/** What became of one attempt. `status` is null when there was no answer. */
export interface Outcome {
  readonly status: number | null;
  readonly timedOut: boolean;
  /** Seconds, from the receiver's `Retry-After`. */
  readonly retryAfter: number | null;
}

/** One webhook to one receiver. */
export interface Shipment {
  readonly url: string;
  readonly method: string;
  /** Made anew for every attempt: a signature carries the time of sending. */
  compose(attempt: number): { readonly headers: Readonly<Record<string, string>>; readonly body: string };
  /** Milliseconds until the next attempt, or null to give up: the vendor's own rule. */
  retry(outcome: Outcome, attempt: number): number | null;
  /** Told what became of each attempt; for vendors that show it. */
  settled?(outcome: Outcome, attempt: number): void;
}

export interface DeliveryCounts {
  /** Requests made. */
  readonly attempts: number;
  readonly delivered: number;
  readonly given_up: number;
  /** Held back by a `drop` fault. */
  readonly dropped: number;
  /** Not settled yet: under way, held back, or waiting for a retry. */
  readonly waiting: number;
}

export interface Deliveries {
  send(shipment: Shipment): void;
  counts(): DeliveryCounts;
  /** Forgets what waits and starts counting anew. */
  clear(): void;
  close(): void;
}

const TIMEOUT_MS = 10_000;
const DEFAULT_DELAY_MS = 1_000;
/** How long a `reorder` fault holds a delivery back when no other comes to overtake it. */
const REORDER_MS = 200;

export function createDeliveries(faults: Faults): Deliveries {
  const agents = { http: new Agent({ keepAlive: true, maxSockets: 64 }), https: new TlsAgent({ keepAlive: true, maxSockets: 64 }) };
  const timers = createTimers();
  let generation = 0;
  let counts = { attempts: 0, delivered: 0, given_up: 0, dropped: 0, waiting: 0 };
  /** Deliveries that wait until another has overtaken them. */
  let overtaken: (() => void)[] = [];
  const live = new Set<ClientRequest>();
  let closed = false;

  /** `answered` is called when the attempt is over, however it went. */
  function attempt(shipment: Shipment, number: number, born: number, answered: () => void = () => undefined, fresh = false): void {
    if (closed || born !== generation) return;
    counts.attempts += 1;
    let settled = false;
    let cancelTimeout = (): void => undefined;
    const settle = (outcome: Outcome): void => {
      if (settled) return;
      settled = true;
      cancelTimeout();
      if (closed || born !== generation) return;
      answered();
      shipment.settled?.(outcome, number);
      if (outcome.status !== null && outcome.status >= 200 && outcome.status < 300) {
        counts.delivered += 1;
        counts.waiting -= 1;
        return;
      }
      const wait = shipment.retry(outcome, number);
      if (wait === null) {
        counts.given_up += 1;
        counts.waiting -= 1;
        return;
      }
      timers.after(wait, () => attempt(shipment, number + 1, born));
    };
    try {
      const { headers, body } = shipment.compose(number);
      const url = new URL(shipment.url);
      const tls = url.protocol === 'https:';
      const request = (tls ? httpsRequest : httpRequest)(url, {
        method: shipment.method,
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        agent: fresh ? false : tls ? agents.https : agents.http,
      });
      live.add(request);
      request.on('close', () => live.delete(request));
      request.on('response', (response) => {
        response.resume();
        const seconds = Number(response.headers['retry-after']);
        const retryAfter = Number.isFinite(seconds) && response.headers['retry-after'] !== undefined ? seconds : null;
        const done = (): void => settle({ status: response.statusCode ?? null, timedOut: false, retryAfter });
        response.on('end', done);
        response.on('error', done);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        // A receiver may close an idle connection in the moment it is used again; that is no answer of the receiver.
        if (!settled && request.reusedSocket && error.code === 'ECONNRESET') {
          settled = true;
          cancelTimeout();
          attempt(shipment, number, born, answered, true);
          return;
        }
        settle({ status: null, timedOut: false, retryAfter: null });
      });
      cancelTimeout = timers.after(TIMEOUT_MS, () => {
        settle({ status: null, timedOut: true, retryAfter: null });
        request.destroy();
      });
      request.end(body);
    } catch {
      settle({ status: null, timedOut: false, retryAfter: null });
    }
  }

  return {
    send(shipment) {
      if (closed) return;
      const born = generation;
      const struck = faults.forDelivery();
      const kinds = new Set(struck.map(({ kind }) => kind));
      if (kinds.has('drop')) {
        counts.dropped += 1;
        return;
      }
      const copies = kinds.has('duplicate') ? 2 : 1;
      counts.waiting += copies;
      const start = (answered?: () => void): void => {
        for (let copy = 0; copy < copies; copy += 1) attempt(shipment, 1, born, answered);
      };
      const delay = struck.find(({ kind }) => kind === 'delay');
      const reorder = struck.find(({ kind }) => kind === 'reorder');
      if (delay) timers.after(delay.ms ?? DEFAULT_DELAY_MS, () => start());
      else if (reorder) {
        let gone = false;
        const go = (): void => {
          if (gone) return;
          gone = true;
          start();
        };
        overtaken.push(go);
        timers.after(reorder.ms ?? REORDER_MS, go);
      } else {
        const waiting = overtaken;
        overtaken = [];
        // Only once this one has been answered, so that it has really overtaken the others.
        setImmediate(() => start(() => waiting.forEach((go) => go())));
      }
    },
    counts: () => ({ ...counts }),
    clear() {
      generation += 1;
      timers.clear();
      overtaken = [];
      counts = { attempts: 0, delivered: 0, given_up: 0, dropped: 0, waiting: 0 };
    },
    close() {
      closed = true;
      timers.close();
      for (const request of live) request.destroy();
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}
