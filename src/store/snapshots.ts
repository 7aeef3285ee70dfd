/** Tickets that webhooks carried, kept in memory until their lanes are claimed, so that a look may be spared. Losing one costs a look. */
import type { Ticket } from '../core/model.ts';

export interface Snapshots {
  keep(replicaId: string, signalled: number, ticket: Ticket): void;
  /** The snapshot that came with exactly this signal, if it is still here. */
  take(replicaId: string, signalled: number): Ticket | null;
}

export function createSnapshots(most = 10_000): Snapshots {
  const kept = new Map<string, { readonly signalled: number; readonly ticket: Ticket }>();
  return {
    keep(replicaId, signalled, ticket) {
      kept.delete(replicaId);
      kept.set(replicaId, { signalled, ticket });
      if (kept.size > most) {
        const oldest = kept.keys().next().value;
        if (oldest !== undefined) kept.delete(oldest);
      }
    },
    take(replicaId, signalled) {
      const entry = kept.get(replicaId);
      kept.delete(replicaId);
      return entry?.signalled === signalled ? entry.ticket : null;
    },
  };
}
