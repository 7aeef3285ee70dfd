/** Frees what waits for a person: steps that a desk refused twice, and receipts that could not be read. */
import { parkedSteps, type ParkedStep } from '../core/parked.ts';
import type { StepKind } from '../core/model.ts';
import type { Replica } from '../core/state.ts';
import type { ReceiptRecord, Records } from '../ports/api.ts';
import type { ParkedStore } from '../ports/repair.ts';
import type { AccountStore, LaneStore } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import { isReceiptId, type Naming } from './naming.ts';
import type { Replay } from './replay.ts';
import type { Roster } from './roster.ts';

/** What can be parked: a kind of step, a receipt, the deletions of an account, or what new rules bring on it. */
export type ParkedKind = StepKind | 'receipt' | AccountHold;
/** What of a whole account can be held. */
type AccountHold = 'deletions' | 'rules';

interface ParkedStepOf {
  readonly kind: StepKind;
  readonly replica_id: string;
  readonly link_id: string | null;
  readonly account: string;
  readonly ticket_id: string | null;
  readonly step: ParkedStep;
}

/** One parked thing. */
export type Parked =
  | ParkedStepOf
  | { readonly kind: 'deletions'; readonly account: string; readonly account_id: number; readonly reason: string }
  | { readonly kind: 'rules'; readonly account: string; readonly account_id: number; readonly reason: string }
  | { readonly kind: 'receipt'; readonly receipt_id: string; readonly account: string; readonly reason: string | null; readonly received: number };

export interface Released {
  readonly parked: Parked;
  /** `free`: it is tried again. `again`: it was read again and stays parked. `busy`: its lane was in use all the time; try again. */
  readonly outcome: 'free' | 'again' | 'busy';
  /** The ticket that a receipt is about now, or why it still cannot be read. */
  readonly told: string | null;
}

/** Empty: everything. What is named in several ways has to fit them all. */
export interface Selection {
  /** Ids of replicas, links or receipts, and tickets as `account:ticket-id`. Null: whatever else fits. */
  readonly named: readonly string[] | null;
  readonly account: string | null;
  readonly kind: ParkedKind | null;
}

export interface Found {
  readonly parked: readonly Parked[];
  /** Names for which nothing is parked, each with the reason. */
  readonly missed: readonly { readonly name: string; readonly why: string }[];
}

export interface Release {
  /** What is parked of the selection. */
  list(selection: Selection): Promise<Found>;
  release(parked: readonly Parked[]): Promise<readonly Released[]>;
  /** Has these replicas try again whatever was refused, once or more. Gives the ids of those whose lanes were in use all the time. */
  releaseReplicas(ids: readonly string[], patienceMs: number): Promise<readonly string[]>;
}

export interface ReleasePorts {
  readonly parked: ParkedStore;
  readonly records: Pick<Records, 'receipt' | 'receipts'>;
  readonly naming: Naming;
  readonly replay: Replay;
  readonly roster: Roster;
  readonly accounts: Pick<AccountStore, 'releaseDeletions' | 'releaseRules'>;
  readonly lanes: Pick<LaneStore, 'hasten'>;
  readonly world: World;
}

const PAGE = 500;
/** So long a released account may have as many deletions as it likes. */
const FREE_MS = 60 * 60_000;
/** A lane that is in use is asked again so often; a lease lasts 30 s at most. */
const BUSY_AGAIN_MS = 250;
const BUSY_MS = 35_000;

export function createRelease(ports: ReleasePorts): Release {
  const { parked: store, records, naming, replay, roster, accounts, lanes, world } = ports;
  const nameOf = (accountId: number): string => roster.byId(accountId)?.name ?? `account ${accountId}`;

  const ofReplica = (replica: Replica): readonly Parked[] =>
    parkedSteps(replica).map((step) => ({
      kind: step.kind, replica_id: replica.id, link_id: replica.link_id, account: nameOf(replica.account_id), ticket_id: replica.ticket_id, step,
    }));
  const ofReceipt = ({ id, account_id: accountId, reason, received }: ReceiptRecord): Parked => ({
    kind: 'receipt', receipt_id: id, account: nameOf(accountId), reason, received,
  });

  async function named(name: string): Promise<readonly Parked[] | string> {
    if (isReceiptId(name)) {
      const receipt = await records.receipt(name);
      if (receipt !== null) return receipt.state === 'parked' ? [ofReceipt(receipt)] : `it is not parked but ${receipt.state}`;
    }
    const replicas = await naming.replicas(name);
    if (typeof replicas === 'string') return isReceiptId(name) ? `there is no such receipt, and ${replicas}` : replicas;
    const parked = replicas.flatMap(({ replica }) => ofReplica(replica));
    return parked.length === 0 ? 'nothing of it is parked' : parked;
  }

  /** Page after page of what a store has parked. */
  async function all<T extends { readonly id: string }>(page: (after: string | null) => Promise<readonly T[]>): Promise<readonly T[]> {
    const found: T[] = [];
    for (let after: string | null = null; ; ) {
      const items = await page(after);
      found.push(...items);
      after = items.at(-1)?.id ?? null;
      if (items.length < PAGE) return found;
    }
  }

  async function everything(accountId: number | null): Promise<readonly Parked[]> {
    const replicas = await all((after) => store.parked(accountId, after, PAGE));
    const unread = await all((after) => records.receipts({ state: 'parked', ...(accountId !== null && { account_id: accountId }) }, { before: after, limit: PAGE }));
    const held = roster.all().filter(({ id }) => accountId === null || id === accountId).flatMap(({ id, name, deletions_held: deletions, rules_held: rules }): Parked[] => [
      ...(deletions === undefined ? [] : [{ kind: 'deletions' as const, account: name, account_id: id, reason: deletions }]),
      ...(rules === undefined ? [] : [{ kind: 'rules' as const, account: name, account_id: id, reason: rules }]),
    ]);
    return [...held, ...replicas.flatMap(ofReplica), ...unread.map(ofReceipt)];
  }

  /** Gives the ids of those whose lanes were in use all the time. */
  async function freeAll(names: ReadonlyMap<string, readonly string[] | null>, patienceMs: number): Promise<ReadonlySet<string>> {
    const left = new Map(names);
    const deadline = world.now() + patienceMs;
    for (;;) {
      const steps = [...left].map(([id, list]) => ({ replica_id: id, names: list }));
      for (let at = 0; at < steps.length; at += PAGE) for (const id of await store.free(steps.slice(at, at + PAGE))) left.delete(id);
      if (left.size === 0 || world.now() >= deadline) return new Set(left.keys());
      await world.sleep(BUSY_AGAIN_MS);
    }
  }

  /** What a person has looked at and wants is no flood: the next deletions are not counted. */
  async function releaseAccount(kind: AccountHold, accountId: number): Promise<void> {
    await (kind === 'rules' ? accounts.releaseRules(accountId) : accounts.releaseDeletions(accountId, FREE_MS));
    await lanes.hasten(accountId);
  }

  async function releaseReceipts(ids: readonly string[]): Promise<ReadonlyMap<string, Pick<Released, 'outcome' | 'told'>>> {
    const results = await replay.replay(ids);
    return new Map(
      results.map(({ id, now, problem }) => [
        id,
        now !== null && now.state !== 'parked'
          ? { outcome: 'free', told: now.ticket_id === null ? (now.reason ?? now.state) : `it is about ticket ${now.ticket_id}` }
          : { outcome: 'again', told: problem ?? now?.reason ?? null },
      ]),
    );
  }

  return {
    async list({ named: names, account, kind }) {
      const accountId = account === null ? null : (roster.byName(account)?.id ?? -1);
      const missed: { name: string; why: string }[] = [];
      const found: Parked[] = [];
      if (names === null) found.push(...(await everything(accountId)));
      for (const name of names ?? []) {
        const parked = await named(name);
        if (typeof parked === 'string') missed.push({ name, why: parked });
        else found.push(...parked);
      }
      const fits = found.filter((one) => (account === null || one.account === account) && (kind === null || one.kind === kind));
      return { parked: distinct(fits), missed };
    },
    releaseReplicas: async (ids, patienceMs) => [...(await freeAll(new Map(ids.map((id) => [id, null])), patienceMs))],
    async release(parked) {
      for (const one of parked) if (one.kind === 'deletions' || one.kind === 'rules') await releaseAccount(one.kind, one.account_id);
      const names = new Map<string, string[]>();
      for (const one of parked) if (isStep(one)) names.set(one.replica_id, [...(names.get(one.replica_id) ?? []), one.step.name]);
      const busy = await freeAll(names, BUSY_MS);
      const read = await releaseReceipts(parked.flatMap((one) => (one.kind === 'receipt' ? [one.receipt_id] : [])));
      return parked.map((one): Released => {
        if (one.kind === 'rules') return { parked: one, outcome: 'free', told: 'what the new rules bring is written, as each ticket is next looked at or changed' };
        if (one.kind === 'deletions') return { parked: one, outcome: 'free', told: `deletions go on; for ${FREE_MS / 60_000} minutes they are not counted` };
        if (isStep(one)) return { parked: one, outcome: busy.has(one.replica_id) ? 'busy' : 'free', told: null };
        return { parked: one, ...(read.get(one.receipt_id) ?? { outcome: 'again', told: null }) };
      });
    },
  };
}

function isStep(one: Parked): one is ParkedStepOf {
  return one.kind !== 'receipt' && one.kind !== 'deletions' && one.kind !== 'rules';
}

function distinct(parked: readonly Parked[]): readonly Parked[] {
  const keyOf = (one: Parked): string => (isStep(one) ? `${one.replica_id} ${one.step.name}` : one.kind === 'receipt' ? one.receipt_id : `${one.kind} ${one.account}`);
  return [...new Map(parked.map((one) => [keyOf(one), one])).values()];
}
