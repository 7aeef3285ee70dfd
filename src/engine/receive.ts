/** A webhook from the door to the disk: admitted, proven genuine, parsed, validated, read, kept, and only then answered. */
import { randomBytes } from 'node:crypto';
import type { Validate } from '../contracts/validator.ts';
import { sameText, verify } from '../core/signature.ts';
import { AppError, type Fault } from '../errors.ts';
import type { Connector, Inbound } from '../ports/connector.ts';
import type { Accepted, AccountBook, Intake, NewReceipt } from '../ports/intake.ts';
import type { World } from '../ports/world.ts';
import { decoderFor } from './decode.ts';
import { createDoors, interpret, receiptOf, type Door, type Kept } from './reading.ts';
import { createSaves } from './saves.ts';
import { storableReason } from './storable.ts';

/** What the desk is answered: an object as JSON, a string as plain text. */
export interface Received {
  readonly status: number;
  readonly body: object | string;
}

export interface Receiver {
  /** Rejects with AppError: 404 not admitted, 415 of a type that the desk does not send, 401 not genuine, 400 not of that type after all, 422 kept but not understood, 503 not kept. */
  receive(accountId: number, token: string, inbound: Inbound): Promise<Received>;
}

export interface ReceiverParts {
  readonly accounts: AccountBook;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly intake: Intake;
  readonly world: World;
  /** By service: `about.webhooks`, compiled. */
  readonly validators: Readonly<Record<string, Validate>>;
  /** Reads the accounts anew, if they changed; absent where nobody else changes them. */
  readonly refresh?: () => Promise<void>;
}

/** A webhook with the token of this door. */
interface Admitted {
  readonly door: Door;
  /** Why it is not genuine, by the secrets that are known here; null if it is. */
  readonly doubt: string | null;
}

/** How often accounts are read anew because of webhooks that nobody here knows, or whose signature nobody here can tell. */
const REFRESH_EVERY_MS = 100;

export function createReceiver({ accounts, connectors, intake, world, validators, refresh }: ReceiverParts): Receiver {
  const doorOf = createDoors({ connectors, validators: (service) => validators[service] });
  const caughtUp = createCatchUp(world, refresh);
  const saves = createSaves(() => world.now());

  return {
    async receive(accountId, token, inbound) {
      const admit = (): Admitted | null => {
        const account = accounts.byId(accountId);
        const door = rightDoor(account === null ? null : doorOf(account), token);
        if (door === null) return null;
        const verdict = verify(door.scheme, inbound, door.account.inbound_secrets, world.now());
        return { door, doubt: verdict.ok ? null : verdict.why };
      };
      let admitted = admit();
      // An account may have been connected, or given another secret, elsewhere a moment ago; its desk does not come again after a 404 or 401.
      if ((admitted === null || admitted.doubt !== null) && (await caughtUp())) admitted = admit();
      if (admitted === null) throw unknownHook();
      const { door, doubt } = admitted;
      const decode = decoderFor(inbound.headers['content-type'], door.connector.formats);
      if (doubt !== null) throw new AppError('unauthorized', doubt);
      const { value, odd } = decode(inbound.rawBody);
      const said = interpret(door, inbound, value);
      if (said.kind === 'challenge') return { status: said.status, body: said.body };
      const receipt = receiptOf(door, inbound, said, odd);
      const save = said.kind === 'ticket' ? said.save : undefined;
      const kept = await saves.keep(receipt, save, (one) => keep(intake, one));
      return answer(door, said, kept, receipt, world);
    },
  };
}

/** One sentence for an unknown account and for a wrong token, so that nobody can list accounts. */
export function unknownHook(): AppError {
  return new AppError('not_found', 'There is no such hook: use the hook URL that Deskmesh prints for the account, whole and unchanged.');
}

/** What a token is compared with when there is no account, so that its absence takes no less time. */
const NOBODY = randomBytes(24).toString('base64url');

function rightDoor(door: Door | null, token: string): Door | null {
  const right = sameText(token, door === null ? NOBODY : door.account.hook_token);
  return right && token !== '' ? door : null;
}

/** Resolves once the accounts were read after it was called; false where nobody reads them. Whoever asks within the same moment waits for one reading. */
function createCatchUp(world: World, refresh: ReceiverParts['refresh']): () => Promise<boolean> {
  let soon: Promise<boolean> | null = null;
  return async () => {
    if (refresh === undefined) return false;
    soon ??= world.sleep(REFRESH_EVERY_MS).then(async () => {
      soon = null;
      await refresh();
      return true;
    });
    return soon;
  };
}

/** Waits for the disk. Whatever goes wrong there, the desk is told to come again. */
async function keep(intake: Intake, receipt: NewReceipt): Promise<Accepted> {
  try {
    return await intake.accept(receipt);
  } catch (cause) {
    throw new AppError('service_not_available', 'The webhook could not be stored just now, so nothing of it was kept: send it again.', {
      headers: { 'Retry-After': '5' },
      cause,
    });
  }
}

function answer(door: Door, said: Kept, kept: Accepted, receipt: NewReceipt, world: World): Received {
  if (said.kind === 'broken') {
    world.log.error('webhook.read_failed', { account: door.account.name, service: door.account.service, receipt: kept.id, err: said.error });
  }
  if ((said.kind === 'misfit' || said.kind === 'unreadable') && door.connector.about.misfitStatus === 422) {
    throw misunderstood(said, kept);
  }
  if (receipt.state === 'parked' && !kept.repeated) {
    world.log.warn('webhook.parked', { account: door.account.name, service: door.account.service, receipt: kept.id, reason: receipt.reason });
  }
  return kept.repeated
    ? { status: 200, body: { receipt: kept.id, status: 'repeated' } }
    : { status: 202, body: { receipt: kept.id, status: receipt.state } };
}

function misunderstood(said: { kind: 'misfit'; faults: readonly Fault[] } | { kind: 'unreadable'; why: string }, kept: Accepted): AppError {
  const faults = said.kind === 'misfit' ? said.faults : [{ path: '', message: storableReason(said.why) }];
  return new AppError('unprocessable_entity', `The webhook is genuine, but its body is not as expected; the faults say where. It is kept, parked, as receipt ${kept.id}.`, { faults });
}
