/** `/__sandbox`: what a test uses to look into a desk and to order faults. Never faulted, never counted. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Clock } from './clock.ts';
import type { Deliveries } from './deliveries.ts';
import type { DeskModel, HandMadeWebhook, Json, Reply } from './desk.ts';
import type { Fault, Faults } from './faults.ts';
import { isJson } from './json.ts';
import type { Ledger } from './ledger.ts';

export const CONTROL_PREFIX = '/__sandbox';

/** A control request that makes no sense, with every reason at once. */
export class BadControl extends Error {
  readonly faults: readonly string[];

  constructor(what: string, faults: readonly string[]) {
    super(`${what}: ${faults.join('; ')}`);
    this.name = 'BadControl';
    this.faults = faults;
  }
}

const ajv = new Ajv2020({ allErrors: true, strict: true });

const COUNT = { type: 'integer', minimum: 1 };
const SHARE = { type: 'number', minimum: 0, maximum: 1 };
const SPAN = { type: 'integer', minimum: 0, maximum: 3_600_000 };
const NONE = { type: 'object', additionalProperties: false, properties: { kind: {} } };
const REQUEST_FAULT = {
  type: 'object',
  additionalProperties: false,
  properties: {
    kind: {},
    method: { type: 'string', minLength: 1 },
    path: { type: 'string', minLength: 1 },
    status: { type: 'integer', minimum: 200, maximum: 599 },
    retry_after: { type: 'integer', minimum: 0 },
    ms: SPAN,
    times: COUNT,
    rate: SHARE,
  },
};
const WEBHOOK_FAULT = { type: 'object', additionalProperties: false, properties: { kind: {}, ms: SPAN, times: COUNT, rate: SHARE } };

const requestFault = ajv.compile(REQUEST_FAULT);
const webhookFault = ajv.compile(WEBHOOK_FAULT);
const FAULT_VALIDATORS: Readonly<Record<Fault['kind'], ValidateFunction>> = {
  none: ajv.compile(NONE),
  status: requestFault,
  timeout: requestFault,
  reset: requestFault,
  'lost-response': requestFault,
  latency: requestFault,
  duplicate: webhookFault,
  drop: webhookFault,
  delay: webhookFault,
  reorder: webhookFault,
};

const webhookValidator = ajv.compile({
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  properties: {
    url: { type: 'string', pattern: '^https?://' },
    headers: { type: 'object', additionalProperties: { type: 'string' } },
    secret: { type: 'string', minLength: 1 },
  },
});

/** Switches that every desk has. */
const COMMON_SETTINGS: Readonly<Record<string, object>> = {
  clock_offset_ms: { type: 'integer' },
  seed: { type: 'integer', minimum: 0 },
};

function demand(validate: ValidateFunction, what: string, body: unknown): Json {
  if (!isJson(body)) throw new BadControl(what, ['the body must be a JSON object']);
  if (validate(body)) return body;
  const faults = (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const extra = 'additionalProperty' in params ? ` (${String(params['additionalProperty'])})` : '';
    return `${instancePath === '' ? 'body' : instancePath.slice(1)} ${message ?? 'is wrong'}${extra}`;
  });
  throw new BadControl(what, faults);
}

function readFault(body: unknown): Fault {
  const kind = isJson(body) ? body['kind'] : undefined;
  const known = Object.keys(FAULT_VALIDATORS);
  if (typeof kind !== 'string' || !known.includes(kind)) throw new BadControl('bad fault', [`kind must be one of ${known.join(', ')}`]);
  // Validated by the schema of its kind, which allows exactly the properties of that type.
  return demand(FAULT_VALIDATORS[kind as Fault['kind']], 'bad fault', body) as unknown as Fault;
}

function readWebhook(body: unknown): HandMadeWebhook {
  const found = demand(webhookValidator, 'bad webhook', body) as { url: string; headers?: Record<string, string>; secret?: string };
  if (!URL.canParse(found.url)) throw new BadControl('bad webhook', ['url is not a URL']);
  return { url: found.url, headers: found.headers ?? {}, secret: found.secret ?? null };
}

export interface Control {
  answer(method: string, path: string, query: URLSearchParams, body: unknown): Reply;
  state(brief: boolean): Json;
  reset(): void;
  fault(body: unknown): void;
  /** Turns the desk's switches. Throws for those it does not have. */
  switch(body: unknown): void;
}

export function createControl(
  model: DeskModel,
  parts: { readonly clock: Clock; readonly faults: Faults; readonly ledger: Ledger; readonly deliveries: Deliveries; url(): string },
): Control {
  const { clock, faults, ledger, deliveries } = parts;
  const settingsValidator = ajv.compile({
    type: 'object',
    additionalProperties: false,
    properties: { ...COMMON_SETTINGS, ...model.settingsSchema },
  });
  const defaults = structuredClone(model.settings);

  const state = (brief: boolean): Json => ({
    service: model.service,
    url: parts.url(),
    now: new Date(clock.now()).toISOString(),
    counts: model.counts(),
    ...ledger.totals(),
    requests: ledger.requests(),
    deliveries: deliveries.counts(),
    faults: faults.active(),
    settings: model.settings,
    ...(brief ? {} : { ...model.holds(), writes: ledger.writes() }),
  });
  const reset = (): void => {
    deliveries.clear();
    faults.clear();
    ledger.clear();
    clock.rewind();
    Object.assign(model.settings, structuredClone(defaults));
    model.reset();
  };
  const fault = (body: unknown): void => faults.add(readFault(body));
  const turn = (body: unknown): void => {
    const { clock_offset_ms: offset, seed, ...own } = demand(settingsValidator, 'bad settings', body);
    if (typeof offset === 'number') clock.shift(offset);
    if (typeof seed === 'number') faults.seed(seed);
    Object.assign(model.settings, own);
  };

  const actions: Readonly<Record<string, (query: URLSearchParams, body: unknown) => unknown>> = {
    'GET state': (query) => state(['1', 'true'].includes(query.get('brief') ?? '')),
    'POST reset': () => {
      reset();
      return { reset: true };
    },
    'POST webhook': (_query, body) => ({ webhook: model.installWebhook(readWebhook(body)) }),
    'POST faults': (_query, body) => {
      fault(body);
      return { faults: faults.active() };
    },
    'POST settings': (_query, body) => {
      turn(body);
      return { settings: model.settings };
    },
  };

  return {
    state,
    reset,
    fault,
    switch: turn,
    answer(method, path, query, body) {
      const action = actions[`${method} ${path.slice(CONTROL_PREFIX.length + 1)}`];
      if (!action) return { status: 404, body: { error: `no such control; there are ${Object.keys(actions).join(', ')}` } };
      try {
        return { status: 200, body: action(query, body) };
      } catch (error) {
        if (error instanceof BadControl) return { status: 400, body: { error: error.message, details: error.faults } };
        throw error;
      }
    },
  };
}
