/** A made-up desk, its account and a store of one list, as literals: what the tests of receiving hand in. */
import { createHmac } from 'node:crypto';
import { createValidator } from '../../src/contracts/validator.ts';
import { createReceiver, type Receiver } from '../../src/engine/receive.ts';
import type { Account, Connector, Inbound, Reading } from '../../src/ports/connector.ts';
import type { Intake, NewReceipt } from '../../src/ports/intake.ts';
import type { World } from '../../src/ports/world.ts';

export const NOW = Date.parse('2026-01-31T08:00:00Z');
export const SECRET = 'a secret as it stands';
export const TOKEN = 'tokentokentokentoken';

export interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Record<string, unknown>;
}

export interface FakeWorld extends World {
  readonly lines: Line[];
  /** The next line of this event. */
  logged(event: string): Promise<Line>;
}

export function fakeWorld(): FakeWorld {
  const lines: Line[] = [];
  const waiting = new Map<string, (line: Line) => void>();
  const write = (level: Line['level']) => (event: string, fields: Record<string, unknown> = {}): void => {
    const line = { level, event, fields };
    lines.push(line);
    waiting.get(event)?.(line);
  };
  let ids = 0;
  return {
    lines,
    logged: (event) => new Promise((resolve) => waiting.set(event, resolve)),
    now: () => NOW,
    sleep: () => Promise.resolve(),
    id: () => `00000000-0000-7000-8000-${String((ids += 1)).padStart(12, '0')}`,
    random: () => 0.5,
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
  };
}

export const ACCOUNT: Account = {
  id: 7,
  name: 'support',
  service: 'toy',
  url: 'https://toy.example',
  credentials: {},
  settings: {},
  hook_token: TOKEN,
  inbound_secrets: [SECRET],
  state: 'running',
  stopped_because: null,
};

/** Signs with HMAC over timestamp and body; its reading is handed in, so that every kind can be had. */
export function toyConnector(read: (body: Record<string, unknown>) => Reading, misfitStatus: 422 | 202 = 422): Connector {
  return {
    about: {
      service: 'toy',
      title: 'Toy',
      credentials: {},
      settings: {},
      webhooks: {
        type: 'object',
        required: ['id', 'ticket'],
        properties: { id: { type: 'string' }, ticket: { type: 'object', required: ['id'], properties: { id: { type: ['string', 'integer'] } } } },
      },
      misfitStatus,
      signature: () => ({
        scheme: 'hmac', header: 'X-Toy-Signature', encoding: 'hex', prefix: 'sha256=', signed: 'timestamp+body',
        timestampHeader: 'X-Toy-Timestamp', toleranceSec: 300,
      }),
      once: '',
      sample: { url: 'https://toy.example', credentials: {}, settings: {} },
    },
    read: (_inbound, body) => read(Object.fromEntries(Object.entries(body ?? {}))),
    connect: () => {
      throw new Error('Nothing here calls a desk.');
    },
  };
}

export const readTicket = (body: Record<string, unknown>): Reading => {
  const { ticket } = body as { ticket: { id: string | number } };
  return { kind: 'ticket', ticketId: String(ticket.id), event: 'ticket.updated', dedupe: String(body['id']) };
};

export interface Rig {
  readonly receiver: Receiver;
  readonly kept: NewReceipt[];
  readonly world: FakeWorld;
}

/** With `connects`, the account is known only once the accounts were read anew; `reread` tells how it is then. */
export function rig(more: { connector?: Connector; account?: Account; intake?: Intake; connects?: () => void; reread?: () => Account } = {}): Rig {
  const connector = more.connector ?? toyConnector(readTicket);
  let account = more.account ?? ACCOUNT;
  const world = fakeWorld();
  const kept: NewReceipt[] = [];
  const intake: Intake = more.intake ?? {
    accept(receipt) {
      const before = kept.findIndex(({ dedupe }) => dedupe === receipt.dedupe);
      if (before < 0) kept.push(receipt);
      return Promise.resolve({ id: `r${before < 0 ? kept.length : before + 1}`, repeated: before >= 0 });
    },
  };
  const { connects, reread } = more;
  let known = connects === undefined;
  const refresh = async (): Promise<void> => {
    connects?.();
    known = true;
    account = reread?.() ?? account;
  };
  const receiver = createReceiver({
    accounts: { byId: (id) => (known && id === account.id ? account : null), byName: () => null, all: () => [account] },
    connectors: { toy: connector },
    intake,
    world,
    validators: { toy: createValidator(connector.about.webhooks) },
    ...(connects === undefined && reread === undefined ? {} : { refresh }),
  });
  return { receiver, kept, world };
}

/** The headers of a genuine delivery of `body`. */
export function signed(body: Buffer | string, at: number = NOW / 1000, secret: string = SECRET): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-toy-timestamp': String(at),
    'x-toy-signature': `sha256=${createHmac('sha256', secret).update(String(at)).update(body).digest('hex')}`,
  };
}

export function inbound(body: Buffer | string, headers: Record<string, string> = signed(body)): Inbound {
  return { headers, rawBody: Buffer.from(body), query: {} };
}
