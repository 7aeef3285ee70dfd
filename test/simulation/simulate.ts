/** One seeded run: some desks with people on them, some processes of Deskmesh, a storm, a calm, and a judgement. */
import { createMemoryStore, type MemoryStore } from '../../src/store/memory.ts';
import type { EventType } from '../../src/core/model.ts';
import { USUAL_TERMS } from '../../src/core/rules.ts';
import type { DraftTerms } from '../../src/ports/store.ts';
import type { Desk } from '../../src/ports/connector.ts';
import type { NewReceipt } from '../../src/ports/intake.ts';
import type { World } from '../../src/ports/world.ts';
import { createChance, createClock, type Chance, type VirtualClock } from './clock.ts';
import { createDesk, type FakeDesk, type Trigger } from './desk.ts';
import type { NativeTicket } from './native.ts';
import { CALM, createFaults, STORM, type Faults, type Weather } from './faults.ts';
import { createHistory, type History } from './history.ts';
import { judge, type Verdict } from './oracle.ts';
import { createPeople, type People } from './people.ts';
import { createProcess, type Process } from './process.ts';
import { PROFILES } from './profiles.ts';

const START = Date.UTC(2026, 0, 5, 9);
export const SWEEP_MS = 60_000;

export interface Options {
  readonly weather?: Weather;
  /** Bends what the engine sees of a desk. */
  readonly bend?: (desk: Desk) => Desk;
  readonly sweeps?: boolean;
}

/** Who mirrors to whom. */
export type Shape = 'all ways' | 'one way';

export interface Run extends Verdict {
  readonly seed: number;
  readonly history: History;
  readonly writes: number;
  readonly deeds: number;
  /** What the store noted about a ticket, for the story. */
  readonly notes: (token: string) => string;
}

export interface Stage {
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly history: History;
  readonly faults: Faults;
  readonly store: MemoryStore;
  readonly desks: readonly FakeDesk[];
  readonly people: People;
  readonly processes: Process[];
  readonly shape: Shape;
  stormUntil: number;
}

export interface StageSetup {
  readonly seed: number;
  readonly services: readonly string[];
  readonly shape: Shape;
  readonly weather: Weather;
  readonly skew: boolean;
  /** Desk by desk. */
  readonly triggers: readonly (Trigger | null)[];
  readonly processes: number;
  readonly bend?: ((desk: Desk) => Desk) | undefined;
}

/** Builds desks, store and processes, and connects them by webhooks. */
export function createStage(setup: StageSetup): Stage {
  const chance = createChance(setup.seed);
  const clock = createClock(START);
  const history = createHistory(clock);
  const faults = createFaults({ clock, chance: chance.fork(), history, weather: setup.weather });
  let ids = 0;
  const newId = (): string => String((ids += 1)).padStart(8, '0');
  const quiet = (): void => undefined;
  const world: World = {
    now: clock.now, sleep: clock.sleep, id: newId, random: () => chance.next(), log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  };
  const store = createMemoryStore(world);
  const hooks = chance.fork();
  const deskChance = chance.fork();
  const desks: FakeDesk[] = setup.services.map((service, i) => {
    const profile = PROFILES[service];
    if (profile === undefined) throw new Error(`no profile ${service}`);
    const desk: FakeDesk = createDesk({
      account: i + 1,
      name: `${service}${i + 1}`,
      profile,
      skewMs: setup.skew ? Math.round(deskChance.between(-300_000, 300_000)) : 0,
      trigger: setup.triggers[i] ?? null,
      clock,
      chance: deskChance,
      history,
      emit: (ticket, event) => sendHook(desk, ticket, event),
    });
    return desk;
  });
  const stage: Stage = {
    clock, chance, history, faults, store, desks, processes: [], shape: setup.shape, stormUntil: 0,
    people: createPeople({ desks, clock, chance: chance.fork(), history }),
  };

  let hookIds = 0;
  function sendHook(desk: FakeDesk, ticket: NativeTicket, event: EventType): void {
    hookIds += 1;
    const snapshot = desk.profile.can.snapshots && !ticket.gone ? desk.read(ticket) : null;
    const receipt: NewReceipt = {
      account_id: desk.account,
      dedupe: desk.profile.coarseDedupe ? `${ticket.id} ${Math.floor(ticket.updated / 1000)}` : `${hookIds}`,
      headers: {},
      raw_body: Buffer.alloc(0),
      state: 'accepted',
      reason: null,
      ticket_id: ticket.id,
      event,
      snapshot,
    };
    const { weather } = faults;
    const times = hooks.hit(weather.hookLost) ? 0 : hooks.hit(weather.hookTwice) ? 2 : 1;
    for (let i = 0; i < times; i += 1) {
      clock.later(hooks.hit(weather.hookLate) ? hooks.between(2_000, 90_000) : hooks.between(10, 800), () => void deliver(receipt, 3));
    }
  }

  async function deliver(receipt: NewReceipt, tries: number): Promise<void> {
    const living = stage.processes.filter(({ alive }) => alive);
    if (living.length === 0) return;
    try {
      await hooks.pick(living).accept(receipt);
    } catch {
      if (tries > 0) clock.later(5_000, () => void deliver(receipt, tries - 1));
    }
  }

  const deskMap = new Map(desks.map((desk) => [desk.account, desk]));
  let births = 0;
  function spawn(): void {
    births += 1;
    const name = `process ${births}`;
    history.tell(null, `${name} starts`);
    stage.processes.push(
      createProcess({
        name, clock, chance: chance.fork(), history, faults, store, desks: deskMap, newId,
        bend: setup.bend ?? ((desk) => desk),
        width: 6,
        onDeath: () => clock.later(chance.between(500, 15_000), spawn),
      }),
    );
  }
  void store.accounts.apply(
    setup.services.map((service, i) => ({ name: `${service}${i + 1}`, service, url: `sim://${i + 1}`, credentials: {}, settings: {} })),
    [{ name: 'mirror', lenses: {}, edges: edgesOf(setup) }],
  );
  for (let i = 0; i < setup.processes; i += 1) spawn();
  return stage;
}

function edgesOf({ services, shape }: StageSetup): { from: string; to: string; terms: DraftTerms }[] {
  const names = services.map((service, i) => `${service}${i + 1}`);
  const terms: DraftTerms = { ...USUAL_TERMS, owner: {} };
  return names.flatMap((from, i) => names.filter((to) => to !== from && (shape === 'all ways' || i === 0)).map((to) => ({ from, to, terms })));
}

/** Every account has its turn to be swept, by whichever process lives. */
export function sweepForEver(stage: Stage): void {
  const chance = stage.chance.fork();
  for (const desk of stage.desks) {
    const turn = (): void => {
      const living = stage.processes.filter(({ alive }) => alive);
      if (living.length > 0) chance.pick(living).sweep(desk.account);
      stage.clock.later(SWEEP_MS, turn);
    };
    stage.clock.later(chance.between(0, SWEEP_MS), turn);
  }
}

/** Outages and withdrawn credentials come and go, minute by minute. */
function weatherMinutes(stage: Stage): void {
  const chance = stage.chance.fork();
  const minute = (): void => {
    const { weather, down, locked } = stage.faults;
    for (const desk of stage.desks) {
      if (chance.hit(weather.outage)) {
        down.set(desk.account, stage.clock.now() + chance.between(3_000, 30_000));
        stage.history.tell(null, `${desk.name} is down`);
      }
      if (chance.hit(weather.locked)) {
        locked.set(desk.account, stage.clock.now() + chance.between(5_000, 40_000));
        stage.history.tell(null, `${desk.name} does not let us in`);
      }
    }
    for (const process of stage.processes) {
      if (process.alive && chance.hit(weather.freeze)) stage.clock.later(chance.between(0, 60_000), () => process.freeze(chance.between(20_000, 50_000)));
    }
    if (stage.clock.now() < stage.stormUntil) stage.clock.later(60_000, minute);
  };
  minute();
}

export async function simulate(seed: number, options: Options = {}): Promise<Run> {
  const faulty = (options.weather ?? STORM) !== CALM;
  const plan = createChance(seed * 7919 + 17);
  const services = Array.from({ length: plan.whole(2, 4) }, () => plan.pick(['z', 'z', 'f', 'f', 'h', 'p', 'y']));
  const stage = createStage({
    seed,
    services,
    shape: plan.hit(0.2) ? 'one way' : 'all ways',
    weather: options.weather ?? STORM,
    skew: plan.hit(0.6),
    triggers: plan.hit(0.25) ? [{ field: 'priority', when: 'low', then: plan.pick(['normal', 'high']), afterMs: plan.pick([0, 0, 400, 5_000]) }] : [],
    processes: plan.whole(1, 3),
    bend: options.bend,
  });
  const { clock, history, people, faults } = stage;
  const stormMs = faulty ? plan.between(90_000, 240_000) : plan.between(60_000, 150_000);
  stage.stormUntil = START + stormMs;
  if (options.sweeps !== false) sweepForEver(stage);
  if (faulty) weatherMinutes(stage);
  const actions = plan.whole(6, 26);
  let at = 1_000;
  for (let i = 0; i < actions; i += 1) {
    at = plan.hit(0.3) ? at + plan.between(0, 2_000) : plan.between(1_000, stormMs);
    clock.later(Math.min(at, stormMs), () => people.act());
  }
  await clock.run(START + stormMs);
  faults.weather = CALM;
  faults.down.clear();
  faults.locked.clear();
  history.tell(null, 'the storm is over');
  await clock.run(clock.now() + (faulty ? 2.5 : 2) * SWEEP_MS);
  const quietFrom = clock.now();
  await clock.run(clock.now() + 1.2 * SWEEP_MS);
  return {
    ...judge(stage, quietFrom),
    seed,
    history,
    writes: history.wrote.length,
    deeds: history.deeds.length,
    notes: (token) => notesOf(stage, token),
  };
}

function notesOf({ store, desks }: Stage, token: string): string {
  const ids = new Set(desks.flatMap((desk) => [...desk.tickets.values()].filter((one) => one.token === token).map((one) => `${desk.account} ${one.id}`)));
  const rows = [...store.state.rows.values()].filter(({ replica }) => ids.has(`${replica.account_id} ${replica.ticket_id ?? ''}`));
  const links = new Set(rows.map(({ replica }) => replica.link_id));
  const own = [...store.state.rows.values()].filter(({ replica }) => links.has(replica.link_id));
  const of = (id: string): string => String(own.find(({ replica }) => replica.id === id)?.replica.account_id);
  const notes = store.state.notes
    .filter((note) => own.some(({ replica }) => replica.id === note.replica_id))
    .map((note) => `${((note.at - START) / 1000).toFixed(2).padStart(8)}  @${of(note.replica_id)} ${note.what} ${note.field ?? ''}: ${note.because}`);
  const states = own.map((row) => `  ${JSON.stringify(row)}`);
  return [...notes, ...states, ...[...links].map((id) => JSON.stringify(store.state.links.get(id ?? '')))].join('\n');
}
