/** The connected accounts at work: their desks, the rules between them, and which of them may be called just now. */
import { rulesOf, type Rules } from '../core/rules.ts';
import type { Sight } from '../core/sight.ts';
import { DeskFailure, type Account, type Connector, type Desk } from '../ports/connector.ts';
import type { AccountBook } from '../ports/intake.ts';
import type { AccountStore } from '../ports/store.ts';
import type { World } from '../ports/world.ts';

/** One account with its desk connected. */
export interface Member {
  readonly account: Account;
  readonly desk: Desk;
  readonly sight: Sight;
}

/** How an account's calls have gone lately. */
interface Health {
  failures: number;
  /** Epoch milliseconds before which the account is not called. */
  pausedUntil: number;
}

export interface Roster extends AccountBook {
  member(accountId: number): Member | null;
  members(): readonly Member[];
  rules(): Rules;
  /** Milliseconds until the account may be called; 0 = now, null = it is stopped. */
  wait(accountId: number): number | null;
  /** A call went well. True if the account had been failing: its waiting lanes should be hastened. */
  succeeded(accountId: number): boolean;
  /** A call failed. Stops the account when its credentials do not work; pauses it when it is down or throttles. */
  failed(accountId: number, failure: DeskFailure): Promise<'stopped' | 'refused' | 'noted'>;
  /** Tries a stopped account's credentials again. */
  probe(accountId: number): Promise<boolean>;
  /** Reads accounts and mirrors anew if they changed. */
  refresh(force?: boolean): Promise<void>;
}

/** So many failures in a row pause an account; one lost answer does not. */
const FAILURES_BEFORE_PAUSE = 3;
const LONGEST_PAUSE_MS = 30_000;

export function createRoster(ports: {
  readonly accounts: AccountStore;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly world: World;
}): Roster {
  const { world } = ports;
  let version = -1;
  let rules = rulesOf([]);
  let members = new Map<number, Member>();
  let names = new Map<string, number>();
  const health = new Map<number, Health>();

  const healthOf = (id: number): Health => {
    const known = health.get(id);
    if (known !== undefined) return known;
    const fresh: Health = { failures: 0, pausedUntil: 0 };
    health.set(id, fresh);
    return fresh;
  };

  const connect = (account: Account): Member | null => {
    const known = members.get(account.id);
    if (known !== undefined && sameConnection(known.account, account)) {
      return { ...known, account };
    }
    const connector = Object.hasOwn(ports.connectors, account.service) ? ports.connectors[account.service] : undefined;
    if (connector === undefined) {
      world.log.error('account.unknown_service', { account: account.name, service: account.service });
      return null;
    }
    const desk = connector.connect(account, world);
    const sight: Sight = {
      account: { id: account.id, name: account.name },
      can: desk.can,
      get rules() {
        return rules;
      },
      forecast: (fields) => desk.forecast(fields),
      forecastComment: (draft) => desk.forecastComment(draft),
      nameOfAccount: (id) => members.get(id)?.account.name ?? `account ${id}`,
    };
    return { account, desk, sight };
  };

  const reload = async (): Promise<void> => {
    const loaded = await ports.accounts.load();
    const next = new Map<number, Member>();
    for (const account of loaded.accounts) {
      const member = connect(account);
      if (member !== null) next.set(account.id, member);
    }
    members = next;
    names = new Map([...next.values()].map(({ account }) => [account.name, account.id]));
    rules = rulesOf(loaded.edges);
    version = loaded.version;
  };

  const setState = async (id: number, state: 'running' | 'stopped', because: string | null): Promise<void> => {
    const member = members.get(id);
    if (member === undefined || member.account.state === state) return;
    members.set(id, { ...member, account: { ...member.account, state, stopped_because: because } });
    if (state === 'stopped') {
      world.log.warn('account.stopped', { account: member.account.name, because });
      await ports.accounts.stop(id, because ?? '');
    } else {
      world.log.info('account.resumed', { account: member.account.name });
      await ports.accounts.resume(id);
    }
  };

  const checked = async (id: number): Promise<DeskFailure | null> => {
    try {
      await members.get(id)?.desk.check();
      return null;
    } catch (error) {
      if (error instanceof DeskFailure) return error;
      throw error;
    }
  };

  return {
    byId: (id) => members.get(id)?.account ?? null,
    byName: (name) => members.get(names.get(name) ?? -1)?.account ?? null,
    all: () => [...members.values()].map(({ account }) => account),
    member: (id) => members.get(id) ?? null,
    members: () => [...members.values()],
    rules: () => rules,
    wait(id) {
      const member = members.get(id);
      if (member === undefined || member.account.state === 'stopped') return null;
      return Math.max(0, healthOf(id).pausedUntil - world.now());
    },
    succeeded(id) {
      const state = healthOf(id);
      if (state.failures === 0) return false;
      state.failures = 0;
      state.pausedUntil = 0;
      return true;
    },
    async failed(id, failure) {
      const state = healthOf(id);
      if (failure.kind === 'unauthorised') {
        // A desk may forbid one ticket to us; only credentials that fail a call of their own stop the account.
        const proof = failure.status === 403 ? await checked(id) : failure;
        if (proof === null) return 'refused';
        if (proof.kind === 'unauthorised') {
          await setState(id, 'stopped', proof.message);
          return 'stopped';
        }
        return 'noted';
      }
      if (failure.kind === 'throttled') {
        state.failures += 1;
        state.pausedUntil = Math.max(state.pausedUntil, failure.retryAt ?? world.now() + 10_000);
      } else if ((failure.kind === 'unavailable' || failure.kind === 'unsure') && state.pausedUntil <= world.now()) {
        // Calls that were under way as the pause began tell of the same trouble: it grows by what fails after it.
        state.failures += 1;
        if (state.failures >= FAILURES_BEFORE_PAUSE) {
          const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(state.failures - FAILURES_BEFORE_PAUSE, 10));
          state.pausedUntil = Math.max(state.pausedUntil, world.now() + pause * (1 - 0.25 * world.random()));
        }
      }
      return 'noted';
    },
    async probe(id) {
      const failure = await checked(id);
      if (failure !== null) return false;
      await setState(id, 'running', null);
      return true;
    },
    async refresh(force = false) {
      if (!force && version === (await ports.accounts.version())) return;
      await reload();
    },
  };
}

/** A desk stays connected, with its caches and open sockets, unless something that it was connected with changed. */
function sameConnection(a: Account, b: Account): boolean {
  const parts = ({ service, url, credentials, settings, inbound_secrets }: Account): string =>
    JSON.stringify([service, url, credentials, settings, inbound_secrets]);
  return parts(a) === parts(b);
}
