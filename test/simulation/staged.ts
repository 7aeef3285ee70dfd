/** Staged situations: a setting without chance in it, and what it takes to play in it. */
import type { FakeDesk } from './desk.ts';
import type { NativeTicket } from './native.ts';
import { allWays, plainDesk, type Mesh, type Setting, type Trigger } from './setting.ts';
import { judge } from './oracle.ts';
import { createStage, sweepForEver, type Options, type Stage } from './simulate.ts';
import { CALM } from './weather.ts';

export const MINUTE = 60_000;

/** Desks of these services, all mirrored to all unless said otherwise; nobody does anything, and nothing goes wrong. */
export function calmSetting(services: readonly string[], more: Partial<Setting> & { readonly mesh?: Mesh; readonly triggers?: readonly (Trigger | null)[] } = {}): Setting {
  const { mesh = allWays(services.map((_, i) => i + 1)), triggers = [], ...rest } = more;
  const desks = services.map((service, i) => ({ ...plainDesk(service), triggers: [triggers[i] ?? null].filter((trigger) => trigger !== null) }));
  return { seed: 11, desks, rules: [{ at: 0, mesh }], weather: CALM, processes: 2, stormMs: 0, deeds: [], ...rest };
}

/** The stage for it, swept from the beginning unless the options say otherwise. */
export function stageOf(setting: Setting, options: Options = {}): Stage {
  const stage = createStage(setting, { telling: true, ...options });
  if (options.sweeps !== false) sweepForEver(stage);
  return stage;
}

export function deskAt(stage: Stage, i: number): FakeDesk {
  const desk = stage.desks[i];
  if (desk === undefined) throw new Error(`no desk ${i}`);
  return desk;
}

export function ticketOn(desk: FakeDesk, token: string): NativeTicket {
  const found = [...desk.tickets.values()].find((ticket) => ticket.token === token);
  if (found === undefined) throw new Error(`${token} is not on ${desk.name}`);
  return found;
}

/** What is done now is told by no webhook. */
export function unheard({ faults }: Stage, act: () => void): void {
  faults.weather = { ...CALM, hookLost: 1 };
  act();
  faults.weather = CALM;
}

/** What is not as it should be; nothing, if all is well. */
export type Staging = () => Promise<readonly string[]>;

/** What the oracle says of it now. */
export const broken = (stage: Stage): string[] => judge(stage, stage.clock.now()).failures.map(({ promise, token, what }) => `${promise}: ${token} ${what}`);
export const unless = (fine: boolean, what: string): string[] => (fine ? [] : [what]);
/** So many milliseconds go by. */
export const run = (stage: Stage, ms: number): Promise<void> => stage.clock.run(stage.clock.now() + ms);
