/** The connected accounts at work: their desks, the rules between them, and which of them may be called just now. */
import type { Automation } from '../core/automation.ts';
import { isFlood, USUAL_LIMITS, type Limits } from '../core/guards.ts';
import { lensOf, NO_LENS_TERMS, type LensTerms } from '../core/lens.ts';
import { pairingsOf, type Pairing } from '../core/pairing.ts';
import { rulesOf, type CompileWhere, type Rules } from '../core/rules.ts';
import type { Sight } from '../core/sight.ts';
import { DeskFailure, type Account, type Connector, type Desk, type Vault } from '../ports/connector.ts';
import type { AccountBook } from '../ports/intake.ts';
import type { AccountStore } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import { createLore } from './lore.ts';

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
  /** In the order in which they run; another list whenever they were read anew. */
  automations(): readonly Automation[];
  /** The names of all mirrors. */
  mirrors(): ReadonlySet<string>;
  /** The mirrors that recognise tickets which are on both sides already. */
  pairings(): readonly Pairing[];
  /** Milliseconds until the account may be called; 0 = now, null = it is stopped. */
  wait(accountId: number): number | null;
  /** A call went well. True if the account had been failing: its waiting lanes should be hastened. */
  succeeded(accountId: number): boolean;
  /** A call failed. Stops the account when its credentials do not work; pauses it when it is down or throttles. */
  failed(accountId: number, failure: DeskFailure): Promise<'stopped' | 'refused' | 'noted'>;
  /** Resolves when the desk has told what its forecasts depend on; rejects with its `DeskFailure` if it never did. */
  ready(accountId: number): Promise<void>;
  /** Whether `ready` would resolve at once. */
  knows(accountId: number): boolean;
  /**
   * Whether so many deletions seen on this account may be believed. False from the moment that they are a flood until a person
   * releases them.
   */
  believes(accountId: number, deletions: number): Promise<boolean>;
  /** Tries a stopped account's credentials again. */
  probe(accountId: number): Promise<boolean>;
  /** Reads accounts and mirrors anew if they changed. */
  refresh(force?: boolean): Promise<void>;
}

/** So many failures in a row pause an account; one lost answer does not. */
const FAILURES_BEFORE_PAUSE = 3;
const LONGEST_PAUSE_MS = 30_000;
/** A shorter pause ends before the others would hear of it. */
const WORTH_TELLING_MS = 3_000;

/** Why an account is stopped that a person switched off: nobody tries its credentials until they switch it on again. */
export const SWITCHED_OFF = 'switched off through the API';

export function createRoster(ports: {
  readonly accounts: AccountStore;
  readonly vault?: Vault;
  readonly connectors: Readonly<Record<string, Connector>>;
  /** Needed where a mirror has a `where`. */
  readonly compileWhere?: CompileWhere;
  readonly limits?: Limits;
  readonly world: World;
}): Roster {
  const { world, limits = USUAL_LIMITS } = ports;
  let version = -1;
  let rules = rulesOf([]);
  let pairings: readonly Pairing[] = [];
  let mirrors: ReadonlySet<string> = new Set();
  let lenses: ReadonlyMap<number, LensTerms> = new Map();
  let automations: readonly Automation[] = [];
  let members = new Map<number, Member>();
  let names = new Map<string, number>();
  const health = new Map<number, Health>();
  const lore = createLore(world);

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
      return { ...known, account, sight: sightOf(account, known.desk) };
    }
    const connector = Object.hasOwn(ports.connectors, account.service) ? ports.connectors[account.service] : undefined;
    if (connector === undefined) {
      world.log.error('account.unknown_service', { account: account.name, service: account.service });
      return null;
    }
    try {
      const desk = connector.connect(account, world, ports.vault);
      return { account, desk, sight: sightOf(account, desk) };
    } catch (error) {
      // What one account was given does not work together: the others go on without it.
      world.log.error('account.unusable', { account: account.name, message: error instanceof Error ? error.message : String(error) });
      return null;
    }
  };

  const sightOf = (account: Account, desk: Desk): Sight => {
    const lens = lensOf(lenses.get(account.id) ?? NO_LENS_TERMS);
    return {
      account: { id: account.id, name: account.name },
      can: desk.can,
      lens,
      limits,
      get rules() {
        return rules;
      },
      forecast: (fields) => desk.forecast(fields),
      forecastComment: (draft) => desk.forecastComment(draft),
      nameOfAccount: (id) => members.get(id)?.account.name ?? `account ${id}`,
    };
  };

  const reload = async (): Promise<void> => {
    const loaded = await ports.accounts.load();
    lenses = loaded.lenses;
    const next = new Map<number, Member>();
    for (const account of loaded.accounts) {
      const member = connect(account);
      if (member !== null) next.set(account.id, member);
    }
    members = next;
    names = new Map([...next.values()].map(({ account }) => [account.name, account.id]));
    rules = rulesOf(loaded.edges, ports.compileWhere);
    automations = loaded.automations;
    pairings = pairingsOf(loaded.edges);
    mirrors = new Set(loaded.edges.map(({ mirror }) => mirror));
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
    automations: () => automations,
    mirrors: () => mirrors,
    pairings: () => pairings,
    wait(id) {
      const member = members.get(id);
      if (member === undefined || member.account.state === 'stopped') return null;
      return Math.max(0, Math.max(healthOf(id).pausedUntil, member.account.paused_until ?? 0) - world.now());
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
        // A budget of one ticket or endpoint keeps nobody else waiting.
        if (failure.reach === 'call') return 'noted';
        state.failures += 1;
        state.pausedUntil = Math.max(state.pausedUntil, failure.retryAt ?? world.now() + 10_000);
        const told = members.get(id)?.account.paused_until ?? 0;
        // The budget is the account's: the other processes wait as well.
        if (state.pausedUntil > Math.max(world.now(), told) + WORTH_TELLING_MS) await ports.accounts.pause(id, state.pausedUntil);
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
    ready: (id) => lore.ready(id, members.get(id)?.desk),
    knows: (id) => lore.knows(id, members.get(id)?.desk),
    async believes(id, deletions) {
      const member = members.get(id);
      if (member === undefined || deletions === 0) return true;
      if (member.account.deletions_held !== undefined || member.account.rules_held !== undefined) return false;
      const recent = await ports.accounts.countDeletions(id, deletions, limits.deletions.windowMs);
      // Tickets are counted only if it matters.
      if (!isFlood(recent, 0, limits)) return true;
      const tickets = (await ports.accounts.countTickets(id)) + recent;
      if (!isFlood(recent, tickets, limits)) return true;
      const because = `${recent} deletions within ${Math.round(limits.deletions.windowMs / 60_000)} minutes, of some ${tickets} tickets`;
      members.set(id, { ...member, account: { ...member.account, deletions_held: because } });
      world.log.warn('account.deletions_held', { account: member.account.name, because });
      await ports.accounts.holdDeletions(id, because);
      return false;
    },
    async probe(id) {
      if (members.get(id)?.account.stopped_because === SWITCHED_OFF) return false;
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
