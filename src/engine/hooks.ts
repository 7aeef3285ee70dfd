/** Sees to it that each desk sends its webhooks here: registers them where the desk's API allows it, else says what its owner has to do. */
import { DeskFailure } from '../ports/connector.ts';
import type { AccountStore } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import type { Roster } from './roster.ts';

/** How an account's webhook stands. */
export interface HookState {
  readonly name: string;
  readonly id: number;
  readonly service: string;
  readonly hook_url: string;
  readonly hook: 'registered' | 'manual';
  /** What its owner has to do; empty when registered. */
  readonly steps: readonly string[];
  /** Why it could not be registered just now; it is tried again with every sweep. */
  readonly problem: string | null;
}

export interface Hooks {
  /** One account's hook, registered if need be. Rejects only for faults of ours. */
  ensure(accountId: number): Promise<HookState | null>;
  /** Tries those again that could not be registered. */
  retry(accountId: number): Promise<void>;
}

export function createHooks(ports: {
  readonly roster: Roster;
  readonly accounts: AccountStore;
  readonly world: World;
  /** Without a trailing slash; asked for late, since the port may be known late. */
  readonly publicUrl: () => Promise<string>;
}): Hooks {
  const { roster, world } = ports;
  const pending = new Set<number>();

  async function ensure(accountId: number): Promise<HookState | null> {
    const member = roster.member(accountId);
    if (member === null) return null;
    const { account, desk } = member;
    const url = `${await ports.publicUrl()}/hooks/${account.id}/${account.hook_token}`;
    const state = { name: account.name, id: account.id, service: account.service, hook_url: url };
    try {
      const hook = await desk.ensureWebhook(url);
      pending.delete(accountId);
      if (hook.status === 'manual') return { ...state, hook: 'manual', steps: hook.steps, problem: null };
      if (!sameSecrets(hook.secrets, account.inbound_secrets)) {
        await ports.accounts.setSecrets(accountId, hook.secrets);
        await roster.refresh(true);
      }
      return { ...state, hook: 'registered', steps: [], problem: null };
    } catch (error) {
      if (!(error instanceof DeskFailure)) throw error;
      pending.add(accountId);
      world.log.warn('hook.not_registered', { account: account.name, kind: error.kind, message: error.message });
      await roster.failed(accountId, error);
      return { ...state, hook: 'manual', steps: [], problem: error.message };
    }
  }

  return {
    ensure,
    async retry(accountId) {
      if (pending.has(accountId)) await ensure(accountId);
    },
  };
}

function sameSecrets(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((secret, i) => secret === b[i]);
}
