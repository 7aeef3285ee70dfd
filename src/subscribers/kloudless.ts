/**
 * Kloudless' thin webhooks, as several of their receivers read them: who changed, and nothing of what; the receiver then reads the
 * account's events. The first secret stands for the application's API key.
 */
import { createHmac } from 'node:crypto';
import type { Format } from '../ports/subscriber.ts';

export const kloudless: Format = {
  name: 'kloudless',
  title: 'Kloudless webhook',
  faults: () => [],
  takes: ({ account }) => account !== null,
  render({ event }, { url, secrets }) {
    const body = new URLSearchParams({ account: String(event.account?.id ?? '') }).toString();
    const signature = createHmac('sha256', secrets[0] ?? '').update(body).digest('base64');
    return { url, headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-kloudless-signature': signature }, body };
  },
};
