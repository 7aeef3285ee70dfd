/** Standard Webhooks, to the letter, signed by the specification's own library. https://www.standardwebhooks.com */
import { Webhook } from 'standardwebhooks';
import type { Endpoint, Format, Message } from '../ports/subscriber.ts';

const SECRET = /^whsec_[A-Za-z0-9+/]+={0,2}$/;

export const standardWebhooks: Format = {
  name: 'standard-webhooks',
  title: 'Standard Webhooks',
  faults: ({ secrets }) => (secrets.every((secret) => SECRET.test(secret)) ? [] : [{ path: 'secret', message: 'This must be whsec_ and then base64.' }]),
  render({ event, deliveryId, at }, endpoint) {
    const { type, time: timestamp, ...rest } = event;
    return signed(endpoint, deliveryId, at, JSON.stringify({ type, timestamp, data: rest }));
  },
};

/** The body with the three headers of the specification; each secret makes a signature, so that one can be rotated. */
export function signed({ url, secrets }: Endpoint, id: string, at: number, body: string): Message {
  const signature = secrets.map((secret) => new Webhook(secret).sign(id, new Date(at), body)).join(' ');
  return {
    url,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at / 1_000)),
      'webhook-signature': signature,
    },
    body,
  };
}
