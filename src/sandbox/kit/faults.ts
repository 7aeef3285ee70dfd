/** Faults that a test orders: which requests and deliveries go wrong, how, and how often. They add up until cleared. */
import { createChance } from './clock.ts';

export interface RequestFault {
  readonly kind: 'status' | 'timeout' | 'reset' | 'lost-response' | 'latency';
  readonly method?: string;
  /** A part of the request path, or with `*` a pattern of the whole. */
  readonly path?: string;
  readonly status?: number;
  /** Seconds, sent as `Retry-After`. */
  readonly retry_after?: number;
  readonly ms?: number;
  /** How often it strikes before it is over. */
  readonly times?: number;
  /** The share of matching requests that it strikes. */
  readonly rate?: number;
}

export interface WebhookFault {
  readonly kind: 'duplicate' | 'drop' | 'delay' | 'reorder';
  readonly ms?: number;
  readonly times?: number;
  readonly rate?: number;
}

export type Fault = RequestFault | WebhookFault | { readonly kind: 'none' };

export interface Faults {
  add(fault: Fault): void;
  /** Faults that strike this request: any number of delays, then at most one that ends it. */
  forRequest(method: string, path: string): readonly RequestFault[];
  forDelivery(): readonly WebhookFault[];
  active(): readonly Fault[];
  /** Starts the row of chances anew. */
  seed(seed: number): void;
  clear(): void;
}

interface Armed<F> {
  readonly fault: F;
  readonly matches: (method: string, path: string) => boolean;
  left: number;
}

const WEBHOOK_KINDS: readonly string[] = ['duplicate', 'drop', 'delay', 'reorder'];
const isWebhookFault = (fault: Fault): fault is WebhookFault => WEBHOOK_KINDS.includes(fault.kind);

function matcher(fault: RequestFault): (method: string, path: string) => boolean {
  const wanted = fault.method?.toUpperCase();
  const pattern = fault.path?.includes('*')
    ? new RegExp(`^${fault.path.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&')).join('.*')}$`)
    : null;
  return (method, path) =>
    (wanted === undefined || wanted === method) &&
    (fault.path === undefined || (pattern ? pattern.test(path) : path.includes(fault.path)));
}

export function createFaults(): Faults {
  let requestFaults: Armed<RequestFault>[] = [];
  let webhookFaults: Armed<WebhookFault>[] = [];
  let chance = createChance(1);

  const strikes = (armed: Armed<RequestFault> | Armed<WebhookFault>): boolean => {
    const { rate } = armed.fault;
    if (rate !== undefined && chance() >= rate) return false;
    armed.left -= 1;
    return true;
  };
  const seed = (value: number): void => {
    chance = createChance(value);
  };
  const clear = (): void => {
    requestFaults = [];
    webhookFaults = [];
    seed(1);
  };

  return {
    add(fault) {
      if (fault.kind === 'none') clear();
      else if (isWebhookFault(fault)) webhookFaults.push({ fault, matches: () => true, left: fault.times ?? Infinity });
      else requestFaults.push({ fault, matches: matcher(fault), left: fault.times ?? Infinity });
    },
    forRequest(method, path) {
      if (requestFaults.length === 0) return [];
      const struck: RequestFault[] = [];
      for (const armed of requestFaults) {
        if (!armed.matches(method, path) || !strikes(armed)) continue;
        struck.push(armed.fault);
        if (armed.fault.kind !== 'latency') break;
      }
      requestFaults = requestFaults.filter(({ left }) => left > 0);
      return struck;
    },
    forDelivery() {
      if (webhookFaults.length === 0) return [];
      const struck = webhookFaults.filter(strikes).map(({ fault }) => fault);
      webhookFaults = webhookFaults.filter(({ left }) => left > 0);
      return struck;
    },
    active: () =>
      [...requestFaults, ...webhookFaults].map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, times: left } : fault)),
    seed,
    clear,
  };
}
