/** Keys of what a replica writes. */
import { keyOf } from './key.ts';
import type { Replica } from './state.ts';

/** The key of the replica's ticket; new with every generation, since a desk may remember the last one. */
export function ticketKey(replica: Pick<Replica, 'id' | 'generation'>): string {
  return keyOf('ticket', replica.id, replica.generation);
}

/** The key of one copy of a comment. */
export function commentKey(replica: Pick<Replica, 'id' | 'generation'>, uid: string, copyGeneration: number): string {
  return keyOf('comment', replica.id, replica.generation, uid, copyGeneration);
}
