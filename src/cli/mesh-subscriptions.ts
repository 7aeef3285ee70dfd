/** The subscriptions of mesh.yaml: what is wrong with them, and what they ask for. */
import type { MeshSubscription } from '../contracts/mesh.ts';
import { USUAL_SUBSCRIPTION } from '../core/subscription.ts';
import { subscriptionFaults, type JudgedTerms, type Judging } from '../engine/subscription-faults.ts';
import type { MeshFault, MeshFile, Path } from './mesh-file.ts';
import { didYouMean } from './mesh-shape.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What a subscription is held against, besides the file's own accounts. */
export type SubscriptionJudging = Omit<Judging, 'isAccount'>;

/** A subscription as the schema lets it be written. */
type Written = Partial<Omit<MeshSubscription, 'name' | 'events'>> & Pick<MeshSubscription, 'name' | 'events'>;

/** Besides those of its shape; null where its shape is so wrong that nothing more can be said. */
export function faultsOfSubscription(file: MeshFile, path: Path, value: Fields, accounts: readonly string[], judging: SubscriptionJudging): readonly MeshFault[] {
  const named = Array.isArray(value['accounts']) ? (value['accounts'] as readonly unknown[]) : [];
  const strangers = named.flatMap((name, at) => {
    const place = [...path, 'accounts', at];
    if (typeof name !== 'string' || accounts.includes(name) || file.isUnfilled(place)) return [];
    return [file.faultAt(place, `There is no account of this name: known are ${accounts.join(', ') || 'none'}.${file.isFilledIn(place) ? '' : didYouMean(name, accounts)}`)];
  });
  const usable = typeof value['name'] === 'string' && Array.isArray(value['events']) && ['url', 'format', 'secret', 'token', 'channel'].every((key) => value[key] === undefined || typeof value[key] === 'string');
  const unfilled = Object.keys(value).some((key) => file.isUnfilled([...path, key]));
  if (!usable || unfilled) return strangers;
  const terms = subscriptionOf(value as unknown as Written, judging);
  const missing = terms.url === '' ? [{ path: '/url', message: 'This is missing: give the address that messages go to.' }] : [];
  const told = subscriptionFaults({ ...terms, accounts: null, url: terms.url === '' ? 'https://address.invalid' : terms.url }, { ...judging, isAccount: () => true });
  return [...strangers, ...[...missing, ...told].map((fault) => file.faultAt([...path, ...fault.path.split('/').slice(1)], fault.message))];
}

export function subscriptionOf(written: Written, { formats }: Pick<SubscriptionJudging, 'formats'>): MeshSubscription & Pick<JudgedTerms, 'secret' | 'token'> {
  const { url, ...rest } = written;
  const all = { ...USUAL_SUBSCRIPTION, secret: null, token: null, ...rest };
  const usual = all.token === null || !Object.hasOwn(formats, all.format) ? undefined : formats[all.format]?.url;
  return { ...all, events: [...new Set(all.events)], url: url ?? usual ?? '' };
}
