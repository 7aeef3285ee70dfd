/** What connectors are given in these tests: a clock that can be moved, pauses that take no time, accounts from literals. */
import type { Account, Connector } from '../../../src/ports/connector.ts';
import type { World } from '../../../src/ports/world.ts';

export function testWorld(now: () => number = () => Date.now()): World {
  const silent = (): void => undefined;
  return {
    now,
    sleep: () => Promise.resolve(),
    id: () => '00000000-0000-7000-8000-000000000000',
    random: () => 0.5,
    log: { debug: silent, info: silent, warn: silent, error: silent },
  };
}

export function accountOf(
  desk: { readonly connector: Connector; readonly url: string; readonly settings?: Readonly<Record<string, unknown>> },
  credentials: Readonly<Record<string, string>>,
  more: Partial<Account> = {},
): Account {
  return {
    id: 1,
    name: 'test',
    service: desk.connector.about.service,
    url: desk.url,
    credentials,
    settings: desk.settings ?? {},
    hook_token: 'hook-token-of-the-test',
    inbound_secrets: [],
    state: 'running',
    stopped_because: null,
    ...more,
  };
}
