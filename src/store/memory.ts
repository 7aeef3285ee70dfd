/**
 * The store in memory: the same promises as the database, for the simulation. Every method is atomic, since nothing in it
 * waits. It passes the same contract suite as the PostgreSQL store; it keeps nothing when the process ends.
 *
 * Longer than most because its parts share one state and one moment: there is nothing between them to cut along.
 */
import type { Automation } from '../core/automation.ts';
import { touchedByRules, USUAL_LIMITS, type LinkGroup } from '../core/guards.ts';
import { lensesTogether, NO_LENS_TERMS, type LensTerms } from '../core/lens.ts';
import type { MirrorEdge } from '../core/rules.ts';
import { strangerReplica, type Link, type Note, type Replica } from '../core/state.ts';
import type { Ticket } from '../core/model.ts';
import { timeOf } from '../core/compare.ts';
import { ticketKey } from '../core/keys.ts';
import { createMemoryAutomations } from './memory-automations.ts';
import { createMemoryBackfills } from './memory-backfills.ts';
import { termsIn } from './terms.ts';
import type { Account } from '../ports/connector.ts';
import type { NewReceipt } from '../ports/intake.ts';
import type { AccountDraft, Lane, Mirror, Operation, Store, Turn, TurnResult } from '../ports/store.ts';
import type { World } from '../ports/world.ts';

interface Row {
  replica: Replica;
  signalled: number;
  read: number;
  receipt: string | null;
  signalled_at: number;
  snapshot: Ticket | null;
  wanted: number;
  due_at: number | null;
  lease: string | null;
}

export interface StoredReceipt extends Omit<NewReceipt, 'state'> {
  readonly id: string;
  readonly received: number;
  readonly state: NewReceipt['state'] | 'settled';
}

/** Everything that is kept, open to those who judge it. */
export interface MemoryState {
  readonly rows: ReadonlyMap<string, Row>;
  readonly links: ReadonlyMap<string, Link>;
  readonly receipts: readonly StoredReceipt[];
  readonly operations: readonly Operation[];
  readonly notes: readonly (Note & { readonly replica_id: string; readonly at: number })[];
}

export interface MemoryStore extends Store {
  readonly state: MemoryState;
}

export function createMemoryStore(world: World): MemoryStore {
  const rows = new Map<string, Row>();
  const byTicket = new Map<string, string>();
  const links = new Map<string, Link>();
  const receipts: StoredReceipt[] = [];
  const operations: Operation[] = [];
  const notes: (Note & { replica_id: string; at: number })[] = [];
  const dedupes = new Map<string, string>();
  const accounts = new Map<number, Account>();
  const deletions = new Map<number, { count: number; since: number; freeUntil: number }>();
  const followed = new Set<string>();
  const sweeps = new Map<number, { cursor: string | null; since: number }>();
  let edges: MirrorEdge[] = [];
  let lenses: ReadonlyMap<number, LensTerms> = new Map();
  let automations: readonly Automation[] = [];
  let version = 0;
  let lastReceipt = 0;

  const place = (accountId: number, ticketId: string): string => `${accountId} ${ticketId}`;
  const rowOfTicket = (accountId: number, ticketId: string): Row | undefined => rows.get(byTicket.get(place(accountId, ticketId)) ?? '');

  function signalRow(accountId: number, ticketId: string, receipt: string | null, snapshot: Ticket | null): void {
    const known = rowOfTicket(accountId, ticketId);
    const now = world.now();
    if (known !== undefined) {
      known.signalled += 1;
      known.receipt = receipt ?? known.receipt;
      known.signalled_at = now;
      known.snapshot = snapshot;
      if (known.lease === null) known.due_at = Math.min(known.due_at ?? now, now);
      return;
    }
    const replica = strangerReplica(world.id(), accountId, ticketId);
    rows.set(replica.id, { replica, signalled: 1, read: 0, receipt, signalled_at: now, snapshot, wanted: 0, due_at: now, lease: null });
    byTicket.set(place(accountId, ticketId), replica.id);
  }

  function laneOf(row: Row): Lane {
    const link = row.replica.link_id === null ? null : (links.get(row.replica.link_id) ?? null);
    return {
      lease: row.lease ?? '',
      replica: row.replica,
      link,
      signalled: row.signalled,
      read: row.read,
      receipt: row.receipt,
      signalled_at: row.signalled_at,
      fresh: false,
      snapshot: row.snapshot,
    };
  }

  /** A ticket id that becomes known to belong to this replica: a stranger's row for it gives way. */
  function claimTicket(row: Row, replica: Replica): void {
    if (replica.ticket_id === row.replica.ticket_id) return;
    if (row.replica.ticket_id !== null) {
      byTicket.delete(place(replica.account_id, row.replica.ticket_id));
      // Nobody looks at the old ticket under this replica any more, so what was heard of it is settled here.
      settleReceipts(row, String(lastReceipt), 'the ticket was given up for a new one');
    }
    if (replica.ticket_id === null) return;
    const at = place(replica.account_id, replica.ticket_id);
    const holder = rows.get(byTicket.get(at) ?? '');
    if (holder !== undefined) {
      if (holder.replica.link_id !== null) throw new Error(`ticket ${at} belongs to another link`);
      rows.delete(holder.replica.id);
      row.signalled += 1;
      row.receipt = holder.receipt ?? row.receipt;
      row.signalled_at = world.now();
      row.snapshot = null;
    }
    byTicket.set(at, row.replica.id);
  }

  /** Only what the turn changed is written: a ticket id that intake or an adoption wrote meanwhile stands. */
  function replicaAfter(row: Row, turn: Turn): Replica {
    const changed = Object.entries(turn.replica).filter(([name, value]) => turn.before[name as keyof Replica] !== value);
    return { ...row.replica, ...Object.fromEntries(changed) };
  }

  function commit(turn: Turn): TurnResult {
    const row = rows.get(turn.before.id);
    const now = world.now();
    if (row === undefined || row.lease !== turn.lease) return 'lost';
    if (turn.link !== null) {
      const stored = links.get(turn.link.before.id);
      if ((stored?.version ?? 0) !== turn.link.before.version) return 'stale';
    }
    if (turn.spawn.some(({ replica }) => (rowOfTicket(replica.account_id, replica.ticket_id ?? '')?.replica.link_id ?? null) !== null)) return 'lost';
    if (turn.settles !== null) settleReceipts(row, turn.settles.receipt, turn.settles.reason);
    if (turn.adopted_by !== null) {
      const own = rows.get(turn.adopted_by);
      if (own === undefined || own.replica.ticket_id !== null) return 'lost';
      const replica: Replica = { ...own.replica, ticket_id: turn.before.ticket_id };
      claimTicket(own, replica);
      own.replica = replica;
      if (own.lease === null) own.due_at = now;
      return 'done';
    }
    const after = replicaAfter(row, turn);
    if (after.follows !== null) followed.add(place(after.account_id, after.follows));
    claimTicket(row, after);
    row.replica = after;
    if (turn.link !== null) storeLink(turn.link.after, row);
    for (const { replica, lease } of turn.spawn) spawnRow(replica, turn.link?.after.version ?? 0, lease);
    if (turn.read !== null) row.read = Math.max(row.read, turn.read);
    operations.push(...turn.operations);
    for (const note of turn.notes) notes.push({ ...note, replica_id: turn.replica.id, at: now });
    if (turn.release === 'keep') row.due_at = now + 30_000;
    else release(row, turn.release.inMs);
    return row.lease === null && row.due_at !== null && row.due_at <= world.now() ? 'due' : 'done';
  }

  function spawnRow(replica: Replica, wanted: number, lease: string | null): void {
    const due = lease === null ? world.now() : world.now() + 30_000;
    const { account_id: accountId, ticket_id: ticketId } = replica;
    // One whose ticket is there already takes the place of the stranger's row of it.
    const stranger = ticketId === null ? undefined : rowOfTicket(accountId, ticketId);
    if (stranger !== undefined) rows.delete(stranger.replica.id);
    if (ticketId !== null) byTicket.set(place(accountId, ticketId), replica.id);
    const told = ticketId === null ? { signalled: 0, signalled_at: 0 } : { signalled: 1, signalled_at: world.now() };
    rows.set(replica.id, { replica, ...told, read: 0, receipt: stranger?.receipt ?? null, snapshot: null, wanted, due_at: due, lease });
  }

  /** `own` is the replica whose lane changed it; null: it was changed from no lane. */
  function storeLink(after: Link, own: Row | null): void {
    links.set(after.id, after);
    if (own !== null) own.wanted = after.version;
    const now = world.now();
    for (const row of rows.values()) {
      if (row.replica.link_id !== after.id || row === own) continue;
      row.wanted = after.version;
      if (row.lease === null) row.due_at = Math.min(row.due_at ?? now, now);
    }
  }

  function release(row: Row, inMs: number | null): void {
    row.lease = null;
    const behind = row.signalled > row.read || row.wanted > row.replica.version || row.replica.intent !== null;
    if (inMs !== null) row.due_at = world.now() + inMs;
    else row.due_at = behind ? world.now() : null;
  }

  function settleReceipts(row: Row, upto: string, reason: string): void {
    for (let i = 0; i < receipts.length; i += 1) {
      const receipt = receipts[i];
      if (receipt === undefined || receipt.state !== 'accepted' || Number(receipt.id) > Number(upto)) continue;
      if (receipt.account_id !== row.replica.account_id || receipt.ticket_id !== row.replica.ticket_id) continue;
      receipts[i] = { ...receipt, state: 'settled', reason };
    }
  }

  return {
    state: { rows, links, receipts, operations, notes },
    ping: async () => undefined,
    automations: createMemoryAutomations({
      world,
      links,
      put(link, spawn) {
        storeLink(link, null);
        for (const replica of spawn) spawnRow(replica, link.version, null);
      },
      note(linkId, accountId, note) {
        const of = [...rows.values()].filter(({ replica }) => replica.link_id === linkId);
        const row = of.find(({ replica }) => replica.account_id === accountId) ?? of[0];
        if (row !== undefined) notes.push({ ...note, replica_id: row.replica.id, at: world.now() });
      },
    }),
    intake: {
      async accept(receipt) {
        const at = `${receipt.account_id} ${receipt.dedupe}`;
        const known = dedupes.get(at);
        const id = known ?? String((lastReceipt += 1));
        if (known === undefined) {
          dedupes.set(at, id);
          receipts.push({ ...receipt, id, received: world.now() });
        }
        if (receipt.state === 'accepted' && receipt.ticket_id !== null) {
          signalRow(receipt.account_id, receipt.ticket_id, known === undefined ? id : null, receipt.snapshot);
        }
        return { id, repeated: known !== undefined };
      },
    },
    lanes: {
      async claim(slots, most, leaseMs) {
        const now = world.now();
        const taken: Lane[] = [];
        for (const { account_id: accountId, free } of slots) {
          const due = [...rows.values()]
            .filter((row) => row.replica.account_id === accountId && row.due_at !== null && row.due_at <= now)
            .sort((a, b) => (a.due_at ?? 0) - (b.due_at ?? 0))
            .slice(0, Math.min(free, most - taken.length));
          for (const row of due) {
            row.lease = world.id();
            row.due_at = now + leaseMs;
            taken.push(laneOf(row));
          }
        }
        return taken;
      },
      commit: async (turn) => commit(turn),
      async link(id) {
        const link = links.get(id);
        if (link === undefined) throw new Error(`no link ${id}`);
        return link;
      },
      async renew(leases, leaseMs) {
        for (const { replica_id: id, lease } of leases) {
          const row = rows.get(id);
          if (row?.lease === lease) row.due_at = world.now() + leaseMs;
        }
      },
      async giveBack(leases) {
        for (const { replica_id: id, lease } of leases) {
          const row = rows.get(id);
          if (row?.lease === lease) release(row, 0);
        }
      },
      async byKey(accountId, key) {
        for (const row of rows.values()) {
          if (row.replica.account_id === accountId && row.replica.ticket_id === null && row.replica.link_id !== null && ticketKey(row.replica) === key) return row.replica;
        }
        return null;
      },
      async createsOpen(accountId, time) {
        return [...rows.values()].some(
          ({ replica }) => replica.account_id === accountId && replica.state === 'creating' && (replica.intent?.first_sent ?? Infinity) <= time,
        );
      },
      async isFollowed(accountId, ticketId) {
        return followed.has(place(accountId, ticketId));
      },
      async signal(accountId, signals) {
        let count = 0;
        for (const signal of signals) {
          const row = rowOfTicket(accountId, signal.ticketId);
          if (row !== undefined && !signal.force && !newer(row.replica, signal.modified_at, signal.is_deleted)) continue;
          if (row === undefined && signal.is_deleted) continue;
          signalRow(accountId, signal.ticketId, null, null);
          count += 1;
        }
        return count;
      },
      async leastLooked(accountId, before, limit) {
        return [...rows.values()]
          .filter(({ replica }) => replica.account_id === accountId && replica.state === 'present' && replica.looked < before)
          .sort((a, b) => a.replica.looked - b.replica.looked)
          .slice(0, limit)
          .map(({ replica }) => replica.ticket_id ?? '');
      },
      async hasten(accountId) {
        const now = world.now();
        for (const row of rows.values()) {
          if (row.replica.account_id === accountId && row.lease === null && row.due_at !== null && row.due_at > now) row.due_at = now;
        }
      },
      async mend() {
        let count = 0;
        for (const row of rows.values()) {
          if (row.due_at !== null) continue;
          if (row.signalled > row.read || row.wanted > row.replica.version || row.replica.intent !== null) {
            row.due_at = world.now();
            count += 1;
          }
        }
        return count;
      },
    },
    accounts: {
      load: async () => ({ accounts: [...accounts.values()], edges, lenses, automations, version }),
      version: async () => version,
      async apply(drafts, mirrors, limits = USUAL_LIMITS, wanted = []) {
        for (const draft of drafts) applyAccount(draft);
        const next = edgesOf(mirrors);
        for (const [id, because] of touchedByRules(edges, next, groups(), limits)) setHeld(id, { rules_held: because });
        edges = next;
        lenses = lensesOf(mirrors);
        automations = wanted;
        version += 1;
      },
      async setSecrets(id, secrets) {
        const account = accounts.get(id);
        if (account !== undefined) accounts.set(id, { ...account, inbound_secrets: secrets });
        version += 1;
      },
      async stop(id, because) {
        const account = accounts.get(id);
        if (account !== undefined) accounts.set(id, { ...account, state: 'stopped', stopped_because: because });
        version += 1;
      },
      async resume(id) {
        const account = accounts.get(id);
        if (account !== undefined) accounts.set(id, { ...account, state: 'running', stopped_because: null });
        version += 1;
      },
      async pause(id, until) {
        const account = accounts.get(id);
        if (account !== undefined) accounts.set(id, { ...account, paused_until: Math.max(account.paused_until ?? 0, until) });
        version += 1;
      },
      async countDeletions(id, amount, windowMs) {
        const now = world.now();
        const known = deletions.get(id);
        if (known !== undefined && known.freeUntil > now) return 0;
        const recent = known !== undefined && known.since > now - windowMs ? known.count + amount : amount;
        deletions.set(id, { count: recent, since: recent === amount ? now : (known?.since ?? now), freeUntil: 0 });
        return recent;
      },
      countTickets: async (id) => [...rows.values()].filter(({ replica }) => replica.account_id === id && replica.state === 'present').length,
      async holdDeletions(id, because) {
        setHeld(id, { deletions_held: accounts.get(id)?.deletions_held ?? because });
        version += 1;
      },
      async releaseRules(id) {
        const account = accounts.get(id);
        if (account !== undefined) {
          const { rules_held: _, ...released } = account;
          accounts.set(id, released);
        }
        version += 1;
      },
      async releaseDeletions(id, freeMs) {
        const account = accounts.get(id);
        if (account !== undefined) {
          const { deletions_held: _, ...released } = account;
          accounts.set(id, released);
        }
        deletions.set(id, { count: 0, since: world.now(), freeUntil: world.now() + freeMs });
        version += 1;
      },
      sweep: async (id) => sweeps.get(id) ?? { cursor: null, since: world.now() },
      async swept(id, cursor) {
        sweeps.set(id, { cursor, since: sweeps.get(id)?.since ?? world.now() });
      },
    },
    backfills: createMemoryBackfills(world, {
      rowOf: rowOfTicket,
      rowsOf: (id) => [...rows.values()].filter(({ replica }) => replica.link_id === id),
      linkOf: (id) => links.get(id),
    }),
    retention: {
      async purge(receiptsBefore) {
        const kept = receipts.filter((receipt) => receipt.state === 'accepted' || receipt.state === 'parked' || receipt.received >= receiptsBefore);
        const gone = receipts.length - kept.length;
        receipts.splice(0, receipts.length, ...kept);
        return gone;
      },
    },
  };

  function setHeld(id: number, held: Pick<Account, 'deletions_held' | 'rules_held'>): void {
    const account = accounts.get(id);
    if (account !== undefined) accounts.set(id, { ...account, ...held });
  }

  function groups(): LinkGroup[] {
    return [...links.values()].map(({ accounts: on }) => ({ accounts: on, links: 1 }));
  }

  function applyAccount(draft: AccountDraft): void {
    const known = [...accounts.values()].find(({ name }) => name === draft.name);
    const id = known?.id ?? accounts.size + 1;
    accounts.set(id, {
      ...draft,
      id,
      hook_token: known?.hook_token ?? world.id(),
      inbound_secrets: known?.inbound_secrets ?? [],
      state: known?.state ?? 'running',
      stopped_because: known?.stopped_because ?? null,
      ...(known?.deletions_held !== undefined && { deletions_held: known.deletions_held }),
      ...(known?.rules_held !== undefined && { rules_held: known.rules_held }),
    });
    if (known === undefined) sweeps.set(id, { cursor: null, since: world.now() });
  }

  function idOf(name: string): number {
    return [...accounts.values()].find((account) => account.name === name)?.id ?? 0;
  }

  function lensesOf(mirrors: readonly Mirror[]): ReadonlyMap<number, LensTerms> {
    const all = new Map<number, LensTerms>();
    for (const mirror of mirrors) {
      for (const [name, terms] of Object.entries(mirror.lenses)) all.set(idOf(name), lensesTogether(all.get(idOf(name)) ?? NO_LENS_TERMS, terms));
    }
    return all;
  }

  function edgesOf(mirrors: readonly Mirror[]): MirrorEdge[] {
    return mirrors.flatMap((mirror) => mirror.edges.map((edge) => ({ mirror: mirror.name, from: idOf(edge.from), to: idOf(edge.to), terms: termsIn(edge.terms, idOf) })));
  }
}

/** No desk's clock is assumed to be further from ours. */
const MOST_SKEW_MS = 10 * 60_000;

/** Whether a change feed's row tells more than the last look can have seen. Desk times have whole seconds, by the desk's clock. */
function newer(replica: Replica, modifiedAt: string | null, deleted: boolean): boolean {
  if (deleted) return replica.state !== 'deleted';
  const modified = timeOf(modifiedAt, 0);
  if (replica.state === 'deleted' || modified > replica.modified) return true;
  return modified === replica.modified && replica.looked < modified + 1_000 + MOST_SKEW_MS;
}
