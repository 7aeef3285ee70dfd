/** Subscriptions as mesh.yaml has them, made so. */
import type { MeshSubscription } from '../contracts/mesh.ts';
import type { MadeSubscription, SubscriptionStore } from '../ports/subscriptions.ts';
import type { Roster } from './roster.ts';

/** After the accounts that they name. Idempotent. Gives those that were made, with the secrets that were made for them. */
export function applySubscriptions(ports: { readonly subscriptions: SubscriptionStore; readonly roster: Pick<Roster, 'byName'> }, wanted: readonly MeshSubscription[]): Promise<readonly MadeSubscription[]> {
  const idOf = (name: string): number => {
    const account = ports.roster.byName(name);
    if (account === null) throw new Error(`a subscription names an account that does not exist: ${name}`);
    return account.id;
  };
  return ports.subscriptions.apply(wanted.map((one) => ({ ...one, accounts: one.accounts?.map(idOf) ?? null })));
}
