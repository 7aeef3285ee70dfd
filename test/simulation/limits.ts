/** The limits that cannot be repaired (sync rules, section 5): what excuses a broken promise, each judged from the history. */
import type { FieldName } from '../../src/core/model.ts';
import type { FakeDesk } from './desk.ts';
import type { Edit, History } from './history.ts';

const BOUNCE_MS = 60_000;
const BOUNCES = 3;

/** Rule 12: the field changed so often, so soon after our writes, that it had to be taken for two triggers at war. */
export function heldByBounces(history: History, token: string, field: FieldName): boolean {
  const wrote = history.wrote.filter((one) => one.token === token && one.names.includes(field));
  const counts = new Map<number, number>();
  for (const edit of history.of(token, field)) {
    const soon = wrote.some((one) => one.account === edit.account && edit.at >= one.at && edit.at - one.at <= BOUNCE_MS);
    if (soon) counts.set(edit.account, (counts.get(edit.account) ?? 0) + 1);
  }
  return [...counts.values()].some((count) => count >= BOUNCES);
}

/** Limit 4: somebody changed the tags there after our last look and before our write of all of them took effect. */
export function rewroteTags(history: History, edit: Edit): boolean {
  return history.wrote.some(
    (one) => one.account === edit.account && one.token === edit.token && one.names.includes('tags') && one.looked <= edit.at && edit.at <= one.at,
  );
}

/** Limit 5: on a desk that deletes for good, somebody deleted our copy before we learnt its id. */
export function unlearntDelete(history: History, token: string, desk: FakeDesk): boolean {
  if (desk.profile.can.tickets.delete !== 'hard') return false;
  return history
    .of(token, 'life')
    .some(
      (edit) =>
        edit.account === desk.account &&
        edit.value === false &&
        history.mishaps.some((one) => one.account === desk.account && one.token === token && one.call === 'createTicket' && one.at <= edit.at),
    );
}

/** Limit 6: a person restored a ticket whose deletion by us had not been answered. */
export function unlearntRestore(history: History, token: string): boolean {
  return history
    .of(token, 'life')
    .some(
      (edit) =>
        edit.value === true &&
        edit.parents.length > 0 &&
        history.mishaps.some((one) => one.account === edit.account && one.token === token && one.call === 'deleteTicket' && Math.abs(edit.at - one.at) < 60_000),
    );
}
