/** What the parts of the connector suite share: a desk to test against, and the calls that nearly every test makes. */
import { keyOf } from '../../../src/core/key.ts';
import { FIELD_NAMES, type Comment, type FieldName, type Ticket, type TicketFields } from '../../../src/core/model.ts';
import { DeskFailure, type Account, type Connector, type Desk, type Page, type Written } from '../../../src/ports/connector.ts';
import { accountOf, testWorld } from './world.ts';

/** A desk to test against. */
export interface Premises {
  readonly connector: Connector;
  readonly url: string;
  readonly credentials: Readonly<Record<string, string>>;
  readonly human: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Somebody who can be assigned there. */
  readonly agent: string;
  /** The events that its webhooks tell of, where these are not all. */
  readonly tells?: readonly string[];
  /** Its updates are answered by a status and nothing else. */
  readonly mute?: boolean;
  reset(): void;
  /** Sets a webhook up as a person would, where no API does it. */
  installWebhook(url: string, secret: string): Promise<void>;
  /** Makes the next matching requests go wrong. */
  fault(fault: {
    readonly kind: 'status' | 'reset' | 'lost-response';
    readonly method: string;
    readonly path?: string;
    readonly status?: number;
    readonly retry_after?: number;
    readonly times?: number;
  }): void;
  close(): Promise<void>;
}

/** A desk, opened once for all tests and as it was at the start for each. */
export interface Bench {
  readonly premises: Premises;
  /** Ours, and one of the people who work there. */
  readonly desk: Desk;
  readonly human: Desk;
  connect(credentials: Readonly<Record<string, string>>, more?: Partial<Account>): Desk;
  newKey(): string;
  create(fields?: TicketFields): Promise<Written>;
  allTickets(): Promise<readonly Ticket[]>;
  allComments(id: string): Promise<readonly Comment[]>;
}

export const REQUESTER = { user_id: null, email: 'carla@customer.example', name: 'Carla Customer' };

/** A bench whose parts are there once `ready` was awaited, before each test. */
export interface OpenBench extends Bench {
  ready(): Promise<void>;
  close(): Promise<void>;
}

export function openBench(name: string, open: () => Promise<Premises>): OpenBench {
  let parts: Pick<Bench, 'premises' | 'desk' | 'human'> | null = null;
  let keys = 0;
  const there = (): NonNullable<typeof parts> => {
    if (parts === null) throw new Error('the bench is not ready');
    return parts;
  };
  const connectTo = (premises: Premises, credentials: Readonly<Record<string, string>>, more: Partial<Account> = {}): Desk =>
    premises.connector.connect(accountOf(premises, credentials, more), testWorld());
  const bench: OpenBench = {
    async ready() {
      const premises = parts?.premises ?? (await open());
      premises.reset();
      parts = { premises, desk: connectTo(premises, premises.credentials), human: connectTo(premises, premises.human) };
      await parts.desk.learn?.();
      await parts.human.learn?.();
    },
    close: async () => parts?.premises.close(),
    get premises() {
      return there().premises;
    },
    get desk() {
      return there().desk;
    },
    get human() {
      return there().human;
    },
    connect: (credentials, more) => connectTo(there().premises, credentials, more),
    newKey: () => keyOf('suite', name, (keys += 1)),
    create: (fields = {}) =>
      there().desk.createTicket({ subject: 'A ticket', description: '<p>What happened</p>', requester: REQUESTER, ...fields }, bench.newKey()),
    allTickets: () => all((page) => there().desk.listTickets(page)),
    allComments: (id) => all((page) => there().desk.listComments(id, page)),
  };
  return bench;
}

export async function all<T>(read: (page: string | null) => Promise<Page<T>>): Promise<readonly T[]> {
  const found: T[] = [];
  for (let page: string | null = null; ; ) {
    const { items, next }: Page<T> = await read(page);
    found.push(...items);
    page = next;
    if (page === null) return found;
  }
}

export async function failureOf(promise: Promise<unknown>): Promise<DeskFailure> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DeskFailure) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

/** The mirrored fields as they are compared: sets without order, people by e-mail. */
export function shown(fields: TicketFields, names: readonly string[] = FIELD_NAMES): Partial<Record<FieldName, unknown>> {
  const out: Partial<Record<FieldName, unknown>> = {};
  for (const name of FIELD_NAMES) {
    const value = fields[name];
    if (value === undefined || !names.includes(name)) continue;
    if (name === 'tags') out[name] = [...(fields.tags ?? [])].sort();
    else if (name === 'requester' || name === 'assignee') out[name] = fields[name]?.email?.toLowerCase() ?? null;
    else out[name] = value;
  }
  return out;
}
