/** What a genuine webhook says, as the receipt that is kept of it: validated, read by its connector, never lost whatever comes of that. Pure but for the connector. */
import { hash } from 'node:crypto';
import type { Validate } from '../contracts/validator.ts';
import { storableText } from '../core/storable.ts';
import { AppError, type Fault } from '../errors.ts';
import type { Account, Connector, Inbound, Reading, SignatureScheme } from '../ports/connector.ts';
import type { NewReceipt } from '../ports/intake.ts';
import { decoderFor } from './decode.ts';
import { isPlainId, storableReason, storableTicket } from './storable.ts';

/** An account with what every webhook of its needs; made once for each version of the account. */
export interface Door {
  readonly account: Account;
  readonly connector: Connector;
  readonly validate: Validate;
  readonly scheme: SignatureScheme;
}

/** What came of reading: a connector's reading, a body that does not fit its schema, or a connector that failed. */
export type Said = Reading | { readonly kind: 'misfit'; readonly faults: readonly Fault[] } | { readonly kind: 'broken'; readonly error: unknown };

/** The door of each account, opened once for each version of it. Throws for a service that there is no connector for. */
export function createDoors(parts: {
  readonly connectors: Readonly<Record<string, Connector>>;
  /** By service: `about.webhooks`, compiled. */
  readonly validators: (service: string) => Validate | undefined;
}): (account: Account) => Door {
  const doors = new WeakMap<Account, Door>();
  return (account) => {
    let door = doors.get(account);
    if (door === undefined) {
      const connector = Object.hasOwn(parts.connectors, account.service) ? parts.connectors[account.service] : undefined;
      door = openDoor(account, connector, parts.validators(account.service));
      doors.set(account, door);
    }
    return door;
  };
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

/** What a webhook that was received before, and proven genuine then, says now. Throws `AppError` if its body cannot be read at all. */
export function reread(door: Door, inbound: Inbound): { readonly receipt: NewReceipt; readonly error: unknown } {
  const { value, odd } = decoderFor(inbound.headers['content-type'], door.connector.formats)(inbound.rawBody);
  const said = interpret(door, inbound, value);
  if (said.kind === 'challenge') throw new AppError('conflict', 'This webhook only asked whether somebody is there.');
  return { receipt: receiptOf(door, inbound, said, odd), error: said.kind === 'broken' ? said.error : null };
}

/** Never throws: what a connector throws is what came of it. */
export function interpret(door: Door, inbound: Inbound, body: unknown): Said {
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

/** What is kept: all but a handshake. */
export type Kept = Exclude<Said, { readonly kind: 'challenge' }>;

/** `odd`: the body holds escapes from which texts can come that no database takes. */
export function receiptOf(door: Door, inbound: Inbound, said: Kept, odd: boolean): NewReceipt {
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
