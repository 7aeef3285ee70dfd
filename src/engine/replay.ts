/** Sends stored receipts through the reading of webhooks again: for good, or only to see what would come of it. */
import { createValidator, type Validate } from '../contracts/validator.ts';
import { AppError } from '../errors.ts';
import { DeskFailure, type Connector, type Inbound } from '../ports/connector.ts';
import type { NewReceipt } from '../ports/intake.ts';
import type { Records, WholeReceipt } from '../ports/api.ts';
import type { World } from '../ports/world.ts';
import { isReceiptId } from './naming.ts';
import { createDoors, reread } from './reading.ts';
import type { Outlook, Rehearsal } from './rehearse.ts';
import type { Roster } from './roster.ts';

/** What a later reading of a receipt came to. */
export type Reread = Pick<NewReceipt, 'state' | 'reason' | 'ticket_id' | 'event'>;

export interface Replayed {
  readonly id: string;
  readonly account: string | null;
  /** How it stood before. */
  readonly before: WholeReceipt['state'] | null;
  /** How it is read now; null if it cannot be. */
  readonly now: Reread | null;
  /** Why it cannot be read at all; null if it can. */
  readonly problem: string | null;
}

export interface Rehearsed extends Replayed {
  /** What its ticket's look would bring, and what would be written; null where there is nothing to look at. */
  readonly outlook: Outlook | null;
}

export interface Replay {
  /** Each receipt stands as it is read now; those that name a ticket signal it, as they would if they came now. */
  replay(ids: readonly string[]): Promise<readonly Replayed[]>;
  /** The same without a trace: reads the stored state and the desks, and writes nothing anywhere. */
  rehearse(ids: readonly string[]): Promise<readonly Rehearsed[]>;
}

export interface ReplayPorts {
  readonly records: Pick<Records, 'receipt' | 'reread'>;
  readonly roster: Roster;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly rehearsal: Rehearsal;
  readonly world: World;
}

/** A receipt together with what it says now. */
interface Read {
  readonly receipt: WholeReceipt;
  readonly fresh: NewReceipt;
}

export function createReplay({ records, roster, connectors, rehearsal, world }: ReplayPorts): Replay {
  const validators = new Map<string, Validate>();
  const doorOf = createDoors({
    connectors,
    validators(service) {
      const known = validators.get(service) ?? createValidator(connectors[service]?.about.webhooks ?? {});
      validators.set(service, known);
      return known;
    },
  });

  /** What the receipt says, by the connector and the settings of today; or why it cannot be read. Its signature was proven when it came. */
  function read(receipt: WholeReceipt): Read | string {
    const account = roster.byId(receipt.account_id);
    if (account === null) return 'its account is connected no longer';
    const inbound: Inbound = { headers: receipt.headers, rawBody: receipt.raw_body, query: {} };
    try {
      const { receipt: fresh, error } = reread(doorOf(account), inbound);
      if (error !== null) world.log.error('webhook.read_failed', { account: account.name, service: account.service, receipt: receipt.id, err: error });
      return { receipt, fresh };
    } catch (error) {
      if (error instanceof AppError) return error.message;
      throw error;
    }
  }

  async function each<T extends Replayed>(ids: readonly string[], task: (read: Read, told: Replayed) => Promise<T>, otherwise: (told: Replayed) => T): Promise<readonly T[]> {
    const results: T[] = [];
    for (const id of new Set(ids)) {
      const receipt = isReceiptId(id) ? await records.receipt(id) : null;
      const told = { id, account: null, before: null, now: null, problem: null };
      if (receipt === null) {
        results.push(otherwise({ ...told, problem: 'there is no such receipt; settled ones are kept for a while only' }));
        continue;
      }
      const found = { ...told, account: roster.byId(receipt.account_id)?.name ?? null, before: receipt.state };
      const said = read(receipt);
      if (typeof said === 'string') {
        results.push(otherwise({ ...found, problem: said }));
        continue;
      }
      const { state, reason, ticket_id, event } = said.fresh;
      results.push(await task(said, { ...found, now: { state, reason, ticket_id, event } }));
    }
    return results;
  }

  return {
    replay: (ids) =>
      each(
        ids,
        async ({ receipt, fresh }, told) => {
          await records.reread(receipt.id, fresh);
          return told;
        },
        (told) => told,
      ),
    rehearse: (ids) =>
      each<Rehearsed>(
        ids,
        async ({ fresh }, told) => {
          if (fresh.state !== 'accepted' || fresh.ticket_id === null) return { ...told, outlook: null };
          try {
            return { ...told, outlook: await rehearsal.look(fresh.account_id, fresh.ticket_id, fresh.snapshot) };
          } catch (error) {
            if (!(error instanceof DeskFailure)) throw error;
            return { ...told, outlook: null, problem: `its ticket cannot be looked at just now: ${error.message}` };
          }
        },
        (told) => ({ ...told, outlook: null }),
      ),
  };
}
