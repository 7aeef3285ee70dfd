/** One seeded run: some desks with people on them, some processes of Deskmesh, a storm, a calm, and a judgement. */
import { createMemoryStore, type MemoryStore } from '../../src/store/memory.ts';
import { USUAL_LIMITS, type Limits } from '../../src/core/guards.ts';
import { USUAL_TERMS, type CompileWhere } from '../../src/core/rules.ts';
import type { LensTerms } from '../../src/core/lens.ts';
import type { DraftTerms, Mirror } from '../../src/ports/store.ts';
import type { Desk } from '../../src/ports/connector.ts';
import type { World } from '../../src/ports/world.ts';
import { createClock, createDice, type Dice, type VirtualClock } from './clock.ts';
import { createDesk, type FakeDesk } from './desk.ts';
import { CLOCK_OFF_MS, createFaults, type Faults } from './faults.ts';
import { createHistory, type History } from './history.ts';
import { createHooks, SECRET } from './hooks.ts';
import { judge, type Verdict } from './oracle.ts';
import { createPeople, type People } from './people.ts';
import { createProcess, type Process } from './process.ts';
import { PROFILES } from './profiles.ts';
import { drawSetting, type DeskSetting, type Mesh, type Setting, type Where } from './setting.ts';
import { CALM, type Weather } from './weather.ts';

export const START = Date.UTC(2026, 0, 5, 9);
export const SWEEP_MS = 60_000;

export interface Options {
  /** Bends what the engine sees of a desk. */
  readonly bend?: (desk: Desk) => Desk;
  readonly sweeps?: boolean;
  /** Whether history is brought along where somebody begins it; otherwise nobody looks whether there is any to bring. */
  readonly backfilling?: boolean;
  /** Keeps the story, which costs time. */
  readonly telling?: boolean;
}

export interface Run extends Verdict {
  readonly setting: Setting;
  readonly history: History;
  readonly writes: number;
  readonly deeds: number;
  /** What the store noted about a ticket, for the story. */
  readonly notes: (token: string) => string;
}

export interface Stage {
  readonly setting: Setting;
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly history: History;
  readonly faults: Faults;
  readonly store: MemoryStore;
  readonly desks: readonly FakeDesk[];
  readonly people: People;
  readonly processes: Process[];
}

/** Builds desks, store and processes, and connects them by webhooks. */
export function createStage(setting: Setting, options: Options = {}): Stage {
  const dice = createDice(setting.seed);
  const clock = createClock(START);
  const history = createHistory(clock, options.telling ?? false);
  const faults = createFaults({ clock, dice, history, weather: setting.weather });
  let ids = 0;
  const newId = (): string => String((ids += 1)).padStart(8, '0');
  const quiet = (): void => undefined;
  const chanceOfIds = dice('database');
  const world: World = {
    now: clock.now, sleep: clock.sleep, id: newId, random: () => chanceOfIds.next(), log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  };
  const store = createMemoryStore(world);
  const processes: Process[] = [];
  const hooks = createHooks({ clock, dice, history, faults, processes });
  const desks: FakeDesk[] = setting.desks.map((one, i) => {
    const profile = PROFILES[one.service];
    if (profile === undefined) throw new Error(`no profile ${one.service}`);
    const desk: FakeDesk = createDesk({
      account: i + 1, name: nameOf(one, i), profile, setting: one, clock, dice, history, emit: (ticket, event) => hooks.send(desk, ticket, event),
    });
    return desk;
  });
  const stage: Stage = { setting, clock, dice, history, faults, store, desks, processes, people: createPeople({ desks, clock, history }) };

  const deskMap = new Map(desks.map((desk) => [desk.account, desk]));
  const clocksDiffer = setting.weather.clockSet > 0;
  let births = 0;
  function spawn(): void {
    births += 1;
    const name = `process ${births}`;
    const chance = dice(name);
    history.tell(null, () => `${name} starts`);
    processes.push(
      createProcess({
        name, clock, chance, history, faults, store, desks: deskMap, newId,
        bend: options.bend ?? ((desk) => desk),
        width: 6,
        clockOffMs: clocksDiffer ? Math.round(chance.between(-CLOCK_OFF_MS, CLOCK_OFF_MS)) : 0,
        compileWhere,
        backfilling: options.backfilling ?? false,
        onDeath: () => clock.later(chance.between(500, 15_000), spawn),
      }),
    );
  }
  for (const { at, mesh } of setting.rules) {
    if (at === 0) rule(stage, mesh);
    else clock.later(at, () => rule(stage, mesh));
  }
  for (const { account } of desks) void store.accounts.setSecrets(account, [SECRET]);
  for (let i = 0; i < setting.processes; i += 1) spawn();
  return stage;
}

const nameOf = ({ service }: DeskSetting, i: number): string => `${service}${i + 1}`;

/** The rules are these from now on; `limits`: from when on a change of them asks first. */
export function rule({ store, setting, history, clock }: Stage, mesh: Mesh, limits: Limits = USUAL_LIMITS): void {
  history.rules.push({ at: clock.now(), mesh });
  history.tell(null, () => `RULES ${JSON.stringify(mesh)}`);
  const names = setting.desks.map(nameOf);
  const name = (account: number): string => names[account - 1] ?? '';
  const edges: Mirror['edges'] = mesh.map(({ from, to, where, owner, ...terms }) => {
    const full: DraftTerms = {
      ...USUAL_TERMS, ...terms,
      owner: Object.fromEntries(Object.entries(owner).map(([field, account]) => [field, name(account)])),
      where: where === null ? null : { ...where },
    };
    return { from: name(from), to: name(to), terms: full };
  });
  const lenses = Object.fromEntries(setting.desks.map((desk, i): [string, LensTerms] => [nameOf(desk, i), { custom: {}, values: desk.words as LensTerms['values'], constants: {}, defaults: {} }]));
  void store.accounts.apply(
    setting.desks.map((desk, i) => ({ name: nameOf(desk, i), service: desk.service, url: `sim://${i + 1}`, credentials: {}, settings: {} })),
    [{ name: 'mirror', lenses, edges }],
    limits,
  );
}

/** The conditions of the simulation are data of their own instead of JSON Schemas: compiling these is not what is tried here. */
const compileWhere: CompileWhere = (schema) => {
  const { field, among } = schema as unknown as Where;
  return (ticket) => {
    const value = (ticket as Readonly<Record<string, unknown>>)[field];
    return (Array.isArray(value) ? (value as readonly unknown[]) : [value]).some((one) => among.includes(String(one)));
  };
};

/** Every account has its turn to be swept, by whichever process lives. */
export function sweepForEver(stage: Stage): void {
  for (const desk of stage.desks) {
    const chance = stage.dice(`sweep ${desk.account}`);
    const turn = (): void => {
      const living = stage.processes.filter(({ alive }) => alive);
      if (living.length > 0) chance.pick(living).sweep(desk.account);
      stage.clock.later(SWEEP_MS, turn);
    };
    stage.clock.later(chance.between(0, SWEEP_MS), turn);
  }
}

/** Outages, withdrawn credentials, processes that stand still and clocks that are set come and go, minute by minute. */
function weatherMinutes(stage: Stage): void {
  const { clock, dice, history, setting } = stage;
  const minute = (): void => {
    const { weather, down, locked } = stage.faults;
    for (const desk of stage.desks) {
      const chance = dice(`minute of ${desk.name}`);
      if (chance.hit(weather.outage)) {
        down.set(desk.account, clock.now() + chance.between(3_000, 30_000));
        history.tell(null, () => `${desk.name} is down`);
      }
      if (chance.hit(weather.locked)) {
        locked.set(desk.account, clock.now() + chance.between(5_000, 40_000));
        history.tell(null, () => `${desk.name} does not let us in`);
      }
    }
    for (const process of stage.processes) {
      const chance = dice(`minute of ${process.name}`);
      if (process.alive && chance.hit(weather.freeze)) clock.later(chance.between(0, 60_000), () => process.freeze(chance.between(20_000, 50_000)));
      if (process.alive && chance.hit(weather.clockSet)) {
        clock.later(chance.between(0, 60_000), () => process.setClock(Math.round(chance.between(-CLOCK_OFF_MS, CLOCK_OFF_MS))));
      }
    }
    if (clock.now() < START + setting.stormMs) clock.later(60_000, minute);
  };
  minute();
}

/** Whether anything can go wrong at all. */
export const isStormy = (weather: Weather): boolean => Object.values(weather).some((probability) => probability > 0);

export async function simulate(setting: Setting, options: Options = {}): Promise<Run> {
  const stage = createStage(setting, options);
  const { clock, history, people, faults } = stage;
  const faulty = isStormy(setting.weather);
  if (options.sweeps !== false) sweepForEver(stage);
  if (faulty) weatherMinutes(stage);
  for (const deed of setting.deeds) clock.later(deed.at, () => people.act(deed));
  await clock.run(START + setting.stormMs);
  faults.weather = CALM;
  faults.down.clear();
  faults.locked.clear();
  history.tell(null, () => 'the storm is over');
  await clock.run(clock.now() + (faulty ? 2.5 : 2) * SWEEP_MS);
  const quietFrom = clock.now();
  await clock.run(clock.now() + 1.2 * SWEEP_MS);
  return {
    ...judge(stage, quietFrom),
    setting,
    history,
    writes: history.wrote.length,
    deeds: history.deeds.length,
    notes: (token) => notesOf(stage, token),
  };
}

export const simulateSeed = (seed: number, weather?: Weather, options?: Options): Promise<Run> => simulate(drawSetting(seed, weather), options);

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
