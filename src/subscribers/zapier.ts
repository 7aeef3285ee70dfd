/** Zapier's REST hooks: one flat-topped object, as the sample list shows it. https://docs.zapier.com/platform/build/hook-trigger */
import type { Format } from '../ports/subscriber.ts';
import { signed, standardWebhooks } from './standard-webhooks.ts';

export const zapier: Format = {
  name: 'zapier',
  title: 'Zapier REST hook',
  faults: standardWebhooks.faults,
  render: ({ event, deliveryId, at }, endpoint) => signed(endpoint, deliveryId, at, JSON.stringify(event)),
};
