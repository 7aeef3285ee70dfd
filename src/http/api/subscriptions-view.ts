/** Subscriptions and deliveries as the API shows them: never with a secret or a token. Pure. */
import type { Delivery, Subscription, WholeDelivery } from '../../ports/subscriptions.ts';
import { iso } from './accounts-view.ts';
import type { Href } from './tickets-view.ts';

const perhaps = (ms: number | null): string | null => (ms === null ? null : iso(ms));

export function shownSubscription(subscription: Subscription, href: Href): object {
  const { id, origin, created, modified, disabled_at: disabled, failing_since: failing, paused_until: paused, rotating_until: rotating, ...rest } = subscription;
  return {
    id,
    api: 'core',
    type: 'subscription',
    href: href(`/v1/subscriptions/${id}`),
    ...rest,
    disabled_at: perhaps(disabled),
    failing_since: perhaps(failing),
    paused_until: perhaps(paused),
    rotating_until: perhaps(rotating),
    configured_in: origin === 'file' ? 'mesh.yaml' : 'api',
    created_at: iso(created),
    modified_at: iso(modified),
  };
}

export function shownDelivery(delivery: Delivery, href: Href): object {
  const { id, subscription_id: subscription, event_id: event, event_type, state, reason, attempts, test, due, created, settled } = delivery;
  return {
    id,
    api: 'core',
    type: 'delivery',
    href: href(`/v1/deliveries/${id}`),
    subscription, event, event_type, state, reason, attempts, test,
    due_at: perhaps(due),
    created_at: iso(created),
    settled_at: perhaps(settled),
  };
}

/** With the event and the record of its attempts. */
export function shownWholeDelivery(delivery: WholeDelivery, href: Href): object {
  return { ...shownDelivery(delivery, href), content: delivery.event, record: delivery.record.map(({ at, ...attempt }) => ({ at: iso(at), ...attempt })) };
}
