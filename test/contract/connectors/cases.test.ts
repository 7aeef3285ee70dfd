/**
 * Cases as data: what a connector asks of its desk, word for word, and what it makes of the answer. Each case in
 * `cases/<service>.json` names the calls in their order, the method, and what it gives or how it fails.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import nock from 'nock';
import { connectors } from '../../../src/connectors/index.ts';
import { DeskFailure, type Desk } from '../../../src/ports/connector.ts';
import { accountOf, testWorld } from './world.ts';

interface Call {
  readonly method: string;
  /** With the query, as it goes over the wire. */
  readonly path: string;
  /** The exact body that is expected. */
  readonly sends?: unknown;
  readonly with_headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answers?: unknown;
  readonly text?: string;
  readonly times?: number;
}

interface Case {
  readonly name: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly credentials?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly now?: string;
  readonly calls: readonly Call[];
  /** Method and arguments, one after the other; the last one's result counts. */
  readonly do: readonly (readonly [string, ...unknown[]])[];
  readonly gives?: unknown;
  readonly fails?: Readonly<Record<string, unknown>>;
}

const BASE = 'https://desk.example';
const CREDENTIALS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  zendesk: { email: 'bot@acme.example', token: 'zendesk-secret' },
  freshdesk: { key: 'freshdesk-secret' },
  helpdesk: { key: 'helpdesk-secret', workspace: 'ws_1' },
  helpspace: { token: 'helpspace-secret', client_id: 'hs-1' },
  'zendesk-classic': { email: 'bot@acme.example', token: 'classic-secret' },
};

beforeAll(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());
afterAll(() => {
  nock.enableNetConnect();
  nock.restore();
});

function expectCall(call: Call): nock.Scope {
  const scope = nock(BASE, call.with_headers === undefined ? {} : { reqheaders: { ...call.with_headers } });
  return scope
    .intercept((uri) => uri === call.path, call.method, call.sends === undefined ? undefined : (body) => same(body, call.sends))
    .times(call.times ?? 1)
    .reply(call.status, call.text ?? (call.answers === undefined ? '' : JSON.stringify(call.answers)), { ...call.headers });
}

function same(body: unknown, expected: unknown): boolean {
  expect(body).toEqual(expected);
  return true;
}

async function perform(desk: Desk, steps: Case['do']): Promise<unknown> {
  let result: unknown;
  for (const [method, ...args] of steps) {
    const call: unknown = Reflect.get(desk, method);
    if (typeof call !== 'function') throw new Error(`this desk has no ${method}`);
    result = await (call as (...args: readonly unknown[]) => unknown)(...args);
  }
  return result;
}

for (const [service, connector] of Object.entries(connectors)) {
  const cases = JSON.parse(readFileSync(new URL(`./cases/${service}.json`, import.meta.url), 'utf8')) as readonly Case[];

  describe(service, () => {
    test.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
      const scopes = one.calls.map(expectCall);
      const now = Date.parse(one.now ?? '2026-03-01T12:00:00Z');
      const account = accountOf(
        { connector, url: BASE, settings: one.settings ?? {} },
        { ...CREDENTIALS[service], ...one.credentials },
        { inbound_secrets: one.secrets ?? [] },
      );
      const desk = connector.connect(account, testWorld(() => now));
      const outcome = await perform(desk, one.do).then(
        (value) => ({ value, failure: null }),
        (failure: unknown) => ({ value: undefined, failure }),
      );
      if (one.fails === undefined) {
        expect(outcome.failure).toBeNull();
        expect({ value: outcome.value ?? null }).toMatchObject({ value: one.gives ?? null });
        if (Array.isArray(Reflect.get(Object(one.gives), 'items'))) {
          expect(Reflect.get(Object(outcome.value), 'items')).toHaveLength((one.gives as { readonly items: readonly unknown[] }).items.length);
        }
      } else {
        expect(outcome.failure).toBeInstanceOf(DeskFailure);
        expect(outcome.failure).toMatchObject(one.fails);
        expect(`${String(outcome.failure)} ${JSON.stringify(outcome.failure)}`).not.toContain('-secret');
      }
      for (const scope of scopes) expect(scope.pendingMocks()).toEqual([]);
    });
  });
}
