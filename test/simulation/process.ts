/** One process of Deskmesh: the real engine over the shared store and the fake desks, until it is killed. */
import { hash } from 'node:crypto';
import { createBackfiller } from '../../src/engine/backfill.ts';
import { createGentle } from '../../src/engine/gentle.ts';
import { createRoster } from '../../src/engine/roster.ts';
import { createSweep } from '../../src/engine/sweep.ts';
import { createWorker } from '../../src/engine/worker.ts';
import type { Account, Connector, Desk } from '../../src/ports/connector.ts';
import { createReceiver } from '../../src/engine/receive.ts';
import { AppError } from '../../src/errors.ts';
import type { Inbound } from '../../src/ports/connector.ts';
import type { FileStore } from '../../src/ports/files.ts';
import type { Store, Turn } from '../../src/ports/store.ts';
import type { Log, World } from '../../src/ports/world.ts';
import type { CompileWhere } from '../../src/core/rules.ts';
import type { Chance, VirtualClock } from './clock.ts';
import type { FakeDesk } from './desk.ts';
import { never, type Faults, type Mortal } from './faults.ts';
import type { History, Phase, Wrote } from './history.ts';
import { FORGED, PROOF, readHook } from './hooks.ts';

export interface Process extends Mortal {
  readonly name: string;
  /** Rejects when the webhook is not taken, or never comes back when the process dies. */
  receive(accountId: number, inbound: Inbound): Promise<void>;
  sweep(accountId: number): void;
}

export interface ProcessParts {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly history: History;
  readonly faults: Faults;
  readonly store: Store;
  readonly desks: ReadonlyMap<number, FakeDesk>;
  readonly newId: () => string;
  /** Bends what the engine sees of a desk: how a test shows that a rule is needed. */
  readonly bend: (desk: Desk) => Desk;
  readonly width: number;
  /** How far its clock is from the true time (milliseconds). */
  readonly clockOffMs: number;
  readonly compileWhere: CompileWhere;
  /** Whether it brings history along when it is told to. */
  readonly backfilling: boolean;
  readonly onDeath: (why: string) => void;
}

export function createProcess(parts: ProcessParts): Process {
  const { name, clock, chance, history } = parts;
  let alive = true;
  let frozenUntil = 0;
  let offMs = parts.clockOffMs;
  let wasSet = false;
  const mortal: Mortal = {
    get alive() {
      return alive;
    },
    get frozenUntil() {
      return frozenUntil;
    },
    freeze(ms) {
      frozenUntil = clock.now() + ms;
      history.mishaps.push({ at: clock.now(), account: 0, token: '', call: name, phase: 'other', fate: 'stands still' });
      history.tell(null, () => `${name} stands still`);
    },
    setClock(offsetMs) {
      offMs = offsetMs;
      wasSet = true;
      history.tell(null, () => `the clock of ${name} is set to ${offsetMs >= 0 ? '+' : ''}${offsetMs} ms`);
    },
    clockWasSet() {
      const was = wasSet;
      wasSet = false;
      return was;
    },
    kill(why) {
      if (!alive) return;
      alive = false;
      history.tell(null, () => `${name} dies ${why}`);
      parts.onDeath(why);
    },
  };

  const world: World = {
    now: () => clock.now() + offMs,
    id: parts.newId,
    random: () => chance.next(),
    async sleep(ms, signal) {
      await clock.sleep(ms, signal);
      if (frozenUntil > clock.now()) await clock.sleep(frozenUntil - clock.now());
      if (!alive) await never();
    },
    log: logOf(parts),
  };

  const store = mortalStore(parts, mortal);
  const connectors: Record<string, Connector> = {};
  for (const { profile } of parts.desks.values()) connectors[profile.service] = connectorOf(profile.service, parts, mortal);
  const roster = createRoster({ accounts: store.accounts, connectors, compileWhere: parts.compileWhere, world });
  const worker = createWorker({ lanes: store.lanes, backfills: store.backfills, accounts: store.accounts, roster, files: KEPT_IN_MEMORY, world, width: parts.width });
  const sweep = createSweep({
    lanes: store.lanes, accounts: store.accounts, roster, world, nudge: () => worker.nudge(), rotation: 1_000, rotationRestMs: 30_000,
  });

  const backfiller = createBackfiller({
    backfills: store.backfills, lanes: store.lanes, roster, gentle: createGentle({ roster, world, width: 1 }), world, nudge: () => worker.nudge(),
  });

  const receiver = createReceiver({
    accounts: roster, connectors, intake: store.intake, world,
    validators: Object.fromEntries(Object.keys(connectors).map((service) => [service, () => []])),
  });

  async function start(): Promise<void> {
    for (;;) {
      try {
        await roster.refresh(true);
        worker.start();
        if (parts.backfilling) void backfiller.run(new AbortController().signal);
        return;
      } catch {
        await world.sleep(500);
      }
    }
  }
  void start();

  return {
    name,
    get alive() {
      return alive;
    },
    get frozenUntil() {
      return frozenUntil;
    },
    kill: mortal.kill,
    freeze: mortal.freeze,
    setClock: mortal.setClock,
    clockWasSet: mortal.clockWasSet,
    async receive(accountId, inbound) {
      try {
        const token = roster.byId(accountId)?.hook_token ?? '';
        await receiver.receive(accountId, token, inbound);
      } catch (error) {
        const genuine = inbound.headers[PROOF] !== FORGED;
        if (!(error instanceof AppError) || error.code === 'service_not_available' || (genuine && error.code !== 'unprocessable_entity')) throw error;
        return;
      }
      if (inbound.headers[PROOF] === FORGED) history.broken.push('forged: a webhook without proof was taken');
      worker.nudge();
    },
    sweep: (accountId) => void sweep(accountId),
  };
}

/** Files between two desks, for as long as the process lives. */
const KEPT_IN_MEMORY: FileStore = {
  async keep({ stream }, most) {
    const parts: Uint8Array[] = [];
    for await (const part of stream) parts.push(part);
    const bytes = Buffer.concat(parts);
    if (bytes.length > most) return null;
    return {
      size: bytes.length,
      sha256: hash('sha256', bytes),
      async *open() {
        yield bytes;
      },
      blob: () => Promise.resolve(new Blob([bytes])),
      drop: () => Promise.resolve(),
    };
  },
};

/** Our own faults are failures of the run; what the engine says otherwise is part of the story. */
function logOf({ name, history }: ProcessParts): Log {
  const say = (event: string, fields: Record<string, unknown> = {}): void => {
    if (event === 'step') return;
    history.tell(null, () => `${name}: ${event} ${JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? value.message : value))}`);
  };
  return {
    debug: () => undefined,
    info: say,
    warn: say,
    error(event, fields) {
      say(event, fields);
      const { error } = fields ?? {};
      const message = error instanceof Error ? error.message : String(error);
      if (!message.startsWith('store: ')) history.broken.push(`fault of ours: ${event} ${error instanceof Error ? (error.stack ?? message) : message}`);
    },
  };
}

function mortalStore({ store, faults, desks }: ProcessParts, who: Mortal): Store {
  /** The ticket that a commit is about. */
  const tokenOf = (name: string, [first]: readonly unknown[]): string => {
    if (name === 'commit') {
      const { replica, link } = first as Turn;
      const there = replica.ticket_id === null ? undefined : desks.get(replica.account_id)?.tickets.get(replica.ticket_id)?.token;
      return there ?? /tk\d+/.exec(String((link?.after ?? null)?.fields.subject?.value ?? replica.intent?.fields?.subject ?? ''))?.[0] ?? '';
    }
    if (name !== 'accept') return '';
    const { account_id: account, ticket_id: ticket } = first as { readonly account_id: number; readonly ticket_id: string | null };
    return desks.get(account)?.tickets.get(ticket ?? '')?.token ?? '';
  };
  const wrap = <T extends object>(group: T): T => {
    const wrapped: Record<string, unknown> = {};
    for (const [name, method] of Object.entries(group) as [string, (...args: unknown[]) => Promise<unknown>][]) {
      wrapped[name] = (...args: unknown[]) => faults.store(who, name, tokenOf(name, args), () => method(...args));
    }
    return wrapped as T;
  };
  return { intake: wrap(store.intake), lanes: wrap(store.lanes), accounts: wrap(store.accounts), automations: wrap(store.automations), backfills: wrap(store.backfills), retention: wrap(store.retention), ping: store.ping };
}

function connectorOf(service: string, parts: ProcessParts, who: Mortal): Connector {
  return {
    about: {
      service, title: service, credentials: {}, settings: {}, webhooks: {}, misfitStatus: 422, signature: () => ({ scheme: 'header-token', header: PROOF }),
      once: '', sample: { url: '', credentials: {}, settings: {} },
    },
    read: (_inbound, body) => readHook(body),
    connect(account: Account) {
      const desk = parts.desks.get(account.id);
      if (desk === undefined) throw new Error(`no desk ${account.id}`);
      return parts.bend(deskOf(desk, parts, who));
    },
  };
}

/** The port to a fake desk, over a network that fails. */
function deskOf(desk: FakeDesk, { faults, history, clock }: ProcessParts, who: Mortal): Desk {
  const { api, profile } = desk;
  const tokenOf = (id: string): string => desk.tickets.get(id)?.token ?? '';
  const reads = <T>(name: string, phase: Phase, id: string, effect: () => T): Promise<T> => faults.call(desk, who, { name, phase, writes: false, token: tokenOf(id) }, effect);
  const writes = async <T>(name: string, token: string, effect: () => T, things: readonly string[] = [name]): Promise<T> => {
    let made: readonly Wrote[] = [];
    const noted = (): T => {
      const before = history.wrote.length;
      const result = effect();
      made = history.wrote.slice(before);
      return result;
    };
    const result = await faults.call(desk, who, { name, phase: name.endsWith('Comment') ? 'write a comment' : 'write a ticket', writes: true, token, things }, noted);
    for (const one of made) one.answered = clock.now();
    return result;
  };
  const gotAt = new Map<string, number>();
  /** A whole look that reached us goes into the history. */
  const learnt = (id: string): void => {
    const place = `${desk.account} ${tokenOf(id)}`;
    history.reads.set(place, [...(history.reads.get(place) ?? []), { at: gotAt.get(id) ?? 0, until: clock.now() }]);
  };

  return {
    can: profile.can,
    forecast: desk.forecast,
    forecastComment: (draft) => ({ content: profile.format(draft.content), public: draft.public || !profile.can.comments.private }),
    async getTicket(id) {
      const ticket = await reads('getTicket', 'look', id, () => {
        gotAt.set(id, clock.now());
        return api.get(id);
      });
      if (!profile.can.comments.list) learnt(id);
      return ticket;
    },
    listTickets: () => reads('listTickets', 'other', '', () => api.list()),
    async listComments(id, page) {
      const comments = await reads('listComments', 'look', id, () => api.comments(id, page));
      if (comments.next === null) learnt(id);
      return comments;
    },
    changes: (cursor, since) => reads('changes', 'sweep', '', () => api.changes(cursor, since)),
    async createTicket(fields, key) {
      const answer = await writes('createTicket', /tk\d+/.exec(fields.subject ?? '')?.[0] ?? '', () => api.create(fields, key), ['createTicket', ...Object.keys(fields)]);
      return { ...answer, warnings: [] };
    },
    async updateTicket(id, patch, _key, along) {
      const answer = await writes('updateTicket', tokenOf(id), () => api.update(id, patch, along), [...Object.keys(patch), ...(along === undefined ? [] : [along.key])]);
      return { ...answer, warnings: [] };
    },
    deleteTicket: (id) => writes('deleteTicket', tokenOf(id), () => api.remove(id)),
    restoreTicket: (id) => writes('restoreTicket', tokenOf(id), () => api.restore(id)),
    createComment: async (id, draft, key) => ({ comment: await writes('createComment', tokenOf(id), () => api.comment(id, draft, key), [key]), warnings: [] }),
    updateComment: async (id, commentId, draft, key) => ({
      comment: await writes('updateComment', tokenOf(id), () => api.editComment(id, commentId, draft), [`${key} again`]),
      warnings: [],
    }),
    deleteComment: (id, commentId) => writes('deleteComment', tokenOf(id), () => api.removeComment(id, commentId), [`${commentId} gone`]),
    find: (key) => faults.call(desk, who, { name: 'find', phase: 'find', writes: false, token: [...desk.tickets.values()].find((one) => one.key === key)?.token ?? '' }, () => api.find(key)),
    ensureWebhook: () => Promise.resolve({ status: 'manual', steps: [] }),
    check: () => reads('check', 'other', '', () => ({ user_id: '1', email: null, name: null })),
  };
}
