/** Subscriptions as rows: what of them is sealed, and how they are read back. */
import { randomBytes } from 'node:crypto';
import type { SubscriptionTerms } from '../core/subscription.ts';
import type { OpenSubscription, SigningSecret, Subscription } from '../ports/subscriptions.ts';
import { toJson } from './rows.ts';
import type { SecretBox } from './secret-box.ts';

export interface SubscriptionRow {
  readonly id: string;
  readonly name: string | null;
  readonly origin: 'api' | 'file';
  readonly url: string;
  readonly events: string[];
  readonly accounts: number[] | null;
  readonly filter: Readonly<Record<string, unknown>> | null;
  readonly cause: SubscriptionTerms['cause'];
  readonly private: boolean;
  readonly format: string;
  readonly template: unknown;
  readonly channel: string | null;
  readonly rate_per_minute: number | null;
  readonly ordering: SubscriptionTerms['ordering'];
  readonly description: string | null;
  readonly secrets: string;
  readonly token: string | null;
  readonly enabled: boolean;
  readonly disabled_by: Subscription['disabled_by'];
  readonly disabled_because: string | null;
  readonly disabled_at: Date | null;
  readonly failing_since: Date | null;
  readonly paused_until: Date | null;
  readonly created_at: Date;
  readonly modified_at: Date | null;
}

export const SUBSCRIPTION_COLUMNS = `id, name, origin, url, events, accounts, filter, cause, private, format, template, channel, rate_per_minute, ordering, description,
  secrets, token, enabled, disabled_by, disabled_because, disabled_at, failing_since, paused_until, created_at, modified_at`;

/** Bytes of a secret that we make: the specification asks for 24 to 64. */
const SECRET_BYTES = 32;

export function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}

export interface SubscriptionRows {
  shown(row: SubscriptionRow, now: number): Subscription;
  open(row: SubscriptionRow, now: number): OpenSubscription;
  secrets(row: Pick<SubscriptionRow, 'id' | 'secrets'>): readonly SigningSecret[];
  sealSecrets(id: string, secrets: readonly SigningSecret[]): string;
  token(row: Pick<SubscriptionRow, 'id' | 'token'>): string | null;
  sealToken(id: string, token: string | null): string | null;
}

export function createSubscriptionRows(box: SecretBox): SubscriptionRows {
  const contextOf = (id: string, what: string): string => `subscription:${id}:${what}`;
  const secrets = ({ id, secrets: sealed }: Pick<SubscriptionRow, 'id' | 'secrets'>): readonly SigningSecret[] => JSON.parse(box.open(sealed, contextOf(id, 'secrets'))) as SigningSecret[];
  const token = ({ id, token: sealed }: Pick<SubscriptionRow, 'id' | 'token'>): string | null => (sealed === null ? null : box.open(sealed, contextOf(id, 'token')));
  const valid = (row: SubscriptionRow, now: number): readonly SigningSecret[] => secrets(row).filter(({ until }) => until === null || until > now);

  const shown = (row: SubscriptionRow, now: number): Subscription => {
    const { filter, secrets: _secrets, token: _token, disabled_at: disabled, failing_since: failing, paused_until: paused, created_at: created, modified_at: modified, ...rest } = row;
    return {
      ...rest,
      where: filter,
      disabled_at: disabled?.getTime() ?? null,
      failing_since: failing?.getTime() ?? null,
      paused_until: paused !== null && paused.getTime() > now ? paused.getTime() : null,
      rotating_until: valid(row, now).reduce<number | null>((latest, { until }) => (until === null ? latest : Math.max(latest ?? 0, until)), null),
      created: created.getTime(),
      modified: (modified ?? created).getTime(),
    };
  };

  return {
    shown,
    open: (row, now) => ({ ...shown(row, now), secrets: valid(row, now), token: token(row) }),
    secrets,
    sealSecrets: (id, all) => box.seal(toJson(all), contextOf(id, 'secrets')),
    token,
    sealToken: (id, plain) => (plain === null ? null : box.seal(plain, contextOf(id, 'token'))),
  };
}

/** The columns of the terms, in the order of `TERM_COLUMNS`. */
export function termValues(terms: SubscriptionTerms): readonly unknown[] {
  return [
    terms.name, terms.url, terms.events, terms.accounts, terms.where === null ? null : toJson(terms.where), terms.cause, terms.private, terms.format,
    terms.template === null ? null : toJson(terms.template), terms.channel, terms.rate_per_minute, terms.ordering, terms.description, terms.enabled,
  ];
}

export const TERM_COLUMNS = 'name, url, events, accounts, filter, cause, private, format, template, channel, rate_per_minute, ordering, description, enabled';
