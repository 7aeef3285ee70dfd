/** Webhooks that a person set up, and whose secret is among the account's credentials. */
import type { Account, Hook } from '../../ports/connector.ts';

/** Where the credentials hold a `webhook_secret`, the webhook exists and is its owner's business; null elsewhere. */
export function hookByHand(account: Account): Hook | null {
  const secret = account.credentials.webhook_secret;
  return secret === undefined ? null : { status: 'registered', secrets: [secret] };
}
