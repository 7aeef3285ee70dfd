/** A webhook from the door to the disk: admitted, proven genuine, parsed, validated, read, kept, and only then answered. */
import { hash, randomBytes } from 'node:crypto';
import type { Validate } from '../contracts/validator.ts';
import { sameText, verify } from '../core/signature.ts';
import { AppError, type Fault } from '../errors.ts';
import type { Account, Connector, Inbound, Reading, SignatureScheme } from '../ports/connector.ts';
import type { Accepted, AccountBook, Intake, NewReceipt } from '../ports/intake.ts';
import type { World } from '../ports/world.ts';
import { decodeJson } from './json.ts';
import { isPlainId, storableReason, storableText, storableTicket } from './storable.ts';

/** What the desk is answered: an object as JSON, a string as plain text. */
export interface Received {
  readonly status: number;
  readonly body: object | string;
}

export interface Receiver {
  /** Rejects with AppError: 404 not admitted, 401 not genuine, 400 not JSON, 422 kept but not understood, 503 not kept. */
  receive(accountId: number, token: string, inbound: Inbound): Promise<Received>;
}

export interface ReceiverParts {
  readonly accounts: AccountBook;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly intake: Intake;
  readonly world: World;
  /** By service: `about.webhooks`, compiled. */
  readonly validators: Readonly<Record<string, Validate>>;
}

/** An account with what every webhook of its needs; made once for each version of the account. */
interface Door {
  readonly account: Account;
  readonly connector: Connector;
  readonly validate: Validate;
  readonly scheme: SignatureScheme;
}

/** What came of reading: a connector's reading, a body that does not fit its schema, or a connector that failed. */
type Said = Reading | { readonly kind: 'misfit'; readonly faults: readonly Fault[] } | { readonly kind: 'broken'; readonly error: unknown };

export function createReceiver({ accounts, connectors, intake, world, validators }: ReceiverParts): Receiver {
  const doors = new WeakMap<Account, Door>();

  function doorOf(account: Account): Door {
    let door = doors.get(account);
    if (door === undefined) {
      door = openDoor(account, connectors[account.service], validators[account.service]);
      doors.set(account, door);
    }
    return door;
  }

  return {
    async receive(accountId, token, inbound) {
      const account = accounts.byId(accountId);
      const door = admit(account === null ? null : doorOf(account), token);
      authenticate(door, inbound, world.now());
      const { value, odd } = decodeJson(inbound.rawBody);
      const said = interpret(door, inbound, value);
      if (said.kind === 'challenge') return { status: said.status, body: said.body };
      const receipt = receiptOf(door, inbound, said, odd);
      const kept = await keep(intake, receipt);
      return answer(door, said, kept, receipt, world);
    },
  };
}

/** One sentence for an unknown account and for a wrong token, so that nobody can list accounts. */
export function unknownHook(): AppError {
  return new AppError('not_found', 'There is no such hook: use the hook URL that Deskmesh prints for the account, whole and unchanged.');
}

function openDoor(account: Account, connector: Connector | undefined, validate: Validate | undefined): Door {
  if (connector === undefined || validate === undefined) {
    throw new Error(`Account ${account.name} is of service ${account.service}, for which there is no connector or no webhook schema.`);
  }
  return {
    account,
    connector,
    validate,
    scheme: connector.about.signature(account.settings),
  };
}

/** What a token is compared with when there is no account, so that its absence takes no less time. */
const NOBODY = randomBytes(24).toString('base64url');

function admit(door: Door | null, token: string): Door {
  const right = sameText(token, door === null ? NOBODY : door.account.hook_token);
  if (!right || door === null || token === '') throw unknownHook();
  return door;
}

function authenticate(door: Door, inbound: Inbound, now: number): void {
  const verdict = verify(door.scheme, inbound, door.account.inbound_secrets, now);
  if (!verdict.ok) throw new AppError('unauthorized', verdict.why);
}

function interpret(door: Door, inbound: Inbound, body: unknown): Said {
  const faults = door.validate(body);
  if (faults.length > 0) return { kind: 'misfit', faults };
  try {
    return sound(door.connector.read(inbound, body, door.account.settings));
  } catch (error) {
    return { kind: 'broken', error };
  }
}

/** Ids and keys become part of unique indexes and of URLs: what could not be one is not guessed at. */
function sound(reading: Reading): Reading {
  if (reading.kind === 'ticket' && !isPlainId(reading.ticketId)) {
    return { kind: 'unreadable', why: 'The ticket’s id is empty, longer than 200 characters, or holds control characters.' };
  }
  if ((reading.kind === 'ticket' || reading.kind === 'ignored') && !isPlainId(reading.dedupe)) {
    return { kind: 'unreadable', why: 'The id of this delivery is empty, longer than 200 characters, or holds control characters.' };
  }
  return reading;
}

type Kept = Exclude<Said, { readonly kind: 'challenge' }>;

function receiptOf(door: Door, inbound: Inbound, said: Kept, odd: boolean): NewReceipt {
  const ticket = said.kind === 'ticket' ? said : null;
  const snapshot = ticket?.snapshot ?? null;
  return {
    account_id: door.account.id,
    dedupe: said.kind === 'ticket' || said.kind === 'ignored' ? said.dedupe : bodyDigest(inbound.rawBody),
    headers: keptHeaders(inbound.headers, door.scheme),
    raw_body: inbound.rawBody,
    state: said.kind === 'ticket' ? 'accepted' : said.kind === 'ignored' ? 'ignored' : 'parked',
    reason: reasonOf(door, said),
    ticket_id: ticket?.ticketId ?? null,
    event: ticket?.event ?? (ticket?.deleted === true ? 'ticket.deleted' : null),
    snapshot: odd && snapshot !== null ? storableTicket(snapshot) : snapshot,
  };
}

function reasonOf(door: Door, said: Kept): string | null {
  switch (said.kind) {
    case 'ticket':
      return null;
    case 'ignored':
    case 'unreadable':
      return storableReason(said.why);
    case 'misfit': {
      const faults = said.faults.map(({ path, message }) => `${path === '' ? 'the body' : path}: ${message}`);
      return storableReason(`The body does not fit the schema of ${door.account.service} webhooks. ${faults.join(' ')}`);
    }
    case 'broken':
      return `The ${door.account.service} connector failed to read this webhook, which is a fault of Deskmesh: the log has the cause. Release the receipt once it is mended.`;
  }
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

/** Names under which desks tell which delivery this is. Nothing that could hold a signature or a token matches. */
const KEPT_HEADER = /^(?:content-type|user-agent|webhook-(?:id|timestamp)|x-[a-z0-9-]*webhook-[a-z0-9-]*(?:id|timestamp|event|topic))$/;
const MAX_HEADER_NAME = 64;
const MAX_HEADER_VALUE = 500;

function keptHeaders(headers: Inbound['headers'], scheme: SignatureScheme): Record<string, string> {
  const proof = 'header' in scheme ? scheme.header.toLowerCase() : null;
  const kept: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || name.length > MAX_HEADER_NAME || name === proof || !KEPT_HEADER.test(name)) continue;
    kept[name] = storableText(value.length > MAX_HEADER_VALUE ? value.slice(0, MAX_HEADER_VALUE) : value);
  }
  return kept;
}

/** Equal bodies are the same occurrence where nothing better is known. */
function bodyDigest(rawBody: Buffer): string {
  return `sha256:${hash('sha256', rawBody, 'hex')}`;
}
