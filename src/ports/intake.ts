/** The port between receiving a webhook and everything that comes of it. */
import type { EventType, Ticket } from '../core/model.ts';
import type { Account } from './connector.ts';

/** A webhook as it is kept. `raw_body` is exactly what came. */
export interface NewReceipt {
  readonly account_id: number;
  /** Unique within the account: a second receipt with the same value is the same occurrence. */
  readonly dedupe: string;
  /** Only the headers that a later reading needs; none that proves an identity. */
  readonly headers: Readonly<Record<string, string>>;
  readonly raw_body: Buffer;
  /** `accepted` leads to a look at the ticket; the others stand for themselves. */
  readonly state: 'accepted' | 'ignored' | 'parked';
  /** Why it is ignored or parked; null when accepted. */
  readonly reason: string | null;
  readonly ticket_id: string | null;
  readonly event: EventType | null;
  /** The whole ticket, where the webhook carries it. */
  readonly snapshot: Ticket | null;
}

export interface Accepted {
  readonly id: string;
  /** This occurrence had been received before: nothing new was stored. */
  readonly repeated: boolean;
}

export interface Intake {
  /** Resolves when the receipt is committed to disk, together with the signal to its ticket's lane. */
  accept(receipt: NewReceipt): Promise<Accepted>;
}

/** The connected accounts, in memory. */
export interface AccountBook {
  byId(id: number): Account | null;
  byName(name: string): Account | null;
  all(): readonly Account[];
}
